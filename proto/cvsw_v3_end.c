// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What is the same at both ends: sessions, records, streams, silence. */
#include "cvsw_cursor.h"
#include "cvsw_v3_parts.h"

const uint8_t cvsw_v3_broadcast[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* The caller's clock may jump: back is standing still, so that nothing here ever waits for it. */
static void tick(struct cvsw_v3_end *end, uint64_t clock)
{
	if (clock > end->clock)
		end->now += clock - end->clock;
	end->clock = clock;
}

bool cvsw_v3_bucket_take(struct cvsw_v3_bucket *bucket, uint32_t burst, uint32_t ms, uint64_t now)
{
	uint64_t passed = now - bucket->since;
	uint32_t back;

	if (passed >= (uint64_t)burst * ms || now < bucket->since) {
		bucket->used = 0;
		bucket->since = now;
	} else {
		back = (uint32_t)passed / ms;
		bucket->used -= back < bucket->used ? back : bucket->used;
		bucket->since += (uint64_t)back * ms;
	}
	if (bucket->used >= burst)
		return false;
	bucket->used++;
	return true;
}

static struct cvsw_v3_pending *find_pending(struct cvsw_v3_end *end, uint32_t index)
{
	struct cvsw_v3_pending *at;
	unsigned int i;

	cvsw_v3_each_pending(at, i, end)
		if (cvsw_v3_session_exists(&at->session) && at->session.index == index)
			return at;
	return NULL;
}

static bool is_index_used(struct cvsw_v3_end *end, uint32_t index)
{
	if (find_pending(end, index))
		return true;
	return cvsw_v3_session_exists(&end->live) && end->live.index == index;
}

uint32_t cvsw_v3_next_index(struct cvsw_v3_end *end)
{
	uint32_t index;

	do
		index = end->number << 8 | ++end->serial;
	while (!index || is_index_used(end, index));
	return index;
}

static_assert(CVSW_V3_ACCEPT_MAC_AT + CVSW_V3_HASH_LEN == CVSW_V3_ACCEPT_LEN, "VERSION3.md");
static_assert(CVSW_V3_COOKIE_MAC_AT + CVSW_V3_HASH_LEN == CVSW_V3_COOKIE_LEN, "VERSION3.md");

bool cvsw_v3_answer_mac(const struct cvsw_v3_end *end, const uint8_t *frame, size_t len,
			const uint8_t ephemeral[CVSW_V3_KEY_LEN], uint8_t mac[CVSW_V3_HASH_LEN])
{
	static const uint8_t label[] = "CVSW3 answer";
	const struct cvsw_v3_crypto *crypto = end->crypto;
	uint8_t key[CVSW_V3_HASH_LEN], data[CVSW_V3_ACCEPT_MAC_AT + CVSW_V3_KEY_LEN];
	bool good;

	memcpy(data, frame, len);
	memcpy(data + len, ephemeral, CVSW_V3_KEY_LEN);
	good = crypto->hmac(crypto->arg, key, end->psk, CVSW_V3_KEY_LEN, label,
			    sizeof(label) - 1) &&
	       crypto->hmac(crypto->arg, mac, key, sizeof(key), data, len + CVSW_V3_KEY_LEN);
	crypto->wipe(key, sizeof(key));
	return good;
}

/* ---- sending records ---- */

static bool is_ticket(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, CVSW_V3_TICKET_LEN);
}

static bool goes_on(const struct cvsw_v3_session *session)
{
	static const uint8_t none[CVSW_V3_TICKET_LEN];

	return !is_ticket(session->from, none);
}

/*
 * Does it continue the conversation that we have?  Also one that went on from the same
 * session as the current one did: the NIC gave up the one and made the other, so nothing
 * was said in between.
 */
static bool continues(const struct cvsw_v3_end *end, const struct cvsw_v3_session *session)
{
	return end->conversing && goes_on(session) &&
	       (is_ticket(session->from, end->ticket) || is_ticket(session->from, end->from));
}

