// SPDX-License-Identifier: GPL-2.0-or-later
/* The order in which a turn of the event loop does what was put off. */
#include <event2/event.h>
#include <string.h>
#include <time.h>

#include "base/turns.h"
#include "tap.h"

static struct event_base *base;
static struct event *ender;
static char order[256];
static size_t n_done;

static void note(char what)
{
	if (n_done < sizeof(order) - 1)
		order[n_done++] = what;
}

/* So much processor time. */
static void spend(unsigned int ms)
{
	clock_t until = clock() + ms * CLOCKS_PER_SEC / 1000;

	while (clock() < until)
		;
}

/**
 * struct job - work that notes its name
 * @ms: how long it takes; @again: how often it puts itself off once more; @end: it ends the loop
 */
struct job {
	struct turns_work work;
	char name;
	unsigned int ms;
	unsigned int again;
	bool end;
};

static void do_job(struct turns_work *work)
{
	struct job *job = (struct job *)work;

	note(job->name);
	spend(job->ms);
	if (job->again) {
		job->again--;
		turns_put_off(work);
	}
	if (job->end)
		event_active(ender, EV_TIMEOUT, 0);
}

#define JOB(...)	{ .work.run = do_job, __VA_ARGS__ }

/* An event comes in each turn, until the loop ends. */
static void on_event(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval now = { 0 };

	(void)fd;
	(void)what;
	note('.');
	evtimer_add(arg, &now);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

/* Until a job ends it, or for a second. */
static void run(void)
{
	static const struct timeval second = { .tv_sec = 1 };

	evtimer_add(ender, &second);
	turns_run(base);
}

static void begin(void)
{
	base = event_base_new();
	ender = evtimer_new(base, on_end, base);
	memset(order, 0, sizeof(order));
	n_done = 0;
}

static void end(void)
{
	event_free(ender);
	event_base_free(base);
}

static void test_once(void)
{
	struct job a = JOB(.name = 'a', .again = 2), b = JOB(.name = 'b', .end = true);

	begin();
	turns_put_off(&a.work);
	turns_put_off(&b.work);
	turns_put_off(&a.work);
	run();
	CHECK(!strcmp(order, "abaa"));
	CHECK(!a.work.waits && !b.work.waits);
	end();
}

static void test_dropped(void)
{
	struct job a = JOB(.name = 'a'), b = JOB(.name = 'b', .end = true);
	struct job c = JOB(.name = 'c', .work.last = true);

	begin();
	turns_put_off(&a.work);
	turns_put_off(&c.work);
	turns_put_off(&b.work);
	turns_drop(&a.work);
	turns_drop(&a.work);
	turns_drop(&c.work);
	run();
	CHECK(!strcmp(order, "b"));
	end();
}

static void test_full(void)
{
	struct job jobs[] = { JOB(.name = 'a', .ms = 15), JOB(.name = 'b', .ms = 15),
			      JOB(.name = 'c'), JOB(.name = 'd', .end = true) };
	struct event *event;

	begin();
	event = evtimer_new(base, on_event, event_self_cbarg());
	event_active(event, EV_TIMEOUT, 0);
	for (size_t i = 0; i < 4; i++)
		turns_put_off(&jobs[i].work);
	run();
	CHECK(!strncmp(order, "ab.cd", 5));
	event_free(event);
	end();
}

/* Events and what they put off come first, a piece of what comes last then, and so on. */
static void test_last(void)
{
	struct job a = JOB(.name = 'a'), last[] = {
		JOB(.name = 'x', .work.last = true), JOB(.name = 'y', .work.last = true),
		JOB(.name = 'z', .work.last = true, .end = true),
	};
	struct event *event;

	begin();
	event = evtimer_new(base, on_event, event_self_cbarg());
	event_active(event, EV_TIMEOUT, 0);
	for (size_t i = 0; i < 3; i++)
		turns_put_off(&last[i].work);
	turns_put_off(&a.work);
	run();
	CHECK(!strncmp(order, "a.x.y.z", 7));
	event_free(event);
	end();
}

/* There is always something else to do. */
static void test_last_in_any_case(void)
{
	struct job busy = JOB(.name = 'b', .ms = 5, .again = 100);
	struct job last = JOB(.name = 'x', .work.last = true, .end = true);

	begin();
	turns_put_off(&busy.work);
	turns_put_off(&last.work);
	run();
	CHECK(strchr(order, 'x') && n_done < 20);
	turns_drop(&busy.work);
	end();
}

const struct tap_test tests[] = {
	{ "turns: what is put off twice is done once, in order", test_once },
	{ "turns: what is dropped is not done", test_dropped },
	{ "turns: the rest of a full turn comes after the next events", test_full },
	{ "turns: what comes last is done piece by piece, behind all else", test_last },
	{ "turns: it is done in any case", test_last_in_any_case },
	{ 0 },
};
