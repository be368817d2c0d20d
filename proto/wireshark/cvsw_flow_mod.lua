-- SPDX-License-Identifier: GPL-2.0 OR MIT
-- flow_mods: proto/README.md, "flow_mod" to "Actions".  Wireshark's own dissector of OpenFlow 1.0
-- (4.0) shows one action, needs one, and knows nothing of NXT_FLOW_MOD or of our actions.

local Row = require "cvsw_row"

local flow_mod = {}
local field = Row.field

local commands = { [0] = "ADD", [1] = "MODIFY", [2] = "MODIFY_STRICT", [3] = "DELETE",
		   [4] = "DELETE_STRICT" }
local ports = { [1] = "HOST", [2] = "NET", [0xfff8] = "IN_PORT", [0xfffa] = "NORMAL",
		[0xfffb] = "FLOOD", [0xfffc] = "ALL", [0xfffd] = "CONTROLLER", [0xfffe] = "LOCAL", [0xffff] = "NONE" }
local actions = {
	[0] = "OUTPUT", [1] = "SET_VLAN_VID", [2] = "SET_VLAN_PCP", [3] = "STRIP_VLAN",
	[4] = "SET_DL_SRC", [5] = "SET_DL_DST", [6] = "SET_NW_SRC", [7] = "SET_NW_DST",
	[8] = "SET_NW_TOS", [9] = "SET_TP_SRC", [10] = "SET_TP_DST", [11] = "ENQUEUE",
	[0x1001] = "VXLAN_ENCAP", [0x1002] = "VXLAN_DECAP", [0x1011] = "ENCRYPT",
	[0x1012] = "DECRYPT", [0x1013] = "CLONE", [0x1014] = "NEXT", [0x1015] = "VXLAN_STRIP",
	[0x1016] = "GOTO_TABLE", [0x1017] = "WRITE_ACTIONS", [0x1018] = "CLEAR_ACTIONS",
	[0x1019] = "GROUP",
	[0xffff] = "VENDOR",
}
local vendor_actions = { [6] = "REG_MOVE", [7] = "REG_LOAD", [18] = "DEC_TTL" }

field("flow_mod", "none", "flow_mod")
field("flow_mod.version", "uint8", "Version")
field("flow_mod.type", "uint8", "Type", base.DEC, { [4] = "NXT_FLOW_MOD", [14] = "FLOW_MOD" })
field("flow_mod.length", "uint16", "Length")
field("flow_mod.xid", "uint32", "xid", base.HEX)
field("flow_mod.vendor", "uint32", "Vendor", base.HEX)
field("flow_mod.subtype", "uint32", "Subtype")
field("flow_mod.cookie", "uint64", "Cookie", base.HEX)
field("flow_mod.command", "uint16", "Command", base.DEC, commands)
field("flow_mod.idle_timeout", "uint16", "Idle timeout")
field("flow_mod.hard_timeout", "uint16", "Hard timeout")
field("flow_mod.priority", "uint16", "Priority")
field("flow_mod.buffer_id", "uint32", "Buffer", base.HEX)
field("flow_mod.out_port", "uint16", "Output port", base.HEX)
field("flow_mod.flags", "uint16", "Flags", base.HEX)
field("flow_mod.rest", "bytes", "Something else")

field("match.wildcards", "uint32", "Wildcards", base.HEX)
field("match.in_port", "uint16", "in_port")
field("match.dl_src", "ether", "dl_src")
field("match.dl_dst", "ether", "dl_dst")
field("match.dl_vlan", "uint16", "dl_vlan")
field("match.dl_vlan_pcp", "uint8", "dl_vlan_pcp")
field("match.dl_type", "uint16", "dl_type", base.HEX)
field("match.nw_tos", "uint8", "nw_tos", base.HEX)
field("match.nw_proto", "uint8", "nw_proto")
field("match.nw_src", "ipv4", "nw_src")
field("match.nw_dst", "ipv4", "nw_dst")
field("match.tp_src", "uint16", "tp_src")
field("match.tp_dst", "uint16", "tp_dst")

field("nxm", "none", "Field")
field("nxm.name", "string", "Name")
field("nxm.class", "uint16", "Class", base.HEX)
field("nxm.field", "uint8", "Field", base.DEC, nil, 0xfe)
field("nxm.masked", "bool", "Masked", 8, nil, 0x01)
field("nxm.length", "uint8", "Length")
field("nxm.value", "bytes", "Value")
field("nxm.mask", "bytes", "Mask")
field("nxm.match_len", "uint16", "Length of the match")

