#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Fences before and after a transfer, their limit, and cancelling in every state.
# modules: supernode sn_host sn_sim sn_test_fence
# timeout: 60

. /tests/lib.sh

echo 500 > /sys/module/supernode/parameters/fence_limit_ms
fences
