-- SPDX-License-Identifier: GPL-2.0 OR MIT
-- flow_mods of version 3: proto/VERSION3.md, "flow_mod".  What OpenFlow 1.0's have too goes by the
-- names that cvsw_flow_mod.lua gives it.

local Row = require "cvsw_row"
require "cvsw_flow_mod"

local flow_mod = {}
local field = Row.field

-- By number; proto/tests/fields.py writes these lists.
local slots = {
	[1] = "pass", [2] = "sa", [3] = "tun_type", [4] = "tun_id", [5] = "tun_src",
	[6] = "tun_dst", [7] = "metadata", [8] = "in_port", [9] = "vlan_tci", [10] = "dl_src",
	[11] = "dl_dst", [12] = "dl_type", [13] = "ipv6_src", [14] = "ipv6_dst",
	[15] = "ipv6_label", [16] = "nw_src", [17] = "nw_dst", [18] = "nw_proto", [19] = "nw_tos",
	[20] = "nw_ttl", [21] = "nw_frag", [22] = "tp_src", [23] = "tp_dst", [24] = "tcp_flags",
	[25] = "nd_target", [26] = "hw_src", [27] = "hw_dst", [28] = "reg0", [29] = "reg1",
	[30] = "reg2", [31] = "reg3", [32] = "reg4", [33] = "reg5", [34] = "reg6", [35] = "reg7",
	[36] = "reg8", [37] = "reg9", [38] = "reg10", [39] = "reg11", [40] = "reg12",
	[41] = "reg13", [42] = "reg14", [43] = "reg15",
}
local sizes = {
	[1] = 1, [2] = 4, [3] = 1, [4] = 4, [5] = 16, [6] = 16, [7] = 8, [8] = 1, [9] = 2, [10] = 6, [11] = 6,
	[12] = 2, [13] = 16, [14] = 16, [15] = 4, [16] = 4, [17] = 4, [18] = 1, [19] = 1, [20] = 1,
	[21] = 1, [22] = 2, [23] = 2, [24] = 2, [25] = 16, [26] = 6, [27] = 6, [28] = 4, [29] = 4, [30] = 4,
	[31] = 4, [32] = 4, [33] = 4, [34] = 4, [35] = 4, [36] = 4, [37] = 4, [38] = 4, [39] = 4, [40] = 4,
	[41] = 4, [42] = 4, [43] = 4,
}
local actions = {
	[1] = "OUTPUT", [2] = "CONTROLLER", [3] = "STRIP_VLAN", [4] = "DEC_TTL", [5] = "MOVE",
	[6] = "LOAD", [7] = "VXLAN_ENCAP", [8] = "VXLAN_DECAP", [9] = "VXLAN_STRIP",
	[10] = "ENCRYPT", [11] = "DECRYPT", [12] = "CLONE", [13] = "NEXT", [14] = "GOTO_TABLE",
	[15] = "RESUBMIT", [16] = "WRITE_ACTIONS", [17] = "CLEAR_ACTIONS", [18] = "GROUP",
}

field("flow_mod.match_len", "uint16", "Length of the match")
field("flow_mod.table", "uint8", "Table")
field("action.table", "uint8", "Table")
field("field", "none", "Field")
field("field.number", "uint8", "Number", base.DEC, slots)
field("field.length", "uint8", "Length")
field("field.value", "bytes", "Value")
field("field.mask", "bytes", "Mask")
field("action.number", "uint8", "Number", base.DEC, actions)
field("action.ofs", "uint8", "First bit")
field("action.outer_dst_ip", "ipv6", "Outer destination")
field("action.outer_src_ip", "ipv6", "Outer source")
field("action.group", "uint32", "Group")
field("action.hash", "uint8", "Hashed", base.DEC, {
	[0] = "l3l4", [1] = "l3", [2] = "nw_src", [3] = "nw_dst", [4] = "l2", [5] = "dl_src",
	[6] = "dl_dst" })
field("group", "none", "group_mod")
field("group.length", "uint16", "Length")
field("group.command", "uint8", "Command", base.DEC, {
	[16] = "ADD", [17] = "MODIFY", [18] = "DELETE", [19] = "LIVE" })
field("group.type", "uint8", "Type", base.DEC, {
	[0] = "all", [1] = "select", [2] = "indirect", [3] = "fast failover" })
