// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Our frames are, byte by byte, those of proto/vectors/v3.txt, which another implementation wrote. */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_v3_end.h"
#include "../cvsw_v3_libcrypto.h"
#include "gen.h"
#include "tests.h"

struct value {
	uint8_t data[2048];
	size_t len;
};

static struct value vector(const char *name)
{
	static char line[8192];
	struct value value = { .len = 0 };
	size_t n = strlen(name);
	FILE *file = fopen(V3_VECTORS, "r");

	while (file && fgets(line, sizeof(line), file)) {
		uint8_t *data;

		if (strncmp(line, name, n) || strncmp(line + n, " = ", 3))
			continue;
		data = from_hex(line + n + 3, &value.len);
		memcpy(value.data, data, value.len);
		free(data);
	}
	if (file)
		fclose(file);
	CHECK_MSG(value.len, "%s: not found", name);
	return value;
}

/* Random numbers that are what the vectors want. */
static struct value script[8];
static size_t n_script, at_script;

static bool scripted(void *arg, uint8_t *to, size_t len)
{
	(void)arg;
	memset(to, 0, len);
	if (len < 8)
		return true;	/* a pause's random part */
	CHECK(at_script < n_script && script[at_script].len == len);
	if (at_script < n_script)
		memcpy(to, script[at_script++].data, len);
	return true;
}

static struct value sent[8];
static size_t n_sent;
static unsigned int n_events;

static void keep(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	(void)arg, (void)place;
	if (n_sent == 8)
		return;
	memcpy(sent[n_sent].data, frame, len);
	sent[n_sent++].len = len;
}

static void event(void *arg, enum cvsw_v3_event event)
{
	(void)arg;
	n_events += event == CVSW_V3_EVENT_FRESH;
}

static const struct cvsw_v3_caller caller = { .send = keep, .event = event };
static struct cvsw_v3_crypto crypto;
static struct cvsw_v3_end end;

static void begin(void)
{
	crypto = cvsw_v3_libcrypto;
	crypto.random = scripted;
	n_script = at_script = n_sent = n_events = 0;
}

static bool is(const struct value *value, const char *name)
{
	struct value want = vector(name);

	return value->len == want.len && !memcmp(value->data, want.data, want.len);
}

static enum cvsw_v3_drop receive(const char *name, uint64_t now)
{
	struct value value = vector(name);

	return cvsw_v3_receive(&end, value.data, value.len, 0, now);
}

/* The handshake's number and the upper part of an index. */
static struct value numbers(const char *hex)
{
	struct value value;
	uint8_t *data = from_hex(hex, &value.len);

	memcpy(value.data, data, value.len);
	free(data);
	return value;
}

static void begin_nic(void)
{
	begin();
	script[n_script++] = numbers("0a0b0c0d 00000000");
	script[n_script++] = vector("nic-secret");
	cvsw_v3_nic_init(&end, &crypto, &caller, vector("mac").data, vector("psk").data);
	cvsw_v3_run(&end, 1000);
	CHECK(n_sent == 1 && is(&sent[0], "register"));
}

static void nic_speaks_as_the_vectors(void)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX];
	bool too_long;

	begin_nic();
	CHECK(!memcmp(end.begun.noise.h, vector("h").data, 32));
	CHECK(!memcmp(end.begun.noise.ck, vector("ck").data, 32));
	CHECK(!receive("accept", 1000));
	cvsw_v3_run(&end, 1000);
	CHECK(n_sent == 2 && is(&sent[1], "nic-0"));
	CHECK(!n_events && !receive("controller-0", 1001) && n_events == 1);
	CHECK(!receive("controller-1", 1002));
	CHECK(cvsw_v3_take(&end, message, &too_long) == 12);
	CHECK(!memcmp(message, "\0\x18\0\0\0\0\0\7\5\xaa\0\0", 12));
	CHECK(receive("controller-1", 1003) == CVSW_V3_DROP_REPLAYED);
	/* The answer is the first segment, and the second record. */
	CHECK(cvsw_v3_send(&end, (const uint8_t *)"\0\1\0\0\0\0\0\7", 8));
	cvsw_v3_run(&end, 1003);
	CHECK(n_sent == 3 && is(&sent[2], "nic-1"));
	cvsw_v3_end_free(&end);
}

static void nic_takes_the_vectors_cookie(void)
{
	begin_nic();
	script[n_script++] = numbers("0a0b0c0f 00000000");
	script[n_script++] = vector("nic-secret");
	CHECK(!receive("cookie", 1010));
	cvsw_v3_run(&end, 1010);
	CHECK(n_sent == 2 && is(&sent[1], "register-with-cookie"));
	cvsw_v3_end_free(&end);
}

