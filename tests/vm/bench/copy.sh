#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Copies between two buffers in host memory, against the kernel's own memcpy() of the same sizes in
# turns. Goal: 0.90 of it in pieces of 1 MiB and larger.
# Run with icount (one CPU, virtual time is instructions), the ratio does not depend on the host.
# modules: supernode sn_host sn_test_memcpy
# timeout: 300

. /tests/lib.sh

# What a kernel has left to do after booting would count against the first figure.
copybench cpu0 cpu0 $((4 << 20)) $((64 << 20)) 9 1 > /dev/null

for mib in 1 4 16 64; do
	row=$(copybench cpu0 cpu0 $((mib << 20)) $((64 << 20)) 9 1)
	value() {
		echo "$row" | jq -r "$1"
	}
	show "copy in pieces of $mib MiB: $(value '.bytes_per_sec.median / 1e9 * 100 | floor / 100') GB/s," \
		"memcpy $(value '.memcpy_bytes_per_sec.median / 1e9 * 100 | floor / 100') GB/s"
	figure "host copy" "throughput over memcpy, pieces of $mib MiB" "$(value .ratio.median)" ratio \
		0.90 higher "$(value .memcpy_bytes_per_sec.median)" "$(value '.ratio.max - .ratio.min')"
done
