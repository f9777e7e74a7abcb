#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Copies between two buffers in host memory, against the kernel's own memcpy() of the same sizes in
# turns, at the speed of the machine: caches and bandwidth count, which under emulation do not. Only
# the ratio means something, as the median of rounds in which both meet the same host.
# modules: supernode sn_host sn_test_memcpy
# timeout: 100

. /tests/lib.sh

# What a kernel has left to do after booting would count against the first figure.
copybench cpu0 cpu0 $((4 << 20)) $((64 << 20)) 3 > /dev/null

for mib in 1 4 16 64; do
	row=$(copybench cpu0 cpu0 $((mib << 20)) $((256 << 20)) 15)
	value() {
		echo "$row" | jq -r "$1"
	}
	show "copy in pieces of $mib MiB: $(value '.bytes_per_sec.median / 1e9 * 100 | floor / 100') GB/s," \
		"memcpy $(value '.memcpy_bytes_per_sec.median / 1e9 * 100 | floor / 100') GB/s"
	figure "host copy, native" "throughput over memcpy, pieces of $mib MiB" "$(value .ratio.median)" \
		ratio 0.80 higher "$(value .memcpy_bytes_per_sec.median)" "$(value '.ratio.max - .ratio.min')"
done
