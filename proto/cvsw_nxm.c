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
#define OXM_OF			0x8000	/* SCTP's ports and metadata, as Open vSwitch has it */
#define CVSW_NXM		0x4356	/* "CV", assigned to nobody */

#define NXM_HEADER(class, field, len)	((uint32_t)(class) << 16 | (field) << 9 | (len))
#define NXM_FIELD(header)		((header) & 0xfffffe00)
#define NXM_MASKED			0x100
#define NXM_LEN(header)			((header) & 0xff)

#define NXM_IN_PORT	NXM_HEADER(NXM_OF, 0, 2)
#define NXM_VLAN_TCI	NXM_HEADER(NXM_OF, 4, 2)
#define NXM_TUN_TYPE	NXM_HEADER(CVSW_NXM, 0, 1)
#define NXM_PASS	NXM_HEADER(CVSW_NXM, 2, 1)

#define ECN_MASK	0x03

#define WIDE	16

/**
 * struct nxm_field - a field and where it is in the key
 * @header: without mask
 * @bits: of the last four bytes, what is the field's
 * @offset, @size: in struct cvsw_key
 * @number: an integer in host byte order there, else bytes
 * @group: fields of one group say the same thing: only one of them can be there
 * @need: enum cvsw_need: must be named before
 */
struct nxm_field {
	uint32_t header;
	uint32_t bits;
	uint8_t  offset;
	uint8_t  size;
	bool     number;
	uint8_t  group;
	uint8_t  need;
};

#define ALL_BITS	0xffffffff
/* A field of the key: its offset and size, and an integer or bytes. */
#define INTEGER(member)	offsetof(struct cvsw_key, member), \
			sizeof(((struct cvsw_key *)0)->member), true
#define BYTES(member)	offsetof(struct cvsw_key, member), \
			sizeof(((struct cvsw_key *)0)->member), false
#define OF(field, len)	NXM_HEADER(NXM_OF, field, len), ALL_BITS
#define NX(field, len)	NXM_HEADER(NXM_NX, field, len), ALL_BITS
#define OXM(field, len)	NXM_HEADER(OXM_OF, field, len), ALL_BITS
#define CV(field, len)	NXM_HEADER(CVSW_NXM, field, len), ALL_BITS

enum nxm_group {
	IN_PORT, DL_SRC, DL_DST, DL_TYPE, VLAN_TCI, NW_SRC, NW_DST, NW_DSCP, NW_ECN, NW_PROTO,
	NW_TTL, NW_FRAG, TP_SRC, TP_DST, TCP_FLAGS, IPV6_SRC, IPV6_DST, IPV6_LABEL, ND_TARGET,
	HW_SRC, HW_DST, TUN_ID, TUN_SRC, TUN_DST, METADATA, TUN_TYPE, SA, PASS,
	N_GROUPS
};
static_assert(N_GROUPS <= 32, "one bit each");

