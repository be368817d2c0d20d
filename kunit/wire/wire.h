/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A wire between virtio-net devices, for tests: pairs of devices whose driver
 * is the kernel's own or the one under test, and whose device side is here.
 *
 *	  netns A                                        netns B
 *	  driver    end a                      end b     driver
 *	  tx ring ---> [capture] [faults] ---------> rx ring
 *	  rx ring <--------- [faults] [capture] <--- tx ring
 *
 * DOC: Locking
 * A pair's lock guards its ends, the device side of their rings and their
 * faults.  It nests inside the driver's transmit lock, for the doorbell rings
 * there, and the driver's interrupt handlers run under it: they only schedule
 * NAPI and wake queues.  Plugging and unplugging take the pair's mutex.
 */
#ifndef CVSW_WIRE_H
#define CVSW_WIRE_H

#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/virtio.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <linux/workqueue.h>

#define WIRE_QUEUE_PAIRS	4
#define WIRE_RING_SIZE		256
#define WIRE_CHAIN_MAX		64
#define WIRE_FRAME_MAX		(sizeof(struct virtio_net_hdr_mrg_rxbuf) + 14 + 4 + 65536)

/* The device side of one split virtqueue (virtio 1.2, 2.7). */
struct wire_ring {
	struct virtqueue *vq;		/* NULL while the driver has none */
	const struct vring *vring;
	bool event_idx;
	u16 last_avail;			/* next to take */
	u16 used;			/* next to give back */
	u16 published;			/* what the driver has been shown of @used */
};

/* A descriptor chain: what the driver wrote, then what the device is to write. */
struct wire_chain {
	unsigned int n_out;
	unsigned int n;
	struct kvec vec[WIRE_CHAIN_MAX];
};

/**
 * struct wire_device - one virtio device's life, from plug to unplug
 * @up: the driver said DRIVER_OK and has not reset the device since
 * @pairs: queue pairs that the driver wants to receive on
 */
struct wire_device {
	struct virtio_device vdev;
	struct wire_end *end;
	u64 features;
	u8 status;
	bool up;
	unsigned int pairs;
	struct wire_ring rx[WIRE_QUEUE_PAIRS];
	struct wire_ring tx[WIRE_QUEUE_PAIRS];
	struct wire_ring ctrl;
};

/* A copy of a frame, from its virtio_net_hdr_mrg_rxbuf on. */
struct wire_frame {
	size_t len;
	u8 data[];
};

/* Frames that an end sent, as a pcap file. */
struct wire_capture {
	u8 *buf;		/* NULL while nothing is or was captured */
	size_t used;
	bool on;
};

#define WIRE_COUNTERS(X)						\
	X(crossed)		/* frames given to the peer */		\
	X(crossed_bytes)						\
	X(giants)		/* of these, left to be segmented */	\
	X(injected)		/* frames given to this end by a test */\
	X(to_controller)	/* control messages of the NIC */	\
	X(lost)			/* by the loss fault */			\
	X(reordered)							\
	X(finished)		/* checksums the wire completed */	\
	X(drop_nobody)		/* peer unplugged or without driver */	\
	X(drop_overrun)		/* peer's ring stayed full too long */	\
	X(drop_gso)		/* segmentation the peer did not take */\
	X(drop_size)		/* no buffer of the peer holds it */	\
	X(capture_missed)	/* capture buffer full */

struct wire_counters {
#define WIRE_COUNTER_FIELD(name) u64 name;
	WIRE_COUNTERS(WIRE_COUNTER_FIELD)
#undef WIRE_COUNTER_FIELD
};

enum wire_context {
	WIRE_TASK,
	/* as netpoll does, with interrupts off */
	WIRE_POLL_TASK,
	WIRE_POLL_SOFTIRQ,
	WIRE_POLL_HARDIRQ,
};

/**
 * struct wire_end - one end of a wire, with what tests set on it
 * @loss: every how manieth frame from here gets lost; 0: none
 * @reorder: every how manieth frame from here is overtaken by the next
 * @stall: frames from here stay in the transmit rings whose bits are set
 * @verify: checksums of frames from here are completed as hardware would and
 *	not vouched for, so that the receiving stack checks them
 * @context: enum wire_context, where bursts are sent
 * @control: messages of control cross too, as no vswitch's rule keeps them
 * @sent, @got: frames by queue
 * @blocked_since: of each transmit ring: jiffies since when the peer's is full, or 0
 */
