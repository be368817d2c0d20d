// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_ofp10.h"
#include "../cvsw_text.h"
#include "gen.h"
#include "tests.h"

#define TEXT_ROOM	16384

static void round_trip(void)
{
	struct rng rng = { 30 };
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		char text[TEXT_ROOM], match[TEXT_ROOM];
		struct cvsw_flow flow, again;
		struct cvsw_text_error error = { 0 };
		size_t len;

		gen_flow(&rng, GEN_ANY, &flow);
		if (i % 2)
			gen_tables(&rng, &flow);
		len = cvsw_text_format(&flow, text, sizeof(text));
		CHECK(len < sizeof(text) && len == strlen(text));
		CHECK_MSG(cvsw_text_parse(CVSW_TEXT_ADD, text, &again, &error), "%s: %s", text,
			  error.message);
		CHECK_MSG(cvsw_flow_equal(&flow, &again), "%s", text);
		cvsw_text_format_match(&flow.match, match, sizeof(match));
		CHECK_MSG(cvsw_text_parse(CVSW_TEXT_MATCH, match, &again, &error), "%s: %s", match,
			  error.message);
		/* A match without a table is of all. */
		CHECK(again.match.table == (flow.match.table ? flow.match.table : CVSW_TABLE_ALL));
		again.match.table = flow.match.table;
		CHECK_MSG(cvsw_match_equal(&flow.match, &again.match), "%s", match);
		CHECK(!again.n_actions);
	}
}

static void formatting_keeps_to_its_room(void)
{
	struct rng rng = { 31 };
	struct cvsw_flow flow;
	char whole[TEXT_ROOM];
	size_t len, room;

	do {
		gen_flow(&rng, GEN_ANY, &flow);
	} while (flow.n_actions != CVSW_MAX_ACTIONS);
	len = cvsw_text_format(&flow, whole, sizeof(whole));
	CHECK(cvsw_text_format(&flow, NULL, 0) == len);
	for (room = 1; room < len + 10; room++) {
		char *buf = malloc(room);

		CHECK(cvsw_text_format(&flow, buf, room) == len);
		CHECK(strlen(buf) == (len < room ? len : room - 1));
		CHECK(!strncmp(buf, whole, room - 1));
		free(buf);
	}
}

