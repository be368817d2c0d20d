// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "../drivers/cvsw/door/backlog.h"
#include "../drivers/cvsw/esp/sa.h"
#include "../drivers/cvsw/control/v3_crypto.h"
#include "fake_nic.h"

static netdev_tx_t fake_xmit(struct sk_buff *skb, struct net_device *dev)
{
	/* IPv6 greets its neighbours on every link. */
	if (skb->protocol == htons(CVSW_ETHERTYPE))
		skb_queue_tail(fake_nic_sent(dev), skb);
	else
		kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops fake_ops = {
	.ndo_start_xmit = fake_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static void fake_kick(struct net_device *dev, unsigned int queue)
{
}

static const struct cvsw_driver fake_driver = { .start_xmit = fake_xmit, .kick = fake_kick };

struct net_device *fake_nic(void)
{
	struct net_device *dev = alloc_etherdev(sizeof(struct sk_buff_head));

	if (!dev)
		return NULL;
	dev->netdev_ops = &fake_ops;
	dev->hw_features = NETIF_F_HW_CSUM | NETIF_F_SG | NETIF_F_TSO | NETIF_F_TSO6;
	dev->features = dev->hw_features;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	skb_queue_head_init(fake_nic_sent(dev));
	eth_hw_addr_set(dev, nic_mac);
	if (register_netdev(dev)) {
		free_netdev(dev);
		return NULL;
	}
	rtnl_lock();
	dev_open(dev, NULL);
	rtnl_unlock();
	return dev;
}

void fake_nic_free(struct net_device *dev)
{
	unregister_netdev(dev);
	free_netdev(dev);
}

struct sk_buff *fake_nic_skb(struct net_device *dev, const u8 *data, size_t len, size_t paged)
{
	struct sk_buff *skb = alloc_skb(len + NET_IP_ALIGN, GFP_ATOMIC);
	struct page *page = paged ? alloc_page(GFP_ATOMIC) : NULL;

	if (!skb || (paged && !page)) {
		kfree_skb(skb);
		return NULL;
	}
	skb_reserve(skb, NET_IP_ALIGN);
	skb_put_data(skb, data, len - paged);
	if (paged) {
		memcpy(page_address(page), data + len - paged, paged);
		skb_add_rx_frag(skb, 0, page, 0, paged, PAGE_SIZE);
	}
	skb->protocol = eth_type_trans(skb, dev);
	return skb;
}

static void allow_version2(struct fake_port *port, bool allowed)
{
#ifdef CVSW_VERSION2
	port->control.version2.allowed = allowed;
#endif
}

void fake_port_receive(struct kunit *test, struct fake_port *port, const u8 *data, size_t len,
		       size_t paged)
{
	struct sk_buff *skb = fake_nic_skb(port->dev, data, len, paged);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	local_bh_disable();
	cvsw_control_receive(&port->control, skb);
	local_bh_enable();
}

void fake_port_refuse_version2(struct fake_port *port)
{
	allow_version2(port, false);
}

bool fake_port_init(struct fake_port *port)
{
	port->dev = fake_nic();
	if (!port->dev)
		return false;
	port->engine.table = cvsw_table_create();
	port->engine.stats = cvsw_stats_alloc();
	port->engine.sas = cvsw_sas_create();
	if (!port->engine.table || !port->engine.stats || !port->engine.sas)
		return false;
	port->backlogs = cvsw_backlogs_create(port->dev, &fake_driver, port->engine.stats);
	if (!port->backlogs)
		return false;
	cvsw_control_init(&port->control, port->dev, &port->engine, port->backlogs);
	allow_version2(port, true);
	return true;
}

void fake_port_exit(struct fake_port *port)
{
	if (port->control.dev) {
		cvsw_control_kill(&port->control);
		/* As a driver frees its rings: behind the last frame. */
		cancel_delayed_work_sync(&port->control.work);
		cvsw_backlogs_purge(port->backlogs);
		skb_queue_purge(fake_nic_sent(port->dev));
		cvsw_control_finish(&port->control);
	}
	cvsw_backlogs_destroy(port->backlogs);
	if (port->engine.sas) {
		cvsw_sas_kill(port->engine.sas);
		cvsw_sas_destroy(port->engine.sas);
	}
	cvsw_table_destroy(port->engine.table);
	free_percpu(port->engine.stats);
	if (port->dev)
		fake_nic_free(port->dev);
	rcu_barrier();
}

int fake_port_suite_init(struct kunit_suite *suite)
{
	return cvsw_v3_crypto_module_init() ?: cvsw_control_module_init() ?:
	       cvsw_sa_module_init();
}

void fake_port_suite_exit(struct kunit_suite *suite)
{
	cvsw_sa_module_exit();
	cvsw_control_module_exit();
	cvsw_v3_crypto_module_exit();
}
