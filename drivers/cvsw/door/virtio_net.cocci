// SPDX-License-Identifier: GPL-2.0
//
// What CVSW changes in a kernel's own drivers/net/virtio_net.c.  Applied at
// build time by scripts/patch-virtio-net, which looks at what came of it:
// spatch itself is content when a rule matches nothing.
//
// The port lives from before the device is registered until after it is
// unregistered, so that no frame passes it by.

@ headers @
@@
#include <net/net_failover.h>
+#include "door/port.h"

@ member @
@@
struct virtnet_info {
+	struct cvsw_port *cvsw_port;
	...
};

// The driver's own way to ring the doorbell, statistics included.
@ doorbell @
identifier sq;
statement S;
@@
start_xmit(...)
{
<+...
if (virtqueue_kick_prepare(sq->vq) && virtqueue_notify(sq->vq)) S
...+>
}

// A frame alone takes the short way; a list, or what is to wait, the driver's
// start_xmit gets from CVSW.  Earlier frames of a burst wait for the last one's
// doorbell, and their completions for it to switch the callback on again: if
// the last one was swallowed or waits, both are still to be done.
@ transmit @
typedef netdev_tx_t;
identifier doorbell.sq;
statement doorbell.S;
@@
start_xmit(...)
{
...
}
+
+static void cvsw_kick(struct net_device *dev, unsigned int queue)
+{
+	struct virtnet_info *vi = netdev_priv(dev);
+	struct send_queue *sq = &vi->sq[queue];
+
+	if (sq->napi.weight && unlikely(!virtqueue_enable_cb_delayed(sq->vq)))
+		virtqueue_napi_schedule(&sq->napi, sq->vq);
+	if (virtqueue_kick_prepare(sq->vq) && virtqueue_notify(sq->vq)) S
+}
+
+static const struct cvsw_driver cvsw_driver = {
+	.start_xmit = start_xmit,
+	.kick = cvsw_kick,
+};
+
+static netdev_tx_t cvsw_start_xmit(struct sk_buff *skb, struct net_device *dev)
+{
+	struct virtnet_info *vi = netdev_priv(dev);
+
+	skb = cvsw_port_transmit(vi->cvsw_port, skb);
+	if (likely(skb))
+		return start_xmit(skb, dev);
+	return NETDEV_TX_OK;
+}

@ ops depends on transmit @
identifier OPS;
symbol start_xmit;
@@
struct net_device_ops OPS = {
-	.ndo_start_xmit = start_xmit,
+	.ndo_start_xmit = cvsw_start_xmit,
};

@ receive @
identifier F, info, rq, skb;
@@
F(struct virtnet_info *info, struct receive_queue *rq, ...)
{
<+...
-napi_gro_receive(&rq->napi, skb);
+cvsw_port_receive(info->cvsw_port, &rq->napi, skb);
...+>
}

// Frames may wait for a queue to take them again.
@ woken @
symbol vi;
expression txq, queue;
@@
(
netif_tx_wake_queue(txq);
+cvsw_port_woken(vi->cvsw_port, txq);
|
netif_wake_subqueue(vi->dev, queue);
+cvsw_port_woken(vi->cvsw_port, netdev_get_tx_queue(vi->dev, queue));
|
netif_tx_wake_all_queues(vi->dev);
+cvsw_port_all_woken(vi->cvsw_port);
|
netif_device_attach(vi->dev);
+cvsw_port_all_woken(vi->cvsw_port);
)

// And what waits for a queue that is used no more moves to another.
@ channels @
symbol vi, netif_set_real_num_tx_queues;
expression dev, n;
@@
virtnet_set_channels(...)
{
<+...
netif_set_real_num_tx_queues(dev, n);
+cvsw_port_all_woken(vi->cvsw_port);
...+>
}

@ create @
symbol vi;
identifier err;
@@
virtnet_probe(...)
{
<+...
+vi->cvsw_port = cvsw_port_create(vi->dev, &cvsw_driver);
+if (IS_ERR(vi->cvsw_port)) {
+	err = PTR_ERR(vi->cvsw_port);
+	vi->cvsw_port = NULL;
+	goto free;
+}
err = init_vqs(vi);
...+>
}

// A device that filters VLANs passes those alone that the guest's stack asked
// for: frames whose tag a flow is to match or strip would never arrive.
@ no_vlan_filter @
identifier vdev;
@@
virtnet_validate(struct virtio_device *vdev)
{
<+...
if (!virtnet_validate_features(vdev))
	return -EINVAL;
+
+__virtio_clear_bit(vdev, VIRTIO_NET_F_CTRL_VLAN);
...+>
}

// One rule: between two, spatch parses the changed functions anew, alone, and
// fails for 6.12's virtnet_remove().
@ kill_and_destroy @
symbol vi;
expression dev;
@@
(
+cvsw_port_kill(vi->cvsw_port);
unregister_netdev(dev);
|
+cvsw_port_destroy(vi->cvsw_port);
free_netdev(dev);
)

// A fixed CPU hotplug state has one user: the stock driver, if both are loaded.
@ hotplug_declare @
symbol virtionet_online, cvsw_virtnet_dead;
@@
static enum cpuhp_state virtionet_online;
+static enum cpuhp_state cvsw_virtnet_dead;

@ hotplug_setup @
identifier ret, LABEL;
expression list args;
@@
-ret = cpuhp_setup_state_multi(CPUHP_VIRT_NET_DEAD, args);
-if (ret)
+ret = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, args);
+if (ret < 0)
	goto LABEL;
+cvsw_virtnet_dead = ret;

@ hotplug_use @
@@
-CPUHP_VIRT_NET_DEAD
+cvsw_virtnet_dead