/* What people write, and how it is shown. */
static const struct {
	const char *text;
	const char *shown;
} good[] = {
	{ "actions=drop", "actions=drop" },
	{ "actions=", "actions=drop" },
	{ "action=normal", "actions=NORMAL" },
	{ "priority=100,tcp,nw_dst=10.0.0.2,tp_dst=80,actions=drop",
	  "priority=100,tcp,nw_dst=10.0.0.2,tp_dst=80 actions=drop" },
	{ "priority=100 tcp nw_dst=10.0.0.2\ttp_dst=80  actions=drop",
	  "priority=100,tcp,nw_dst=10.0.0.2,tp_dst=80 actions=drop" },
	{ " ,tcp, tp_dst=80 , actions=mod_nw_dst:10.0.0.9 , output:NORMAL",
	  "tcp,tp_dst=80 actions=mod_nw_dst:10.0.0.9,NORMAL" },
	{ "priority=32768,actions=drop", "actions=drop" },
	{ "priority=0,actions=drop", "priority=0 actions=drop" },
	{ "priority=0x10,tp_src:0x50,udp,actions=mod_tp_src=010",
	  "priority=16,udp,tp_src=80 actions=mod_tp_src:8" },
	{ "idle_timeout=10,hard_timeout:0xffff tcp,send_flow_rem,check_overlap,actions=drop",
	  "idle_timeout=10, hard_timeout=65535, send_flow_rem check_overlap tcp actions=drop" },
	{ "hard_timeout=5,idle_timeout=0,priority=1,cookie=7,actions=",
	  "cookie=0x7, hard_timeout=5, priority=1 actions=drop" },
	/* As Open vSwitch's dump-flows has it, and ours with counters. */
	{ " cookie=0x0, duration=3.721s, table=0, n_packets=0, n_bytes=0, idle_timeout=60, "
	  "send_flow_rem idle_age=3, hard_age=2, priority=5,tcp actions=NORMAL",
	  "idle_timeout=60, send_flow_rem priority=5,tcp actions=NORMAL" },
	{ "cookie=18446744073709551615,ip,actions=normal",
	  "cookie=0xffffffffffffffff, ip actions=NORMAL" },
	{ "dl_type=0x800,nw_proto=6,actions=drop", "tcp actions=drop" },
	{ "table=2,actions=dec_ttl,local", "table=2, actions=dec_ttl,LOCAL" },
	{ "ip,actions=dec_ttl(0),dec_ttl", "ip actions=dec_ttl,dec_ttl" },
	/* Zero, as ovs-ofctl has it. */
	{ "reg0=0,metadata=0/0xf,tun_id=0x0,actions=drop", "reg0=0,tun_id=0,metadata=0/0xf actions=drop" },
	{ "tcp,tp_dst=0/0xf0,actions=drop", "tcp,tp_dst=0x0/0xf0 actions=drop" },
	{ "NXM_OF_ETH_TYPE=0x800,actions=drop", "ip actions=drop" },
	{ "OXM_OF_ETH_DST=2:0:0:0:0:1,actions=drop", "dl_dst=02:00:00:00:00:01 actions=drop" },
	{ "tcp,OXM_OF_TCP_DST[]=80,nxm_of_ip_src[]=10.0.0.0/8,actions=drop",
	  "tcp,nw_src=10.0.0.0/8,tp_dst=80 actions=drop" },
	{ "eth_type[]=0x800,ip_proto[]=6,actions=drop", "tcp actions=drop" },
	{ "reg0[0..3]=5,reg0[8]=1,actions=drop", "reg0=0x105/0x10f actions=drop" },
	{ "reg0[]=5,NXM_NX_REG1[0..7]=0x10/0xf0,actions=drop", "reg0=0x5,reg1=0x10/0xf0 actions=drop" },
	{ "tcp,tp_dst[4..7]=5,actions=drop", "tcp,tp_dst=0x50/0xf0 actions=drop" },
	{ "ipv6,ipv6_src[64..127]=0x20010db800000000,ipv6_src[0]=1,actions=drop",
	  "ipv6,ipv6_src=2001:db8::1/ffff:ffff:ffff:ffff::1 actions=drop" },
	{ "OXM_OF_VLAN_VID[]=0x1005,OXM_OF_VLAN_PCP[]=3,actions=drop",
	  "dl_vlan=5,dl_vlan_pcp=3 actions=drop" },
	{ "vlan_tci[0..11]=5,actions=drop", "dl_vlan=5 actions=drop" },
	{ "dl_src[40]=1,actions=drop", "dl_src=01:00:00:00:00:00/01:00:00:00:00:00 actions=drop" },
	{ "tcp,nw_src=*,tp_dst=*,in_port=*,dl_vlan=*,actions=drop", "tcp actions=drop" },
	{ "in_port=\"NET\",actions=\"HOST\",output:\"net\",host,NET",
	  "in_port=NET actions=output:HOST,output:NET,output:HOST,output:NET" },
	{ "actions=flood,all,output:ALL,output(FLOOD)", "actions=FLOOD,ALL,ALL,FLOOD" },
	{ "actions=controller(id=0,reason=action)", "actions=CONTROLLER:65535" },
	{ "dl_type=2048,actions=drop", "ip actions=drop" },
	{ "dl_type=0x86dd,actions=drop", "ipv6 actions=drop" },
	{ "dl_type=0x88cc,actions=drop", "dl_type=0x88cc actions=drop" },
	{ "ip,nw_proto=47,nw_tos=32,actions=drop", "ip,nw_proto=47,nw_tos=32 actions=drop" },
	{ "in_port=HOST,actions=drop", "in_port=HOST actions=drop" },
	{ "in_port=2,actions=drop", "in_port=NET actions=drop" },
	{ "in_port=net,actions=drop", "in_port=NET actions=drop" },
	{ "arp,nw_src=10.0.0.1,nw_proto=1,actions=drop", "arp,arp_spa=10.0.0.1,arp_op=1 actions=drop" },
	{ "arp,arp_tpa=10.0.0.0/8,arp_op=2,actions=drop", "arp,arp_tpa=10.0.0.0/8,arp_op=2 actions=drop" },
	{ "icmp,icmp_type=8,icmp_code=0,actions=drop", "icmp,icmp_type=8,icmp_code=0 actions=drop" },
	{ "icmp,tp_src=8,actions=drop", "icmp,icmp_type=8 actions=drop" },
	{ "actions=controller(reason=action,max_len=64)", "actions=CONTROLLER:64" },
	{ "actions=output(port=NET)", "actions=output:NET" },
	{ "sctp,tp_dst=9,actions=drop", "sctp,tp_dst=9 actions=drop" },
	{ "ip,nw_src=10.1.2.3/255.255.0.0,actions=drop", "ip,nw_src=10.1.0.0/16 actions=drop" },
	{ "ip,nw_src=10.1.2.3/32,actions=drop", "ip,nw_src=10.1.2.3 actions=drop" },
	{ "ip,nw_src=10.1.2.3/0,actions=drop", "ip actions=drop" },
	{ "ip,nw_src=10.0.7.1/255.0.255.0,actions=drop", "ip,nw_src=10.0.7.0/255.0.255.0 actions=drop" },
	{ "dl_src=02:11:22:33:44:55/ff:ff:ff:00:00:00,actions=drop",
	  "dl_src=02:11:22:00:00:00/ff:ff:ff:00:00:00 actions=drop" },
	{ "tcp,tp_dst=80/0xfff0,actions=drop", "tcp,tp_dst=0x50/0xfff0 actions=drop" },
	{ "tcp,tp_dst=80/0xffff,actions=drop", "tcp,tp_dst=80 actions=drop" },
	{ "tcp,tp_dst=80/0,actions=drop", "tcp actions=drop" },
	{ "icmp,icmp_type=8/0xfe,actions=drop", "icmp,icmp_type=0x8/0xfe actions=drop" },
	{ "dl_type=0x1234/0xff00,actions=drop", "dl_type=0x1200/0xff00 actions=drop" },
	{ "ip,nw_proto=5/0xfe,actions=drop", "ip,nw_proto=0x4/0xfe actions=drop" },
	{ "vlan_tci=0x1005/0x1fff,actions=drop", "dl_vlan=5 actions=drop" },
	{ "vlan_tci=0x0005/0x0fff,actions=drop", "dl_vlan=5 actions=drop" },
	{ "vlan_tci=0,actions=drop", "dl_vlan=0xffff actions=drop" },
	{ "vlan_tci=0x1000/0x1000,actions=drop", "vlan_tci=0x1000/0x1000 actions=drop" },
	{ "vlan_tci=0/0x0fff,actions=drop", "vlan_tci=0x0000/0x0fff actions=drop" },
	{ "ip,nw_tos=48/0xe0,nw_ecn=3,actions=drop", "ip,nw_tos=0x20/0xe0,nw_ecn=3 actions=drop" },
	{ "nw_ecn=1/1,actions=drop", "ip,nw_ecn=0x1/0x1 actions=drop" },
	{ "tun_type=vxlan,tun_id=5,tun_src=192.0.2.1,tun_dst=192.0.2.0/24,in_port=NET,actions=normal",
	  "tun_type=vxlan,tun_id=0x5,tun_src=192.0.2.1,tun_dst=192.0.2.0/24,in_port=NET "
	  "actions=NORMAL" },
	{ "tun_id=0x105/0xff,tun_type=none,tun_src=1.2.3.4/0,actions=drop",
	  "tun_type=none,tun_id=0x5/0xff actions=drop" },
	{ "tun_ipv6_src=2001:DB8:0:0::1,tun_ipv6_dst=2001:db8::/33,actions=drop",
	  "tun_ipv6_src=2001:db8::1,tun_ipv6_dst=2001:db8::/33 actions=drop" },
	{ "tun_ipv6_src=::ffff:192.0.2.1,actions=drop", "tun_src=192.0.2.1 actions=drop" },
	{ "sa=0,actions=drop", "sa=0 actions=drop" },
	{ "pass=1,sa=256,tcp,actions=next", "tcp,pass=1,sa=0x100 actions=next" },
	{ "pass=2/2,actions=output:none", "pass=0x2/0x2 actions=output:NONE" },
	{ "actions=vxlan_encap(vni=5,dst=192.0.2.2,src=192.0.2.1,dl_dst=2:0:0:0:0:2,dl_src=2:0:0:0:0:1)",
	  "actions=vxlan_encap(vni=5,dst=192.0.2.2,src=192.0.2.1,dl_dst=02:00:00:00:00:02,"
	  "dl_src=02:00:00:00:00:01)" },
	{ "actions=vxlan_encap( csum, tos=184 ttl=1 port=8472 dl_src=2:0:0:0:0:1 dl_dst=2:0:0:0:0:2,"
	  "src=192.0.2.1 dst=192.0.2.2 vni=0xffffff ),encrypt(spi=256)",
	  "actions=vxlan_encap(vni=16777215,dst=192.0.2.2,src=192.0.2.1,dl_dst=02:00:00:00:00:02,"
	  "dl_src=02:00:00:00:00:01,port=8472,ttl=1,tos=184,csum),encrypt(spi=0x100)" },
	{ "actions=decrypt,vxlan_decap", "actions=decrypt,vxlan_decap" },
	{ "actions=clone(strip_vlan,mod_vlan_vid:5),clone(decrypt) output:NONE",
	  "actions=clone(strip_vlan,mod_vlan_vid:5),clone(decrypt),output:NONE" },
	{ "actions=clone(encrypt(spi=0x1000))", "actions=clone(encrypt(spi=0x1000))" },
	{ "dl_vlan=0xffff,actions=mod_vlan_vid:7", "dl_vlan=0xffff actions=mod_vlan_vid:7" },
	{ "dl_vlan=5,dl_vlan_pcp=3,actions=strip_vlan", "dl_vlan=5,dl_vlan_pcp=3 actions=strip_vlan" },
	{ "dl_src=2:0:0:0:0:1,dl_dst=FF:FF:FF:FF:FF:FF,actions=mod_dl_src:02:00:00:00:00:0A",
	  "dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff actions=mod_dl_src:02:00:00:00:00:0a" },
	{ "tcp6,ipv6_src=2001:DB8:0::1,ipv6_dst=2001:db8::/33,ipv6_label=5,tp_dst=80,actions=drop",
	  "tcp6,ipv6_src=2001:db8::1,ipv6_dst=2001:db8::/33,ipv6_label=0x00005,tp_dst=80 "
	  "actions=drop" },
	{ "ipv6,ipv6_src=::1/::ff,ipv6_label=0x12/0xff,nw_proto=0,nw_tos=4,actions=drop",
	  "ipv6,ipv6_src=::1/::ff,ipv6_label=0x00012/0x000ff,nw_proto=0,nw_tos=4 actions=drop" },
	{ "ip,nw_frag=yes,actions=drop", "ip,nw_frag=yes actions=drop" },
	{ "ip,nw_ttl=5,nw_frag=no,actions=drop", "ip,nw_ttl=5,nw_frag=no actions=drop" },
	{ "udp,nw_frag=not_later,nw_ttl=0x40/0xc0,actions=drop",
	  "udp,nw_ttl=0x40/0xc0,nw_frag=not_later actions=drop" },
	{ "tcp,tcp_flags=ack|SYN,actions=drop", "tcp,tcp_flags=syn|ack actions=drop" },
	{ "tcp,tcp_flags=-ack+SYN,actions=drop", "tcp,tcp_flags=+syn-ack actions=drop" },
	{ "tcp,tcp_flags=0x812/0xc12,actions=drop",
	  "tcp,tcp_flags=+syn+ack-[400]+[800] actions=drop" },
	{ "tcp,tcp_flags=0,actions=drop", "tcp,tcp_flags=0 actions=drop" },
	{ "icmp6,icmp_type=135,nd_target=fe80::1,nd_sll=2:0:0:0:0:1,actions=drop",
	  "icmp6,icmp_type=135,nd_target=fe80::1,nd_sll=02:00:00:00:00:01 actions=drop" },
	{ "icmp6,icmp_code=0,icmp_type=136,nd_tll=2:0:0:0:0:1/ff:0:0:0:0:0,actions=drop",
	  "icmp6,icmp_type=136,icmp_code=0,nd_tll=02:00:00:00:00:00/ff:00:00:00:00:00 "
	  "actions=drop" },
	{ "arp,arp_sha=2:0:0:0:0:1,arp_tha=0:0:0:0:0:0,arp_op=1,actions=drop",
	  "arp,arp_op=1,arp_sha=02:00:00:00:00:01,arp_tha=00:00:00:00:00:00 actions=drop" },
	{ "metadata=0x500000000/0xf00000000,tun_id=1,actions=drop",
	  "tun_id=0x1,metadata=0x500000000/0xf00000000 actions=drop" },
	{ "reg15=7/0xf,REG0=0xffffffff,metadata=1,tun_id=1,tcp,in_port=1,actions=drop",
	  "tcp,reg0=0xffffffff,reg15=0x7/0xf,tun_id=0x1,metadata=0x1,in_port=HOST actions=drop" },
	{ "actions=set_field:5->reg1,set_field:0xf5/0xff->reg2,load:1->NXM_NX_REG15[31],"
	  "move:NXM_NX_REG0[0..5]->reg1[4..9],set_field:18446744073709551615->metadata",
	  "actions=load:0x5->NXM_NX_REG1[],load:0xf5->NXM_NX_REG2[0..7],load:0x1->NXM_NX_REG15[31],"
	  "move:NXM_NX_REG0[0..5]->NXM_NX_REG1[4..9],load:0xffffffffffffffff->OXM_OF_METADATA[]" },
	{ "actions=set_field:0x7/0xf->OXM_OF_METADATA,move:metadata[32..63]->reg0,"
	  "move:NXM_OF_ETH_DST[0..31]->NXM_NX_REG3[]",
	  "actions=load:0x7->OXM_OF_METADATA[0..3],move:OXM_OF_METADATA[32..63]->NXM_NX_REG0[],"
	  "move:NXM_OF_ETH_DST[0..31]->NXM_NX_REG3[]" },
	{ "table=3,reg0=1,actions=resubmit(,2),resubmit(1,4),resubmit(NET,),resubmit:1,goto_table:63",
	  "table=3, reg0=0x1 actions=resubmit(,2),resubmit(HOST,4),resubmit:NET,resubmit:HOST,"
	  "goto_table:63" },
	{ "actions=clear_actions,write_actions(strip_vlan,load:1->reg0,output:1),goto_table:1",
	  "actions=clear_actions,write_actions(strip_vlan,load:0x1->NXM_NX_REG0[],output:HOST),"
	  "goto_table:1" },
	{ "table=0,actions=write_metadata:0x5/0xff,write_metadata:7,goto_table:1",
	  "actions=load:0x5->OXM_OF_METADATA[0..7],load:0x7->OXM_OF_METADATA[],goto_table:1" },
	{ "cookie=1,table=1,idle_timeout=5,actions=drop",
	  "cookie=0x1, table=1, idle_timeout=5, actions=drop" },
	{ "actions=controller", "actions=CONTROLLER:65535" },
	{ "actions=output:controller,normal", "actions=CONTROLLER:65535,NORMAL" },
	{ "actions=CONTROLLER:0,output:NET", "actions=CONTROLLER:0,output:NET" },
	{ "actions=clone(strip_vlan,controller:100)", "actions=clone(strip_vlan,CONTROLLER:100)" },
	{ "actions=in_port", "actions=IN_PORT" },
	{ "actions=output:in_port", "actions=IN_PORT" },
	{ "actions=LOCAL", "actions=LOCAL" },
	{ "actions=output:2", "actions=output:NET" },
	{ "ip,actions=mod_nw_ttl:64,dec_ttl,output:HOST",
	  "ip actions=load:0x40->NXM_NX_IP_TTL[],dec_ttl,output:HOST" },
	{ "arp,arp_op=1,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],load:0->nxm_of_eth_src[3],"
	  "move:NXM_NX_ARP_SHA[8..15]->NXM_NX_ARP_THA[0..7],in_port",
	  "arp,arp_op=1 actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],load:0->NXM_OF_ETH_SRC[3],"
	  "move:NXM_NX_ARP_SHA[8..15]->NXM_NX_ARP_THA[0..7],IN_PORT" },
	{ "vlan_tci=0x1000/0x1000,actions=set_field:4101->vlan_vid,set_field:3->VLAN_PCP",
	  "vlan_tci=0x1000/0x1000 actions=mod_vlan_vid:5,mod_vlan_pcp:3" },
	{ "ip,actions=set_field:10.0.0.1->nw_dst,set_field:10->ip_dscp,set_field:2:0:0:0:0:1->eth_src",
	  "ip actions=mod_nw_dst:10.0.0.1,mod_nw_tos:40,mod_dl_src:02:00:00:00:00:01" },
	{ "ipv6,actions=set_field:2001:db8::1->ipv6_src",
	  "ipv6 actions=load:0x1->NXM_NX_IPV6_SRC[0..63],"
	  "load:0x20010db800000000->NXM_NX_IPV6_SRC[64..127]" },
	{ "arp,actions=set_field:10.0.0.1->arp_spa,set_field:2:0:0:0:0:1->arp_sha,set_field:2->arp_op",
	  "arp actions=load:0xa000001->NXM_OF_ARP_SPA[],load:0x20000000001->NXM_NX_ARP_SHA[],"
	  "load:0x2->NXM_OF_ARP_OP[]" },
	{ "actions=load:0x1005->NXM_OF_VLAN_TCI[],move:NXM_OF_VLAN_TCI[0..11]->NXM_OF_ETH_DST[0..11]",
	  "actions=load:0x1005->NXM_OF_VLAN_TCI[],move:NXM_OF_VLAN_TCI[0..11]->NXM_OF_ETH_DST[0..11]" },
	{ "ip,actions=set_field:10.1.2.3/255.0.255.0->ip_src,set_field:0x20/0xe0->nw_tos",
	  "ip actions=load:0x2->NXM_OF_IP_SRC[8..15],load:0xa->NXM_OF_IP_SRC[24..31],"
	  "load:0x1->NXM_OF_IP_TOS[5..7]" },
	{ "ipv6,actions=set_field:2001:db8::1/80->ipv6_src,set_field:1/3->vlan_pcp",
	  "ipv6 actions=load:0xdb8000000000000->NXM_NX_IPV6_SRC[48..111],load:0x2001->NXM_NX_IPV6_SRC[112..127],"
	  "load:0x1->NXM_OF_VLAN_TCI[13..14]" },
	{ "actions=set_field:0x1005->vlan_tci", "actions=load:0x1005->NXM_OF_VLAN_TCI[]" },
	{ "ipv6,actions=load:3->NXM_OF_IP_TOS[2..4]", "ipv6 actions=load:0x3->NXM_OF_IP_TOS[2..4]" },
	/* The list goes on behind an output. */
	{ "actions=normal,mod_vlan_vid:5,in_port,output:NET,strip_vlan",
	  "actions=NORMAL,mod_vlan_vid:5,IN_PORT,output:NET,strip_vlan" },
	{ "actions=clone(local,mod_vlan_vid:5,normal),output:NONE,controller:60,next",
	  "actions=clone(LOCAL,mod_vlan_vid:5,NORMAL),output:NONE,CONTROLLER:60,next" },
	/* Version 2's fields without their protocol. */
	{ "tp_src=5,actions=drop", "ip,tp_src=5 actions=drop" },
	{ "tp_dst=5,actions=drop", "ip,tp_dst=5 actions=drop" },
	{ "nw_tos=4,actions=drop", "ip,nw_tos=4 actions=drop" },
	{ "nw_dst=10.0.0.1,tp_dst=5,actions=drop", "ip,nw_dst=10.0.0.1,tp_dst=5 actions=drop" },
	{ "nw_src=10.0.0.1,actions=drop", "nw_src=10.0.0.1 actions=drop" },
	{ "nw_proto=17,actions=drop", "udp actions=drop" },
	{ "tcp,ip,tcp,actions=drop", "tcp actions=drop" },
	/* Without wildcards the priority is the highest. */
	{ "tcp,in_port=1,dl_vlan=5,dl_vlan_pcp=2,dl_src=2:0:0:0:0:1,dl_dst=2:0:0:0:0:2,"
	  "nw_src=1.2.3.4,nw_dst=1.2.3.5,nw_tos=32,tp_src=1,tp_dst=2,actions=drop",
	  "priority=65535,tcp,in_port=HOST,dl_vlan=5,dl_vlan_pcp=2,dl_src=02:00:00:00:00:01,"
	  "dl_dst=02:00:00:00:00:02,nw_src=1.2.3.4,nw_dst=1.2.3.5,nw_tos=32,tp_src=1,tp_dst=2 "
	  "actions=drop" },
};

