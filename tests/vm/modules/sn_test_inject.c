// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test only: makes the n-th allocation fail, whichever task makes it.
 *
 * /proc/self/fail-nth counts in the calling task alone and says nothing of where it struck. Here
 * everything counts that is allocated with a function of ours on the stack, in workers and threads
 * too; and, if asked for, what the asking task allocates elsewhere. Files in debugfs
 * sn_test_inject/:
 *
 *	wide	1: count also all slabs that the task that arms allocates, under our modules or not
 *	persist	1: fail the n-th and all that follow
 *	nth	N arms, 0 disarms
 *	seen	counted since it was armed last, how many of them failed, and where the first
 *		of those was: "KIND FUNCTION", or "-" when none failed
 *
 * The places are probed at their entry and answer in their stead. The kernel's own sieve for
 * slabs and pages (should_failslab, should_fail_alloc_page) is where the two kinds of memory meet;
 * threads, per-CPU memory and DMA mappings have none, so their functions are probed themselves.
 *
 * Lock: none. Counters are atomics; the modules' pointers are under RCU, and a probe's handler runs
 * with preemption disabled.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#define STACK_DEPTH	64
#define NO_GFP		(-1)

/* What a debugging kernel allocates for itself, and does without when there is none. */
#define NESTED_GFP	(__GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

/**
 * struct point - a function that can be made to fail
 * @probe: at its entry
 * @kind: what it gives
 * @result: what it answers instead
 * @gfp: number of its argument with the flags, or NO_GFP
 * @any: also where none of ours is on the stack, when wide
 * @needed: without it, injection is not exhaustive
 * @registered: there is such a function
 */
struct point {
	struct kprobe probe;
	const char *kind;
	unsigned long result;
	int gfp;
	bool any;
	bool needed;
	bool registered;
};

static const char * const ours[] = { "supernode", "sn_host", "sn_sim" };
static struct module __rcu *loaded[ARRAY_SIZE(ours)];

static struct dentry *dir;
static u32 wide;
static u32 persist;
static struct task_struct *armer;	/* compared with, not looked into */
static atomic_t left;			/* until the one that fails, 0 when disarmed */
static atomic_t seen;
static atomic_t failed;
static char where[KSYM_SYMBOL_LEN + 16];

/* Balanced and without a trace in any register: what a probed function becomes. */
static noinstr void just_return(void)
{
}

static bool within_ours(unsigned long address)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ours); i++) {
		struct module *module = rcu_dereference_sched(loaded[i]);

		if (module && within_module(address, module))
			return true;
	}
	return false;
}

/* The innermost function of ours on the stack, or 0. */
static unsigned long our_caller(struct pt_regs *regs)
{
	unsigned long entries[STACK_DEPTH];
	unsigned int i, n;

	/* With frame pointers, who called is not in the trace of who has only been entered. */
	entries[0] = regs_get_kernel_stack_nth(regs, 0);
	n = 1 + stack_trace_save(entries + 1, STACK_DEPTH - 1, 0);
	for (i = 0; i < n; i++)
		if (within_ours(entries[i]))
			return entries[i];
	return 0;
}

/* The probe may itself be an exception, which then counts as one interrupt. */
static bool interrupted(void)
{
	return in_serving_softirq() ||
	       (in_nmi() ? hardirq_count() > HARDIRQ_OFFSET : hardirq_count());
}

static bool may_fail(const struct point *point, struct pt_regs *regs)
{
	gfp_t gfp;

	if (point->gfp == NO_GFP)
		return true;
	gfp = (__force gfp_t)regs_get_kernel_argument(regs, point->gfp);
	return !(gfp & __GFP_NOFAIL) && (gfp & NESTED_GFP) != NESTED_GFP;
}

static void note(const struct point *point, unsigned long caller)
{
	int n = scnprintf(where, sizeof(where), "%s ", point->kind);

	if (caller)
		sprint_symbol_no_offset(where + n, caller);
	else
		strscpy(where + n, "caller", sizeof(where) - n);
}

