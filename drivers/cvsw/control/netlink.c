// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest's administrator may ask, over generic netlink.  What asks is a
 * dump of the ports in the asker's network namespace; proto/cvsw_nl.h is the
 * interface.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "proto/cvsw_nl.h"
#include "proto/cvsw_flow_mod.h"
#include "cvsw.h"
#include "esp/sa.h"
#include "version2/version2.h"
#include "version3.h"

/**
 * struct dump - where a dump goes on, in netlink_callback.ctx
 * @cmd: what was asked
 * @ifindex: of which device; 0: of all
 * @port_id: with this port, or with the next if it is gone
 * @counter: with this counter of it
 * @entry: with this entry of its table: cvsw_table_walk()'s
 * @sa: with this SA: cvsw_sas_walk()'s
 */
struct dump {
	u8 cmd;
	u32 ifindex;
	u32 port_id;
	u32 counter;
	u64 entry;
	u64 sa;
};

static struct genl_family family;

static struct dump *dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump) > sizeof(cb->ctx));
	return (struct dump *)cb->ctx;
}

/**
 * struct answer - a dump's message that is being written
 * @flow, @flow_mod: scratch, too large for the stack
 */
struct answer {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	const struct cvsw_port *port;
	struct cvsw_flow flow;
	u8 flow_mod[CVSW_FLOW_MOD_MAX];
};

/* With the port that it is about; NULL if it does not fit. */
static void *nl_begin(struct answer *answer)
{
	struct netlink_callback *cb = answer->cb;
	void *hdr = genlmsg_put(answer->skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				&family, NLM_F_MULTI, dump_of(cb)->cmd);

	if (!hdr || !nla_put_u32(answer->skb, CVSW_NLA_IFINDEX, answer->port->dev->ifindex))
		return hdr;
	genlmsg_cancel(answer->skb, hdr);
	return NULL;
}

/* @good: everything behind nl_begin() had room. */
static int nl_end(struct answer *answer, void *hdr, bool good)
{
	if (good)
		genlmsg_end(answer->skb, hdr);
	else if (hdr)
		genlmsg_cancel(answer->skb, hdr);
	return good ? 0 : -EMSGSIZE;
}

static bool nl_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return !nla_put_u64_64bit(skb, attr, value, CVSW_NLA_PAD);
}

static int nl_put_port(struct answer *answer)
{
	const struct cvsw_port *port = answer->port;
	struct sk_buff *skb = answer->skb;
	void *hdr = nl_begin(answer);
	u64 n_sessions;
	enum cvsw_nl_v3_state v3_state = cvsw_version3_state(&port->control, &n_sessions);

	return nl_end(answer, hdr, hdr &&
		      !nla_put_string(skb, CVSW_NLA_IFNAME, port->dev->name) &&
		      !cvsw_version2_put_state(skb, &port->control) &&
		      !nla_put_u8(skb, CVSW_NLA_V3_STATE, v3_state) &&
		      nl_put_u64(skb, CVSW_NLA_V3_SESSIONS, n_sessions) &&
		      !nla_put_u8(skb, CVSW_NLA_MISS, port->engine.miss) &&
		      !nla_put_u32(skb, CVSW_NLA_N_FLOWS, cvsw_table_count(port->engine.table)) &&
		      !nla_put_string(skb, CVSW_NLA_VERSION, CVSW_VERSION));
}

static int nl_put_flow(const struct cvsw_entry *entry, void *arg)
{
	struct answer *answer = arg;
	struct sk_buff *skb = answer->skb;
	void *hdr = nl_begin(answer);
	u64 packets, bytes;
	size_t len;

	cvsw_entry_flow(entry, &answer->flow);
	len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &answer->flow, answer->flow_mod,
				sizeof(answer->flow_mod));
	cvsw_hits_read(entry->hits, &packets, &bytes);
	return nl_end(answer, hdr, hdr &&
		      !nla_put(skb, CVSW_NLA_FLOW_MOD, len, answer->flow_mod) &&
		      nl_put_u64(skb, CVSW_NLA_N_PACKETS, packets) &&
		      nl_put_u64(skb, CVSW_NLA_N_BYTES, bytes));
}

