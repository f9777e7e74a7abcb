#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh KDIR OUT: write OUT with one HAVE_ line for each feature that the kernel at KDIR has.
#
# Each feature is a snippet, and the compiler says whether it is there: distributions backport, so a
# version number proves nothing. The compile command is the one that kbuild itself uses for an empty
# module. Answers are cached, by the contents of this file, of the kernel tree's configuration, and
# of the compilers that are here.

set -euo pipefail

if [[ $# -ne 2 ]]; then
	echo "usage: probe.sh KDIR OUT" >&2
	exit 2
fi
kdir=$(realpath "$1")
out=$(realpath -m "$2")
self=$(realpath "${BASH_SOURCE[0]}")
here=$(dirname "$self")
cache=${SN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/supernode}/probes

# All that answers depend on, but for the headers' text: a tree whose headers change is configured anew.
tree_key() {
	local file
	echo "$kdir ${CC:-} ${ARCH:-}"
	cat "$self" "$here/oldest.h"
	for file in include/config/kernel.release include/config/auto.conf Makefile .kernelvariables; do
		if [[ -e $kdir/$file ]]; then
			stat -c '%n %Y' "$kdir/$file"
			cat "$kdir/$file"
		fi
	done
	stat -Lc '%n %Y' "$kdir"/../../../toolchain/gcc /usr/bin/gcc /usr/bin/gcc-[0-9]* 2>/dev/null || true
}
key=$(tree_key | sha256sum | cut -c1-32)

# put FILE: as the answer, unless it is that already; everything would be compiled anew
put() {
	cmp -s "$1" "$out" && return
	cp "$1" "$out.$$"
	mv "$out.$$" "$out"
}

if [[ -s $cache/$key ]]; then
	put "$cache/$key"
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# probe NAME "header header..." BODY: BODY must compile inside a function
probe() {
	local name=$1 headers=$2 body=$3 header
	{
		for header in $headers; do
			echo "#include <$header>"
		done
		echo "void probe_$name(void);"
		echo "void probe_$name(void) {"
		echo "$body"
		echo "}"
	} > "$work/$name.c"
}

# toplevel NAME "header header..." TEXT: TEXT must compile at file scope
toplevel() {
	local name=$1 headers=$2 text=$3 header
	{
		for header in $headers; do
			echo "#include <$header>"
		done
		echo "$text"
	} > "$work/$name.c"
}

# The controls: if these two come out wrong, no other answer is worth anything.
probe CONTROL_YES linux/module.h 'int x = 0; (void)x;'
probe CONTROL_NO linux/module.h 'sn_there_is_no_such_function();'

# What the oldest supported kernel, 6.1, has and 5.15 has not.
probe BASELINE 'net/genetlink.h linux/dma-resv.h linux/iosys-map.h' \
	'struct genl_family f = { .resv_start_op = 1 }; struct iosys_map m; (void)f; (void)m;
	 dma_resv_add_fence(NULL, NULL, DMA_RESV_USAGE_READ);'

# generic netlink
toplevel GENL_PRE_DOIT_SPLIT net/genetlink.h \
	'static int p(const struct genl_split_ops *o, struct sk_buff *s, struct genl_info *i)
	 { return 0; } struct genl_family f = { .pre_doit = p };'
probe GENL_INFO_USERHDR net/genetlink.h 'struct genl_info i; (void)genl_info_userhdr(&i);'
probe GENL_INFO_DUMP net/genetlink.h '(void)genl_info_dump((struct netlink_callback *)NULL);'
probe GENLMSG_IPUT net/genetlink.h '(void)genlmsg_iput(NULL, NULL);'
probe GENL_ERR_FMT net/genetlink.h \
	'struct genl_info *i = NULL; GENL_SET_ERR_MSG_FMT(i, "%d", 1);'
probe GENL_ALLNS_GFP net/genetlink.h 'genlmsg_multicast_allns(NULL, NULL, 0, 0, GFP_KERNEL);'
probe NL_ERR_ATTR_FMT linux/netlink.h \
	'struct netlink_ext_ack *e = NULL; NL_SET_ERR_MSG_ATTR_FMT(e, NULL, "%d", 1);'

# dma-buf and dma-fence
probe DMABUF_MAP_UNLOCKED linux/dma-buf.h \
	'(void)dma_buf_map_attachment_unlocked(NULL, DMA_BIDIRECTIONAL);'
probe DMABUF_VMAP_UNLOCKED linux/dma-buf.h '(void)dma_buf_vmap_unlocked(NULL, NULL);'
probe DMA_FENCE_64BIT_FLAG linux/dma-fence.h \
	'struct dma_fence_ops o = { .use_64bit_seqno = true }; (void)o;'
probe DMA_FENCE_INIT64 linux/dma-fence.h 'dma_fence_init64(NULL, NULL, NULL, 0, 0);'

# files
probe FD_FILE linux/file.h 'struct fd f = {}; (void)fd_file(f);'
probe ANON_GETFILE_FMODE 'linux/anon_inodes.h linux/fs.h' \
	'(void)anon_inode_getfile_fmode("", NULL, NULL, 0, 0);'
probe EVENTFD_SIGNAL1 linux/eventfd.h 'eventfd_signal(NULL);'

# memory
probe VM_FLAGS_SET linux/mm.h 'vm_flags_set(NULL, VM_IO);'

toplevel LINUX_UNALIGNED_H linux/unaligned.h 'int probe_unaligned;'

# time and work
probe TIMER_DELETE_SYNC linux/timer.h '(void)timer_delete_sync(NULL);'
probe TIMER_CONTAINER_OF linux/timer.h \
	'struct s { struct timer_list t; } *s = timer_container_of(s, (struct timer_list *)NULL, t);
	 (void)s;'
probe HRTIMER_SETUP linux/hrtimer.h \
	'hrtimer_setup(NULL, NULL, CLOCK_MONOTONIC, HRTIMER_MODE_REL);'
probe WQ_PERCPU linux/workqueue.h 'int x = WQ_PERCPU; (void)x;'
probe SYSTEM_DFL_WQ linux/workqueue.h '(void)queue_work(system_dfl_wq, NULL);'
probe SYSTEM_PERCPU_WQ linux/workqueue.h '(void)queue_work(system_percpu_wq, NULL);'
probe FROM_WORK linux/workqueue.h \
	'struct s { struct work_struct w; } *s = from_work(s, (struct work_struct *)NULL, w);
	 (void)s;'

# driver core, tracing, modules
probe CLASS_CREATE1 linux/device/class.h '(void)class_create("x");'
probe ASSIGN_STR1 'linux/tracepoint.h trace/stages/stage6_event_callback.h' \
	'struct { const char *n_ptr_; } __data_offsets = {}; (void)__data_offsets;
	 #undef __get_str
	 #undef __get_dynamic_array_len
	 #undef EVENT_NULL_STR
	 #define __get_str(x) ((char *)NULL)
	 #define __get_dynamic_array_len(x) 1
	 #define EVENT_NULL_STR ""
	 __assign_str(n);'
toplevel IMPORT_NS_TOKEN linux/module.h 'MODULE_IMPORT_NS(DMA_BUF);'

# The compile command of an empty module, as kbuild writes it down.
mkdir "$work/kbuild"
echo 'obj-m := empty.o' > "$work/kbuild/Kbuild"
echo '#include <linux/module.h>' > "$work/kbuild/empty.c"
if ! make -s -C "$kdir" M="$work/kbuild" ${CC:+CC="$CC"} empty.o > "$work/kbuild/log" 2>&1; then
	echo "probe.sh: $kdir cannot compile an empty module:" >&2
	cat "$work/kbuild/log" >&2
	exit 1
fi
command=$(sed -nE 's/^(saved)?cmd_[^ ]* := //p' "$work/kbuild/.empty.o.cmd" | head -n 1)
command=${command%% ; *}
command=$(sed -E 's/-Wp,-MM?D,[^ ]*//; s/ -c -o [^ ]+ [^ ]+ *$//' <<<"$command")
command+=" -fsyntax-only -Wno-error -Werror=implicit-function-declaration -Werror=int-conversion"
command+=" -Werror=incompatible-pointer-types"

cd "$kdir"
export command work
# ask NAME...: NAME.c.yes appears for what compiles
ask() {
	# shellcheck disable=SC2016 # for the inner shell
	printf "$work/%s.c\0" "$@" | xargs -0 -P "${JOBS:-$(nproc)}" -I{} bash -c \
		'if eval "$command {}" 2> "{}.log"; then touch "{}.yes"; fi'
}

ask CONTROL_YES CONTROL_NO BASELINE
if [[ ! -e $work/CONTROL_YES.c.yes || -e $work/CONTROL_NO.c.yes ]]; then
	echo "probe.sh: the compiler's answers for $kdir cannot be trusted:" >&2
	cat "$work/CONTROL_YES.c.log" >&2
	exit 1
fi
if [[ ! -e $work/BASELINE.c.yes ]]; then
	eval "LC_ALL=C $command $here/oldest.h" 2>&1 | grep -m 1 "error: #error" >&2
	exit 1
fi

features=()
for source in "$work"/*.c; do
	name=$(basename "$source" .c)
	case $name in
	CONTROL_* | BASELINE) ;;
	*) features+=("$name") ;;
	esac
done
ask "${features[@]}"

{
	echo "/* Written by kmod/compat/probe.sh for $(<include/config/kernel.release) */"
	echo "#ifndef SN_COMPAT_CONFIG_H"
	echo "#define SN_COMPAT_CONFIG_H"
	for name in "${features[@]}"; do
		if [[ -e $work/$name.c.yes ]]; then
			echo "#define HAVE_$name 1"
		fi
	done
	echo "#endif"
} > "$work/config"
put "$work/config"
# for the next build; that there is no place for it is no reason to stop
if mkdir -p "$cache" 2>/dev/null; then
	cp "$work/config" "$cache/.$key.$$" && mv "$cache/.$key.$$" "$cache/$key"
fi
