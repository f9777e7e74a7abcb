// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tenants: who pays. There is one, the administrator's; nobody else can be bound to one yet.
 * Which memory and transfers count against its limits is decided where those are made.
 *
 * Lock: none; counters are atomics, the rest never changes.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/netlink.h>

#include "tenant.h"

unsigned int sn_sessions_max = 4096;
module_param_named(sessions_max, sn_sessions_max, uint, 0644);
MODULE_PARM_DESC(sessions_max, "Sessions that tenant 0 may have open");

unsigned int sn_buffers_max = 1 << 20;
module_param_named(buffers_max, sn_buffers_max, uint, 0644);
MODULE_PARM_DESC(buffers_max, "Live buffers that tenant 0 may have");

static struct sn_tenant root_tenant = {
	.id = 0,
	.partition = 0,
	.name = "root",
};

/**
 * sn_tenant_of_current() - who pays for what the caller does
 * @admin: the caller is the administrator, by the socket's rules
 * @extack: gets the sentence of a refusal; may be NULL
 *
 * Context: Any.
 * Return: the tenant, which never goes away, or ERR_PTR(-EACCES).
 */
struct sn_tenant *sn_tenant_of_current(bool admin, struct netlink_ext_ack *extack)
{
	if (admin)
		return &root_tenant;
	NL_SET_ERR_MSG(extack, "no tenant is bound to the caller, and it lacks CAP_SYS_ADMIN");
	return ERR_PTR(-EACCES);
}

/**
 * sn_tenant_by_id() - find a tenant
 * @id: stable id
 *
 * Context: Any.
 * Return: the tenant, which never goes away, or NULL.
 */
struct sn_tenant *sn_tenant_by_id(u32 id)
{
	return id == root_tenant.id ? &root_tenant : NULL;
}

/**
 * sn_tenant_from() - list tenants
 * @id: lowest id of interest
 *
 * Context: Any.
 * Return: the tenant with the lowest id from @id on, or NULL.
 */
struct sn_tenant *sn_tenant_from(u32 id)
{
	return id <= root_tenant.id ? &root_tenant : NULL;
}