struct wire_end {
	struct wire_pair *pair;
	struct wire_end *peer;
	struct wire_device *device;	/* NULL while unplugged */
	u8 mac[6];

	u32 loss;
	u32 reorder;
	u32 stall;
	bool verify;
	u32 context;
	bool control;
	bool link;
	u16 mtu;
	u64 features;			/* offered from the next plug on */

	u64 seen;			/* frames that @loss and @reorder count */
	struct wire_frame *held;	/* to be overtaken */
	u64 sent[WIRE_QUEUE_PAIRS];
	u64 got[WIRE_QUEUE_PAIRS];
	unsigned long blocked_since[WIRE_QUEUE_PAIRS];
	struct wire_capture capture;
	struct wire_counters count;
	struct dentry *dir;
};

struct wire_pair {
	spinlock_t lock;
	struct mutex plug;
	struct wire_end end[2];
	struct delayed_work poll;
	struct wire_chain chain;	/* scratch under @lock */
	struct wire_chain target;
	u8 bounce[WIRE_FRAME_MAX];
};

/* Interrupts off, and bottom halves unless they cannot be switched (netpoll). */
struct wire_guard {
	unsigned long flags;
	bool bh;
};

static inline struct wire_guard wire_lock(struct wire_pair *pair)
{
	struct wire_guard guard = { .bh = !irqs_disabled() };

	/* vring_interrupt() schedules NAPI, which wants to run at once. */
	if (guard.bh)
		local_bh_disable();
	spin_lock_irqsave(&pair->lock, guard.flags);
	return guard;
}

static inline void wire_unlock(struct wire_pair *pair, struct wire_guard guard)
{
	spin_unlock_irqrestore(&pair->lock, guard.flags);
	if (guard.bh)
		local_bh_enable();
}

/* ring.c: all under the pair's lock */

/* The @ahead-th chain on offer, or -1. */
int wire_ring_peek(const struct wire_ring *ring, u16 ahead);
/* Reads a chain; false if the driver made a bad one, which is warned of. */
bool wire_ring_chain(const struct wire_ring *ring, u16 head, struct wire_chain *chain);
/* Takes the next chain and gives it back with @len bytes written, unpublished. */
void wire_ring_done(struct wire_ring *ring, u16 head, u32 len);
/* Has the driver seen all that is done?  Chains of one descriptor each (indirect ones). */
bool wire_ring_reaped(const struct wire_ring *ring);
/* Shows the driver what is done and interrupts it if it asked for that. */
void wire_ring_publish(struct wire_ring *ring);
/* Asks for a doorbell at the next chain; true if there is one already. */
bool wire_ring_arm(struct wire_ring *ring);

/* link.c */

/* Moves what can be moved, both ways.  Under the pair's lock. */
void wire_run(struct wire_pair *pair);
/*
 * Gives a frame (with Ethernet header) to an end's driver.  Takes the lock.
 * @about: what the device says of it, negotiated or not; little endian
 */
int wire_inject(struct wire_end *end, const struct virtio_net_hdr *about, const u8 *frame,
		size_t len);
/* Completes a partial checksum, as a NIC does on the way out. */
bool wire_finish_checksum(u8 *data, size_t len);
void wire_poll(struct work_struct *work);

/* capture.c */
int wire_capture_start(struct wire_end *end);
void wire_capture_stop(struct wire_end *end);
void wire_capture_frame(struct wire_end *end, const struct kvec *vec, unsigned int n, size_t len);
void wire_capture_free(struct wire_end *end);
extern const struct file_operations wire_capture_fops;

/* device.c */
extern struct device *wire_root;
/* Process context; -EALREADY if there is nothing to do. */
int wire_plug(struct wire_end *end);
/* @surprise: the device is gone before its driver hears of it. */
int wire_unplug(struct wire_end *end, bool surprise);
void wire_set_link(struct wire_end *end, bool up);

/* burst.c */
extern const struct file_operations wire_burst_fops;

/* knobs.c */
void wire_knobs_create(struct wire_end *end, struct dentry *pair_dir, const char *name);

#endif
