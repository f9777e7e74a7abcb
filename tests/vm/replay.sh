#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Traces become transfers whose every block is verified: both formats, staged pairs too; a transfer that
# fails makes the replay fail.
# modules: supernode sn_host sn_sim
# timeout: 120

. /tests/lib.sh

snctl topology apply /topologies/small.yaml

# replay TRACE OPTION...: with blocks of 4 KiB, from gpu0 to gpu1, which have no link to each other
replay() {
	_trace=$1
	shift
	snctl replay "$_trace" --prefill gpu0 --decode gpu1 --host cpu0 --scale 0.0000001 \
		--speed-up 100 --device-memory 1TiB --json "$@"
}

# 1. The Mooncake format.
replay /traces/chat.jsonl --requests 40 > /tmp/chat.json
equal "mismatches" "$(jq .mismatches /tmp/chat.json)" 0
at_least "blocks verified" "$(jq .blocks_verified /tmp/chat.json)" 100
equal "classes with a p99.9" "$(jq '[.classes[] | select(.latency_ns.p999 > 0)] | length > 1' /tmp/chat.json)" true

# 2. The Azure format, with its line ends.
printf 'TIMESTAMP,ContextTokens,GeneratedTokens\r\n' > /tmp/azure.csv
for second in 10 11 12 13 14; do
	printf '2023-11-16 18:17:%s.9799600,%s,44\r\n' "$second" $((second * 137)) >> /tmp/azure.csv
done
printf '2023-11-16 18:17:15.0,700,12' >> /tmp/azure.csv
replay /tmp/azure.csv > /tmp/azure.json
equal "requests" "$(jq .trace.requests /tmp/azure.json)" 6
equal "mismatches" "$(jq .mismatches /tmp/azure.json)" 0

# 3. What is wrong in a trace is named by file and line.
echo 'nonsense' >> /tmp/azure.csv
expect_fail "azure.csv:7" replay /tmp/azure.csv

# 4. Engines that fail make transfers fail, and so the replay.
for knob in /sys/kernel/debug/sn_sim/gpu*/fail_every; do
	echo 1 > "$knob"
done
expect_status 1 replay /traces/chat.jsonl --requests 5
