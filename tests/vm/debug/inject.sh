#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Every netlink command, dma-buf operation and call of the vendor header with its n-th allocation
# failing, for every n; loading and unloading too.
# modules: none
# timeout: 300

. /tests/lib.sh

load sn_test_inject 2> /tmp/no-inject ||
	skip "this kernel has no probes where memory is allocated: $(cat /tmp/no-inject)"

# What other parts of the kernel say when they get no memory, each in its own way.
allow_log 'workqueue: Failed to (create|allocate) '
allow_log 'DMA-API: cacheline tracking ENOMEM'
allow_log 'out of free dentries, can not create'
allow_log 'SLUB: Unable to allocate memory on '
allow_log '  cache: .*, object size: '
allow_log '  node [0-9]+: slabs: '
allow_log 'Huh VM_FAULT_OOM leaked out to the #PF handler'

# figures SCENARIO FAULTS OPERATIONS COMMAND...: what there must be at least. How many allocations an
# operation makes depends on what caches still hold; that each fails in its turn does not.
figures() {
	scenario=$1
	faults=$2
	operations=$3
	shift 3
	# As it goes: what it says last is what it hangs in.
	status=0
	"$@" > /tmp/figures 2> "$RESULTS" || status=$?
	while read -r name value; do
		case $name in
		wrong) figure "$scenario" "states that differ" "$value" operations 0 lower ;;
		faults) figure "$scenario" "allocations that failed" "$value" faults "$faults" higher ;;
		places) figure "$scenario" "places where they were" "$value" places 20 higher ;;
		commands) figure "$scenario" "commands and dumps, each with a case" "$value" ops 31 higher ;;
		met) figure "$scenario" "operations that met one" "$value" operations 51 higher ;;
		operations) figure "$scenario" "operations" "$value" operations "$operations" higher ;;
		esac
	done < /tmp/figures
	[ "$status" -eq 0 ] || die "status $status: $*"
}

figures "fault injection: load and unload" 200 6 inject modules

# Small enough that what a refusal leaves behind is missed a few attempts later.
load supernode edges_max=48 flows_max=8 session_records_max=2 sessions_max=8 buffers_max=16
load sn_host
load sn_sim
load sn_test_fence
load sn_test_importer
load sn_test_vendor
figures "fault injection: operations" 500 58 inject ops
