/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SN_SIM_H
#define _SN_SIM_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/supernode.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct dentry;
struct sn_sim_engine;
struct task_struct;

#define SN_SIM_CHANNELS_MAX	16
#define SN_SIM_DEPTH_MAX	256
#define SN_SIM_LATENCY_MAX_NS	(1000ULL * 1000 * 1000)
/* No modelled copy takes longer: keeps every product of the model in 64 bits. */
#define SN_SIM_COPY_MAX_NS	(3600ULL * 1000 * 1000 * 1000)
#define SN_SIM_SLOW_MAX_PERCENT	1000000U

/**
 * struct sn_sim_knobs - what can be made to go wrong, see sn_sim_knobs_add()
 * @dir: in debugfs, or an error pointer, which debugfs accepts everywhere
 * @fail_nth: copies until one fails, 0 = none will
 * @fail_status: how it ends
 * @fail_every: every so-many-th copy fails, 0 = none
 * @hang_nth: copies until one hangs, 0 = none will
 * @late_nth: copies until one is late, 0 = none will
 * @duplicate_nth: copies until one's end is signalled twice, 0 = none will
 * @vanish_nth: steps of copies until the device is pulled out, 0 = it is not
 * @slow_percent: duration in percent of the stated one
 * @late_ns: added to each copy
 * @ignore_abort: a hanging copy does not end when aborted
 */
struct sn_sim_knobs {
	struct dentry *dir;
	atomic_t fail_nth;
	int fail_status;
	u32 fail_every;
	atomic_t hang_nth;
	atomic_t late_nth;
	atomic_t duplicate_nth;
	atomic_t vanish_nth;
	u32 slow_percent;
	u64 late_ns;
	bool ignore_abort;
};

/**
 * struct sn_sim_device - a device that exists in a topology only
 * @dev: the core's
 * @knobs: its error knobs
 * @started: copies begun; what @knobs count
 * @copies: copies ended, well or not
 * @bytes: of those that ended well
 * @errors: those that did not
 * @duplicates: signals of an end that was known already
 * @vanished: pulled out, takes no more copies
 * @vanish: tells the core so
 * @nengines: valid in @engines
 * @engines: its copy engines
 */
struct sn_sim_device {
	struct sn_device *dev;
	struct sn_sim_knobs knobs;
	atomic64_t started;
	atomic64_t copies;
	atomic64_t bytes;
	atomic64_t errors;
	atomic64_t duplicates;
	bool vanished;
	struct work_struct vanish;
	u32 nengines;
	struct sn_sim_engine *engines[SN_DEVICE_ENGINES_MAX];
};

/* main.c */
void sn_sim_vanish(struct sn_sim_device *sim);

/* engine.c */
extern const struct sn_device_ops sn_sim_ops;

struct sn_sim_engine *sn_sim_engine_start(struct sn_sim_device *sim, u32 index,
					  const struct sn_device_desc *desc);
void sn_sim_engine_stop(struct sn_sim_engine *engine);
void sn_sim_engine_wake(struct sn_sim_engine *engine);

/* knobs.c */
void sn_sim_knobs_init(struct sn_sim_knobs *knobs);
void sn_sim_knobs_add(struct sn_sim_device *sim);
void sn_sim_knobs_remove(struct sn_sim_device *sim);
void sn_sim_debugfs_init(void);
void sn_sim_debugfs_exit(void);

#endif /* _SN_SIM_H */