field("group.id", "uint32", "Group")
field("group.wide_id", "uint64", "Group")
field("group.dead", "uint64", "Dead buckets", base.HEX)
field("group.key", "bytes", "Key of the hash")
field("group.slots", "bytes", "Slots")
field("group.backup", "bytes", "Backup")
field("bucket", "none", "Bucket")
field("bucket.length", "uint16", "Length")
field("bucket.weight", "uint16", "Weight")

-- Of bytes that are less than the name's usual ones, how many.
local values = {
	[1] = { "port" }, [2] = { "max_len" },
	[5] = { { "n_bits", 1 }, { "src_ofs", 1 }, { "dst_ofs", 1 }, "src", "dst" },
	[6] = { { "n_bits", 1 }, "ofs", "dst", "value" },
	[7] = { "outer_dst_mac", "outer_src_mac", "outer_dst_ip", "outer_src_ip", "vni", "udp", "ttl",
		"tos" },
	[10] = { "spi" }, [12] = { "n" }, [14] = { "table" }, [15] = { "port", "table" },
	[16] = { "n" }, [18] = { "group", "hash" },
}

-- The next one of @r.
local function slot(r)
	local own = r:part("field", 2 + r:peek(1, 1))
	local number = own and own:add("field.number")
	if not number or not own:add("field.length") then
		return
	end
	own.tree:append_text(" " .. (slots[number:uint()] or "unknown"))
	local size = sizes[number:uint()]
	if size and own:left() == 2 * size then
		own:add("field.value", size)
		own:rest("field.mask")
	else
		own:rest("field.value")
	end
end

-- The next action of @r.
function flow_mod.action(r)
	local own = r:part("action", 2 + r:peek(1, 1))
	local number = own and own:add("action.number")
	if not number or not own:add("action.length", 1) then
		return
	end
	own.tree:append_text(" " .. (actions[number:uint()] or number:uint()))
	for _, value in ipairs(own:left() > 0 and values[number:uint()] or {}) do
		own:add("action." .. (value[1] or value), value[2])
	end
	if number:uint() == 7 then
		own:bits("action.flags", { "action.csum", "action.inherit_tos" })
	end
	own:rest("action.rest")
end

-- All of @r.
function flow_mod.actions(r)
	while r:left() > 0 do
		flow_mod.action(r)
	end
end

-- The next @len bytes of @r.
function flow_mod.show(r, len)
	local own = r:part("flow_mod", len)
	if not own then
		return
	end
	own:add("flow_mod.length")
	own:add("flow_mod.command", 1)
	own:add("flow_mod.flags", 1)
	own:row("flow_mod.priority", "flow_mod.out_port", "flow_mod.idle_timeout", "flow_mod.hard_timeout")
	local match_len = own:add("flow_mod.match_len")
	own:add("flow_mod.table")
	own:row(1, "flow_mod.cookie")
	local stop = match_len and own:left() - match_len:uint()
	if not stop or stop < 0 then
		own:cut()
		return
	end
	while own:left() > stop do
		slot(own)
	end
	flow_mod.actions(own)
end

local function bucket(r)
	local len = r:peek(0, 2)
	local own = r:part("bucket", len >= 4 and len <= r:left() and len or r:left())
	if own and own:add("bucket.length") and own:add("bucket.weight") then
		flow_mod.actions(own)
	end
end

-- The next @len bytes of @r, a group_mod.
function flow_mod.show_group(r, len)
	local own = r:part("group", len)
	if not own then
		return
	end
	own:add("group.length")
	own:add("group.command")
	local kind = own:add("group.type")
	own:row("group.id", "group.dead")
	if kind and kind:uint() == 1 then
		own:add("group.key", 16)
		own:add("group.slots", 256)
		own:add("group.backup", 256)
	end
	while own:left() > 0 do
		bucket(own)
	end
end

-- The next @len bytes of @r, a flow_mod or a group_mod: its command says which.
function flow_mod.show_mod(r, len)
	if len > 2 and r:peek(2, 1) >= 16 and r:peek(2, 1) <= 19 then
		flow_mod.show_group(r, len)
	else
		flow_mod.show(r, len)
	end
end

-- All of @r, each as long as its header says; how many.
function flow_mod.show_all(r)
	local n = 0
	while r:left() > 0 do
		local len = r:peek(0, 2)
		flow_mod.show_mod(r, len >= 16 and len <= r:left() and len or r:left())
		n = n + 1
	end
	return n
end

return flow_mod