static void texts_mean_what_is_shown(void)
{
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cvsw_flow flow;
		struct cvsw_text_error error = { 0 };
		char shown[TEXT_ROOM] = "";

		if (!cvsw_text_parse(CVSW_TEXT_ADD, good[i].text, &flow, &error)) {
			CHECK_MSG(false, "%s: %s", good[i].text, error.message);
			continue;
		}
		cvsw_text_format(&flow, shown, sizeof(shown));
		CHECK_MSG(!strcmp(shown, good[i].shown), "%s: %s", good[i].text, shown);
	}
}

/* @use ADD; the column is where the first ^ stands under the text, told by a number here. */
static const struct {
	const char *text;
	unsigned int column;
	const char *says;
} bad[] = {
	{ "", 1, "expected actions=" },
	{ "tcp", 4, "expected actions=" },
	{ "tcp,actions", 5, "unknown keyword actions" },
	{ "foo=1,actions=drop", 1, "unknown keyword foo" },
	{ "tcp, foo ,actions=drop", 6, "unknown keyword foo" },
	{ "tcp=1,actions=drop", 4, "takes no value" },
	{ "tcp,tp_dst,actions=drop", 11, "needs a value" },
	{ "tcp,tp_dst=,actions=drop", 11, "needs a value" },
	{ "tcp,tp_dst= 80,actions=drop", 11, "needs a value" },
	{ "tcp,tp_dst=65536,actions=drop", 12, "expected a number from 0 to 65535" },
	{ "tcp,tp_dst=-1,actions=drop", 12, "expected a number" },
	{ "tcp,tp_dst=0x,actions=drop", 12, "expected a number" },
	{ "tcp,tp_dst=80x,actions=drop", 12, "expected a number" },
	{ "tcp,tp_dst=8/0x1ffff,actions=drop", 14, "expected a number" },
	{ "tcp,tp_dst=8/,actions=drop", 11, "needs a value" },
	{ "tcp,tp_dst=99999999999999999999999999999,actions=drop", 12, "expected a number" },
	{ "cookie=18446744073709551616,actions=drop", 8, "expected a number" },
	{ "priority=65536,actions=drop", 10, "expected a number" },
	{ "ip,nw_proto=256,actions=drop", 13, "expected a number from 0 to 255" },
	{ "ip,nw_src=10.0.0,actions=drop", 11, "expected an IPv4 address" },
	{ "ip,nw_src=10.0.0.256,actions=drop", 11, "expected an IPv4 address" },
	{ "ip,nw_src=10.0.0.0001,actions=drop", 11, "expected an IPv4 address" },
	{ "ip,nw_src=10.0.0.1.2,actions=drop", 11, "expected an IPv4 address" },
	{ "ip,nw_src=10.0.0.1/33,actions=drop", 20, "prefix length" },
	{ "ip,nw_src=10.0.0.1/,actions=drop", 20, "prefix length" },
	{ "dl_src=02:00:00:00:00,actions=drop", 8, "expected a MAC address" },
	{ "dl_src=02:00:00:00:00:01:02,actions=drop", 8, "expected a MAC address" },
	{ "dl_src=02:00:00:00:00:01/ff:ff:ff,actions=drop", 26, "expected a MAC address" },
	{ "in_port=3,actions=drop", 9, "3: a NIC has no port of that name: expected HOST" },
	{ "dl_vlan=4096,actions=drop", 9, "expected a VLAN id" },
	{ "dl_vlan_pcp=8,actions=drop", 13, "expected a number from 0 to 7" },
	{ "dl_vlan=0xffff,dl_vlan_pcp=1,actions=drop", 16, "untagged" },
	{ "dl_vlan=5,vlan_vid=0x1005,actions=drop", 11, "given before, in column 1" },
	{ "vlan_vid=x,actions=drop", 10, "from 0 to 8191" },
	{ "vlan_vid=0x5/0x1fff,actions=drop", 10, "expected vlan_vid=0x1005, or dl_vlan=5" },
	{ "ip,nw_tos=33,actions=drop", 11, "multiple of 4" },
	{ "ip,ip_dscp=64,actions=drop", 12, "from 0 to 63" },
	{ "tcp,udp,actions=drop", 5, "contradicts" },
	{ "arp,tcp,actions=drop", 5, "contradicts dl_type=0x0806 of column 1" },
	{ "nw_src=1.2.3.4,nw_src=1.2.3.4,actions=drop", 16, "given before, in column 1" },
	{ "arp,nw_tos=4,actions=drop", 5, "has no nw_tos" },
	{ "arp,tp_src=4,actions=drop", 5, "has no tp_src" },
	{ "ip,nw_proto=47,tp_dst=1,actions=drop", 16, "has no tp_dst" },
	{ "dl_type=0x86dd,nw_src=1.2.3.4,actions=drop", 16, "has no nw_src" },
	{ "dl_type=0x88cc,tp_src=1,actions=drop", 16, "has no tp_src" },
	{ "ipv6,nw_proto=1,tp_src=1,actions=drop", 17, "has no tp_src" },
	{ "nw_ttl=1,actions=drop", 1, "nw_ttl needs ip or ipv6" },
	{ "ip,nw_ttl=256,actions=drop", 11, "from 0 to 255" },
	{ "ip,nw_frag=2,actions=drop", 12, "expected no, yes" },
	{ "arp,nw_frag=no,actions=drop", 5, "needs ip or ipv6" },
	{ "udp,tcp_flags=syn,actions=drop", 5, "needs tcp or tcp6" },
	{ "tcp,tcp_flags=+syn-syn,actions=drop", 19, "expected flags" },
	{ "tcp,tcp_flags=syn|foo,actions=drop", 18, "expected flags" },
	{ "tcp,tcp_flags=syn+ack,actions=drop", 18, "expected flags" },
	{ "tcp,tcp_flags=+syn|ack,actions=drop", 19, "expected flags" },
	{ "tcp,tcp_flags=+,actions=drop", 15, "expected flags" },
	{ "tcp,tcp_flags=0x1000,actions=drop", 15, "from 0 to 4095" },
	{ "ip,ipv6_src=::1,actions=drop", 4, "needs ipv6" },
	{ "ipv6,ipv6_label=0x100000,actions=drop", 17, "from 0 to 1048575" },
	{ "ipv6,ipv6_src=1.2.3.4,actions=drop", 15, "expected an IPv6 address" },
	{ "icmp6,icmp_type=128,nd_target=::1,actions=drop", 21, "icmp_type=135 or 136" },
	{ "icmp6,icmp_type=135,nd_tll=2:0:0:0:0:1,actions=drop", 21, "icmp_type=136" },
	{ "icmp6,icmp_type=135,icmp_code=1,nd_sll=2:0:0:0:0:1,actions=drop", 33, "icmp_code=0" },
	{ "icmp6,icmp_type=256,actions=drop", 17, "expected a number from 0 to 255" },
	{ "icmp6,tp_src=256,actions=drop", 7, "ICMP type" },
	{ "ip,arp_sha=2:0:0:0:0:1,actions=drop", 4, "needs arp" },
	{ "icmp,icmp_type=256,actions=drop", 16, "expected a number from 0 to 255" },
	{ "tp_src=256,icmp,actions=drop", 1, "ICMP type" },
	{ "tcp,icmp_type=8,actions=drop", 5, "needs icmp" },
	{ "ip,arp_spa=1.2.3.4,actions=drop", 4, "needs arp" },
	{ "importance=5,actions=drop", 1, "a NIC has no eviction of flows" },
	{ "idle_timeout=65536,actions=drop", 14, "from 0 to 65535" },
	{ "hard_timeout=1s,actions=drop", 14, "expected a number" },
	{ "idle_timeout,actions=drop", 13, "needs a value" },
	{ "idle_timeout=1,idle_timeout=1,actions=drop", 16, "given before, in column 1" },
	{ "tcp,send_flow_rem=1,actions=drop", 18, "takes no value" },
	{ "send_flow_rem(),actions=drop", 14, "takes no arguments" },
	{ "check_overlap,check_overlap,actions=drop", 15, "given before" },
	{ "cookie=5/-1,actions=drop", 10, "mask only where it chooses" },
	{ "out_port=1,actions=drop", 1, "to be deleted or shown" },
	{ "duration,actions=drop", 9, "needs a value" },
	{ "actions=foo", 9, "unknown action foo" },
	{ "actions=drop,normal", 9, "alone" },
	{ "actions=strip_vlan,drop", 20, "alone" },
	{ "actions=output:3", 16, "3: a NIC has no port of that name: expected HOST" },
	{ "ip,actions=dec_ttl(1)", 20, "1: a NIC has no other controllers" },
	{ "ip,actions=dec_ttl(0,1)", 20, "a NIC has no other controllers" },
	{ "ip,actions=dec_ttl(0", 20, "a NIC has no other controllers" },
	{ "ip,actions=dec_ttl()", 19, "needs a value" },
	{ "ip,actions=dec_ttl:1", 19, "takes no value" },
	{ "actions=push_vlan:0x88a8", 9, "push_vlan: a NIC has no tag in front of another" },
	{ "actions=3", 9, "3: a NIC has no port of that name" },
	{ "actions=1,0x2", 11, "0x2: a NIC has no port" },
	{ "actions=\"eth0\"", 10, "eth0: a NIC has no port" },
	{ "actions=output:\"\"", 16, "\"\": a NIC has no port" },
	{ "in_port=\"br0\",actions=drop", 10, "br0: a NIC has no port" },
	{ "actions=3:5", 10, "takes no value" },
	{ "actions=table", 9, "a NIC has no packet that a controller hands back" },
	{ "actions=output:ANY", 16, "ANY: a NIC has no port of that name" },
	{ "actions=resubmit(ALL,1)", 18, "no frame comes from there" },
	{ "actions=output:reg0", 16, "a NIC has no output to a field" },
	{ "actions=output:NXM_NX_REG0[0..15]", 16, "a NIC has no output to a field" },
	{ "ct_state=+trk,actions=drop", 1, "ct_state: a NIC has no connection tracking" },
	{ "ip actions=ct(commit,zone=1)", 12, "ct: a NIC has no connection tracking" },
	{ "actions=set_field:1->CT_mark", 22, "a NIC has no connection tracking" },
	{ "actions=move:NXM_NX_CT_MARK[]->reg0[]", 14, "a NIC has no connection tracking" },
	{ "actions=clone(learn(table=1))", 15, "learn: a NIC has no flows that add flows" },
	{ "tun_metadata13=5,actions=drop", 1, "a NIC has no field of a tunnel" },
	{ "mpls,mpls_label=5,actions=drop", 6, "a NIC has no MPLS" },
	{ "NXM_NX_CT_STATE[0]=1,actions=drop", 1, "a NIC has no connection tracking" },
	{ "pkt_mark=5,actions=drop", 1, "pkt_mark: a NIC has no match on that field" },
	{ "actions=load:1->in_port[]", 17, "a NIC has no action that reads or writes that field" },
	{ "actions=set_field:1->tcp_flags", 22, "a NIC has no action that reads or writes" },
	{ "actions=controller(userdata=01)", 20, "a NIC has no controller that continues" },
	{ "actions=controller(id=5)", 23, "a NIC has no other controller than 0" },
	{ "reg0[0..3]=16,actions=drop", 12, "from 0 to 15" },
	{ "reg0[0..32]=1,actions=drop", 5, "of 32 bits" },
	{ "reg0[0..3]=1,reg0[3..4]=1,actions=drop", 14, "given before, in column 1" },
	{ "reg0[0..3]=1,reg0=1,actions=drop", 14, "given before, in column 1" },
	{ "reg0=1/4,reg0[0..3]=1,actions=drop", 10, "given before, in column 1" },
	{ "tcp,ip_proto[0..3]=6,actions=drop", 5, "given before, in column 1" },
	{ "ipv6,ipv6_src[0..64]=1,actions=drop", 14, "64 bits at most" },
	{ "tcp_dst[0]=1,actions=drop", 1, "tcp_dst[0] needs tcp" },
	{ "reg0[0],actions=drop", 8, "needs a value" },
	{ "foo[0]=1,actions=drop", 1, "unknown keyword foo" },
	{ "OXM_OF_VLAN_VID[]=5,actions=drop", 19, "that there is one" },
	{ "dl_vlan=5,vlan_tci[0..3]=5,actions=drop", 11, "one of both" },
	{ "actions=load:1->NXM_OF_ARP_OP[]", 9, "needs a protocol" },
	{ "arp,actions=strip_vlan,mod_nw_ttl:1", 24, "needs a protocol" },
	{ "actions=load:0x100000000->NXM_OF_ETH_DST[0..31]", 14, "expected a number" },
	{ "ipv6,actions=load:1->NXM_NX_IPV6_SRC[]", 19, "64 bits at most" },
	{ "actions=load:1", 14, "->FIELD" },
	{ "actions=load:1->NXM_OF_ETH_DST[48]", 31, "of 48 bits" },
	{ "actions=load:1->NXM_OF_ETH_DST[5..4]", 31, "of 48 bits" },
	{ "actions=load:1->NXM_OF_ETH_DST[5.6]", 31, "of 48 bits" },
	{ "actions=move:NXM_OF_ETH_SRC[0..3]->NXM_OF_ETH_DST[]", 36, "do not go" },
	{ "actions=move:foo[]->NXM_OF_ETH_DST[]", 14, "expected a field" },
	{ "ip,actions=mod_nw_ttl:256", 23, "expected a number" },
	{ "actions=set_field:5", 19, "->FIELD" },
	{ "actions=set_field:5->foo", 22, "expected a field like eth_dst" },
	{ "actions=set_field:5->", 22, "expected a field like eth_dst" },
	{ "actions=set_field:->eth_dst", 18, "needs a value" },
	{ "actions=set_field:5->eth_dst", 19, "expected a MAC address" },
	{ "ip,actions=set_field:10.0.0.0/->ip_src", 31, "expected a prefix length" },
	{ "actions=set_field:10.0.0.0/8->ip_src", 9, "needs a protocol" },
	{ "actions=set_field:8/8->vlan_pcp", 19, "expected a number from 0 to 7" },
	{ "ip,actions=set_field:10.0.0.1/0->ip_src", 22, "mask has no bit" },
	{ "actions=output:2,set_field:5/0->vlan_pcp", 28, "mask has no bit" },
	{ "ip,actions=set_field:64->ip_dscp", 22, "from 0 to 63" },
	{ "ip,actions=set_field:1->nw_tos", 22, "multiple of 4" },
	{ "ipv6,actions=set_field:1.2.3.4->ipv6_dst", 24, "expected an IPv6 address" },
	{ "arp,actions=set_field:65536->arp_op", 23, "from 0 to 65535" },
	{ "actions=set_field:1->arp_op", 9, "needs a protocol" },
	{ "actions=load:4->NXM_OF_IP_TOS[]", 9, "needs a protocol" },
	{ "actions=set_field:65536->vlan_tci", 19, "expected a number from 0 to 65535" },
	{ "actions=output", 15, "needs a value" },
	{ "actions=mod_vlan_vid:4096", 22, "expected a number from 0 to 4095" },
	{ "actions=mod_vlan_pcp:8", 22, "expected a number from 0 to 7" },
	{ "actions=mod_nw_tos:1", 20, "multiple of 4" },
	{ "actions=mod_nw_src:1.2.3.4/8", 20, "expected an IPv4 address" },
	{ "actions=mod_dl_src:1", 20, "expected a MAC address" },
	{ "table=64,actions=drop", 7, "64: a NIC has no such table: expected 0 to 63" },
	{ "table=1,table=2,actions=drop", 9, "given before, in column 1" },
	{ "table=3,actions=goto_table:3", 28, "a table behind the flow's own, 3" },
	{ "actions=goto_table:64", 20, "no such table: expected 0 to 63" },
	{ "actions=goto_table:x", 20, "from 0 to 255" },
	{ "actions=goto_table:1,normal", 22, "comes behind goto_table, which must be last" },
	{ "actions=clone(resubmit(,1))", 15, "resubmit: a NIC has no clone with that in it" },
	{ "actions=resubmit(,)", 9, "needs a port or a table" },
	{ "actions=resubmit(3,1)", 18, "a NIC has no port" },
	{ "actions=resubmit(normal,1)", 18, "no frame comes from there" },
	{ "actions=resubmit(1,2", 21, "expected ) behind" },
	{ "actions=resubmit(,64)", 19, "no such table: expected 0 to 63" },
	{ "actions=write_metadata:5/0", 24, "the mask has no bit" },
	{ "actions=write_actions(drop)", 23, "unknown action drop" },
	{ "actions=write_actions(goto_table:1)", 23, "a NIC has no action set with that in it" },
	{ "actions=write_actions(normal", 29, "expected ) behind what is written" },
	{ "actions=write_actions()", 9, "write_actions needs an action" },
	{ "actions=apply_actions(normal)", 9, "expected its actions alone" },
	{ "vlan_tci=0x0005/0x1fff,actions=drop", 10, "that there is one" },
	{ "vlan_tci=0x1005,dl_vlan=5,actions=drop", 1, "one of both" },
	{ "ip,nw_tos=32/0x21,actions=drop", 14, "multiple of 4" },
	{ "ip,nw_ecn=4,actions=drop", 11, "from 0 to 3" },
	{ "arp,nw_ecn=1,actions=drop", 5, "has no nw_ecn" },
	{ "ip,dl_type=0x800/0xff00,actions=drop", 4, "contradicts" },
	{ "dl_type=0x806/0xffef,arp_spa=1.2.3.4,actions=drop", 22, "needs arp" },
	{ "ip,nw_proto=1/0xfd,icmp_type=8,actions=drop", 20, "needs icmp" },
	{ "tun_type=gre,actions=drop", 10, "expected vxlan" },
	{ "tun_type=2,actions=drop", 10, "expected vxlan" },
	{ "tun_id=0x100000000,actions=drop", 8, "expected a number" },
	{ "tun_src=10.0.0.1/33,actions=drop", 18, "prefix length" },
	{ "tun_src=1.2.3.4,tun_ipv6_src=::1,actions=drop", 17, "given before" },
	{ "tun_ipv6_src=10.0.0.1,actions=drop", 14, "expected an IPv6 address" },
	{ "tun_ipv6_src=::1/129,actions=drop", 18, "prefix length from 0 to 128" },
	{ "pass=4,actions=drop", 6, "from 0 to 3" },
	{ "sa=,actions=drop", 3, "needs a value" },
	{ "tcp(5),actions=drop", 4, "takes no arguments" },
	{ "tcp),actions=drop", 4, "unknown keyword )" },
	{ "(,actions=drop", 1, "unknown keyword (" },
	{ "actions=strip_vlan)", 19, "unknown action )" },
	{ "actions=strip_vlan(", 19, "takes no arguments" },
	{ "actions=drop()", 13, "takes no arguments" },
	{ "actions=vxlan_encap", 20, "needs arguments" },
	{ "actions=vxlan_encap:5", 20, "needs arguments" },
	{ "actions=vxlan_encap(", 21, "expected )" },
	{ "actions=vxlan_encap()", 9, "needs vni=" },
	{ "actions=vxlan_encap(vni=5,dst=192.0.2.2,src=192.0.2.1,dl_dst=2:0:0:0:0:1)", 9,
	  "needs dl_src=" },
	{ "actions=vxlan_encap(vni=16777216)", 25, "from 0 to 16777215" },
	{ "actions=vxlan_encap(vni=5,vni=5)", 27, "given before" },
	{ "actions=vxlan_encap(dst=0.0.0.0)", 25, "no end of a tunnel" },
	{ "actions=vxlan_encap(dst=2001:db8::1)", 25, "expected an IPv4 address" },
	{ "actions=vxlan_encap(port=0)", 26, "expected 1 or more" },
	{ "actions=vxlan_encap(ttl=256)", 25, "from 0 to 255" },
	{ "actions=vxlan_encap(tos=1)", 25, "multiple of 4" },
	{ "actions=vxlan_encap(csum=1)", 25, "takes no value" },
	{ "actions=vxlan_encap(foo=1)", 21, "unknown argument foo" },
	{ "actions=vxlan_encap(vni(5))", 21, "unknown argument vni" },
	{ "actions=encrypt(spi=255)", 21, "expected 256 or more" },
	{ "actions=encrypt()", 9, "needs spi=" },
	{ "actions=decrypt()", 16, "takes no arguments" },
	{ "actions=clone", 14, "needs arguments" },
	{ "actions=clone()", 9, "needs an action" },
	{ "actions=clone(strip_vlan", 25, "expected )" },
	{ "actions=clone(drop)", 15, "unknown action drop" },
	{ "actions=clone(next)", 15, "no clone with that" },
	{ "actions=clone(clone(strip_vlan))", 15, "no clone with that" },
	{ "actions=next,strip_vlan", 14, "must be last" },
	{ "actions=normal,next,local", 21, "must be last" },
	{ "actions=strip_vlan:3", 19, "takes no value" },
	{ "actions=NORMAL:3", 15, "takes no value" },
	{ "actions=drop:1", 13, "takes no value" },
	{ "actions=output()", 9, "needs port=" },
	{ "actions=output(port=99)", 21, "99: a NIC has no port" },
	{ "actions=output(port=NET,max_len=5)", 25, "a NIC has no output that cuts a frame" },
	{ "actions=controller(max_len=65536)", 28, "65535" },
	{ "actions=controller(reason)", 26, "needs a value" },
	{ "actions=controller(reason=no_match)", 27, "a NIC has no other reason than action" },
	{ "actions=controller:65536", 20, "65535" },
	{ "actions=controller:", 19, "needs a value" },
	{ "priority=5,tcp,in_port=1,dl_vlan=5,dl_vlan_pcp=2,dl_src=2:0:0:0:0:1,dl_dst=2:0:0:0:0:2,"
	  "nw_src=1.2.3.4,nw_dst=1.2.3.5,nw_tos=32,tp_src=1,tp_dst=2,actions=drop", 1,
	  "always has priority 65535" },
};

