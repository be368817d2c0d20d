// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * nx_match, the match of Nicira's extension of OpenFlow 1.0: fields one behind
 * the other, each with its type, its length and, where it has one, a mask.
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+-------------------------------+-------------+-+---------------+
 *   0	|             class             |    field    |M|    length     |
 *	+-------------------------------+-------------+-+---------------+
 *   4	|  value, and if M is set a mask of the same size               |
 *
 * A field comes behind the one that names its protocol.  With class CVSW_NXM
 * are the fields that nobody else has, and those of a protocol that the match
 * does not name (proto/README.md, "Fields without their protocol").
 *
 * Here a value stands in 16 bytes as a big-endian number: what a field has
 * fewer is in front.
 */
#include "cvsw_ofp10_parts.h"

#define NXM_OF			0x0000
#define NXM_NX			0x0001
#define OXM_OF			0x8000	/* SCTP's ports, as Open vSwitch has it */
#define CVSW_NXM		0x4356	/* "CV", assigned to nobody */

#define NXM_HEADER(class, field, len)	((uint32_t)(class) << 16 | (field) << 9 | (len))
#define NXM_FIELD(header)		((header) & 0xfffffe00)
#define NXM_MASKED			0x100
#define NXM_LEN(header)			((header) & 0xff)

#define NXM_IN_PORT	NXM_HEADER(NXM_OF, 0, 2)
#define NXM_VLAN_TCI	NXM_HEADER(NXM_OF, 4, 2)
#define NXM_TUN_TYPE	NXM_HEADER(CVSW_NXM, 0, 1)
#define NXM_PASS	NXM_HEADER(CVSW_NXM, 2, 1)

#define WIDE	16

/**
 * struct nxm_field - a field and where it is in the key
 * @header: without mask
 * @offset, @size: in struct cvsw_key
 * @number: an integer in host byte order there, else bytes
 * @bits: of the last byte, what is the field's
 * @group: fields of one group say the same thing: only one of them can be there
 * @nw_proto, @dl_type: what must be named before; zero: nothing
 */
struct nxm_field {
	uint32_t header;
	uint8_t  offset;
	uint8_t  size;
	bool     number;
	uint8_t  bits;
	uint8_t  group;
	uint8_t  nw_proto;
	uint16_t dl_type;
};

#define AT(member)	offsetof(struct cvsw_key, member), sizeof(((struct cvsw_key *)0)->member)
#define IPV4		CVSW_ETHERTYPE_IPV4

