// SPDX-License-Identifier: GPL-2.0
/*
 * What tests see and turn: /sys/kernel/debug/cvsw_wire/PAIR/{a,b}/...
 *
 *	plugged		1, 0, or -1 for a device gone without a word
 *	features	virtio feature bits, offered from the next plug on
 *	mtu, link	configuration space
 *	loss, reorder	every Nth frame that this end sends; 0: off
 *	stall		transmit queues to stand still, bit by bit
 *	verify		see struct wire_end
 *	capture, pcap	1 starts anew, 0 stops; what this end sent
 *	inject		a frame for this end to receive, one a write
 *	inject_header	the same, behind a struct virtio_net_hdr
 *	burst		frames for this end's driver to send, see burst.c
 *	context		where bursts are sent: 0 as the stack does; as netpoll does, with
 *			interrupts off, from 1 a task, 2 a softirq, 3 a hard interrupt
 *	control		1: messages of control cross; 0: the vswitch's rule has them
 *	device, stats	the virtio device's name; counters
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/vmalloc.h>

#include "wire.h"

#define WIRE_MAX_PAIRS	4

static unsigned int pairs = 1;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "wires to lay");

struct device *wire_root;
static struct dentry *wire_dir;
static struct wire_pair *wire_pairs[WIRE_MAX_PAIRS];

static const unsigned int wire_features[] = {
	VIRTIO_F_VERSION_1, VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC,
	VIRTIO_NET_F_MAC, VIRTIO_NET_F_STATUS, VIRTIO_NET_F_MRG_RXBUF,
	VIRTIO_NET_F_CSUM, VIRTIO_NET_F_GUEST_CSUM,
	VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_HOST_ECN,
	VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_ECN,
	VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_MAC_ADDR,
	VIRTIO_NET_F_MQ,
};

static void wire_kick(struct wire_end *end)
{
	struct wire_guard guard = wire_lock(end->pair);

	wire_run(end->pair);
	wire_unlock(end->pair, guard);
}

static int wire_plugged_get(void *data, u64 *value)
{
	struct wire_end *end = data;

	*value = end->device != NULL;
	return 0;
}

static int wire_plugged_set(void *data, u64 value)
{
	return value == 1 ? wire_plug(data) : wire_unplug(data, (s64)value == -1);
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(wire_plugged_fops, wire_plugged_get, wire_plugged_set, "%lld\n");

static int wire_link_get(void *data, u64 *value)
{
	*value = ((struct wire_end *)data)->link;
	return 0;
}

static int wire_link_set(void *data, u64 value)
{
	wire_set_link(data, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(wire_link_fops, wire_link_get, wire_link_set, "%llu\n");

static int wire_stall_get(void *data, u64 *value)
{
	*value = ((struct wire_end *)data)->stall;
	return 0;
}

static int wire_stall_set(void *data, u64 value)
{
	struct wire_end *end = data;

	end->stall = value;
	wire_kick(end);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(wire_stall_fops, wire_stall_get, wire_stall_set, "%llu\n");

static int wire_capture_get(void *data, u64 *value)
{
	*value = ((struct wire_end *)data)->capture.on;
	return 0;
}

static int wire_capture_set(void *data, u64 value)
{
	if (value)
		return wire_capture_start(data);
	wire_capture_stop(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(wire_capturing_fops, wire_capture_get, wire_capture_set, "%llu\n");

static ssize_t wire_inject_user(struct wire_end *end, const struct virtio_net_hdr *about,
				const char __user *from, size_t size)
{
	u8 *frame;
	int err;

	if (!size || size > WIRE_FRAME_MAX - sizeof(struct virtio_net_hdr_mrg_rxbuf))
		return -EINVAL;
	frame = vmemdup_user(from, size);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	err = wire_inject(end, about, frame, size);
	kvfree(frame);
	return err ? err : size;
}

static ssize_t wire_inject_write(struct file *file, const char __user *from, size_t size,
				 loff_t *pos)
{
	const struct virtio_net_hdr nothing = {};

	return wire_inject_user(file->private_data, &nothing, from, size);
}

static const struct file_operations wire_inject_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = wire_inject_write,
	.llseek = noop_llseek,
};

static ssize_t wire_inject_header_write(struct file *file, const char __user *from, size_t size,
					loff_t *pos)
{
	struct virtio_net_hdr about;
	ssize_t taken;

	if (size < sizeof(about))
		return -EINVAL;
	if (copy_from_user(&about, from, sizeof(about)))
		return -EFAULT;
	taken = wire_inject_user(file->private_data, &about, from + sizeof(about),
				 size - sizeof(about));
	return taken < 0 ? taken : size;
}

static const struct file_operations wire_inject_header_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = wire_inject_header_write,
	.llseek = noop_llseek,
};

static int wire_device_show(struct seq_file *seq, void *v)
{
	struct wire_end *end = seq->private;

	mutex_lock(&end->pair->plug);
	if (end->device)
		seq_printf(seq, "%s\n", dev_name(&end->device->vdev.dev));
	mutex_unlock(&end->pair->plug);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(wire_device);

static int wire_stats_show(struct seq_file *seq, void *v)
{
	struct wire_end *end = seq->private;
	unsigned int i;

#define WIRE_COUNTER_SHOW(name) seq_printf(seq, "%s %llu\n", #name, end->count.name);
	WIRE_COUNTERS(WIRE_COUNTER_SHOW)
#undef WIRE_COUNTER_SHOW
	for (i = 0; i < WIRE_QUEUE_PAIRS; i++)
		seq_printf(seq, "sent_%u %llu\ngot_%u %llu\n", i, end->sent[i], i, end->got[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(wire_stats);

void wire_knobs_create(struct wire_end *end, struct dentry *pair_dir, const char *name)
{
	struct dentry *dir = debugfs_create_dir(name, pair_dir);

	debugfs_create_file("plugged", 0600, dir, end, &wire_plugged_fops);
	debugfs_create_x64("features", 0600, dir, &end->features);
	debugfs_create_u16("mtu", 0600, dir, &end->mtu);
	debugfs_create_file("link", 0600, dir, end, &wire_link_fops);
	debugfs_create_u32("loss", 0600, dir, &end->loss);
	debugfs_create_u32("reorder", 0600, dir, &end->reorder);
	debugfs_create_bool("verify", 0600, dir, &end->verify);
	debugfs_create_u32("context", 0600, dir, &end->context);
	debugfs_create_bool("control", 0600, dir, &end->control);
	debugfs_create_file("stall", 0600, dir, end, &wire_stall_fops);
	debugfs_create_file("capture", 0600, dir, end, &wire_capturing_fops);
	debugfs_create_file("pcap", 0400, dir, end, &wire_capture_fops);
	debugfs_create_file("inject", 0200, dir, end, &wire_inject_fops);
	debugfs_create_file("inject_header", 0200, dir, end, &wire_inject_header_fops);
	debugfs_create_file("burst", 0200, dir, end, &wire_burst_fops);
	debugfs_create_file("device", 0400, dir, end, &wire_device_fops);
	debugfs_create_file("stats", 0400, dir, end, &wire_stats_fops);
}

static struct wire_pair *wire_lay(unsigned int number)
{
	struct wire_pair *pair = vzalloc(sizeof(*pair));
	struct dentry *dir;
	char name[8];
	unsigned int side, i;

	if (!pair)
		return NULL;
	spin_lock_init(&pair->lock);
	mutex_init(&pair->plug);
	INIT_DELAYED_WORK(&pair->poll, wire_poll);
	snprintf(name, sizeof(name), "%u", number);
	dir = debugfs_create_dir(name, wire_dir);
	for (side = 0; side < 2; side++) {
		struct wire_end *end = &pair->end[side];
		const u8 mac[ETH_ALEN] = { 0x02, 0, 0, 0, number, side + 1 };

		end->pair = pair;
		end->peer = &pair->end[!side];
		end->link = true;
		end->mtu = ETH_DATA_LEN;
		memcpy(end->mac, mac, sizeof(mac));
		for (i = 0; i < ARRAY_SIZE(wire_features); i++)
			end->features |= BIT_ULL(wire_features[i]);
		wire_knobs_create(end, dir, side ? "b" : "a");
	}
	return pair;
}

static void wire_remove(struct wire_pair *pair)
{
	unsigned int side;

	for (side = 0; side < 2; side++)
		wire_unplug(&pair->end[side], false);
	cancel_delayed_work_sync(&pair->poll);
	for (side = 0; side < 2; side++) {
		wire_capture_free(&pair->end[side]);
		kfree(pair->end[side].held);
	}
	vfree(pair);
}

static void wire_exit(void)
{
	unsigned int i;

	debugfs_remove(wire_dir);
	for (i = 0; i < WIRE_MAX_PAIRS && wire_pairs[i]; i++)
		wire_remove(wire_pairs[i]);
	root_device_unregister(wire_root);
}

static int __init wire_init(void)
{
	unsigned int i;
	int err = 0;

	if (pairs > WIRE_MAX_PAIRS)
		return -EINVAL;
	wire_root = root_device_register("cvsw_wire");
	if (IS_ERR(wire_root))
		return PTR_ERR(wire_root);
	wire_dir = debugfs_create_dir("cvsw_wire", NULL);
	for (i = 0; i < pairs && !err; i++) {
		wire_pairs[i] = wire_lay(i);
		err = wire_pairs[i] ? wire_plug(&wire_pairs[i]->end[0]) : -ENOMEM;
		if (!err)
			err = wire_plug(&wire_pairs[i]->end[1]);
	}
	if (err)
		wire_exit();
	return err;
}

module_init(wire_init);
module_exit(wire_exit);
MODULE_DESCRIPTION("Pairs of virtio-net devices on a wire, for tests");
MODULE_LICENSE("GPL");