bool cvsw_v3_emit(struct cvsw_v3_end *end, struct cvsw_v3_session *session, enum cvsw_v3_kind kind,
		  size_t len, uint64_t place)
{
	struct cvsw_v3_record record = { .kind = (uint8_t)kind, .len = len };
	size_t whole;

	/* What we have of another conversation is nothing to this peer. */
	if (session == &end->live || continues(end, session)) {
		record.base = end->stream.rx_base;
		record.got = end->stream.rx_got;
	}
	whole = cvsw_v3_seal(end->crypto, session, end->now, end->is_nic ? cvsw_v3_broadcast : end->mac,
			     &record, end->frame);
	if (!whole)
		return false;
	if (session == &end->live)
		end->ack_due = false;
	end->caller->send(end->caller->arg, end->frame, whole, place);
	return true;
}

bool cvsw_v3_emit_echo(struct cvsw_v3_end *end, struct cvsw_v3_session *session, uint64_t place)
{
	struct cvsw_writer w = cvsw_writer(end->frame + CVSW_V3_CONTENT_AT, CVSW_V3_ECHO_LEN);

	cvsw_put_u64(&w, session->window.next);
	cvsw_put_u64(&w, end->now);
	return cvsw_v3_emit(end, session, CVSW_V3_ECHO, CVSW_V3_ECHO_LEN, place);
}

static void emit_segment(struct cvsw_v3_end *end, const struct cvsw_v3_slot *slot, uint64_t number)
{
	struct cvsw_writer w = cvsw_writer(end->frame + CVSW_V3_CONTENT_AT, CVSW_V3_CONTENT_MAX);

	cvsw_put_u64(&w, number);
	cvsw_put_bytes(&w, slot->data, slot->len);
	cvsw_v3_emit(end, &end->live, slot->last ? CVSW_V3_SEGMENT_LAST : CVSW_V3_SEGMENT, w.at,
		     end->place);
}

/* ---- sessions ---- */

/* Both keys or none. */
static bool make_keys(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_session *session,
		      const uint8_t *tx, const uint8_t *rx)
{
	session->tx = crypto->key_make(crypto->arg, tx);
	session->rx = session->tx ? crypto->key_make(crypto->arg, rx) : NULL;
	if (!session->rx)
		cvsw_v3_session_end(crypto, session);
	return session->rx;
}

bool cvsw_v3_pend(struct cvsw_v3_end *end, struct cvsw_v3_pending *pending,
		  struct cvsw_v3_noise *noise, uint32_t index, uint32_t peer_index,
		  const uint8_t ticket[CVSW_V3_TICKET_LEN], bool goes_on)
{
	struct cvsw_v3_session *session = &pending->session;
	uint8_t to_controller[CVSW_V3_KEY_LEN], to_nic[CVSW_V3_KEY_LEN];
	bool good;

	cvsw_v3_session_end(end->crypto, session);
	session->index = index;
	session->peer_index = peer_index;
	session->made_at = end->now;
	memcpy(session->ticket, ticket, CVSW_V3_TICKET_LEN);
	memcpy(session->conversation, goes_on ? end->conversation : ticket, CVSW_V3_TICKET_LEN);
	if (goes_on)
		memcpy(session->from, end->ticket, CVSW_V3_TICKET_LEN);
	pending->order = end->n_pended++;
	pending->tries = 0;
	good = cvsw_v3_noise_split(end->crypto, noise, to_controller, to_nic) &&
	       make_keys(end->crypto, session, end->is_nic ? to_controller : to_nic,
			 end->is_nic ? to_nic : to_controller);
	if (good && end->tell_keys)
		end->tell_keys(end, session, to_controller, to_nic);
	end->crypto->wipe(to_controller, sizeof(to_controller));
	end->crypto->wipe(to_nic, sizeof(to_nic));
	return good;
}

/* When none of them is left. */
static void free_others(struct cvsw_v3_end *end)
{
	struct cvsw_v3_pending *at;
	unsigned int i;

	if (!end->others)
		return;
	for (i = 1; (at = cvsw_v3_pending_at(end, i)); i++)
		if (cvsw_v3_session_exists(&at->session))
			return;
	end->crypto->wipe(end->others, (CVSW_V3_PENDING - 1) * sizeof(*end->others));
	end->crypto->segment_free(end->crypto->arg, (uint8_t *)end->others);
	end->others = NULL;
}

