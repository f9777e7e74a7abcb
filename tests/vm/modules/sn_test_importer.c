// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Test only: another driver that imports a dma-buf and keeps hold of it.
 *
 * One buffer at a time, by commands written to
 * /sys/kernel/debug/sn_test_importer/control:
 *
 *	attach FD	take a reference and attach
 *	map		map for DMA, in both directions
 *	vmap		map into the kernel's address space
 *	vmap-once	the same by the exporter's own hand, and back: dma_buf_vmap() warns of an
 *			exporter that finds no memory
 *	checksum	CRC-32 of the contents, by each mapping there is
 *	unmap, vunmap	undo
 *	detach		undo all of it and drop the reference
 *
 * Reading it gives the state as one JSON object. What is still held when the
 * module goes is released then. A step in the wrong order gets -EINVAL, a
 * second attach -EBUSY.
 *
 * Lock: importer.lock, for everything; outermost.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static struct importer {
	struct mutex lock;	/* everything below */
	struct platform_device *pdev;
	struct dentry *dir;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct iosys_map map;
	bool vmapped;
	bool have_crc_map, have_crc_vmap;
	u32 crc_map, crc_vmap;
} importer;

static int do_attach(int fd)
{
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;

	if (importer.dmabuf)
		return -EBUSY;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, &importer.pdev->dev);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	importer.dmabuf = dmabuf;
	importer.attach = attach;
	return 0;
}

