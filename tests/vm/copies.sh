#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Copies of every size and alignment, 1 byte to 64 MiB, between every pair of regions, staged ones too.
# modules: supernode sn_host sn_sim
# timeout: 400

. /tests/lib.sh

# As small.yaml, with room for two copies of the longest.
sed "s/64MiB/256MiB/" /topologies/small.yaml | snctl topology apply -
before=$(json .slices stats)
copy_matrix
after=$(json .slices stats)
at_least "slices dispatched" $((after - before)) 1000
equal "retries" "$(json .retries stats)" 0
