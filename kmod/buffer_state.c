// SPDX-License-Identifier: GPL-2.0-only
/*
 * The states of a buffer: who may use its pages, and the day they are lost.
 *
 *   PENDING -> READY or FAILED; PENDING or READY -> LOST
 *
 * The pages are there from READY on and stay, LOST or not, until the dma-buf is
 * released: importers and engines may still hold them. Lives under state_lock;
 * why that is enough against faults is told in buffer_mmap.c.
 */
#include "buffer_object.h"

#include <linux/fs.h>
#include <linux/mm.h>

#include "buffer_mem.h"
#include "event.h"
#include "netlink.h"

/**
 * sn_buffer_state() - the state of a buffer
 * @buffer: whose
 *
 * Context: Any.
 * Return: it; after READY sn_buffer_mem() is valid.
 */
enum sn_buffer_state sn_buffer_state(const struct sn_buffer *buffer)
{
	/* Pairs with sn_buffer_publish(). */
	return smp_load_acquire(&buffer->state);
}

/**
 * sn_buffer_usable() - may the pages be used?
 * @buffer: whose
 * @extack: the reason why not; may be NULL
 *
 * Context: Any.
 * Return: 0, -EAGAIN while PENDING, -ENOMEM when FAILED, -ENODEV when LOST.
 */
int sn_buffer_usable(const struct sn_buffer *buffer, struct netlink_ext_ack *extack)
{
	switch (sn_buffer_state(buffer)) {
	case SN_BUFFER_STATE_READY:
		return 0;
	case SN_BUFFER_STATE_PENDING:
		sn_extack(extack, "buffer is not ready yet", "its completion record is to come");
		return -EAGAIN;
	case SN_BUFFER_STATE_FAILED:
		sn_extack(extack, "buffer has no memory", "its allocation failed");
		return -ENOMEM;
	default:
		sn_extack(extack, "buffer is lost", "its device is gone");
		return -ENODEV;
	}
}

/**
 * sn_buffer_pin() - begin to use the pages for a transfer
 * @buffer: whose dma-buf is held until sn_buffer_unpin()
 * @extack: the reason of a refusal
 *
 * Context: Any.
 * Return: as sn_buffer_usable().
 */
int sn_buffer_pin(struct sn_buffer *buffer, struct netlink_ext_ack *extack)
{
	int ret = sn_buffer_usable(buffer, extack);

	if (!ret)
		atomic_inc(&buffer->pins);
	return ret;
}

/**
 * sn_buffer_unpin() - end the use of the pages
 * @buffer: as in sn_buffer_pin()
 *
 * Context: Any.
 */
void sn_buffer_unpin(struct sn_buffer *buffer)
{
	atomic_dec(&buffer->pins);
}

/**
 * sn_buffer_mem() - the pages of a buffer
 * @buffer: pinned
 *
 * Context: Any.
 * Return: them.
 */
const struct sn_mem *sn_buffer_mem(const struct sn_buffer *buffer)
{
	return &buffer->mem;
}

static void buffer_event(const struct sn_buffer *buffer)
{
	sn_event_buffer(buffer->id, sn_buffer_state(buffer), buffer->bytes);
}

/**
 * sn_buffer_publish() - end PENDING
 * @buffer: which
 * @mem: its pages when @status is 0; taken over, freed when the buffer is LOST by now
 * @status: 0, or the error that makes it FAILED
 *
 * Context: Process context.
 * Return: what became of it: 0, @status, or -ENODEV when it is LOST.
 */
int sn_buffer_publish(struct sn_buffer *buffer, struct sn_mem *mem, int status)
{
	might_sleep();
	lockdep_assert_not_held(&buffer->state_lock);
	down_write(&buffer->state_lock);
	if (buffer->state != SN_BUFFER_STATE_PENDING) {
		status = -ENODEV;
	} else if (status) {
		WRITE_ONCE(buffer->state, SN_BUFFER_STATE_FAILED);
	} else {
		buffer->mem = *mem;
		/* Pairs with sn_buffer_state(): who sees READY sees the pages. */
		smp_store_release(&buffer->state, SN_BUFFER_STATE_READY);
	}
	up_write(&buffer->state_lock);

	if (status)
		sn_mem_free(mem);
	if (status != -ENODEV)
		buffer_event(buffer);
	return status;
}

static void buffer_lose(struct sn_buffer *buffer)
{
	struct file *file = NULL;
	bool lost;

	down_write(&buffer->state_lock);
	lost = buffer->state == SN_BUFFER_STATE_PENDING || buffer->state == SN_BUFFER_STATE_READY;
	if (lost) {
		/* Pairs with sn_buffer_state(): who sees LOST sees whether there are pages. */
		smp_store_release(&buffer->state, SN_BUFFER_STATE_LOST);
	}
	up_write(&buffer->state_lock);
	if (!lost)
		return;

	/*
	 * The file may be on its way out, and then so is its address space. But a
	 * mapping holds it, and without one there is nothing to unmap: one that
	 * comes later faults on a buffer that is LOST.
	 */
	spin_lock(&buffer->map_lock);
	if (buffer->mappings)
		file = get_file(buffer->dmabuf->file);
	spin_unlock(&buffer->map_lock);
	if (file) {
		unmap_mapping_range(file->f_mapping, 0, 0, 1);
		fput(file);
	}
	buffer_event(buffer);
}

/**
 * sn_buffers_lost() - turn all buffers of a device to LOST
 * @dev: not live any more
 *
 * Context: Process context, no lock held.
 */
void sn_buffers_lost(struct sn_device *dev)
{
	struct sn_buffer *buffer;
	u64 id = 0;

	might_sleep();
	/* Pairs with buffer_enter(): either it sees the device's state or we see the buffer. */
	smp_mb();
	while ((buffer = sn_buffer_get_next(id))) {
		id = buffer->id + 1;
		if (buffer->dev == dev)
			buffer_lose(buffer);
		sn_buffer_put(buffer);
	}
}

