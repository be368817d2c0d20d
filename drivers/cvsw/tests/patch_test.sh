#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# patch-virtio-net refuses a driver that has a way past CVSW: kernels and semantic
# patches broken in one place each.  Prints TAP.
#
#   patch_test.sh VIRTIO_NET_C
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# patched WHAT WANTED KERNEL_SED PATCH_SED: WANTED is "" if it has to succeed, else a part of the refusal
patched() {
	local what=$1 wanted=$2 said good=1
	mkdir -p "$tmp/scripts" "$tmp/door"
	cp "$here/../scripts/patch-virtio-net" "$tmp/scripts/"
	sed -E "$3" "$source" >"$tmp/in.c"
	sed -E "$4" "$here/../door/virtio_net.cocci" >"$tmp/door/virtio_net.cocci"
	if [[ $3 ]] && cmp -s "$source" "$tmp/in.c" || [[ $4 ]] && cmp -s "$here/../door/virtio_net.cocci" "$tmp/door/virtio_net.cocci"; then
		said="the test changes nothing" good=0
	elif said=$("$tmp/scripts/patch-virtio-net" "$tmp/in.c" "$tmp/out.c" 2>&1); then
		[[ -z $wanted ]] || good=0
	else
		[[ -n $wanted && $said == *"$wanted"* ]] || good=0
	fi
	if [[ $good == 1 ]]; then
		echo "ok - patch-virtio-net: $what"
	else
		echo "not ok - patch-virtio-net: $what"
		echo "# ${said//$'\n'/$'\n'# }"
		failed=1
	fi
}

refused() { patched "refuses $1" "$2" "$3" "$4"; }

open='s/^static int virtnet_open\(/'
patched "takes the kernel's driver" "" "" ""
refused "a wake of a queue that the backlog is not told of" "that a queue is awake: not behind" \
	"" '/^\+cvsw_port_woken\(vi->cvsw_port, txq\)/d'
refused "a wake of all queues that the backlog is not told of" "that all queues are awake: not behind" \
	"" '/^\+cvsw_port_all_woken/d'
refused "a wake by a function that the patch does not know" "that a queue is awake: not behind" \
	"$open"'static void w(struct netdev_queue *q)\n{\n\tnetif_txq_completed_wake(q, 1, 1, 1, 1);\n}\n\n&/' ""
refused "a way to the stack without the hook" "way from the driver to the stack" \
	"$open"'static void r(struct sk_buff *skb)\n{\n\tnetif_receive_skb(skb);\n}\n\n&/' ""
refused "a receive path that the patch does not find" "receive hook: in" \
	's/napi_gro_receive\(&rq->napi, skb\)/napi_gro_receive(napi_of(rq), skb)/' ""
refused "another caller of start_xmit" "call of the driver's start_xmit" \
	"$open"'static netdev_tx_t o(struct sk_buff *skb, struct net_device *dev)\n{\n\treturn start_xmit(skb, dev);\n}\n\n&/' ""
refused "start_xmit in a table of functions" "another way to the driver's start_xmit" \
	"$open"'static netdev_tx_t (*o)(struct sk_buff *, struct net_device *) = start_xmit;\n\n&/' ""
refused "net_device_ops without the hook" "net_device_ops without" \
	"" 's/^(\+.*ndo_start_xmit = )cvsw_start_xmit/\1start_xmit/'
refused "a device that outlives its port" "port killed: not before" "" '/^\+cvsw_port_kill/d'
refused "a port that is not freed" "port destroyed: not before" "" '/^\+cvsw_port_destroy/d'
refused "a port that is not created" "port created" "" 's/init_vqs\(vi\)/init_vqs(vj)/'
refused "a device that filters VLANs" "VLAN filter" "" '/^\+__virtio_clear_bit/d'
refused "the stock driver's CPU hotplug state" "fixed CPU hotplug state" "" 's/^\+cvsw_virtnet_dead$/+CPUHP_VIRT_NET_DEAD/'
exit "$failed"
