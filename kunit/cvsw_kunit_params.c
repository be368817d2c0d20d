// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites are told, in a module of its own: KUnit runs a module's suites
 * before the module's parameters are read.
 */
#include <kunit/test.h>
#include <linux/glob.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "fuzz_params.h"

ulong cvsw_fuzz_seed;
EXPORT_SYMBOL_GPL(cvsw_fuzz_seed);
module_param_named(fuzz_seed, cvsw_fuzz_seed, ulong, 0444);
MODULE_PARM_DESC(fuzz_seed, "of the fuzz suite's random numbers; 0: a new one each time");

uint cvsw_fuzz_rounds = 20000;
EXPORT_SYMBOL_GPL(cvsw_fuzz_rounds);
module_param_named(fuzz_rounds, cvsw_fuzz_rounds, uint, 0444);
MODULE_PARM_DESC(fuzz_rounds, "frames in each test of the fuzz suite");

static char *suites = "*";
module_param(suites, charp, 0444);
MODULE_PARM_DESC(suites, "what is run: globs of SUITE or SUITE.CASE with commas between them; *: all");

static bool is_wanted(const char *name)
{
	const char *glob = suites;
	char one[96];
	size_t len;

	for (;; glob += len + 1) {
		len = strcspn(glob, ",");
		strscpy(one, glob, min(len + 1, sizeof(one)));
		if (glob_match(one, name))
			return true;
		if (!glob[len])
			return false;
	}
}

/* Without the cases that are not wanted; true if any is. */
static bool has_wanted(struct kunit_suite *suite)
{
	struct kunit_case *from = suite->test_cases, *to = from;
	char name[96];

	if (is_wanted(suite->name))
		return true;
	for (; from->run_case; from++) {
		snprintf(name, sizeof(name), "%s.%s", suite->name, from->name);
		if (is_wanted(name))
			*to++ = *from;
	}
	*to = (struct kunit_case) {};
	return to != suite->test_cases;
}

/* KUnit, which is told of the module behind us, then knows of no others. */
static int choose(struct notifier_block *block, unsigned long event, void *data)
{
	struct module *module = data;
	int i, n = 0;

	if (event != MODULE_STATE_COMING || strcmp(module->name, "cvsw_kunit"))
		return NOTIFY_DONE;
	for (i = 0; i < module->num_kunit_suites; i++)
		if (has_wanted(module->kunit_suites[i]))
			module->kunit_suites[n++] = module->kunit_suites[i];
	module->num_kunit_suites = n;
	return NOTIFY_OK;
}

static struct notifier_block chooser = { .notifier_call = choose, .priority = 1 };

static int __init params_init(void)
{
	return register_module_notifier(&chooser);
}
module_init(params_init);

static void __exit params_exit(void)
{
	unregister_module_notifier(&chooser);
}
module_exit(params_exit);

MODULE_DESCRIPTION("CVSW: parameters of the KUnit suites");
MODULE_LICENSE("GPL");
