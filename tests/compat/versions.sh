#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# No file of the module asks for a kernel version: kmod/compat/probe.sh asks for features.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if grep -rnE --include='*.[chS]' --include=Kbuild --include=Kconfig --include=Makefile \
	'LINUX_VERSION|KERNEL_VERSION|SUBLEVEL|PATCHLEVEL|UTS_RELEASE|linux/version\.h|RHEL_RELEASE' \
	Kbuild kmod include tests/vm/modules; then
	echo "these lines ask for a kernel version" >&2
	exit 1
fi
# the search would find one
grep -qE 'LINUX_VERSION' <<< '#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)'
[[ $(find kmod -name '*.c' | wc -l) -gt 20 ]]
