// SPDX-License-Identifier: GPL-2.0
/*
 * A NIC under CVSW whose frames a seed makes, and the stack behind it.
 *
 * Each case goes two ways: straight to the stack, and through the NIC, whose flows deny
 * some of it.  Then must hold:
 *
 *  - What came through the NIC to a socket or into the neighbor table, some frame's key
 *    has with these very values; and it is nothing that a flow denies.
 *  - What the stack takes straight from the wire and the NIC did not let through is denied
 *    by a flow, or no key has it.
 *
 * debugfs cvsw_stack/:
 *	inject	written: a frame that the NIC receives (run.py's control messages)
 *	run	written: "SEED CASES"; read: what was found
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "../../drivers/cvsw/door/port.h"
#include "stack.h"

#define REPORTS_MAX	5
#define DEVICES		4

struct nic {
	struct cvsw_port *port;
	struct napi_struct napi;
	struct sk_buff_head arrived;
	bool straight;		/* past the port */
};

static struct net_device *device;
static struct dentry *folder;

/* The device and its VLANs 5, 5.6 and 7: what tag leads there. */
static const char *const names[DEVICES] = { "stack0", "stack0.5", "stack0.5.6", "stack0.7" };
static const u16 vids[DEVICES] = { 0, 5, 5, DENIED_VID };
static int ifindexes[DEVICES];

static struct {
	u64 seed, cases, frames, delivered, kept, failed;
	u64 with[STACK_N_FEATURES], heard[STACK_N_FEATURES];
	char report[REPORTS_MAX][2000];
} found;

/* ---- the NIC ---- */

static netdev_tx_t driver_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

static void driver_kick(struct net_device *dev, unsigned int queue)
{
}

static const struct cvsw_driver driver = { .start_xmit = driver_xmit, .kick = driver_kick };

static netdev_tx_t start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	skb = cvsw_port_transmit(nic->port, skb);
	return skb ? driver_xmit(skb, dev) : NETDEV_TX_OK;
}

static int open(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	napi_enable(&nic->napi);
	netif_start_queue(dev);
	return 0;
}

static int stop(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	netif_stop_queue(dev);
	napi_disable(&nic->napi);
	return 0;
}

static const struct net_device_ops ops = {
	.ndo_open = open,
	.ndo_stop = stop,
	.ndo_start_xmit = start_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = container_of(napi, struct nic, napi);
	struct sk_buff *skb;
	int n = 0;

	while (n < budget && (skb = __skb_dequeue(&nic->arrived))) {
		n++;
		skb->protocol = eth_type_trans(skb, device);
		if (nic->straight)
			napi_gro_receive(napi, skb);
		else
			cvsw_port_receive(nic->port, napi, skb);
	}
	if (n < budget)
		napi_complete_done(napi, n);
	return n;
}

static struct sk_buff *make_skb(const struct stack_frame *frame)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + frame->linear, GFP_KERNEL);
	struct page *page = frame->linear < frame->len ? alloc_page(GFP_KERNEL) : NULL;

	if (!skb || (frame->linear < frame->len && !page)) {
		kfree_skb(skb);
		return NULL;
	}
	skb_reserve(skb, NET_SKB_PAD);
	skb_put_data(skb, frame->data, frame->linear);
	if (page) {
		memcpy(page_address(page), frame->data + frame->linear, frame->len - frame->linear);
		skb_add_rx_frag(skb, 0, page, 0, frame->len - frame->linear, PAGE_SIZE);
	}
	skb_reset_mac_header(skb);
	if (frame->tpid)
		__vlan_hwaccel_put_tag(skb, htons(frame->tpid), frame->tci);
	if (frame->gso_type) {
		skb_shinfo(skb)->gso_type = frame->gso_type;
		skb_shinfo(skb)->gso_size = frame->gso_size;
		skb_shinfo(skb)->gso_segs = 2;
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	return skb;
}

