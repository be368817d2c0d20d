// SPDX-License-Identifier: GPL-2.0
/*
 * What classification costs a frame: in CVSW's engine, and in whatever else is
 * put behind a device that frames are received on.
 *
 *	/sys/kernel/debug/cvsw_bench_table/
 *	    shape	write "KIND ENTRIES MASKS", KIND being "named", "tenant" or "row":
 *			see shape.h; takes the table's flows away
 *	    ovs, tc	the shape's flows, a line each, for ovs-dpctl and tc
 *	    fill	write anything: give CVSW's table the flows, as messages bring
 *			them; read: nanoseconds a flow_mod
 *	    replace	write "N": replace the table atomically, while frames are received,
 *			by one in which N flows differ; read: nanoseconds a flow, bytes
 *			that it took before it was seen, frames received meanwhile, and
 *			how many of them no flow had dropped
 *	    attach	write "NAME cvsw" or "NAME bare": what becomes of the frames that
 *			device NAME receives: CVSW's engine has them, or they are freed
 *	    measure	write "NAME KIND FRAMES": receive frames on device NAME; read:
 *			nanoseconds a frame, tenths of them: median, 99th percentile, and
 *			the mean of the middle half, for clocks tick in steps; and how
 *			many frames no flow had dropped
 *
 * KIND: "same" are frames of 64 microflows over and over; "scattered" are of random
 * entries, with random source ports, so that hardly two are of one microflow;
 * "missing" match no entry.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/rtnetlink.h>
#include <linux/sort.h>
#include <linux/vmstat.h>

#include "drivers/cvsw/engine/engine.h"
#include "proto/cvsw_flow_mod.h"
#include "shape.h"

#define WORKING_SET	64
#define BURST		64	/* frames with bottom halves off, as a driver has them */
#define BATCH		100	/* flow_mods in one change */
#define FRAMES_MAX	10000000

static DEFINE_MUTEX(lock);
static struct dentry *dir;
static struct cvsw_engine engine;
static struct shape shape = { .entries = 1, .masks = 1 };
static u64 ns_per_flow_mod;
static struct { u64 median, p99, middle; } measured;
static u64 n_unmatched;		/* frames that came to their handler's end */
static u64 ticks_per_us;

/* ---- the receiving devices ---- */

static rx_handler_result_t free_frame(struct sk_buff **skb)
{
	n_unmatched++;
	kfree_skb(*skb);
	return RX_HANDLER_CONSUMED;
}

/* By a flow. */
static bool is_dropped(struct sk_buff *skb)
{
	skb = cvsw_handle_frame(&engine, skb, CVSW_NET);
	kfree_skb_list(skb);
	return !skb;
}

/* As the driver does it in receive_buf. */
static rx_handler_result_t give_to_cvsw(struct sk_buff **skb)
{
	skb_push(*skb, ETH_HLEN);
	n_unmatched += !is_dropped(*skb);
	return RX_HANDLER_CONSUMED;
}

static int attach(const char *name, rx_handler_func_t *handler)
{
	struct net_device *dev;
	int err = -ENODEV;

	rtnl_lock();
	dev = __dev_get_by_name(&init_net, name);
	if (dev)
		err = netdev_rx_handler_register(dev, handler, NULL);
	rtnl_unlock();
	return err;
}

/* ---- CVSW's table ---- */

static void empty(void)
{
	static const struct cvsw_flow all = { .match.table = CVSW_TABLE_ALL };

	cvsw_table_flow_mod(engine.table, CVSW_FLOW_DELETE, &all);
	cvsw_engine_changed(&engine);
}

struct scratch {
	struct cvsw_flow flow;
	u8 message[CVSW_FLOW_MOD_MAX];
};

/* Return: bytes of the flow_mod for the @i-th flow. */
static size_t write_message(struct scratch *scratch, u32 i)
{
	shape_flow(&shape, i, &scratch->flow);
	return cvsw_flow_mod_encode(CVSW_FLOW_ADD, &scratch->flow, scratch->message,
				 sizeof(scratch->message));
}

static int take_message(struct scratch *scratch, size_t len)
{
	enum cvsw_flow_command command;
	size_t used;

	if (cvsw_flow_mod_decode(scratch->message, len, &used, &command, &scratch->flow, NULL))
		return -EINVAL;
	return cvsw_table_flow_mod(engine.table, command, &scratch->flow);
}

