-- SPDX-License-Identifier: GPL-2.0 OR MIT
-- AES-256-GCM, opening only (FIPS 197, NIST SP 800-38D), for reading captures: Wireshark's Lua
-- has no such thing before 4.4.  Slow, and not in constant time: fit for nothing else.
--
--	local key = gcm.key(32 bytes)
--	local plain = gcm.open(key, 12 bytes of nonce, additional data, ciphertext and tag)
--
-- plain is nil if the tag is wrong.

local gcm = {}

local bit = bit or bit32	-- Wireshark's own, or Lua 5.2's
local band, bxor, bor = bit.band, bit.bxor, bit.bor
local lshift, rshift = bit.lshift, bit.rshift
local byte, char = string.byte, string.char

-- ---- AES

-- Multiplication by x in GF(2^8).
local function xtime(a)
	return a < 0x80 and 2 * a or bxor(2 * a - 0x100, 0x1b)
end

-- The S-box, and the four tables that do SubBytes, ShiftRows and MixColumns in one step.
local sbox, table0, table1, table2, table3 = {}, {}, {}, {}, {}

local function word(a, b, c, d)
	return bor(lshift(a, 24), lshift(b, 16), lshift(c, 8), d)
end

local function make_tables()
	local log, power, x = {}, {}, 1
	for i = 0, 254 do
		power[i], log[x] = x, i
		x = bxor(x, xtime(x))	-- times 3, which generates all of the field
	end
	for a = 0, 255 do
		local s = a == 0 and 0 or power[(255 - log[a]) % 255]
		local r = s
		for _ = 1, 4 do
			r = band(bor(lshift(r, 1), rshift(r, 7)), 0xff)
			s = bxor(s, r)
		end
		s = bxor(s, 0x63)
		local s2 = xtime(s)
		local s3 = bxor(s2, s)
		sbox[a] = s
		table0[a] = word(s2, s, s, s3)
		table1[a] = word(s3, s2, s, s)
		table2[a] = word(s, s3, s2, s)
		table3[a] = word(s, s, s3, s2)
	end
end
make_tables()

local function sub_word(w)
	return word(sbox[band(rshift(w, 24), 0xff)], sbox[band(rshift(w, 16), 0xff)],
		    sbox[band(rshift(w, 8), 0xff)], sbox[band(w, 0xff)])
end

local function expand(key)
	local w, rcon = {}, 1
	for i = 0, 7 do
		w[i] = word(byte(key, 4 * i + 1, 4 * i + 4))
	end
	for i = 8, 59 do
		local t = w[i - 1]
		if i % 8 == 0 then
			t = bxor(sub_word(bor(lshift(t, 8), rshift(t, 24))), lshift(rcon, 24))
			rcon = xtime(rcon)
		elseif i % 8 == 4 then
			t = sub_word(t)
		end
		w[i] = bxor(w[i - 8], t)
	end
	return w
end

-- One column of a round, of the columns a to d in the order of ShiftRows.
local function column(a, b, c, d, round_key)
	return bxor(table0[band(rshift(a, 24), 0xff)], table1[band(rshift(b, 16), 0xff)],
		    table2[band(rshift(c, 8), 0xff)], table3[band(d, 0xff)], round_key)
end

local function last_column(a, b, c, d, round_key)
	return bxor(word(sbox[band(rshift(a, 24), 0xff)], sbox[band(rshift(b, 16), 0xff)],
			 sbox[band(rshift(c, 8), 0xff)], sbox[band(d, 0xff)]), round_key)
end

-- Four words in, four out.
local function encrypt(w, a, b, c, d)
	a, b, c, d = bxor(a, w[0]), bxor(b, w[1]), bxor(c, w[2]), bxor(d, w[3])
	for i = 4, 52, 4 do
		a, b, c, d = column(a, b, c, d, w[i]), column(b, c, d, a, w[i + 1]),
			     column(c, d, a, b, w[i + 2]), column(d, a, b, c, w[i + 3])
	end
	return last_column(a, b, c, d, w[56]), last_column(b, c, d, a, w[57]),
	       last_column(c, d, a, b, w[58]), last_column(d, a, b, c, w[59])
end

-- ---- GHASH: elements are four words, the first bit the coefficient of x^0