/* All frames arrive; the stack is through with them on return. */
static bool receive(const struct stack_case *c, bool straight)
{
	struct nic *nic = netdev_priv(device);
	unsigned int i;

	nic->straight = straight;
	for (i = 0; i < c->n; i++) {
		struct sk_buff *skb = make_skb(&c->frames[i]);

		if (!skb) {
			__skb_queue_purge(&nic->arrived);
			return false;
		}
		__skb_queue_tail(&nic->arrived, skb);
	}
	local_bh_disable();
	napi_schedule(&nic->napi);
	local_bh_enable();
	/* At once, but where ksoftirqd is at it already. */
	for (i = 0; test_bit(NAPI_STATE_SCHED, &nic->napi.state); i++) {
		if (i == HZ)
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

/* ---- the comparison ---- */

struct parsed {
	struct cvsw_key key;
	struct cvsw_layout layout;
};

static bool parse(const struct stack_case *c, struct parsed parsed[])
{
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		struct sk_buff *skb = make_skb(&c->frames[i]);

		if (!skb)
			return false;
		cvsw_key_extract(skb, CVSW_NET, &parsed[i].key, &parsed[i].layout);
		kfree_skb(skb);
	}
	return true;
}

static u16 vid_of(int ifindex)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		if (ifindexes[i] == ifindex)
			return vids[i];
	return VLAN_VID_MASK;
}

static bool shows_neighbor(const struct cvsw_key *key, const struct seen *seen)
{
	if (!seen->ipv6)
		return key->dl_type == ETH_P_ARP && !memcmp(key->hw_src, seen->mac, ETH_ALEN) &&
		       key->nw_src == get_unaligned_be32(seen->src);
	if (key->dl_type != ETH_P_IPV6 || key->nw_proto != IPPROTO_ICMPV6)
		return false;
	if (key->tp_src == 136 || key->tp_src == 137)
		return !memcmp(key->nd_target, seen->src, 16) &&
		       !memcmp(key->hw_dst, seen->mac, ETH_ALEN);
	return key->tp_src >= 133 && key->tp_src <= 135 && !memcmp(key->ipv6_src, seen->src, 16) &&
	       !memcmp(key->hw_src, seen->mac, ETH_ALEN);
}

static bool shows_packet(const struct cvsw_key *key, const struct seen *seen)
{
	if (key->dl_type != (seen->ipv6 ? ETH_P_IPV6 : ETH_P_IP) ||
	    key->nw_proto != seen->protocol || key->nw_frag & CVSW_FRAG_LATER)
		return false;
	if (seen->ipv6 ? memcmp(key->ipv6_src, seen->src, 16) || memcmp(key->ipv6_dst, seen->dst, 16) :
			 key->nw_src != get_unaligned_be32(seen->src) ||
			 key->nw_dst != get_unaligned_be32(seen->dst))
		return false;
	return seen->cut || (key->tp_src == seen->tp_src && key->tp_dst == seen->tp_dst &&
			     key->tcp_flags == seen->flags);
}

static bool shows(const struct parsed *parsed, const struct seen *seen)
{
	const struct cvsw_key *key = &parsed->key;

	if (!parsed->layout.whole || (key->vlan_tci & VLAN_VID_MASK) != vid_of(seen->ifindex))
		return false;
	return seen->is_neighbor ? shows_neighbor(key, seen) : shows_packet(key, seen);
}

static bool is_denied_transport(u8 protocol, bool ipv6, u16 tp_src, u16 tp_dst, u16 flags)
{
	switch (protocol) {
	case IPPROTO_TCP:
		if (tp_dst == DENIED_SYN_ACK_PORT && (flags & 0x12) == 0x12)
			return true;
		return tp_dst == DENIED_PORT;
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return tp_dst == DENIED_PORT;
	case IPPROTO_ICMP:
		return !ipv6 && tp_src == DENIED_ICMP;
	case IPPROTO_ICMPV6:
		return ipv6 && tp_src == DENIED_ICMPV6;
	case DENIED_PROTOCOL:
		return true;
	}
	return false;
}

/* As run.py's flows say, of what was heard... */
static bool is_denied(const struct seen *seen)
{
	if (vid_of(seen->ifindex) == DENIED_VID || seen->src[seen->ipv6 ? 15 : 3] == DENIED_HOST)
		return true;
	/* Of a router that says where it is no match can name that. */
	if (seen->is_neighbor)
		return seen->mac[5] == DENIED_HOST && seen->src[0] != 0xfe;
	return is_denied_transport(seen->protocol, seen->ipv6, seen->tp_src, seen->tp_dst, seen->flags);
}

