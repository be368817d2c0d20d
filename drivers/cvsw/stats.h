/* SPDX-License-Identifier: GPL-2.0 */
/* What a port counts: one counter for every way a frame or message can end. */
#ifndef CVSW_STATS_H
#define CVSW_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "proto/cvsw_fault.h"
#include "proto/cvsw_flow.h"
#include "proto/cvsw_v3_frame.h"

/* X(id, name): the name is what netlink and cvswctl show. */
#define CVSW_COUNTERS(X)                                                        \
	CVSW_WAY_COUNTERS(X)                                                    \
	CVSW_DROP_COUNTERS(X)                                                   \
	CVSW_OTHER_COUNTERS(X)                                                  \
	CVSW_VERSION2_COUNTERS(X)

#define CVSW_WAY_COUNTERS(X)                                                    \
	/* frames through the engine */                                         \
	X(TX_HIT,             "tx-hit")              /* from the host, matched */\
	X(TX_MISS,            "tx-miss")             /* from the host, no flow */\
	X(RX_HIT,             "rx-hit")                                         \
	X(RX_MISS,            "rx-miss")

/* Each is the end of a frame. */
#define CVSW_DROP_COUNTERS(X)                                                   \
	/* drops of data frames */                                              \
	X(DROP_ACTION,        "drop-action")         /* a flow without actions */\
	X(DROP_MISS,          "drop-miss")           /* no flow, and told to */ \
	X(DROP_NOMEM,         "drop-nomem")                                     \
	X(DROP_SHORT,         "drop-short")          /* no whole Ethernet header */\
	X(DROP_UNPARSED,      "drop-unparsed")       /* to the stack, which may read on */\
	X(DROP_TTL,           "drop-ttl")            /* 1 or 0 where one is to go */\
	X(DROP_IN_PORT,       "drop-in-port")        /* output to where it came from */\
	X(DROP_TX_CONTROL,    "drop-tx-control")     /* 0xABBA from the guest */ \
	X(DROP_RX_CONTROL,    "drop-rx-control")     /* 0xABBA behind a tag stripped */\
	X(DROP_PASSES,        "drop-passes")         /* gained or lost too many layers */\
	X(DROP_NEXT,          "drop-next")           /* sent on by too many flows */\
	X(DROP_TABLE,         "drop-table")          /* no flow where one sent it */\
	X(DROP_RESUBMIT,      "drop-resubmit")       /* too many, or too deep */\
	X(DROP_SET,           "drop-set")            /* more than its action set holds */\
	X(DROP_GROUP,         "drop-group")          /* no bucket that is not dead */\
	X(DROP_CLONES,        "drop-clones")         /* copies beyond the limit */\
	X(DROP_GSO,           "drop-gso")            /* not the segments it says */\
	X(DROP_SEGMENTS,      "drop-segments")       /* more than 128 */        \
	X(DROP_TOO_BIG,       "drop-too-big")        /* with its layers; nobody told */\
	X(DROP_TOO_BIG_TOLD,  "drop-too-big-told")   /* the sender was, by ICMP */\
	X(DROP_TOO_BIG_AGAIN, "drop-too-big-again")  /* it was, a moment ago */\
	X(DROP_BACKLOG,       "drop-backlog")        /* too many wait for the NIC */\
	X(DROP_DOWN,          "drop-down")           /* the device went down meanwhile */\
	X(DROP_LATER,         "drop-later")          /* too many wait for interrupts to be on */\
	X(DROP_CHANGED,       "drop-changed")        /* its version of the table is gone */\
	/* drops of frames that were to be decapsulated */                      \
	X(DROP_TUN_NONE,      "drop-tun-none")       /* no IPv4 with UDP */     \
	X(DROP_TUN_FRAGMENT,  "drop-tun-fragment")   /* outer one */            \
	X(DROP_TUN_SHORT,     "drop-tun-short")      /* or longer than it is */ \
	X(DROP_TUN_CHECKSUM,  "drop-tun-checksum")   /* outer UDP's */          \
	X(DROP_TUN_GSO,       "drop-tun-gso")        /* a giant of another kind */\
	X(DROP_TUN_ECN,       "drop-tun-ecn")        /* RFC 6040: CE on Not-ECT */\
	X(DROP_TUN_CONTROL,   "drop-tun-control")    /* 0xABBA inside */        \
	X(DROP_VXLAN_NO_VNI,  "drop-vxlan-no-vni")   /* the I flag is clear */  \
	X(DROP_VXLAN_FLAGS,   "drop-vxlan-flags")    /* others are set */       \
	X(DROP_VXLAN_RESERVED, "drop-vxlan-reserved")                           \
	/* drops of frames that were to be encrypted */                         \
	X(DROP_ESP_NO_SA,     "drop-esp-no-sa")      /* the flow's SA is not there */\
	X(DROP_ESP_SPENT,     "drop-esp-spent")      /* no sequence number left */\
	X(DROP_ESP_NOT_IP,    "drop-esp-not-ip")     /* no whole IPv4 packet */ \
	X(DROP_ESP_TOO_LONG,  "drop-esp-too-long")   /* for IPv4, with ESP */   \
	/* drops of frames that were to be encrypted or decrypted */            \
	X(DROP_ESP_STOPPED,   "drop-esp-stopped")    /* SA of before a suspend, a snapshot */\
	X(DROP_ESP_UNFINISHED, "drop-esp-unfinished") /* GSO or no checksum yet */\
	X(DROP_ESP_FRAGMENT,  "drop-esp-fragment")                              \
	X(DROP_ESP_BUSY,      "drop-esp-busy")       /* the cipher's queue is full */\
	X(DROP_ESP_CIPHER,    "drop-esp-cipher")     /* it failed otherwise */  \
	/* drops of frames that were to be decrypted */                         \
	X(DROP_ESP_NONE,      "drop-esp-none")       /* neither ESP nor UDP */  \
	X(DROP_ESP_SHORT,     "drop-esp-short")                                 \
	X(DROP_ESP_LENGTH,    "drop-esp-length")     /* UDP's, or not 4n bytes */\
	X(DROP_ESP_FORM,      "drop-esp-form")       /* in UDP, or not, or port */\
	X(DROP_ESP_REPLAY,    "drop-esp-replay")     /* seen before */          \
	X(DROP_ESP_OLD,       "drop-esp-old")        /* left of the window */   \
	X(DROP_ESP_TAG,       "drop-esp-tag")        /* not genuine */          \
	X(DROP_ESP_PADDING,   "drop-esp-padding")    /* genuine, but lies */    \
	X(DROP_ESP_DUMMY,     "drop-esp-dummy")      /* RFC 4303, 2.6 */

