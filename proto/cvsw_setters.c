// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_flow.h"

/*
 * OpenFlow 1.0's actions that set a field.
 * @left, @right: see CVSW_SETTERS
 */
static const struct {
	uint8_t field, ofs, n_bits;
	uint8_t left, right;
	uint16_t ones;
} setters[CVSW_N_SETTERS] = {
#define SETTER(id, number, bytes, field, ofs, n_bits, left, right, ones, words)	\
	{ CVSW_FIELD_##field, ofs, n_bits, left, right, ones },
	CVSW_SETTERS(SETTER)
#undef SETTER
};

uint64_t cvsw_setter_limit(enum cvsw_setter setter)
{
	uint64_t all = (1ull << setters[setter].n_bits) - 1;

	return (all & ~(uint64_t)setters[setter].ones) >> setters[setter].left <<
	       setters[setter].right;
}

struct cvsw_action cvsw_action_set(enum cvsw_setter setter, uint64_t value)
{
	return (struct cvsw_action){
		.type = CVSW_ACT_LOAD,
		.load = cvsw_load_of(setters[setter].field, setters[setter].ofs,
				     setters[setter].n_bits,
				     value >> setters[setter].right << setters[setter].left |
				     setters[setter].ones),
	};
}

enum cvsw_setter cvsw_setter_of(const struct cvsw_load *load, uint64_t *value)
{
	enum cvsw_setter setter;
	uint64_t number;

	for (setter = 0; setter < CVSW_N_SETTERS; setter++)
		if (setters[setter].field == load->dst && setters[setter].ofs == load->ofs &&
		    setters[setter].n_bits == load->n_bits)
			break;
	if (setter == CVSW_N_SETTERS)
		return setter;
	number = cvsw_load_value(load);
	*value = (number & ~(uint64_t)setters[setter].ones) >> setters[setter].left <<
		 setters[setter].right;
	return ~number & setters[setter].ones ? CVSW_N_SETTERS : setter;
}
