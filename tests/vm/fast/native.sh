#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Copies between two buffers in host memory, against the kernel's own memcpy() between the same pages
# in turns, at the speed of the machine: caches and bandwidth count, which under emulation do not. Only
# the ratio means something, as the median of rounds in which both meet the same host; a round is
# the median of nine short passes of each, for it takes two or three until caches hold what they can.
# It needs host-cpu=: a machine that waits for its copies wakes up on either CPU of the host, and what
# it copied last is in the caches of the other one (half the speed, in every second run).
# What fits in a cache of the CPU's own has no goal: it is copied in so little time (256 KiB in 10 us)
# that the ratio says how long user-mode Linux takes from one thread to the next.
# modules: supernode sn_host sn_test_memcpy
# timeout: 100

. /tests/lib.sh

# What a kernel has left to do after booting would count against the first figure.
copybench cpu0 cpu0 $((4 << 20)) $((64 << 20)) 3 1 > /dev/null

# bench MIB ROUNDS GOAL
bench() {
	row=$(copybench cpu0 cpu0 $(($1 << 20)) $((($1 < 16 ? 16 : $1) << 20)) "$2" 9)
	value() {
		echo "$row" | jq -r "$1"
	}
	show "copy in pieces of $1 MiB: $(value '.bytes_per_sec.median / 1e9 * 100 | floor / 100') GB/s," \
		"memcpy $(value '.memcpy_bytes_per_sec.median / 1e9 * 100 | floor / 100') GB/s"
	figure "host copy, native" "throughput over memcpy, pieces of $1 MiB" "$(value .ratio.median)" \
		ratio "$3" higher "$(value .memcpy_bytes_per_sec.median)" "$(value '.ratio.max - .ratio.min')"
}

bench 1 15 -
bench 4 15 0.80
bench 16 21 0.80
bench 64 9 0.80
