// SPDX-License-Identifier: GPL-2.0-or-later
/* The NICs' datapaths: their sockets, and what happens to a NIC. */
#include "datapath.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "parts.h"

/* Switches and commands come first. */
static bool is_spare(int fd)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_NOFILE, &limit) &&
	       (rlim_t)fd + DATAPATH_SPARE_FDS < limit.rlim_cur;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	struct datapath *dp = arg;
	struct ucred user = { .pid = -1 };
	socklen_t user_len = sizeof(user);
	char peer[64];

	(void)listener;
	(void)from;
	(void)len;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &user_len);
	snprintf(peer, sizeof(peer), "NIC " MAC_FORMAT "'s socket (pid %d)", MAC_BYTES(dp->nic->mac),
		 (int)user.pid);
	if (dp->n_conns < DATAPATH_MAX_CONNS && is_spare(fd)) {
		dpconn_open(dp, fd, peer);
		return;
	}
	log_limited(LOG_WARNING, "controller at %s: refused, %zu are connected", peer, dp->n_conns);
	evutil_closesocket(fd);
}

static bool find_place(struct datapath *dp)
{
	char path[sizeof(dp->address.un.sun_path)];
	const char *wrong;

	snprintf(path, sizeof(path), "%s/" MAC_FORMAT, dp->all->dir, MAC_BYTES(dp->nic->mac));
	wrong = address_unix(path, &dp->address);
	if (wrong)
		log_limited(LOG_ERR, "%s: %s", path, wrong);
	return !wrong;
}

static void listen_for_controllers(struct datapath *dp)
{
	int fd;

	if (!find_place(dp))
		return;
	fd = address_listen(&dp->address, 0600);
	if (fd < 0) {
		log_limited(LOG_ERR, "cannot listen on %s: %s", dp->address.un.sun_path,
			    strerror(errno));
		return;
	}
	if (!is_spare(fd)) {
		log_limited(LOG_WARNING, "NIC " MAC_FORMAT " gets no socket for controllers: raise the "
			    "limit of open files", MAC_BYTES(dp->nic->mac));
		close(fd);
		address_unlink(&dp->address);
		return;
	}
	dp->listener = alloc_checked(evconnlistener_new(dp->all->base, on_accept, dp,
							LEV_OPT_CLOSE_ON_FREE |
							LEV_OPT_CLOSE_ON_EXEC, 0, fd));
}

/* ---- committing ---- */

void datapath_commit(struct datapath *dp)
{
	struct dpconn *conn;
	struct dppending *pending;

	turns_drop(&dp->committing);
	if (!dp->dirty)
		return;
	dp->dirty = false;
	state_begin(dp->all->state);
	state_put_nic(dp->all->state, dp->nic);
	stated_keep(dp->all->state, dp->nic, DESIRED_CONTROLLER, &dp->unkept);
	/* If not, it was logged, `show` says so, and it is tried again. */
	(void)!state_commit(dp->all->state);
	change_clear(&dp->unkept);
	nic_changed(dp->nic, false);
	LIST_FOREACH(conn, &dp->conns, in_list)
		STAILQ_FOREACH(pending, &conn->pending, in_order)
			if (!pending->generation)
				pending->generation = dp->nic->generation;
	turns_put_off(&dp->settling);
}

static struct datapath *of_work(struct turns_work *work, size_t offset)
{
	return (struct datapath *)((char *)work - offset);
}

static void commit(struct turns_work *work)
{
	datapath_commit(of_work(work, offsetof(struct datapath, committing)));
}

static void settle(struct turns_work *work)
{
	dpflows_settle(of_work(work, offsetof(struct datapath, settling)));
}

/* ---- from start to end ---- */

bool datapaths_open(struct datapaths *all, const char *dir)
{
	if (mkdir(dir, 0700) && errno != EEXIST) {
		log_line(LOG_ERR, "cannot make the folder %s: %s", dir, strerror(errno));
		return false;
	}
	all->dir = dir;
	return true;
}

void datapaths_nic_came(void *arg, struct nic *nic)
{
	struct datapaths *all = arg;
	struct datapath *dp;

	if (!all->dir)
		return;
	dp = xcalloc(1, sizeof(*dp));
	dp->all = all;
	dp->nic = nic;
	dp->committing.run = commit;
	dp->settling.run = settle;
	LIST_INIT(&dp->conns);
	change_init(&dp->unkept);
	flowset_init(&dp->deleted);
	nic->datapath = dp;
	listen_for_controllers(dp);
}

void datapaths_nic_gone(void *arg, struct nic *nic)
{
	struct datapath *dp = nic->datapath;

	(void)arg;
	if (!dp)
		return;
	while (!LIST_EMPTY(&dp->conns))
		dpconn_free(LIST_FIRST(&dp->conns));
	if (dp->listener) {
		evconnlistener_free(dp->listener);
		address_unlink(&dp->address);
	}
	turns_drop(&dp->committing);
	turns_drop(&dp->settling);
	change_clear(&dp->unkept);
	flowset_clear(&dp->deleted);
	free(dp);
	nic->datapath = NULL;
}

/* ---- what happens to the NIC ---- */

static void tell_packet_in(struct datapath *dp, const struct cvsw_v3_message *message)
{
	struct cvsw_v3_packet_in in;
	uint8_t buf[CVSW_V3_TRACE_FRAME_MAX];
	struct dpconn *conn;
	size_t offset;

	if (cvsw_v3_packet_in_decode(message->body, message->len, &in, &offset))
		return;
	LIST_FOREACH(conn, &dp->conns, in_list) {
		struct cvsw_ofs_packet_in out = {
			.in_port = in.in_port, .total = in.total, .cookie = in.cookie,
			.reason = in.reason == CVSW_V3_ACTION, .data = in.data, .len = in.len,
		};

		if (dpconn_hears(conn, CVSW_OFS_ASYNC_PACKET_IN, out.reason))
			ofstream_write(&conn->stream, buf,
				       cvsw_ofs_encode_packet_in(&conn->talk, &out, buf, sizeof(buf)));
	}
}

void datapath_event(void *arg, const struct hub_event *event)
{
	struct datapath *dp = event->nic->datapath;

	(void)arg;
	if (!dp)
		return;
	if (event->what == HUB_PACKET_IN)
		tell_packet_in(dp, event->message);
	else if (event->what == HUB_REMOVED)
		dpflows_removed(dp, event->removed);
	else
		turns_put_off(&dp->settling);
}