/* ... and of what a key says. */
static bool is_denied_key(const struct cvsw_key *key)
{
	bool ipv6 = key->dl_type == ETH_P_IPV6, arp = key->dl_type == ETH_P_ARP;

	if ((key->vlan_tci & VLAN_VID_MASK) == DENIED_VID || (key->nw_src & 0xff) == DENIED_HOST ||
	    key->ipv6_src[15] == DENIED_HOST)
		return true;
	if (arp || (ipv6 && key->nw_proto == IPPROTO_ICMPV6 && key->tp_src >= 133 && key->tp_src <= 137))
		return key->nd_target[15] == DENIED_HOST || key->hw_src[5] == DENIED_HOST ||
		       key->hw_dst[5] == DENIED_HOST;
	return (ipv6 || key->dl_type == ETH_P_IP) &&
	       is_denied_transport(key->nw_proto, ipv6, key->tp_src, key->tp_dst, key->tcp_flags);
}

static void report(const struct stack_case *c, u64 number, const char *what, const struct seen *seen)
{
	char *at, *end;
	unsigned int i;

	if (found.failed++ >= REPORTS_MAX)
		return;
	at = found.report[found.failed - 1];
	end = at + sizeof(found.report[0]);
	at += scnprintf(at, end - at, "seed %llu: %s: %s protocol %u from %*phN to %*phN "
			"ports %u %u flags %#x mac %pM vid %u\n", found.seed + number, what,
			seen->is_neighbor ? "neighbor" : "socket", seen->protocol,
			seen->ipv6 ? 16 : 4, seen->src, seen->ipv6 ? 16 : 4, seen->dst,
			seen->tp_src, seen->tp_dst, seen->flags, seen->mac, vid_of(seen->ifindex));
	for (i = 0; i < c->n; i++)
		at += scnprintf(at, end - at, "  tag %x %x gso %x linear %u of %u: %*phN\n",
				c->frames[i].tpid, c->frames[i].tci, c->frames[i].gso_type,
				c->frames[i].linear, c->frames[i].len, min(c->frames[i].len, 64U),
				c->frames[i].data);
}

/*
 * May the NIC have dropped what the stack would take, because the key cannot have it?  TCP's
 * flags, or a neighbor message's options, in the second fragment; options that lie and headers
 * that are cut, which no socket takes but a raw one.
 */
static bool may_be_unparsed(const struct stack_case *c, const struct seen *seen)
{
	bool fragments = c->features & BIT(STACK_FRAGMENTS);

	if (seen->is_neighbor || seen->protocol == IPPROTO_TCP)
		return fragments || seen->cut;
	return seen->cut || (seen->protocol == IPPROTO_ICMPV6 && seen->tp_src >= 133 &&
			     seen->tp_src <= 137);
}

static bool is_among(const struct seen *seen, const struct seen list[], unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!memcmp(seen, &list[i], sizeof(*seen)))
			return true;
	return false;
}

/* By the NIC, @through, and @straight. */
static void compare(const struct stack_case *c, u64 number, const struct parsed parsed[],
		    const struct seen through[], unsigned int n_through,
		    const struct seen straight[], unsigned int n_straight)
{
	bool any_denied = false;
	unsigned int i, j;

	for (i = 0; i < n_through; i++) {
		for (j = 0; j < c->n && !shows(&parsed[j], &through[i]); j++)
			;
		if (is_denied(&through[i]))
			report(c, number, "denied, but got through", &through[i]);
		else if (j == c->n)
			report(c, number, "no key shows it", &through[i]);
	}
	for (j = 0; j < c->n; j++)
		any_denied |= is_denied_key(&parsed[j].key);
	for (i = 0; i < n_straight && !any_denied; i++) {
		if (is_denied(&straight[i]) || is_among(&straight[i], through, n_through))
			continue;
		for (j = 0; j < c->n && !shows(&parsed[j], &straight[i]); j++)
			;
		if (j < c->n || !may_be_unparsed(c, &straight[i]))
			report(c, number, "dropped without a reason", &straight[i]);
		else
			found.kept++;
	}
}

static bool wrap(struct stack_case *c)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (!stack_wrap(&c->frames[i]))
			return false;
	return true;
}

static int run_case(u64 number)
{
	static struct seen straight[STACK_SEEN_MAX], through[STACK_SEEN_MAX];
	static struct parsed parsed[STACK_FRAMES_MAX];
	static struct stack_case c;
	static u32 id;		/* of datagrams whose fragments the stack may still keep */
	unsigned int n_straight, n_through, i;
	u64 seed = found.seed + number;

	stack_make(&c, seed, id++);
	stack_hear_prepare(&c, ifindexes, DEVICES);
	if (!receive(&c, true))
		return -ENOMEM;
	n_straight = stack_hear(&c, ifindexes, DEVICES, straight);

	stack_make(&c, seed, id++);
	stack_hear_prepare(&c, ifindexes, DEVICES);
	if (!parse(&c, parsed) || (c.features & BIT(STACK_VXLAN) && !wrap(&c)) || !receive(&c, false))
		return -ENOMEM;
	n_through = stack_hear(&c, ifindexes, DEVICES, through);

	compare(&c, number, parsed, through, n_through, straight, n_straight);
	found.frames += c.n;
	found.delivered += n_through;
	for (i = 0; i < STACK_N_FEATURES; i++) {
		found.with[i] += c.features >> i & 1;
		found.heard[i] += (c.features >> i & 1) && n_straight;
	}
	return 0;
}

