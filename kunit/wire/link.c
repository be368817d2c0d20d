// SPDX-License-Identifier: GPL-2.0
/* From one end's transmit rings to the other's receive rings. */
#include <linux/if_ether.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <net/checksum.h>

#include "wire.h"

#define WIRE_HEADER_LEN		sizeof(struct virtio_net_hdr_mrg_rxbuf)
/* A full receive ring holds frames back for so long; then they are dropped. */
#define WIRE_PATIENCE		(HZ / 5)

static size_t wire_length(const struct kvec *vec, unsigned int n)
{
	size_t len = 0;

	while (n--)
		len += vec++->iov_len;
	return len;
}

/* A place in a frame that lies in pieces. */
struct wire_cursor {
	const struct kvec *vec;
	size_t at;
};

static void wire_take(struct wire_cursor *from, void *to, size_t len)
{
	while (len) {
		size_t n = min(len, from->vec->iov_len - from->at);

		memcpy(to, from->vec->iov_base + from->at, n);
		to += n;
		len -= n;
		from->at += n;
		if (from->at == from->vec->iov_len) {
			from->vec++;
			from->at = 0;
		}
	}
}

bool wire_finish_checksum(u8 *data, size_t len)
{
	struct virtio_net_hdr *header = (struct virtio_net_hdr *)data;
	size_t start = WIRE_HEADER_LEN + header->csum_start;
	size_t field = start + header->csum_offset;
	__sum16 sum;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return false;
	if (WARN_ON_ONCE(field + sizeof(sum) > len))
		return false;
	sum = csum_fold(csum_partial(data + start, len - start, 0));
	if (!sum)
		sum = CSUM_MANGLED_0;
	memcpy(data + field, &sum, sizeof(sum));
	header->flags &= ~VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return true;
}

static bool wire_has(const struct wire_device *device, unsigned int feature)
{
	return device->vdev.features & BIT_ULL(feature);
}

/* Does the receiver take this kind of segmentation? */
static bool wire_takes_gso(const struct wire_device *device, u8 gso_type)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return wire_has(device, VIRTIO_NET_F_GUEST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return wire_has(device, VIRTIO_NET_F_GUEST_TSO6);
	default:
		return false;
	}
}

/* Has the ring buffers for @len bytes?  Mergeable ones add up (5.1.6.4). */
static bool wire_has_room(struct wire_end *to, struct wire_ring *rx, size_t len)
{
	struct wire_chain *chain = &to->pair->target;
	size_t room = 0;
	u16 i;

	for (i = 0; room < len; i++) {
		int head = wire_ring_peek(rx, i);

		if (head < 0)
			return false;
		if (!wire_has(to->device, VIRTIO_NET_F_MRG_RXBUF))
			return true;
		if (!wire_ring_chain(rx, head, chain))
			return false;
		room += wire_length(chain->vec, chain->n);
	}
	return true;
}

/* Writes a frame into the ring, which has room. */
static void wire_deliver(struct wire_end *to, struct wire_ring *rx, const struct kvec *vec, size_t len)
{
	struct wire_chain *chain = &to->pair->target;
	struct virtio_net_hdr_mrg_rxbuf *header = NULL;
	struct wire_cursor from = { .vec = vec };
	u16 buffers = 0;

	while (len) {
		int head = wire_ring_peek(rx, 0);
		size_t written = 0;
		unsigned int i;

		if (WARN_ON_ONCE(head < 0) || !wire_ring_chain(rx, head, chain))
			return;
		if (!header && wire_length(chain->vec, chain->n) < len &&
		    !wire_has(to->device, VIRTIO_NET_F_MRG_RXBUF)) {
			to->peer->count.drop_size++;
			return;
		}
		for (i = 0; i < chain->n && len; i++) {
			size_t n = min(len, chain->vec[i].iov_len);

			wire_take(&from, chain->vec[i].iov_base, n);
			written += n;
			len -= n;
		}
		if (!header)
			header = chain->vec[0].iov_base;
		buffers++;
		wire_ring_done(rx, head, written);
	}
	header->num_buffers = buffers;
	to->got[rx - to->device->rx]++;
	wire_ring_publish(rx);
}

/*
 * A frame that the wire will not hold back any more goes to the peer's ring,
 * which was seen to have room.
 */
static void wire_hand_over(struct wire_end *from, struct wire_ring *rx, struct kvec *vec,
			   unsigned int n, size_t len)
{
	struct wire_end *to = from->peer;
	struct virtio_net_hdr *header = vec[0].iov_base;
	struct wire_cursor cursor = { .vec = vec };
	struct kvec whole;

	if (!wire_takes_gso(to->device, header->gso_type)) {
		from->count.drop_gso++;
		return;
	}
	from->count.crossed++;
	from->count.crossed_bytes += len - WIRE_HEADER_LEN;
	from->count.giants += header->gso_type != VIRTIO_NET_HDR_GSO_NONE;
	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) &&
	    (from->verify || !wire_has(to->device, VIRTIO_NET_F_GUEST_CSUM))) {
		whole.iov_base = from->pair->bounce;
		whole.iov_len = len;
		wire_take(&cursor, whole.iov_base, len);
		from->count.finished += wire_finish_checksum(whole.iov_base, len);
		vec = &whole;
	}
	wire_deliver(to, rx, vec, len);
}

/*
 * The vswitch's one rule: control messages of NICs go to the controller, never
 * to other NICs.  The controller's place is the capture, and inject.
 */
static bool wire_is_control(const struct kvec *vec, size_t len)
{
	struct wire_cursor cursor = { .vec = vec };
	u8 start[WIRE_HEADER_LEN + ETH_HLEN];

	if (len < sizeof(start))
		return false;
	wire_take(&cursor, start, sizeof(start));
	return start[sizeof(start) - 2] == 0xab && start[sizeof(start) - 1] == 0xba;
}

