#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# probe.sh against a made-up kernel tree: what is too old is refused in one #error, answers follow the
# tree, they are kept, and kept ones are not used for another tree.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
probe=$here/../../kmod/compat/probe.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
export SN_CACHE=$work/cache
export CC=${CC:-gcc}
fail() { echo "$*" >&2; exit 1; }

# kbuild as far as probe.sh knows it: one object, and the command that made it
mkdir -p "$tree"/include/{config,linux,net}
cat > "$tree/Makefile" <<'MAKE'
empty.o:
	@echo 'savedcmd_$(M)/empty.o := $(CC) -I $(CURDIR)/include -c -o $(M)/empty.o $(M)/empty.c' > $(M)/.empty.o.cmd
MAKE
# what 5.10 has of the three headers
touch "$tree/include/linux/module.h" "$tree/include/linux/dma-resv.h"
echo 'struct genl_family { int id; };' > "$tree/include/net/genetlink.h"
echo '5.10.0' > "$tree/include/config/kernel.release"

status=0
"$probe" "$tree" "$work/config.h" > "$work/out" 2>&1 || status=$?
[[ $status -ne 0 && ! -e $work/config.h ]] || fail "5.10 is let through"
[[ $(grep -c '#error "supernode needs Linux 6.1 or later"' "$work/out") -eq 1 &&
	$(wc -l < "$work/out") -eq 1 ]] || fail "not one clear sentence, but: $(<"$work/out")"

# the same tree with what 6.1 brought
echo 'struct genl_family { int id, resv_start_op; };' > "$tree/include/net/genetlink.h"
echo 'struct iosys_map { int id; };' > "$tree/include/linux/iosys-map.h"
echo 'enum { DMA_RESV_USAGE_READ }; void dma_resv_add_fence(void *, void *, int);' \
	> "$tree/include/linux/dma-resv.h"
echo 'struct fd { int file; }; int fd_file(struct fd f);' > "$tree/include/linux/file.h"
echo '#define NULL ((void *)0)' > "$tree/include/linux/module.h"
sed -i '1i #include <linux/module.h>' "$tree/include/linux/dma-resv.h"
echo '6.1.0' > "$tree/include/config/kernel.release"
"$probe" "$tree" "$work/config.h" || fail "6.1 is refused"
grep -qx '#define HAVE_FD_FILE 1' "$work/config.h" || fail "what the tree has is not found"
! grep -q 'HAVE_EVENTFD_SIGNAL1' "$work/config.h" || fail "what the tree has not is found"

# kept: no compiler runs any more, and a file that is right is not touched
touch -d '1 hour ago' "$work/config.h"
PATH=$work/bin:$PATH
mkdir "$work/bin"
printf '#!/bin/sh\nexit 1\n' | tee "$work/bin/make" > "$work/bin/xargs"
chmod +x "$work"/bin/*
"$probe" "$tree" "$work/config.h" || fail "the answer is not kept"
[[ -n $(find "$work/config.h" -mmin +30) ]] || fail "the same answer is written again"
"$probe" "$tree" "$work/other.h" || fail "the answer is not kept"
cmp "$work/config.h" "$work/other.h" ||
	fail "another build directory does not get the kept answer"

# another release in the same place is another tree
echo '6.1.1' > "$tree/include/config/kernel.release"
! "$probe" "$tree" "$work/other.h" 2> /dev/null || fail "the old tree's answer is used"
