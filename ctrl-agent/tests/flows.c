// SPDX-License-Identifier: GPL-2.0-or-later
#include "flows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "nic/flow_text.h"

uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

struct cvsw_flow flow_of(const char *format, ...)
{
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!flow_text_parse(text, &flow, &error)) {
		fprintf(stderr, "%s: column %u: %s\n", text, error.column, error.message);
		abort();
	}
	return flow;
}

struct cvsw_flow random_flow(uint32_t *state)
{
	static const char *const matches[] = {
		"", "in_port=1,", "ip,", "ip,nw_src=10.0.0.0/8,", "ip,nw_src=10.1.0.0/16,",
		"tcp,", "udp,", "tcp,nw_dst=10.1.2.3,", "tcp,tp_dst=80,",
		"in_port=1,tcp,tp_dst=80,",
		"arp,", "dl_vlan=5,", "dl_vlan=5,tcp,", "dl_src=02:00:00:00:00:01,",
		"dl_src=02:00:00:00:00:01,udp,tp_src=53,",
	};
	static const char *const actions[] = {
		"drop", "NORMAL", "mod_vlan_vid:7,NORMAL", "mod_nw_dst:10.9.9.9,NORMAL",
	};
	/* One after the other: of arguments the compiler chooses the order. */
	uint32_t cookie = random_next(state) % 2, priority = 1 + random_next(state) % 3;
	const char *match = matches[random_next(state) % (sizeof(matches) / sizeof(*matches))];

	return flow_of("cookie=%u,priority=%u,%sactions=%s", cookie, priority, match,
		       actions[random_next(state) % (sizeof(actions) / sizeof(*actions))]);
}

void random_flows(struct flowset *set, uint32_t *state, size_t n)
{
	while (n--) {
		struct cvsw_flow flow = random_flow(state);

		flowset_put(set, &flow);
	}
}

bool flowsets_equal(const struct flowset *a, const struct flowset *b)
{
	const struct flow_node *node;

	if (a->n != b->n)
		return false;
	flowset_each(node, a) {
		const struct cvsw_flow *other = flowset_find(b, &node->flow.match,
							     node->flow.priority);

		if (!other || !cvsw_flow_equal(&node->flow, other))
			return false;
	}
	return true;
}

void flowset_copy(struct flowset *to, const struct flowset *from)
{
	const struct flow_node *node;

	flowset_clear(to);
	flowset_each(node, from)
		flowset_put(to, &node->flow);
}

static void make_of_set(const void *of, struct flowset *flows)
{
	const struct flow_node *node;

	flowset_each(node, (const struct flowset *)of)
		flowset_put(flows, &node->flow);
}

static size_t count_of_set(const void *of)
{
	return ((const struct flowset *)of)->n;
}

const struct flows_maker maker_of_set = { make_of_set, count_of_set };
