#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# What the fuzzer once found, and what it was proved with, does no harm.
# modules: none
# timeout: 300

. /tests/lib.sh

allow_log '(netlink: .*(leftover after parsing attributes|has an invalid length)|nla_.*suppressed|_nla: .*suppressed)'
load sn_test_fence
check "replays" fuzz replay --repeat 3 /tests/fuzz/regressions/*.replay
