#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# modules: none
# timeout: 2
. /tests/lib.sh
sleep 60
