// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A field's value and mask, out of a match and into it: for what names fields, not slots. */
#include "cvsw_fields.h"

#include "cvsw_flow.h"

static void key_to_wide(const struct cvsw_key *key, const struct cvsw_place *slot,
			uint8_t wide[CVSW_WIDE])
{
	memset(wide, 0, CVSW_WIDE);
	cvsw_place_read(key, slot, wide + CVSW_WIDE - slot->size);
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
	const struct cvsw_place *slot = &cvsw_slot_info[info->slot];
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
	const struct cvsw_place *slot = &cvsw_slot_info[info->slot];
	size_t len = CVSW_FIELD_LEN(info), both = len < slot->size ? len : slot->size;
	uint8_t whole[CVSW_WIDE];

	memset(whole, 0xff, sizeof(whole));
	keep_ones(info, whole);
	/* That there is no tag says all. */
	return !memcmp(mask + CVSW_WIDE - both, whole + CVSW_WIDE - both, both) ||
	       (field == CVSW_FIELD_VLAN_TCI && match->mask.vlan_tci == CVSW_VLAN_PRESENT &&
		!match->key.vlan_tci);
}

bool cvsw_field_add(struct cvsw_match *match, enum cvsw_field field, const uint8_t *value,
		    const uint8_t *mask)
{
	const struct cvsw_field_info *info = &cvsw_field_info[field];
	const struct cvsw_place *slot = &cvsw_slot_info[info->slot];
	size_t len = CVSW_FIELD_LEN(info), i;
	uint8_t wide[CVSW_WIDE], bits[CVSW_WIDE];
	enum cvsw_slot wrong;

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
	cvsw_place_add(&match->key, slot, wide + CVSW_WIDE - slot->size);
	cvsw_place_add(&match->mask, slot, bits + CVSW_WIDE - slot->size);
	wrong = cvsw_match_impossible(match);
	/* What ports mean is not known before all is there. */
	return wrong == CVSW_SLOT_NONE || wrong == CVSW_SLOT_TP_SRC || wrong == CVSW_SLOT_TP_DST;
}
