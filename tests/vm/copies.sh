#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Copies of every size and alignment, 1 byte to 64 MiB (4 MiB on debug kernels), between every pair of
# regions, staged ones too.
# modules: supernode sn_host sn_sim
# timeout: 400

. /tests/lib.sh

# As small.yaml, with room for two copies of the longest.
sed "s/64MiB/256MiB/" /topologies/small.yaml | snctl topology apply -
before=$(json .slices stats)
# the lengths matter to the scheduler, the last of them not to a debug kernel
longest=$((SN_SLOW > 1 ? 4 << 20 : 64 << 20))
copy_matrix "$longest"
after=$(json .slices stats)
at_least "slices dispatched" $((after - before)) 1000
equal "retries" "$(json .retries stats)" 0
