// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/log2.h>
#include <linux/timekeeping.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>

#include "pmtu.h"
#include "esp/sa.h"
#include "vxlan.h"

/* How far a packet that a router quotes may be behind the SA's last one. */
#define QUOTE_AGE_MAX	65536

#ifndef pmtu_seconds
#define pmtu_seconds()	ktime_get_seconds()
#endif

/* ---- what is known ---- */

void cvsw_pmtus_init(struct cvsw_pmtus *pmtus)
{
	seqlock_init(&pmtus->lock);
}

static struct cvsw_pmtu_path *path_to(struct cvsw_pmtus *pmtus, __be32 dst)
{
	return &pmtus->known[hash_32((__force u32)dst, ilog2(CVSW_PMTU_KNOWN))];
}

static unsigned int known_mtu(const struct cvsw_pmtu_path *path, __be32 dst)
{
	return path->dst == dst && pmtu_seconds() < path->end ? path->mtu : UINT_MAX;
}

unsigned int cvsw_pmtu_known(struct cvsw_pmtus *pmtus, __be32 dst)
{
	struct cvsw_pmtu_path path;
	unsigned int seq;

	do {
		seq = read_seqbegin(&pmtus->lock);
		path = *path_to(pmtus, dst);
	} while (read_seqretry(&pmtus->lock, seq));
	return known_mtu(&path, dst);
}

/* Return: false: it was as low before. */
static bool lower_pmtu(struct cvsw_pmtus *pmtus, __be32 dst, unsigned int mtu)
{
	struct cvsw_pmtu_path *path = path_to(pmtus, dst);
	unsigned long flags;
	bool lowers;

	/* Hard interrupts read, too: netpoll sends in them. */
	write_seqlock_irqsave(&pmtus->lock, flags);
	lowers = mtu <= known_mtu(path, dst);
	if (lowers)
		*path = (struct cvsw_pmtu_path){ dst, mtu, pmtu_seconds() + CVSW_PMTU_SECONDS };
	write_sequnlock_irqrestore(&pmtus->lock, flags);
	if (lowers)
		WRITE_ONCE(pmtus->any, true);
	return lowers;
}

/* ---- what was sent ---- */

static u64 sent_pack(__be32 dst, u16 port)
{
	return (u64)(__force u32)dst << 16 | port;
}

static u64 *sent_place(struct cvsw_pmtus *pmtus, __be32 dst)
{
	return &pmtus->sent[hash_32((__force u32)dst, ilog2(CVSW_PMTU_SENT))];
}

void cvsw_pmtu_sent(struct cvsw_pmtus *pmtus, __be32 dst, u16 port)
{
	u64 sent = sent_pack(dst, port), *place;

	if (unlikely(!pmtus))
		return;
	place = sent_place(pmtus, dst);
	if (unlikely(READ_ONCE(*place) != sent))
		WRITE_ONCE(*place, sent);
}

/* ---- what a router says ---- */

/**
 * struct quote - a packet in an ICMP message
 * @ip: its header
 * @udp: behind it, if it is UDP
 * @esp: SPI and sequence number, behind that
 * @has_esp: they are quoted, too
 */
struct quote {
	struct iphdr ip;
	struct udphdr udp;
	__be32 esp[2];
	bool has_esp;
};

static bool read_quote(const struct sk_buff *skb, unsigned int at, unsigned int end,
		       struct quote *quote)
{
	unsigned int l4;

	if (at + sizeof(quote->ip) > end || skb_copy_bits(skb, at, &quote->ip, sizeof(quote->ip)))
		return false;
	l4 = at + quote->ip.ihl * 4;
	if (quote->ip.version != 4 || quote->ip.ihl < 5 ||
	    quote->ip.frag_off != htons(IP_DF))
		return false;
	if (quote->ip.protocol == IPPROTO_UDP) {
		if (l4 + sizeof(quote->udp) > end ||
		    skb_copy_bits(skb, l4, &quote->udp, sizeof(quote->udp)))
			return false;
		l4 += sizeof(quote->udp);
	} else if (quote->ip.protocol != IPPROTO_ESP) {
		return false;
	}
	quote->has_esp = l4 + sizeof(quote->esp) <= end &&
			 !skb_copy_bits(skb, l4, quote->esp, sizeof(quote->esp));
	return true;
}

