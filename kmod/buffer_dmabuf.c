// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as other drivers see it: attach, map for DMA, map into the kernel,
 * synchronise for the CPU. Everything is pinned for as long as it is attached
 * or mapped, as stock kernels have no way to take it back.
 *
 * Lives under the buffer's importer_lock. The map calls come with the dma-buf's
 * reservation held on newer kernels and without on older ones, so it is neither
 * asserted nor taken here. Nothing is allocated under it: dma_resv, importer_lock.
 */
#include "buffer_object.h"

#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/**
 * struct sn_dma_mapping - one answer to map_dma_buf
 * @sgt: what the importer holds
 * @node: on sn_buffer.dma_mappings
 * @dev: it is mapped for
 * @direction: as asked for
 */
struct sn_dma_mapping {
	struct sg_table sgt;
	struct list_head node;
	struct device *dev;
	enum dma_data_direction direction;
};

static int buffer_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct sn_buffer *buffer = dmabuf->priv;
	struct sn_importer *importer;
	int ret;

	ret = sn_buffer_usable(buffer, NULL);
	if (ret)
		return ret;
	importer = kmalloc(sizeof(*importer), GFP_KERNEL);
	if (!importer)
		return -ENOMEM;
	importer->dev = attachment->dev;
	attachment->priv = importer;
	mutex_lock(&buffer->importer_lock);
	list_add_tail(&importer->node, &buffer->importers);
	mutex_unlock(&buffer->importer_lock);
	return 0;
}

static void buffer_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct sn_buffer *buffer = dmabuf->priv;
	struct sn_importer *importer = attachment->priv;

	mutex_lock(&buffer->importer_lock);
	list_del(&importer->node);
	mutex_unlock(&buffer->importer_lock);
	kfree(importer);
}

static struct sg_table *buffer_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	struct sn_buffer *buffer = attachment->dmabuf->priv;
	struct sn_dma_mapping *mapping;
	int ret;

	ret = sn_buffer_usable(buffer, NULL);
	if (ret)
		return ERR_PTR(ret);
	/* The scatterlist interface counts pages in an unsigned int. */
	if (buffer->mem.npages > UINT_MAX)
		return ERR_PTR(-E2BIG);
	mapping = kmalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = attachment->dev;
	mapping->direction = direction;
	ret = sg_alloc_table_from_pages_segment(&mapping->sgt, buffer->mem.pages,
						buffer->mem.npages, 0, buffer->bytes,
						dma_get_max_seg_size(mapping->dev), GFP_KERNEL);
	if (ret)
		goto err_free_mapping;
	ret = dma_map_sgtable(mapping->dev, &mapping->sgt, direction, 0);
	if (ret)
		goto err_free_table;
	mutex_lock(&buffer->importer_lock);
	list_add_tail(&mapping->node, &buffer->dma_mappings);
	mutex_unlock(&buffer->importer_lock);
	return &mapping->sgt;

err_free_table:
	sg_free_table(&mapping->sgt);
err_free_mapping:
	kfree(mapping);
	return ERR_PTR(ret);
}

static void buffer_unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			 enum dma_data_direction direction)
{
	struct sn_dma_mapping *mapping = container_of(sgt, struct sn_dma_mapping, sgt);
	struct sn_buffer *buffer = attachment->dmabuf->priv;

	mutex_lock(&buffer->importer_lock);
	list_del(&mapping->node);
	mutex_unlock(&buffer->importer_lock);
	dma_unmap_sgtable(mapping->dev, sgt, direction, 0);
	sg_free_table(sgt);
	kfree(mapping);
}

static int buffer_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct sn_buffer *buffer = dmabuf->priv;
	struct sn_dma_mapping *mapping;
	int ret;

	ret = sn_buffer_usable(buffer, NULL);
	if (ret)
		return ret;
	mutex_lock(&buffer->importer_lock);
	list_for_each_entry(mapping, &buffer->dma_mappings, node)
		dma_sync_sgtable_for_cpu(mapping->dev, &mapping->sgt, mapping->direction);
	mutex_unlock(&buffer->importer_lock);
	return 0;
}

static int buffer_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct sn_buffer *buffer = dmabuf->priv;
	struct sn_dma_mapping *mapping;
	int ret;

	ret = sn_buffer_usable(buffer, NULL);
	if (ret)
		return ret;
	mutex_lock(&buffer->importer_lock);
	list_for_each_entry(mapping, &buffer->dma_mappings, node)
		dma_sync_sgtable_for_device(mapping->dev, &mapping->sgt, mapping->direction);
	mutex_unlock(&buffer->importer_lock);
	return 0;
}

/*
 * The dma-buf core asks once for any number of users and gives back after the last. It warns of a
 * refusal, so who could attach is not refused for what was lost since: the pages stay as long as
 * the dma-buf, and an older mapping shows them as well.
 */
static int buffer_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct sn_buffer *buffer = dmabuf->priv;
	void *vaddr;
	int ret;

	ret = sn_buffer_usable(buffer, NULL);
	if (ret && !(ret == -ENODEV && buffer->mem.npages))
		return ret;
	if (buffer->mem.npages > UINT_MAX)
		return -E2BIG;
	vaddr = vmap(buffer->mem.pages, buffer->mem.npages, VM_MAP, PAGE_KERNEL);
	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static void buffer_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

/* Also what tells a dma-buf of ours from others. */
const struct dma_buf_ops sn_buffer_dmabuf_ops = {
	.attach = buffer_attach,
	.detach = buffer_detach,
	.map_dma_buf = buffer_map,
	.unmap_dma_buf = buffer_unmap,
	.begin_cpu_access = buffer_begin_cpu_access,
	.end_cpu_access = buffer_end_cpu_access,
	.mmap = sn_buffer_mmap,
	.vmap = buffer_vmap,
	.vunmap = buffer_vunmap,
	.release = sn_buffer_release,
};
