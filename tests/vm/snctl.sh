#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The command line as an administrator uses it: topologies, buffers between commands, copies, transfers
# that are waited for and cancelled, links that go, what is refused and with which status.
# modules: supernode sn_host sn_sim
# timeout: 120

. /tests/lib.sh

# 1. Topologies: tried dry, applied, applied again, taken over by another, exported and read back.
before=$(json .generation topology show)
check "a dry run" snctl topology apply --dry-run /topologies/small.yaml
equal "generation after a dry run" "$(json .generation topology show)" "$before"
check "apply" snctl topology apply /topologies/small.yaml
applied=$(json .generation topology show)
check "apply again" snctl topology apply /topologies/small.yaml
equal "generation after the same again" "$(json .generation topology show)" "$applied"
for file in staged-3hop mi300x-8 cloudmatrix-384 dgx-h100 small; do
	check "apply $file" snctl topology apply "/topologies/$file.yaml"
	snctl topology export > /tmp/export.yaml
	equal "what $file differs in from its export" \
		"$(snctl topology diff /tmp/export.yaml --json | jq '[.. | arrays | length] | add // 0')" 0
done
expect_fail "1:1" snctl topology apply - <<-'YAML'
	- no mapping
YAML
expect_fail "gpu7" snctl topology apply - <<-'YAML'
	name: broken
	devices: []
	links:
	  - {between: [gpu7, cpu0], bandwidth: 1GB/s}
YAML

# 2. Buffers between commands.
snctl buffer alloc kv0 --region gpu0 --bytes 16MiB
snctl buffer alloc kv1 --region gpu1 --bytes 16MiB
expect_fail "kv1" snctl buffer alloc kv1 --region gpu1 --bytes 16MiB
expect_fail "region is smaller than the buffer" snctl buffer alloc big --region gpu1 --bytes 1GiB
equal "a fresh buffer's first bytes" "$(snctl buffer read kv0 --bytes 8 | od -An -tx8 | tr -d ' ')" \
	0000000000000000
snctl buffer write kv0 --pattern 7
hash=$(json .hash buffer hash kv0)
snctl copy kv0 kv1
equal "the copy's hash" "$(json .hash buffer hash kv1)" "$hash"
printf hello | snctl buffer write kv0 --offset 5
equal "what was written" "$(snctl buffer read kv0 --offset 5 --bytes 5)" hello
equal "buffers held" "$(json length buffer list)" 2

# 3. Transfers: submitted by one command, awaited or cancelled by another.
id=$(json .id transfer submit kv0 kv1 --class bulk)
equal "status" "$(json .status transfer wait "$id")" 0
equal "the second copy's hash" "$(json .hash buffer hash kv1)" "$(json .hash buffer hash kv0)"
expect_fail "$id" snctl transfer wait "$id"

# Its knobs have another name while a namesake of an earlier topology is going.
knob=$(echo /sys/kernel/debug/sn_sim/gpu0*)
knob=${knob##* }/hang_nth
echo 1 > "$knob"
id=$(json .id transfer submit kv0 kv1)
wait_until 5 grep -q '^0$' "$knob"
equal "state of one that hangs" "$(json .state transfer show "$id")" running
equal "transfers" "$(json length transfer list)" 1
check "cancel" snctl transfer cancel "$id"
expect_fail "Operation canceled" snctl transfer wait "$id"

# 4. A link that goes, and comes back.
snctl link down cpu0-gpu1
equal "why there is no path" "$(json .reason path show gpu0 gpu1)" link-down
expect_fail "no path between the devices" snctl copy kv0 kv1
snctl link up cpu0-gpu1
check "a copy over the link that came back" snctl copy kv0 kv1
snctl copy gpu1 cpu0 --bytes 3MiB --count 4 --repeat 3 --segment-bytes 64KiB --json > /tmp/copy.json
equal "bytes copied" "$(jq .bytes /tmp/copy.json)" $((3 * 4 * 3 << 20))
equal "contents compared" "$(jq .match /tmp/copy.json)" true

# 5. Events reach who watches.
snctl monitor --count 1 --time 10s --json > /tmp/events.json &
monitor=$!
for _try in 1 2 3 4 5 6 7 8 9 10; do
	snctl link down cpu0-gpu1
	snctl link up cpu0-gpu1
	[ -s /tmp/events.json ] && break
	usleep 200000
done
check "the monitor" wait "$monitor"
at_least "the generation in an event" "$(jq -s '.[0].generation' /tmp/events.json)" "$applied"

# 6. Statuses: 1 refused, 2 usage.
expect_status 1 snctl device show gpu77
expect_status 1 snctl device del gpu0
expect_status 2 snctl fly
expect_status 2 snctl copy kv0
snctl buffer free --all
equal "buffers at the end" "$(json .buffers stats)" 0
equal "sessions at the end" "$(json .sessions stats)" 0

# 7. Every other object, shown as it is listed.
for object in region engine; do
	id=$(json '.[0].id' "$object" list)
	equal "$object $id" "$(json '.id' "$object" show "$id")" "$id"
done
equal "partition 0's devices" "$(json '.[0].devices' partition list)" "$(json length device list)"
equal "tenant 0's buffers" "$(json '.[0].buffers' tenant list)" 0
check "tables for people" snctl region list
check "tables for people" snctl engine list