/* Return: nanoseconds it took, writing the messages not counted; or an error. */
static s64 fill_batch(struct scratch *scratch, u32 first, u32 n)
{
	u64 ns = 0, begin;
	size_t len;
	u32 i;
	int err;

	cvsw_table_begin(engine.table, false);
	for (i = first; i < first + n; i++) {
		len = write_message(scratch, i);
		begin = ktime_get_ns();
		err = take_message(scratch, len);
		ns += ktime_get_ns() - begin;
		if (err)
			return err;
	}
	begin = ktime_get_ns();
	cvsw_table_commit(engine.table);
	cvsw_engine_changed(&engine);
	return ns + ktime_get_ns() - begin;
}

/* Those in front of the last table. */
static int link_tables(struct cvsw_flow *flow)
{
	unsigned int i;
	int err = 0;

	for (i = 0; shape.kind == SHAPE_ROW && i + 1 < SHAPE_ROW_TABLES && !err; i++) {
		shape_link(i, flow);
		err = cvsw_table_add(engine.table, flow);
	}
	memset(flow, 0, sizeof(*flow));
	return err;
}

static int fill(void)
{
	struct scratch *scratch = kzalloc(sizeof(*scratch), GFP_KERNEL);
	u64 ns = 0;
	s64 took = 0;
	u32 i;

	if (!scratch)
		return -ENOMEM;
	took = link_tables(&scratch->flow);
	for (i = 0; i < shape.entries && took >= 0; i += BATCH) {
		took = fill_batch(scratch, i, min_t(u32, BATCH, shape.entries - i));
		ns += took;
		cond_resched();
	}
	kfree(scratch);
	ns_per_flow_mod = div_u64(ns, shape.entries);
	return min_t(s64, took, 0);
}

/* ---- replacing it ---- */

static struct { u64 ns, bytes, frames, unmatched; } replaced;

/* Frames for random entries, none of which may be missing at any moment. */
static int traffic(void *unused)
{
	struct rnd_state rnd;
	u32 i;

	prandom_seed_state(&rnd, 2);
	while (!kthread_should_stop()) {
		i = (u64)prandom_u32_state(&rnd) * shape.entries >> 32;
		local_bh_disable();
		replaced.unmatched += !is_dropped(shape_frame(&shape, i, 1024));
		local_bh_enable();
		replaced.frames++;
		cond_resched();
	}
	return 0;
}

static u64 free_bytes(void)
{
	return (u64)global_zone_page_state(NR_FREE_PAGES) << PAGE_SHIFT;
}