/* Those with a lower order. */
static void end_pending(struct cvsw_v3_end *end, uint64_t order)
{
	struct cvsw_v3_pending *at;
	unsigned int i;

	cvsw_v3_each_pending(at, i, end)
		if (at->order < order)
			cvsw_v3_session_end(end->crypto, &at->session);
	free_others(end);
}

static void expire_pending(struct cvsw_v3_end *end)
{
	struct cvsw_v3_pending *at;
	unsigned int i;

	cvsw_v3_each_pending(at, i, end)
		if (cvsw_v3_session_exists(&at->session) &&
		    end->now - at->session.made_at >= CVSW_V3_PENDING_MS)
			cvsw_v3_session_end(end->crypto, &at->session);
	free_others(end);
}

static void begin_stream(struct cvsw_v3_end *end)
{
	cvsw_v3_stream_end(&end->stream);
	cvsw_v3_stream_init(&end->stream, end->crypto);
}

void cvsw_v3_forget(struct cvsw_v3_end *end)
{
	end->conversing = false;
	begin_stream(end);
}

static void end_live(struct cvsw_v3_end *end)
{
	end->late_index = end->live.index;
	end->late_at = end->now;
	cvsw_v3_session_end(end->crypto, &end->live);
}

/*
 * What the peer says cannot be, if both remember the same: one of the two was restored,
 * or there are two of it.  Whichever it is, they begin anew.
 */
static enum cvsw_v3_drop disagree(struct cvsw_v3_end *end)
{
	end->n_disagreed++;
	end->role->begin_anew(end);
	end->caller->event(end->caller->arg, CVSW_V3_EVENT_DISAGREED);
	return CVSW_V3_DROP_DISAGREES;
}

/*
 * The peer has used the pending keys: they are the current ones now.  Older ones it
 * has given up; newer ones it may be about to use, if this record was held up.
 */
static void establish(struct cvsw_v3_end *end, struct cvsw_v3_pending *pending)
{
	bool goes_on = continues(end, &pending->session);

	end_live(end);
	end->live = pending->session;
	memset(&pending->session, 0, sizeof(pending->session));
	memcpy(end->last_peer, pending->peer, sizeof(end->last_peer));
	end_pending(end, pending->order);
	end->n_sessions++;
	if (goes_on)
		cvsw_v3_stream_again(&end->stream);
	else
		begin_stream(end);
	end->conversing = true;
	memcpy(end->ticket, end->live.ticket, CVSW_V3_TICKET_LEN);
	memcpy(end->from, end->live.from, CVSW_V3_TICKET_LEN);
	memcpy(end->conversation, end->live.conversation, CVSW_V3_TICKET_LEN);
	end->ack_due = true;	/* the peer waits for a word under the new keys */
	end->heard_at = end->now;
	end->probe_at = 0;
	end->silent = false;
	end->role->established(end);
	end->caller->event(end->caller->arg,
			   goes_on ? CVSW_V3_EVENT_REKEYED : CVSW_V3_EVENT_FRESH);
}

static void fall_silent(struct cvsw_v3_end *end)
{
	if (end->silent)
		return;
	end->silent = true;
	end->caller->event(end->caller->arg, CVSW_V3_EVENT_SILENT);
}

/* Keys that are worn out are not kept. */
static void expire(struct cvsw_v3_end *end)
{
	expire_pending(end);
	if (!cvsw_v3_session_exists(&end->live) ||
	    cvsw_v3_session_usable(&end->live, end->now))
		return;
	cvsw_v3_session_end(end->crypto, &end->live);
	fall_silent(end);
}

/* ---- receiving records ---- */

static void echo_reply(struct cvsw_v3_end *end, const uint8_t *content, size_t len)
{
	struct cvsw_reader r = cvsw_reader(content, len);
	uint64_t sent_at;

	cvsw_skip(&r, 8);
	sent_at = cvsw_get_u64(&r);
	/* It is authentic, but a peer may answer what was never asked. */
	if (sent_at <= end->now && end->now - sent_at < CVSW_V3_DEAD_MS)
		cvsw_v3_stream_sample(&end->stream, end->now - sent_at);
}

