// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Test only: how fast the kernel's own memcpy() is on this machine, right now.
 *
 * The baseline that copies through supernode are held to. One thread copies
 * between two sets of pages of this module's own, either page by page or in runs
 * as long as the allocator gave (2 MiB), and nothing of supernode is in the way.
 *
 *	echo "BYTES [REPETITIONS]" > /sys/kernel/debug/sn_test_memcpy/run
 *	cat /sys/kernel/debug/sn_test_memcpy/run
 *
 * gives one JSON line per kind; BYTES 0 runs all sizes from 64 KiB to 64 MiB.
 *
 * Lock: run_lock, for the report. A write measures under it, a read shows it.
 */
#include <linux/compiler.h>
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#define BYTES_MIN		((size_t)SZ_64K)
#define BYTES_MAX		((size_t)SZ_64M)
#define REPETITIONS_MAX		101
#define REPETITIONS_DEFAULT	9
/* Copied between two looks at the clock, at least. */
#define SPAN_BYTES		((size_t)SZ_16M)
#define REPORT_BYTES		SZ_8K

struct memory {
	unsigned int order;
	size_t chunks;
	void **chunk;
};

static DEFINE_MUTEX(run_lock);
static struct dentry *dir;
static char *report;
static size_t report_bytes;

static void memory_free(struct memory *memory)
{
	while (memory->chunks)
		free_pages((unsigned long)memory->chunk[--memory->chunks], memory->order);
	kvfree(memory->chunk);
	memory->chunk = NULL;
}

static int memory_alloc(struct memory *memory, unsigned int order, size_t bytes)
{
	size_t want = DIV_ROUND_UP(bytes, PAGE_SIZE << order);

	*memory = (struct memory) { .order = order };
	memory->chunk = kvcalloc(want, sizeof(*memory->chunk), GFP_KERNEL);
	if (!memory->chunk)
		return -ENOMEM;
	while (memory->chunks < want) {
		void *chunk = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
						       order);

		if (!chunk) {
			memory_free(memory);
			return -ENOMEM;
		}
		memory->chunk[memory->chunks++] = chunk;
	}
	return 0;
}

static void copy(const struct memory *dst, const struct memory *src, size_t bytes)
{
	size_t i;

	for (i = 0; bytes; i++) {
		size_t run = min(bytes, PAGE_SIZE << src->order);

		/* Of a length that it knows the compiler makes a copy of its own. */
		OPTIMIZER_HIDE_VAR(run);
		memcpy(dst->chunk[i], src->chunk[i], run);
		bytes -= run;
	}
}

static u64 one_rate(const struct memory *dst, const struct memory *src, size_t bytes)
{
	size_t rounds = max(SPAN_BYTES / bytes, (size_t)1);
	u64 start_ns = ktime_get_ns(), ns;
	size_t i;

	for (i = 0; i < rounds; i++)
		copy(dst, src, bytes);
	ns = max(ktime_get_ns() - start_ns, 1ULL);
	return div64_u64((u64)rounds * bytes * NSEC_PER_SEC, ns);
}

static int compare_rates(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *kind, size_t bytes, unsigned int repetitions, const u64 *sorted)
{
	char *at = report + report_bytes;
	size_t room = REPORT_BYTES - report_bytes;
	size_t used;

	used = scnprintf(at, room, "{\"kind\": \"%s\", \"bytes\": %zu, \"repetitions\": %u, ",
			 kind, bytes, repetitions);
	used += scnprintf(at + used, room - used, "\"bytes_per_sec_min\": %llu, ", sorted[0]);
	used += scnprintf(at + used, room - used, "\"bytes_per_sec_median\": %llu, ",
			  sorted[repetitions / 2]);
	used += scnprintf(at + used, room - used, "\"bytes_per_sec_max\": %llu}\n",
			  sorted[repetitions - 1]);
	report_bytes += used;
}

static int measure(const char *kind, unsigned int order, size_t bytes, unsigned int repetitions)
{
	struct memory src, dst;
	unsigned int i;
	u64 *rates;
	int err;

	rates = kcalloc(repetitions, sizeof(*rates), GFP_KERNEL);
	if (!rates)
		return -ENOMEM;
	err = memory_alloc(&src, order, bytes);
	if (err)
		goto out_free_rates;
	err = memory_alloc(&dst, order, bytes);
	if (err)
		goto out_free_src;

	one_rate(&dst, &src, bytes);
	for (i = 0; i < repetitions; i++) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto out_free_dst;
		}
		rates[i] = one_rate(&dst, &src, bytes);
	}
	sort(rates, repetitions, sizeof(*rates), compare_rates, NULL);
	say(kind, bytes, repetitions, rates);

out_free_dst:
	memory_free(&dst);
out_free_src:
	memory_free(&src);
out_free_rates:
	kfree(rates);
	return err;
}

static int measure_both(size_t bytes, unsigned int repetitions)
{
	int err = measure("page", 0, bytes, repetitions);

	if (err)
		return err;
	return measure("contiguous", get_order(SZ_2M), bytes, repetitions);
}

static int run_all(size_t bytes, unsigned int repetitions)
{
	int err = 0;

	report_bytes = 0;
	report[0] = '\0';
	if (bytes)
		return measure_both(bytes, repetitions);
	for (bytes = BYTES_MIN; !err && bytes <= BYTES_MAX; bytes *= 2)
		err = measure_both(bytes, repetitions);
	return err;
}

static ssize_t run_write(struct file *file, const char __user *user, size_t length, loff_t *pos)
{
	unsigned int repetitions = REPETITIONS_DEFAULT;
	char line[64] = "";
	size_t bytes;
	int err;

	if (length >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, length))
		return -EFAULT;
	if (sscanf(line, "%zu %u", &bytes, &repetitions) < 1)
		return -EINVAL;
	if (bytes > BYTES_MAX || !repetitions || repetitions > REPETITIONS_MAX)
		return -ERANGE;

	mutex_lock(&run_lock);
	err = run_all(bytes, repetitions);
	mutex_unlock(&run_lock);
	return err ?: length;
}

static int run_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&run_lock);
	seq_puts(seq, report);
	mutex_unlock(&run_lock);
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.write = run_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init memcpy_init(void)
{
	report = kzalloc(REPORT_BYTES, GFP_KERNEL);
	if (!report)
		return -ENOMEM;
	dir = debugfs_create_dir("sn_test_memcpy", NULL);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	return 0;
}

static void __exit memcpy_exit(void)
{
	debugfs_remove(dir);
	kfree(report);
}

module_init(memcpy_init);
module_exit(memcpy_exit);
MODULE_DESCRIPTION("supernode tests: the kernel's memcpy() as a baseline");
MODULE_LICENSE("Dual MIT/GPL");
