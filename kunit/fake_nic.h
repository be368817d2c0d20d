/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network device that goes nowhere, and keeps what a port's control side sends; and
 * such a port, without a door.
 */
#ifndef CVSW_KUNIT_FAKE_NIC_H
#define CVSW_KUNIT_FAKE_NIC_H

#include <kunit/test.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "../drivers/cvsw/control/worker.h"

static const u8 nic_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 1 };

/* Registered and up, with @nic_mac; or NULL. */
struct net_device *fake_nic(void);
void fake_nic_free(struct net_device *dev);

/* Control frames that it was given, oldest first. */
static inline struct sk_buff_head *fake_nic_sent(struct net_device *dev)
{
	return netdev_priv(dev);
}

/* A frame as the driver hands it over; its last @paged bytes in a page.  NULL: no memory. */
struct sk_buff *fake_nic_skb(struct net_device *dev, const u8 *data, size_t len, size_t paged);

struct fake_port {
	struct net_device *dev;
	struct cvsw_engine engine;
	struct cvsw_backlogs *backlogs;
	struct cvsw_control control;
};

/* Takes version 2, if it is built.  False: no memory; fake_port_exit() is called all the same. */
bool fake_port_init(struct fake_port *port);
/* A control frame has come in. */
void fake_port_receive(struct kunit *test, struct fake_port *port, const u8 *data, size_t len,
		       size_t paged);
void fake_port_refuse_version2(struct fake_port *port);
void fake_port_exit(struct fake_port *port);

/* For suites of ports. */
int fake_port_suite_init(struct kunit_suite *suite);
void fake_port_suite_exit(struct kunit_suite *suite);

#endif
