#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Runs test scripts in one machine and shows their results as they come.

set -euo pipefail

usage() {
	cat <<-'USAGE'
	usage: tests/vm/run.sh [options] VERSION [KEY=VALUE...] TEST...
	  TEST is tests/vm/TEST.sh; KEY is mem, smp, numa, icount or host-cpu, as for qemu/vm
	  --name NAME      the run's name: results go to build/vm/VERSION/NAME
	  --timeout S      kill the machine after that many seconds (600)
	  --rows FILE      also write the figures there; fail if there are none, or one is not ok
	  --command TEXT   what to give in the figures as the command that makes them
	  --file SRC=DST   another file for the machine
	  --list-groups KERNEL   the machines of that kernel, from tests/vm/groups and scripts not named there
	USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)

# runs_on KERNEL ON: whether a group with on=ON has a machine of that kernel
runs_on() {
	local by_default=1
	case $1 in
	kcsan | uml | uml-debug) by_default=0 ;;
	esac
	case $2 in
	'') [[ $by_default -eq 1 ]] ;;
	+*) [[ $by_default -eq 1 || ,${2#+}, == *",$1,"* ]] ;;
	*) [[ ,$2, == *",$1,"* ]] ;;
	esac
}

# list_groups KERNEL: lines NAME TIMEOUT [KEY=VALUE...] TEST..., without the key on=
list_groups() {
	local script name named=' ' line on
	while read -r line; do
		named+="$(cut -s -d' ' -f3- <<< "$line") "
		on=$(grep -oE ' on=[^ ]*' <<< "$line" || true)
		if runs_on "$1" "${on# on=}"; then
			echo "${line/"$on"/}"
		fi
	done < <(sed 's/#.*//' "$here/groups" | awk 'NF')
	runs_on "$1" '' || return 0
	for script in "$here"/*.sh; do
		name=$(basename "$script" .sh)
		case $name in run | lib) continue ;; esac
		[[ $named == *" $name "* ]] || echo "$name 300 $name"
	done
}

name='' limit=600 rows='' command='' files=()
while [[ ${1:-} == --* ]]; do
	case $1 in
	--list-groups) list_groups "$2"; exit 0 ;;
	--name) name=$2 ;;
	--timeout) limit=$2 ;;
	--rows) rows=$2 ;;
	--command) command=$2 ;;
	--file) files+=(--file "$2") ;;
	*) usage >&2; exit 2 ;;
	esac
	shift 2
done
[[ $# -ge 2 ]] || { usage >&2; exit 2; }
version=$1
shift
machine=(--mem 1536M --numa 2)
while [[ ${1:-} == *=* ]]; do
	machine+=("--${1%%=*}" "${1#*=}")
	shift
done
[[ $# -ge 1 ]] || { usage >&2; exit 2; }
name=${name:-${1//\//-}}
command=${command:-tests/vm/run.sh $version $*}

for test in "$@"; do
	[[ -f $here/$test.sh ]] || { echo "run.sh: no test $test (tests/vm/$test.sh)" >&2; exit 2; }
done

out=$top/build/vm/$version/$name
mkdir -p "$out/tests"
rm -rf "$out/tests" "$out/results"
mkdir -p "$out/tests"
cp -r "$here"/*.sh "$out/tests/"
for directory in "$here"/*/; do
	case $(basename "$directory") in
	modules | programs | guest) ;;
	*) cp -r "$directory" "$out/tests/" ;;
	esac
done
printf '%s\n' "$@" > "$out/tests/list"
"$top/qemu/image" "$version" "$out/initramfs" --init "$here/guest/runner" \
	--file "$out/tests=/tests" "${files[@]}"

# Show what comes while it comes; rows of figures are for the file.
: > "$out/results"
"$top/qemu/vm" --kernel "$version" --initramfs "$out/initramfs" --out "$out" \
	--timeout "$limit" "${machine[@]}" &
vm=$!
trap 'kill "$vm" 2>/dev/null || true' EXIT
sleep 1
tail -n +1 -F -s 0.2 --pid="$vm" "$out/results" 2>/dev/null | grep --line-buffered -v '^row ' || true
status=0
wait "$vm" || status=$?
trap - EXIT
rm -f "$out/initramfs"

passed=$(grep -c '^ok ' "$out/results" || true)
if [[ $status -eq 0 && $passed -ne $# ]]; then
	echo "run.sh: $passed of $# tests passed, and the machine called that success" >&2
	status=1
fi
sed -n 's/^row //p' "$out/results" |
	jq -s --arg command "$command" --arg kernel "$version" \
		'map(. + {command: $command, kernel: $kernel})' > "$out/rows.json"
if [[ -n $rows ]]; then
	mkdir -p "$(dirname "$rows")"
	cp "$out/rows.json" "$rows"
	jq -r '.[] | [(if .ok then "ok" else "NOT OK" end), .scenario, .figure, .value, .unit,
		(if .goal == null then "" else "goal \(.goal)" end)] | map(tostring) | join("  ")' "$rows"
	jq -e 'length > 0 and all(.[]; .ok)' "$rows" > /dev/null || status=1
fi
if [[ $status -ne 0 ]]; then
	echo "run.sh: $version $name failed; logs are in ${out#"$top"/}" >&2
fi
exit "$status"
