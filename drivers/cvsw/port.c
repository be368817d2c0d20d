// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/slab.h>

#include "port.h"

struct cvsw_port {
	struct net_device *dev;
};

struct cvsw_port *cvsw_port_create(struct net_device *dev)
{
	struct cvsw_port *port = kzalloc(sizeof(*port), GFP_KERNEL);

	if (!port)
		return ERR_PTR(-ENOMEM);
	port->dev = dev;
	return port;
}
EXPORT_SYMBOL_GPL(cvsw_port_create);

void cvsw_port_kill(struct cvsw_port *port)
{
}
EXPORT_SYMBOL_GPL(cvsw_port_kill);

void cvsw_port_destroy(struct cvsw_port *port)
{
	kfree(port);
}
EXPORT_SYMBOL_GPL(cvsw_port_destroy);

struct sk_buff *cvsw_port_transmit(struct cvsw_port *port, struct sk_buff *skb)
{
	return skb;
}
EXPORT_SYMBOL_GPL(cvsw_port_transmit);

struct sk_buff *cvsw_port_receive(struct cvsw_port *port, struct sk_buff *skb)
{
	return skb;
}
EXPORT_SYMBOL_GPL(cvsw_port_receive);
