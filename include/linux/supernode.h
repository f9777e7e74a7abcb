/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vendor header: what a backend needs to join a super-node, and all of it.
 *
 * A backend describes a device (regions of memory, copy engines), registers it
 * and copies bytes when told to. The core does the rest: names and ids, buffers
 * and their fds, paths, slices, classes, completion and fences.
 *
 * What the core guarantees
 *  - submit() is called with no lock held by the core, in process context, and
 *    never for more copies per engine than channels * depth at once.
 *  - The pages behind a copy stay allocated until sn_copy_done() was called for
 *    it, whatever happens to the fds, the processes or the device.
 *  - destroy() and the return of sn_device_unregister() come after the last
 *    copy is done and the last buffer in the device's regions has lost its
 *    backing or been released; no callback runs after them.
 *
 * What a backend guarantees
 *  - Every copy that submit() accepted ends in exactly one sn_copy_done(), and
 *    nothing is written to its destination after that call.
 *  - After abort() the call comes within SN_ABORT_LIMIT_NS.
 *  - submit() and abort() do not sleep for long and never call sn_copy_done()
 *    themselves.
 */
#ifndef _LINUX_SUPERNODE_H
#define _LINUX_SUPERNODE_H

#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/types.h>
#include <uapi/linux/supernode.h>

struct module;
struct sn_device;

/* How long after abort() a copy may take to end. Then its device is given up. */
#define SN_ABORT_LIMIT_NS	(1000ULL * 1000 * 1000)

/**
 * struct sn_region_desc - memory of a device
 * @kind: what it is made of
 * @bytes: size, a multiple of @page_bytes
 * @page_bytes: granule of allocation, a power of two, at least PAGE_SIZE
 * @node: NUMA node that its pages come from, NUMA_NO_NODE for any
 * @ranged: an allocation is a contiguous range of the region, as in a device's
 *	own memory; otherwise only the bytes are counted
 */
struct sn_region_desc {
	enum sn_region_kind kind;
	u64 bytes;
	u32 page_bytes;
	int node;
	bool ranged;
};

/**
 * struct sn_engine_desc - something that copies
 * @channels: copies it works on at once, at least 1
 * @depth: copies it holds per channel, the one in work included, at least 1
 * @bytes_per_sec: of one channel, 0 when not known
 * @latency_ns: of one copy, bytes apart
 */
struct sn_engine_desc {
	u32 channels;
	u32 depth;
	u64 bytes_per_sec;
	u64 latency_ns;
};

/**
 * struct sn_device_desc - a device as its backend or the administrator states it
 * @name: unique among devices
 * @kind: what it is
 * @node: NUMA node it is closest to, or NUMA_NO_NODE
 * @ports: number of ports, up to SN_DEVICE_PORTS_MAX
 * @nregions: valid entries in @regions
 * @nengines: valid entries in @engines
 * @regions: its memory
 * @engines: its copy engines
 */
struct sn_device_desc {
	char name[SN_NAME_MAX + 1];
	enum sn_device_kind kind;
	int node;
	u32 ports;
	u32 nregions;
	u32 nengines;
	struct sn_region_desc regions[SN_DEVICE_REGIONS_MAX];
	struct sn_engine_desc engines[SN_DEVICE_ENGINES_MAX];
};

/**
 * struct sn_mem - pages that a copy reads or writes
 * @pages: one entry per PAGE_SIZE
 * @npages: their number
 */
struct sn_mem {
	struct page **pages;
	unsigned long npages;
};

/**
 * struct sn_copy - one copy, owned by the backend from submit() to sn_copy_done()
 * @src: where to read
 * @dst: where to write; never overlaps the source range
 * @src_offset: first byte in @src
 * @dst_offset: first byte in @dst
 * @bytes: length, at least 1
 * @aborted: set before abort() is called; a CPU copy looks at it now and then
 * @node: for the backend's own lists
 * @backend_data: for the backend
 */
struct sn_copy {
	const struct sn_mem *src;
	const struct sn_mem *dst;
	u64 src_offset;
	u64 dst_offset;
	u32 bytes;
	bool aborted;
	struct list_head node;
	u64 backend_data[2];
};

/**
 * struct sn_device_ops - what a device can be asked to do
 * @owner: module, held while a buffer of the device lives
 * @submit: start a copy on engine number @engine; 0, or a negative errno and
 *	the copy stays the core's. -ENODEV says that the device is gone for good
 * @abort: end a copy early; it may also have ended already
 *
 * All three are mandatory when the device has engines.
 */
struct sn_device_ops {
	struct module *owner;
	int (*submit)(void *priv, u32 engine, struct sn_copy *copy);
	void (*abort)(void *priv, u32 engine, struct sn_copy *copy);
};

/**
 * struct sn_link_desc - a cable between two registered devices
 * @type: kind of link
 * @bytes_per_sec: per direction, [0] first device to second; 0 = not that way
 * @latency_ns: per direction
 */
struct sn_link_desc {
	enum sn_link_type type;
	u64 bytes_per_sec[2];
	u64 latency_ns[2];
};

/**
 * struct sn_backend - creates devices that a topology states with its name
 * @name: the word after "backend:"
 * @owner: module, held while a device of it lives
 * @ops: of every device it creates
 * @check: is the description one it can create? 0, or a negative errno and a
 *	static sentence in @why. Changes nothing
 * @create: make the device and set *@priv; may sleep
 * @destroy: undo @create; the core has drained the device
 * @node: the core's
 */
struct sn_backend {
	const char *name;
	struct module *owner;
	const struct sn_device_ops *ops;
	int (*check)(const struct sn_device_desc *desc, const char **why);
	int (*create)(struct sn_device *dev, const struct sn_device_desc *desc, void **priv);
	void (*destroy)(struct sn_device *dev, void *priv);
	struct list_head node;
};

int sn_backend_register(struct sn_backend *backend);
void sn_backend_unregister(struct sn_backend *backend);

struct sn_device *sn_device_register(const char *backend, const struct sn_device_desc *desc,
				     const struct sn_device_ops *ops, void *priv);
void sn_device_unregister(struct sn_device *dev);
int sn_device_link(struct sn_device *a, struct sn_device *b, const struct sn_link_desc *desc);
void sn_device_lost(struct sn_device *dev);
const char *sn_device_name(const struct sn_device *dev);

void sn_copy_done(struct sn_copy *copy, int status);
int sn_copy_by_cpu(struct sn_copy *copy);

#endif /* _LINUX_SUPERNODE_H */
