// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large buffers: a worker allocates and zeroes what a netlink handler must not,
 * and says so by a completion record and an event. What a buffer is, and its
 * states, are buffer.c's.
 *
 * A job belongs to its worker from start to post and to the session's list after
 * that, so it needs no lock. It holds the dma-buf and the session, hence the
 * module too; the queue is flushed before the module goes.
 */
#include "buffer_object.h"

#include <linux/cpuset.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "buffer_mem.h"
#include "session.h"

/* Zeroing is bound by memory bandwidth: more workers only disturb. */
#define WORKERS_MAX 4

static struct workqueue_struct *pending_wq;

/**
 * struct sn_buffer_job - a buffer that is being made
 * @work: runs it
 * @record: of its end; the job is freed with it
 * @buffer: its dma-buf is referenced
 * @session: gets the record; referenced
 * @nodes: that the creator may use, as of the request
 */
struct sn_buffer_job {
	struct work_struct work;
	struct sn_record record;
	struct sn_buffer *buffer;
	struct sn_session *session;
	nodemask_t nodes;
};

static void job_release(struct sn_record *record)
{
	kfree(container_of(record, struct sn_buffer_job, record));
}

/* Nobody but this job has the buffer any more, or its device is gone. */
static bool job_is_futile(void *arg)
{
	struct sn_buffer *buffer = arg;

	return file_count(buffer->dmabuf->file) == 1 ||
	       sn_buffer_state(buffer) != SN_BUFFER_STATE_PENDING;
}

static void job_work(struct work_struct *work)
{
	struct sn_buffer_job *job = container_of(work, struct sn_buffer_job, work);
	struct sn_completion *completion = &job->record.completion;
	struct sn_session *session = job->session;
	struct sn_buffer *buffer = job->buffer;
	struct sn_mem_source source = sn_buffer_source(buffer);
	struct mem_cgroup *before;
	struct sn_mem mem = {};
	int status;

	source.nodes = &job->nodes;
	source.stop = job_is_futile;
	source.arg = buffer;
	completion->start_ns = ktime_get_ns();
	before = set_active_memcg(buffer->memcg);
	status = sn_mem_alloc(&mem, buffer->bytes, &source);
	set_active_memcg(before);
	status = sn_buffer_publish(buffer, &mem, status);

	completion->end_ns = ktime_get_ns();
	completion->bytes = status ? 0 : buffer->bytes;
	completion->status = status;
	sn_session_post(session, &job->record);
	sn_session_put(session);
	dma_buf_put(buffer->dmabuf);
}

/**
 * sn_buffer_job_new() - prepare to make a buffer later
 * @buffer: which, PENDING
 * @session: gets the record, for which room is reserved
 * @user_data: for the record
 * @extack: the reason of a refusal
 *
 * Context: Process context of the creator.
 * Return: the job, for sn_buffer_job_start() or sn_buffer_job_drop(); or an error.
 */
struct sn_buffer_job *sn_buffer_job_new(struct sn_buffer *buffer, struct sn_session *session,
					u64 user_data, struct netlink_ext_ack *extack)
{
	struct sn_buffer_job *job;
	int ret;

	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);
	ret = sn_session_reserve(session, extack);
	if (ret) {
		kfree(job);
		return ERR_PTR(ret);
	}
	INIT_WORK(&job->work, job_work);
	job->buffer = buffer;
	job->session = sn_session_get(session);
	/* A cpuset that changes at this moment is as if it had changed before or after. */
	job->nodes = cpuset_current_mems_allowed;
	job->record.release = job_release;
	job->record.completion.id = buffer->id;
	job->record.completion.user_data = user_data;
	job->record.completion.submit_ns = ktime_get_ns();
	job->record.completion.type = SN_COMPLETION_TYPE_BUFFER;
	return job;
}

/**
 * sn_buffer_job_drop() - undo sn_buffer_job_new()
 * @job: not started; may be NULL
 *
 * Context: Process context.
 */
void sn_buffer_job_drop(struct sn_buffer_job *job)
{
	if (!job)
		return;
	sn_session_unreserve(job->session);
	sn_session_put(job->session);
	kfree(job);
}

/**
 * sn_buffer_job_start() - have the buffer made
 * @job: its buffer has a dma-buf
 *
 * Context: Any.
 */
void sn_buffer_job_start(struct sn_buffer_job *job)
{
	get_dma_buf(job->buffer->dmabuf);
	queue_work(pending_wq, &job->work);
}

/**
 * sn_buffer_pending_init() - start
 *
 * Context: Module init.
 * Return: 0 or -ENOMEM.
 */
int sn_buffer_pending_init(void)
{
	pending_wq = alloc_workqueue("supernode_buffer", WQ_UNBOUND, WORKERS_MAX);
	return pending_wq ? 0 : -ENOMEM;
}

/**
 * sn_buffer_pending_exit() - wait for workers that are just returning
 *
 * Context: Module exit.
 */
void sn_buffer_pending_exit(void)
{
	destroy_workqueue(pending_wq);
}
