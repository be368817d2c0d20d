// SPDX-License-Identifier: GPL-2.0
/*
 * A machine's memory may come to life a second time: resumed, restored from a
 * snapshot, or cloned from one.  Two lives would send under the same
 * sequence numbers, which AES-GCM does not forgive.  So SAs that send stop
 * whenever there is word of it, and REGISTER asks the controller for new ones.
 * The control session's own keys are forgotten likewise.
 *
 * Word comes ahead of a suspend or hibernation by the notifier of power
 * management; behind a restore by the hypervisor's new generation id, where the
 * kernel knows it (CONFIG_VMGENID), and by the NIC's wish to be announced.
 * A snapshot that none of them tells of goes unnoticed.
 */
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/suspend.h>

#include "cvsw.h"
#include "sa.h"

void cvsw_port_restored(struct cvsw_port *port)
{
	cvsw_sas_stop(port->engine.sas);
	cvsw_control_event(&port->control, CVSW_EVENT_RESTORED);
}

static void for_all_ports(void (*what)(struct cvsw_port *port))
{
	struct cvsw_port *port;

	mutex_lock(&cvsw_ports_lock);
	list_for_each_entry(port, &cvsw_ports, node)
		what(port);
	mutex_unlock(&cvsw_ports_lock);
}

static void asleep(struct cvsw_port *port)
{
	cvsw_sas_sleep(port->engine.sas, true);
	cvsw_control_hold(&port->control);
}

static void awake(struct cvsw_port *port)
{
	cvsw_sas_sleep(port->engine.sas, false);
	cvsw_port_restored(port);
}

/* Between the two the workers still run, and frames are sent while an image is written. */
static int power_event(struct notifier_block *block, unsigned long event, void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		for_all_ports(asleep);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		for_all_ports(awake);
		break;
	}
	return NOTIFY_DONE;
}

static int fork_event(struct notifier_block *block, unsigned long event, void *unused)
{
	for_all_ports(cvsw_port_restored);
	return NOTIFY_DONE;
}

static struct notifier_block power_notifier = { .notifier_call = power_event };
static struct notifier_block fork_notifier = { .notifier_call = fork_event };

int cvsw_restore_module_init(void)
{
	int err = register_pm_notifier(&power_notifier);

	if (err)
		return err;
	err = register_random_vmfork_notifier(&fork_notifier);
	if (err)
		unregister_pm_notifier(&power_notifier);
	return err;
}

void cvsw_restore_module_exit(void)
{
	unregister_random_vmfork_notifier(&fork_notifier);
	unregister_pm_notifier(&power_notifier);
}