/* In the order in which Open vSwitch writes them; of a group, the first that can say it. */
static const struct nxm_field fields[] = {
	{ NXM_IN_PORT, ALL_BITS,	INTEGER(in_port),	IN_PORT, CVSW_NEED_NOTHING },
	{ OF(2, 6),			BYTES(dl_src),		DL_SRC, CVSW_NEED_NOTHING },
	{ OF(1, 6),			BYTES(dl_dst),		DL_DST, CVSW_NEED_NOTHING },
	{ OF(3, 2),			INTEGER(dl_type),	DL_TYPE, CVSW_NEED_NOTHING },
	{ NXM_VLAN_TCI, ALL_BITS,	INTEGER(vlan_tci),	VLAN_TCI, CVSW_NEED_NOTHING },
	{ OF(15, 2),			INTEGER(nw_proto),	NW_PROTO, CVSW_NEED_ARP },
	{ OF(16, 4),			INTEGER(nw_src),	NW_SRC, CVSW_NEED_ARP },
	{ OF(17, 4),			INTEGER(nw_dst),	NW_DST, CVSW_NEED_ARP },
	{ NX(17, 6),			BYTES(hw_src),		HW_SRC, CVSW_NEED_ARP },
	{ NX(18, 6),			BYTES(hw_dst),		HW_DST, CVSW_NEED_ARP },
	{ OF(7, 4),			INTEGER(nw_src),	NW_SRC, CVSW_NEED_IPV4 },
	{ OF(8, 4),			INTEGER(nw_dst),	NW_DST, CVSW_NEED_IPV4 },
	{ NX(19, 16),			BYTES(ipv6_src),	IPV6_SRC, CVSW_NEED_IPV6 },
	{ NX(20, 16),			BYTES(ipv6_dst),	IPV6_DST, CVSW_NEED_IPV6 },
	{ NXM_HEADER(NXM_NX, 26, 1), CVSW_FRAG_MASK,
					INTEGER(nw_frag),	NW_FRAG, CVSW_NEED_IP },
	{ NXM_HEADER(NXM_OF, 5, 1), CVSW_DSCP_MASK,
					INTEGER(nw_tos),	NW_DSCP, CVSW_NEED_IP },
	{ NXM_HEADER(NXM_NX, 28, 1), ECN_MASK,
					INTEGER(nw_tos),	NW_ECN, CVSW_NEED_IP },
	{ NX(29, 1),			INTEGER(nw_ttl),	NW_TTL, CVSW_NEED_IP },
	{ NXM_HEADER(NXM_NX, 27, 4), CVSW_IPV6_LABEL_MASK,
					INTEGER(ipv6_label),	IPV6_LABEL, CVSW_NEED_IPV6 },
	{ OF(6, 1),			INTEGER(nw_proto),	NW_PROTO, CVSW_NEED_IP },
	{ OF(9, 2),			INTEGER(tp_src),	TP_SRC, CVSW_NEED_TCP },
	{ OF(10, 2),			INTEGER(tp_dst),	TP_DST, CVSW_NEED_TCP },
	{ NXM_HEADER(NXM_NX, 34, 2), CVSW_TCP_FLAGS_MASK,
					INTEGER(tcp_flags),	TCP_FLAGS, CVSW_NEED_TCP },
	{ OF(11, 2),			INTEGER(tp_src),	TP_SRC, CVSW_NEED_UDP },
	{ OF(12, 2),			INTEGER(tp_dst),	TP_DST, CVSW_NEED_UDP },
	{ OXM(17, 2),			INTEGER(tp_src),	TP_SRC, CVSW_NEED_SCTP },
	{ OXM(18, 2),			INTEGER(tp_dst),	TP_DST, CVSW_NEED_SCTP },
	{ OF(13, 1),			INTEGER(tp_src),	TP_SRC, CVSW_NEED_ICMP },
	{ OF(14, 1),			INTEGER(tp_dst),	TP_DST, CVSW_NEED_ICMP },
	{ NX(21, 1),			INTEGER(tp_src),	TP_SRC, CVSW_NEED_ICMPV6 },
	{ NX(22, 1),			INTEGER(tp_dst),	TP_DST, CVSW_NEED_ICMPV6 },
	{ CV(3, 4),			INTEGER(nw_src),	NW_SRC, CVSW_NEED_NOTHING },
	{ CV(4, 4),			INTEGER(nw_dst),	NW_DST, CVSW_NEED_NOTHING },
	{ CV(5, 1),			INTEGER(nw_proto),	NW_PROTO, CVSW_NEED_NOTHING },
	{ CV(6, 2),			INTEGER(tp_src),	TP_SRC, CVSW_NEED_NOTHING },
	{ CV(7, 2),			INTEGER(tp_dst),	TP_DST, CVSW_NEED_NOTHING },
	{ NX(23, 16),			BYTES(nd_target),	ND_TARGET, CVSW_NEED_ND },
	{ NX(24, 6),			BYTES(hw_src),		HW_SRC, CVSW_NEED_ND_SOLICIT },
	{ NX(25, 6),			BYTES(hw_dst),		HW_DST, CVSW_NEED_ND_ADVERT },
	{ NX(16, 8),			INTEGER(tun_id),	TUN_ID, CVSW_NEED_NOTHING },
	{ NX(31, 4),			BYTES(tun_src),		TUN_SRC, CVSW_NEED_NOTHING },
	{ NX(32, 4),			BYTES(tun_dst),		TUN_DST, CVSW_NEED_NOTHING },
	{ NX(109, 16),			BYTES(tun_src),		TUN_SRC, CVSW_NEED_NOTHING },
	{ NX(110, 16),			BYTES(tun_dst),		TUN_DST, CVSW_NEED_NOTHING },
	{ OXM(2, 8),			INTEGER(metadata),	METADATA, CVSW_NEED_NOTHING },
	{ NXM_TUN_TYPE, ALL_BITS,	INTEGER(tun_type),	TUN_TYPE, CVSW_NEED_NOTHING },
	{ CV(1, 4),			INTEGER(sa),		SA, CVSW_NEED_NOTHING },
	{ NXM_PASS, ALL_BITS,		INTEGER(pass),		PASS, CVSW_NEED_NOTHING },
};

