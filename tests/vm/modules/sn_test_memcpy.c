// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Test only: how fast the kernel's own memcpy() is on this machine, right now.
 *
 * The baseline that copies through supernode are held to. One thread copies
 * between two sets of pages, either page by page or in runs as long as memory is
 * contiguous, and nothing of supernode is in the way. The pages are this module's
 * own (single ones, then pieces of 2 MiB) or those of two dma-bufs of the
 * writer's: where pages lie decides how much of them a cache keeps, by a factor
 * of two and more, so what a transfer adds to a copy shows between the same pages
 * alone.
 *
 *	echo "BYTES [REPETITIONS [SRC_FD DST_FD]]" > /sys/kernel/debug/sn_test_memcpy/run
 *	cat /sys/kernel/debug/sn_test_memcpy/run
 *
 * gives one JSON line per kind; BYTES 0 runs all sizes from 64 KiB to 64 MiB. The
 * dma-bufs are of BYTES at least, and lose what they hold.
 *
 * Lock: run_lock, for the report. A write measures under it, a read shows it.
 */
#include <linux/compiler.h>
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
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
#include <linux/vmalloc.h>

#define BYTES_MIN		((size_t)SZ_64K)
#define BYTES_MAX		((size_t)SZ_64M)
#define REPETITIONS_MAX		101
#define REPETITIONS_DEFAULT	9
/* Copied between two looks at the clock, at least. */
#define SPAN_BYTES		((size_t)SZ_16M)
#define REPORT_BYTES		SZ_8K

/* Pages of this module's own in pieces of an order, or those of a dma-buf. */
struct memory {
	void **page;
	size_t pages;
	unsigned int order;
	struct dma_buf *dmabuf;
	struct iosys_map map;
};

struct run {
	void *dst;
	const void *src;
	size_t bytes;
};

struct plan {
	struct run *run;
	size_t runs;
	size_t bytes;
};

static DEFINE_MUTEX(run_lock);
static struct dentry *dir;
static char *report;
static size_t report_bytes;

static void memory_free(struct memory *memory)
{
	size_t i;

	if (memory->dmabuf) {
		dma_buf_vunmap_unlocked(memory->dmabuf, &memory->map);
		dma_buf_put(memory->dmabuf);
	} else {
		for (i = 0; i < memory->pages; i += (size_t)1 << memory->order)
			free_pages((unsigned long)memory->page[i], memory->order);
	}
	kvfree(memory->page);
}

static int memory_alloc(struct memory *memory, unsigned int order, size_t bytes)
{
	size_t piece = (size_t)1 << order;
	size_t want = round_up(DIV_ROUND_UP(bytes, PAGE_SIZE), piece);
	size_t i;

	*memory = (struct memory) { .order = order };
	memory->page = kvcalloc(want, sizeof(*memory->page), GFP_KERNEL);
	if (!memory->page)
		return -ENOMEM;
	while (memory->pages < want) {
		char *at = (char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);

		if (!at) {
			memory_free(memory);
			return -ENOMEM;
		}
		for (i = 0; i < piece; i++)
			memory->page[memory->pages++] = at + i * PAGE_SIZE;
	}
	return 0;
}

/* The pages are copied where the kernel always has them, not where vmap() shows them. */
static int memory_import(struct memory *memory, int fd, size_t bytes)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	char *at;
	int err;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	*memory = (struct memory) { .dmabuf = dmabuf };
	err = -ERANGE;
	if (dmabuf->size < bytes)
		goto err_put;
	err = dma_buf_vmap_unlocked(dmabuf, &memory->map);
	if (err)
		goto err_put;
	err = -EOPNOTSUPP;
	if (memory->map.is_iomem || !is_vmalloc_addr(memory->map.vaddr))
		goto err_vunmap;
	err = -ENOMEM;
	memory->page = kvcalloc(DIV_ROUND_UP(bytes, PAGE_SIZE), sizeof(*memory->page), GFP_KERNEL);
	if (!memory->page)
		goto err_vunmap;
	for (at = memory->map.vaddr; memory->pages * PAGE_SIZE < bytes; at += PAGE_SIZE)
		memory->page[memory->pages++] = page_address(vmalloc_to_page(at));
	return 0;

err_vunmap:
	dma_buf_vunmap_unlocked(dmabuf, &memory->map);
err_put:
	dma_buf_put(dmabuf);
	return err;
}

