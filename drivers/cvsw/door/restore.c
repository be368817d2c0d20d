// SPDX-License-Identifier: GPL-2.0
/*
 * A machine's memory may come to life a second time: resumed, restored from a
 * snapshot, or cloned from one.  Two lives would send under the same
 * sequence numbers, which AES-GCM does not forgive.  So SAs that send stop
 * whenever there is word of it, and REGISTER asks the controller for new ones.
 * The control session's own keys are forgotten likewise.
 *
 * Word comes ahead of a suspend or hibernation by the notifier of power
 * management.  Behind a restore, a frame that is to be encrypted sees the
 * hypervisor's new generation number before it is sent; where the hypervisor
 * offers none, word comes by the NIC's wish to be announced, and frames may have
 * been sent until then.  A snapshot that none of them tells of goes unnoticed.
 *
 * A NIC is to be announced, several times, behind a live migration as well.  That is
 * no second life, and where there is a generation number each frame knows: all keys
 * stay, and the controller is told where the NIC is now.
 */
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/suspend.h>

#include "cvsw.h"
#include "esp/vmgenid.h"
#include "esp/sa.h"

/* It may live a second time: stop its SAs, and ask for new ones. */
static void port_restored(struct cvsw_port *port)
{
	cvsw_sas_stop(port->engine.sas);
	cvsw_control_event(&port->control, CVSW_EVENT_RESTORED);
}

void cvsw_port_announced(struct cvsw_port *port)
{
	if (!cvsw_generation_is_known())
		port_restored(port);
	else
		cvsw_control_event(&port->control, CVSW_EVENT_MOVED);
}

static void for_all_ports(void (*what)(struct cvsw_port *port))
{
	struct cvsw_port *port;

	mutex_lock(&cvsw_ports_lock);
	list_for_each_entry(port, &cvsw_ports, node)
		what(port);
	mutex_unlock(&cvsw_ports_lock);
}

static void ports_asleep(struct cvsw_port *port)
{
	cvsw_sas_sleep(port->engine.sas, true);
	cvsw_control_hold(&port->control);
}

static void ports_awake(struct cvsw_port *port)
{
	cvsw_sas_sleep(port->engine.sas, false);
	port_restored(port);
}

/* Between the two the workers still run, and frames are sent while an image is written. */
static int power_event(struct notifier_block *block, unsigned long event, void *unused)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		for_all_ports(ports_asleep);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		for_all_ports(ports_awake);
		break;
	}
	return NOTIFY_DONE;
}

static void all_restored(void)
{
	for_all_ports(port_restored);
}

static int fork_event(struct notifier_block *block, unsigned long event, void *unused)
{
	all_restored();
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
	else
		cvsw_generation_module_init(all_restored);
	return err;
}

void cvsw_restore_module_exit(void)
{
	unregister_random_vmfork_notifier(&fork_notifier);
	unregister_pm_notifier(&power_notifier);
	/* No port is left, so no frame either. */
	cvsw_generation_module_exit();
}
