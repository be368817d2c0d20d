-- SPDX-License-Identifier: GPL-2.0 OR MIT
-- What stands in the messages of the CVSW control protocol: proto/VERSION3.md, "Messages", and,
-- for SAs and offloads, proto/README.md.

local Row = require "cvsw_row"
local flow_mod = require "cvsw_flow_mod3"

local messages = {}
local field = Row.field

local names = {
	[1] = "ACK", [3] = "ERROR", [16] = "CAPABILITIES", [17] = "CAPABILITIES_ANSWER",
	[18] = "FLOWS", [20] = "LIST", [21] = "LIST_ANSWER", [22] = "SET_SA", [24] = "SET_MTU",
	[26] = "SET_OFFLOAD", [28] = "STATISTICS", [29] = "STATISTICS_ANSWER", [30] = "TRACE",
	[31] = "TRACE_ANSWER", [32] = "LIST_SAS", [33] = "LIST_SAS_ANSWER", [34] = "LIST_GROUPS",
	[35] = "LIST_GROUPS_ANSWER", [36] = "GROUP_COUNTERS", [37] = "GROUP_COUNTERS_ANSWER",
	[65] = "FLOW_REMOVED", [67] = "SA_EXPIRING",
}
local errors = {
	[0] = "none", [1] = "SHORT", [2] = "LENGTH", [3] = "VERSION", [4] = "TYPE", [5] = "RESERVED",
	[6] = "OFP_TYPE", [7] = "COMMAND", [8] = "FLAGS", [9] = "TIMEOUT", [10] = "MATCH",
	[11] = "MATCH_FIELD", [12] = "ACTION_TYPE", [13] = "ACTION_LENGTH", [14] = "ACTION_VALUE",
	[15] = "ACTION_PORT", [16] = "ACTION_COUNT", [17] = "ACTION_ORDER", [18] = "SA",
	[19] = "VALUE", [20] = "TABLE", [21] = "GROUP", [22] = "BUCKET", [63] = "MALFORMED", [64] = "NO_MEMORY", [65] = "TABLE_FULL",
	[66] = "REFUSED", [67] = "SA_KNOWN", [68] = "SA_UNKNOWN", [69] = "NO_BUNDLE",
	[70] = "OVERLAP", [71] = "UNSUPPORTED", [72] = "TOO_LONG", [73] = "GONE",
	[74] = "GROUP_EXISTS", [75] = "GROUP_UNKNOWN", [76] = "OUT_GROUP", [77] = "GROUPS_FULL",
}
local ports = { [0] = "none", [1] = "HOST", [2] = "NET" }
local removals = { [0] = "none", [1] = "idle timeout", [2] = "hard timeout", [3] = "deleted",
		   [4] = "evicted" }
local directions = { [1] = "out", [2] = "in" }
local steps = { [1] = "LOOKUP", [2] = "ACTION", [3] = "FRAME", [4] = "ONWARD", [5] = "DROP",
		[6] = "SKIPPED", [7] = "CUT", [8] = "BUCKET" }

field("message", "none", "Message")
field("message.type", "uint16", "Type", base.DEC, names)
field("message.error", "uint16", "Error", base.DEC, errors)
field("message.xid", "uint32", "xid", base.HEX)
field("message.rest", "bytes", "Behind the message")

field("error.offset", "uint32", "Offset of the fault")
field("error.ofp_type", "uint16", "OpenFlow type")
field("error.ofp_code", "uint16", "OpenFlow code")
field("error.text", "string", "Text")

field("bundle", "uint32", "Bundle")
field("bundle.flags", "uint8", "Flags", base.HEX)
field("bundle.open", "bool", "OPEN", 8, nil, 0x01)
field("bundle.commit", "bool", "COMMIT", 8, nil, 0x02)
field("bundle.replace", "bool", "REPLACE", 8, nil, 0x04)
field("bundle.abort", "bool", "ABORT", 8, nil, 0x08)

field("list.resume", "uint64", "Resume", base.HEX)
field("entry", "none", "Entry")
field("entry.length", "uint16", "Length")
field("entry.reason", "uint8", "Reason", base.DEC, removals)
field("entry.idle", "uint32", "Idle for seconds")
field("entry.age", "uint64", "Age in milliseconds")
field("entry.packets", "uint64", "Packets")
field("entry.bytes", "uint64", "Bytes")

field("hits", "none", "Counters")

field("mtu", "uint16", "MTU")
field("offload", "uint16", "Offloads", base.HEX)
field("offload.checksum", "bool", "Checksums", 16, nil, 0x01)
field("offload.tso", "bool", "TSO", 16, nil, 0x02)
field("offload.ufo", "bool", "UFO", 16, nil, 0x04)
field("offload.gso", "bool", "GSO", 16, nil, 0x08)
field("offload.gro", "bool", "GRO", 16, nil, 0x10)
field("offload.inner_checksum", "bool", "Checksums inside of tunnels", 16, nil, 0x20)

