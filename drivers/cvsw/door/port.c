// SPDX-License-Identifier: GPL-2.0
/*
 * A port's life, and the way of its frames between the door and the engine.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "proto/cvsw_v3_frame.h"
#include "cvsw.h"
#include "table/groups.h"
#include "table/key.h"
#include "engine/frames.h"
#include "engine/later.h"
#include "esp/sa.h"
#include "engine/segment.h"

/*
 * A frame's addresses and type may be others now.  Return: false: it was freed,
 * for a control frame is checked and queued once or never.
 */
static bool prepare_for_stack(struct cvsw_port *port, struct sk_buff *skb)
{
	/* eth_type_trans() leaves PACKET_HOST as it is. */
	skb->pkt_type = PACKET_HOST;
	skb->protocol = eth_type_trans(skb, port->dev);
	if (likely(skb->protocol != htons(CVSW_ETHERTYPE)))
		return true;
	cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_RX_CONTROL);
	return false;
}

static void port_deliver(struct cvsw_engine *engine, struct sk_buff *list, enum cvsw_ingress in)
{
	struct cvsw_port *port = container_of(engine, struct cvsw_port, engine);
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		if (!netif_running(port->dev))
			cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_DOWN);
		else if (in == CVSW_HOST)
			cvsw_backlog_add(port->backlogs, skb);
		else if (prepare_for_stack(port, skb))
			gro_cells_receive(&port->gro_cells, skb);
	}
}

/*
 * For nearly every frame: no.  Else cvsw_frame_is_control() knows.  The frame
 * itself is asked, for a packet socket's skb->protocol is what its sender says.
 */
static bool may_be_control(const struct sk_buff *skb)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;

	return skb_headlen(skb) < ETH_HLEN || eth->h_proto == htons(CVSW_ETHERTYPE) ||
	       eth_type_vlan(eth->h_proto) || !eth_proto_is_802_3(eth->h_proto);
}

/* As if it had come from the NIC; a queue's lock may be held, so the stack takes it later. */
static void turn_to_stack(struct cvsw_port *port, struct sk_buff *skb)
{
	if (!pskb_may_pull(skb, ETH_HLEN)) {
		cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_SHORT);
		return;
	}
	skb_orphan(skb);
	skb_scrub_packet(skb, false);
	skb_clear_tstamp(skb);
	if (prepare_for_stack(port, skb))
		netif_rx(skb);
}

/*
 * As if the stack had sent it, past the flows.  What the device cannot do the
 * stack's own last step does: it cuts giants apart and finishes checksums.
 */
static void turn_to_wire(struct cvsw_port *port, struct sk_buff *skb)
{
	struct net_device *dev = port->dev;
	struct cvsw_layout at;
	struct sk_buff *next;
	bool again = false;
	u16 queue;

	/* A tag that a flow has taken off may have hidden it. */
	if (unlikely(may_be_control(skb)) && cvsw_frame_is_control(skb)) {
		cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_TX_CONTROL);
		return;
	}
	queue = skb_rx_queue_recorded(skb) ? skb_get_rx_queue(skb) % dev->real_num_tx_queues : 0;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	skb->dev = dev;
	skb_reset_mac_header(skb);
	/* Of what a driver received nobody has said yet where it is, and cutting begins there. */
	cvsw_layout_read(skb, &at);
	skb_set_network_header(skb, at.l3);
	skb_set_queue_mapping(skb, queue);
	if (unlikely(cvsw_too_many_segments(skb, at.transport))) {
		cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_SEGMENTS);
		return;
	}
	skb = validate_xmit_skb_list(skb, dev, &again);
	if (unlikely(!skb))
		cvsw_stats_count(port->engine.stats, CVSW_CNT_DROP_GSO);
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		cvsw_backlog_add(port->backlogs, skb);
	}
}

static void port_turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct cvsw_port *port = container_of(engine, struct cvsw_port, engine);

	if (!netif_running(port->dev))
		cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_DOWN);
	else if (in == CVSW_HOST)
		turn_to_stack(port, skb);
	else
		turn_to_wire(port, skb);
}

