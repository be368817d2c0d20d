/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A NIC without a network: version 3's NIC end over a table in an array, slow and
 * obvious.  For tests, of whatever talks to a NIC.
 */
#ifndef V3_NIC_H
#define V3_NIC_H

#include <stdio.h>

#include "../cvsw_group_mod.h"
#include "../cvsw_sa.h"
#include "../cvsw_v3_body.h"
#include "../cvsw_v3_end.h"

#define V3_NIC_FLOWS	128
#define V3_NIC_SAS	256
#define V3_NIC_GROUPS	32

/* @group: of a group_mod: which of the bundle's groups; @message, @at: where it stood */
struct v3_nic_mod {
	unsigned int command;
	size_t group;
	unsigned int message;
	size_t at;
	struct cvsw_flow flow;
};

/* When a flow with a timeout was added, and when it goes: no frame ever comes. */
struct v3_nic_timer {
	struct cvsw_match match;
	uint16_t priority;
	uint64_t added;
	uint64_t due;
};

struct v3_nic {
	struct cvsw_v3_end end;
	struct cvsw_v3_caller caller;
	void (*send)(void *arg, uint8_t *frame, size_t len, uint64_t place);
	void *send_arg;
	FILE *keylog;			/* or NULL */
	struct cvsw_flow *flows;	/* V3_NIC_FLOWS of them */
	size_t n_flows;
	struct v3_nic_mod *bundle;	/* as many */
	size_t n_bundled;
	struct cvsw_group *groups;		/* V3_NIC_GROUPS of them */
	size_t n_groups;
	struct cvsw_group *bundle_groups;	/* V3_NIC_FLOWS of them */
	size_t n_bundled_groups;
	unsigned int n_bundle_messages;
	struct v3_nic_timer *timers;	/* as many */
	size_t n_timers;
	uint64_t now;
	bool bundle_open, bundle_replaces;
	uint32_t bundle_number;
	uint16_t mtu, offloads;
	struct { uint32_t spi; uint8_t direction, reason; bool removed; } sas[V3_NIC_SAS];
	size_t n_sas;			/* that were ever there */
	size_t sas_a_page;		/* listed in one answer, at most */
	unsigned int n_requests, n_fresh, n_rekeyed, n_disagreed, n_modified;
	unsigned int n_group_mods, n_group_lives;
	bool silent;
	bool strict;	/* it knows DELETE_STRICT, MODIFY_STRICT and groups, and says so */
	uint16_t lacks;	/* offloads that its device cannot do */
	enum { V3_NIC_ENDS, V3_NIC_SAYS_MORE, V3_NIC_REPEATS } lists, group_lists;	/* how a listing goes on */
};

/* @send: where frames go; on the heap: ended by v3_nic_free(). */
struct v3_nic *v3_nic_new(const struct cvsw_v3_crypto *crypto, const uint8_t *mac,
			  const uint8_t *psk,
			  void (*send)(void *arg, uint8_t *frame, size_t len, uint64_t place),
			  void *arg);
void v3_nic_free(struct v3_nic *nic);

/* The machine may have been restored. */
void v3_nic_stop_sas(struct v3_nic *nic);

/* Does what has been asked, as far as there is room for answers, and sends what is due. */
void v3_nic_run(struct v3_nic *nic, uint64_t now);

/* An end was copied byte by byte: what the copy points to gets memory of its own. */
void v3_end_copied(struct cvsw_v3_end *end);

/* A copy is about to be overwritten: its memory goes, its keys are others'. */
void v3_end_dropped(struct cvsw_v3_end *end);

/* The same table operations, for whoever keeps a copy. */
void v3_table_do(struct cvsw_flow *flows, size_t *n, enum cvsw_flow_command command,
		 const struct cvsw_flow *flow);

#endif
