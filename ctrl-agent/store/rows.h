/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows that are stored: the one description of them.  A backend makes its schema from it,
 * and reads and writes the structs that follow from it; nothing of it depends on SQLite.
 *
 *	C(table, role, type, name)
 *
 * Roles: KEY columns come first, and together tell a row from all others of its table; MUST;
 * MAY be absent: then has_NAME is false in the struct.
 *
 * Whoever adds a column, or changes what one means, raises STORE_VERSION of store.h, and sees to
 * the rows of before: former.c.
 */
#ifndef CVSWD_ROWS_H
#define CVSWD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cvsw_flow.h"

/*
 * Types of columns; in the struct, and in SQLite.  A value has one form; any other one makes the
 * row one that cannot be read.
 *
 *	MAC	uint8_t[6]	TEXT, "02:00:00:00:00:01"
 *	BOOL	bool		INTEGER, 0 or 1
 *	U16	uint16_t	INTEGER
 *	U32	uint32_t	INTEGER
 *	IPV4	uint32_t	TEXT, "192.0.2.0"
 *	TEXT	const char *	TEXT, without a NUL inside
 *	BYTES	struct rows_bytes	BLOB
 */
enum rows_type { ROWS_MAC, ROWS_BOOL, ROWS_U16, ROWS_U32, ROWS_IPV4, ROWS_TEXT, ROWS_BYTES };
enum rows_role { ROWS_KEY, ROWS_MUST, ROWS_MAY };

struct rows_bytes {
	const void *at;
	size_t len;
};

/* What is configured for a NIC, but for its flows and groups; offloads are CVSW_OFFLOAD_* of proto/. */
#define ROWS_OF_nic(C, T)				\
	C(T, KEY, MAC, mac)				\
	C(T, MUST, BOOL, managed)			\
	C(T, MAY, U16, mtu)				\
	C(T, MAY, U16, offload)				\
	C(T, MAY, U16, own_mtu)				\
	C(T, MUST, BOOL, restore_mtu)			\
	C(T, MAY, U16, own_offload)			\
	C(T, MUST, BOOL, restore_offload)

/* @flow: all of it, in ovs-ofctl's syntax; @given: the NIC has taken it, if it has a timeout. */
#define ROWS_OF_flow(C, T)				\
	C(T, KEY, MAC, mac)				\
	C(T, KEY, U16, priority)			\
	C(T, KEY, TEXT, match)				\
	C(T, MUST, TEXT, flow)				\
	C(T, MUST, BOOL, given)

/* Likewise, of what OpenFlow controllers state. */
#define ROWS_OF_controlled(C, T)	ROWS_OF_flow(C, T)

/* @text: all of it, in ovs-ofctl's syntax. */
#define ROWS_OF_group(C, T)				\
	C(T, KEY, MAC, mac)				\
	C(T, KEY, U32, id)				\
	C(T, MUST, TEXT, text)

#define ROWS_OF_key(C, T)				\
	C(T, KEY, MAC, mac)				\
	C(T, MUST, BYTES, key)

/* @key_len: 0: not encrypted; @slots: that were ever taken; @members: its rows in "member". */
#define ROWS_OF_overlay(C, T)				\
	C(T, KEY, TEXT, name)				\
	C(T, MUST, U32, vni)				\
	C(T, MUST, U16, key_len)			\
	C(T, MUST, U16, udp_src)			\
	C(T, MUST, U16, udp_dst)			\
	C(T, MUST, IPV4, pool)				\
	C(T, MUST, U16, pool_len)			\
	C(T, MUST, U16, underlay_mtu)			\
	C(T, MUST, U32, rekey_s)			\
	C(T, MUST, U16, slots)				\
	C(T, MUST, U16, members)

/* @macs: further inner addresses, as in NIC=MAC,MAC. */
#define ROWS_OF_member(C, T)				\
	C(T, KEY, TEXT, overlay)			\
	C(T, KEY, U16, slot)				\
	C(T, MUST, MAC, mac)				\
	C(T, MUST, TEXT, macs)

/* The SPIs in use on all ways to a member, packed as in state_overlay.h: there may be a million. */
#define ROWS_OF_ways(C, T)				\
	C(T, KEY, TEXT, overlay)			\
	C(T, KEY, U16, slot)				\
	C(T, MUST, BYTES, ways)

/* The first number that was never used: "spi". */
#define ROWS_OF_counter(C, T)				\
	C(T, KEY, TEXT, name)				\
	C(T, MUST, U32, next)

/* All rows of formats 1 and 2; since then, those of them that could not be read: former.c. */
#define ROWS_OF_kept(C, T)				\
	C(T, KEY, TEXT, kind)				\
	C(T, KEY, TEXT, name)				\
	C(T, MUST, BYTES, value)

#define ROWS_TABLES(X) X(nic) X(group) X(flow) X(controlled) X(key) X(overlay) X(member) X(ways) X(counter) X(kept)

typedef uint8_t rows_c_MAC[CVSW_ETH_ALEN];
typedef bool rows_c_BOOL;
typedef uint16_t rows_c_U16;
typedef uint32_t rows_c_U32;
typedef uint32_t rows_c_IPV4;
typedef const char *rows_c_TEXT;
typedef struct rows_bytes rows_c_BYTES;

#define ROWS_HAS_KEY(name)
#define ROWS_HAS_MUST(name)
#define ROWS_HAS_MAY(name)			bool has_##name;
#define ROWS_CELL(table, role, type, name)	rows_c_##type name; ROWS_HAS_##role(name)
#define ROWS_STRUCT(table)			struct row_##table { ROWS_OF_##table(ROWS_CELL, table) };
#define ROWS_NUMBER(table)			ROWS_##table,

/* struct row_nic, struct row_flow, ... */
ROWS_TABLES(ROWS_STRUCT)
/* ROWS_nic, ROWS_flow, ...; ROWS_N is none of them */
enum rows_table_number { ROWS_TABLES(ROWS_NUMBER) ROWS_N };

/** struct rows_column - @at: where it is in the struct; @has: where has_NAME is, if it MAY */
struct rows_column {
	const char *name;
	enum rows_role role;
	enum rows_type type;
	size_t at;
	size_t has;
};

/** struct rows_table - @n_keys of its @n_columns are the key */
struct rows_table {
	const char *name;
	const struct rows_column *columns;
	unsigned int n_columns;
	unsigned int n_keys;
};

#define ROWS_MAX_COLUMNS	16

/* Room for any of the structs. */
union rows_any {
#define ROWS_ANY(table)				struct row_##table table;
	ROWS_TABLES(ROWS_ANY)
#undef ROWS_ANY
};

extern const struct rows_table rows_tables[ROWS_N];

/** rows_type_text() - what a value has to be, for people: "a MAC address" */
const char *rows_type_text(enum rows_type type);

/** rows_greatest() - of a type of numbers, the greatest; 0: it is none */
uint32_t rows_greatest(enum rows_type type);

#endif
