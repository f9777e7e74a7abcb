// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does on loading what no module may do, so that the tests of the test machines can see it caught.
 * It knows nothing of supernode and holds no lock.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "warn, say, panic, hang or nothing");

static int __init sn_test_misbehave_init(void)
{
	if (!strcmp(how, "warn"))
		WARN(1, "asked to warn\n");
	if (!strcmp(how, "say"))
		pr_err("asked to say something\n");
	if (!strcmp(how, "panic"))
		panic("asked to panic\n");
	while (!strcmp(how, "hang"))
		cpu_relax();
	return 0;
}
module_init(sn_test_misbehave_init);

static void __exit sn_test_misbehave_exit(void)
{
}
module_exit(sn_test_misbehave_exit);

MODULE_DESCRIPTION("Misbehaves on demand, for the tests of the test machines");
MODULE_LICENSE("GPL");
