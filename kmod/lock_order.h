/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of locks, told to lockdep when a lock is made: who breaks it is reported at once, and
 * not when two such paths have both been taken. Nothing without lockdep. The order itself, and what
 * each lock protects, is in docs/locking.md.
 */
#ifndef _SN_LOCK_ORDER_H
#define _SN_LOCK_ORDER_H

#include <linux/kconfig.h>
#include <linux/lockdep.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

/*
 * Memory is allocated under it, and user memory may be touched. So it is never taken under
 * mmap_lock, in reclaim, or while a fence is being signalled: the kernel itself has told lockdep
 * that fences are waited for in reclaim.
 */
static inline void sn_lock_is_outer(struct mutex *lock)
{
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		return;
	mutex_lock(lock);
	if (current->mm)
		might_lock_read(&current->mm->mmap_lock);
	might_alloc(GFP_KERNEL);
	mutex_unlock(lock);
}

/* Taken by a fault, which makes page tables under it. */
static inline void sn_lock_is_for_faults(struct rw_semaphore *lock)
{
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING) || !current->mm)
		return;
	mmap_read_lock(current->mm);
	down_read(lock);
	might_alloc(GFP_KERNEL);
	up_read(lock);
	mmap_read_unlock(current->mm);
}

#endif /* _SN_LOCK_ORDER_H */
