// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test only: a vendor's driver, which calls the vendor header as it is told to.
 *
 * Commands, written to /sys/kernel/debug/sn_test_vendor/control; A and B are its two devices:
 *
 *	register A	with a region and an engine that takes 8 copies
 *	link		A with B
 *	unregister A, lost A
 *	backend, nobackend	offer to create devices as "vendor", or no more
 *	hold 1		let copies wait; 0: do them
 *	done		end the copy that waits longest, well
 *	twice		the same, and once more
 *
 * Reading it gives the number of copies that wait. A step in the wrong order gets -EINVAL.
 *
 * With the parameter stillborn, the devices that it creates are lost before create() returns;
 * created says how many it made and did not destroy.
 *
 * Locks: control_lock for the devices and the order of commands, outermost; copies_lock, a leaf.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/supernode.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(control_lock);	/* devices, offered */
static DEFINE_SPINLOCK(copies_lock);	/* copies, aborted, held */
static struct sn_device *devices[2];
static bool offered;
static LIST_HEAD(copies);
static LIST_HEAD(aborted);
static bool held;
static struct dentry *dir;

static bool stillborn;
module_param(stillborn, bool, 0644);
MODULE_PARM_DESC(stillborn, "Lose devices before they are there");

/* Under the core's locks: one device at a time is created or destroyed. */
static int created;
module_param(created, int, 0444);
MODULE_PARM_DESC(created, "Devices created and not destroyed");

static struct sn_copy *take(struct list_head *list)
{
	struct sn_copy *copy;

	spin_lock(&copies_lock);
	copy = list_first_entry_or_null(list, struct sn_copy, node);
	if (copy)
		list_del_init(&copy->node);
	spin_unlock(&copies_lock);
	return copy;
}

static void work_fn(struct work_struct *work)
{
	struct sn_copy *copy;

	while ((copy = take(&aborted)))
		sn_copy_done(copy, -ECANCELED);
	while (!READ_ONCE(held) && (copy = take(&copies)))
		sn_copy_done(copy, sn_copy_by_cpu(copy));
}

static DECLARE_WORK(work, work_fn);

static int vendor_submit(void *priv, u32 engine, struct sn_copy *copy)
{
	spin_lock(&copies_lock);
	list_add_tail(&copy->node, &copies);
	spin_unlock(&copies_lock);
	schedule_work(&work);
	return 0;
}

static void vendor_abort(void *priv, u32 engine, struct sn_copy *copy)
{
	struct sn_copy *waiting;

	spin_lock(&copies_lock);
	list_for_each_entry(waiting, &copies, node) {
		if (waiting == copy) {
			list_move_tail(&copy->node, &aborted);
			break;
		}
	}
	spin_unlock(&copies_lock);
	schedule_work(&work);
}

static const struct sn_device_ops ops = {
	.owner = THIS_MODULE,
	.submit = vendor_submit,
	.abort = vendor_abort,
};

static int vendor_create(struct sn_device *dev, const struct sn_device_desc *desc, void **priv)
{
	created++;
	if (stillborn) {
		sn_device_lost(dev);
		/* Time for whoever thinks that it is in the structure already. */
		msleep(200);
	}
	return 0;
}

static void vendor_destroy(struct sn_device *dev, void *priv)
{
	created--;
}

static struct sn_backend backend = {
	.name = "vendor",
	.owner = THIS_MODULE,
	.ops = &ops,
	.create = vendor_create,
	.destroy = vendor_destroy,
};

static int do_register(unsigned int i)
{
	struct sn_device_desc desc = {
		.kind = SN_DEVICE_KIND_NPU,
		.node = NUMA_NO_NODE,
		.ports = 4,
		.nregions = 1,
		.nengines = 1,
		.regions[0] = {
			.kind = SN_REGION_KIND_HBM,
			.bytes = SZ_16M,
			.page_bytes = PAGE_SIZE,
			.node = NUMA_NO_NODE,
			.ranged = true,
		},
		.engines[0] = { .channels = 1, .depth = 8 },
	};
	struct sn_device *dev;

	if (devices[i])
		return -EINVAL;
	snprintf(desc.name, sizeof(desc.name), "vendor%u", i);
	dev = sn_device_register("test", &desc, &ops, NULL);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	devices[i] = dev;
	return 0;
}