field("sa", "none", "SA")
field("sa.direction", "uint8", "Direction", base.DEC, directions)
field("sa.key_len", "uint8", "Length of the key")
field("sa.spi", "uint32", "SPI", base.HEX)
field("sa.sport", "uint16", "UDP source port")
field("sa.dport", "uint16", "UDP destination port")
field("sa.salt", "bytes", "Salt")
field("sa.key", "bytes", "Key")
field("sa.reason", "uint8", "Reason", base.DEC, {
	[0] = "none", [1] = "three quarters of its sequence numbers are used", [2] = "all of them are",
	[3] = "stopped: the machine may have been restored" })
field("sa.sequence", "uint64", "Sequence number")

field("features", "uint32", "Features", base.HEX)
local features = {}
for _, feature in ipairs {
	{ "timeouts", 0x1 }, { "modify", 0x2 }, { "trace", 0x4 }, { "packet_in", 0x8 },
	{ "flow_removed", 0x10 }, { "sa_expiring", 0x20 }, { "registers", 0x40 }, { "tables", 0x80 },
	{ "miss_drops", 0x100 }, { "sas_stopped", 0x200 }, { "miss_tells", 0x400 },
	{ "groups", 0x800 } } do
	table.insert(features, "features." .. feature[1])
	field("features." .. feature[1], "bool", feature[1], 32, nil, feature[2])
end
field("flows", "uint32", "Flows in the table")
field("max_flows", "uint32", "Flows at most")
field("mtu_now", "uint32", "MTU")
field("mtu_min", "uint32", "Lowest MTU")
field("mtu_max", "uint32", "Highest MTU")
field("release", "string", "Release")

field("counter", "none", "Counter")
field("counter.value", "uint64", "Value")
field("counter.name_len", "uint8", "Length of the name")
field("counter.name", "string", "Name")

field("in_port", "uint8", "Ingress port", base.DEC, ports)
field("pass", "uint8", "Pass")
field("tun_type", "uint8", "Tunnel", base.DEC, { [0] = "none", [1] = "VXLAN" })
field("decrypted_by", "uint32", "SA that decrypted it", base.HEX)
field("tun_id", "uint32", "Tunnel identifier")
field("tun_src", "ipv6", "Tunnel source")
field("tun_dst", "ipv6", "Tunnel destination")
field("frame", "none", "Frame")

field("step", "none", "Step")
field("step.length", "uint16", "Length")
field("step.kind", "uint8", "Kind", base.DEC, steps)
field("step.copy", "uint8", "Copy")
field("step.port", "uint8", "Port", base.DEC, ports)
field("step.counter", "string", "Counter")
field("step.data", "bytes", "Data")
field("step.bucket", "uint16", "Bucket")
field("step.slot", "uint16", "Slot")

field("packet_in.reason", "uint8", "Reason", base.DEC,
      { [0] = "nothing matched", [1] = "an action" })
field("packet_in.total", "uint16", "Length of the frame")
field("packet_in.cookie", "uint64", "Cookie", base.HEX)

local ethernet = Dissector.get("eth_withoutfcs")

local function frame(r, pinfo)
	if r:left() > 0 then
		local range = r:take(r:left())
		-- It may be cut: then it says so in the tree, and raises an error.
		pcall(ethernet.call, ethernet, range:tvb(), pinfo,
		      r.tree:add(Row.fields["frame"], range))
	end
end

-- ---- parts of messages

local offloads = { "offload.checksum", "offload.tso", "offload.ufo", "offload.gso", "offload.gro",
		   "offload.inner_checksum" }

function messages.offload(r)
	return r:bits("offload", offloads)
end

function messages.sa(r)
	r:add("sa.direction")
	local len = r:add("sa.key_len")
	r:zero(2)
	local spi = r:add("sa.spi")
	r:row("sa.sport", "sa.dport")
	r:add("sa.salt", 4)
	if len and len:uint() > 0 then
		r:add("sa.key", len:uint())
	end
	return spi and string.format("SPI 0x%08x", spi:uint())
end

local function entry(r)
	local len = r:peek(0, 2)
	local own = r:part("entry", len >= 32 and len or 0)
	if not own then
		return
	end
	own:row("entry.length", "entry.reason", 1, "entry.idle", "entry.age", "entry.packets",
		"entry.bytes")
	if own:left() > 0 then
		flow_mod.show_mod(own, own:left())
	end
end