/* All that there is, of which the first @n flows get a cookie that they had not. */
static int add_replacement(struct cvsw_flow *flow, u32 n)
{
	static u64 cookie;
	u32 i;
	int err;

	cookie++;
	for (i = 0; i < shape.entries; i++) {
		memset(flow, 0, sizeof(*flow));
		shape_flow(&shape, i, flow);
		flow->cookie = i < n ? cookie : 0;
		err = cvsw_table_add(engine.table, flow);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int replace(u32 n)
{
	struct cvsw_flow *flow = kzalloc(sizeof(*flow), GFP_KERNEL);
	struct task_struct *sender;
	u64 begin, bytes;
	int err;

	if (!flow)
		return -ENOMEM;
	memset(&replaced, 0, sizeof(replaced));
	sender = kthread_run(traffic, NULL, "cvsw-traffic");
	if (IS_ERR(sender)) {
		kfree(flow);
		return PTR_ERR(sender);
	}
	bytes = free_bytes();
	begin = ktime_get_ns();
	cvsw_table_begin(engine.table, true);
	err = add_replacement(flow, n);
	replaced.bytes = bytes - min(bytes, free_bytes());
	if (err)
		cvsw_table_abort(engine.table);
	cvsw_table_commit(engine.table);
	replaced.ns = div_u64(ktime_get_ns() - begin, shape.entries);
	kthread_stop(sender);
	kfree(flow);
	return err;
}

/* ---- measuring ---- */

static u64 ticks(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

static u64 to_tenths(u64 n)
{
	return div64_u64(n * 10000, ticks_per_us);
}

static void calibrate(void)
{
	u64 ns = ktime_get_ns(), begin = ticks();

	mdelay(50);
	ns = ktime_get_ns() - ns;
	ticks_per_us = div64_u64((ticks() - begin) * 1000, ns);
}

enum kind { SAME, SCATTERED, MISSING };
static const char *const kinds[] = { "same", "scattered", "missing" };

static struct sk_buff *next_frame(enum kind kind, struct rnd_state *rnd, u32 n)
{
	u32 set = min_t(u32, WORKING_SET, shape.entries), i = n % set;

	switch (kind) {
	case SAME:
		return shape_frame(&shape, (u64)i * shape.entries / set, 1024 + i);
	case SCATTERED:
		i = (u64)prandom_u32_state(rnd) * shape.entries >> 32;
		return shape_frame(&shape, i, prandom_u32_state(rnd));
	default:
		i = shape.entries + prandom_u32_state(rnd) % SHAPE_ENTRIES_MAX;
		return shape_frame(&shape, i, prandom_u32_state(rnd));
	}
}

/* Receives a frame; return: how long that took. */
static u32 receive(struct net_device *dev, struct sk_buff *skb)
{
	u64 begin;

	skb->dev = dev;
	skb->protocol = eth_type_trans(skb, dev);
	/* Addressed to whomever: what a switch gets. */
	skb->pkt_type = PACKET_HOST;
	begin = ticks();
	netif_receive_skb(skb);
	return ticks() - begin;
}

static int receive_all(struct net_device *dev, enum kind kind, u32 *took, u32 n)
{
	struct rnd_state rnd;
	struct sk_buff *skb;
	u32 i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < n; i++) {
		if (i % BURST == 0) {
			cond_resched();
			local_bh_disable();
		}
		skb = next_frame(kind, &rnd, i);
		took[i] = skb ? receive(dev, skb) : 0;
		if (i % BURST == BURST - 1 || i == n - 1)
			local_bh_enable();
		if (!skb)
			return -ENOMEM;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void sum_up(u32 *took, u32 n)
{
	u64 sum = 0;
	u32 i;

	sort(took, n, sizeof(*took), compare, NULL);
	for (i = n / 4; i < n - n / 4; i++)
		sum += took[i];
	measured.median = to_tenths(took[n / 2]);
	measured.p99 = to_tenths(took[(u64)n * 99 / 100]);
	measured.middle = div_u64(to_tenths(sum), n - n / 4 * 2);
}

static int measure(const char *name, int kind, u32 n)
{
	struct net_device *dev = dev_get_by_name(&init_net, name);
	u32 *took;
	int err = -ENOMEM;

	if (!dev)
		return -ENODEV;
	n_unmatched = 0;
	took = kvmalloc_array(n, sizeof(*took), GFP_KERNEL);
	if (took)
		err = receive_all(dev, kind, took, n);
	dev_put(dev);
	if (!err)
		sum_up(took, n);
	kvfree(took);
	return err;
}

/* ---- files ---- */

static int read_shape(char *line)
{
	static const char *const names[] = { "named", "tenant", "row" };
	struct shape new;
	char kind[8];
	int found;

	if (sscanf(line, "%7s %u %u", kind, &new.entries, &new.masks) != 3)
		return -EINVAL;
	found = match_string(names, ARRAY_SIZE(names), kind);
	new.kind = found;
	if (found < 0 || !new.masks || new.masks > SHAPE_MASKS_MAX || new.entries < new.masks ||
	    new.entries > SHAPE_ENTRIES_MAX)
		return -EINVAL;
	empty();
	shape = new;
	return 0;
}

static int read_attach(char *line)
{
	char name[IFNAMSIZ], what[8];

	if (sscanf(line, "%15s %7s", name, what) != 2)
		return -EINVAL;
	if (!strcmp(what, "cvsw"))
		return attach(name, give_to_cvsw);
	return strcmp(what, "bare") ? -EINVAL : attach(name, free_frame);
}

static int read_measure(char *line)
{
	char name[IFNAMSIZ], word[16];
	u32 n;
	int kind;

	if (sscanf(line, "%15s %15s %u", name, word, &n) != 3 || !n || n > FRAMES_MAX)
		return -EINVAL;
	kind = match_string(kinds, ARRAY_SIZE(kinds), word);
	return kind < 0 ? kind : measure(name, kind, n);
}

static int read_fill(char *line)
{
	empty();
	return fill();
}

static int read_replace(char *line)
{
	u32 n;

	return kstrtou32(strim(line), 0, &n) ?: replace(n);
}

/**
 * struct line_file
 * @take: does what a line written to the file says
 * @show: what reading tells; may be NULL
 */
struct line_file {
	const char *name;
	int (*take)(char *line);
	void (*show)(struct seq_file *out);
};

static void show_fill(struct seq_file *out)
{
	seq_printf(out, "%llu\n", ns_per_flow_mod);
}

static void show_replaced(struct seq_file *out)
{
	seq_printf(out, "%llu %llu %llu %llu\n", replaced.ns, replaced.bytes, replaced.frames,
		   replaced.unmatched);
}

static void show_measured(struct seq_file *out)
{
	seq_printf(out, "%llu %llu %llu %llu\n", measured.median, measured.p99, measured.middle,
		   n_unmatched);
}

static const struct line_file line_files[] = {
	{ "shape",	read_shape },
	{ "attach",	read_attach },
	{ "fill",	read_fill,	show_fill },
	{ "replace",	read_replace,	show_replaced },
	{ "measure",	read_measure,	show_measured },
};

static int line_show(struct seq_file *out, void *unused)
{
	const struct line_file *file = out->private;

	if (file->show)
		file->show(out);
	return 0;
}

static int line_open(struct inode *inode, struct file *file)
{
	return single_open(file, line_show, inode->i_private);
}

static ssize_t line_write(struct file *file, const char __user *user, size_t len, loff_t *at)
{
	const struct line_file *line_file = file_inode(file)->i_private;
	char line[64];
	int err;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, len))
		return -EFAULT;
	line[len] = 0;
	mutex_lock(&lock);
	err = line_file->take(line);
	mutex_unlock(&lock);
	return err ?: len;
}

static const struct file_operations line_fops = {
	.owner = THIS_MODULE,
	.open = line_open,
	.read = seq_read,
	.write = line_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* The shape's flows, one after the other. */
static void *flows_start(struct seq_file *out, loff_t *at)
{
	return *at < shape.entries ? at : NULL;
}

static void *flows_next(struct seq_file *out, void *unused, loff_t *at)
{
	++*at;
	return flows_start(out, at);
}

static void flows_stop(struct seq_file *out, void *unused)
{
}

static int ovs_show(struct seq_file *out, void *at)
{
	shape_print_ovs(&shape, *(loff_t *)at, out);
	return 0;
}

static int tc_show(struct seq_file *out, void *at)
{
	shape_print_tc(&shape, *(loff_t *)at, out);
	return 0;
}

static const struct seq_operations ovs_sops = {
	.start = flows_start, .next = flows_next, .stop = flows_stop, .show = ovs_show,
};
DEFINE_SEQ_ATTRIBUTE(ovs);

static const struct seq_operations tc_sops = {
	.start = flows_start, .next = flows_next, .stop = flows_stop, .show = tc_show,
};
DEFINE_SEQ_ATTRIBUTE(tc);

static void make_files(void)
{
	unsigned int i;

	dir = debugfs_create_dir("cvsw_bench_table", NULL);
	for (i = 0; i < ARRAY_SIZE(line_files); i++)
		debugfs_create_file(line_files[i].name, 0600, dir, (void *)&line_files[i],
				    &line_fops);
	debugfs_create_file("ovs", 0400, dir, NULL, &ovs_fops);
	debugfs_create_file("tc", 0400, dir, NULL, &tc_fops);
}

/* ---- the module ---- */

/* It stays loaded: devices have its handlers. */
static int __init bench_table_init(void)
{
	engine.table = cvsw_table_create();
	engine.stats = cvsw_stats_alloc();
	if (!engine.table || !engine.stats)
		return -ENOMEM;
	calibrate();
	make_files();
	return 0;
}
module_init(bench_table_init);

MODULE_DESCRIPTION("measures what a table lookup costs");
MODULE_LICENSE("GPL");
