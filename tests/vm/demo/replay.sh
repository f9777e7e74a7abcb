#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The demo: an 8-GPU server's topology, and the KV-cache traffic of a real LLM service over it. With
# the published trace when it is in /data, else with a generated one of the same kind.
# timeout: 240

. /tests/lib.sh

# tell COMMAND...: runs it, with its output for the person who watches
tell() {
	show "\$ $*"
	"$@" > /tmp/told 2>&1 || {
		_status=$?
		cat /tmp/told > "$RESULTS"
		die "status $_status: $*"
	}
	cat /tmp/told > "$RESULTS"
}

trace=/data/traces/mooncake_conversation_trace.jsonl
what="the first 500 requests that a real chat service got (the trace that Mooncake published)"
scenario="replay mooncake 500"
if [ ! -e "$trace" ]; then
	trace=/traces/agent.jsonl
	what="500 requests of agents that call tools (generated; see tools/traces/README.md)"
	scenario="replay agent sample 500"
fi

show "This machine runs a stock Linux $(uname -r) with the module supernode loaded. It has no GPU."
show "First it is told that it is a DGX H100: 8 GPUs with 80 GiB each, behind 4 NVLink switches and"
show "two CPU sockets. The GPUs are simulated: their memory and copies are real, their speed is modelled."
tell snctl topology apply /topologies/dgx-h100.yaml
tell snctl device list

show "Any two devices are linked by several routes. The kernel knows them, and uses all that help:"
tell snctl path show gpu0 gpu4

show "Now the work: $what."
show "GPUs 0-3 compute prompts, GPUs 4-7 answers. What a prompt leaves behind for its answer, its KV"
show "cache, has to move: from the one GPU to the other at once (class latency), later to host memory"
show "(class bulk), and back when somebody asks with the same beginning (class normal). A 70B model"
show "makes 160 MiB for every 512 tokens; here each such block is 64 KiB, and time runs 10 times as"
show "fast. Every block has contents of its own, which are compared wherever it lands."
rm -f /tmp/figures.json
tell snctl replay "$trace" --requests 500 --scale 0.000390625 --speed-up 10 \
	--figures /tmp/figures.json --scenario "$scenario"

jq -c '.[]' /tmp/figures.json | while read -r row; do
	echo "row $row" > "$RESULTS"
done
equal "requests replayed" "$(jq '.[] | select(.figure == "requests").value' /tmp/figures.json)" 500
check "a figure missed its goal" jq -e 'all(.[]; .ok)' /tmp/figures.json > /dev/null

show "Every block arrived as it was made, and the bytes that links counted are those that were asked"
show "for, times the links they crossed. Last, the server is taken apart again:"
tell snctl topology apply - <<-'YAML'
	name: empty
	devices: []
YAML
show "Next: make test, qemu/run, and docs/architecture.md."