static void port_to_controller(struct cvsw_engine *engine, const struct cvsw_walk *walk,
			       const struct sk_buff *skb, unsigned int max_len)
{
	struct cvsw_port *port = container_of(engine, struct cvsw_port, engine);

	cvsw_control_packet_in(&port->control, walk, skb, max_len);
}

/* Whatever there is of it, but for engine.later; nobody uses it any more. */
static void port_free(struct cvsw_port *port)
{
	cvsw_sas_destroy(port->engine.sas);
	gro_cells_destroy(&port->gro_cells);
	cvsw_backlogs_destroy(port->backlogs);
	cvsw_table_destroy(port->engine.table);
	free_percpu(port->engine.stats);
	kfree(port);
}

struct cvsw_port *cvsw_port_create(struct net_device *dev, const struct cvsw_driver *driver)
{
	static u32 last_id;
	struct cvsw_port *port = kzalloc(sizeof(*port), GFP_KERNEL);

	if (!port)
		return ERR_PTR(-ENOMEM);
	port->engine.table = cvsw_table_create();
	port->engine.stats = cvsw_stats_alloc();
	port->engine.sas = cvsw_sas_create();
	port->engine.later = cvsw_later_create();
	port->backlogs = cvsw_backlogs_create(dev, driver, port->engine.stats);
	if (!port->engine.table || !port->engine.stats || !port->engine.sas ||
	    !port->engine.later || !port->backlogs || gro_cells_init(&port->gro_cells, dev)) {
		cvsw_later_destroy(port->engine.later);
		port_free(port);
		return ERR_PTR(-ENOMEM);
	}
	/* So that the stack itself cuts larger ones up. */
	netif_set_tso_max_segs(dev, CVSW_SEGMENTS_MAX);
	cvsw_pmtus_init(&port->pmtus);
	port->engine.pmtus = &port->pmtus;
	port->engine.wire_mtu = dev->mtu;
	port->engine.miss = cvsw_miss;
	port->engine.deliver = port_deliver;
	port->engine.resume = cvsw_engine_resume;
	port->engine.turn = port_turn;
	port->engine.to_controller = port_to_controller;
	cvsw_engine_changed(&port->engine);
	port->dev = dev;
	cvsw_table_set_group_limit(port->engine.table, cvsw_max_groups);
	cvsw_control_init(&port->control, dev, &port->engine, port->backlogs);

	mutex_lock(&cvsw_ports_lock);
	cvsw_table_set_limit(port->engine.table, cvsw_max_flows);
	port->id = ++last_id;
	list_add_tail(&port->node, &cvsw_ports);
	mutex_unlock(&cvsw_ports_lock);
	return port;
}
EXPORT_SYMBOL_GPL(cvsw_port_create);

void cvsw_port_kill(struct cvsw_port *port)
{
	cvsw_control_kill(&port->control);
	/* What is with the cipher is delivered while the device is there. */
	cvsw_sas_kill(port->engine.sas);
}
EXPORT_SYMBOL_GPL(cvsw_port_kill);

void cvsw_port_destroy(struct cvsw_port *port)
{
	if (!port)
		return;
	/* From here on neither a notifier nor a netlink dump finds it. */
	mutex_lock(&cvsw_ports_lock);
	list_del(&port->node);
	mutex_unlock(&cvsw_ports_lock);

	/* A probe that fails before it registers the device kills nothing. */
	cvsw_control_kill(&port->control);
	/* Frames that waited may still have something for the controller. */
	cvsw_later_destroy(port->engine.later);
	cvsw_control_finish(&port->control);
	cvsw_sas_kill(port->engine.sas);
	port_free(port);
}
EXPORT_SYMBOL_GPL(cvsw_port_destroy);

static struct sk_buff *port_engine(struct cvsw_port *port, struct sk_buff *skb)
{
	/* Those of our own do not come this way. */
	if (unlikely(may_be_control(skb)) && cvsw_frame_is_control(skb))
		return cvsw_frames_drop(port->engine.stats, skb, CVSW_CNT_DROP_TX_CONTROL);