/* Joins what is contiguous at both ends, up to @bytes_max. */
static int plan_init(struct plan *plan, const struct memory *dst, const struct memory *src,
		     size_t bytes, size_t bytes_max)
{
	size_t pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct run *run = NULL;
	size_t i;

	*plan = (struct plan) { .bytes = bytes };
	plan->run = kvcalloc(pages, sizeof(*plan->run), GFP_KERNEL);
	if (!plan->run)
		return -ENOMEM;
	for (i = 0; i < pages; i++) {
		size_t more = min(bytes - i * PAGE_SIZE, PAGE_SIZE);

		if (run && run->dst + run->bytes == dst->page[i] &&
		    run->src + run->bytes == src->page[i] && run->bytes + more <= bytes_max) {
			run->bytes += more;
			continue;
		}
		run = &plan->run[plan->runs++];
		*run = (struct run) { dst->page[i], src->page[i], more };
	}
	return 0;
}

static void copy(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->runs; i++) {
		size_t bytes = plan->run[i].bytes;

		/* Of a length that it knows the compiler makes a copy of its own. */
		OPTIMIZER_HIDE_VAR(bytes);
		memcpy(plan->run[i].dst, plan->run[i].src, bytes);
	}
}

static u64 one_rate(const struct plan *plan)
{
	size_t rounds = max(SPAN_BYTES / plan->bytes, (size_t)1);
	u64 start_ns = ktime_get_ns(), ns;
	size_t i;

	for (i = 0; i < rounds; i++)
		copy(plan);
	ns = max(ktime_get_ns() - start_ns, 1ULL);
	return div64_u64((u64)rounds * plan->bytes * NSEC_PER_SEC, ns);
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

static int measure(const char *kind, const struct memory *dst, const struct memory *src,
		   size_t bytes, size_t run_bytes_max, unsigned int repetitions)
{
	struct plan plan;
	unsigned int i;
	u64 *rates;
	int err;

	rates = kcalloc(repetitions, sizeof(*rates), GFP_KERNEL);
	if (!rates)
		return -ENOMEM;
	err = plan_init(&plan, dst, src, bytes, run_bytes_max);
	if (err)
		goto out_free_rates;

	one_rate(&plan);
	for (i = 0; i < repetitions; i++) {
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto out_free_plan;
		}
		rates[i] = one_rate(&plan);
	}
	sort(rates, repetitions, sizeof(*rates), compare_rates, NULL);
	say(kind, bytes, repetitions, rates);

out_free_plan:
	kvfree(plan.run);
out_free_rates:
	kfree(rates);
	return err;
}

static int measure_own(const char *kind, unsigned int order, size_t bytes,
		       unsigned int repetitions)
{
	struct memory src, dst;
	int err;

	err = memory_alloc(&src, order, bytes);
	if (err)
		return err;
	err = memory_alloc(&dst, order, bytes);
	if (!err) {
		err = measure(kind, &dst, &src, bytes, PAGE_SIZE << order, repetitions);
		memory_free(&dst);
	}
	memory_free(&src);
	return err;
}

static int measure_both(size_t bytes, unsigned int repetitions)
{
	int err = measure_own("page", 0, bytes, repetitions);

	if (err)
		return err;
	return measure_own("contiguous", get_order(SZ_2M), bytes, repetitions);
}

static int measure_dmabufs(int src_fd, int dst_fd, size_t bytes, unsigned int repetitions)
{
	struct memory src, dst;
	int err;

	err = memory_import(&src, src_fd, bytes);
	if (err)
		return err;
	err = memory_import(&dst, dst_fd, bytes);
	if (err)
		goto out_free_src;
	err = measure("page", &dst, &src, bytes, PAGE_SIZE, repetitions);
	if (!err)
		err = measure("contiguous", &dst, &src, bytes, bytes, repetitions);
	memory_free(&dst);
out_free_src:
	memory_free(&src);
	return err;
}

static int measure_all(unsigned int repetitions)
{
	size_t bytes;
	int err = 0;

	for (bytes = BYTES_MIN; !err && bytes <= BYTES_MAX; bytes *= 2)
		err = measure_both(bytes, repetitions);
	return err;
}

static ssize_t run_write(struct file *file, const char __user *user, size_t length, loff_t *pos)
{
	unsigned int repetitions = REPETITIONS_DEFAULT;
	char line[64] = "";
	int src_fd, dst_fd;
	size_t bytes;
	int given;
	int err;

	if (length >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, length))
		return -EFAULT;
	given = sscanf(line, "%zu %u %d %d", &bytes, &repetitions, &src_fd, &dst_fd);
	if (given < 1 || given == 3 || (given == 4 && !bytes))
		return -EINVAL;
	if (bytes > BYTES_MAX || !repetitions || repetitions > REPETITIONS_MAX)
		return -ERANGE;

	mutex_lock(&run_lock);
	report_bytes = 0;
	report[0] = '\0';
	if (given == 4)
		err = measure_dmabufs(src_fd, dst_fd, bytes, repetitions);
	else if (bytes)
		err = measure_both(bytes, repetitions);
	else
		err = measure_all(repetitions);
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
MODULE_IMPORT_NS("DMA_BUF");
