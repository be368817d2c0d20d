// SPDX-License-Identifier: GPL-2.0
/* All requests but those about flows and groups. */
#include <linux/if_ether.h>

#include "cvsw.h"
#include "requests.h"
#include "request_groups.h"
#include "esp/sa.h"
#include "settings.h"
#include "engine/trace.h"

/* Where the value stands in SET_MTU and SET_OFFLOAD, the SPI in SET_SA. */
#define VALUE_AT	CVSW_V3_MESSAGE_HEADER_LEN
#define SPI_AT		(CVSW_V3_MESSAGE_HEADER_LEN + 4)

/* ---- CAPABILITIES, STATISTICS, TRACE, LIST_SAS ---- */

static int sa_is_stopped(const struct cvsw_esp_sa *sa, void *arg)
{
	return cvsw_sa_state(sa) == CVSW_SA_STOPPED;
}

static u32 features_of(const struct cvsw_engine *engine)
{
	u32 bits = CVSW_V3_CAN_TIMEOUTS | CVSW_V3_CAN_MODIFY | CVSW_V3_CAN_TRACE |
		   CVSW_V3_CAN_PACKET_IN | CVSW_V3_CAN_REMOVED | CVSW_V3_CAN_EXPIRING |
		   CVSW_V3_CAN_REGISTERS | CVSW_V3_CAN_TABLES | CVSW_V3_CAN_FLOOD |
		   CVSW_V3_CAN_ANY_TTL | CVSW_V3_CAN_GROUPS;
	u64 resume = 0;

	if (engine->miss != CVSW_MISS_PASS)
		bits |= CVSW_V3_MISS_DROPS;
	if (engine->miss == CVSW_MISS_CONTROLLER)
		bits |= CVSW_V3_MISS_TELLS;
	if (cvsw_sas_walk(engine->sas, &resume, sa_is_stopped, NULL))
		bits |= CVSW_V3_SAS_STOPPED;
	return bits;
}

static enum cvsw_v3_error request_capabilities(struct cvsw_control *control, struct cvsw_request *request)
{
	const struct net_device *dev = control->dev;
	struct cvsw_v3_capabilities can = {
		.features = features_of(control->engine),
		.flows = cvsw_table_count(control->engine->table),
		.max_flows = cvsw_table_limit(control->engine->table),
		.mtu = READ_ONCE(dev->mtu),
		.min_mtu = dev->min_mtu,
		.max_mtu = dev->max_mtu ?: ETH_MAX_MTU,
		.offloads = cvsw_offloads(control->engine, dev),
		.all_offloads = cvsw_possible_offloads(dev),
		.release = (const u8 *)CVSW_VERSION,
		.release_len = sizeof(CVSW_VERSION) - 1,
	};
	struct cvsw_writer *w = &request->answer;