static int do_unregister(unsigned int i)
{
	if (!devices[i])
		return -EINVAL;
	sn_device_unregister(devices[i]);
	devices[i] = NULL;
	return 0;
}

static int do_lost(unsigned int i)
{
	if (!devices[i])
		return -EINVAL;
	sn_device_lost(devices[i]);
	return 0;
}

static int do_link(void)
{
	static const struct sn_link_desc desc = {
		.type = SN_LINK_TYPE_UALINK,
		.bytes_per_sec = { 1000 * 1000 * 1000, 1000 * 1000 * 1000 },
	};

	if (!devices[0] || !devices[1])
		return -EINVAL;
	return sn_device_link(devices[0], devices[1], &desc);
}

static int do_offer(bool offer)
{
	int err = 0;

	if (offered == offer)
		return -EINVAL;
	if (offer)
		err = sn_backend_register(&backend);
	else
		sn_backend_unregister(&backend);
	if (!err)
		offered = offer;
	return err;
}

static int do_end(unsigned int times)
{
	struct sn_copy *copy = take(&copies);

	if (!copy)
		return -EINVAL;
	/* The caller sees to it that nothing else takes the copy's place meanwhile. */
	sn_copy_done(copy, sn_copy_by_cpu(copy));
	while (--times)
		sn_copy_done(copy, 0);
	return 0;
}

static int do_hold(bool hold)
{
	WRITE_ONCE(held, hold);
	if (!hold)
		schedule_work(&work);
	return 0;
}

static int command(const char *line)
{
	char device;
	int value;

	if (sscanf(line, "register %c", &device) == 1 && (device == 'A' || device == 'B'))
		return do_register(device - 'A');
	if (sscanf(line, "unregister %c", &device) == 1 && (device == 'A' || device == 'B'))
		return do_unregister(device - 'A');
	if (sscanf(line, "lost %c", &device) == 1 && (device == 'A' || device == 'B'))
		return do_lost(device - 'A');
	if (sscanf(line, "hold %d", &value) == 1)
		return do_hold(value);
	if (!strcmp(line, "link"))
		return do_link();
	if (!strcmp(line, "backend"))
		return do_offer(true);
	if (!strcmp(line, "nobackend"))
		return do_offer(false);
	if (!strcmp(line, "done"))
		return do_end(1);
	if (!strcmp(line, "twice"))
		return do_end(2);
	return -EINVAL;
}

static ssize_t control_write(struct file *file, const char __user *user, size_t length,
			     loff_t *pos)
{
	char line[32] = "";
	int err;

	if (length >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, length))
		return -EFAULT;
	mutex_lock(&control_lock);
	err = command(strim(line));
	mutex_unlock(&control_lock);
	return err ?: length;
}

static int control_show(struct seq_file *seq, void *unused)
{
	struct sn_copy *copy;
	unsigned int n = 0;

	spin_lock(&copies_lock);
	list_for_each_entry(copy, &copies, node)
		n++;
	spin_unlock(&copies_lock);
	seq_printf(seq, "%u\n", n);
	return 0;
}

static int control_open(struct inode *inode, struct file *file)
{
	return single_open(file, control_show, NULL);
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.read = seq_read,
	.write = control_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init vendor_init(void)
{
	dir = debugfs_create_dir("sn_test_vendor", NULL);
	debugfs_create_file("control", 0600, dir, NULL, &control_fops);
	return 0;
}

static void __exit vendor_exit(void)
{
	unsigned int i;

	debugfs_remove(dir);
	do_hold(false);
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		do_unregister(i);
	do_offer(false);
	cancel_work_sync(&work);
}

module_init(vendor_init);
module_exit(vendor_exit);
MODULE_DESCRIPTION("supernode tests: a vendor's driver that does as it is told");
MODULE_LICENSE("GPL");