/* In the order in which Open vSwitch writes them; of a group, the first that can say it. */
static const struct nxm_field fields[] = {
	{ NXM_IN_PORT,			  AT(in_port),	true,  0xff,  0, 0, 0 },
	{ NXM_HEADER(NXM_OF, 2, 6),	  AT(dl_src),	false, 0xff,  1, 0, 0 },
	{ NXM_HEADER(NXM_OF, 1, 6),	  AT(dl_dst),	false, 0xff,  2, 0, 0 },
	{ NXM_HEADER(NXM_OF, 3, 2),	  AT(dl_type),	true,  0xff,  3, 0, 0 },
	{ NXM_VLAN_TCI,			  AT(vlan_tci),	true,  0xff,  4, 0, 0 },
	{ NXM_HEADER(NXM_OF, 15, 2),	  AT(nw_proto),	true,  0xff,  7, 0, CVSW_ETHERTYPE_ARP },
	{ NXM_HEADER(NXM_OF, 16, 4),	  AT(nw_src),	true,  0xff,  5, 0, CVSW_ETHERTYPE_ARP },
	{ NXM_HEADER(NXM_OF, 17, 4),	  AT(nw_dst),	true,  0xff,  6, 0, CVSW_ETHERTYPE_ARP },
	{ NXM_HEADER(NXM_OF, 7, 4),	  AT(nw_src),	true,  0xff,  5, 0, IPV4 },
	{ NXM_HEADER(NXM_OF, 8, 4),	  AT(nw_dst),	true,  0xff,  6, 0, IPV4 },
	{ NXM_HEADER(NXM_OF, 5, 1),	  AT(nw_tos),	true,  0xfc,  8, 0, IPV4 },
	{ NXM_HEADER(NXM_NX, 28, 1),	  AT(nw_tos),	true,  0x03,  9, 0, IPV4 },
	{ NXM_HEADER(NXM_OF, 6, 1),	  AT(nw_proto),	true,  0xff,  7, 0, IPV4 },
	{ NXM_HEADER(NXM_OF, 9, 2),	  AT(tp_src),	true,  0xff, 10, CVSW_IPPROTO_TCP, IPV4 },
	{ NXM_HEADER(NXM_OF, 10, 2),	  AT(tp_dst),	true,  0xff, 11, CVSW_IPPROTO_TCP, IPV4 },
	{ NXM_HEADER(NXM_OF, 11, 2),	  AT(tp_src),	true,  0xff, 10, CVSW_IPPROTO_UDP, IPV4 },
	{ NXM_HEADER(NXM_OF, 12, 2),	  AT(tp_dst),	true,  0xff, 11, CVSW_IPPROTO_UDP, IPV4 },
	{ NXM_HEADER(OXM_OF, 17, 2),	  AT(tp_src),	true,  0xff, 10, CVSW_IPPROTO_SCTP, IPV4 },
	{ NXM_HEADER(OXM_OF, 18, 2),	  AT(tp_dst),	true,  0xff, 11, CVSW_IPPROTO_SCTP, IPV4 },
	{ NXM_HEADER(NXM_OF, 13, 1),	  AT(tp_src),	true,  0xff, 10, CVSW_IPPROTO_ICMP, IPV4 },
	{ NXM_HEADER(NXM_OF, 14, 1),	  AT(tp_dst),	true,  0xff, 11, CVSW_IPPROTO_ICMP, IPV4 },
	{ NXM_HEADER(CVSW_NXM, 3, 4),	  AT(nw_src),	true,  0xff,  5, 0, 0 },
	{ NXM_HEADER(CVSW_NXM, 4, 4),	  AT(nw_dst),	true,  0xff,  6, 0, 0 },
	{ NXM_HEADER(CVSW_NXM, 5, 1),	  AT(nw_proto),	true,  0xff,  7, 0, 0 },
	{ NXM_HEADER(CVSW_NXM, 6, 2),	  AT(tp_src),	true,  0xff, 10, 0, 0 },
	{ NXM_HEADER(CVSW_NXM, 7, 2),	  AT(tp_dst),	true,  0xff, 11, 0, 0 },
	{ NXM_HEADER(NXM_NX, 16, 8),	  AT(tun_id),	true,  0xff, 12, 0, 0 },
	{ NXM_HEADER(NXM_NX, 31, 4),	  AT(tun_src),	false, 0xff, 13, 0, 0 },
	{ NXM_HEADER(NXM_NX, 32, 4),	  AT(tun_dst),	false, 0xff, 14, 0, 0 },
	{ NXM_HEADER(NXM_NX, 109, 16),	  AT(tun_src),	false, 0xff, 13, 0, 0 },
	{ NXM_HEADER(NXM_NX, 110, 16),	  AT(tun_dst),	false, 0xff, 14, 0, 0 },
	{ NXM_TUN_TYPE,			  AT(tun_type),	true,  0xff, 15, 0, 0 },
	{ NXM_HEADER(CVSW_NXM, 1, 4),	  AT(sa),	true,  0xff, 16, 0, 0 },
	{ NXM_PASS,			  AT(pass),	true,  0xff, 17, 0, 0 },
};

#define N_FIELDS	(sizeof(fields) / sizeof(fields[0]))

static_assert(sizeof(struct cvsw_key) == 80, "a key field was added: has it a field here?");

static const struct nxm_field *find_field(uint32_t header)
{
	size_t i;

	for (i = 0; i < N_FIELDS; i++)
		if (NXM_FIELD(fields[i].header) == NXM_FIELD(header))
			return &fields[i];
	return NULL;
}

