// SPDX-License-Identifier: GPL-2.0-only
/*
 * Error knobs and counters of a simulated device, in debugfs sn_sim/DEVICE/:
 *
 *	fail_nth	N: the N-th next copy ends with fail_status; 0 disarms
 *	fail_status	a negative errno (-5)
 *	fail_every	N: each N-th copy ends with fail_status; 0 disarms
 *	hang_nth	N: the N-th next copy ends only when aborted; 0 disarms
 *	late_nth	N: the N-th next copy ends 100 ms late; 0 disarms
 *	duplicate_nth	N: the end of the N-th next copy is signalled twice; 0 disarms
 *	ignore_abort	1: not even then; 0 releases the copies that hang
 *	slow_percent	of the stated duration (100)
 *	late_ns		added to each copy (0)
 *	vanish		write 1: the device is pulled out
 *	vanish_nth	N: that happens by itself at the N-th next step of a copy, which has four:
 *			submitted, begun, about to end, ended; 0 disarms
 *	copies, bytes, errors	ended, bytes of those that ended well, the others
 *	duplicates	signals of an end that was known already, which the core never hears of
 *
 * A copy that fails or hangs writes nothing.
 * While a removed device of the same name still has copies in flight, the
 * directory is DEVICE+2, DEVICE+3 ...
 *
 * Responsible for the files only: engine.c looks at the values. debugfs may be
 * absent or full; the device then works without knobs.
 *
 * No lock: each knob is one word. debugfs_remove() waits for readers and writers.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/sched.h>

#include "sim.h"

static struct dentry *root;

static void wake_engines(struct sn_sim_device *sim)
{
	u32 i;

	for (i = 0; i < sim->nengines; i++)
		sn_sim_engine_wake(sim->engines[i]);
}

static int counter_get(void *data, u64 *value)
{
	*value = atomic64_read(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(counter_fops, counter_get, NULL, "%llu\n");

static int nth_get(void *data, u64 *value)
{
	*value = atomic_read(data);
	return 0;
}

static int nth_set(void *data, u64 value)
{
	if (value > S32_MAX)
		return -ERANGE;
	atomic_set(data, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(nth_fops, nth_get, nth_set, "%llu\n");

static int status_get(void *data, u64 *value)
{
	struct sn_sim_knobs *knobs = data;

	*value = READ_ONCE(knobs->fail_status);
	return 0;
}

static int status_set(void *data, u64 value)
{
	struct sn_sim_knobs *knobs = data;
	s64 status = value;

	if (status >= 0 || status < -MAX_ERRNO)
		return -ERANGE;
	WRITE_ONCE(knobs->fail_status, status);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(status_fops, status_get, status_set, "%lld\n");

static int slow_get(void *data, u64 *value)
{
	struct sn_sim_knobs *knobs = data;

	*value = READ_ONCE(knobs->slow_percent);
	return 0;
}

static int slow_set(void *data, u64 value)
{
	struct sn_sim_knobs *knobs = data;

	if (!value || value > SN_SIM_SLOW_MAX_PERCENT)
		return -ERANGE;
	WRITE_ONCE(knobs->slow_percent, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(slow_fops, slow_get, slow_set, "%llu\n");

static int late_get(void *data, u64 *value)
{
	struct sn_sim_knobs *knobs = data;

	*value = READ_ONCE(knobs->late_ns);
	return 0;
}

static int late_set(void *data, u64 value)
{
	struct sn_sim_knobs *knobs = data;

	if (value > SN_SIM_COPY_MAX_NS)
		return -ERANGE;
	WRITE_ONCE(knobs->late_ns, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(late_fops, late_get, late_set, "%llu\n");

static int ignore_abort_get(void *data, u64 *value)
{
	struct sn_sim_device *sim = data;

	*value = READ_ONCE(sim->knobs.ignore_abort);
	return 0;
}

static int ignore_abort_set(void *data, u64 value)
{
	struct sn_sim_device *sim = data;

	if (value > 1)
		return -ERANGE;
	WRITE_ONCE(sim->knobs.ignore_abort, value);
	wake_engines(sim);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(ignore_abort_fops, ignore_abort_get, ignore_abort_set, "%llu\n");

static int vanish_get(void *data, u64 *value)
{
	struct sn_sim_device *sim = data;

	*value = READ_ONCE(sim->vanished);
	return 0;
}

static int vanish_set(void *data, u64 value)
{
	struct sn_sim_device *sim = data;

	if (value != 1)
		return -ERANGE;
	sn_sim_vanish(sim);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vanish_fops, vanish_get, vanish_set, "%llu\n");

/**
 * sn_sim_knobs_init - set all knobs to "works as stated"
 * @knobs: of a device that takes no copies yet
 *
 * Context: Any.
 */