static int enter(struct kprobe *probe, struct pt_regs *regs)
{
	struct point *point = container_of(probe, struct point, probe);
	unsigned long caller;
	int now;

	if (!atomic_read(&left) || interrupted() || !may_fail(point, regs))
		return 0;
	caller = our_caller(regs);
	if (!caller && !(wide && point->any && current == READ_ONCE(armer)))
		return 0;
	/* One step from armed to what follows: who disarms meanwhile is not undone. */
	now = atomic_read(&left);
	do {
		if (!now)
			return 0;
	} while (!atomic_try_cmpxchg(&left, &now, now == 1 && persist ? 1 : now - 1));
	atomic_inc(&seen);
	if (now > 1)
		return 0;
	if (atomic_inc_return(&failed) == 1)
		note(point, caller);
	regs_set_return_value(regs, point->result);
	instruction_pointer_set(regs, (unsigned long)just_return);
	return 1;
}

/* Its presence keeps the probe from being made a jump, which could not change where to go on. */
static void leave(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

#define POINT(function, kind_, result_, gfp_, any_, needed_) { \
	.probe = { .symbol_name = function, .pre_handler = enter, .post_handler = leave }, \
	.kind = kind_, .result = (unsigned long)(result_), .gfp = gfp_, .any = any_, \
	.needed = needed_ }

static struct point points[] = {
	POINT("should_failslab", "slab", -ENOMEM, 1, true, true),
	POINT("should_fail_alloc_page", "page", 1, 0, false, true),
	POINT("kthread_create_on_node", "thread", -ENOMEM, NO_GFP, false, true),
	POINT("dma_map_sgtable", "dma", -ENOMEM, NO_GFP, false, true),
	POINT("pcpu_alloc_noprof", "percpu", 0, NO_GFP, false, false),
	POINT("pcpu_alloc", "percpu", 0, NO_GFP, false, false),
};

static int nth_get(void *data, u64 *value)
{
	*value = atomic_read(&left);
	return 0;
}

static int nth_set(void *data, u64 value)
{
	if (value > S32_MAX)
		return -ERANGE;
	atomic_set(&left, 0);
	if (!value)
		return 0;
	atomic_set(&seen, 0);
	atomic_set(&failed, 0);
	strscpy(where, "-", sizeof(where));
	WRITE_ONCE(armer, current);
	atomic_set_release(&left, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(nth_fops, nth_get, nth_set, "%llu\n");

static int seen_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%d %d %s\n", atomic_read(&seen), atomic_read(&failed), where);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(seen);

static int module_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct module *module = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ours); i++) {
		if (strcmp(module->name, ours[i]))
			continue;
		if (event == MODULE_STATE_COMING)
			rcu_assign_pointer(loaded[i], module);
		if (event == MODULE_STATE_GOING) {
			RCU_INIT_POINTER(loaded[i], NULL);
			/* No handler looks at it any more. */
			synchronize_rcu();
		}
	}
	return NOTIFY_OK;
}

static struct notifier_block module_block = { .notifier_call = module_event };

static void unregister_points(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i].registered)
			unregister_kprobe(&points[i].probe);
}

static int __init inject_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		err = register_kprobe(&points[i].probe);
		points[i].registered = !err;
		if (err && points[i].needed) {
			unregister_points();
			return -EOPNOTSUPP;
		}
	}
	/* Of modules that come after this one. */
	err = register_module_notifier(&module_block);
	if (err) {
		unregister_points();
		return err;
	}
	dir = debugfs_create_dir("sn_test_inject", NULL);
	debugfs_create_u32("wide", 0600, dir, &wide);
	debugfs_create_u32("persist", 0600, dir, &persist);
	debugfs_create_file_unsafe("nth", 0600, dir, NULL, &nth_fops);
	debugfs_create_file("seen", 0400, dir, NULL, &seen_fops);
	return 0;
}

static void __exit inject_exit(void)
{
	debugfs_remove(dir);
	unregister_module_notifier(&module_block);
	unregister_points();
}

module_init(inject_init);
module_exit(inject_exit);
MODULE_DESCRIPTION("supernode tests: the n-th allocation fails");
MODULE_LICENSE("GPL");
