#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Buffers: what is refused, what is said of them, mappings, fresh memory, large ones, foreign
# importers, and the day their device goes.
# modules: supernode sn_host sn_sim sn_test_importer
# timeout: 240

. /tests/lib.sh

snctl topology apply /topologies/small.yaml

buffers refusals gpu0
for device in cpu0 gpu0; do
	buffers describe $device
	buffers map $device
	buffers importer $device
done
buffers zero cpu0
buffers pending cpu0
buffers lost
