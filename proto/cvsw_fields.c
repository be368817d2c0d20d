// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The table of fields, and how a field stands in a key. */
#include "cvsw_fields.h"

#include "cvsw_flow.h"

const struct cvsw_slot_info cvsw_slot_info[CVSW_N_SLOTS] = {
#define INTEGER	true
#define BYTES	false
#define SLOT_INFO(id, member, kind)						\
	{ offsetof(struct cvsw_key, member), sizeof(((struct cvsw_key *)0)->member), kind },
	CVSW_SLOTS(SLOT_INFO)
#undef SLOT_INFO
#undef INTEGER
#undef BYTES
};

/* ECN has the rest of the ToS byte. */
#define ONES(field, bits)	((field) == CVSW_FIELD_IP_TOS ? CVSW_DSCP_MASK :	\
				 (bits) < 32 ? (1u << ((bits) & 31)) - 1 : UINT32_MAX)
#define MATCH	false
#define RW	true

const struct cvsw_field_info cvsw_field_info[CVSW_N_FIELDS] = {
#define FIELD_INFO(id, slot, class, number, bytes, bits, oxm, need, asks, use, ...)	\
	{ (uint32_t)CVSW_CLASS_##class << 16 | (number) << 9 | (bytes),		\
	  ONES(CVSW_FIELD_##id, bits),							\
	  CVSW_SLOT_##slot, bits, CVSW_NEED_##need, oxm, use },
	CVSW_FIELDS(FIELD_INFO)
#undef FIELD_INFO
};

#undef MATCH
#undef RW

static uint64_t integer_at(const uint8_t *at, size_t size)
{
	uint64_t whole;
	uint32_t word;
	uint16_t half;

	switch (size) {
	case 1:
		return *at;
	case 2:
		memcpy(&half, at, sizeof(half));
		return half;
	case 4:
		memcpy(&word, at, sizeof(word));
		return word;
	default:
		memcpy(&whole, at, sizeof(whole));
		return whole;
	}
}

static void key_to_wide(const struct cvsw_key *key, const struct cvsw_slot_info *slot,
			uint8_t wide[CVSW_WIDE])
{
	const uint8_t *at = (const uint8_t *)key + slot->offset;
	uint64_t number;
	size_t i;

	memset(wide, 0, CVSW_WIDE);
	if (!slot->integer) {
		memcpy(wide + CVSW_WIDE - slot->size, at, slot->size);
		return;
	}
	number = integer_at(at, slot->size);
	for (i = 1; i <= slot->size; i++, number >>= 8)
		wide[CVSW_WIDE - i] = (uint8_t)number;
}

static void add_to_key(struct cvsw_key *key, const struct cvsw_slot_info *slot,
		       const uint8_t wide[CVSW_WIDE])
{
	uint8_t *at = (uint8_t *)key + slot->offset;
	uint64_t number = 0;
	uint32_t word;
	uint16_t half;
	size_t i;

	if (!slot->integer) {
		memcpy(at, wide + CVSW_WIDE - slot->size, slot->size);
		return;
	}
	for (i = CVSW_WIDE - slot->size; i < CVSW_WIDE; i++)
		number = number << 8 | wide[i];
	number |= integer_at(at, slot->size);	/* ToS has two slots */
	word = (uint32_t)number;
	half = (uint16_t)number;
	if (slot->size == 1)
		*at = (uint8_t)number;
	else if (slot->size == 2)
		memcpy(at, &half, sizeof(half));
	else if (slot->size == 4)
		memcpy(at, &word, sizeof(word));
	else
		memcpy(at, &number, sizeof(number));
}

/* Of the field's bytes, only the bits that it has; false: there were more. */
static bool keep_ones(const struct cvsw_field_info *info, uint8_t wide[CVSW_WIDE])
{
	uint32_t ones = info->ones;
	uint8_t lost = 0;
	size_t i;

	for (i = 1; i <= sizeof(ones) && i <= CVSW_FIELD_LEN(info); i++, ones >>= 8) {
		lost |= wide[CVSW_WIDE - i] & (uint8_t)~ones;
		wide[CVSW_WIDE - i] &= (uint8_t)ones;
	}
	return !lost;
}

/* What is in front of a field that is shorter than its slot. */
static void set_prefix(const struct cvsw_field_info *info, uint8_t wide[CVSW_WIDE])
{
	memset(wide, 0, CVSW_WIDE);
	/* IPv4 in IPv6's form: RFC 4291, 2.5.5.2. */
	if (cvsw_slot_info[info->slot].size == CVSW_IP_LEN && CVSW_FIELD_LEN(info) == 4)
		wide[10] = wide[11] = 0xff;
}

static bool all_are(const uint8_t *bytes, size_t n, uint8_t want)
{
	while (n--)
		if (bytes[n] != want)
			return false;
	return true;
}

bool cvsw_field_read(const struct cvsw_match *match, enum cvsw_field field,
		     uint8_t value[CVSW_WIDE], uint8_t mask[CVSW_WIDE])
{
	const struct cvsw_field_info *info = &cvsw_field_info[field];
	const struct cvsw_slot_info *slot = &cvsw_slot_info[info->slot];
	size_t len = CVSW_FIELD_LEN(info), both = len < slot->size ? len : slot->size;
	uint8_t prefix[CVSW_WIDE];

	key_to_wide(&match->mask, slot, mask);
	if (all_are(mask + CVSW_WIDE - both, both, 0))
		return false;
	key_to_wide(&match->key, slot, value);
	if (len < slot->size) {
		set_prefix(info, prefix);
		if (!all_are(mask + CVSW_WIDE - slot->size, slot->size - len, 0xff) ||
		    memcmp(value, prefix, CVSW_WIDE - len))
			return false;
		memset(value, 0, CVSW_WIDE - len);
		memset(mask, 0, CVSW_WIDE - len);
	}
	keep_ones(info, value);
	keep_ones(info, mask);
	return !all_are(mask + CVSW_WIDE - both, both, 0);
}

bool cvsw_field_is_whole(const struct cvsw_match *match, enum cvsw_field field,
			 const uint8_t mask[CVSW_WIDE])
{
	const struct cvsw_field_info *info = &cvsw_field_info[field];
	const struct cvsw_slot_info *slot = &cvsw_slot_info[info->slot];
	size_t len = CVSW_FIELD_LEN(info), both = len < slot->size ? len : slot->size;
	uint8_t whole[CVSW_WIDE];

	memset(whole, 0xff, sizeof(whole));
	keep_ones(info, whole);
	/* That there is no tag says all. */
	return !memcmp(mask + CVSW_WIDE - both, whole + CVSW_WIDE - both, both) ||
	       (field == CVSW_FIELD_VLAN_TCI && match->mask.vlan_tci == CVSW_VLAN_PRESENT &&
		!match->key.vlan_tci);
}

/* Can a frame have it? */
static bool is_possible(enum cvsw_field field, const uint8_t value[CVSW_WIDE],
			const uint8_t mask[CVSW_WIDE])
{
	uint8_t last = value[CVSW_WIDE - 1], before = value[CVSW_WIDE - 2];

	switch (field) {
	case CVSW_FIELD_IN_PORT:
		return (last == CVSW_HOST || last == CVSW_NET) && mask[CVSW_WIDE - 1] == 0xff;
	case CVSW_FIELD_VLAN_TCI:
		/* No tag, and something in it? */
		return !(mask[CVSW_WIDE - 2] & ~before & (CVSW_VLAN_PRESENT >> 8)) ||
		       (!before && !last);
	case CVSW_FIELD_TUN_TYPE:
		return last < CVSW_N_TUNNELS;
	case CVSW_FIELD_PASS:
		return last < CVSW_MAX_PASSES;
	default:
		return true;
	}
}

bool cvsw_field_add(struct cvsw_match *match, enum cvsw_field field, const uint8_t *value,
		    const uint8_t *mask)
{
	const struct cvsw_field_info *info = &cvsw_field_info[field];
	const struct cvsw_slot_info *slot = &cvsw_slot_info[info->slot];
	size_t len = CVSW_FIELD_LEN(info), i;
	uint8_t wide[CVSW_WIDE], bits[CVSW_WIDE];

	set_prefix(info, wide);
	memset(bits, 0xff, sizeof(bits));
	memcpy(wide + CVSW_WIDE - len, value, len);
	if (mask)
		memcpy(bits + CVSW_WIDE - len, mask, len);
	if (!keep_ones(info, bits) && mask)
		return false;
	if (mask && all_are(bits + CVSW_WIDE - len, len, 0))
		return all_are(wide + CVSW_WIDE - len, len, 0);
	for (i = CVSW_WIDE - len; i < CVSW_WIDE; i++)
		if (wide[i] & ~bits[i])
			return false;
	/* A field may have more bytes than frames have, which are zero. */
	if (len > slot->size && !all_are(wide + CVSW_WIDE - len, len - slot->size, 0))
		return false;
	if (!is_possible(field, wide, bits))
		return false;
	add_to_key(&match->key, slot, wide);
	add_to_key(&match->mask, slot, bits);
	return true;
}