local function step_data(own, kind, pinfo)
	if kind == 1 and own:left() > 0 then
		flow_mod.show(own, own:left())
	elseif kind == 2 and own:left() > 0 then
		flow_mod.actions(own)
	elseif kind == 3 then
		frame(own, pinfo)
	elseif kind == 8 then
		own:row("group.id", "step.bucket", "step.slot")
	end
	own:rest(kind == 5 and "step.counter" or "step.data")
end

local function step(r, pinfo)
	local len = r:peek(0, 2)
	local own = r:part("step", len >= 8 and len or 0)
	if not own then
		return
	end
	own:add("step.length")
	local kind = own:add("step.kind"):uint()
	own:row("pass", "step.copy", "step.port", 2)
	own.tree:append_text(" " .. (steps[kind] or kind))
	step_data(own, kind, pinfo)
end

-- ---- bodies by type; what they return stands in the Info column

local bodies = {}

bodies[3] = function(r)
	r:row("error.offset", "error.ofp_type", "error.ofp_code")
	local text = r:rest("error.text")
	return text and text:string()
end

bodies[17] = function(r)
	r:bits("features", features)
	r:row("flows", "max_flows", "mtu_now", "mtu_min", "mtu_max")
	messages.offload(r)
	messages.offload(r)
	r:zero(4)
	r:rest("release")
end

bodies[18] = function(r)
	r:add("bundle")
	r:bits("bundle.flags", { "bundle.open", "bundle.commit", "bundle.replace", "bundle.abort" })
	r:zero(3)
	return flow_mod.show_all(r) .. " mods"
end

bodies[20] = function(r)
	r:row("list.resume", 8)
	flow_mod.show_all(r)
end

bodies[21] = function(r)
	local n = 0
	r:add("list.resume")
	while r:left() > 0 do
		entry(r)
		n = n + 1
	end
	return n .. " entries"
end

bodies[22] = messages.sa

bodies[24] = function(r)
	local mtu = r:add("mtu")
	r:zero(2)
	return mtu and tostring(mtu:uint())
end

bodies[26] = function(r)
	messages.offload(r)
	r:zero(2)
end

bodies[29] = function(r)
	while r:left() > 0 do
		local own = r:part("counter", 9 + r:peek(8, 1))
		if own then
			own:row("counter.value", "counter.name_len")
			own:rest("counter.name")
		end
	end
end

bodies[30] = function(r, pinfo)
	r:row("in_port", "pass", "tun_type", 1, "decrypted_by", "tun_id", "tun_src", "tun_dst")
	frame(r, pinfo)
end

bodies[31] = function(r, pinfo)
	while r:left() > 0 do
		step(r, pinfo)
	end
end

bodies[32] = function(r)
	r:row("list.resume")
end

bodies[33] = function(r)
	local n = 0
	r:add("list.resume")
	while r:left() > 0 do
		local own = r:part("sa", 8)
		if not own then
			break
		end
		own:row("sa.spi", "sa.direction", "sa.reason", 2)
		n = n + 1
	end
	return n .. " SAs"
end

bodies[34] = bodies[32]
bodies[35] = bodies[21]

bodies[36] = function(r)
	r:row("group.wide_id")
end

bodies[37] = function(r)
	r:row("group.wide_id")
	while r:left() > 0 do
		local own = r:part("hits", 16)
		if not own then
			break
		end
		own:row("entry.packets", "entry.bytes")
	end
end

bodies[65] = entry

bodies[67] = function(r)
	local spi = r:add("sa.spi")
	r:row("sa.direction", "sa.reason", 2, "sa.sequence")
	return spi and string.format("SPI 0x%08x", spi:uint())
end

-- A PACKET_IN's content.
function messages.packet_in(tvb, pinfo, tree)
	local r = Row.new(tree, tvb)
	r:row("packet_in.reason", "in_port", "pass", 1, "packet_in.total", 2, "decrypted_by", "tun_id",
	      "packet_in.cookie")
	frame(r, pinfo)
end

-- A whole message; returns what to say of it in one line.
function messages.message(tvb, pinfo, tree)
	local r = Row.new(tree:add(Row.fields["message"], tvb:range()), tvb)
	local kind, err = r:add("message.type"), r:add("message.error")
	local xid = r:add("message.xid")
	if not xid then
		return "a message that ends in its header"
	end
	local name = names[kind:uint()] or "message " .. kind:uint()
	if err:uint() ~= 0 then
		name = name .. " " .. (errors[err:uint()] or err:uint())
	end
	r.tree:set_text("Message: " .. name)
	local body = bodies[kind:uint()]
	local more = body and body(r, pinfo)
	r:rest("message.rest")
	return name .. " xid " .. xid:uint() .. (more and ", " .. more or "")
end

return messages
