// SPDX-License-Identifier: GPL-2.0
/* What crossed a wire, as a pcap file with time stamps of nanoseconds. */
#include <linux/ktime.h>
#include <linux/vmalloc.h>

#include "wire.h"

#define WIRE_CAPTURE_SIZE	(8 << 20)

struct pcap_header {
	u32 magic;
	u16 major, minor;
	u32 zone, accuracy;
	u32 snap_len;
	u32 link_type;
};

struct pcap_record {
	u32 sec, nsec;
	u32 captured, len;
};

static const struct pcap_header pcap_header = {
	.magic = 0xa1b23c4d,
	.major = 2,
	.minor = 4,
	.snap_len = 262144,
	.link_type = 1,		/* Ethernet */
};

int wire_capture_start(struct wire_end *end)
{
	struct wire_capture *capture = &end->capture;
	struct wire_guard guard;
	u8 *buf = NULL;

	if (!capture->buf) {
		buf = vmalloc(WIRE_CAPTURE_SIZE);
		if (!buf)
			return -ENOMEM;
	}
	guard = wire_lock(end->pair);
	if (!capture->buf)
		capture->buf = buf;
	memcpy(capture->buf, &pcap_header, sizeof(pcap_header));
	capture->used = sizeof(pcap_header);
	capture->on = true;
	wire_unlock(end->pair, guard);
	return 0;
}

void wire_capture_stop(struct wire_end *end)
{
	struct wire_guard guard = wire_lock(end->pair);

	end->capture.on = false;
	wire_unlock(end->pair, guard);
}

void wire_capture_free(struct wire_end *end)
{
	vfree(end->capture.buf);
}

/*
 * @vec: a frame behind its virtio header, @len bytes with it.  A partial
 * checksum is completed in the copy, so that a dissector can judge it.
 */
void wire_capture_frame(struct wire_end *end, const struct kvec *vec, unsigned int n, size_t len)
{
	const size_t header_len = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	struct wire_capture *capture = &end->capture;
	struct pcap_record record;
	struct timespec64 now;
	u8 *bounce = end->pair->bounce;
	size_t at = 0;

	if (!capture->on)
		return;
	if (capture->used + sizeof(record) + len > WIRE_CAPTURE_SIZE) {
		end->count.capture_missed++;
		return;
	}
	for (; n; n--, vec++) {
		memcpy(bounce + at, vec->iov_base, vec->iov_len);
		at += vec->iov_len;
	}
	wire_finish_checksum(bounce, len);

	ktime_get_real_ts64(&now);
	record.sec = now.tv_sec;
	record.nsec = now.tv_nsec;
	record.captured = len - header_len;
	record.len = len - header_len;
	memcpy(capture->buf + capture->used, &record, sizeof(record));
	memcpy(capture->buf + capture->used + sizeof(record), bounce + header_len, len - header_len);
	capture->used += sizeof(record) + len - header_len;
}

static ssize_t wire_capture_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct wire_end *end = file->private_data;

	/* @used only grows while a capture runs, and what it covers stays. */
	return simple_read_from_buffer(to, size, pos, end->capture.buf,
				       READ_ONCE(end->capture.used));
}

const struct file_operations wire_capture_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = wire_capture_read,
	.llseek = default_llseek,
};
