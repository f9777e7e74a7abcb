// SPDX-License-Identifier: GPL-2.0-only
/*
 * sn_sim: accelerators that exist in a topology only ("backend: sim").
 *
 * Responsible for refusing descriptions it cannot model and for a device's
 * birth and death in order. Its regions need nothing: the core backs them with
 * pages of the host. Copies are engine.c's, faults knobs.c's.
 *
 * No lock: the core calls these one at a time for each device.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include "sim.h"

static const char *region_complaint(const struct sn_region_desc *region)
{
	if (region->kind == SN_REGION_KIND_BAR)
		return "a simulated device has no BAR";
	if (region->node != NUMA_NO_NODE &&
	    (region->node < 0 || region->node >= MAX_NUMNODES || !node_online(region->node)))
		return "a simulated region's pages need a NUMA node that is online";
	return NULL;
}

static const char *engine_complaint(const struct sn_engine_desc *engine)
{
	if (!engine->bytes_per_sec)
		return "a simulated engine needs bytes_per_sec";
	if (!engine->channels || engine->channels > SN_SIM_CHANNELS_MAX)
		return "a simulated engine has 1 to 16 channels";
	if (!engine->depth || engine->depth > SN_SIM_DEPTH_MAX)
		return "a simulated engine has a depth of 1 to 256";
	if (engine->latency_ns > SN_SIM_LATENCY_MAX_NS)
		return "a simulated engine's latency is at most a second";
	return NULL;
}

static const char *complaint(const struct sn_device_desc *desc)
{
	const char *why = NULL;
	u32 i;

	for (i = 0; !why && i < desc->nregions; i++)
		why = region_complaint(&desc->regions[i]);
	for (i = 0; !why && i < desc->nengines; i++)
		why = engine_complaint(&desc->engines[i]);
	return why;
}

static int sim_check(const struct sn_device_desc *desc, const char **why)
{
	*why = complaint(desc);
	return *why ? -EINVAL : 0;
}

static void vanish(struct work_struct *work)
{
	struct sn_sim_device *sim = container_of(work, struct sn_sim_device, vanish);

	sn_device_lost(sim->dev);
}

/**
 * sn_sim_vanish - pull a device out
 * @sim: device
 *
 * The core hears of it from a work: it may take its time, and neither a copy nor the removal of a
 * knob may wait for that.
 *
 * Context: Any.
 */
void sn_sim_vanish(struct sn_sim_device *sim)
{
	WRITE_ONCE(sim->vanished, true);
	queue_work(system_dfl_wq, &sim->vanish);
}

static void stop_engines(struct sn_sim_device *sim)
{
	while (sim->nengines)
		sn_sim_engine_stop(sim->engines[--sim->nengines]);
}

static int sim_create(struct sn_device *dev, const struct sn_device_desc *desc, void **priv)
{
	struct sn_sim_device *sim = kzalloc(sizeof(*sim), GFP_KERNEL);

	if (!sim)
		return -ENOMEM;
	sim->dev = dev;
	INIT_WORK(&sim->vanish, vanish);
	sn_sim_knobs_init(&sim->knobs);

	while (sim->nengines < desc->nengines) {
		struct sn_sim_engine *engine = sn_sim_engine_start(sim, sim->nengines, desc);

		if (IS_ERR(engine)) {
			stop_engines(sim);
			kfree(sim);
			return PTR_ERR(engine);
		}
		sim->engines[sim->nengines++] = engine;
	}
	*priv = sim;
	sn_sim_knobs_add(sim);
	return 0;
}

static void sim_destroy(struct sn_device *dev, void *priv)
{
	struct sn_sim_device *sim = priv;

	/* In this order: a knob can wake engines, and both can start the work. */
	sn_sim_knobs_remove(sim);
	stop_engines(sim);
	cancel_work_sync(&sim->vanish);
	kfree(sim);
}

static struct sn_backend backend = {
	.name = "sim",
	.owner = THIS_MODULE,
	.ops = &sn_sim_ops,
	.check = sim_check,
	.create = sim_create,
	.destroy = sim_destroy,
};

static int __init sim_init(void)
{
	int err;

	sn_sim_debugfs_init();
	err = sn_backend_register(&backend);
	if (err)
		sn_sim_debugfs_exit();
	return err;
}

static void __exit sim_exit(void)
{
	sn_backend_unregister(&backend);
	sn_sim_debugfs_exit();
}

module_init(sim_init);
module_exit(sim_exit);
MODULE_DESCRIPTION("supernode backend: simulated accelerators");
MODULE_LICENSE("GPL");