static int nl_put_flows(struct answer *answer)
{
	return cvsw_table_walk(answer->port->engine.table, &dump_of(answer->cb)->entry,
			       nl_put_flow, answer);
}

static int nl_put_sa(const struct cvsw_esp_sa *sa, void *arg)
{
	struct answer *answer = arg;
	struct sk_buff *skb = answer->skb;
	void *hdr = nl_begin(answer);
	u64 packets, bytes;

	cvsw_sa_read(sa, &packets, &bytes);
	return nl_end(answer, hdr, hdr &&
		      !nla_put_u32(skb, CVSW_NLA_SPI, sa->name.spi) &&
		      !nla_put_u8(skb, CVSW_NLA_SA_DIRECTION, sa->name.direction) &&
		      !nla_put_u8(skb, CVSW_NLA_SA_STATE, cvsw_sa_state(sa)) &&
		      !nla_put_u16(skb, CVSW_NLA_KEY_BITS, sa->key_bits) &&
		      (!sa->udp_dst || (!nla_put_u16(skb, CVSW_NLA_UDP_SRC, sa->udp_src) &&
					!nla_put_u16(skb, CVSW_NLA_UDP_DST, sa->udp_dst))) &&
		      nl_put_u64(skb, CVSW_NLA_SEQ, cvsw_sa_seq(sa)) &&
		      nl_put_u64(skb, CVSW_NLA_N_PACKETS, packets) &&
		      nl_put_u64(skb, CVSW_NLA_N_BYTES, bytes) &&
		      !nla_put_string(skb, CVSW_NLA_ALGORITHM,
				      crypto_tfm_alg_driver_name(crypto_aead_tfm(sa->aead))));
}

static int nl_put_sas(struct answer *answer)
{
	return cvsw_sas_walk(answer->port->engine.sas, &dump_of(answer->cb)->sa, nl_put_sa, answer);
}

static int nl_put_counter(struct answer *answer, unsigned int counter)
{
	u64 value = cvsw_stats_read(answer->port->engine.stats, counter);
	char name[32];
	void *hdr;

	if (cvsw_counter_is_of_table(counter) && !value)
		return 0;
	hdr = nl_begin(answer);
	cvsw_stats_name(counter, name, sizeof(name));
	return nl_end(answer, hdr, hdr &&
		      !nla_put_string(answer->skb, CVSW_NLA_COUNTER_NAME, name) &&
		      nl_put_u64(answer->skb, CVSW_NLA_COUNTER, value));
}

static int nl_put_counters(struct answer *answer)
{
	u32 *counter = &dump_of(answer->cb)->counter;
	int err = 0;

	while (*counter < CVSW_N_COUNTERS && !(err = nl_put_counter(answer, *counter)))
		++*counter;
	return err;
}

/* Is the port in the asker's namespace, and the one asked for?  @ifindex 0: each is. */
static bool nl_is_asked_for(const struct cvsw_port *port, const struct net *net, u32 ifindex)
{
	return port->dev->reg_state == NETREG_REGISTERED && net_eq(dev_net(port->dev), net) &&
	       (!ifindex || ifindex == port->dev->ifindex);
}

static void nl_next_port(struct dump *dump, u32 port_id)
{
	dump->port_id = port_id;
	dump->counter = 0;
	dump->entry = 0;
	dump->sa = 0;
}

/* By the command: what a port has. */
static int (*const nl_put[])(struct answer *answer) = {
	[CVSW_NL_GET_PORT] = nl_put_port,
	[CVSW_NL_GET_FLOW] = nl_put_flows,
	[CVSW_NL_GET_STATS] = nl_put_counters,
	[CVSW_NL_GET_SA] = nl_put_sas,
};