static void errors_say_where_and_what(void)
{
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cvsw_flow flow;
		struct cvsw_text_error error = { 0 };

		CHECK_MSG(!cvsw_text_parse(CVSW_TEXT_ADD, bad[i].text, &flow, &error),
			  "%s: accepted", bad[i].text);
		CHECK_MSG(error.column == bad[i].column && strstr(error.message, bad[i].says),
			  "%s: column %u: %s", bad[i].text, error.column, error.message);
	}
}

/* What chooses flows: CVSW_TEXT_MATCH and the others; @says: NULL if it is taken. */
static const struct {
	enum cvsw_text_use use;
	const char *text;
	unsigned int column;
	const char *says;
} choices[] = {
	{ CVSW_TEXT_MATCH, "", 0, NULL },
	{ CVSW_TEXT_MATCH, "tcp,tp_dst=80", 0, NULL },
	{ CVSW_TEXT_MATCH, "tcp,actions=drop", 5, "no part of a match" },
	{ CVSW_TEXT_MATCH, "tcp,priority=5", 5, "with --strict only" },
	{ CVSW_TEXT_MATCH, "tcp,idle_timeout=5", 5, "no part of a match" },
	{ CVSW_TEXT_MATCH, "send_flow_rem", 1, "no part of a match" },
	{ CVSW_TEXT_MATCH, "cookie=5", 1, "cookie=VALUE/MASK" },
	{ CVSW_TEXT_MATCH, "cookie=5/", 7, "needs a value" },
	{ CVSW_TEXT_MATCH, "cookie=5/-2", 10, "expected a number" },
	{ CVSW_TEXT_MATCH, "cookie=5/1,cookie=5/1", 12, "given before" },
	{ CVSW_TEXT_MATCH, "out_port=3", 10, "3: a NIC has no port" },
	{ CVSW_TEXT_STRICT, "priority=5,tcp,out_port=NET,cookie=0x15/0xf", 0, NULL },
	{ CVSW_TEXT_STRICT, "tcp,check_overlap", 5, "no part of a match" },
	{ CVSW_TEXT_MODIFY, "cookie=0x15/0xf,tcp,actions=drop", 0, NULL },
	{ CVSW_TEXT_MODIFY, "priority=5,cookie=5,idle_timeout=1,check_overlap,actions=drop", 0, NULL },
	{ CVSW_TEXT_MODIFY, "tcp", 4, "expected actions=" },
	{ CVSW_TEXT_ADD, "cookie=5/-1,actions=drop", 10, "only where it chooses" },
	{ CVSW_TEXT_MODIFY, "out_port=1,actions=drop", 1, "to be deleted or shown" },
};

