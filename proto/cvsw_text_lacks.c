// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: the words of ovs-ofctl for what a NIC has not. */
#include <strings.h>

#include "cvsw_text_parser.h"

/* @words: of matches, actions, arguments, ports, fields; with * at the end, all that begin so */
static const struct {
	const char *words;
	const char *what;
} lacks[] = {
	{ "ct ct_* nat NXM_NX_CT_*", "connection tracking" },
	{ "learn", "flows that add flows" },
	{ "fin_timeout", "timeout by the FIN of a connection" },
	{ "conjunction conj_id NXM_NX_CONJ_ID", "conjunctive match" },
	{ "meter meter_id", "meters" },
	{ "push_mpls pop_mpls set_mpls_* dec_mpls_ttl mpls_* OXM_OF_MPLS_* NXM_NX_MPLS_*",
	  "MPLS labels" },
	{ "push_vlan", "tag in front of another: expected mod_vlan_vid" },
	{ "enqueue set_queue pop_queue", "queues" },
	{ "bundle bundle_load multipath", "choice among ports" },
	{ "sample", "sampling" },
	{ "note", "notes" },
	{ "table", "packet that a controller hands back to the tables" },
	{ "exit", "end in the middle of a list" },
	{ "push pop", "stack" },
	{ "encap decap packet_type nsh_* dec_nsh_ttl NXM_NX_NSH_* NSOXM_*",
	  "NSH, and no packets without an Ethernet header" },
	{ "set_tunnel set_tunnel64", "tunnel as a port: expected vxlan_encap(...)" },
	{ "tun_metadata* NXM_NX_TUN_METADATA* tun_flags tun_gbp_* tun_erspan_* tun_gtpu_* "
	  "tun_ttl tun_tos NXM_NX_TUN_*", "field of a tunnel but its id and addresses" },
	{ "check_pkt_larger", "test of a packet's length" },
	{ "delete_field", "field to be deleted" },
	{ "debug_recirc debug_slow ct_lb", "actions to test a vswitch" },
	{ "xreg* xxreg* OXM_OF_PKT_REG* NXM_NX_XREG* NXM_NX_XXREG*",
	  "registers of more than 32 bits: expected reg0 and its like" },
	{ "actset_output OXM_OF_ACTSET_OUTPUT ONFOXM_ET_ACTSET_OUTPUT", "match on the action set" },
	{ "in_port_oxm in_phy_port OXM_OF_IN_PORT",
	  "numbers of ports in 32 bits: expected in_port" },
	{ "dp_hash recirc_id skb_priority NXM_NX_DP_HASH NXM_NX_RECIRC_ID",
	  "field of the vswitch's own" },
	{ "ipv6_exthdr OXM_OF_IPV6_EXTHDR", "match on extension headers" },
	{ "pbb_isid OXM_OF_PBB_ISID OXM_OF_PBB_UCA", "PBB" },
	{ "importance", "eviction of flows" },
	{ "reset_counts no_packet_counts no_byte_counts", "flag for counters" },
	{ "no_readonly_table allow_hidden_fields out_group", "such choice of flows" },
	{ "userdata pause", "controller that continues a packet" },
	{ "apply_actions", "such word: expected its actions alone" },
};

static const char *lack_of(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		const char *words = lacks[i].words;

		for (; *words; words += strspn(words, " ")) {
			size_t n = strcspn(words, " ");
			bool begins = words[n - 1] == '*';

			if (begins ? len >= n - 1 && !strncasecmp(name, words, n - 1) :
				     len == n && !strncasecmp(name, words, n))
				return lacks[i].what;
			words += n;
		}
	}
	return NULL;
}

bool text_is_lacked(const char *name, size_t len)
{
	return lack_of(name, len);
}

bool text_fail_lacked(struct text_parser *p, const char *name, size_t len, const char *kind)
{
	const char *what = lack_of(name, len);

	if (what)
		return text_fail(p, name, "%.*s: a NIC has no %s", text_shown(len), name, what);
	return text_fail(p, name, "unknown %s %.*s", kind, text_shown(len), name);
}
