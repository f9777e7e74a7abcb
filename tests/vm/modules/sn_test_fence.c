// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Test only: fences that a test signals when it likes; stock kernels have no sw_sync.
 *
 * An open file of /dev/sn_test_fence owns one fence. Its ioctls:
 *
 *	_IO('T', 1)		answers with a sync_file fd of the fence
 *	_IO('T', 2), errno	signals it, with -errno if errno is not 0
 *
 * Closing the file signals the fence with -ECANCELED if nobody has. A fence
 * holds this module until its memory is freed, and unloading waits for that.
 *
 * Lock: test_fence.lock is the fence's own; signalled is atomic.
 */
#include <linux/atomic.h>
#include <linux/dma-fence.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sync_file.h>

#define FENCE_FD	_IO('T', 1)
#define FENCE_SIGNAL	_IO('T', 2)

struct test_fence {
	struct dma_fence base;
	spinlock_t lock;	/* the fence's */
	atomic_t signalled;
	struct rcu_head rcu;
};

static const char *get_name(struct dma_fence *fence)
{
	return "sn_test_fence";
}

static void free_fence(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct test_fence, rcu));
	module_put(THIS_MODULE);
}

static void release(struct dma_fence *base)
{
	struct test_fence *fence = container_of(base, struct test_fence, base);

	call_rcu(&fence->rcu, free_fence);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = get_name,
	.get_timeline_name = get_name,
	.release = release,
};

static int signal(struct test_fence *fence, int err)
{
	if (atomic_xchg(&fence->signalled, 1))
		return -EALREADY;
	if (err)
		dma_fence_set_error(&fence->base, err);
	dma_fence_signal(&fence->base);
	return 0;
}

static int export(struct test_fence *fence)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct sync_file *sync;

	if (fd < 0)
		return fd;
	sync = sync_file_create(&fence->base);
	if (!sync) {
		put_unused_fd(fd);
		return -ENOMEM;
	}
	fd_install(fd, sync->file);
	return fd;
}

static int fence_open(struct inode *inode, struct file *file)
{
	struct test_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return -ENOMEM;
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	file->private_data = fence;
	return 0;
}

static int fence_release(struct inode *inode, struct file *file)
{
	struct test_fence *fence = file->private_data;

	signal(fence, -ECANCELED);
	dma_fence_put(&fence->base);
	return 0;
}

static long fence_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct test_fence *fence = file->private_data;

	switch (cmd) {
	case FENCE_FD:
		return export(fence);
	case FENCE_SIGNAL:
		if (arg > MAX_ERRNO)
			return -ERANGE;
		return signal(fence, -(int)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations fence_fops = {
	.owner = THIS_MODULE,
	.open = fence_open,
	.release = fence_release,
	.unlocked_ioctl = fence_ioctl,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sn_test_fence",
	.mode = 0600,
	.fops = &fence_fops,
};

static int __init fence_init(void)
{
	return misc_register(&misc);
}

static void __exit fence_exit(void)
{
	misc_deregister(&misc);
	/* The last free_fence() has put the module but may still be running. */
	rcu_barrier();
}

module_init(fence_init);
module_exit(fence_exit);
MODULE_DESCRIPTION("supernode tests: fences signalled on command");
MODULE_LICENSE("Dual MIT/GPL");