static void what_chooses_flows_is_no_flow(void)
{
	size_t i;

	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct cvsw_text_error error = { 0 };
		struct cvsw_text_cookie cookie;
		struct cvsw_flow flow;
		bool good = cvsw_text_parse_choice(choices[i].use, choices[i].text, &flow, &cookie,
						   &error);

		CHECK_MSG(good == !choices[i].says, "%s: %s", choices[i].text, error.message);
		CHECK_MSG(good || (error.column == choices[i].column &&
				   strstr(error.message, choices[i].says)),
			  "%s: column %u: %s", choices[i].text, error.column, error.message);
	}
}

static void choices_are_read(void)
{
	struct cvsw_text_cookie cookie;
	struct cvsw_text_error error;
	struct cvsw_flow flow;

	CHECK(cvsw_text_parse_choice(CVSW_TEXT_STRICT, "priority=9,out_port=local,cookie=0x15/0xf",
				     &flow, &cookie, &error));
	CHECK(flow.priority == 9 && flow.out_port == CVSW_PORT_LOCAL && !flow.cookie);
	CHECK(cookie.value == 5 && cookie.mask == 0xf && !cookie.given);
	CHECK(cvsw_text_parse_choice(CVSW_TEXT_MATCH, "out_port=none,cookie=1/-1", &flow, &cookie,
				     &error));
	CHECK(!flow.out_port && cookie.value == 1 && cookie.mask == UINT64_MAX);
	CHECK(cvsw_text_parse_choice(CVSW_TEXT_MODIFY, "cookie=0,actions=drop", &flow, &cookie,
				     &error));
	CHECK(cookie.given && !cookie.mask);
	CHECK(cvsw_text_parse_choice(CVSW_TEXT_MODIFY, "actions=drop", &flow, &cookie, &error));
	CHECK(!cookie.given && !cookie.mask);
	CHECK(!cvsw_text_parse(CVSW_TEXT_MATCH, "cookie=1/-1", &flow, &error));
}

