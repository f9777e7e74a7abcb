#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Fuzzes the family from several processes at once: users, namespaces, fds that do not belong, and
# modules that go. Guided by KCOV on a kernel that has it, by the answers elsewhere. What to do comes
# from /fuzz-arguments, if tests/vm/fuzz/run put them there.
# modules: none
# timeout: 40000

. /tests/lib.sh

arguments="run --seconds 60"
[ ! -e /fuzz-arguments ] || arguments=$(cat /fuzz-arguments)
# the kernel's own words about attributes that cannot be, of any family
allow_log '(netlink: .*(leftover after parsing attributes|has an invalid length)|nla_.*suppressed|_nla: .*suppressed)'
load sn_test_fence
status=0
# shellcheck disable=SC2086 # words
fuzz $arguments > /tmp/fuzz-says 2>&1 || status=$?
grep -v '^figure \|^answer ' /tmp/fuzz-says || true
sed -n 's/^errors //p' /tmp/fuzz-says | while read -r line; do
	show "$line"
done
seen() {
	sed -n "s/^figure $1 \([^ ]*\) .*/\1/p" /tmp/fuzz-says
}
if [ -n "$(seen messages)" ]; then
	figure fuzz "messages sent" "$(seen messages)" messages - higher
	figure fuzz "rate" "$(seen rate)" messages/s - higher
	figure fuzz "programs run" "$(seen programs)" programs - higher
	figure fuzz "lives of workers" "$(seen lives)" processes - higher
	figure fuzz "workers killed" "$(seen kills)" processes - higher
	figure fuzz "unloads under way" "$(seen unloads)" times 1 higher
	figure fuzz "different answers" "$(seen answers)" sentences - higher
	figure fuzz "ops that were not reached" "$(seen ops-missed)" ops 0 lower
	if [ -n "$(seen places)" ]; then
		figure fuzz "places reached (KCOV)" "$(seen places)" PCs - higher
	fi
	sed -n 's/^errors \([^ ]*\) \([^ ]*\) .*/\1 \2/p' /tmp/fuzz-says | while read -r op codes; do
		figure fuzz "$op: error codes seen, and success" "$codes" codes 1 higher
	done
	figure fuzz "crashes and reports" "$((status != 0))" reports 0 lower
fi
check "the fuzzer says: $(tail -n 1 /tmp/fuzz-says)" [ "$status" -eq 0 ]
