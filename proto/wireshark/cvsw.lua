-- SPDX-License-Identifier: GPL-2.0 OR MIT
-- Wireshark shows the CVSW control protocol, versions 2 and 3, EtherType 0xABBA: proto/README.md
-- and proto/VERSION3.md.
--
--	tshark -X lua_script:proto/wireshark/cvsw.lua -o cvsw.keylog:FILE -r CAPTURE -V
--
-- or copy cvsw*.lua into the folder of personal Lua plugins (Help, About, Folders).  What is
-- sealed in version 3 is shown with a key log (VERSION3.md, "Reading captures").

local Row = require "cvsw_row"
local flow_mod = require "cvsw_flow_mod"
local messages = require "cvsw_messages"
local gcm = require "cvsw_gcm"

local cvsw = Proto("cvsw", "CVSW control protocol")

cvsw.prefs.keylog = Pref.string("Key log", "",
	"A file with the keys of version 3's sessions, as the controller writes it")

local types2 = { [1] = "HELLO", [2] = "REGISTER", [3] = "SET_ENTRY", [4] = "DELETE_ENTRY",
		 [5] = "SET_MTU", [6] = "SET_OFFLOAD", [7] = "LIST_ENTRIES", [8] = "SET_SA" }
local types3 = { [1] = "HELLO", [2] = "REGISTER", [3] = "ACCEPT", [4] = "COOKIE", [5] = "SEALED" }
local kinds = { [0] = "NOTHING", [1] = "SEGMENT", [2] = "LAST_SEGMENT", [3] = "ECHO",
		[4] = "ECHO_REPLY", [5] = "PACKET_IN" }

local f = Row.fields
f["version"] = ProtoField.uint8("cvsw.version", "Version")
f["type2"] = ProtoField.uint8("cvsw.type2", "Type", base.DEC, types2)
f["type"] = ProtoField.uint8("cvsw.type", "Type", base.DEC, types3)
f["len"] = ProtoField.uint16("cvsw.len", "Length")
f["data1"] = ProtoField.uint16("cvsw.data1", "Data1")
f["mac"] = ProtoField.ether("cvsw.mac", "MAC address")
f["handshake"] = ProtoField.uint32("cvsw.handshake", "Handshake", base.HEX)
f["nic_index"] = ProtoField.uint32("cvsw.nic_index", "NIC's index", base.HEX)
f["controller_index"] = ProtoField.uint32("cvsw.controller_index", "Controller's index", base.HEX)
f["cookie"] = ProtoField.bytes("cvsw.cookie", "Cookie")
f["ephemeral"] = ProtoField.bytes("cvsw.ephemeral", "Ephemeral key")
f["payload"] = ProtoField.bytes("cvsw.payload", "Sealed payload")
f["tag"] = ProtoField.bytes("cvsw.tag", "Tag")
f["hmac"] = ProtoField.bytes("cvsw.mac_of_answer", "mac")
f["record"] = ProtoField.uint64("cvsw.counter", "Counter")
f["sealed"] = ProtoField.bytes("cvsw.sealed", "Sealed")
f["trailer"] = ProtoField.bytes("cvsw.trailer", "Trailer")
f["conversation"] = ProtoField.string("cvsw.conversation", "Conversation")
f["ticket"] = ProtoField.string("cvsw.ticket", "Ticket")
f["kind"] = ProtoField.uint8("cvsw.kind", "Kind", base.DEC, kinds)
f["got"] = ProtoField.uint32("cvsw.got", "Got", base.HEX)
f["base"] = ProtoField.uint64("cvsw.base", "Base")
f["segment"] = ProtoField.uint64("cvsw.segment", "Segment")
f["segment_data"] = ProtoField.bytes("cvsw.segment_data", "Part of a message")
f["repeats"] = ProtoField.framenum("cvsw.repeats", "Repeats the segment in frame")
f["whole_in"] = ProtoField.framenum("cvsw.whole_in", "The message is whole in frame")
f["echo"] = ProtoField.bytes("cvsw.echo", "Echo")
cvsw.fields = f

local no_key = ProtoExpert.new("cvsw.no_key", "The key log has no key that fits",
			       expert.group.DECRYPTION, expert.severity.NOTE)
local not_known = ProtoExpert.new("cvsw.unknown", "Neither version 2 nor 3",
				  expert.group.PROTOCOL, expert.severity.WARN)
cvsw.experts = { no_key, not_known }

-- ---- the key log

local function unhex(hex)
	return (hex:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end))
end

local LINE = "^CVSW3 (" .. ("%x"):rep(12) .. ") (" .. ("%x"):rep(8) .. ") (" .. ("%x"):rep(8) ..
	     ") (" .. ("%x"):rep(64) .. ") (" .. ("%x"):rep(64) .. ") (" .. ("%x"):rep(16) ..
	     ") (" .. ("%x"):rep(16) .. ")%s*$"

local keylog = {}

function keylog.forget()
	keylog.size, keylog.to_nic, keylog.to_controller = 0, {}, {}
end