static bool protocol_is_named(const struct nxm_field *field, const struct cvsw_match *match)
{
	if (field->dl_type &&
	    (match->mask.dl_type != 0xffff || match->key.dl_type != field->dl_type))
		return false;
	return !field->nw_proto ||
	       (match->mask.nw_proto == 0xff && match->key.nw_proto == field->nw_proto);
}

/* ---- between key and wide value ---- */

static uint32_t number_at(const uint8_t *at, size_t size)
{
	uint16_t half;
	uint32_t word;

	switch (size) {
	case 1:
		return *at;
	case 2:
		memcpy(&half, at, sizeof(half));
		return half;
	default:
		memcpy(&word, at, sizeof(word));
		return word;
	}
}

static void key_to_wide(const struct cvsw_key *key, const struct nxm_field *field,
			uint8_t wide[WIDE])
{
	const uint8_t *at = (const uint8_t *)key + field->offset;
	uint32_t number;
	size_t i;

	memset(wide, 0, WIDE);
	if (!field->number) {
		memcpy(wide + WIDE - field->size, at, field->size);
		return;
	}
	number = number_at(at, field->size);
	for (i = 1; i <= field->size; i++, number >>= 8)
		wide[WIDE - i] = (uint8_t)number;
}

static void add_to_key(struct cvsw_key *key, const struct nxm_field *field,
		       const uint8_t wide[WIDE])
{
	uint8_t *at = (uint8_t *)key + field->offset;
	uint32_t number = 0;
	uint16_t half;
	size_t i;

	if (!field->number) {
		memcpy(at, wide + WIDE - field->size, field->size);
		return;
	}
	for (i = WIDE - field->size; i < WIDE; i++)
		number = number << 8 | wide[i];
	number |= number_at(at, field->size);	/* ToS has two fields */
	half = (uint16_t)number;
	if (field->size == 1)
		*at = (uint8_t)number;
	else if (field->size == 2)
		memcpy(at, &half, sizeof(half));
	else
		memcpy(at, &number, sizeof(number));
}

/* What is in front of a field that is shorter than its place in the key. */
static void set_prefix(const struct nxm_field *field, uint8_t wide[WIDE])
{
	memset(wide, 0, WIDE);
	/* IPv4 in IPv6's form: RFC 4291, 2.5.5.2. */
	if (field->size == CVSW_IP_LEN && NXM_LEN(field->header) == 4)
		wide[10] = wide[11] = 0xff;
}

static bool all_bytes(const uint8_t *bytes, size_t n, uint8_t want)
{
	while (n--)
		if (bytes[n] != want)
			return false;
	return true;
}

/* ---- reading ---- */

static enum cvsw_fault check_value(const struct nxm_field *field, const uint8_t value[WIDE],
				   const uint8_t mask[WIDE])
{
	size_t i, len = NXM_LEN(field->header);
	uint8_t last = value[WIDE - 1];

	for (i = 0; i < WIDE; i++)
		if (value[i] & ~mask[i])
			return CVSW_FAULT_MATCH;
	if (len > field->size && !all_bytes(value + WIDE - len, len - field->size, 0))
		return CVSW_FAULT_MATCH;
	switch (field->header) {
	case NXM_IN_PORT:
		return (last == CVSW_HOST || last == CVSW_NET) && mask[WIDE - 1] == 0xff ?
		       CVSW_OK : CVSW_FAULT_MATCH;
	case NXM_VLAN_TCI:
		/* No tag, and something in it. */
		return (mask[WIDE - 2] & ~value[WIDE - 2] & CVSW_VLAN_PRESENT >> 8) &&
		       (value[WIDE - 2] || last) ? CVSW_FAULT_MATCH : CVSW_OK;
	case NXM_TUN_TYPE:
		return last < CVSW_N_TUNNELS ? CVSW_OK : CVSW_FAULT_MATCH;
	case NXM_PASS:
		return last < CVSW_MAX_PASSES ? CVSW_OK : CVSW_FAULT_MATCH;
	default:
		return CVSW_OK;
	}
}

