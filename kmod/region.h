/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes of a region: who may have them, and where. The pages behind them are
 * buffer_mem's. struct sn_region is in device.h.
 */
#ifndef _SN_REGION_H
#define _SN_REGION_H

#include <linux/types.h>

struct netlink_ext_ack;
struct sn_region;

/* @bytes: a multiple of the region's page_bytes, at least one. */
int sn_region_take(struct sn_region *region, u64 bytes, u64 *offset,
		   struct netlink_ext_ack *extack);
void sn_region_give(struct sn_region *region, u64 bytes, u64 offset);
void sn_region_space(struct sn_region *region, u64 *free_bytes, u64 *largest_free_bytes);

#endif /* _SN_REGION_H */