local function append(list, name, value)
	list[name] = list[name] or {}
	table.insert(list[name], 1, value)	-- the latest first
end

-- The file may grow while we look at a live capture.
function keylog.refresh()
	local file = cvsw.prefs.keylog ~= "" and io.open(cvsw.prefs.keylog, "r")
	if not file then
		return
	end
	if file:seek("end") ~= keylog.size then
		keylog.forget()
		keylog.size = file:seek("end")
		file:seek("set")
		for line in file:lines() do
			local mac, nic, controller, k1, k2, conversation, ticket = line:lower():gsub("^cvsw3", "CVSW3")
								    :match(LINE)
			if mac then
				local session = { conversation = conversation, ticket = ticket,
						  controller_index = tonumber(controller, 16) }
				append(keylog.to_controller, controller,
				       { session = session, hex = k1, direction = "to controller" })
				append(keylog.to_nic, mac .. nic,
				       { session = session, hex = k2, direction = "to NIC" })
			end
		end
	end
	file:close()
end

-- Keys that a record may be sealed with; @mac of a NIC, or nil if it goes to the controller.
function keylog.candidates(mac, index)
	local name = string.format("%08x", index)
	local function find()
		return mac and keylog.to_nic[mac .. name] or
		       not mac and keylog.to_controller[name] or nil
	end
	if not find() then
		keylog.refresh()
	end
	return find() or {}
end

-- ---- streams: segments become messages

local streams, opened

function cvsw.init()
	keylog.forget()
	streams, opened = {}, {}
end

