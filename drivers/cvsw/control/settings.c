// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>

#include "esp/esp.h"
#include "proto/cvsw_v3_body.h"
#include "engine/segment.h"
#include "settings.h"
#include "tunnel/vxlan.h"

/* RTNL, and the device still there?  Then the caller has it to release. */
static bool lock_device(struct cvsw_control *control)
{
	rtnl_lock();
	if (control->dev->reg_state == NETREG_REGISTERED && !READ_ONCE(control->dead))
		return true;
	rtnl_unlock();
	return false;
}

int cvsw_set_mtu(struct cvsw_control *control, unsigned int mtu)
{
	unsigned int old = control->engine->control_mtu;
	int err;

	if (!lock_device(control))
		return -ENODEV;
	/* First, so that what hears of the change knows whose it is. */
	WRITE_ONCE(control->engine->control_mtu, mtu);
	err = dev_set_mtu(control->dev, mtu);
	if (err)
		WRITE_ONCE(control->engine->control_mtu, old);
	rtnl_unlock();
	return err;
}

static const struct {
	u16 bit;
	netdev_features_t features;
} offloads[] = {
	{ CVSW_OFFLOAD_CSUM, NETIF_F_CSUM_MASK },
	{ CVSW_OFFLOAD_TSO, NETIF_F_ALL_TSO },
	{ CVSW_OFFLOAD_GSO, NETIF_F_GSO },
	{ CVSW_OFFLOAD_GRO, NETIF_F_GRO },
};

static u16 bits_of(netdev_features_t features)
{
	unsigned int i;
	u16 bits = 0;

	for (i = 0; i < ARRAY_SIZE(offloads); i++)
		if (features & offloads[i].features)
			bits |= offloads[i].bit;
	return bits;
}

u16 cvsw_offloads(const struct cvsw_engine *engine, const struct net_device *dev)
{
	return bits_of(dev->features) |
	       (cvsw_sums_inside(engine, dev) ? CVSW_OFFLOAD_INNER_CSUM : 0);
}

u16 cvsw_possible_offloads(const struct net_device *dev)
{
	return bits_of(dev->hw_features) |
	       (dev->hw_features & NETIF_F_HW_CSUM ? CVSW_OFFLOAD_INNER_CSUM : 0);
}

/* Alone it is refused, and stays off. */
static void set_inner_csum(struct cvsw_engine *engine, u16 bits)
{
	const u16 both = CVSW_OFFLOAD_CSUM | CVSW_OFFLOAD_INNER_CSUM;

	WRITE_ONCE(engine->inner_csum, (bits & both) == both);
}

int cvsw_set_offloads(struct cvsw_control *control, u16 bits)
{
	struct net_device *dev = control->dev;
	netdev_features_t on = 0, off = 0;
	unsigned int i;
	u16 differ;

	if (!lock_device(control))
		return -ENODEV;
	if (bits & CVSW_OFFLOAD_UFO)
		net_warn_ratelimited("%s: cvsw: UFO asked for, which Linux has no more\n",
				     dev->name);
	for (i = 0; i < ARRAY_SIZE(offloads); i++) {
		if (bits & offloads[i].bit)
			on |= offloads[i].features & dev->hw_features;
		else
			off |= offloads[i].features;
	}
	dev->wanted_features = (dev->wanted_features | on) & ~off;
	set_inner_csum(control->engine, bits);
	netdev_update_features(dev);
	differ = (cvsw_offloads(control->engine, dev) ^ bits) & CVSW_OFFLOAD_ALL & ~CVSW_OFFLOAD_UFO;
	rtnl_unlock();
	return differ ? -EOPNOTSUPP : 0;
}

void cvsw_ask_for_room(struct net_device *dev, const struct cvsw_action *actions, unsigned int n)
{
	unsigned int i, head = 0, tail = 0;

	for (i = 0; i < n; i++) {
		if (actions[i].type == CVSW_ACT_VXLAN_ENCAP)
			head = CVSW_DRIVER_HEAD + CVSW_VXLAN_HEAD + CVSW_ESP_HEAD;
		if (actions[i].type == CVSW_ACT_ENCRYPT)
			tail = CVSW_ESP_TAIL;
	}
	WRITE_ONCE(dev->needed_headroom, max_t(unsigned int, dev->needed_headroom, head));
	WRITE_ONCE(dev->needed_tailroom, max_t(unsigned int, dev->needed_tailroom, tail));
}
