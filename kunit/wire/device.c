// SPDX-License-Identifier: GPL-2.0
/* The virtio-net device that a driver meets at each end of a wire. */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/pm.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>

#include "wire.h"

static struct wire_device *to_wire(struct virtio_device *vdev)
{
	return container_of(vdev, struct wire_device, vdev);
}

static void wire_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct wire_end *end = to_wire(vdev)->end;
	struct virtio_net_config config = {
		.status = end->link ? VIRTIO_NET_S_LINK_UP : 0,
		.max_virtqueue_pairs = WIRE_QUEUE_PAIRS,
		.mtu = end->mtu,
	};

	memcpy(config.mac, end->mac, sizeof(config.mac));
	memset(buf, 0, len);
	if (offset < sizeof(config))
		memcpy(buf, (u8 *)&config + offset, min_t(size_t, len, sizeof(config) - offset));
}

static void wire_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		     unsigned int len)
{
	/* Nothing in the configuration is the driver's to write (virtio 1.2, 5.1.4). */
}

static u8 wire_get_status(struct virtio_device *vdev)
{
	return to_wire(vdev)->status;
}

static void wire_set_status(struct virtio_device *vdev, u8 status)
{
	struct wire_device *device = to_wire(vdev);
	struct wire_pair *pair = device->end->pair;
	struct wire_guard guard = wire_lock(pair);

	device->status = status;
	if (!status)
		device->pairs = 1;
	device->up = status & VIRTIO_CONFIG_S_DRIVER_OK;
	wire_run(pair);
	wire_unlock(pair, guard);
}

static void wire_reset(struct virtio_device *vdev)
{
	wire_set_status(vdev, 0);
}

static u64 wire_get_features(struct virtio_device *vdev)
{
	return to_wire(vdev)->features;
}

static int wire_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	return __virtio_test_bit(vdev, VIRTIO_F_VERSION_1) ? 0 : -EINVAL;
}

static bool wire_set_pairs(struct wire_device *device, const struct wire_chain *chain)
{
	const struct virtio_net_ctrl_hdr *command = chain->vec[0].iov_base;
	const struct virtio_net_ctrl_mq *wish = chain->vec[1].iov_base;
	unsigned int pairs;

	if (command->cmd != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET || chain->n_out != 2 ||
	    chain->vec[1].iov_len != sizeof(*wish))
		return false;
	pairs = virtio16_to_cpu(&device->vdev, wish->virtqueue_pairs);
	if (!pairs || pairs > WIRE_QUEUE_PAIRS || !device->rx[pairs - 1].vq)
		return false;
	device->pairs = pairs;
	return true;
}

/* The control queue is answered inside its doorbell, for the driver spins. */
static void wire_answer(struct wire_device *device, struct wire_chain *chain)
{
	struct wire_ring *ctrl = &device->ctrl;
	const struct virtio_net_ctrl_hdr *command;
	u8 *ack;
	int head;

	while ((head = wire_ring_peek(ctrl, 0)) >= 0) {
		if (!wire_ring_chain(ctrl, head, chain) ||
		    WARN_ON_ONCE(!chain->n_out || chain->n != chain->n_out + 1))
			return;
		command = chain->vec[0].iov_base;
		ack = chain->vec[chain->n_out].iov_base;
		switch (command->class) {
		case VIRTIO_NET_CTRL_RX:
		case VIRTIO_NET_CTRL_MAC:
		case VIRTIO_NET_CTRL_VLAN:
		case VIRTIO_NET_CTRL_ANNOUNCE:
			*ack = VIRTIO_NET_OK;
			break;
		case VIRTIO_NET_CTRL_MQ:
			*ack = wire_set_pairs(device, chain) ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
			break;
		default:
			*ack = VIRTIO_NET_ERR;
		}
		wire_ring_done(ctrl, head, sizeof(*ack));
	}
	wire_ring_publish(ctrl);
	wire_ring_arm(ctrl);
}

static bool wire_notify(struct virtqueue *vq)
{
	struct wire_device *device = to_wire(vq->vdev);
	struct wire_pair *pair = device->end->pair;
	struct wire_guard guard = wire_lock(pair);

	if (vq == device->ctrl.vq)
		wire_answer(device, &pair->chain);
	else
		wire_run(pair);
	wire_unlock(pair, guard);
	return true;
}

/* Queue 2i receives, 2i+1 transmits, the last one of an odd number controls. */
static struct wire_ring *wire_ring_of(struct wire_device *device, unsigned int i, unsigned int n)
{
	if (n % 2 && i == n - 1)
		return &device->ctrl;
	return i % 2 ? &device->tx[i / 2] : &device->rx[i / 2];
}

static void wire_del_vqs(struct virtio_device *vdev)
{
	struct wire_device *device = to_wire(vdev);
	struct wire_pair *pair = device->end->pair;
	struct virtqueue *vq, *next;
	struct wire_guard guard;

	guard = wire_lock(pair);
	memset(device->rx, 0, sizeof(device->rx));
	memset(device->tx, 0, sizeof(device->tx));
	memset(&device->ctrl, 0, sizeof(device->ctrl));
	wire_unlock(pair, guard);
	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		vring_del_virtqueue(vq);
}