#define CVSW_OTHER_COUNTERS(X)                                                  \
	/* frames that went on though not all could be done */                  \
	X(ACTION_SKIPPED,     "action-skipped")      /* field not in the frame */\
	X(PMTU_LOWERED,       "pmtu-lowered")        /* a router said so, of our packet */\
	X(PMTU_IGNORED,       "pmtu-ignored")        /* of another, or it makes no sense */\
	X(ESP_ASYNC,          "esp-async")           /* the cipher took its time */\
	X(LATER,              "later")               /* sent with interrupts off (netpoll) */\
	X(ESP_UNKNOWN,        "esp-unknown")         /* SPI of no SA: others' IPsec */\
	X(ESP_OTHERS,         "esp-others")          /* IKE and the like */     \
	/* control messages */                                                  \
	X(CTL_RECEIVED,       "ctl-received")                                   \
	X(CTL_SENT,           "ctl-sent")                                       \
	X(CTL_UNAUTHENTICATED, "ctl-unauthenticated") /* version 2 not allowed */\
	X(CTL_QUEUE_FULL,     "ctl-queue-full")                                 \
	X(CTL_NOMEM,          "ctl-nomem")                                      \
	X(CTL_SEND_FAILED,    "ctl-send-failed")                                \
	/* frames for the controller, which go their own way besides */          \
	X(PACKET_IN_SENT,     "packet-in-sent")                                 \
	X(PACKET_IN_NOBODY,   "packet-in-nobody")    /* no session */           \
	X(PACKET_IN_FULL,     "packet-in-full")      /* too many wait */        \
	X(PACKET_IN_NOMEM,    "packet-in-nomem")                                \
	/* what was asked for in version 3 */                                   \
	X(REQ_DONE,           "request-done")                                   \
	X(REQ_REFUSED,        "request-refused")

