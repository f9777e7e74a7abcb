#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Buffers across fork, exec and kill -9; 100,000 of them and 1,000 killed clients leave no trace.
# modules: supernode sn_host sn_sim
# timeout: 500

. /tests/lib.sh

snctl topology apply /topologies/small.yaml

# The most of ten looks: pages on their way from one free list to another are in none for a moment.
free_kib() {
	echo 3 > /proc/sys/vm/drop_caches
	for _look in 1 2 3 4 5 6 7 8 9 10; do
		usleep 200000
		# What is freed may rest in lists of the CPUs.
		awk -v free="$(meminfo MemFree)" '/ count:/ { n += $2 } END { print free + n * 4 }' \
			/proc/zoneinfo
	done | sort -n | tail -n 1
}

# Slab that cannot be reclaimed is where a leak of objects would show.
slab_kib() {
	meminfo SUnreclaim
}

lifetime fork cpu0
lifetime fork gpu0
lifetime exec cpu0
lifetime exec gpu0

# A debug kernel names what is lost (kmemleak), and keeps for a while what is freed (KASAN): fewer do there,
# and the size of what is free says nothing.
if [ "$SN_SLOW" -gt 1 ]; then
	for device in cpu0 gpu0; do
		lifetime cycle $device 1000
		lifetime kill $device 25
	done
	exit 0
fi

# Warm the caches of every kind, then compare.
lifetime cycle cpu0 5000
lifetime kill cpu0 50
free_before=$(free_kib)
slab_before=$(slab_kib)

lifetime cycle cpu0 50000
lifetime cycle gpu0 50000
free_after=$(free_kib)
slab_after=$(slab_kib)
figure lifetimes allocations 100000 count 100000 higher
figure lifetimes "free memory lost by 100,000 allocations" \
	$((free_before > free_after ? free_before - free_after : 0)) KiB 4096 lower "$free_before"
figure lifetimes "slab grown by 100,000 allocations" \
	$((slab_after > slab_before ? slab_after - slab_before : 0)) KiB 1024 lower "$slab_before"

lifetime kill cpu0 500
lifetime kill gpu0 500
free_after=$(free_kib)
slab_after=$(slab_kib)
figure lifetimes "killed clients" 1000 count 1000 higher
figure lifetimes "free memory lost by 1,000 killed clients" \
	$((free_before > free_after ? free_before - free_after : 0)) KiB 4096 lower "$free_before"
figure lifetimes "slab grown by 1,000 killed clients" \
	$((slab_after > slab_before ? slab_after - slab_before : 0)) KiB 1024 lower "$slab_before"