static void controller_speaks_as_the_vectors(void)
{
	struct cvsw_v3_guard guard = { .ready = false };

	begin();
	script[n_script++] = vector("psk");	/* cookies' secrets: any */
	script[n_script++] = vector("psk");
	script[n_script++] = vector("ticket");
	script[n_script++] = vector("controller-secret");
	cvsw_v3_controller_init(&end, &crypto, &caller, &guard, vector("mac").data,
				vector("psk").data, 0x000102);
	CHECK(!receive("register", 1000));
	CHECK(n_sent == 1 && is(&sent[0], "accept"));
	CHECK(!n_events && !receive("nic-0", 1000) && n_events == 1);
	CHECK(n_sent == 2 && is(&sent[1], "controller-0"));
	CHECK(cvsw_v3_send(&end, (const uint8_t *)"\0\x18\0\0\0\0\0\7\5\xaa\0\0", 12));
	cvsw_v3_run(&end, 1001);
	CHECK(n_sent == 3 && is(&sent[2], "controller-1"));
	CHECK(receive("nic-longest", 1002) == CVSW_V3_OK);
	CHECK(end.stream.rx_got == 1u << 5 && end.stream.rx[5].len == 1446);
	CHECK(receive("nic-longest", 1002) == CVSW_V3_DROP_REPLAYED);
	CHECK(receive("nic-1", 1003) == CVSW_V3_DROP_OLD);
	/* Authentic, but it acknowledges what was never sent. */
	CHECK(receive("nic-far", 1002) == CVSW_V3_DROP_DISAGREES && !cvsw_v3_up(&end));
	CHECK(receive("nic-far", 1002) == CVSW_V3_DROP_SESSION);
	cvsw_v3_end_free(&end);
}

static void records_are_the_vectors(void)
{
	struct cvsw_v3_record record = { .kind = CVSW_V3_NOTHING, .base = 0x0102030405060708,
					 .got = 0x80000001 };
	struct cvsw_v3_session session = { .peer_index = 0x00010201, .counter = 0xabcde };
	struct value frame;
	size_t i;

	begin();
	session.tx = crypto.key_make(NULL, vector("k1").data);
	memcpy(frame.data, "", 1);
	frame.len = cvsw_v3_seal(&crypto, &session, 0,
				 (const uint8_t *)"\xff\xff\xff\xff\xff\xff", &record, frame.data);
	CHECK(is(&frame, "nic-far"));
	record = (struct cvsw_v3_record){ .kind = CVSW_V3_SEGMENT, .len = 8 + 1446 };
	memset(frame.data, 0, sizeof(frame.data));
	frame.data[CVSW_V3_CONTENT_AT + 7] = 5;
	for (i = 0; i < 1446; i++)
		frame.data[CVSW_V3_CONTENT_AT + 8 + i] = (uint8_t)(i % 241);
	frame.len = cvsw_v3_seal(&crypto, &session, 0,
				 (const uint8_t *)"\xff\xff\xff\xff\xff\xff", &record, frame.data);
	CHECK(frame.len == CVSW_V3_FRAME_MAX && is(&frame, "nic-longest"));
	/* Segments 5, 7 and 8 have arrived: bit 0 is the lowest. */
	record = (struct cvsw_v3_record){ .kind = CVSW_V3_NOTHING, .base = 5,
					  .got = 1u << 0 | 1u << 2 | 1u << 3 };
	frame.len = cvsw_v3_seal(&crypto, &session, 0,
				 (const uint8_t *)"\xff\xff\xff\xff\xff\xff", &record, frame.data);
	CHECK(is(&frame, "nic-window"));
	crypto.key_free(NULL, session.tx);

	frame.len = cvsw_v3_hello((const uint8_t *)"\xff\xff\xff\xff\xff\xff", frame.data);
	CHECK(is(&frame, "hello"));
}

const struct tap_test v3_vector_tests[] = {
	{ "proto: version 3's NIC speaks as the vectors", nic_speaks_as_the_vectors },
	{ "proto: version 3's NIC takes the vectors' cookie", nic_takes_the_vectors_cookie },
	{ "proto: version 3's controller speaks as the vectors", controller_speaks_as_the_vectors },
	{ "proto: version 3's records are the vectors", records_are_the_vectors },
	{ NULL, NULL },
};
