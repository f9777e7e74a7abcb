#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# check.sh DIR: search the model of a transfer's life exhaustively, one situation after the other,
# and see that each planted mistake is found. Works in DIR. SN_MODEL="cancel loss" searches those alone.
#
# A situation is searched for "nothing asserted is false, and when nothing moves any more all has
# ended"; one that names a claim, for that claim under weak fairness.

# shellcheck disable=SC2317 # a case calls its function by name
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# build NAME CLAIM DEFINE...: makes NAME/pan and goes there
build() {
	local name=$1 claim=$2 options=(-O1 -DSAFETY -DNOCLAIM)
	shift 2
	[[ $claim == - ]] || options=(-O1 -DNFAIR=3)
	# a mistake is found in an instant: compiling takes longest
	[[ $* != *-DBUG_* ]] || options[0]=-O0
	rm -rf "${work:?}/$name"
	mkdir -p "$work/$name"
	cd "$work/$name" || exit 1
	cp "$here"/*.pml .
	if ! spin -a "$@" transfer.pml > spin.log 2>&1 ||
	   ! cc -w -DCOLLAPSE -DMEMLIM=900 "${options[@]}" -o pan pan.c > cc.log 2>&1; then
		echo "not ok  $name does not compile"
		head -n 20 spin.log cc.log 2>/dev/null
		exit 1
	fi
}

# figures LOG: states stored and MB used; fails unless the search was complete
figures() {
	awk '/states, stored/ { states = $1 } /total actual memory usage/ { mb = $1 }
		/max search depth too small|Search not completed|out of memory/ { bad = 1 }
		END { print states + 0, mb + 0; exit bad || !states }' "$1"
}

# search NAME CLAIM DEFINE...: must find nothing
search() {
	local name=$1 claim=$2 found
	build "$@"
	if [[ $claim == - ]]; then
		./pan -m200000 -w22 > log 2>&1
	else
		./pan -a -f -N "$claim" -m400000 -w20 > log 2>&1
	fi
	if ! found=$(figures log) || ! grep -q 'errors: 0' log; then
		echo "not ok  $name $claim: $(grep -E '^pan:|errors:' log | head -n 1)"
		./pan -r -n > trail 2>&1
		tail -n 60 trail
		exit 1
	fi
	printf 'ok      %-10s %-5s %9d states, %4.0f MB\n' "$name" "$claim" "${found% *}" "${found#* }"
	echo "$found" > states
	rm -f pan pan.?
}

# catch MISTAKE - DEFINE...: must find something
catch() {
	build "$1" "$2" "-DBUG_$1" "${@:3}"
	./pan -m200000 -w22 > log 2>&1
	if ! grep -qE '^pan:[0-9]+: (assertion violated|invalid end state)' log; then
		echo "not ok  the mistake $1 is not found"
		exit 1
	fi
	echo "found   $1"
	rm -f pan pan.?
}

if [[ ${1:-} == one ]]; then
	work=$2
	shift 2
	"$@"
	exit 0
fi

work=$(mkdir -p "${1:?directory}" && cd "$1" && pwd)
rm -f "$work"/*/states
run='-DIN_FENCES=1 -DREAD'
cancel='-DCANCEL -DHANG -DKICK -DATTEMPTS=0'
close='-DCLOSE -DHANG -DKICK -DATTEMPTS=0'
cases="
search loss   - -DLOSS -DHANG -DKICK -DATTEMPTS=0
search detour - -DLOSS -DNL=2 -DKICK
search run    - $run
search lanes  - -DNL=2 -DPIECES=2 -DKICK
search flows  - -DNF=2 -DREAD -DATTEMPTS=0
search two    - -DNT=2 -DKICK -DATTEMPTS=0
search cancel - $cancel
search limit  - -DLIMIT -DIN_FENCES=1 -DKICK -DATTEMPTS=0
search close  - $close
search live      ends $run
search reads     read $run
search cancelled ends $cancel
catch TWICE           - $run
catch END_TWICE       - -DNF=2 -DATTEMPTS=0
catch END_EARLY       - $cancel
catch NO_PIN          - $run
catch UNPIN_FORGETS   - $run
catch PENDING_STAYS   - $cancel
catch NO_KICK         - $run
catch WAKE_FIRST      - $run
catch SLEEP_BLIND     - $run
catch ORPHAN_LETS_GO  - $cancel
catch NO_ARM_HOLD     - $cancel
catch CLOSED_UNLOCKED - $close"

while read -r kind name rest; do
	if [[ -n $name && ( -z ${SN_MODEL:-} || " $SN_MODEL " == *" $name "* ) ]]; then
		echo "one $work $kind $name $rest"
	fi
done <<< "$cases" | xargs -P "${JOBS:-2}" -L 1 "$0"
status=$?
cat "$work"/*/states 2>/dev/null | awk -v seconds="$SECONDS" '{ states += $1; if ($2 > mb) mb = $2 }
	END { printf "%d states explored, at most %.0f MB, %d s\n", states, mb, seconds }'
exit "$status"