static bool wire_due(const struct wire_end *end, u32 every)
{
	return every && end->seen % every == 0;
}

static bool wire_hold(struct wire_end *from, const struct kvec *vec, size_t len)
{
	struct wire_cursor cursor = { .vec = vec };
	struct wire_frame *frame;

	if (from->held || !wire_due(from, from->reorder))
		return false;
	frame = kmalloc(struct_size(frame, data, len), GFP_ATOMIC);
	if (!frame)
		return false;
	frame->len = len;
	wire_take(&cursor, frame->data, len);
	from->held = frame;
	from->count.reordered++;
	return true;
}

static void wire_release_held(struct wire_end *from, struct wire_ring *rx)
{
	struct wire_frame *frame = from->held;
	struct kvec vec;

	if (!frame || !wire_has_room(from->peer, rx, frame->len))
		return;
	from->held = NULL;
	vec.iov_base = frame->data;
	vec.iov_len = frame->len;
	wire_hand_over(from, rx, &vec, 1, frame->len);
	kfree(frame);
}

/* Frames of the peer's transmit queue @i keep together (virtio 1.2, 5.1.6.5.5). */
static struct wire_ring *wire_receiver(struct wire_end *to, unsigned int i)
{
	struct wire_device *device = to->device;

	if (!device || !device->up || !to->link || !device->rx[0].vq)
		return NULL;
	return &device->rx[i % device->pairs];
}

/* One frame meets the wire's faults.  False: it has to wait for room. */
static bool wire_cross(struct wire_end *from, unsigned int i, struct kvec *vec, unsigned int n)
{
	struct wire_ring *rx = wire_receiver(from->peer, i);
	size_t len = wire_length(vec, n);

	if (WARN_ON_ONCE(len < WIRE_HEADER_LEN || len > WIRE_FRAME_MAX ||
			 vec[0].iov_len < WIRE_HEADER_LEN))
		return true;
	if (rx && !wire_has_room(from->peer, rx, len)) {
		if (!from->blocked_since[i])
			from->blocked_since[i] = jiffies | 1;
		if (time_before(jiffies, from->blocked_since[i] + WIRE_PATIENCE))
			return false;
		from->count.drop_overrun++;
		return true;
	}
	from->blocked_since[i] = 0;
	from->sent[i]++;
	wire_capture_frame(from, vec, n, len);
	from->seen++;
	if (!from->control && wire_is_control(vec, len)) {
		from->count.to_controller++;
	} else if (!rx) {
		from->count.drop_nobody++;
	} else if (wire_due(from, from->loss)) {
		from->count.lost++;
	} else if (!wire_hold(from, vec, len)) {
		wire_hand_over(from, rx, vec, n, len);
		wire_release_held(from, rx);
	}
	return true;
}

static void wire_drain(struct wire_end *from, unsigned int i)
{
	struct wire_ring *tx = &from->device->tx[i];
	struct wire_chain *chain = &from->pair->chain;
	bool stalled = from->stall & BIT(i);

	do {
		int head;

		while (!stalled && (head = wire_ring_peek(tx, 0)) >= 0) {
			if (!wire_ring_chain(tx, head, chain))
				return;
			if (!wire_cross(from, i, chain->vec, chain->n)) {
				schedule_delayed_work(&from->pair->poll, 1);
				goto publish;
			}
			wire_ring_done(tx, head, 0);
		}
		if (stalled)
			break;
	} while (wire_ring_arm(tx));
publish:
	wire_ring_publish(tx);
}

void wire_run(struct wire_pair *pair)
{
	unsigned int side, i;

	for (side = 0; side < 2; side++) {
		struct wire_end *end = &pair->end[side];

		if (!end->device || !end->device->up)
			continue;
		for (i = 0; i < WIRE_QUEUE_PAIRS && end->device->tx[i].vq; i++)
			wire_drain(end, i);
		/* A driver that waits for the peer's ring hears of it by this doorbell. */
		for (i = 0; i < WIRE_QUEUE_PAIRS && end->device->rx[i].vq; i++)
			wire_ring_arm(&end->device->rx[i]);
		if (end->held)
			schedule_delayed_work(&pair->poll, 1);
	}
}

/* What no doorbell announces: patience that ends, a held frame nobody overtook. */
void wire_poll(struct work_struct *work)
{
	struct wire_pair *pair = container_of(work, struct wire_pair, poll.work);
	struct wire_guard guard = wire_lock(pair);
	unsigned int side;

	wire_run(pair);
	for (side = 0; side < 2; side++) {
		struct wire_ring *rx = wire_receiver(pair->end[side].peer, 0);

		if (rx)
			wire_release_held(&pair->end[side], rx);
	}
	wire_unlock(pair, guard);
}

int wire_inject(struct wire_end *end, const struct virtio_net_hdr *about, const u8 *frame,
		size_t len)
{
	struct virtio_net_hdr_mrg_rxbuf header = { .hdr = *about };
	struct kvec vec[2] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)frame, .iov_len = len },
	};
	struct wire_guard guard = wire_lock(end->pair);
	struct wire_ring *rx = wire_receiver(end, 0);
	int err = 0;

	if (!rx) {
		err = -ENETDOWN;
	} else if (!wire_has_room(end, rx, sizeof(header) + len)) {
		err = -ENOBUFS;
	} else {
		end->count.injected++;
		wire_deliver(end, rx, vec, sizeof(header) + len);
	}
	wire_unlock(end->pair, guard);
	return err;
}