#define N_FIELDS	(sizeof(fields) / sizeof(fields[0]))

static_assert(sizeof(struct cvsw_key) == 152, "a key field was added: has it a field here?");

static const struct nxm_field *find_field(uint32_t header)
{
	size_t i;

	for (i = 0; i < N_FIELDS; i++)
		if (NXM_FIELD(fields[i].header) == NXM_FIELD(header))
			return &fields[i];
	return NULL;
}

/* ---- between key and wide value ---- */

static uint64_t number_at(const uint8_t *at, size_t size)
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

static void key_to_wide(const struct cvsw_key *key, const struct nxm_field *field,
			uint8_t wide[WIDE])
{
	const uint8_t *at = (const uint8_t *)key + field->offset;
	uint64_t number;
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
	uint64_t number = 0;
	uint32_t word;
	uint16_t half;
	size_t i;

	if (!field->number) {
		memcpy(at, wide + WIDE - field->size, field->size);
		return;
	}
	for (i = WIDE - field->size; i < WIDE; i++)
		number = number << 8 | wide[i];
	number |= number_at(at, field->size);	/* ToS has two fields */
	word = (uint32_t)number;
	half = (uint16_t)number;
	if (field->size == 1)
		*at = (uint8_t)number;
	else if (field->size == 2)
		memcpy(at, &half, sizeof(half));
	else if (field->size == 4)
		memcpy(at, &word, sizeof(word));
	else
		memcpy(at, &number, sizeof(number));
}

/* Of the last four bytes, only the bits that are the field's. */
static void keep_bits(const struct nxm_field *field, uint8_t wide[WIDE])
{
	uint32_t bits = field->bits;
	size_t i;

	for (i = WIDE - 1; i >= WIDE - sizeof(bits); i--, bits >>= 8)
		wide[i] &= (uint8_t)bits;
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
	uint8_t value[WIDE], mask[WIDE], whole[WIDE];
	enum cvsw_fault fault;

	set_prefix(field, value);
	memset(mask, 0xff, sizeof(mask));
	cvsw_get_bytes(r, value + WIDE - len, len);
	if (masked)
		cvsw_get_bytes(r, mask + WIDE - len, len);
	memcpy(whole, mask, sizeof(whole));
	keep_bits(field, mask);
	if (masked && memcmp(whole + WIDE - len, mask + WIDE - len, len))
		return CVSW_FAULT_MATCH;	/* bits that the field has not */
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
	if (*seen & 1u << field->group || !cvsw_match_names(match, field->need))
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

/* Is every bit of the field in the mask? */
static bool is_whole(const struct nxm_field *field, const struct cvsw_match *match,
		     const uint8_t mask[WIDE], size_t len)
{
	uint8_t whole[WIDE];

	memset(whole, 0xff, sizeof(whole));
	keep_bits(field, whole);
	/* That there is no tag says all. */
	return !memcmp(mask + WIDE - len, whole + WIDE - len, len) ||
	       (field->header == NXM_VLAN_TCI && match->mask.vlan_tci == CVSW_VLAN_PRESENT &&
		!match->key.vlan_tci);
}

/* Returns false if the field cannot say it. */
static bool write_field(struct cvsw_writer *w, const struct nxm_field *field,
			const struct cvsw_match *match)
{
	size_t len = NXM_LEN(field->header), both = len < field->size ? len : field->size;
	uint8_t value[WIDE], mask[WIDE], prefix[WIDE];
	bool whole;

	key_to_wide(&match->key, field, value);
	key_to_wide(&match->mask, field, mask);
	keep_bits(field, mask);
	keep_bits(field, value);
	if (all_bytes(mask + WIDE - both, both, 0))
		return false;
	set_prefix(field, prefix);
	if (len < field->size &&
	    (!all_bytes(mask + WIDE - field->size, field->size - len, 0xff) ||
	     memcmp(value, prefix, WIDE - len)))
		return false;
	whole = is_whole(field, match, mask, both);
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
		if (!(done & 1u << fields[i].group) && cvsw_match_names(match, fields[i].need) &&
		    write_field(w, &fields[i], match))
			done |= 1u << fields[i].group;
}