static void too_many_actions_are_refused(void)
{
	/* The last ones are several. */
	static const struct {
		const char *text;
		unsigned int n;
	} last[] = {
		{ "strip_vlan", 1 }, { "output(port=NET)", 1 }, { "load:1->NXM_OF_TCP_DST[]", 1 },
		{ "set_field:1->tcp_dst", 1 }, { "vxlan_encap(vni=1,dst=192.0.2.2,src=192.0.2.1,"
		  "dl_dst=02:00:00:00:00:02,dl_src=02:00:00:00:00:01)", 1 },
		{ "set_field:0x5/0x5->tcp_dst", 2 }, { "set_field:2001:db8::1->ipv6_dst", 2 },
	};
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	size_t i;

	for (i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
		char text[TEXT_ROOM] = "tcp6,actions=", *end;
		unsigned int n;

		for (n = last[i].n; n < CVSW_MAX_ACTIONS; n++)
			strcat(text, "strip_vlan,");
		end = text + strlen(text);
		snprintf(end, text + sizeof(text) - end, "%s", last[i].text);
		CHECK_MSG(cvsw_text_parse(CVSW_TEXT_ADD, text, &flow, &error), "%s: %s",
			  last[i].text, error.message);
		CHECK(flow.n_actions == CVSW_MAX_ACTIONS);
		snprintf(end, text + sizeof(text) - end, "strip_vlan,%s", last[i].text);
		CHECK_MSG(!cvsw_text_parse(CVSW_TEXT_ADD, text, &flow, &error), "%s: taken",
			  last[i].text);
		CHECK(error.column == end + strlen("strip_vlan,") - text + 1);
	}
}

