/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages for buffers and for scratch: where from, how many, and not at any price. */
#ifndef _SN_BUFFER_MEM_H
#define _SN_BUFFER_MEM_H

#include <linux/nodemask.h>
#include <linux/supernode.h>

/**
 * struct sn_mem_source - where pages come from
 * @node: NUMA node, or NUMA_NO_NODE for any
 * @strict: from @node or not at all
 * @user: zeroed, and charged to the memcg in force
 * @nodes: nodes allowed; NULL means those of the caller
 * @stop: asked now and then; true gives up with -ECANCELED. May be NULL
 * @arg: for @stop
 */
struct sn_mem_source {
	int node;
	bool strict;
	bool user;
	const nodemask_t *nodes;
	bool (*stop)(void *arg);
	void *arg;
};

bool sn_mem_has_room(u64 bytes);
int sn_mem_alloc(struct sn_mem *mem, u64 bytes, const struct sn_mem_source *source);
void sn_mem_free(struct sn_mem *mem);

#endif /* _SN_BUFFER_MEM_H */
