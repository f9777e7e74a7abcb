// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: the fd, its completion records, its limits. What a transfer is and
 * how it ends is transfer.c's.
 *
 * Locking: session->lock (a spinlock, process and soft interrupt context is not
 * used, so plain) protects the record list and counters. It is a leaf.
 *
 * Lifetime: the file holds one reference, each transfer not yet released and
 * each pending buffer one more. Closing the file cancels the transfers and waits,
 * bounded, until their resources are released; what an engine will not let go of
 * by then goes on without the session's file.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "netlink.h"
#include "session.h"
#include "tenant.h"
#include "transfer.h"

/* Cancelling takes at most SN_ABORT_LIMIT_NS per engine, all at once. */
#define CLOSE_WAIT	(3 * HZ)

static unsigned int session_records_max = 4096;
module_param(session_records_max, uint, 0644);
MODULE_PARM_DESC(session_records_max, "unfinished plus unread transfers and buffers of a session");

static atomic_t session_count = ATOMIC_INIT(0);
static atomic_t session_ids = ATOMIC_INIT(0);

static void session_free(struct kref *ref)
{
	struct sn_session *session = container_of(ref, struct sn_session, ref);

	xa_destroy(&session->transfers);
	atomic_dec(&session->tenant->sessions);
	atomic_dec(&session_count);
	kfree(session);
}

/**
 * sn_session_get() - take a reference
 * @session: held already
 *
 * Context: Any.
 * Return: @session.
 */
struct sn_session *sn_session_get(struct sn_session *session)
{
	kref_get(&session->ref);
	return session;
}

/**
 * sn_session_put() - drop a reference
 * @session: held by the caller
 *
 * Context: Any but hard interrupt.
 */
void sn_session_put(struct sn_session *session)
{
	kref_put(&session->ref, session_free);
}

/**
 * sn_session_count() - sessions that exist
 *
 * Context: Any.
 * Return: their number, those whose file is closed and that still drain included.
 */
u32 sn_session_count(void)
{
	return atomic_read(&session_count);
}

/**
 * sn_session_reserve() - promise a place for a record
 * @session: held by the caller
 * @extack: for the refusal's sentence
 *
 * Context: Process.
 * Return: 0, or -EAGAIN when the session has its fill of unfinished and unread.
 */
int sn_session_reserve(struct sn_session *session, struct netlink_ext_ack *extack)
{
	int ret = 0;

	spin_lock(&session->lock);
	if (session->closed)
		ret = -EBADF;
	else if (session->reserved >= session->records_max)
		ret = -EAGAIN;
	else
		session->reserved++;
	spin_unlock(&session->lock);

	if (ret == -EAGAIN)
		sn_extack(extack,
			  "session has too many unfinished transfers and unread records",
			  "limit %u", session->records_max);
	else if (ret)
		NL_SET_ERR_MSG(extack, "session is closed");
	return ret;
}

/**
 * sn_session_unreserve() - give a reserved place back
 * @session: held by the caller
 *
 * Context: Any but interrupt.
 */
void sn_session_unreserve(struct sn_session *session)
{
	spin_lock(&session->lock);
	session->reserved--;
	spin_unlock(&session->lock);
}

/**
 * sn_session_post() - hand a record to the reader
 * @session: held by the caller
 * @record: reserved; its release() runs when it was read or cannot be any more
 *
 * Context: Any but interrupt. Does not allocate.
 */
void sn_session_post(struct sn_session *session, struct sn_record *record)
{
	bool closed;

	spin_lock(&session->lock);
	closed = session->closed;
	if (closed)
		session->reserved--;
	else
		list_add_tail(&record->node, &session->records);
	spin_unlock(&session->lock);

	if (closed)
		record->release(record);
	else
		wake_up_interruptible(&session->wait);
}

static struct sn_record *record_pop(struct sn_session *session)
{
	struct sn_record *record;

	spin_lock(&session->lock);
	record = list_first_entry_or_null(&session->records, struct sn_record, node);
	if (record) {
		list_del(&record->node);
		session->reserved--;
	}
	spin_unlock(&session->lock);
	return record;
}

static void record_unpop(struct sn_session *session, struct sn_record *record)
{
	spin_lock(&session->lock);
	list_add(&record->node, &session->records);
	session->reserved++;
	spin_unlock(&session->lock);
	/* Another reader may have gone to sleep on the empty list. */
	wake_up_interruptible(&session->wait);
}

static ssize_t session_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct sn_session *session = file->private_data;
	const size_t one = sizeof(struct sn_completion);
	struct sn_record *record;
	size_t done = 0;
	int ret;

	if (count < one)
		return -EINVAL;
	while (count - done >= one) {
		record = record_pop(session);
		if (!record) {
			if (done)
				break;
			if (file->f_flags & O_NONBLOCK)
				return -EAGAIN;
			ret = wait_event_interruptible(session->wait,
						       !list_empty_careful(&session->records));
			if (ret)
				return ret;
			continue;
		}
		if (copy_to_user(buf + done, &record->completion, one)) {
			record_unpop(session, record);
			return done ? done : -EFAULT;
		}
		record->release(record);
		done += one;
	}
	return done;
}

static __poll_t session_poll(struct file *file, poll_table *wait)
{
	struct sn_session *session = file->private_data;

	poll_wait(file, &session->wait, wait);
	return list_empty_careful(&session->records) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static int session_release(struct inode *inode, struct file *file)
{
	struct sn_session *session = file->private_data;
	struct sn_record *record;

	spin_lock(&session->lock);
	session->closed = true;
	spin_unlock(&session->lock);

	while ((record = record_pop(session)))
		record->release(record);
	sn_transfers_cancel_session(session);
	wait_event_timeout(session->wait, !atomic_read(&session->live), CLOSE_WAIT);
	sn_session_put(session);
	return 0;
}

static const struct file_operations session_fops = {
	.owner = THIS_MODULE,
	.read = session_read,
	.poll = session_poll,
	.release = session_release,
	.llseek = noop_llseek,
};

/**
 * sn_session_open() - make a session and its file
 * @tenant: who pays
 * @default_class: of transfers that state none
 * @extack: for the refusal's sentence
 *
 * Context: Process.
 * Return: the file, or ERR_PTR(-EAGAIN) at the tenant's limit, ERR_PTR(-ENOMEM).
 */
struct file *sn_session_open(struct sn_tenant *tenant, enum sn_class default_class,
			     struct netlink_ext_ack *extack)
{
	struct sn_session *session;
	struct file *file;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	if (atomic_inc_return(&tenant->sessions) > sn_sessions_max) {
		atomic_dec(&tenant->sessions);
		kfree(session);
		sn_extack(extack, "tenant has too many sessions", "limit %u", sn_sessions_max);
		return ERR_PTR(-EAGAIN);
	}
	kref_init(&session->ref);
	session->id = atomic_inc_return(&session_ids);
	session->tenant = tenant;
	session->default_class = default_class;
	session->records_max = session_records_max;
	spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->records);
	xa_init(&session->transfers);
	init_waitqueue_head(&session->wait);
	atomic_inc(&session_count);

	file = anon_inode_getfile("[supernode-session]", &session_fops, session,
				  O_RDONLY | O_CLOEXEC);
	if (IS_ERR(file))
		sn_session_put(session);
	return file;
}

/**
 * sn_session_from_file() - the session behind a file
 * @file: any file, held by the caller
 *
 * Context: Any.
 * Return: the session, valid while @file is held; NULL when it is another kind of file.
 */
struct sn_session *sn_session_from_file(struct file *file)
{
	return file->f_op == &session_fops ? file->private_data : NULL;
}
