/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SN_TENANT_H
#define _SN_TENANT_H

#include <linux/atomic.h>
#include <linux/types.h>

struct netlink_ext_ack;

/* Limits of tenant 0; module parameters sessions_max and buffers_max. */
extern unsigned int sn_sessions_max;
extern unsigned int sn_buffers_max;

/**
 * struct sn_tenant - who pays
 * @id: 0 is the administrator's
 * @partition: whose devices it sees
 * @name: for people
 * @sessions: open
 * @buffers: live
 * @buffer_bytes: live
 */
struct sn_tenant {
	u32 id;
	u32 partition;
	const char *name;
	atomic_t sessions;
	atomic_t buffers;
	atomic64_t buffer_bytes;
};

/* The caller's tenant, or ERR_PTR(-EACCES) and the reason in extack. */
struct sn_tenant *sn_tenant_of_current(bool admin, struct netlink_ext_ack *extack);
struct sn_tenant *sn_tenant_by_id(u32 id);
/* The tenant with the lowest id from @id on, or NULL. */
struct sn_tenant *sn_tenant_from(u32 id);

#endif /* _SN_TENANT_H */