/* ---- debugfs ---- */

static ssize_t inject_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	static struct stack_case c;

	if (len < ETH_HLEN || len > STACK_FRAME_MAX)
		return -EINVAL;
	memset(&c, 0, sizeof(c));
	if (copy_from_user(c.frames[0].data, from, len))
		return -EFAULT;
	c.n = 1;
	c.frames[0].len = c.frames[0].linear = len;
	return receive(&c, false) ? len : -ENOMEM;
}

static const struct file_operations inject_ops = {
	.owner = THIS_MODULE, .open = simple_open, .write = inject_write,
};

static int run_show(struct seq_file *file, void *data)
{
	static const char *const features[] = {
#define FEATURE_TEXT(id, text) text,
		STACK_FEATURES(FEATURE_TEXT)
	};
	unsigned int i;

	seq_printf(file, "failed %llu\ncases %llu\nframes %llu\ndelivered %llu\nkept %llu\n",
		   found.failed, found.cases, found.frames, found.delivered, found.kept);
	for (i = 0; i < STACK_N_FEATURES; i++)
		seq_printf(file, "feature %llu %llu %s\n", found.with[i], found.heard[i], features[i]);
	for (i = 0; i < min_t(u64, found.failed, REPORTS_MAX); i++)
		seq_puts(file, found.report[i]);
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static ssize_t run_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	unsigned long long seed, cases, i;
	char text[64] = {};
	int err;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	if (sscanf(text, "%llu %llu", &seed, &cases) != 2)
		return -EINVAL;
	for (i = 0; i < DEVICES; i++) {
		struct net_device *dev = dev_get_by_name(&init_net, names[i]);

		if (!dev)
			return -ENODEV;
		ifindexes[i] = dev->ifindex;
		dev_put(dev);
	}
	memset(&found, 0, sizeof(found));
	found.seed = seed;
	for (i = 0; i < cases; i++) {
		err = run_case(i);
		if (err)
			return err;
		found.cases++;
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return len;
}

static const struct file_operations run_ops = {
	.owner = THIS_MODULE, .open = run_open, .read = seq_read, .llseek = seq_lseek,
	.release = single_release, .write = run_write,
};

/* ---- the module ---- */

static int create(void)
{
	static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
	struct nic *nic;
	int err;

	device = alloc_etherdev(sizeof(struct nic));
	if (!device)
		return -ENOMEM;
	nic = netdev_priv(device);
	device->netdev_ops = &ops;
	strscpy(device->name, names[0], sizeof(device->name));
	eth_hw_addr_set(device, mac);
	__skb_queue_head_init(&nic->arrived);
	netif_napi_add(device, &nic->napi, poll);
	nic->port = cvsw_port_create(device, &driver);
	err = PTR_ERR_OR_ZERO(nic->port);
	if (err)
		goto free;
	err = register_netdev(device);
	if (!err)
		return 0;
	cvsw_port_kill(nic->port);
	cvsw_port_destroy(nic->port);
free:
	free_netdev(device);
	return err;
}

static void destroy(void)
{
	struct nic *nic = netdev_priv(device);

	cvsw_port_kill(nic->port);
	unregister_netdev(device);
	cvsw_port_destroy(nic->port);
	free_netdev(device);
}

static int __init init(void)
{
	int err = stack_hear_start();

	if (err)
		return err;
	err = create();
	if (err) {
		stack_hear_stop();
		return err;
	}
	folder = debugfs_create_dir("cvsw_stack", NULL);
	debugfs_create_file("inject", 0200, folder, NULL, &inject_ops);
	debugfs_create_file("run", 0600, folder, NULL, &run_ops);
	return 0;
}

static void __exit leave(void)
{
	debugfs_remove(folder);
	destroy();
	stack_hear_stop();
}

module_init(init);
module_exit(leave);
MODULE_DESCRIPTION("CVSW: the key against what the stack understands");
MODULE_LICENSE("GPL");