static enum cvsw_v3_drop segment(struct cvsw_v3_end *end, const struct cvsw_v3_record *record,
				 const uint8_t *content)
{
	struct cvsw_reader r = cvsw_reader(content, record->len);
	uint64_t number = cvsw_get_u64(&r);
	enum cvsw_v3_drop drop;

	drop = cvsw_v3_stream_got(&end->stream, number, record->kind == CVSW_V3_SEGMENT_LAST,
				  content + r.at, cvsw_left(&r));
	end->ack_due = true;
	if (drop == CVSW_V3_DROP_DISAGREES)
		return disagree(end);
	/* A repeated segment is what a lost acknowledgement looks like: nothing was wrong. */
	return drop == CVSW_V3_DROP_REPLAYED ? CVSW_V3_OK : drop;
}

static enum cvsw_v3_drop echo(struct cvsw_v3_end *end, const uint8_t *content, size_t len)
{
	struct cvsw_reader r = cvsw_reader(content, len);

	/* It has records of ours that we know nothing of. */
	if (cvsw_get_u64(&r) > end->live.counter)
		return disagree(end);
	memcpy(end->frame + CVSW_V3_CONTENT_AT, content, len);
	cvsw_v3_emit(end, &end->live, CVSW_V3_ECHO_REPLY, len, end->place);
	return CVSW_V3_OK;
}

static enum cvsw_v3_drop do_record(struct cvsw_v3_end *end, const struct cvsw_v3_record *record,
				   uint8_t *frame)
{
	const uint8_t *content = frame + CVSW_V3_CONTENT_AT;

	switch (record->kind) {
	case CVSW_V3_SEGMENT:
	case CVSW_V3_SEGMENT_LAST:
		return segment(end, record, content);
	case CVSW_V3_ECHO:
		return echo(end, content, record->len);
	case CVSW_V3_ECHO_REPLY:
		echo_reply(end, content, record->len);
		return CVSW_V3_OK;
	case CVSW_V3_PACKET_IN:
		return end->role->packet_in(end, content, record->len);
	default:
		return CVSW_V3_OK;
	}
}

static void heard(struct cvsw_v3_end *end)
{
	end->heard_at = end->now;
	end->probe_at = 0;
	if (!end->silent)
		return;
	end->silent = false;
	end->caller->event(end->caller->arg, CVSW_V3_EVENT_HEARD);
}

/* An acknowledgement in the newest record is never behind the one before it. */
static bool goes_back(struct cvsw_v3_end *end, const struct cvsw_v3_record *record)
{
	bool back = record->newest && record->base < end->live.told;

	if (record->newest)
		end->live.told = record->base;
	return back;
}

/* Held up, and the other end may have changed its keys meanwhile. */
static bool is_late(const struct cvsw_v3_end *end, uint32_t index)
{
	return end->late_index && index == end->late_index &&
	       end->now - end->late_at < CVSW_V3_LATE_MS;
}

static enum cvsw_v3_drop sealed(struct cvsw_v3_end *end, uint8_t *frame, size_t len, uint64_t place)
{
	struct cvsw_v3_pending *pending = find_pending(end, cvsw_v3_index(frame));
	struct cvsw_v3_session *session = pending ? &pending->session : &end->live;
	struct cvsw_v3_record record;
	enum cvsw_v3_drop drop;

	if (!pending && is_late(end, cvsw_v3_index(frame)))
		return CVSW_V3_DROP_OLD;
	drop = cvsw_v3_open(end->crypto, session, end->now, frame, len, &record);
	if (drop == CVSW_V3_DROP_DISAGREES)
		return disagree(end);
	if (drop)
		return drop;
	/* It continues what has ended meanwhile. */
	if (pending && goes_on(session) && !continues(end, session)) {
		cvsw_v3_session_end(end->crypto, session);
		return CVSW_V3_DROP_SESSION;
	}
	if (pending)
		establish(end, pending);
	else
		heard(end);
	/* One that was held up says where the NIC was, not where it is. */
	if (record.newest)
		end->place = place;
	if (goes_back(end, &record) ||
	    !cvsw_v3_stream_acked(&end->stream, record.base, record.got, end->now))
		return disagree(end);
	return do_record(end, &record, frame);
}

