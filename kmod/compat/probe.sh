#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh KDIR OUT: write OUT with one HAVE_ line for each feature that the kernel at KDIR has.
#
# Each feature is a snippet, and the compiler says whether it is there: distributions backport, so a
# version number proves nothing. The compile command is the one that kbuild itself uses for an empty
# module. Answers are kept as long as the kernel tree and this file stay as they are.

set -euo pipefail

if [[ $# -ne 2 ]]; then
	echo "usage: probe.sh KDIR OUT" >&2
	exit 2
fi
kdir=$(realpath "$1")
out=$2
self=$(realpath "${BASH_SOURCE[0]}")
release_file=$kdir/include/config/kernel.release
key=$(cat "$self" "$release_file" <(stat -c '%n %Y' "$release_file") | sha256sum | cut -c1-32)

if grep -qsF "key $key" "$out"; then
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
probe GENL_SPLIT_OPS net/genetlink.h 'struct genl_split_ops o = { .doit = NULL }; (void)o;'
toplevel GENL_PRE_DOIT_SPLIT net/genetlink.h \
	'static int p(const struct genl_split_ops *o, struct sk_buff *s, struct genl_info *i)
	 { return 0; } struct genl_family f = { .pre_doit = p };'
probe GENL_INFO_USERHDR net/genetlink.h 'struct genl_info i; (void)genl_info_userhdr(&i);'
probe GENL_INFO_FAMILY net/genetlink.h 'struct genl_info *i = NULL; (void)i->family;'
probe GENL_INFO_DUMP net/genetlink.h '(void)genl_info_dump((struct netlink_callback *)NULL);'
probe GENLMSG_IPUT net/genetlink.h '(void)genlmsg_iput(NULL, NULL);'
probe GENL_ERR_FMT net/genetlink.h \
	'struct genl_info *i = NULL; GENL_SET_ERR_MSG_FMT(i, "%d", 1);'
probe GENL_ALLNS_GFP net/genetlink.h 'genlmsg_multicast_allns(NULL, NULL, 0, 0, GFP_KERNEL);'
probe GENL_BIND net/genetlink.h 'struct genl_family f = { .bind = NULL }; (void)f;'
probe NL_ERR_ATTR_FMT linux/netlink.h \
	'struct netlink_ext_ack *e = NULL; NL_SET_ERR_MSG_ATTR_FMT(e, NULL, "%d", 1);'

# dma-buf and dma-fence
toplevel DMABUF_VMAP_IOSYS 'linux/dma-buf.h linux/iosys-map.h' \
	'static int v(struct dma_buf *d, struct iosys_map *m) { return 0; }
	 struct dma_buf_ops o = { .vmap = v };'
probe DMABUF_MAP_UNLOCKED linux/dma-buf.h \
	'(void)dma_buf_map_attachment_unlocked(NULL, DMA_BIDIRECTIONAL);'
probe DMABUF_VMAP_UNLOCKED linux/dma-buf.h '(void)dma_buf_vmap_unlocked(NULL, NULL);'
probe DMABUF_CACHE_SGT linux/dma-buf.h \
	'struct dma_buf_ops o = { .cache_sgt_mapping = true }; (void)o;'
probe DMABUF_MOVE_NOTIFY linux/dma-buf.h \
	'struct dma_buf_attach_ops o = { .move_notify = NULL }; (void)o;'
probe DMA_FENCE_64BIT_FLAG linux/dma-fence.h \
	'struct dma_fence_ops o = { .use_64bit_seqno = true }; (void)o;'
probe DMA_FENCE_INIT64 linux/dma-fence.h 'dma_fence_init64(NULL, NULL, NULL, 0, 0);'
probe DMA_FENCE_SIGNAL_INT linux/dma-fence.h 'int r = dma_fence_signal(NULL); (void)r;'
probe DMA_FENCE_LOCK_POINTER linux/dma-fence.h \
	'struct dma_fence f; spinlock_t *l = f.lock; (void)l;'

# files
probe FD_FILE linux/file.h 'struct fd f = {}; (void)fd_file(f);'
probe CLASS_FD linux/file.h 'CLASS(fd, f)(0);'
probe ANON_GETFILE_FMODE 'linux/anon_inodes.h linux/fs.h' \
	'(void)anon_inode_getfile_fmode("", NULL, NULL, 0, 0);'
probe EVENTFD_SIGNAL1 linux/eventfd.h 'eventfd_signal(NULL);'

# memory
probe VM_FLAGS_SET linux/mm.h 'vm_flags_set(NULL, VM_IO);'
probe KVREALLOC3 linux/slab.h '(void)kvrealloc(NULL, 1, GFP_KERNEL);'

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
probe PLATFORM_REMOVE_VOID linux/platform_device.h \
	'struct platform_driver d; d.remove = (void (*)(struct platform_device *))NULL; (void)d;'
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
# shellcheck disable=SC2016 # for the inner shell
printf "%s\0" "$work"/*.c | xargs -0 -P "$(nproc)" -I{} bash -c \
	'if eval "$command {}" 2> "{}.log"; then touch "{}.yes"; fi'

if [[ ! -e $work/CONTROL_YES.c.yes || -e $work/CONTROL_NO.c.yes ]]; then
	echo "probe.sh: the compiler's answers for $kdir cannot be trusted:" >&2
	cat "$work/CONTROL_YES.c.log" >&2
	exit 1
fi

{
	echo "/* Written by kmod/compat/probe.sh; key $key */"
	echo "#ifndef SN_COMPAT_CONFIG_H"
	echo "#define SN_COMPAT_CONFIG_H"
	if [[ ! -e $work/BASELINE.c.yes ]]; then
		echo "#error \"supernode needs Linux 6.1 or later\""
	fi
	for source in "$work"/*.c; do
		name=$(basename "$source" .c)
		case $name in
		CONTROL_* | BASELINE) continue ;;
		esac
		if [[ -e $source.yes ]]; then
			echo "#define HAVE_$name 1"
		fi
	done
	echo "#endif"
} > "$work/config"
cp "$work/config" "$out.$$"
mv "$out.$$" "$out"
