// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer in a process: shared mappings of single page frames that the kernel
 * never touches behind the buffer's back (VM_PFNMAP: no page references, no
 * swap, no NUMA balancing, no copy on write).
 *
 * Locks. A fault holds state_lock for reading from its look at the state until
 * the entry is in the page table. Turning the buffer LOST takes it for writing
 * just to change the state, and unmaps when it has let go: a fault that saw the
 * old state has its entry in place by then and so loses it, and every later one
 * sees LOST and inserts the page of zeroes. Nothing is missed, and no lock is
 * held over unmap_mapping_range(), which takes i_mmap_rwsem. A fault allocates
 * page tables under state_lock: mmap_lock, state_lock, fs_reclaim.
 */
#include "buffer_object.h"

#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

/* Pages to map at a fault: 256 KiB, aligned. */
#define FAULT_PAGES 64UL

/* What a mapping shows of page @index now. Caller holds state_lock. */
static struct page *page_shown(const struct sn_buffer *buffer, unsigned long index)
{
	lockdep_assert_held(&buffer->state_lock);

	if (buffer->state == SN_BUFFER_STATE_LOST)
		return buffer->lost_page;
	if (buffer->state != SN_BUFFER_STATE_READY || index >= buffer->mem.npages)
		return NULL;
	return buffer->mem.pages[index];
}

static vm_fault_t insert_page(struct vm_fault *vmf, unsigned long index)
{
	struct vm_area_struct *vma = vmf->vma;
	const struct sn_buffer *buffer = vma->vm_private_data;
	struct page *page = page_shown(buffer, index);

	if (!page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vma, vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT),
			      page_to_pfn(page));
}

static vm_fault_t buffer_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct sn_buffer *buffer = vma->vm_private_data;
	unsigned long first = max(vmf->pgoff & ~(FAULT_PAGES - 1), vma->vm_pgoff);
	unsigned long end = min((vmf->pgoff | (FAULT_PAGES - 1)) + 1,
				vma->vm_pgoff + vma_pages(vma));
	unsigned long index;
	vm_fault_t ret;

	down_read(&buffer->state_lock);
	ret = insert_page(vmf, vmf->pgoff);
	/* The neighbours are a favour: the first that fails ends it. */
	for (index = first; ret == VM_FAULT_NOPAGE && index < end; index++)
		if (index != vmf->pgoff && insert_page(vmf, index) != VM_FAULT_NOPAGE)
			break;
	up_read(&buffer->state_lock);
	return ret;
}

/* For debuggers, which cannot follow page frames by themselves. */
static int buffer_access(struct vm_area_struct *vma, unsigned long addr, void *data, int bytes,
			 int write)
{
	struct sn_buffer *buffer = vma->vm_private_data;
	unsigned long index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	unsigned long offset = offset_in_page(addr);
	struct page *page;
	void *vaddr;

	mmap_assert_locked(vma->vm_mm);
	bytes = min_t(unsigned long, bytes, PAGE_SIZE - offset);
	down_read(&buffer->state_lock);
	page = page_shown(buffer, index);
	if (page) {
		vaddr = kmap_local_page(page);
		if (write)
			memcpy(vaddr + offset, data, bytes);
		else
			memcpy(data, vaddr + offset, bytes);
		kunmap_local(vaddr);
	}
	up_read(&buffer->state_lock);
	return page ? bytes : -EFAULT;
}

static void buffer_vm_open(struct vm_area_struct *vma)
{
	struct sn_buffer *buffer = vma->vm_private_data;

	spin_lock(&buffer->map_lock);
	buffer->mappings++;
	spin_unlock(&buffer->map_lock);
}

static void buffer_vm_close(struct vm_area_struct *vma)
{
	struct sn_buffer *buffer = vma->vm_private_data;

	spin_lock(&buffer->map_lock);
	buffer->mappings--;
	spin_unlock(&buffer->map_lock);
}

static const struct vm_operations_struct buffer_vm_ops = {
	.open = buffer_vm_open,
	.close = buffer_vm_close,
	.fault = buffer_fault,
	.access = buffer_access,
};

/*
 * The page that mappings show when the buffer is lost: its own, so that what is
 * written to it reaches nobody else. It is there before the first mapping is, as
 * the day it is needed may be one without memory.
 */
static int provide_lost_page(struct sn_buffer *buffer)
{
	struct mem_cgroup *before;
	struct page *page;

	if (READ_ONCE(buffer->lost_page))
		return 0;
	before = set_active_memcg(buffer->memcg);
	page = alloc_page(GFP_USER | __GFP_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL |
			  __GFP_ZERO);
	set_active_memcg(before);
	if (!page)
		return -ENOMEM;
	if (cmpxchg(&buffer->lost_page, NULL, page))
		__free_page(page);
	return 0;
}

/**
 * sn_buffer_mmap() - dma_buf_ops.mmap
 * @dmabuf: of a buffer
 * @vma: to set up; its range is checked, its file holds @dmabuf
 *
 * Context: Process context, mmap_lock held for writing.
 * Return: 0; -EINVAL for MAP_PRIVATE or a bad range, -EAGAIN while pending.
 */
int sn_buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct sn_buffer *buffer = dmabuf->priv;
	unsigned long npages = buffer->bytes >> PAGE_SHIFT;
	int ret;

	mmap_assert_write_locked(vma->vm_mm);
	/* Of a read-only fd a shared mapping lacks VM_SHARED, but has this. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff > npages || vma_pages(vma) > npages - vma->vm_pgoff)
		return -EINVAL;
	ret = sn_buffer_usable(buffer, NULL);
	/* A lost one is mapped like those that were mapped before it was. */
	if (ret && ret != -ENODEV)
		return ret;
	ret = provide_lost_page(buffer);
	if (ret)
		return ret;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = buffer;
	vma->vm_ops = &buffer_vm_ops;
	buffer_vm_open(vma);
	return 0;
}
