#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Tracepoints tell the whole story of a transfer: submitted, each slice dispatched and completed, ended.
# modules: supernode sn_host sn_sim
# timeout: 60

. /tests/lib.sh

tracing=/sys/kernel/tracing
slice=$((256 << 10))
bytes=$((8 << 20))

snctl topology apply /topologies/small.yaml
# The clock that took_ns and total_ns are of; the default one may stand still in a starved machine.
echo mono > $tracing/trace_clock
echo 1 > $tracing/events/supernode/enable

# traced COMMAND...: leaves what the tracepoints said in /tmp/trace
traced() {
	echo > $tracing/trace
	echo 1 > $tracing/tracing_on
	check "the copy" "$@"
	# The program ends before the dispatcher has told of the end.
	wait_until 5 grep -q sn_transfer_complete $tracing/trace
	echo 0 > $tracing/tracing_on
	grep ': sn_' $tracing/trace > /tmp/trace
}

# count EVENT [TEXT]
count() {
	awk -v event="$1:" -v text="${2:-}" '
		index($0, event) && (text == "" || index($0 " ", text)) { n++ }
		END { print n + 0 }' /tmp/trace
}

# total EVENT FIELD [TEXT]
total() {
	awk -v event="$1:" -v field="$2=" -v text="${3:-}" '
		index($0, event) && (text == "" || index($0 " ", text)) {
			for (i = 1; i <= NF; i++)
				if (index($i, field) == 1)
					n += substr($i, length(field) + 1)
		}
		END { printf "%d\n", n }' /tmp/trace
}

# A machine that is kept waiting between a stamp and its event may be 0.1 s off.
# In order, with times that add up: no slice before the transfer, no completion before a dispatch,
# nothing after the end.
story() {
	awk '
		function field(name,   i) {
			for (i = 1; i <= NF; i++)
				if (index($i, name "=") == 1)
					return substr($i, length(name) + 2)
			return "missing"
		}
		function wrong(why) { print why ": " $0; bad = 1 }
		{
			for (i = 1; i <= NF; i++)
				if ($i ~ /^[0-9]+\.[0-9]+:$/)
					time = $i + 0
			if (time < last)
				wrong("time runs back")
			last = time
			if (id == "")
				id = field("transfer")
			if (field("transfer") != id)
				wrong("of another transfer")
			if (ended)
				wrong("after the end")
		}
		/ sn_transfer_submit:/ { if (submitted++) wrong("submitted twice"); from = time }
		/ sn_slice_dispatch:/ { if (!submitted) wrong("before the transfer"); working++ }
		/ sn_slice_complete:/ {
			if (--working < 0)
				wrong("completed, not dispatched")
			if (field("took_ns") <= 0 || field("took_ns") / 1e9 > time - from + 0.1)
				wrong("took an impossible time")
		}
		/ sn_transfer_complete:/ {
			ended = 1
			if (working)
				wrong("ended with slices in work")
			if (field("queued_ns") + 0 > field("total_ns") + 0)
				wrong("queued longer than it took")
			if (field("total_ns") / 1e9 > time - from + 0.1)
				wrong("took an impossible time")
		}
		END {
			if (!submitted || !ended)
				wrong("not submitted or not ended")
			exit bad
		}' /tmp/trace
}

# 1. One stage.
traced snctl copy gpu0 cpu0 --bytes 8MiB
check "one stage: the story" story
equal "submissions" "$(count sn_transfer_submit "bytes=$bytes ")" 1
equal "slices dispatched" "$(count sn_slice_dispatch)" $((bytes / slice))
equal "slices completed" "$(count sn_slice_complete "status=0 ")" $((bytes / slice))
equal "slices of full size" "$(count sn_slice_dispatch "bytes=$slice ")" $((bytes / slice))
equal "bytes dispatched" "$(total sn_slice_dispatch bytes)" "$bytes"
equal "bytes completed" "$(total sn_slice_complete bytes)" "$bytes"
figure trace "decisions, with their times, in the trace of 8 MiB" "$(count sn_slice_dispatch)" \
	events $((bytes / slice)) higher
figure trace "completions, with their times, in the trace of 8 MiB" \
	"$(count sn_slice_complete "status=0 ")" events $((bytes / slice)) higher
equal "the end" "$(count sn_transfer_complete "status=0 bytes=$bytes ")" 1

# 2. Two stages, over the host's memory: each byte is moved twice.
traced snctl copy gpu0 gpu1 --bytes 8MiB
check "two stages: the story" story
for stage in 0 1; do
	equal "bytes of stage $stage" "$(total sn_slice_complete bytes "stage=$stage ")" "$bytes"
done
equal "the end of two stages" "$(count sn_transfer_complete "status=0 bytes=$bytes ")" 1

# 3. A slice that failed once is there twice.
echo 3 > /sys/kernel/debug/sn_sim/gpu0/fail_nth
traced snctl copy gpu0 gpu0 --bytes 8MiB
check "a retry: the story" story
equal "slices that failed" "$(count sn_slice_complete "status=-5 ")" 1
equal "slices dispatched with one retry" "$(count sn_slice_dispatch)" $((bytes / slice + 1))
equal "bytes that arrived" "$(total sn_slice_complete bytes "status=0 ")" "$bytes"

echo 0 > $tracing/events/supernode/enable
echo global > $tracing/trace_clock
snctl topology apply - <<-'YAML'
	name: empty
	devices: []
YAML
