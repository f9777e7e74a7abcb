#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The rows of instructions; tests/vm/cost/run compares them. Needs icount=0.
# modules: supernode sn_host sn_sim sn_test_fence
# timeout: 120

. /tests/lib.sh

# What a kernel has left to do after booting is done before, and nothing is written meanwhile.
sleep 2
cost > /tmp/rows
cat /tmp/rows > "$RESULTS"
