// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * set-key, del-key: security associations made by hand.  They go to the NIC once
 * and are kept nowhere: not in memory, not in the state, not in the log.
 */
#include "base/hex.h"
#include "base/log.h"
#include "report.h"
#include "request.h"

/* Key, then salt; false: not as many hex digits as the algorithm wants. */
static bool read_key(const char *hex, struct cvsw_sa *sa)
{
	size_t n = sa->key_len + CVSW_SA_SALT_LEN;

	return strlen(hex) == 2 * n && hex_bytes(hex, sa->key, sa->key_len) &&
	       hex_bytes(hex + 2 * sa->key_len, sa->salt, CVSW_SA_SALT_LEN);
}

/* SPI and direction */
static void sa_name(const struct request *request, struct cvsw_sa *sa)
{
	sa->spi = json_integer_value(json_object_get(request->json, "spi"));
	sa->direction = strcmp(request_text(request, "direction"), "in") ? CVSW_SA_OUT : CVSW_SA_IN;
}

/* The rest; false: refused. */
static bool sa_content(const struct request *request, struct cvsw_sa *sa)
{
	const json_t *udp = json_object_get(request->json, "udp");

	sa->key_len = report_key_len(request_text(request, "alg"));
	sa->udp_src = json_integer_value(json_array_get(udp, 0));
	sa->udp_dst = json_integer_value(json_array_get(udp, 1));
	if (read_key(request_text(request, "key"), sa))
		return true;
	request_refuse_member(request, REQUEST_BAD_VALUE, "key", "a key is 40 hex digits "
			      "(aes-gcm-128) or 72 (aes-gcm-256), its salt last");
	return false;
}

static json_t *report_acked(struct request_answer *answer)
{
	return json_pack("{s:b, s:b, s:o}", "ok", 1, "synced", 1, "nic", report_nic(answer->nic));
}

/* The NIC itself says whether it took it. */
static void ask_sa(const struct request *request, struct nic *nic, const struct cvsw_sa *sa)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + CVSW_SA_MAX_LEN];
	size_t len = cvsw_v3_set_sa_encode(0, sa, message, sizeof(message));

	request_ask(request, nic, message, len, report_acked, NULL, NULL, true);
	explicit_bzero(message, sizeof(message));
}

static void send_sa(const struct request *request, const struct cvsw_sa *sa)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);
	struct request_asked asked = { 0 };

	if (!nic)
		return;
	if (!nic_version(nic) || nic_can_be_asked(nic)) {
		if (request_can_ask(request, nic))
			ask_sa(request, nic, sa);
		return;
	}
	if (!nic->port) {
		request_refuse(request, REQUEST_NIC_ABSENT, "NIC " MAC_FORMAT
			       " is absent, and cvswd does not store SAs", MAC_BYTES(nic->mac));
		return;
	}
	nic_queue_sa(nic, sa);
	nic_changed(nic, false);
	flowset_init(&asked.flows);
	request_answer_changed(request, nic, &asked);
}

void request_set_key(const struct request *request)
{
	struct cvsw_sa sa = { 0 };

	sa_name(request, &sa);
	if (sa_content(request, &sa))
		send_sa(request, &sa);
	explicit_bzero(&sa, sizeof(sa));
}

void request_del_key(const struct request *request)
{
	struct cvsw_sa sa = { 0 };

	sa_name(request, &sa);
	send_sa(request, &sa);
}