field("action", "none", "Action")
field("action.type", "uint16", "Type", base.HEX, actions)
field("action.length", "uint16", "Length")
field("action.port", "uint16", "Port", base.HEX, ports)
field("action.max_len", "uint16", "Bytes at most")
field("action.vid", "uint16", "VLAN")
field("action.pcp", "uint8", "Priority")
field("action.mac", "ether", "MAC address")
field("action.ip", "ipv4", "Address")
field("action.tos", "uint8", "ToS", base.HEX)
field("action.tp", "uint16", "Port")
field("action.outer_dst_mac", "ether", "Outer destination")
field("action.outer_src_mac", "ether", "Outer source")
field("action.outer_dst", "ipv4", "Outer destination")
field("action.outer_src", "ipv4", "Outer source")
field("action.vni", "uint32", "VNI")
field("action.udp", "uint16", "UDP destination port")
field("action.ttl", "uint8", "TTL")
field("action.flags", "uint8", "Flags", base.HEX)
field("action.csum", "bool", "Outer checksum", 8, nil, 0x01)
field("action.inherit_tos", "bool", "Inner DSCP", 8, nil, 0x02)
field("action.spi", "uint32", "SPI", base.HEX)
field("action.n", "uint16", "Actions in the clone")
field("action.vendor", "uint32", "Vendor", base.HEX)
field("action.subtype", "uint16", "Subtype", base.DEC, vendor_actions)
field("action.n_bits", "uint16", "Bits")
field("action.src_ofs", "uint16", "From bit")
field("action.dst_ofs", "uint16", "To bit")
field("action.src", "uint32", "From field", base.HEX)
field("action.dst", "uint32", "To field", base.HEX)
field("action.ofs_nbits", "uint16", "First bit, and bits less one", base.HEX)
field("action.value", "uint64", "Value", base.HEX)
field("action.rest", "bytes", "Padding")

-- ---- actions

local values = {
	[0] = { "port", "max_len" }, [1] = { "vid" }, [2] = { "pcp" }, [4] = { "mac" },
	[5] = { "mac" }, [6] = { "ip" }, [7] = { "ip" }, [8] = { "tos" }, [9] = { "tp" },
	[10] = { "tp" }, [0x1011] = { "spi" }, [0x1013] = { "n" }, [0x1017] = { "n" }, [0xffff] = { "vendor", "subtype" },
}
local vendor_values = {
	[6] = { "n_bits", "src_ofs", "dst_ofs", "src", "dst" }, [7] = { "ofs_nbits", "dst", "value" },
}

local function vxlan(r)
	r:row("action.outer_dst_mac", "action.outer_src_mac", "action.outer_dst", 12,
	      "action.outer_src", 12, 4, "action.vni", "action.udp", "action.ttl", "action.tos")
	r:bits("action.flags", { "action.csum", "action.inherit_tos" })
	r:zero(3)
end

local function add_values(r, names)
	for _, name in ipairs(names or {}) do
		r:add("action." .. name)
	end
end

-- The next action of @r.
function flow_mod.action(r)
	local own = r:part("action", r:peek(2, 2))
	local kind = own and own:add("action.type")
	if not kind or not own:add("action.length") then
		return
	end
	kind = kind:uint()
	local subtype = kind == 0xffff and own:peek(4, 2)
	own.tree:append_text(" " .. (subtype and vendor_actions[subtype] or actions[kind] or
				     string.format("0x%04x", kind)))
	if kind == 0x1001 and own:left() == 60 then
		vxlan(own)
	end
	add_values(own, values[kind])
	add_values(own, vendor_values[subtype])
	own:rest("action.rest")
end

local function actions_of(r)
	while r:left() > 0 do
		flow_mod.action(r)
	end
end

-- ---- matches

local function ofp_match(r)
	r:row("match.wildcards", "match.in_port", "match.dl_src", "match.dl_dst", "match.dl_vlan",
	      "match.dl_vlan_pcp", 1, "match.dl_type", "match.nw_tos", "match.nw_proto", 2,
	      "match.nw_src", "match.nw_dst", "match.tp_src", "match.tp_dst")
end