static int do_map(void)
{
	struct sg_table *sgt;

	if (!importer.attach || importer.sgt)
		return -EINVAL;
	sgt = dma_buf_map_attachment_unlocked(importer.attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	importer.sgt = sgt;
	return 0;
}

static int do_unmap(void)
{
	if (!importer.sgt)
		return -EINVAL;
	dma_buf_unmap_attachment_unlocked(importer.attach, importer.sgt, DMA_BIDIRECTIONAL);
	importer.sgt = NULL;
	importer.have_crc_map = false;
	return 0;
}

static int do_vmap(void)
{
	int err;

	if (!importer.attach || importer.vmapped)
		return -EINVAL;
	err = dma_buf_vmap_unlocked(importer.dmabuf, &importer.map);
	importer.vmapped = !err;
	return err;
}

static int do_vmap_once(void)
{
	struct dma_buf *dmabuf = importer.dmabuf;
	struct iosys_map map;
	int err;

	if (!importer.attach || importer.vmapped)
		return -EINVAL;
	dma_resv_lock(dmabuf->resv, NULL);
	err = dmabuf->ops->vmap(dmabuf, &map);
	if (!err)
		dmabuf->ops->vunmap(dmabuf, &map);
	dma_resv_unlock(dmabuf->resv);
	return err;
}

static int do_vunmap(void)
{
	if (!importer.vmapped)
		return -EINVAL;
	dma_buf_vunmap_unlocked(importer.dmabuf, &importer.map);
	importer.vmapped = false;
	importer.have_crc_vmap = false;
	return 0;
}

static int do_detach(void)
{
	if (!importer.attach)
		return -EINVAL;
	do_vunmap();
	do_unmap();
	dma_buf_detach(importer.dmabuf, importer.attach);
	dma_buf_put(importer.dmabuf);
	importer.attach = NULL;
	importer.dmabuf = NULL;
	return 0;
}

/* As the programs count it. The kernel has a faster one, where something else needs it. */
static u32 crc32_add(u32 crc, const u8 *data, size_t bytes)
{
	int bit;

	while (bytes--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/* What a device would read, by the addresses a device would use. */
static int crc_of_map(u32 *crc)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&importer.pdev->dev);
	size_t left = importer.dmabuf->size;
	struct scatterlist *sg;
	int i;

	*crc = ~0;
	for_each_sgtable_dma_sg(importer.sgt, sg, i) {
		dma_addr_t at = sg_dma_address(sg);
		dma_addr_t end = at + sg_dma_len(sg);

		while (at < end && left) {
			size_t bytes = min3((size_t)(end - at), left,
					    PAGE_SIZE - offset_in_page(at));
			phys_addr_t phys = domain ? iommu_iova_to_phys(domain, at) : at;

			if (!pfn_valid(PHYS_PFN(phys)))
				return -EFAULT;
			*crc = crc32_add(*crc, phys_to_virt(phys), bytes);
			at += bytes;
			left -= bytes;
		}
	}
	*crc ^= ~0;
	return left ? -EFAULT : 0;
}

static int do_checksum(void)
{
	int err, end_err;

	if (!importer.sgt && !importer.vmapped)
		return -EINVAL;
	err = dma_buf_begin_cpu_access(importer.dmabuf, DMA_FROM_DEVICE);
	if (err)
		return err;
	if (importer.vmapped) {
		if (importer.map.is_iomem)
			err = -EOPNOTSUPP;
		else
			importer.crc_vmap = crc32_add(~0, importer.map.vaddr,
						      importer.dmabuf->size) ^ ~0;
		importer.have_crc_vmap = !err;
	}
	if (!err && importer.sgt) {
		err = crc_of_map(&importer.crc_map);
		importer.have_crc_map = !err;
	}
	end_err = dma_buf_end_cpu_access(importer.dmabuf, DMA_FROM_DEVICE);
	return err ?: end_err;
}

static int command(char *line)
{
	int fd;

	if (sscanf(line, "attach %d", &fd) == 1)
		return do_attach(fd);
	if (!strcmp(line, "map"))
		return do_map();
	if (!strcmp(line, "unmap"))
		return do_unmap();
	if (!strcmp(line, "vmap"))
		return do_vmap();
	if (!strcmp(line, "vmap-once"))
		return do_vmap_once();
	if (!strcmp(line, "vunmap"))
		return do_vunmap();
	if (!strcmp(line, "checksum"))
		return do_checksum();
	if (!strcmp(line, "detach"))
		return do_detach();
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
	mutex_lock(&importer.lock);
	err = command(strim(line));
	mutex_unlock(&importer.lock);
	return err ?: length;
}

static int control_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&importer.lock);
	seq_printf(seq, "{\"device\": \"%s\", \"attached\": %s, \"mapped\": %s, \"vmapped\": %s",
		   dev_name(&importer.pdev->dev), importer.attach ? "true" : "false",
		   importer.sgt ? "true" : "false", importer.vmapped ? "true" : "false");
	if (importer.dmabuf)
		seq_printf(seq, ", \"bytes\": %zu", importer.dmabuf->size);
	if (importer.sgt)
		seq_printf(seq, ", \"entries\": %u", importer.sgt->nents);
	if (importer.have_crc_map)
		seq_printf(seq, ", \"crc_map\": \"%08x\"", importer.crc_map);
	if (importer.have_crc_vmap)
		seq_printf(seq, ", \"crc_vmap\": \"%08x\"", importer.crc_vmap);
	seq_puts(seq, "}\n");
	mutex_unlock(&importer.lock);
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

static int __init importer_init(void)
{
	int err;

	mutex_init(&importer.lock);
	importer.pdev = platform_device_register_simple("sn_test_importer", PLATFORM_DEVID_NONE,
							NULL, 0);
	if (IS_ERR(importer.pdev))
		return PTR_ERR(importer.pdev);
	err = dma_coerce_mask_and_coherent(&importer.pdev->dev, DMA_BIT_MASK(64));
	if (err) {
		platform_device_unregister(importer.pdev);
		return err;
	}
	importer.dir = debugfs_create_dir("sn_test_importer", NULL);
	debugfs_create_file("control", 0600, importer.dir, NULL, &control_fops);
	return 0;
}

static void __exit importer_exit(void)
{
	debugfs_remove(importer.dir);
	do_detach();
	platform_device_unregister(importer.pdev);
}

module_init(importer_init);
module_exit(importer_exit);
MODULE_DESCRIPTION("supernode tests: a foreign importer of dma-bufs");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_IMPORT_NS("DMA_BUF");
