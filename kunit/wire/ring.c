// SPDX-License-Identifier: GPL-2.0
/* The device side of a split virtqueue (virtio 1.2, 2.7). */
#include <linux/io.h>

#include "wire.h"

int wire_ring_peek(const struct wire_ring *ring, u16 ahead)
{
	const struct vring *vring = ring->vring;
	u16 at = ring->last_avail + ahead;
	u16 head;

	/* Pairs with the driver's barrier before it moves avail->idx (2.7.13). */
	if (at == smp_load_acquire(&vring->avail->idx))
		return -1;
	head = vring->avail->ring[at & (vring->num - 1)];
	return WARN_ON_ONCE(head >= vring->num) ? -1 : head;
}

bool wire_ring_chain(const struct wire_ring *ring, u16 head, struct wire_chain *chain)
{
	const struct vring_desc *desc = ring->vring->desc;
	unsigned int room = ring->vring->num;
	unsigned int at = head;

	chain->n = 0;
	chain->n_out = 0;
	if (desc[at].flags & VRING_DESC_F_INDIRECT) {
		room = desc[at].len / sizeof(*desc);
		desc = phys_to_virt(desc[at].addr);
		at = 0;
	}
	for (;;) {
		bool in = desc[at].flags & VRING_DESC_F_WRITE;

		/* Driver-written ones come first (2.7.4.2). */
		if (WARN_ON_ONCE(chain->n == WIRE_CHAIN_MAX || (!in && chain->n_out < chain->n)))
			return false;
		chain->vec[chain->n].iov_base = phys_to_virt(desc[at].addr);
		chain->vec[chain->n].iov_len = desc[at].len;
		chain->n++;
		chain->n_out += !in;
		if (!(desc[at].flags & VRING_DESC_F_NEXT))
			return true;
		at = desc[at].next;
		if (WARN_ON_ONCE(at >= room))
			return false;
	}
}

void wire_ring_done(struct wire_ring *ring, u16 head, u32 len)
{
	struct vring_used_elem *elem = &ring->vring->used->ring[ring->used & (ring->vring->num - 1)];

	elem->id = head;
	elem->len = len;
	ring->used++;
	ring->last_avail++;
}

bool wire_ring_reaped(const struct wire_ring *ring)
{
	u16 offered = smp_load_acquire(&ring->vring->avail->idx) - ring->last_avail;

	return ring->vq->num_free + offered == ring->vring->num;
}

void wire_ring_publish(struct wire_ring *ring)
{
	const struct vring *vring = ring->vring;
	u16 old = ring->published;

	if (ring->used == old)
		return;
	smp_store_release(&vring->used->idx, ring->used);
	ring->published = ring->used;
	/* The index is out before the driver's wish is read (2.7.7.2). */
	smp_mb();
	if (ring->event_idx ? vring_need_event(vring_used_event(vring), ring->used, old) :
			      !(READ_ONCE(vring->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT))
		vring_interrupt(0, ring->vq);
}

bool wire_ring_arm(struct wire_ring *ring)
{
	if (ring->event_idx)
		WRITE_ONCE(vring_avail_event(ring->vring), ring->last_avail);
	/* The wish is out before the index is read again (2.7.10.1). */
	smp_mb();
	return wire_ring_peek(ring, 0) >= 0;
}
