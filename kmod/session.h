/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session: a tenant's open door. Its fd owns its transfers and gives their
 * completion records.
 */
#ifndef _SN_SESSION_H
#define _SN_SESSION_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/supernode.h>
#include <linux/wait.h>
#include <linux/xarray.h>

struct file;
struct netlink_ext_ack;
struct sn_tenant;

/**
 * struct sn_record - a completion record on its way to the reader
 * @node: on the session's list from sn_session_post() to the read
 * @completion: what is read
 * @release: called once, when it was read or the session is gone
 */
struct sn_record {
	struct list_head node;
	struct sn_completion completion;
	void (*release)(struct sn_record *record);
};

/**
 * struct sn_session - limits, transfers and completion records of one holder
 * @ref: held by the file, by unfinished transfers and by pending allocations
 * @id: for dumps and events, confers nothing
 * @tenant: who pays
 * @default_class: of transfers that state none
 * @closed: the file is gone; records are released, not listed
 * @lock: protects @records, @reserved, @closed
 * @records: finished and unread, oldest first
 * @reserved: records promised or listed, up to @records_max
 * @records_max: limit of @reserved
 * @transfers: unfinished and unread, by id; its own lock
 * @live: transfers whose resources are not released yet
 * @wait: pollers, readers, and the last close
 */
struct sn_session {
	struct kref ref;
	u32 id;
	struct sn_tenant *tenant;
	enum sn_class default_class;
	bool closed;
	spinlock_t lock;		/* see @lock above */
	struct list_head records;
	u32 reserved;
	u32 records_max;
	struct xarray transfers;
	atomic_t live;
	wait_queue_head_t wait;
};

struct file *sn_session_open(struct sn_tenant *tenant, enum sn_class default_class,
			     struct netlink_ext_ack *extack);
/* NULL when @file is not a session. Valid while @file is held. */
struct sn_session *sn_session_from_file(struct file *file);
struct sn_session *sn_session_get(struct sn_session *session);
void sn_session_put(struct sn_session *session);
u32 sn_session_count(void);

/* A record must be reserved before it is posted, and unreserved if it never is. */
int sn_session_reserve(struct sn_session *session, struct netlink_ext_ack *extack);
void sn_session_unreserve(struct sn_session *session);
/* Any context but hard interrupt. Takes over @record. */
void sn_session_post(struct sn_session *session, struct sn_record *record);

#endif /* _SN_SESSION_H */