static int wire_find_vqs(struct virtio_device *vdev, unsigned int n, struct virtqueue *vqs[],
			 vq_callback_t *callbacks[], const char *const names[], const bool *ctx,
			 struct irq_affinity *affinity)
{
	struct wire_device *device = to_wire(vdev);
	struct wire_pair *pair = device->end->pair;
	struct wire_guard guard;
	unsigned int i;

	if (n > 2 * WIRE_QUEUE_PAIRS + 1)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		vqs[i] = vring_create_virtqueue(i, WIRE_RING_SIZE, PAGE_SIZE, vdev, true, false,
						ctx && ctx[i], wire_notify, callbacks[i], names[i]);
		if (!vqs[i]) {
			wire_del_vqs(vdev);
			return -ENOMEM;
		}
	}
	guard = wire_lock(pair);
	for (i = 0; i < n; i++) {
		struct wire_ring *ring = wire_ring_of(device, i, n);

		ring->vq = vqs[i];
		ring->vring = virtqueue_get_vring(vqs[i]);
		ring->event_idx = __virtio_test_bit(vdev, VIRTIO_RING_F_EVENT_IDX);
	}
	wire_unlock(pair, guard);
	return 0;
}

static const struct virtio_config_ops wire_config_ops = {
	.get = wire_get,
	.set = wire_set,
	.get_status = wire_get_status,
	.set_status = wire_set_status,
	.reset = wire_reset,
	.find_vqs = wire_find_vqs,
	.del_vqs = wire_del_vqs,
	.get_features = wire_get_features,
	.finalize_features = wire_finalize_features,
};

/* As a transport's own bus does when the machine falls asleep and wakes up. */
static int wire_freeze(struct device *dev)
{
	return virtio_device_freeze(dev_to_virtio(dev));
}

static int wire_restore(struct device *dev)
{
	return virtio_device_restore(dev_to_virtio(dev));
}

static struct dev_pm_domain wire_sleep = {
	.ops = { SET_SYSTEM_SLEEP_PM_OPS(wire_freeze, wire_restore) },
};

static void wire_device_release(struct device *dev)
{
	kfree(to_wire(dev_to_virtio(dev)));
}

int wire_plug(struct wire_end *end)
{
	struct wire_device *device;
	struct wire_guard guard;
	int err = -EALREADY;

	mutex_lock(&end->pair->plug);
	if (end->device)
		goto out;
	err = -ENOMEM;
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		goto out;
	device->end = end;
	device->pairs = 1;
	device->features = end->features;
	device->vdev.id.device = VIRTIO_ID_NET;
	device->vdev.id.vendor = VIRTIO_DEV_ANY_ID;
	device->vdev.config = &wire_config_ops;
	device->vdev.dev.parent = wire_root;
	device->vdev.dev.pm_domain = &wire_sleep;
	device->vdev.dev.release = wire_device_release;

	/* Before the driver probes, for its first control command is answered then. */
	guard = wire_lock(end->pair);
	end->device = device;
	wire_unlock(end->pair, guard);
	err = register_virtio_device(&device->vdev);
	if (err) {
		guard = wire_lock(end->pair);
		end->device = NULL;
		wire_unlock(end->pair, guard);
		put_device(&device->vdev.dev);
	}
out:
	mutex_unlock(&end->pair->plug);
	return err;
}

static bool wire_all_reaped(struct wire_device *device)
{
	unsigned int i;

	for (i = 0; i < WIRE_QUEUE_PAIRS && device->tx[i].vq; i++)
		if (!wire_ring_reaped(&device->tx[i]))
			return false;
	return true;
}

/*
 * From here on the device does nothing.  Kernels without 0d0eff39ceb3 ("virtio_ring: fix
 * infinite loop in virtnet_poll_cleantx when device is broken") spin for good over what a
 * device had sent when it broke, if the driver had not seen that: so it is made to look.
 */
static void wire_fall_silent(struct wire_device *device)
{
	struct wire_pair *pair = device->end->pair;
	unsigned int i, patience = 100;
	struct wire_guard guard;
	bool done;

	do {
		guard = wire_lock(pair);
		device->up = false;
		done = wire_all_reaped(device);
		for (i = 0; !done && i < WIRE_QUEUE_PAIRS && device->tx[i].vq; i++)
			vring_interrupt(0, device->tx[i].vq);
		wire_unlock(pair, guard);
		if (!done)
			msleep(1);
	} while (!done && patience--);
}

int wire_unplug(struct wire_end *end, bool surprise)
{
	struct wire_device *device;
	struct wire_guard guard;

	mutex_lock(&end->pair->plug);
	device = end->device;
	if (!device) {
		mutex_unlock(&end->pair->plug);
		return -EALREADY;
	}
	get_device(&device->vdev.dev);
	if (surprise) {
		wire_fall_silent(device);
		virtio_break_device(&device->vdev);
	}
	unregister_virtio_device(&device->vdev);
	guard = wire_lock(end->pair);
	end->device = NULL;
	wire_unlock(end->pair, guard);
	put_device(&device->vdev.dev);
	mutex_unlock(&end->pair->plug);
	return 0;
}

void wire_set_link(struct wire_end *end, bool up)
{
	struct wire_guard guard;

	mutex_lock(&end->pair->plug);
	guard = wire_lock(end->pair);
	end->link = up;
	wire_unlock(end->pair, guard);
	if (end->device)
		virtio_config_changed(&end->device->vdev);
	mutex_unlock(&end->pair->plug);
}
