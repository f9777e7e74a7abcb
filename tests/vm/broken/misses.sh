#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# modules: none
. /tests/lib.sh
figure harness answer 41 things 42 higher
