// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_msg.h"

#include "cvsw_cursor.h"

#define VERSION_AT	6
#define LEN_AT		8
#define ETHERTYPE_AT	12

static enum cvsw_fault check_header(const uint8_t *frame, size_t len, struct cvsw_msg *msg,
				    size_t *at)
{
	struct cvsw_reader r = cvsw_reader(frame, len);
	uint8_t version_type;
	size_t whole;

	*at = len;
	if (len < CVSW_MSG_HEADER_LEN)
		return CVSW_FAULT_SHORT;
	cvsw_get_bytes(&r, msg->dst, sizeof(msg->dst));
	version_type = cvsw_get_u8(&r);
	/* Not looked at: the published driver's tests leave there what was in memory. */
	cvsw_skip(&r, 1);
	msg->len = cvsw_get_u16(&r);
	msg->data1 = cvsw_get_u16(&r);
	msg->type = version_type & 0x0f;
	msg->data = frame + CVSW_MSG_HEADER_LEN;

	*at = ETHERTYPE_AT;
	if (cvsw_get_u16(&r) != CVSW_ETHERTYPE)
		return CVSW_FAULT_TYPE;
	*at = VERSION_AT;
	if (version_type >> 4 != CVSW_MSG_V2)
		return CVSW_FAULT_VERSION;
	if (msg->type < CVSW_MSG_HELLO || msg->type > CVSW_MSG_SET_SA)
		return CVSW_FAULT_TYPE;
	*at = LEN_AT;
	whole = CVSW_MSG_HEADER_LEN + (size_t)msg->len;
	/* Only padding to the Ethernet minimum may follow. */
	if (len < whole || (len > whole && len > CVSW_ETH_MIN))
		return CVSW_FAULT_LENGTH;
	if (msg->type == CVSW_MSG_REGISTER && msg->len && msg->len != CVSW_ETH_ALEN)
		return CVSW_FAULT_LENGTH;
	return CVSW_OK;
}

enum cvsw_fault cvsw_msg_decode(const uint8_t *frame, size_t len,
				struct cvsw_msg *msg, size_t *offset)
{
	size_t at;
	enum cvsw_fault fault = check_header(frame, len, msg, &at);

	if (fault && offset)
		*offset = at;
	return fault;
}

size_t cvsw_msg_encode(const struct cvsw_msg *msg, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_put_bytes(&w, msg->dst, sizeof(msg->dst));
	cvsw_put_u8(&w, CVSW_MSG_V2 << 4 | msg->type);
	cvsw_put_u8(&w, 0);
	cvsw_put_u16(&w, msg->len);
	cvsw_put_u16(&w, msg->data1);
	cvsw_put_u16(&w, CVSW_ETHERTYPE);
	if (msg->data)
		cvsw_put_bytes(&w, msg->data, msg->len);
	else
		cvsw_make(&w, msg->len);
	if (w.at < CVSW_ETH_MIN)
		cvsw_put_zero(&w, CVSW_ETH_MIN - w.at);
	return cvsw_written(&w);
}
