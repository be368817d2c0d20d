-- SPDX-License-Identifier: GPL-2.0 OR MIT
-- One field behind the other, within the bytes that are there.

local Row = { fields = {} }	-- all ProtoFields, by their names without "cvsw."
Row.__index = Row

local f = Row.fields
local sizes = { uint8 = 1, uint16 = 2, uint32 = 4, uint64 = 8, ether = 6, ipv4 = 4, ipv6 = 16 }
local size_of = {}		-- of fields that always have the same

-- field("mtu", "uint16", ...) is ProtoField.uint16("cvsw.mtu", ...).
function Row.field(name, kind, ...)
	f[name] = ProtoField[kind]("cvsw." .. name, ...)
	size_of[name] = sizes[kind]
end

Row.field("zero", "bytes", "Zero, but is not")
Row.field("short", "none", "Ends too early")

-- Fields of @tvb from @at on go into @tree.
function Row.new(tree, tvb, at)
	return setmetatable({ tree = tree, tvb = tvb, at = at or 0, short = false }, Row)
end

function Row:left()
	return self.short and 0 or self.tvb:len() - self.at
end

-- Nothing more will be, and that is shown.
function Row:cut()
	if not self.short then
		self.tree:add(f["short"])
	end
	self.short = true
end

-- The next @len bytes; nil where they have ended.
function Row:take(len)
	if self.short or len > self:left() then
		self:cut()
		return nil
	end
	self.at = self.at + len
	return self.tvb:range(self.at - len, len)
end

-- @len: of a field whose kind does not say it
function Row:add(name, len)
	local range = self:take(len or size_of[name])
	if range then
		self.tree:add(f[name], range)
	end
	return range
end

-- A number, and its bits by name.
function Row:bits(name, bits)
	local range = self:take(size_of[name])
	if range then
		local tree = self.tree:add(f[name], range)
		for _, bit in ipairs(bits) do
			tree:add(f[bit], range)
		end
	end
	return range
end

-- What is not looked at, or shown only if it is wrong.
function Row:zero(len)
	local range = self:take(len)
	if range and range:bytes():tohex():find("[^0]") then
		self.tree:add(f["zero"], range)
	end
end

-- Fields by their names; a number stands for so many bytes that are zero.
function Row:row(...)
	for _, what in ipairs { ... } do
		if type(what) == "number" then
			self:zero(what)
		else
			self:add(what)
		end
	end
end

-- All that is left, if anything.
function Row:rest(name)
	return self:left() > 0 and self:add(name, self:left())
end

-- A row within the next @len bytes, under @name; nil if they are not there.
function Row:part(name, len)
	local range = len > 0 and self:take(len)
	if not range then
		self:cut()
		return nil
	end
	return Row.new(self.tree:add(f[name], range), range:tvb())
end

-- A number of @len bytes @ahead of here, without taking it; 0 if it is not there.
function Row:peek(ahead, len)
	return self:left() >= ahead + len and self.tvb:range(self.at + ahead, len):uint() or 0
end

return Row
