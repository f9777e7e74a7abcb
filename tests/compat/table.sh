#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# README's table of kernels is what tests/matrix-table makes of docs/matrix.json, the last full run;
# the table says what the run said, and only a full run gets there.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
table=$top/tests/matrix-table
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$*" >&2; exit 1; }

"$table" --check || fail "README's table is not that of docs/matrix.json: tests/matrix-table"

# a copy that somebody has embellished is found out
mkdir -p "$work/docs"
cp "$top/docs/matrix.json" "$work/docs"
sed -E '/^<!-- matrix: begin/,/^<!-- matrix: end/s/^(\| [0-9][^|]*\|.*)[0-9]+ of/\199 of/' \
	"$top/README.md" > "$work/README.md"
! cmp -s "$top/README.md" "$work/README.md" || fail "the table names no kernel"
! "$table" --check --top "$work" 2> /dev/null || fail "an embellished table passes"
"$table" --top "$work"
cmp "$top/README.md" "$work/README.md" || fail "the table is not made anew"

# a run with something missing is not published
jq '(.[] | select(.figure == "tests passed")) |= (.value -= 1 | .ok = (.value >= .goal))' \
	"$top/docs/matrix.json" > "$work/bad.json"
! "$table" --top "$work" --from "$work/bad.json" 2> /dev/null || fail "a failed run is published"
jq 'map(select(.kernel != "7.2"))' "$top/docs/matrix.json" > "$work/bad.json"
! "$table" --top "$work" --from "$work/bad.json" 2> /dev/null || fail "a part of a run is published"
cmp "$top/README.md" "$work/README.md"