/* Whoever shows a flow of a newer peer's must not fall over what it does not know. */
static void unknown_actions_are_shown(void)
{
	struct cvsw_flow flow = { .priority = 1, .n_actions = 1 };
	char text[64];

	flow.actions[0].type = CVSW_N_ACTIONS;
	cvsw_text_format(&flow, text, sizeof(text));
	CHECK_MSG(strstr(text, "actions=unknown:"), "%s", text);
}

/* One character changed, dropped or doubled: an error has a column inside the text. */
static void broken_texts_are_survived(void)
{
	struct rng rng = { 32 };
	unsigned int i;

	for (i = 0; i < 50000; i++) {
		char text[TEXT_ROOM], *copy;
		struct cvsw_flow flow;
		struct cvsw_text_error error = { 0 };
		size_t len, at;

		gen_flow(&rng, GEN_ANY, &flow);
		len = cvsw_text_format(&flow, text, sizeof(text));
		at = rng_below(&rng, (unsigned int)len);
		switch (rng_below(&rng, 3)) {
		case 0:
			text[at] = (char)(1 + rng_below(&rng, 255));
			break;
		case 1:
			memmove(text + at, text + at + 1, len - at);
			break;
		default:
			text[at] = '\0';
			break;
		}
		copy = (char *)exact_copy((uint8_t *)text, strlen(text) + 1);
		if (!cvsw_text_parse(CVSW_TEXT_ADD, copy, &flow, &error)) {
			CHECK_MSG(error.column >= 1 && error.column <= strlen(copy) + 1,
				  "%s: column %u", copy, error.column);
			CHECK(error.message[0]);
		}
		free(copy);
	}
}

