/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Candidate paths between two devices, resolved to links and devices that the
 * holder keeps alive. Searched on a copy of the graph, outside all locks, and
 * cached until the structure or a link's state changes.
 */
#ifndef _SN_PATH_H
#define _SN_PATH_H

#include <linux/kref.h>
#include <linux/supernode.h>

#define SN_PATHS_MAX		8
#define SN_STAGES_MAX		4
#define SN_HOPS_MAX		16

/**
 * struct sn_hop - one link crossed in one direction
 * @link: referenced by the set
 * @dir: 0 a to b, 1 b to a
 */
struct sn_hop {
	struct sn_link *link;
	u8 dir;
};

/**
 * struct sn_stage - one DMA: from memory of one device to memory of another
 * @from: referenced by the set
 * @to: referenced by the set; equal to @from for a copy inside a device
 * @first_hop: index into the path's hops
 * @nhops: 0 for a copy inside a device
 */
struct sn_stage {
	struct sn_device *from;
	struct sn_device *to;
	u8 first_hop;
	u8 nhops;
};

struct sn_path {
	u64 bytes_per_sec;	/* of the narrowest link, 0 when there is no link */
	u64 latency_ns;		/* sum over the links */
	u8 nstages;
	u8 nhops;
	struct sn_stage stages[SN_STAGES_MAX];
	struct sn_hop hops[SN_HOPS_MAX];
};

/**
 * struct sn_path_set - the answer for one pair of devices
 * @ref: whoever got it
 * @generation: of the structure it was searched in
 * @reason: SN_PATH_REASON_OK, or why @npaths is 0
 * @culprit: id of the device or link that @reason is about, 0 if none
 * @npaths: valid entries in @paths, widest first
 * @paths: the candidates
 */
struct sn_path_set {
	struct kref ref;
	u64 generation;
	enum sn_path_reason reason;
	u32 culprit;
	u32 npaths;
	struct sn_path paths[SN_PATHS_MAX];
};

int sn_path_init(void);
void sn_path_exit(void);
/* k in 1..SN_PATHS_MAX. ERR_PTR(-ENOMEM) or a set, also when there is no path. */
struct sn_path_set *sn_path_find(u32 src_device, u32 dst_device, u32 k);
void sn_path_put(struct sn_path_set *set);
/* Called by link and topology when what was found may be wrong now. */
void sn_path_invalidate(void);
const char *sn_path_reason_text(enum sn_path_reason reason);

#endif /* _SN_PATH_H */