enum cvsw_v3_drop cvsw_v3_receive(struct cvsw_v3_end *end, uint8_t *frame, size_t len,
				  uint64_t place, uint64_t now)
{
	enum cvsw_v3_type type;
	enum cvsw_v3_drop drop;

	tick(end, now);
	expire(end);
	drop = cvsw_v3_check(frame, &len, &type);
	if (drop)
		return drop;
	if (type != CVSW_V3_SEALED && (type == CVSW_V3_REGISTER) == end->is_nic)
		return CVSW_V3_DROP_TYPE;
	if (!end->role->is_for_us(end, type, frame))
		return CVSW_V3_DROP_ADDRESS;
	if (!end->have_psk)
		return CVSW_V3_DROP_NO_KEY;
	if (type == CVSW_V3_SEALED)
		return sealed(end, frame, len, place);
	return end->role->receive(end, type, frame, place, now);
}

/* ---- messages ---- */

bool cvsw_v3_up(const struct cvsw_v3_end *end)
{
	return cvsw_v3_session_usable(&end->live, end->now);
}

size_t cvsw_v3_room(const struct cvsw_v3_end *end)
{
	return end->conversing ? cvsw_v3_stream_room(&end->stream) : 0;
}

bool cvsw_v3_send(struct cvsw_v3_end *end, const uint8_t *message, size_t len)
{
	return end->conversing && cvsw_v3_stream_put(&end->stream, message, len);
}

size_t cvsw_v3_take(struct cvsw_v3_end *end, uint8_t *message, bool *too_long)
{
	size_t len = cvsw_v3_stream_take(&end->stream, message, too_long);

	/* The peer may go on. */
	if (len)
		end->ack_due = true;
	return len;
}

bool cvsw_v3_packet_in(struct cvsw_v3_end *end, const uint8_t *content, size_t len, uint64_t now)
{
	tick(end, now);
	if (!end->is_nic || len > CVSW_V3_CONTENT_MAX)
		return false;
	memcpy(end->frame + CVSW_V3_CONTENT_AT, content, len);
	return cvsw_v3_emit(end, &end->live, CVSW_V3_PACKET_IN, len, 0);
}

/* ---- time ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t echo_due(const struct cvsw_v3_end *end)
{
	uint64_t again = end->silent ? CVSW_V3_ECHO_MS : CVSW_V3_ECHO_AGAIN_MS;

	return later(end->heard_at + CVSW_V3_ECHO_MS, end->echo_at + again);
}

void cvsw_v3_run(struct cvsw_v3_end *end, uint64_t now)
{
	const struct cvsw_v3_slot *slot;
	uint64_t number;

	tick(end, now);
	expire(end);
	if (cvsw_v3_up(end) && end->now - end->heard_at >= CVSW_V3_DEAD_MS)
		fall_silent(end);
	end->role->run(end);
	while (cvsw_v3_up(end) && (slot = cvsw_v3_stream_due(&end->stream, end->now, &number)))
		emit_segment(end, slot, number);
	if (!cvsw_v3_up(end))
		return;
	if (end->now >= echo_due(end)) {
		end->echo_at = end->now;
		cvsw_v3_emit_echo(end, &end->live, end->place);
	}
	if (end->ack_due) {
		end->ack_due = false;	/* even if it fails: the peer will ask again */
		cvsw_v3_emit(end, &end->live, CVSW_V3_NOTHING, 0, end->place);
	}
}

uint64_t cvsw_v3_deadline(const struct cvsw_v3_end *end)
{
	uint64_t due = end->role->deadline(end);

	if (cvsw_v3_up(end)) {
		due = sooner(due, end->ack_due ? 0 : echo_due(end));
		due = sooner(due, cvsw_v3_stream_deadline(&end->stream));
		due = sooner(due, end->live.made_at + CVSW_V3_EXPIRE_MS);
		if (!end->silent)
			due = sooner(due, end->heard_at + CVSW_V3_DEAD_MS);
	}
	if (due == UINT64_MAX)
		return due;
	return due > end->now ? end->clock + (due - end->now) : 0;
}

/* ---- life ---- */

void cvsw_v3_end_free(struct cvsw_v3_end *end)
{
	void (*wipe)(void *data, size_t len) = end->crypto->wipe;

	cvsw_v3_session_end(end->crypto, &end->live);
	end_pending(end, UINT64_MAX);
	cvsw_v3_stream_end(&end->stream);
	wipe(end, sizeof(*end));
}