static void macs_are_read_whole(void)
{
	uint8_t mac[6];

	CHECK(cvsw_text_mac("02:00:00:00:00:1f", mac) && mac[0] == 2 && mac[5] == 0x1f);
	CHECK(cvsw_text_mac("2:0:0:0:0:F", mac) && mac[5] == 0xf);
	CHECK(!cvsw_text_mac("", mac));
	CHECK(!cvsw_text_mac("02:00:00:00:00", mac));
	CHECK(!cvsw_text_mac("02:00:00:00:00:", mac));
	CHECK(!cvsw_text_mac("02:00:00:00:00:01:", mac));
	CHECK(!cvsw_text_mac("02:00:00:00:00:011", mac));
	CHECK(!cvsw_text_mac("02:00:00:00:00:01 ", mac));
	CHECK(!cvsw_text_mac("02-00-00-00-00-01", mac));
	CHECK(!cvsw_text_mac("0g:00:00:00:00:01", mac));
}

const struct tap_test text_tests[] = {
	{ "proto: flows survive being written and read as text", round_trip },
	{ "proto: writing text keeps to its room", formatting_keeps_to_its_room },
	{ "proto: texts mean what is shown", texts_mean_what_is_shown },
	{ "proto: text errors say where and what", errors_say_where_and_what },
	{ "proto: a text that chooses flows has no parts of a flow", what_chooses_flows_is_no_flow },
	{ "proto: priority, port and cookie that choose flows are read", choices_are_read },
	{ "proto: more than 64 actions are refused in text", too_many_actions_are_refused },
	{ "proto: an unknown action is shown in text, as such", unknown_actions_are_shown },
	{ "proto: broken texts are survived", broken_texts_are_survived },
	{ "proto: MAC addresses are read whole", macs_are_read_whole },
	{ NULL, NULL },
};