/* RTNL holds names and namespaces still; a port in the list does not go away. */
static int nl_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct answer *answer = kmalloc(sizeof(*answer), GFP_KERNEL);
	struct dump *dump = dump_of(cb);
	struct cvsw_port *port;
	int err = 0;

	if (!answer)
		return -ENOMEM;
	answer->skb = skb;
	answer->cb = cb;
	rtnl_lock();
	mutex_lock(&cvsw_ports_lock);
	list_for_each_entry(port, &cvsw_ports, node) {
		if (port->id < dump->port_id)
			continue;
		if (port->id > dump->port_id)
			nl_next_port(dump, port->id);
		answer->port = port;
		if (nl_is_asked_for(port, sock_net(cb->skb->sk), dump->ifindex))
			err = nl_put[dump->cmd](answer);
		if (err)
			break;
		nl_next_port(dump, port->id + 1);
	}
	mutex_unlock(&cvsw_ports_lock);
	rtnl_unlock();
	kfree(answer);
	/* What did not fit comes with the next call, unless nothing fits at all. */
	return skb->len ? skb->len : err;
}

static const struct nla_policy policy[CVSW_NLA_MAX + 1] = {
	[CVSW_NLA_IFINDEX] = { .type = NLA_U32 },
	[CVSW_NLA_KEY] = NLA_POLICY_EXACT_LEN(CVSW_V3_KEY_LEN),
};

/* ---- SET_KEY ---- */

static int nl_set_key_of(const struct net *net, u32 ifindex, const u8 *psk)
{
	struct cvsw_port *port;
	int err = -ENODEV;

	rtnl_lock();
	mutex_lock(&cvsw_ports_lock);
	list_for_each_entry(port, &cvsw_ports, node)
		if (ifindex && nl_is_asked_for(port, net, ifindex))
			err = cvsw_version3_set_key(&port->control, psk);
	mutex_unlock(&cvsw_ports_lock);
	rtnl_unlock();
	return err;
}

/* The key goes from the message too: an error's answer would repeat it. */
static int nl_set_key(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *key = info->attrs[CVSW_NLA_KEY];
	int err = -EINVAL;

	if (info->attrs[CVSW_NLA_IFINDEX])
		err = nl_set_key_of(genl_info_net(info), nla_get_u32(info->attrs[CVSW_NLA_IFINDEX]),
				 key ? nla_data(key) : NULL);
	if (key)
		memzero_explicit(nla_data(key), nla_len(key));
	return err;
}

/* ---- the family ---- */

static int nl_dump_start(struct netlink_callback *cb)
{
	struct genlmsghdr *hdr = nlmsg_data(cb->nlh);
	struct nlattr *attrs[CVSW_NLA_COUNT];
	int err = genlmsg_parse(cb->nlh, &family, attrs, CVSW_NLA_MAX, policy, cb->extack);

	if (err)
		return err;
	*dump_of(cb) = (struct dump){ .cmd = hdr->cmd };
	/* Room for the longest flow with what stands around it. */
	if (hdr->cmd == CVSW_NL_GET_FLOW)
		cb->min_dump_alloc = CVSW_FLOW_MOD_MAX + 256;
	if (attrs[CVSW_NLA_IFINDEX])
		dump_of(cb)->ifindex = nla_get_u32(attrs[CVSW_NLA_IFINDEX]);
	return 0;
}

static const struct genl_ops ops[] = {
	{ .cmd = CVSW_NL_GET_PORT, .start = nl_dump_start, .dumpit = nl_dump },
	/* Flows tell what the administrator of the network has in mind. */
	{ .cmd = CVSW_NL_GET_FLOW, .start = nl_dump_start, .dumpit = nl_dump,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = CVSW_NL_GET_STATS, .start = nl_dump_start, .dumpit = nl_dump },
	{ .cmd = CVSW_NL_GET_SA, .start = nl_dump_start, .dumpit = nl_dump,
	  .flags = GENL_UNS_ADMIN_PERM },
	/* Not for root of a container that was given the NIC: who takes the key away rules it. */
	{ .cmd = CVSW_NL_SET_KEY, .doit = nl_set_key, .flags = GENL_ADMIN_PERM },
};

static struct genl_family family __ro_after_init = {
	.name = CVSW_NL_FAMILY,
	.version = CVSW_NL_VERSION,
	.maxattr = CVSW_NLA_MAX,
	.policy = policy,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
};

int cvsw_netlink_module_init(void)
{
	return genl_register_family(&family);
}

void cvsw_netlink_module_exit(void)
{
	genl_unregister_family(&family);
}
