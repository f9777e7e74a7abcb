/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SN_COMPAT_LINUX_MM_H
#define SN_COMPAT_LINUX_MM_H

#include_next <linux/mm.h>

/* In a driver's mmap the caller holds mmap_lock for writing, which is all these ask for. */
#ifndef HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}

static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#endif
