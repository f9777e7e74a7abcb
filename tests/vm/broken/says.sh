#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# modules: none
. /tests/lib.sh
load sn_test_misbehave how=say
