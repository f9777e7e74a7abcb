#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# The harness itself: a helper that lets a wrong thing pass would let every test pass.
# modules: none

. /tests/lib.sh

# each of these must end its subshell with a failure
must_die() {
	if ("$@") > /dev/null 2>&1; then
		die "let a wrong thing pass: $*"
	fi
}

refuse() {
	echo "no path from here" >&2
	return 1
}

equal "equal" 1 1
must_die equal "equal" 1 2
at_least "at_least" 0.95 0.9
must_die at_least "at_least" 0.85 0.9
expect_fail "no path" refuse
must_die expect_fail "no path" true
must_die expect_fail "over quota" refuse
expect_status 1 refuse
must_die expect_status 2 refuse
must_die expect_status 1 true
check "true" true
must_die check "false" false
wait_until 1 true
must_die wait_until 1 false

load sn_test_misbehave
check "the module is loaded" loaded sn_test_misbehave
unload sn_test_misbehave
must_die loaded sn_test_misbehave

figure harness answer 42 things 42 higher
