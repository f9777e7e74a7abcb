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
# a debug kernel gets one in seven (a number that no count of lengths or alignments divides by)
if [ "$SN_SLOW" -gt 1 ]; then
	copy_matrix $((4 << 20)) 7
else
	copy_matrix
fi
after=$(json .slices stats)
at_least "slices dispatched" $((after - before)) 1000
equal "retries" "$(json .retries stats)" 0
