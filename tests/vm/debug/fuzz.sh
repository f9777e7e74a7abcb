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
sed -n 's/^errors /> /p' /tmp/fuzz-says > "$RESULTS"
seen() {
	sed -n "s/^figure $1 \([^ ]*\) .*/\1/p" /tmp/fuzz-says
}
# facts: rows without a goal, all at once: each figure costs a jq
facts() {
	awk -v quote='"' '
		function row(figure, value, unit) {
			gsub(quote, "", figure)
			printf "row {\"scenario\":\"fuzz netlink\",\"figure\":\"%s\",\"value\":%s,\"unit\":\"%s\"," \
				"\"goal\":null,\"better\":\"higher\",\"ok\":true,\"baseline\":null,\"spread\":null}\n",
				figure, value, unit
		}
		$1 == "figure" && $2 !~ /^(unloads|ops)/ { row($2, $3, $4) }
		$1 == "errors" {
			codes = ""
			for (i = 4; i <= NF; i++)
				codes = codes " " $i
			row($2 " answers:" codes, $3, "codes")
		}' /tmp/fuzz-says
}
if [ -n "$(seen messages)" ]; then
	facts > "$RESULTS"
	figure "fuzz netlink" "unloads under way" "$(seen unloads)" times 1 higher
	figure "fuzz netlink" "ops that were not reached" "$(seen ops-missed)" ops 0 lower
	figure "fuzz netlink" "crashes and reports" "$((status != 0))" reports 0 lower
fi
check "the fuzzer says: $(tail -n 1 /tmp/fuzz-says)" [ "$status" -eq 0 ]