void sn_sim_knobs_init(struct sn_sim_knobs *knobs)
{
	knobs->fail_status = -EIO;
	knobs->slow_percent = 100;
}

static bool taken(const char *name)
{
	struct dentry *dentry = debugfs_lookup(name, root);

	if (IS_ERR_OR_NULL(dentry))
		return false;
	dput(dentry);
	return true;
}

/*
 * A device that was removed keeps its directory until its last copy has ended,
 * and the next one of that name must not wait for it. debugfs would log a clash.
 */
static struct dentry *create_dir(const char *name)
{
	char other[SN_NAME_MAX + 4];
	unsigned int i;

	if (!taken(name))
		return debugfs_create_dir(name, root);
	for (i = 2; i < 100; i++) {
		snprintf(other, sizeof(other), "%s+%u", name, i);
		if (!taken(other))
			return debugfs_create_dir(other, root);
	}
	return ERR_PTR(-EEXIST);
}

/**
 * sn_sim_knobs_add - show a device's knobs
 * @sim: device, complete
 *
 * Context: Process context.
 */
void sn_sim_knobs_add(struct sn_sim_device *sim)
{
	struct sn_sim_knobs *knobs = &sim->knobs;
	struct dentry *dir = create_dir(sn_device_name(sim->dev));

	knobs->dir = dir;
	debugfs_create_file_unsafe("fail_nth", 0600, dir, &knobs->fail_nth, &nth_fops);
	debugfs_create_file_unsafe("fail_status", 0600, dir, knobs, &status_fops);
	debugfs_create_u32("fail_every", 0600, dir, &knobs->fail_every);
	debugfs_create_file_unsafe("hang_nth", 0600, dir, &knobs->hang_nth, &nth_fops);
	debugfs_create_file_unsafe("late_nth", 0600, dir, &knobs->late_nth, &nth_fops);
	debugfs_create_file_unsafe("duplicate_nth", 0600, dir, &knobs->duplicate_nth, &nth_fops);
	debugfs_create_file_unsafe("ignore_abort", 0600, dir, sim, &ignore_abort_fops);
	debugfs_create_file_unsafe("slow_percent", 0600, dir, knobs, &slow_fops);
	debugfs_create_file_unsafe("late_ns", 0600, dir, knobs, &late_fops);
	debugfs_create_file_unsafe("vanish", 0600, dir, sim, &vanish_fops);
	debugfs_create_file_unsafe("vanish_nth", 0600, dir, &knobs->vanish_nth, &nth_fops);
	debugfs_create_file_unsafe("copies", 0400, dir, &sim->copies, &counter_fops);
	debugfs_create_file_unsafe("bytes", 0400, dir, &sim->bytes, &counter_fops);
	debugfs_create_file_unsafe("errors", 0400, dir, &sim->errors, &counter_fops);
	debugfs_create_file_unsafe("duplicates", 0400, dir, &sim->duplicates, &counter_fops);
}

/**
 * sn_sim_knobs_remove - undo sn_sim_knobs_add()
 * @sim: device; nobody reads or writes its knobs afterwards
 *
 * Context: Process context. Waits for readers and writers.
 */
void sn_sim_knobs_remove(struct sn_sim_device *sim)
{
	debugfs_remove(sim->knobs.dir);
}

/**
 * sn_sim_debugfs_init - make the directory of all devices
 *
 * Context: Process context.
 */
void sn_sim_debugfs_init(void)
{
	root = debugfs_create_dir("sn_sim", NULL);
}

/**
 * sn_sim_debugfs_exit - undo sn_sim_debugfs_init()
 *
 * Context: Process context.
 */
void sn_sim_debugfs_exit(void)
{
	debugfs_remove(root);
}