#ifdef CVSW_VERSION2
#define CVSW_VERSION2_COUNTERS(X)                                               \
	X(CTL_APPLIED,        "ctl-applied")                                    \
	X(CTL_NOT_OURS,       "ctl-not-ours")        /* to another MAC address */\
	X(CTL_UNEXPECTED,     "ctl-unexpected")      /* a type no NIC receives */\
	X(CTL_REFUSED,        "ctl-refused")         /* MTU, features or table said no */
#else
#define CVSW_VERSION2_COUNTERS(X)
#endif

#define CVSW_COUNTER_ENUM(id, name) CVSW_CNT_##id,

enum cvsw_counter {
	CVSW_COUNTERS(CVSW_COUNTER_ENUM)
	/* control frames of version 3, by enum cvsw_v3_drop: see CVSW_CNT_V3() */
	CVSW_CNT_V3S,
	/* of tables behind the first: see CVSW_CNT_TABLE_LOOKUP() */
	CVSW_CNT_TABLE_PAIRS = CVSW_CNT_V3S + CVSW_V3_N_DROPS,
	/* malformed messages of version 2, by enum cvsw_fault: see CVSW_CNT_FAULT() */
	CVSW_CNT_FAULTS = CVSW_CNT_TABLE_PAIRS + 2 * (CVSW_TABLES - 1),
#ifdef CVSW_VERSION2
	CVSW_N_COUNTERS = CVSW_CNT_FAULTS + CVSW_N_FAULTS - 1
#else
	CVSW_N_COUNTERS = CVSW_CNT_FAULTS
#endif
};

/* The counter of a fault, not of CVSW_OK; cvsw_fault_name() is its name behind "ctl-bad-". */
#define CVSW_CNT_FAULT(fault)	(CVSW_CNT_FAULTS + (fault) - 1)
/* Of a frame of version 3 that was taken or dropped; cvsw_v3_drop_name() behind "ctl-v3-". */
#define CVSW_CNT_V3(drop)	(CVSW_CNT_V3S + (drop))

/* Lookups in a table, not the first, and those of them that found a flow. */
#define CVSW_CNT_TABLE_LOOKUP(table)	(CVSW_CNT_TABLE_PAIRS + 2 * ((table) - 1))
#define CVSW_CNT_TABLE_HIT(table)	(CVSW_CNT_TABLE_LOOKUP(table) + 1)

/** cvsw_counter_is_of_table() - one of these, of which only those are told that are not zero */
static inline bool cvsw_counter_is_of_table(unsigned int counter)
{
	return counter >= CVSW_CNT_TABLE_PAIRS && counter < CVSW_CNT_FAULTS;
}

/**
 * struct cvsw_stats - a port's counters on one CPU
 *
 * Written with bottom halves disabled, by that CPU only.
 */
struct cvsw_stats {
	u64_stats_t counter[CVSW_N_COUNTERS];
	struct u64_stats_sync syncp;
};

/**
 * cvsw_stats_alloc() - counters, all zero
 * Return: to be freed by free_percpu(), or NULL.
 */
struct cvsw_stats __percpu *cvsw_stats_alloc(void);

/**
 * cvsw_stats_count() - add one to a counter
 * Context: bottom halves disabled.
 */
static inline void cvsw_stats_count(struct cvsw_stats __percpu *stats, unsigned int counter)
{
	struct cvsw_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->counter[counter]);
	u64_stats_update_end(&s->syncp);
}

/** cvsw_stats_read() - a counter's sum over all CPUs */
u64 cvsw_stats_read(struct cvsw_stats __percpu *stats, unsigned int counter);

/**
 * cvsw_stats_name() - "tx-hit", "ctl-bad-length"
 * @counter: below CVSW_N_COUNTERS
 * @buf: out: at most @size bytes, terminated
 */
void cvsw_stats_name(unsigned int counter, char *buf, size_t size);

#endif
