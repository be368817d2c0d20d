// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Locking
 *
 * Frames take no lock.  The engine runs in the driver's transmit (bottom
 * halves off, the queue's lock held; under netpoll hard interrupts off, or in
 * one: see later.h) and in its NAPI poll.  It reads the flow table under RCU and writes counters
 * of its own CPU only.
 *
 * What changes a port's state - table, MTU, features, sessions - runs on the
 * port's work item, in process context and one message at a time.  A key is
 * left for it by netlink, under cvsw_control.lock.  NAPI hands
 * messages over under cvsw_control.lock, a bottom-half-safe leaf.  The worker
 * sends under queue 0's lock, bottom halves off, and with nothing else held.  It
 * takes RTNL for MTU, features and the MAC address and nothing else with it,
 * so nobody who holds RTNL may wait for the worker: cvsw_port_kill() does not,
 * cvsw_port_destroy() does and is called without RTNL.
 *
 * cvsw_ports_lock, a mutex, guards the list of ports; cvsw_sas.lock, a mutex,
 * changes of a port's SAs.  Order: RTNL (netdev notifier, netlink dumps),
 * cvsw_ports_lock, then cvsw_sas.lock or cvsw_control.lock.
 *
 * A frame that the cipher does not finish at once holds its SA and its flow's
 * entry and goes on, without RCU or a queue's lock, in the cipher's callback.
 * cvsw_port_kill() waits for all of them, RTNL held or not.
 *
 * A door (a driver module) uses symbols of this module, so no port is left
 * when this one goes.  RCU callbacks of the table and destructors of own
 * frames may still run then; module exit waits for both.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "cvsw.h"
#include "esp/sa.h"
#include "control/v3_crypto.h"

/*
 * Per-CPU data of the data path is guarded by bottom halves being off, which on such a
 * kernel keeps nobody else out.
 */
#ifdef CONFIG_PREEMPT_RT
#error "CVSW does not run on kernels with PREEMPT_RT"
#endif

static char *miss_policy = "pass";
module_param(miss_policy, charp, 0444);
MODULE_PARM_DESC(miss_policy,
		 "what becomes of a frame that no flow matches: pass (default), drop, or controller: dropped, and the controller told");

static const char *const misses[CVSW_N_MISSES] = {
	[CVSW_MISS_PASS] = "pass", [CVSW_MISS_DROP] = "drop",
	[CVSW_MISS_CONTROLLER] = "controller",
};

static int set_max_flows(const char *value, const struct kernel_param *param)
{
	unsigned int max;
	int err = kstrtouint(value, 0, &max);

	if (!err)
		cvsw_ports_limit_flows(max);
	return err;
}

static const struct kernel_param_ops max_flows_ops = {
	.set = set_max_flows,
	.get = param_get_uint,
};

module_param_cb(max_flows, &max_flows_ops, &cvsw_max_flows, 0644);
MODULE_PARM_DESC(max_flows, "flows that each NIC takes, with about half a KiB of memory for each (default: 1048576)");

module_param_named(max_groups, cvsw_max_groups, uint, 0444);
MODULE_PARM_DESC(max_groups, "groups that each NIC takes (default: 1024)");

/* Each may use those before it. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ cvsw_v3_crypto_module_init, cvsw_v3_crypto_module_exit },
	{ cvsw_control_module_init, cvsw_control_module_exit },
	{ cvsw_sa_module_init, cvsw_sa_module_exit },
	{ cvsw_port_module_init, cvsw_port_module_exit },
	{ cvsw_restore_module_init, cvsw_restore_module_exit },
	{ cvsw_netlink_module_init, cvsw_netlink_module_exit },
};

/* The first @n of them. */
static void exit_parts(unsigned int n)
{
	while (n--)
		parts[n].exit();
}

static int __init cvsw_init(void)
{
	unsigned int n;
	int err = match_string(misses, ARRAY_SIZE(misses), miss_policy);

	if (err < 0) {
		pr_err("cvsw: miss_policy is pass, drop or controller, not \"%s\"\n", miss_policy);
		return err;
	}
	cvsw_miss = err;

	for (n = 0; n < ARRAY_SIZE(parts); n++) {
		err = parts[n].init();
		if (err) {
			exit_parts(n);
			return err;
		}
	}
	return 0;
}
module_init(cvsw_init);

static void __exit cvsw_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
	/* Destructors of own frames... */
	synchronize_rcu();
	/* ...the cipher's callbacks that have done all but return, preempted or not... */
	synchronize_rcu_tasks();
	/* ...and entries that wait for their grace period. */
	rcu_barrier();
}
module_exit(cvsw_exit);

MODULE_DESCRIPTION("CVSW: a virtual switch's match/action work in the guest's NIC driver");
MODULE_VERSION(CVSW_VERSION);
MODULE_LICENSE("GPL");
/* The crypto API finds them by name; what builds an initramfs does not. */
MODULE_SOFTDEP("pre: aesni_intel gcm ctr cryptd sha256_generic");
