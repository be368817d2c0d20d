// SPDX-License-Identifier: GPL-2.0
/*
 * set-key, del-key: security associations made by hand.  They go to the NIC once
 * and are kept nowhere: not in memory, not in the state, not in the log.
 */
#include "log.h"
#include "report.h"
#include "request_parts.h"

/* Key, then salt; false: not as many hex digits as the algorithm wants. */
static bool read_key(const char *hex, struct cvsw_sa *sa)
{
	size_t n = sa->key_len + CVSW_SA_SALT_LEN;

	if (strlen(hex) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint8_t *to = i < sa->key_len ? &sa->key[i] : &sa->salt[i - sa->key_len];

		if (!request_hex_byte(hex + 2 * i, to))
			return false;
	}
	return true;
}

/* SPI and direction; false: refused. */
static bool sa_name(const struct request *request, struct cvsw_sa *sa)
{
	json_int_t spi = json_integer_value(json_object_get(request->json, "spi"));
	const char *direction = request_text(request, "direction");

	if (spi < CVSW_SA_SPI_MIN || spi > UINT32_MAX) {
		request_refuse(request, "an SPI is a number from 0x100 to 0xffffffff");
		return false;
	}
	sa->spi = spi;
	sa->direction = !direction ? 0 : !strcmp(direction, "in") ? CVSW_SA_IN :
			!strcmp(direction, "out") ? CVSW_SA_OUT : 0;
	if (!sa->direction)
		request_refuse(request, "a direction is in or out");
	return sa->direction;
}

static const char *sa_wrong(const struct request *request, struct cvsw_sa *sa)
{
	const char *alg = request_text(request, "alg"), *key = request_text(request, "key");
	const json_t *udp = json_object_get(request->json, "udp");
	json_int_t src = json_integer_value(json_array_get(udp, 0));
	json_int_t dst = json_integer_value(json_array_get(udp, 1));

	sa->key_len = alg ? report_key_len(alg) : 0;
	if (!sa->key_len)
		return "the algorithms are aes-gcm-128 and aes-gcm-256";
	if (!key || !read_key(key, sa))
		return "a key is 40 hex digits (aes-gcm-128) or 72 (aes-gcm-256), its salt last";
	if (udp && (json_array_size(udp) != 2 || src < 1 || src > 65535 || dst < 1 || dst > 65535))
		return "udp is an array of source and destination port";
	sa->udp_src = src;
	sa->udp_dst = dst;
	return NULL;
}

static json_t *report_acked(struct request_answer *answer)
{
	return json_pack("{s:b, s:b, s:o}", "ok", 1, "synced", 1, "nic", report_nic(answer->nic));
}

/* In version 3 the NIC itself says whether it took it. */
static void ask_sa(const struct request *request, struct nic *nic, const struct cvsw_sa *sa)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + CVSW_SA_MAX_LEN];
	size_t len = cvsw_v3_set_sa_encode(session3_next_xid(nic->session.v3), sa, message,
					   sizeof(message));

	request_ask(request, nic, message, len, report_acked, NULL, NULL);
	explicit_bzero(message, sizeof(message));
}

static void send_sa(const struct request *request, const struct cvsw_sa *sa)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);

	if (!nic)
		return;
	if (nic->session.v3) {
		if (request_speaks3(request, nic))
			ask_sa(request, nic, sa);
		return;
	}
	if (!nic->port) {
		request_refuse(request, "NIC " MAC_FORMAT " is absent, and keys are not kept for "
			       "later", MAC_BYTES(nic->session.mac));
		return;
	}
	session_queue_sa(&nic->session, sa);
	nic_changed(nic, false);
	request_answer_changed(request, nic);
}

void request_set_key(const struct request *request)
{
	struct cvsw_sa sa = { 0 };
	const char *wrong;

	if (sa_name(request, &sa)) {
		wrong = sa_wrong(request, &sa);
		if (wrong)
			request_refuse(request, "%s", wrong);
		else
			send_sa(request, &sa);
	}
	explicit_bzero(&sa, sizeof(sa));
}

void request_del_key(const struct request *request)
{
	struct cvsw_sa sa = { 0 };

	if (sa_name(request, &sa))
		send_sa(request, &sa);
}