	w->at = cvsw_v3_capabilities_encode(request->message.xid, &can, w->data, w->room);
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error request_statistics(struct cvsw_control *control, struct cvsw_request *request)
{
	struct cvsw_v3_counter counter;
	char name[CVSW_V3_COUNTER_NAME_MAX + 1];
	unsigned int i;

	counter.name = (const u8 *)name;
	cvsw_v3_statistics_begin(&request->answer, request->message.xid);
	for (i = 0; i < CVSW_N_COUNTERS; i++) {
		cvsw_stats_name(i, name, sizeof(name));
		counter.name_len = strlen(name);
		counter.value = cvsw_stats_read(control->engine->stats, i);
		if (cvsw_counter_is_of_table(i) && !counter.value)
			continue;
		cvsw_v3_counter_put(&request->answer, &counter);
	}
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error request_trace(struct cvsw_control *control, struct cvsw_request *request)
{
	struct cvsw_v3_trace frame;
	enum cvsw_v3_error error;

	error = cvsw_v3_trace_decode(&request->message, &frame, &request->offset);
	if (error)
		return error;
	cvsw_v3_trace_answer_begin(&request->answer, request->message.xid);
	return cvsw_trace_frame(control->engine, control->dev, &frame, &request->answer) ?
	       cvsw_request_wrong(request, 0, CVSW_V3_ERR_NO_MEMORY) : CVSW_V3_FINE;
}

/* Return: non-zero: the answer is full. */
static int put_listed_sa(const struct cvsw_esp_sa *sa, void *arg)
{
	struct cvsw_v3_listed_sa listed = {
		.spi = sa->name.spi, .direction = sa->name.direction,
		.reason = cvsw_sa_reason(sa),
	};

	return !cvsw_v3_listed_sa_put(arg, &listed);
}

/* SAs are walked by their ids: resume is that of the last one listed. */
static enum cvsw_v3_error request_list_sas(struct cvsw_control *control, struct cvsw_request *request)
{
	enum cvsw_v3_error error;
	u64 resume;

	error = cvsw_v3_resume_decode(&request->message, &resume, &request->offset);
	if (error)
		return error;
	cvsw_v3_list_answer_begin(&request->answer, CVSW_V3_LIST_SAS_ANSWER, request->message.xid);
	if (cvsw_sas_walk(control->engine->sas, &resume, put_listed_sa, &request->answer))
		cvsw_v3_list_answer_resume(&request->answer, resume);
	return CVSW_V3_FINE;
}

/* ---- SET_SA, SET_MTU, SET_OFFLOAD ---- */

static enum cvsw_v3_error request_error(int err)
{
	switch (err) {
	case 0:
		return CVSW_V3_FINE;
	case -ENODEV:
		return CVSW_V3_ERR_GONE;
	case -ENOMEM:
		return CVSW_V3_ERR_NO_MEMORY;
	default:
		return CVSW_V3_ERR_REFUSED;
	}
}

/* The message's copy of a key is wiped with it. */
static enum cvsw_v3_error request_set_sa(struct cvsw_control *control, struct cvsw_request *request)
{
	struct cvsw_sas *sas = control->engine->sas;
	enum cvsw_v3_error error;
	struct cvsw_sa sa;
	int err;

	error = cvsw_v3_set_sa_decode(&request->message, &sa, &request->offset);
	if (!error) {
		request->offset = SPI_AT;
		err = sa.key_len ? cvsw_sas_add(sas, &sa) :
				   cvsw_sas_remove(sas, sa.direction, sa.spi);
		if (err == -EEXIST)
			error = CVSW_V3_ERR_SA_KNOWN;
		else if (err == -ENOENT && !sa.key_len)
			error = CVSW_V3_ERR_SA_UNKNOWN;
		else
			error = request_error(err);
	}
	memzero_explicit(&sa, sizeof(sa));
	return error;
}

static enum cvsw_v3_error request_set(struct cvsw_control *control, struct cvsw_request *request)
{
	enum cvsw_v3_error error;
	u16 value;

	error = cvsw_v3_set_decode(&request->message, &value, &request->offset);
	if (error)
		return error;
	request->offset = VALUE_AT;
	if (request->message.type == CVSW_V3_SET_MTU)
		return request_error(cvsw_set_mtu(control, value));
	if (value & ~CVSW_OFFLOAD_ALL)
		return CVSW_V3_ERR_VALUE;
	return request_error(cvsw_set_offloads(control, value));
}

/* ---- which request ---- */

static enum cvsw_v3_error request_dispatch(struct cvsw_requests *requests, struct cvsw_request *request)
{
	struct cvsw_control *control = requests->control;
	enum cvsw_v3_error error;

	switch (request->message.type) {
	case CVSW_V3_CAPABILITIES:
	case CVSW_V3_STATISTICS:
		error = cvsw_v3_plain_decode(&request->message, &request->offset);
		if (error)
			return error;
		return request->message.type == CVSW_V3_CAPABILITIES ?
		       request_capabilities(control, request) : request_statistics(control, request);
	case CVSW_V3_FLOWS:
		return cvsw_request_flows(requests, request);
	case CVSW_V3_LIST:
		return cvsw_request_list(requests, request);
	case CVSW_V3_SET_SA:
		return request_set_sa(control, request);
	case CVSW_V3_SET_MTU:
	case CVSW_V3_SET_OFFLOAD:
		return request_set(control, request);
	case CVSW_V3_TRACE:
		return request_trace(control, request);
	case CVSW_V3_LIST_SAS:
		return request_list_sas(control, request);
	case CVSW_V3_LIST_GROUPS:
		return cvsw_request_list_groups(requests, request);
	case CVSW_V3_GROUP_COUNTERS:
		return cvsw_request_group_counters(requests, request);
	default:
		return cvsw_request_wrong(request, 0, CVSW_V3_ERR_TYPE);
	}
}

/* OpenFlow 1.0, 5.4.4: type and code; of groups OpenFlow 1.3.0, A.4.4. */
static const struct {
	u16 error, type, code;
} ofp_errors[] = {
	{ CVSW_V3_ERR_SHORT,         1, 6 },	/* OFPBRC_BAD_LEN */
	{ CVSW_V3_ERR_LENGTH,        1, 6 },
	{ CVSW_V3_ERR_TYPE,          1, 1 },	/* OFPBRC_BAD_TYPE */
	{ CVSW_V3_ERR_TABLE,         1, 9 },	/* OFPBRC_BAD_TABLE_ID, of OpenFlow 1.1 */
	{ CVSW_V3_ERR_ACTION_TYPE,   2, 0 },	/* OFPBAC_BAD_TYPE */
	{ CVSW_V3_ERR_ACTION_LENGTH, 2, 1 },	/* OFPBAC_BAD_LEN */
	{ CVSW_V3_ERR_ACTION_PORT,   2, 4 },	/* OFPBAC_BAD_OUT_PORT */
	{ CVSW_V3_ERR_ACTION_VALUE,  2, 5 },	/* OFPBAC_BAD_ARGUMENT */
	{ CVSW_V3_ERR_ACTION_ORDER,  2, 5 },
	{ CVSW_V3_ERR_ACTION_COUNT,  2, 7 },	/* OFPBAC_TOO_MANY */
	{ CVSW_V3_ERR_OUT_GROUP,     2, 9 },	/* OFPBAC_BAD_OUT_GROUP */
	{ CVSW_V3_ERR_TABLE_FULL,    3, 0 },	/* OFPFMFC_ALL_TABLES_FULL */
	{ CVSW_V3_ERR_OVERLAP,       3, 1 },	/* OFPFMFC_OVERLAP */
	{ CVSW_V3_ERR_COMMAND,       3, 4 },	/* OFPFMFC_BAD_COMMAND */
	{ CVSW_V3_ERR_TIMEOUT,       3, 5 },	/* OFPFMFC_UNSUPPORTED */
	{ CVSW_V3_ERR_FLAGS,         3, 5 },
	{ CVSW_V3_ERR_GROUP_EXISTS,  6, 0 },	/* OFPGMFC_GROUP_EXISTS */
	{ CVSW_V3_ERR_GROUP,         6, 1 },	/* OFPGMFC_INVALID_GROUP */
	{ CVSW_V3_ERR_GROUPS_FULL,   6, 3 },	/* OFPGMFC_OUT_OF_GROUPS */
	{ CVSW_V3_ERR_GROUP_UNKNOWN, 6, 8 },	/* OFPGMFC_UNKNOWN_GROUP */
	{ CVSW_V3_ERR_BUCKET,        6, 12 },	/* OFPGMFC_BAD_BUCKET */
};

static size_t answer_error(const struct cvsw_request *request, enum cvsw_v3_error error, u8 *answer)
{
	struct cvsw_v3_error_body body = {
		.offset = request->offset,
		.ofp_type = CVSW_V3_NO_OFP_ERROR,
		.ofp_code = CVSW_V3_NO_OFP_ERROR,
		.text = (const u8 *)cvsw_v3_error_text(error),
		.text_len = strlen(cvsw_v3_error_text(error)),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ofp_errors); i++) {
		if (ofp_errors[i].error != error)
			continue;
		body.ofp_type = ofp_errors[i].type;
		body.ofp_code = ofp_errors[i].code;
	}
	return cvsw_v3_error_encode(request->message.xid, error, &body, answer,
				    CVSW_V3_MESSAGE_MAX);
}

size_t cvsw_request(struct cvsw_requests *requests, const u8 *data, size_t len, bool too_long,
		    u8 *answer)
{
	struct cvsw_request request = { .answer = cvsw_writer(answer, CVSW_V3_MESSAGE_MAX) };
	enum cvsw_v3_error error;

	error = cvsw_v3_message_decode(data, len, &request.message, &request.offset);
	if (!cvsw_v3_is_request(request.message.type))
		return 0;
	if (too_long)
		error = CVSW_V3_ERR_TOO_LONG;
	if (!error)
		error = request_dispatch(requests, &request);
	/* Half a bundle is of no use. */
	if (error && request.message.type == CVSW_V3_FLOWS)
		cvsw_requests_reset(requests);
	if (!error && !request.answer.at)
		cvsw_v3_message_begin(&request.answer, CVSW_V3_ACK, request.message.xid);
	cvsw_control_count(requests->control, error ? CVSW_CNT_REQ_REFUSED : CVSW_CNT_REQ_DONE);
	return error ? answer_error(&request, error, answer) : cvsw_written(&request.answer);
}