	if (READ_ONCE(port->engine.idle)) {
		cvsw_stats_count(port->engine.stats, CVSW_CNT_TX_MISS);
		return skb;
	}
	skb_reset_mac_header(skb);
	return cvsw_handle_frame(&port->engine, skb, CVSW_HOST);
}

struct sk_buff *cvsw_port_transmit(struct cvsw_port *port, struct sk_buff *skb)
{
	unsigned int queue = skb_get_queue_mapping(skb);

	return cvsw_backlog_xmit(port->backlogs, queue, port_engine(port, skb));
}
EXPORT_SYMBOL_GPL(cvsw_port_transmit);

void cvsw_port_woken(struct cvsw_port *port, const struct netdev_queue *txq)
{
	cvsw_backlog_woken(port->backlogs, txq - port->dev->_tx);
}
EXPORT_SYMBOL_GPL(cvsw_port_woken);

void cvsw_port_all_woken(struct cvsw_port *port)
{
	cvsw_backlogs_woken(port->backlogs);
}
EXPORT_SYMBOL_GPL(cvsw_port_all_woken);

/* Of bytes that copies have too GRO, which joins frames in place, must not know. */
static void give_to_stack(struct napi_struct *napi, struct sk_buff *skb)
{
	if (unlikely(skb->cloned))
		netif_receive_skb(skb);
	else
		napi_gro_receive(napi, skb);
}

/* An XDP program has had the frame before: the driver runs it ahead of this hook. */
void cvsw_port_receive(struct cvsw_port *port, struct napi_struct *napi, struct sk_buff *skb)
{
	struct sk_buff *next;

	if (unlikely(skb->protocol == htons(CVSW_ETHERTYPE))) {
		cvsw_control_receive(&port->control, skb);
		return;
	}
	if (READ_ONCE(port->engine.idle)) {
		cvsw_stats_count(port->engine.stats, CVSW_CNT_RX_MISS);
		napi_gro_receive(napi, skb);
		return;
	}

	skb_push(skb, ETH_HLEN);
	skb_list_walk_safe(cvsw_handle_frame(&port->engine, skb, CVSW_NET), skb, next) {
		skb_mark_not_on_list(skb);
		if (prepare_for_stack(port, skb))
			give_to_stack(napi, skb);
	}
}
EXPORT_SYMBOL_GPL(cvsw_port_receive);

/*
 * The guest's word on the wire, unless a controller has the say, which has left room for
 * layers: then the guest's own stack may send less than that, and is told of more.
 */
static void mtu_changed(struct cvsw_port *port)
{
	if (!READ_ONCE(port->engine.control_mtu))
		WRITE_ONCE(port->engine.wire_mtu, READ_ONCE(port->dev->mtu));
}

static void port_event(struct cvsw_port *port, unsigned long event)
{
	switch (event) {
	case NETDEV_UP:
	case NETDEV_CHANGE:
		cvsw_control_event(&port->control, CVSW_EVENT_LINK);
		break;
	case NETDEV_CHANGEADDR:
		cvsw_control_event(&port->control, CVSW_EVENT_ADDRESS);
		break;
	case NETDEV_CHANGEMTU:
		mtu_changed(port);
		break;
	case NETDEV_DOWN:
		cvsw_backlogs_purge(port->backlogs);
		break;
	case NETDEV_NOTIFY_PEERS:
		/* The hypervisor asks for it when the machine has come from elsewhere. */
		cvsw_port_announced(port);
		break;
	}
}

/*
 * The device's namespace does not matter here: a move between two of them is
 * no more than the link going down and up.
 */
static int netdev_event(struct notifier_block *block, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct cvsw_port *port;

	mutex_lock(&cvsw_ports_lock);
	list_for_each_entry(port, &cvsw_ports, node)
		if (port->dev == dev)
			port_event(port, event);
	mutex_unlock(&cvsw_ports_lock);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
};

int cvsw_port_module_init(void)
{
	return register_netdevice_notifier(&netdev_notifier);
}

void cvsw_port_module_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
}
