/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a request is refused, or done only in part: a code for programs, a text for people. */
#ifndef CVSWD_REQUEST_ERROR_H
#define CVSWD_REQUEST_ERROR_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>

/* Codes never change their meaning.  README.md has this table too; a test compares them. */
#define REQUEST_CODES(X) \
	X(NOT_JSON, "not-json", "the line is not one JSON object in UTF-8") \
	X(DUPLICATE_MEMBER, "duplicate-member", "a member occurs twice") \
	X(TOO_LONG, "too-long", "the line is longer than 8 MiB; the connection is closed") \
	X(TOO_MANY_CLIENTS, "too-many-clients", "all places are taken by clients that wait or monitor") \
	X(UNKNOWN_COMMAND, "unknown-command", "there is no such command") \
	X(UNKNOWN_MEMBER, "unknown-member", "the command has no such member (`member`)") \
	X(MISSING_MEMBER, "missing-member", "a required member is missing (`member`)") \
	X(WRONG_TYPE, "wrong-type", "a member has the wrong type (`member`)") \
	X(OUT_OF_RANGE, "out-of-range", \
	  "a number is too small or too large, or an array has the wrong length (`member`)") \
	X(BAD_VALUE, "bad-value", "a text is not one of those allowed, or is malformed") \
	X(BAD_FLOW, "bad-flow", "a flow or match cannot be read (`column`, `index`)") \
	X(BAD_GROUP, "bad-group", "a group, or what is said of one, cannot be read (`column`, `index`)") \
	X(UNKNOWN_GROUP, "unknown-group", "there is no group of this number") \
	X(GROUP_EXISTS, "group-exists", "there is a group of this number") \
	X(TOO_MANY_GROUPS, "too-many-groups", "the NIC would have more groups than cvswd keeps") \
	X(FLOW_OVERLAP, "flow-overlap", "a flow with check_overlap overlaps with another") \
	X(TOO_MANY_FLOWS, "too-many-flows", "the NIC would have more flows than cvswd keeps") \
	X(OVERLAY_FLOW, "overlay-flow", "the flow is not allowed in a member of an overlay") \
	X(CONTROLLER_FLOW, "controller-flow", \
	  "a controller of the NIC states a flow of this match and priority") \
	X(NOT_MANAGED, "not-managed", \
	  "no flows are configured for the NIC, so deleting some would delete its whole table") \
	X(UNKNOWN_NIC, "unknown-nic", "no NIC is known by this name") \
	X(AMBIGUOUS_NIC, "ambiguous-nic", "several NICs or ports have this name") \
	X(TOO_MANY_NICS, "too-many-nics", "cvswd knows as many NICs as --max-nics allows") \
	X(NIC_ABSENT, "nic-absent", "the NIC is not connected") \
	X(NO_KEY, "no-key", "the NIC has no key") \
	X(KEY_IN_USE, "key-in-use", "another NIC has this key") \
	X(VERSION_2, "version-2", "the NIC speaks version 2, which cannot do this") \
	X(NIC_CANNOT, "nic-cannot", "the NIC's driver cannot do this") \
	X(NIC_REFUSES, "nic-refuses", "the NIC refuses it (`refusal`, if the reason is known)") \
	X(NOT_CONFIRMED, "not-confirmed", "the NIC did not confirm it in time, and may still do it") \
	X(NO_ANSWER, "no-answer", "the NIC did not answer in time, or began a new conversation") \
	X(BAD_ANSWER, "bad-answer", "the NIC's answer cannot be read") \
	X(NOT_KEPT, "not-kept", "cvswd's database cannot be written") \
	X(UNKNOWN_OVERLAY, "unknown-overlay", "there is no overlay of this name") \
	X(OVERLAY_EXISTS, "overlay-exists", "there is an overlay of this name") \
	X(VNI_IN_USE, "vni-in-use", "another overlay has this VNI") \
	X(TOO_MANY_OVERLAYS, "too-many-overlays", "there are as many overlays as cvswd keeps") \
	X(OVERLAY_FULL, "overlay-full", "the overlay, or the member's list of addresses, is full") \
	X(NOT_ENCRYPTED, "not-encrypted", "the overlay is not encrypted, so it has no keys") \
	X(NO_IPV6, "no-ipv6", "the overlay's MTU is below 1280, so guests would lose IPv6") \
	X(IS_MEMBER, "is-member", "the NIC is a member of an overlay") \
	X(NOT_MEMBER, "not-member", "the NIC is not a member of this overlay") \
	X(ADDRESS_IN_USE, "address-in-use", "the MAC address belongs to another member") \
	X(INTERNAL, "internal", "a fault of cvswd's; please report it")

enum request_code {
#define REQUEST_CODE_ENUM(name, code, help) REQUEST_##name,
	REQUEST_CODES(REQUEST_CODE_ENUM)
#undef REQUEST_CODE_ENUM
	REQUEST_N_CODES
};

#define REQUEST_ERROR_TEXT	512

struct request_error {
	enum request_code code;
	char text[REQUEST_ERROR_TEXT];
};

/** request_wrong() - sets @error; returns false, so that a caller can return it */
bool request_wrong(struct request_error *error, enum request_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void request_wrong_v(struct request_error *error, enum request_code code, const char *format,
		     va_list args);

const char *request_code_name(enum request_code code);
const char *request_code_help(enum request_code code);

/**
 * request_text_json() - a string of any bytes: what is not UTF-8, as a character that was
 *	cut, is left out
 */
json_t *request_text_json(const char *text);

/** request_error_json() - "ok": false, "code", "error" */
json_t *request_error_json(const struct request_error *error);

/** request_warning_json() - for "warning" of an answer that is "ok" */
json_t *request_warning_json(const struct request_error *error);

#endif
