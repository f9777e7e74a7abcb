#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# What the shims ask for is what probe.sh finds out, name by name: a name that is spelled in two ways
# would look like a feature that no kernel has. Only shims ask, and each has its kernel header's name.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0
fail() { echo "$*" >&2; failed=1; }

probed=$(sed -nE 's/^(probe|toplevel) ([A-Z0-9_]+) .*/\2/p' kmod/compat/probe.sh |
	grep -vE '^CONTROL_(YES|NO)$' | sort)
used=$(grep -rohE '\bHAVE_[A-Z0-9_]+' kmod/compat --include='*.h' | sed 's/^HAVE_//' | sort -u)
[[ $(wc -l <<< "$probed") -gt 10 ]] || fail "probe.sh's probes are not found any more"
[[ $probed == "$(sort -u <<< "$probed")" ]] || fail "a probe is there twice"
[[ $probed == "$used" ]] ||
	fail "probed and not used (<), or used and not probed (>):" "$(diff <(echo "$probed") <(echo "$used"))"

asking=$(grep -rlE '#.*\b(HAVE_[A-Z]|SN_COMPAT_)' Kbuild kmod include tests/vm/modules \
	--include='*.[chS]' --include=Kbuild | grep -v '^kmod/compat/' || true)
[[ -z $asking ]] || fail "the shims are to ask, not" "$asking"

while read -r shim; do
	name=${shim#kmod/compat/include/}
	grep -qxF "#include_next <$name>" "$shim" || fail "$shim does not include the kernel's <$name>"
done < <(find kmod/compat/include -name '*.h')
exit "$failed"
