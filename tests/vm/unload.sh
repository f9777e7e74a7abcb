#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# rmmod is refused while anybody holds something of ours, and works as soon as nobody does: sessions,
# transactions, buffers, CPU mappings, fences, devices, and a buffer that another driver attached.
# modules: supernode sn_host sn_sim
# timeout: 200

. /tests/lib.sh

again() {
	unload_if_loaded sn_sim
	unload_if_loaded sn_host
	unload_if_loaded supernode
	load supernode
	load sn_host
	load sn_sim
}

unload_if_loaded() {
	if loaded "$1"; then
		wait_until 5 unload "$1"
	fi
}

mkfifo /tmp/hold /tmp/said

# hold KIND [DEVICE]: in the background, until release
hold() {
	holder "$@" < /tmp/hold > /tmp/said &
	holder_pid=$!
	exec 3> /tmp/hold
	read -r word < /tmp/said
	equal "what the holder of $* says" "$word" ready
}

release() {
	exec 3>&-
	check "the holder ended well" wait "$holder_pid"
}

# 1. Things of the module's alone: the backends may go, the module may not.
for kind in session transaction "fence cpu0"; do
	# shellcheck disable=SC2086 # two words
	hold $kind
	check "unload sn_sim" unload sn_sim
	check "unload sn_host" unload sn_host
	expect_fail "unavailable" unload supernode
	release
	# A fence lets go of the module a grace period after the last reference.
	wait_until 5 unload supernode
	again
done

# 2. Memory of a device: its backend stays as well.
for kind in buffer mapping; do
	hold $kind cpu0
	expect_fail "unavailable" unload sn_host
	expect_fail "unavailable" unload supernode
	release
	again
done

# 3. A device that a topology created holds what created it.
snctl topology apply /topologies/small.yaml
expect_fail "unavailable" unload sn_sim
hold buffer gpu0
expect_fail "live buffer" snctl device del gpu0
release
snctl topology apply - <<-'YAML'
	name: empty
	devices: []
YAML
again

# 4. Another driver's attachment keeps the buffer when everybody else has let go.
importer=/sys/kernel/debug/sn_test_importer/control
load sn_test_importer
check "lend a buffer" holder lend cpu0
equal "buffers" "$(json .buffers stats)" 1
expect_fail "unavailable" unload sn_host
expect_fail "unavailable" unload supernode
echo checksum > "$importer"
echo detach > "$importer"
equal "buffers" "$(json .buffers stats)" 0
check "unload the importer" unload sn_test_importer

# 5. An importer that goes without a word lets go as well.
load sn_test_importer
check "lend a buffer" holder lend cpu0
check "unload the importer" unload sn_test_importer
equal "buffers" "$(json .buffers stats)" 0
again
