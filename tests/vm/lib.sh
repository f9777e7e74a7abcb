# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# For the test scripts that run in a machine, under busybox's shell: `. /tests/lib.sh` comes first.
# A script ends with 0 when every check held; the runner then unloads the modules and reads the
# kernel log. Two comments near its top are read by the runner:
#
#   # modules: supernode sn_host      what to load before it (default: supernode sn_host sn_sim)
#   # timeout: 120                    seconds until it is killed (default: 120)

set -eu
# shellcheck disable=SC3040 # busybox has it
set -o pipefail

die() {
	echo "FAILED: $*" >&2
	exit 1
}

# check WHAT COMMAND...: the command must succeed
check() {
	_what=$1
	shift
	"$@" || die "$_what (status $?): $*"
}

# equal WHAT ACTUAL EXPECTED
equal() {
	[ "$2" = "$3" ] || die "$1: is '$2', should be '$3'"
}

# at_least WHAT ACTUAL EXPECTED: numbers, fractions too
at_least() {
	awk -v a="$2" -v b="$3" 'BEGIN { exit !(a + 0 >= b + 0) }' || die "$1: $2 is less than $3"
}

# expect_fail SENTENCE COMMAND...: the command must fail and say the sentence (a fixed string)
expect_fail() {
	_sentence=$1
	shift
	if _said=$("$@" 2>&1); then
		die "succeeded, and should have said '$_sentence': $*"
	fi
	case $_said in
	*"$_sentence"*) ;;
	*) die "said '$_said', should have said '$_sentence': $*" ;;
	esac
}

# expect_status STATUS COMMAND...: quietly
expect_status() {
	_wanted=$1
	shift
	_status=0
	_said=$("$@" 2>&1) || _status=$?
	[ "$_status" -eq "$_wanted" ] || die "status $_status, should be $_wanted: $*: $_said"
}

# json FILTER OBJECT VERB...: jq's answer to snctl's JSON
json() {
	_filter=$1
	shift
	snctl "$@" --json | jq -r "$_filter"
}

# wait_until SECONDS COMMAND...: polls until it succeeds
wait_until() {
	_limit=$(($1 * 20))
	shift
	while ! "$@" > /dev/null 2>&1; do
		_limit=$((_limit - 1))
		[ "$_limit" -gt 0 ] || die "never came true: $*"
		usleep 50000
	done
}

now_ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

# meminfo KEY: KiB, such as MemFree or Slab
meminfo() {
	awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo
}

# load MODULE [PARAMETERS], unload MODULE: one of those built here
load() {
	_module=$1
	shift
	insmod "/modules/$_module.ko" "$@"
}

unload() {
	rmmod "$1"
}

loaded() {
	grep -q "^$1 " /proc/modules
}

# allow_log REGEX: this test makes the kernel say something that is a warning and is right
allow_log() {
	echo "$1" >> /tmp/allow-log
}

# show TEXT: for the person who watches
show() {
	echo "> $*" > "$RESULTS"
}

# skip REASON: there is nothing to test here
skip() {
	echo "$*" > /tmp/skip-reason
	exit 77
}

# figure SCENARIO FIGURE VALUE UNIT GOAL higher|lower [BASELINE [SPREAD]]: a row of the results.
# GOAL may be - when there is none; the row is then ok. A row that is not ok fails the test at its end.
figure() {
	_row=$(jq -n -c --arg scenario "$1" --arg figure "$2" --arg value "$3" --arg unit "$4" \
		--arg goal "$5" --arg better "$6" --arg baseline "${7:--}" --arg spread "${8:--}" '
		def number: if . == "-" then null else tonumber end;
		($value | tonumber) as $v | ($goal | number) as $g |
		{ scenario: $scenario, figure: $figure, value: $v, unit: $unit, goal: $g,
		  better: $better,
		  ok: (if $g == null then true elif $better == "higher" then $v >= $g else $v <= $g end),
		  baseline: ($baseline | number), spread: ($spread | number) }')
	echo "row $_row" > "$RESULTS"
	case $_row in
	*'"ok":false'*)
		echo "not reached: $1: $2 is $3 $4, the goal is $5 ($6 is better)" >&2
		: > /tmp/figure-failed
		;;
	esac
}

# figures SCENARIO FILE: a row for each line "FIGURE<tab>VALUE<tab>UNIT<tab>GOAL<tab>BETTER" of the file,
# by one jq for all of them
figures() {
	jq -R -n -c --arg scenario "$1" '
		def number: if . == "-" then null else tonumber end;
		inputs | split("\t") | (.[1] | tonumber) as $v | (.[3] | number) as $g |
		{ scenario: $scenario, figure: .[0], value: $v, unit: .[2], goal: $g, better: .[4],
		  ok: (if $g == null then true elif .[4] == "higher" then $v >= $g else $v <= $g end),
		  baseline: null, spread: null }' "$2" > /tmp/figure-rows
	sed 's/^/row /' /tmp/figure-rows > "$RESULTS"
	if grep '"ok":false' /tmp/figure-rows; then
		echo "not reached: the figures above" >&2
		: > /tmp/figure-failed
	fi
}
