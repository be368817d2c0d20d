/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share; not for others. */
#ifndef CVSWD_DATAPATH_PARTS_H
#define CVSWD_DATAPATH_PARTS_H

#include <event2/listener.h>

#include "cvsw_ofs.h"
#include "datapath.h"
#include "fabric/address.h"
#include "fabric/ofstream.h"

/**
 * struct datapath - of a NIC
 * @unkept: what was put into the layer, and is neither stored nor told to the NIC yet
 * @committing: that is put off; @settling: what the NIC has answered is to be looked at
 * @generation: of the last change of roles, if @generation_known
 * @deleted: flows with SEND_FLOW_REM that were deleted, and of which the NIC has not told yet
 * @answered_at: since when it has answered all there is, though not told of those; 0: it has not
 */
struct datapath {
	struct datapaths *all;
	struct nic *nic;
	struct evconnlistener *listener;
	struct address address;
	LIST_HEAD(, dpconn) conns;
	size_t n_conns;
	struct change unkept;
	bool dirty;
	struct turns_work committing;
	struct turns_work settling;
	struct flowset deleted;
	uint64_t answered_at;
	bool generation_known;
	uint64_t generation;
};

/**
 * struct dppending - a flow_mod that the NIC has not answered yet
 * @generation: of the NIC, from which on it has; 0: it was not told yet
 * @choice: which flows it put
 * @data: its beginning, for an error
 */
struct dppending {
	STAILQ_ENTRY(dppending) in_order;
	uint64_t generation;
	struct cvsw_match match;
	uint16_t priority;
	bool strict;
	size_t len;
	uint8_t data[CVSW_OFS_ERROR_DATA];
};

enum dpwaits {
	DPWAITS_NOT,
	DPWAITS_ROOM,		/* until fewer flow_mods are pending */
	DPWAITS_BARRIER,	/* until all that came before it was answered */
	DPWAITS_STATS,		/* until @request is */
};

/**
 * struct dpconn - a controller's connection
 * @async: what it wants to be told, masks of reasons by CVSW_OFS_ASYNC_*
 * @waits: for what; nothing is read meanwhile
 * @barrier: the NIC's generation when a barrier came
 * @request: whose answer is under way, its xid also of a barrier; NULL but for that
 * @asked: the NIC was asked for it; @resume: from where it is to be asked on, when there is room
 * @cursor: without the NIC: the last flowset_put() whose flow was told
 * @n_packets, @n_bytes, @n_flows: of an AGGREGATE so far
 * @n_listed: entries so far
 */
struct dpconn {
	struct ofstream stream;
	LIST_ENTRY(dpconn) in_list;
	struct datapath *dp;
	struct cvsw_ofs_talk talk;
	uint16_t config_flags;
	uint16_t miss_send_len;
	enum cvsw_ofs_role role;
	uint32_t async[CVSW_OFS_N_ASYNC];
	STAILQ_HEAD(, dppending) pending;
	size_t n_pending;
	enum dpwaits waits;
	uint64_t barrier;
	struct cvsw_ofs_msg *request;
	bool asked;
	uint64_t resume;
	uint64_t cursor;
	uint64_t n_packets;
	uint64_t n_bytes;
	uint32_t n_flows;
	size_t n_listed;
};

/** dpconn_open() - take over a controller's socket */
void dpconn_open(struct datapath *dp, evutil_socket_t fd, const char *peer);
void dpconn_free(struct dpconn *conn);

/** dpconn_wait() - read no more until that, or (DPWAITS_NOT) go on */
void dpconn_wait(struct dpconn *conn, enum dpwaits waits);

/** dpconn_refuse() - @data: the message, or its beginning */
void dpconn_refuse(struct dpconn *conn, enum cvsw_ofs_error error, const uint8_t *data, size_t len);

/** dpconn_speaks() - is the version agreed, so that it can be told something? */
static inline bool dpconn_speaks(const struct dpconn *conn)
{
	return conn->talk.version && !conn->stream.dying;
}

/** dpconn_hears() - is it to be told this, of CVSW_OFS_ASYNC_*, for this reason, and keeps up? */
bool dpconn_hears(const struct dpconn *conn, size_t what, unsigned int reason);

/** datapath_commit() - store what was stated, and tell the NIC */
void datapath_commit(struct datapath *dp);

/** dpflows_mod() - do a flow_mod; CVSW_OFS_OK, or why it is refused */
enum cvsw_ofs_error dpflows_mod(struct dpconn *conn, struct cvsw_ofs_msg *msg, const uint8_t *data,
				size_t len);

/** dpflows_settle() - errors of what the NIC refused, and what waits for its answers */
void dpflows_settle(struct datapath *dp);

/** dpflows_drop_pending() - the connection goes */
void dpflows_drop_pending(struct dpconn *conn);

/** dpflows_removed() - the NIC has a flow no more */
void dpflows_removed(struct datapath *dp, const struct nic_removed *removed);

/** dpstats_begin() - answer it, now or later; taken over */
void dpstats_begin(struct dpconn *conn, const struct cvsw_ofs_msg *request);

/** dpstats_go_on() - there is room for more, or a second has passed */
void dpstats_go_on(struct dpconn *conn);

/** dpstats_drop() - the connection goes, or the answer is whole */
void dpstats_drop(struct dpconn *conn);

/** dpstats_ports() - HOST and NET, without counters */
void dpstats_ports(const struct datapath *dp, struct cvsw_ofs_port ports[2]);

#endif