local nxm_names = {
	[0x0000] = {
		[0] = "in_port", [1] = "dl_dst", [2] = "dl_src", [3] = "dl_type",
		[4] = "vlan_tci", [5] = "nw_tos", [6] = "nw_proto", [7] = "nw_src",
		[8] = "nw_dst", [9] = "tcp_src", [10] = "tcp_dst", [11] = "udp_src",
		[12] = "udp_dst", [13] = "icmp_type", [14] = "icmp_code", [15] = "arp_op",
		[16] = "arp_spa", [17] = "arp_tpa",
	},
	[0x0001] = {
		[0] = "reg0", [1] = "reg1", [2] = "reg2", [3] = "reg3", [4] = "reg4", [5] = "reg5",
		[6] = "reg6", [7] = "reg7", [8] = "reg8", [9] = "reg9", [10] = "reg10",
		[11] = "reg11", [12] = "reg12", [13] = "reg13", [14] = "reg14", [15] = "reg15",
		[16] = "tun_id", [17] = "arp_sha", [18] = "arp_tha", [19] = "ipv6_src",
		[20] = "ipv6_dst", [21] = "icmpv6_type", [22] = "icmpv6_code",
		[23] = "nd_target", [24] = "nd_sll", [25] = "nd_tll", [26] = "nw_frag",
		[27] = "ipv6_label", [28] = "nw_ecn", [29] = "nw_ttl", [31] = "tun_src",
		[32] = "tun_dst", [34] = "tcp_flags", [109] = "tun_ipv6_src",
		[110] = "tun_ipv6_dst",
	},
	[0x4356] = {
		[0] = "tun_type", [1] = "sa", [2] = "pass", [3] = "nw_src", [4] = "nw_dst",
		[5] = "nw_proto", [6] = "tp_src", [7] = "tp_dst",
	},
	[0x8000] = {
		[2] = "metadata", [17] = "sctp_src", [18] = "sctp_dst",
	},
}

-- The next field of @r.
local function nxm(r)
	local own = r:part("nxm", 4 + r:peek(3, 1))
	local class = own and own:add("nxm.class")
	local number = class and own:bits("nxm.field", { "nxm.masked" })
	if not number or not own:add("nxm.length") then
		return
	end
	local name = nxm_names[class:uint()]
	name = name and name[math.floor(number:uint() / 2)]
	name = name or "unknown"
	own.tree:append_text(" " .. name)
	own.tree:add(Row.fields["nxm.name"], name):set_generated()
	local len = own:left()
	if number:uint() % 2 == 1 and len % 2 == 0 then
		own:add("nxm.value", len / 2)
		own:rest("nxm.mask")
	else
		own:rest("nxm.value")
	end
end

local function nx_match(r, len)
	local padded = math.ceil(len / 8) * 8
	if padded > r:left() then
		r:cut()
		return
	end
	local own = Row.new(r.tree, r.tvb:range(r.at, len > 0 and len or padded):tvb())
	while len > 0 and own:left() > 0 do
		nxm(own)
	end
	r:take(len)
	r:zero(padded - len)
end

-- ---- flow_mods

local function settings(r)
	r:row("flow_mod.cookie", "flow_mod.command", "flow_mod.idle_timeout", "flow_mod.hard_timeout",
	      "flow_mod.priority", "flow_mod.buffer_id", "flow_mod.out_port", "flow_mod.flags")
end

-- The next @len bytes of @r.
function flow_mod.show(r, len)
	local own = r:part("flow_mod", len)
	local version = own and own:add("flow_mod.version")
	local kind = version and own:add("flow_mod.type")
	if not kind or not own:add("flow_mod.length") or not own:add("flow_mod.xid") then
		return
	end
	if kind:uint() == 14 then
		ofp_match(own)
		settings(own)
	elseif kind:uint() == 4 then
		own:row("flow_mod.vendor", "flow_mod.subtype")
		settings(own)
		local match_len = own:add("nxm.match_len")
		own:zero(6)
		if match_len and own:left() > 0 then
			nx_match(own, match_len:uint())
		end
	else
		own:rest("flow_mod.rest")
	end
	actions_of(own)
end

-- All of @r, each as long as its header says; how many.
function flow_mod.show_all(r)
	local n = 0
	while r:left() > 0 do
		local len = r:peek(2, 2)
		flow_mod.show(r, len >= 8 and len <= r:left() and len or r:left())
		n = n + 1
	end
	return n
end

return flow_mod