static enum cvsw_fault read_payload(struct cvsw_reader *r, const struct nxm_field *field,
				    bool masked, struct cvsw_match *match)
{
	size_t len = NXM_LEN(field->header);
	uint8_t value[WIDE], mask[WIDE];
	enum cvsw_fault fault;

	set_prefix(field, value);
	memset(mask, 0xff, sizeof(mask));
	cvsw_get_bytes(r, value + WIDE - len, len);
	if (masked)
		cvsw_get_bytes(r, mask + WIDE - len, len);
	mask[WIDE - 1] &= field->bits;
	if (all_bytes(mask + WIDE - len, len, 0))
		return all_bytes(value + WIDE - len, len, 0) ? CVSW_OK : CVSW_FAULT_MATCH;
	fault = check_value(field, value, mask);
	if (fault)
		return fault;
	add_to_key(&match->key, field, value);
	add_to_key(&match->mask, field, mask);
	return CVSW_OK;
}

static enum cvsw_fault read_field(struct cvsw_reader *r, struct cvsw_match *match,
				  uint32_t *seen, size_t *at)
{
	size_t start = r->at;
	uint32_t header = cvsw_get_u32(r);
	const struct nxm_field *field = find_field(header);
	bool masked = header & NXM_MASKED;

	*at = start;
	if (r->overrun)
		return CVSW_FAULT_LENGTH;
	if (!field)
		return CVSW_FAULT_MATCH_FIELD;
	*at = start + 3;
	if (NXM_LEN(header) != NXM_LEN(field->header) << masked || NXM_LEN(header) > cvsw_left(r))
		return CVSW_FAULT_LENGTH;
	*at = start;
	if (*seen & 1u << field->group || !protocol_is_named(field, match))
		return CVSW_FAULT_MATCH_FIELD;
	*seen |= 1u << field->group;
	*at = start + 4;
	return read_payload(r, field, masked, match);
}

enum cvsw_fault cvsw_nxm_read(struct cvsw_reader *r, struct cvsw_match *match, size_t *at)
{
	enum cvsw_fault fault = CVSW_OK;
	uint32_t seen = 0;

	memset(match, 0, sizeof(*match));
	while (!fault && cvsw_left(r))
		fault = read_field(r, match, &seen, at);
	return fault;
}

/* ---- writing ---- */

/* Returns false if the field cannot say it. */
static bool write_field(struct cvsw_writer *w, const struct nxm_field *field,
			const struct cvsw_match *match)
{
	size_t len = NXM_LEN(field->header), both = len < field->size ? len : field->size;
	uint8_t value[WIDE], mask[WIDE], prefix[WIDE];
	bool whole;

	key_to_wide(&match->key, field, value);
	key_to_wide(&match->mask, field, mask);
	mask[WIDE - 1] &= field->bits;
	value[WIDE - 1] &= field->bits;
	if (all_bytes(mask + WIDE - both, both, 0))
		return false;
	set_prefix(field, prefix);
	if (len < field->size &&
	    (!all_bytes(mask + WIDE - field->size, field->size - len, 0xff) ||
	     memcmp(value, prefix, WIDE - len)))
		return false;
	whole = all_bytes(mask + WIDE - both, both - 1, 0xff) && mask[WIDE - 1] == field->bits;
	/* That there is no tag says all. */
	if (field->header == NXM_VLAN_TCI && match->mask.vlan_tci == CVSW_VLAN_PRESENT &&
	    !match->key.vlan_tci)
		whole = true;
	cvsw_put_u32(w, whole ? field->header :
		     NXM_FIELD(field->header) | NXM_MASKED | (uint32_t)len << 1);
	cvsw_put_bytes(w, value + WIDE - len, len);
	if (!whole)
		cvsw_put_bytes(w, mask + WIDE - len, len);
	return true;
}

void cvsw_nxm_write(struct cvsw_writer *w, const struct cvsw_match *match)
{
	uint32_t done = 0;
	size_t i;

	for (i = 0; i < N_FIELDS; i++)
		if (!(done & 1u << fields[i].group) && protocol_is_named(&fields[i], match) &&
		    write_field(w, &fields[i], match))
			done |= 1u << fields[i].group;
}
