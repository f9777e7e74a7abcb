#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# tests/matrix, with kernels, builds and machines made of scripts: it counts what happened, goes on after
# a failure, keeps other kernels' rows, and ends with 1 when anything is not ok.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; jq -c '.[]' "$work/out.json" >&2; exit 1; }

mkdir -p "$work"/{tests/vm,qemu,kmod,build,tree/include/config}
cp "$top/tests/matrix" "$work/tests/"
echo 'CONFIG_CC_VERSION_TEXT="x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14) 12.2.0"' \
	> "$work/tree/include/config/auto.conf"
program() { cat > "$work/$1"; chmod +x "$work/$1"; }
program qemu/kernel <<-'SCRIPT'
	#!/bin/sh
	case "$1 ${3:-}" in
	fetch*) [ "$2" != 9.9 ] ;;
	*release) echo "$2.1-amd64" ;;
	*build) echo tree ;;
	*dir) echo none ;;
	esac
SCRIPT
program kmod/build <<-'SCRIPT'
	#!/bin/sh
	mkdir -p "build/kmod-$1"
	echo "$COMPILER_SAYS" > "build/kmod-$1/build.log"
	[ -z "$COMPILER_SAYS" ]
SCRIPT
program tests/vm/run.sh <<-'SCRIPT'
	#!/bin/sh
	printf 'one 10 mem=1G a b\ntwo 10 c\n'
SCRIPT
program tests/vm/suite <<-'SCRIPT'
	#!/bin/sh
	printf '[{"figure":"tests passed","value":2,"ok":true},{"figure":"tests passed","value":%s,"ok":true},
		{"figure":"a ratio","value":1,"ok":%s}]' "$MACHINE_TWO" "$RATIO_OK" > "$1"
SCRIPT
export COMPILER_SAYS='' MACHINE_TWO=1 RATIO_OK=true

# run STATUS KERNEL...
run() {
	local wanted=$1 status=0
	shift
	"$work/tests/matrix" "$work/out.json" "$@" > "$work/log" 2>&1 || status=$?
	[[ $status -eq $wanted ]] || fail "$*: ends with $status, should be $wanted: $(<"$work/log")"
}
# holds FILTER: true of the rows
holds() { jq -e "$1" "$work/out.json" > /dev/null || fail "not so: $1"; }

run 0 6.1 7.2
holds 'map(select(.kernel == "7.2" and .figure == "tests passed"))[0] |
	.value == 3 and .goal == 3 and .ok and .release == "7.2.1-amd64" and .compiler == "gcc-12"'
MACHINE_TWO=0 run 1 6.1
holds '[.[] | select(.ok | not) | .kernel] == ["6.1"]'
holds 'map(select(.kernel == "7.2")) | length == 4'
RATIO_OK=false run 1 6.1
holds 'map(select(.figure == "figures that miss their goal" and .kernel == "6.1"))[0].value == 1'
COMPILER_SAYS='a.c:1: warning: no' run 1 6.1
holds 'map(select(.kernel == "6.1" and (.ok | not))) | length == 2'
run 1 9.9 6.1
holds '[.[] | select(.ok | not) | .kernel] == ["9.9"]'