-- The message of which segment @number is a part, if it is all there.
local function whole(stream, number)
	local first, parts, number_of_last = number, {}, number
	while first > 0 and stream[first - 1] and not stream[first - 1].last do
		first = first - 1
	end
	-- A capture may begin in the middle.
	if first > 0 and not stream[first - 1] then
		return nil
	end
	while stream[number_of_last] and not stream[number_of_last].last do
		number_of_last = number_of_last + 1
	end
	if not stream[number_of_last] then
		return nil
	end
	for i = first, number_of_last do
		parts[#parts + 1] = stream[i].data
	end
	return { first = first, last = number_of_last, data = table.concat(parts) }
end

-- Notes a segment, and the messages that are whole by it.
local function take_segment(record, number, is_last, data, frame)
	local session = record.key.session
	local name = session.conversation .. record.key.direction
	local stream = streams[name] or {}
	streams[name] = stream
	record.stream = stream
	if stream[number] then
		record.repeats = stream[number].frame
		return
	end
	stream[number] = { last = is_last, data = data, frame = frame }
	record.whole = {}
	for _, n in ipairs { number, is_last and number + 1 or nil } do
		local message = stream[n] and whole(stream, n)
		if message then
			table.insert(record.whole, message)
			for i = message.first, message.last do
				stream[i].whole_in = frame
			end
		end
	end
end

local function show_segment(record, tvb, pinfo, tree, is_last)
	local r = Row.new(tree, tvb, 16)
	local number = r:add("segment", 8)
	if not number then
		return "without a number"
	end
	number = number:uint64():tonumber()
	local data = r:left() > 0 and r:take(r:left())
	if not record.stream then
		take_segment(record, number, is_last, data and data:raw() or "", pinfo.number)
	end
	if data then
		tree:add(f["segment_data"], data)
	end
	local say = string.format("%d", number)
	if record.repeats then
		tree:add(f["repeats"], record.repeats):set_generated()
		return say .. ", repeated"
	end
	for _, message in ipairs(record.whole) do
		say = say .. ": " .. messages.message(ByteArray.new(message.data, true):tvb("CVSW message"),
						      pinfo, tree)
	end
	local segment = record.stream[number]
	if segment.whole_in and segment.whole_in ~= pinfo.number then
		tree:add(f["whole_in"], segment.whole_in):set_generated()
	end
	return say
end

-- ---- records

-- What was sealed, opened with the key log, once: Wireshark asks for a frame many times.
local function open_record(name, mac, index, additional, tvb)
	if opened[name] then
		return opened[name]
	end
	local nonce = ("\0"):rep(4) .. tvb:range(6, 8):raw()
	local sealed = tvb:range(14):raw()
	for _, key in ipairs(keylog.candidates(mac, index)) do
		key.ready = key.ready or gcm.key(unhex(key.hex))
		local plain = gcm.open(key.ready, nonce, additional, sealed)
		if plain then
			opened[name] = { plain = plain, key = key }
			return opened[name]
		end
	end
	return nil
end

local function show_record(record, pinfo, tree)
	local tvb = ByteArray.new(record.plain, true):tvb("CVSW record")
	local r = Row.new(tree, tvb)
	local kind = r:add("kind", 1):uint()
	r:zero(3)
	r:add("got", 4)
	r:add("base", 8)
	local say = kinds[kind] or "kind " .. kind
	if kind == 1 or kind == 2 then
		say = say .. " " .. show_segment(record, tvb, pinfo, tree, kind == 2)
	elseif kind == 3 or kind == 4 then
		r:rest("echo")
	elseif kind == 5 and r:left() > 0 then
		messages.packet_in(tvb:range(16):tvb(), pinfo, tree)
	end
	return say
end

local function show_sealed(tvb, pinfo, tree, header)
	local broadcast = header:sub(1, 6) == ("\xff"):rep(6)
	local r = Row.new(tree, tvb, 2)
	local index = r:add(broadcast and "controller_index" or "nic_index", 4)
	local counter = r:add("record", 8)
	if not counter or r:left() < 32 then
		return "SEALED, short"
	end
	local say = string.format("SEALED %08x %s", index:uint(), tostring(counter:uint64()))
	local mac = not broadcast and ("%02x"):rep(6):format(header:byte(1, 6)) or nil
	local additional = header .. tvb:range(0, 14):raw()
	local record = open_record(pinfo.number .. ":" .. say, mac, index:uint(), additional, tvb)
	if not record then
		tree:add(f["sealed"], tvb:range(14, r:left() - 16))
		tree:add(f["tag"], tvb:range(tvb:len() - 16))
		tree:add_proto_expert_info(no_key)
		return say
	end
	tree:add(f["tag"], tvb:range(tvb:len() - 16)):append_text(" (right)")
	local session = record.key.session
	tree:add(f["conversation"], session.conversation):set_generated()
	tree:add(f["ticket"], session.ticket):set_generated()
	return say .. ": " .. show_record(record, pinfo, tree)
end

-- ---- frames

local show3 = {}

show3[1] = function(r)
	r:zero(44)
end

show3[2] = function(r)
	local mac = r:add("mac", 6)
	r:zero(2)
	r:add("handshake", 4)
	r:zero(4)
	r:add("cookie", 16)
	r:add("ephemeral", 32)
	r:add("payload", 16)
	r:add("tag", 16)
	return mac and tostring(mac:ether())
end

show3[3] = function(r)
	r:add("handshake", 4)
	r:zero(4)
	r:add("ephemeral", 32)
	r:add("payload", 16)
	r:add("tag", 16)
	r:add("hmac", 32)
end

show3[4] = function(r)
	r:add("handshake", 4)
	r:zero(4)
	r:add("cookie", 16)
	r:add("hmac", 32)
end

local function version3(tvb, pinfo, tree, header)
	local kind = header:byte(8)
	tree:add(f["type"], kind)
	local len = Row.new(tree, tvb):add("len", 2)
	if not len then
		return "short"
	end
	local whole_len = math.min(tvb:len(), 2 + len:uint())
	if tvb:len() > whole_len then
		tree:add(f["trailer"], tvb:range(whole_len))
	end
	local own = tvb:range(0, whole_len):tvb()
	if kind == 5 then
		return show_sealed(own, pinfo, tree, header)
	end
	local more = show3[kind] and show3[kind](Row.new(tree, own, 2))
	return (types3[kind] or "type " .. kind) .. (more and " " .. more or "")
end

local function data2(kind, r)
	if kind == 2 then
		r:add("mac", 6)
	elseif kind == 8 then
		messages.sa(r)
	elseif kind == 3 or kind == 4 then
		flow_mod.show(r, r:left())
	elseif kind == 7 then
		flow_mod.show_all(r)
	end
	r:rest("message.rest")
end

local function version2(tvb, tree, header)
	local kind = header:byte(7) % 16
	local own = Row.new(tree, ByteArray.new(header:sub(9, 12), true):tvb("CVSW header"))
	tree:add(f["type2"], kind)
	local len = own:add("len", 2):uint()
	if kind == 6 then
		messages.offload(own)
	else
		own:add(kind == 5 and "mtu" or "data1", 2)
	end
	if len > tvb:len() then
		tree:add(f["short"])
	end
	if len > 0 and tvb:len() > 0 then
		data2(kind, Row.new(tree, tvb:range(0, math.min(len, tvb:len())):tvb()))
	end
	return types2[kind] or "type " .. kind
end

-- The header lies where Ethernet has its source address, out of sight for who is called by
-- EtherType: it is noted when the frame as a whole is offered, just before.
local header

local function note_header(tvb)
	header = tvb:len() >= 14 and tvb:range(0, 14):raw() or nil
	return false	-- the frame is Ethernet's
end

function cvsw.dissector(tvb, pinfo, tree)
	if not header or header:sub(13, 14) ~= "\xab\xba" then
		return 0
	end
	local own = tree:add(cvsw, tvb:range())
	local first = header:byte(7)
	local say
	own:add(f["version"], math.floor(first / 16))
	if first == 0x32 then
		say = "v3 " .. version3(tvb, pinfo, own, header)
	elseif first >= 0x20 and first <= 0x2f then
		say = "v2 " .. version2(tvb, own, header)
	else
		own:add_proto_expert_info(not_known)
		say = "unknown version"
	end
	-- Behind those who were asked to show what is inside.
	pinfo.cols.protocol = "CVSW"
	pinfo.cols.info = say
	own:append_text(", " .. say)
	return tvb:len()
end

cvsw:register_heuristic("eth", note_header)
DissectorTable.get("ethertype"):add(0xabba, cvsw)