-- What falls out at the end, four bits at a time, comes back in here.
local reduce = {}
for i = 0, 15 do
	local r = 0
	for j = 0, 3 do
		if band(i, lshift(1, j)) ~= 0 then
			r = bxor(r, rshift(0xe100, 3 - j))
		end
	end
	reduce[i] = lshift(r, 16)
end

-- All products of H with polynomials of four coefficients.
local function multiples(a, b, c, d)
	local m = { [0] = { 0, 0, 0, 0 }, [8] = { a, b, c, d } }
	for _, i in ipairs({ 4, 2, 1 }) do
		local out = band(d, 1)
		d = bor(rshift(d, 1), lshift(c, 31))
		c = bor(rshift(c, 1), lshift(b, 31))
		b = bor(rshift(b, 1), lshift(a, 31))
		a = bxor(rshift(a, 1), out == 1 and 0xe1000000 or 0)
		m[i] = { a, b, c, d }
	end
	for i = 3, 15 do
		if not m[i] then
			local high = i >= 8 and 8 or i >= 4 and 4 or 2
			local x, y = m[high], m[i - high]
			m[i] = { bxor(x[1], y[1]), bxor(x[2], y[2]), bxor(x[3], y[3]), bxor(x[4], y[4]) }
		end
	end
	return m
end

local function times_h(m, a, b, c, d)
	local words = { a, b, c, d }
	a, b, c, d = 0, 0, 0, 0
	for i = 4, 1, -1 do
		for shift = 0, 28, 4 do
			local out = reduce[band(d, 15)]
			local x = m[band(rshift(words[i], shift), 15)]
			d = bxor(rshift(d, 4), lshift(c, 28), x[4])
			c = bxor(rshift(c, 4), lshift(b, 28), x[3])
			b = bxor(rshift(b, 4), lshift(a, 28), x[2])
			a = bxor(rshift(a, 4), out, x[1])
		end
	end
	return a, b, c, d
end

local function ghash(m, data, a, b, c, d)
	for i = 1, #data, 16 do
		local block = data:sub(i, i + 15)
		block = block .. ("\0"):rep(16 - #block)
		a = bxor(a, word(byte(block, 1, 4)))
		b = bxor(b, word(byte(block, 5, 8)))
		c = bxor(c, word(byte(block, 9, 12)))
		d = bxor(d, word(byte(block, 13, 16)))
		a, b, c, d = times_h(m, a, b, c, d)
	end
	return a, b, c, d
end

-- ---- GCM

local function bytes(w)
	return char(band(rshift(w, 24), 0xff), band(rshift(w, 16), 0xff), band(rshift(w, 8), 0xff),
		    band(w, 0xff))
end

local function xor(a, b)
	local out = {}
	for i = 1, #a do
		out[i] = char(bxor(byte(a, i), byte(b, i)))
	end
	return table.concat(out)
end

function gcm.key(key)
	local w = expand(key)
	return { w = w, multiples = multiples(encrypt(w, 0, 0, 0, 0)) }
end

function gcm.open(key, nonce, additional, sealed)
	local text, tag = sealed:sub(1, -17), sealed:sub(-16)
	local n1, n2, n3 = word(byte(nonce, 1, 4)), word(byte(nonce, 5, 8)), word(byte(nonce, 9, 12))
	local function stream(counter)
		local a, b, c, d = encrypt(key.w, n1, n2, n3, counter)
		return bytes(a) .. bytes(b) .. bytes(c) .. bytes(d)
	end
	local a, b, c, d = ghash(key.multiples, additional, 0, 0, 0, 0)
	a, b, c, d = ghash(key.multiples, text, a, b, c, d)
	-- Lengths in bits, of 64 bits each; nothing here is as long as 512 MiB.
	a, b, c, d = times_h(key.multiples, a, bxor(b, 8 * #additional), c, bxor(d, 8 * #text))
	if xor(bytes(a) .. bytes(b) .. bytes(c) .. bytes(d), stream(1)) ~= tag then
		return nil
	end
	local plain = {}
	for i = 1, #text, 16 do
		plain[#plain + 1] = xor(text:sub(i, i + 15), stream(2 + (i - 1) / 16))
	end
	return table.concat(plain)
end

return gcm
