#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Usage: purity.sh BUILD_DIR
#
# Compiles each file of kmod/core as the kernel would, without a hosted C library, and fails when an
# object needs anything but the mem* functions and other parts of the core.
set -euo pipefail

build=${1:?usage: purity.sh BUILD_DIR}/purity
core=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../kmod/core" && pwd)
flags=(-std=gnu11 -O2 -ffreestanding -fno-builtin -fno-stack-protector -fno-pic -mno-sse
    -mno-mmx -mno-80387 -Wall -Wextra -Werror)
[[ $(uname -m) == x86_64 ]] || flags=("${flags[@]/-mno-*/}")

rm -rf "$build"
mkdir -p "$build"
for source in "$core"/*.c; do
    "${CC:-cc}" "${flags[@]}" -c "$source" -o "$build/$(basename "${source%.c}").o"
done

objects=("$build"/*.o)
((${#objects[@]} >= 4)) || { echo "only ${#objects[@]} objects" >&2; exit 1; }
defined=$(nm --defined-only --extern-only --format=posix "${objects[@]}" | cut -d' ' -f1 | sort -u)
status=0
for object in "${objects[@]}"; do
    for symbol in $(nm --undefined-only --format=posix "$object" | cut -d' ' -f1); do
        case $symbol in
        memcpy | memset | memmove | memcmp) ;;
        sn_*) grep -qx "$symbol" <<<"$defined" || { echo "$object: $symbol is nowhere"; status=1; } ;;
        *) echo "$object: needs $symbol"; status=1 ;;
        esac
    done
    # Data that changes would be state outside the caller's memory.
    if size -A "$object" | awk '$1 ~ /^\.(data|bss|tbss|tdata)$/ && $2 > 0 { found = 1 } END { exit !found }'
    then
        echo "$object: has writable data"
        status=1
    fi
done
exit "$status"