static bool sealed_by(const struct cvsw_esp_sa *sa, const struct quote *quote)
{
	bool udp = quote->ip.protocol == IPPROTO_UDP;
	u32 seq = ntohl(quote->esp[1]);
	u64 sent = atomic64_read(&sa->sent);

	if (udp ? ntohs(quote->udp.source) != sa->udp_src || ntohs(quote->udp.dest) != sa->udp_dst :
		  sa->udp_dst)
		return false;
	return READ_ONCE(sa->dst) == quote->ip.daddr && seq && seq <= sent &&
	       sent - seq < QUOTE_AGE_MAX;
}

static bool sent_in_clear(struct cvsw_pmtus *pmtus, const struct quote *quote)
{
	unsigned int len = ntohs(quote->ip.tot_len) - quote->ip.ihl * 4;

	return quote->ip.protocol == IPPROTO_UDP && ntohs(quote->udp.len) == len &&
	       ntohs(quote->udp.source) >= CVSW_VXLAN_FIRST_PORT &&
	       READ_ONCE(*sent_place(pmtus, quote->ip.daddr)) ==
	       sent_pack(quote->ip.daddr, ntohs(quote->udp.dest));
}

static bool is_ours(const struct cvsw_engine *engine, const struct quote *quote)
{
	const struct cvsw_esp_sa *sa = NULL;

	if (quote->has_esp)
		sa = cvsw_sas_find(engine->sas, CVSW_SA_OUT, ntohl(quote->esp[0]));
	return sa && sealed_by(sa, quote) ? true : sent_in_clear(engine->pmtus, quote);
}

/* Of a router that does not know RFC 1191: its section 7.  Return: less than @len, or 0. */
static unsigned int plateau_below(unsigned int len)
{
	static const u16 plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, CVSW_PMTU_MIN };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plateaus); i++)
		if (plateaus[i] < len)
			return plateaus[i];
	return 0;
}

static bool checksum_is_right(const struct sk_buff *skb, const struct cvsw_layout *at)
{
	return skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL ||
	       !csum_fold(skb_checksum(skb, at->transport, at->end - at->transport, 0));
}

/* Return: is it believed? */
static bool take_message(struct cvsw_engine *engine, const struct sk_buff *skb,
			 const struct cvsw_layout *at, const struct icmphdr *icmp)
{
	unsigned int mtu = ntohs(icmp->un.frag.mtu), len;
	struct quote quote;
	__be32 to;

	if (!read_quote(skb, at->transport + sizeof(*icmp), at->end, &quote) ||
	    skb_copy_bits(skb, at->network + offsetof(struct iphdr, daddr), &to, sizeof(to)) ||
	    to != quote.ip.saddr || !is_ours(engine, &quote) || !checksum_is_right(skb, at))
		return false;
	len = ntohs(quote.ip.tot_len);
	mtu = mtu ?: plateau_below(len);
	if (!mtu || mtu >= len || len <= CVSW_PMTU_MIN)
		return false;
	return lower_pmtu(engine->pmtus, quote.ip.daddr, max_t(unsigned int, mtu, CVSW_PMTU_MIN));
}

void cvsw_pmtu_hear(struct cvsw_engine *engine, const struct sk_buff *skb,
		    const struct cvsw_layout *at)
{
	struct icmphdr icmp;

	if (!engine->pmtus || !at->network || !at->transport || at->fragment ||
	    at->protocol != IPPROTO_ICMP || at->transport + sizeof(icmp) > at->end ||
	    skb_copy_bits(skb, at->transport, &icmp, sizeof(icmp)) ||
	    icmp.type != ICMP_DEST_UNREACH || icmp.code != ICMP_FRAG_NEEDED)
		return;
	cvsw_stats_count(engine->stats, take_message(engine, skb, at, &icmp) ? CVSW_CNT_PMTU_LOWERED :
									CVSW_CNT_PMTU_IGNORED);
}
