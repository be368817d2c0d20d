/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The module's generic netlink family: what the guest's administrator can ask
 * the driver.  What asks is a dump over the ports of the asker's network
 * namespace; a port's interface index narrows it to one.
 */
#ifndef CVSW_NL_H
#define CVSW_NL_H

#define CVSW_NL_FAMILY		"cvsw"
#define CVSW_NL_VERSION		1

enum cvsw_nl_command {
	CVSW_NL_UNSPEC,
	CVSW_NL_GET_PORT,	/* a message a port */
	CVSW_NL_GET_FLOW,	/* a message a flow; needs CAP_NET_ADMIN */
	CVSW_NL_GET_STATS,	/* a message a counter */
	CVSW_NL_GET_SA,		/* a message a security association; needs CAP_NET_ADMIN */
	/*
	 * The pre-shared key (CVSW_NLA_KEY) of the port of CVSW_NLA_IFINDEX;
	 * without one: it has none any more.  Needs CAP_NET_ADMIN in the first user
	 * namespace, so that root of a container does not do; nothing tells it.
	 */
	CVSW_NL_SET_KEY,
};

enum cvsw_nl_attr {
	CVSW_NLA_UNSPEC,
	CVSW_NLA_PAD,
	CVSW_NLA_IFINDEX,	/* u32 */
	CVSW_NLA_IFNAME,	/* string */
	CVSW_NLA_STATE,		/* u8: enum cvsw_nl_state, if version 2 is allowed */
	CVSW_NLA_MISS,		/* u8: enum cvsw_miss: what becomes of a frame without a flow */
	CVSW_NLA_N_FLOWS,	/* u32 */
	CVSW_NLA_FLOW_MOD,	/* binary: a flow_mod (cvsw_flow_mod.h) */
	CVSW_NLA_N_PACKETS,	/* u64: frames; a TSO frame is one */
	CVSW_NLA_N_BYTES,	/* u64: bytes of those frames with their Ethernet header */
	CVSW_NLA_COUNTER_NAME,	/* string */
	CVSW_NLA_COUNTER,	/* u64 */
	CVSW_NLA_VERSION,	/* string: the module's version */
	/* Of a security association, with CVSW_NLA_N_PACKETS and _BYTES (of ESP). */
	CVSW_NLA_SPI,		/* u32 */
	CVSW_NLA_SA_DIRECTION,	/* u8: enum cvsw_sa_direction */
	CVSW_NLA_SA_STATE,	/* u8: enum cvsw_nl_sa_state */
	CVSW_NLA_KEY_BITS,	/* u16: 128 or 256, of AES-GCM */
	CVSW_NLA_UDP_SRC,	/* u16: ESP in UDP only */
	CVSW_NLA_UDP_DST,	/* u16: likewise */
	CVSW_NLA_SEQ,		/* u64: highest sequence number sent, or received and genuine */
	CVSW_NLA_ALGORITHM,	/* string: the crypto API's name of what does the work */
	CVSW_NLA_KEY,		/* binary: the 32 bytes of proto/VERSION3.md's PSK */
	CVSW_NLA_V3_STATE,	/* u8: enum cvsw_nl_v3_state */
	CVSW_NLA_V3_SESSIONS,	/* u64: session keys agreed upon so far */
	CVSW_NLA_COUNT
};
#define CVSW_NLA_MAX		(CVSW_NLA_COUNT - 1)

enum cvsw_nl_state {
	CVSW_STATE_DISCONNECTED,	/* no controller heard yet */
	CVSW_STATE_CONNECTING,		/* HELLO received, REGISTER sent */
	CVSW_STATE_CONNECTED,		/* first setting received */
};

enum cvsw_nl_v3_state {
	CVSW_V3_STATE_NO_KEY,		/* and so without a word */
	CVSW_V3_STATE_REGISTERING,	/* no session yet */
	CVSW_V3_STATE_CONNECTED,
	CVSW_V3_STATE_SILENT,		/* a session, whose other side says nothing */
};

enum cvsw_nl_sa_state {
	CVSW_SA_ACTIVE,
	CVSW_SA_STOPPED,	/* sends no more: the machine may have been restored */
	CVSW_SA_SPENT,		/* sends no more: out of sequence numbers */
};

#endif
