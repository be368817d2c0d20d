// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The table of fields, and how a slot stands in a key. */
#include "cvsw_fields.h"

#include "cvsw_flow.h"

const struct cvsw_place cvsw_slot_info[CVSW_N_SLOTS] = {
#define INTEGER	true
#define BYTES	false
#define SLOT_INFO(id, number, member, kind)						\
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

void cvsw_place_read(const void *whole, const struct cvsw_place *place, uint8_t *bytes)
{
	const uint8_t *at = (const uint8_t *)whole + place->offset;
	uint64_t number;
	size_t i;

	if (!place->integer) {
		memcpy(bytes, at, place->size);
		return;
	}
	number = integer_at(at, place->size);
	for (i = place->size; i--; number >>= 8)
		bytes[i] = (uint8_t)number;
}

void cvsw_place_add(void *whole, const struct cvsw_place *place, const uint8_t *bytes)
{
	uint8_t *at = (uint8_t *)whole + place->offset;
	uint64_t number = 0;
	uint32_t word;
	uint16_t half;
	size_t i;

	if (!place->integer) {
		memcpy(at, bytes, place->size);
		return;
	}
	for (i = 0; i < place->size; i++)
		number = number << 8 | bytes[i];
	number |= integer_at(at, place->size);	/* ToS has two slots */
	word = (uint32_t)number;
	half = (uint16_t)number;
	if (place->size == 1)
		*at = (uint8_t)number;
	else if (place->size == 2)
		memcpy(at, &half, sizeof(half));
	else if (place->size == 4)
		memcpy(at, &word, sizeof(word));
	else
		memcpy(at, &number, sizeof(number));
}
