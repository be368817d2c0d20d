// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A flow's text: what to do. */
#include "cvsw_sa.h"
#include "cvsw_text_parser.h"

/* What the list ends with that lets nothing come behind it; NULL: nothing of the kind. */
static const char *last_word(const struct cvsw_flow *flow)
{
	uint16_t type = flow->n_actions ? flow->actions[flow->n_actions - 1].type : CVSW_ACT_OUTPUT;

	return type == CVSW_ACT_NEXT ? "next" : type == CVSW_ACT_GOTO_TABLE ? "goto_table" : NULL;
}

struct cvsw_action *text_add_action(struct text_parser *p, const struct text_word *word,
				    uint16_t type)
{
	struct cvsw_flow *flow = p->flow;
	const char *last = last_word(flow);
	struct cvsw_action *action;

	if (last) {
		text_fail(p, word->name, "%.*s comes behind %s, which must be last",
			  text_shown(word->name_len), word->name, last);
		return NULL;
	}
	if (p->inside && !cvsw_action_fits_in(type, p->inside)) {
		text_fail(p, word->name, "%.*s: a NIC has no %s with that in it",
			  text_shown(word->name_len), word->name,
			  p->inside == CVSW_ACT_CLONE ? "clone" :
			  p->inside == CVSW_ACT_GROUP ? "bucket" : "action set");
		return NULL;
	}
	if (flow->n_actions == CVSW_MAX_ACTIONS) {
		text_fail(p, word->name, "a flow has at most %d actions", CVSW_MAX_ACTIONS);
		return NULL;
	}
	p->action_at[flow->n_actions] = word->name;
	action = &flow->actions[flow->n_actions++];
	action->type = type;
	return action;
}

/* In words of ovs-ofctl's, which are actions of their own as well. */
static const struct {
	const char *name;
	uint16_t port;
} ports[] = {
	{ "NORMAL", CVSW_PORT_ONWARD }, { "NONE", CVSW_PORT_NONE },
	{ "IN_PORT", CVSW_PORT_IN_PORT }, { "LOCAL", CVSW_PORT_LOCAL },
	{ "HOST", CVSW_HOST }, { "NET", CVSW_NET }, { "1", CVSW_HOST }, { "2", CVSW_NET },
	{ "FLOOD", CVSW_PORT_FLOOD }, { "ALL", CVSW_PORT_ALL },
	{ "CONTROLLER", CVSW_PORT_CONTROLLER },
};

static bool act_plain(struct text_parser *p, const struct text_word *word,
		      const struct text_keyword *keyword)
{
	struct cvsw_action *action;

	if (!text_want_no_value(p, word))
		return false;
	action = text_add_action(p, word, (uint16_t)keyword->arg);
	if (action && action->type == CVSW_ACT_OUTPUT)
		action->port = (uint16_t)keyword->limit;
	return action;
}

/* dec_ttl(0): whom to tell of a TTL that ends; there is one controller, which is not told. */
static bool act_dec_ttl(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	struct text_word id = *word;
	uint64_t number;

	if (!text_want_no_value(p, word) || !text_add_action(p, word, (uint16_t)keyword->arg))
		return false;
	if (!word->opens)
		return true;
	id.value = p->at;
	id.value_len = strcspn(p->at, TEXT_SEPARATORS TEXT_PARENTHESES);
	p->at += id.value_len;
	if (!text_number(p, &id, UINT16_MAX, &number))
		return false;
	return (!number && text_closes(p)) ||
	       text_fail(p, id.value, "%.*s: a NIC has no other controllers to tell: expected "
			 "dec_ttl", text_shown(id.value_len), id.value);
}

bool text_port(struct text_parser *p, const struct text_word *word, uint16_t *port)
{
	struct text_word name = text_unquoted(word);
	size_t i;

	if (!text_want_value(p, word))
		return false;
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		*port = ports[i].port;
		if (text_same(name.value, name.value_len, ports[i].name))
			return true;
	}
	if (text_is_lacked(name.value, name.value_len))
		return text_fail_lacked(p, name.value, name.value_len, "port");
	if (text_names_field(name.value, name.value_len))
		return text_fail(p, name.value, "%.*s: a NIC has no output to a field's value",
				 text_shown(name.value_len), name.value);
	return text_fail(p, name.value, "%.*s: a NIC has no port of that name: expected HOST (1), "
			 "NET (2), LOCAL, IN_PORT, NORMAL (onward), CONTROLLER or NONE",
			 text_shown(name.value_len), name.value);
}

static bool arguments(struct text_parser *p, const struct text_word *word,
		      struct cvsw_action *action, const struct text_keyword *known, size_t n);

/* controller(max_len=LENGTH): what else ovs-ofctl has there only other controllers know. */
static bool arg_max_len(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	uint64_t number;

	if (!text_number(p, word, keyword->limit, &number))
		return false;
	p->action->max_len = (uint16_t)number;
	return true;
}

static bool arg_reason(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	(void)keyword;
	if (!text_want_value(p, word))
		return false;
	return text_same(word->value, word->value_len, "action") ||
	       text_fail(p, word->value, "%.*s: a NIC has no other reason than action",
			 text_shown(word->value_len), word->value);
}

static bool arg_id(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword)
{
	uint64_t number;

	if (!text_number(p, word, keyword->limit, &number))
		return false;
	return !number || text_fail(p, word->value, "%.*s: a NIC has no other controller than 0",
				    text_shown(word->value_len), word->value);
}

static const struct text_keyword controller_arguments[] = {
	{ "max_len",	arg_max_len, 0, 0xffff },
	{ "reason",	arg_reason, 1, 0 },
	{ "id",		arg_id, 2, 0xffff },
	{ NULL,		NULL, 0, 0 },
};

/* controller, or controller:LENGTH: all of the frame, or so much. */
static bool act_controller(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);
	uint64_t max_len = UINT16_MAX;

	if (!action || (word->value && !text_number(p, word, UINT16_MAX, &max_len)))
		return false;
	action->max_len = (uint16_t)max_len;
	return !word->opens || arguments(p, word, action, controller_arguments, 0);
}

static bool add_output(struct text_parser *p, const struct text_word *word, uint16_t port)
{
	struct cvsw_action *action;

	action = text_add_action(p, word, port == CVSW_PORT_CONTROLLER ? CVSW_ACT_CONTROLLER :
				 CVSW_ACT_OUTPUT);
	if (action && port == CVSW_PORT_CONTROLLER)
		action->max_len = 0xffff;
	else if (action)
		action->port = port;
	return action;
}

static bool arg_port(struct text_parser *p, const struct text_word *word,
		     const struct text_keyword *keyword)
{
	(void)keyword;
	return text_port(p, word, &p->action->port);
}

/* A frame that goes to a port goes whole. */
static bool arg_truncate(struct text_parser *p, const struct text_word *word,
			 const struct text_keyword *keyword)
{
	(void)keyword;
	return text_fail(p, word->name, "max_len: a NIC has no output that cuts a frame: expected "
			 "output(port=...) alone, or controller(max_len=...)");
}

static const struct text_keyword output_arguments[] = {
	{ "port",	arg_port, 0, 0 },
	{ "max_len",	arg_truncate, 1, 0 },
	{ NULL,		NULL, 0, 0 },
};

/* output(port=PORT) */
static bool output_by_name(struct text_parser *p, const struct text_word *word)
{
	struct cvsw_action told = { 0 };

	return arguments(p, word, &told, output_arguments, 1) && add_output(p, word, told.port);
}

/* output:PORT, which ovs-ofctl also takes as output(PORT) or a bare number. */
static bool act_output(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	struct text_word value = *word;
	uint16_t port;

	if (keyword->limit && !text_want_no_value(p, word))
		return false;
	if (keyword->limit) {
		value.value = word->name;
		value.value_len = word->name_len;
	}
	return text_port(p, &value, &port) && add_output(p, word, port);
}

/* ---- arguments in parentheses ---- */

enum argument {
	ARG_VNI, ARG_DST, ARG_SRC, ARG_DL_DST, ARG_DL_SRC, ARG_PORT, ARG_TTL, ARG_TOS, ARG_CSUM,
	ARG_SPI,
};

static bool arg_number(struct text_parser *p, const struct text_word *word,
		       const struct text_keyword *keyword)
{
	struct cvsw_tunnel *tunnel = &p->action->tunnel;
	uint64_t number, min = keyword->arg == ARG_SPI ? CVSW_SA_SPI_MIN :
			       keyword->arg == ARG_VNI ? 0 : 1;

	if (!text_number(p, word, keyword->limit, &number))
		return false;
	if (number < min)
		return text_fail(p, word->value, "%.*s: expected %llu or more",
				 text_shown(word->value_len), word->value,
				 (unsigned long long)min);
	if (keyword->arg == ARG_SPI)
		p->action->spi = (uint32_t)number;
	else if (keyword->arg == ARG_VNI)
		tunnel->id = (uint32_t)number;
	else if (keyword->arg == ARG_PORT)
		tunnel->udp_dst = (uint16_t)number;
	else
		tunnel->ttl = (uint8_t)number;
	return true;
}

static bool arg_ip(struct text_parser *p, const struct text_word *word,
		   const struct text_keyword *keyword)
{
	struct cvsw_tunnel *tunnel = &p->action->tunnel;
	uint8_t *ip = keyword->arg == ARG_DST ? tunnel->dst : tunnel->src;
	uint32_t addr;
	int i;

	if (!text_ipv4(p, word, &addr))
		return false;
	if (!addr)
		return text_fail(p, word->value, "%.*s is no end of a tunnel",
				 text_shown(word->value_len), word->value);
	ip[10] = ip[11] = 0xff;
	for (i = 15; i >= 12; i--, addr >>= 8)
		ip[i] = (uint8_t)addr;
	return true;
}

static bool arg_mac(struct text_parser *p, const struct text_word *word,
		    const struct text_keyword *keyword)
{
	struct cvsw_tunnel *tunnel = &p->action->tunnel;

	return text_mac(p, word, keyword->arg == ARG_DL_DST ? tunnel->dl_dst : tunnel->dl_src);
}

static bool arg_tos(struct text_parser *p, const struct text_word *word,
		    const struct text_keyword *keyword)
{
	struct cvsw_tunnel *tunnel = &p->action->tunnel;

	(void)keyword;
	if (!word->value || !text_same(word->value, word->value_len, "inherit"))
		return text_tos(p, word, &tunnel->tos);
	tunnel->flags |= CVSW_TUNNEL_INHERIT_TOS;
	return true;
}

static bool arg_csum(struct text_parser *p, const struct text_word *word,
		     const struct text_keyword *keyword)
{
	(void)keyword;
	p->action->tunnel.flags |= CVSW_TUNNEL_CSUM;
	return text_want_no_value(p, word);
}

static const struct text_keyword tunnel_arguments[] = {
	{ "vni",	arg_number, ARG_VNI, CVSW_VXLAN_VNI_MAX },
	{ "dst",	arg_ip, ARG_DST, 0 },
	{ "src",	arg_ip, ARG_SRC, 0 },
	{ "dl_dst",	arg_mac, ARG_DL_DST, 0 },
	{ "dl_src",	arg_mac, ARG_DL_SRC, 0 },
	{ "port",	arg_number, ARG_PORT, 0xffff },
	{ "ttl",	arg_number, ARG_TTL, 0xff },
	{ "tos",	arg_tos, ARG_TOS, 0 },
	{ "csum",	arg_csum, ARG_CSUM, 0 },
	{ NULL,		NULL, 0, 0 },
};

static const struct text_keyword encrypt_arguments[] = {
	{ "spi",	arg_number, ARG_SPI, 0xffffffff },
	{ NULL,		NULL, 0, 0 },
};

static bool one_argument(struct text_parser *p, const struct text_word *arg,
			 const struct text_keyword *known)
{
	const struct text_keyword *keyword = text_find(known, arg);

	if (!keyword || arg->opens)
		return text_fail_lacked(p, arg->name, arg->name_len, "argument");
	if (p->given & 1u << keyword->arg)
		return text_fail(p, arg->name, "%s was given before", keyword->words);
	p->given |= 1u << keyword->arg;
	return keyword->parse(p, arg, keyword);
}

/* Those of @action, up to the parenthesis that closes; the first @n of @known must be there. */
static bool arguments(struct text_parser *p, const struct text_word *word,
		      struct cvsw_action *action, const struct text_keyword *known, size_t n)
{
	struct text_word arg;
	size_t i;

	p->action = action;
	p->given = 0;
	while (!text_closes(p)) {
		if (!text_next_word(p, &arg))
			return text_fail(p, p->at, "expected ) behind the arguments of %.*s",
					 text_shown(word->name_len), word->name);
		if (!one_argument(p, &arg, known))
			return false;
	}
	for (i = 0; i < n; i++)
		if (!(p->given & 1u << known[i].arg))
			return text_fail(p, word->name, "%.*s needs %s=",
					 text_shown(word->name_len), word->name, known[i].words);
	return true;
}

static bool act_vxlan_encap(struct text_parser *p, const struct text_word *word,
			    const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);

	if (!action)
		return false;
	action->tunnel = (struct cvsw_tunnel){
		.type = CVSW_TUNNEL_VXLAN, .udp_dst = CVSW_VXLAN_PORT, .ttl = CVSW_TUNNEL_TTL,
	};
	return arguments(p, word, action, tunnel_arguments, 5);
}

static bool act_encrypt(struct text_parser *p, const struct text_word *word,
			const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);

	return action && arguments(p, word, action, encrypt_arguments, 1);
}

/* ---- tables ---- */

static bool act_goto_table(struct text_parser *p, const struct text_word *word,
			   const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);

	if (!action || !text_table(p, word, &action->table))
		return false;
	return action->table > p->flow->match.table ||
	       text_fail(p, word->value, "%.*s: expected a table behind the flow's own, %u",
			 text_shown(word->value_len), word->value, p->flow->match.table);
}

static bool resubmit_port(struct text_parser *p, const struct text_word *word, uint16_t *port)
{
	if (!text_port(p, word, port))
		return false;
	return *port == CVSW_PORT_IN_PORT || *port == CVSW_HOST || *port == CVSW_NET ||
	       text_fail(p, word->value, "%.*s: no frame comes from there: expected HOST, NET or "
			 "IN_PORT", text_shown(word->value_len), word->value);
}

/* resubmit:PORT; what ovs-ofctl writes resubmit(PORT,TABLE), either of them maybe nothing. */
static bool act_resubmit(struct text_parser *p, const struct text_word *word,
			 const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);
	struct text_word port = *word, table = *word;
	size_t len;

	if (!action)
		return false;
	action->resubmit.port = CVSW_PORT_IN_PORT;
	action->resubmit.table = CVSW_TABLE_SAME;
	if (!word->opens)
		return resubmit_port(p, word, &action->resubmit.port);
	port.value = p->at;
	port.value_len = strcspn(p->at, ",)");
	len = port.value_len + (p->at[port.value_len] == ',');
	table.value = p->at + len;
	table.value_len = strcspn(table.value, ",)");
	p->at = table.value + table.value_len;
	if (!text_closes(p))
		return text_fail(p, p->at, "expected ) behind resubmit(PORT,TABLE");
	if (port.value_len && !resubmit_port(p, &port, &action->resubmit.port))
		return false;
	if (table.value_len && !text_table(p, &table, &action->resubmit.table))
		return false;
	return port.value_len || table.value_len ||
	       text_fail(p, word->name, "resubmit needs a port or a table");
}

static bool one_action(struct text_parser *p, const struct text_word *word);

/* What stands in the parentheses of clone and write_actions.  Return: how many; 0: an error */
static size_t actions_inside(struct text_parser *p, const struct text_word *word,
			     uint16_t head)
{
	size_t before = p->flow->n_actions;
	struct text_word inner;

	p->inside = head;
	while (!text_closes(p)) {
		if (!text_next_word(p, &inner)) {
			text_fail(p, p->at, head == CVSW_ACT_CLONE ?
				  "expected ) behind what is cloned" :
				  "expected ) behind what is written");
			return 0;
		}
		if (!one_action(p, &inner))
			return 0;
	}
	p->inside = 0;
	if (p->flow->n_actions == before)
		text_fail(p, word->name, head == CVSW_ACT_CLONE ? "clone needs an action for the copy" :
			  "write_actions needs an action");
	return p->flow->n_actions - before;
}

static bool act_clone(struct text_parser *p, const struct text_word *word,
		      const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);

	if (action)
		action->n_cloned = (uint16_t)actions_inside(p, word, action->type);
	return action && action->n_cloned;
}

static bool act_write_actions(struct text_parser *p, const struct text_word *word,
			      const struct text_keyword *keyword)
{
	struct cvsw_action *action = text_add_action(p, word, (uint16_t)keyword->arg);

	if (action)
		action->n_written = (uint16_t)actions_inside(p, word, action->type);
	return action && action->n_written;
}

static const struct text_keyword action_keywords[] = {
#define act_move	text_act_move
#define act_load	text_act_load
#define act_group	text_act_group
#define ACTION_KEYWORD(id, number, type, subtype, length, arguments, word)	\
	{ word, act_##arguments, CVSW_ACT_##id, 0 },
	CVSW_ACTIONS(ACTION_KEYWORD)
#undef ACTION_KEYWORD
#define SETTER_KEYWORD(id, number, bytes, field, ofs, bits, left, right, ones, words)	\
	{ words, text_act_set, CVSW_SET_##id, 0 },
	CVSW_SETTERS(SETTER_KEYWORD)
#undef SETTER_KEYWORD
	/* Other words for them. */
	{ "normal",	act_plain, CVSW_ACT_OUTPUT, CVSW_PORT_ONWARD },
	{ "in_port",	act_plain, CVSW_ACT_OUTPUT, CVSW_PORT_IN_PORT },
	{ "local",	act_plain, CVSW_ACT_OUTPUT, CVSW_PORT_LOCAL },
	{ "flood",	act_plain, CVSW_ACT_OUTPUT, CVSW_PORT_FLOOD },
	{ "all",	act_plain, CVSW_ACT_OUTPUT, CVSW_PORT_ALL },
	{ "1 host",	act_output, CVSW_ACT_OUTPUT, CVSW_HOST },
	{ "2 net",	act_output, CVSW_ACT_OUTPUT, CVSW_NET },
	{ "pop_vlan",	act_plain, CVSW_ACT_STRIP_VLAN, 0 },
	{ "mod_nw_ttl",	text_act_mod, CVSW_FIELD_IP_TTL, 0 },
	{ "mod_nw_ecn",	text_act_mod, CVSW_FIELD_IP_ECN, 0 },
	{ "set_field",	text_act_set_field, 0, 0 },
	{ "write_metadata", text_act_write_metadata, 0, 0 },
	{ NULL,		NULL, 0, 0 },
};

/* NAME(VALUE), as ovs-ofctl takes NAME:VALUE; what is in the parentheses is read. */
static bool take_value(struct text_parser *p, struct text_word *word)
{
	size_t len = strcspn(p->at, TEXT_SEPARATORS TEXT_PARENTHESES);

	if (!len || memchr(p->at, '=', len) || p->at[len] != ')')
		return false;
	word->value = p->at;
	word->value_len = len;
	word->opens = false;
	p->at += len + 1;
	return true;
}

/* Which of them an action has. */
enum parentheses { NO_PARENTHESES, ITS_VALUE, MAY_HAVE_ARGUMENTS, HAS_ARGUMENTS };

static enum parentheses parentheses_of(const struct text_keyword *keyword)
{
	if (keyword->parse == act_vxlan_encap || keyword->parse == act_encrypt ||
	    keyword->parse == act_clone || keyword->parse == act_write_actions)
		return HAS_ARGUMENTS;
	if (keyword->parse == act_controller || keyword->parse == act_resubmit ||
	    keyword->parse == act_dec_ttl)
		return MAY_HAVE_ARGUMENTS;
	return keyword->parse == act_plain ? NO_PARENTHESES : ITS_VALUE;
}

/* A number or a name in quotation marks is a port. */
static bool unknown_action(struct text_parser *p, const struct text_word *word)
{
	struct text_word port = *word;
	uint16_t number;

	if (*word->name != '"' && (*word->name < '0' || *word->name > '9'))
		return text_fail_lacked(p, word->name, word->name_len, "action");
	if (!text_want_no_value(p, word))
		return false;
	port.value = word->name;
	port.value_len = word->name_len;
	return text_port(p, &port, &number) && add_output(p, word, number);
}

static bool one_action(struct text_parser *p, const struct text_word *given)
{
	const struct text_keyword *keyword = text_find(action_keywords, given);
	struct text_word own = *given, *word = &own;
	enum parentheses parentheses;
	bool takes_arguments;

	if (!keyword)
		return unknown_action(p, word);
	parentheses = parentheses_of(keyword);
	takes_arguments = parentheses == HAS_ARGUMENTS;
	if (word->opens && parentheses == ITS_VALUE && !take_value(p, word) &&
	    keyword->parse == act_output)
		return output_by_name(p, word);
	if (parentheses == MAY_HAVE_ARGUMENTS || word->opens == takes_arguments)
		return keyword->parse(p, word, keyword);
	return text_fail(p, word->name + word->name_len, takes_arguments ?
			 "%.*s needs arguments: expected %s(...)" : "%.*s takes no arguments",
			 text_shown(word->name_len), word->name, keyword->words);
}

bool text_is_bucket(const struct text_word *word)
{
	return word->value && text_same(word->name, word->name_len, "bucket");
}

/* A bucket's actions end where the next bucket begins. */
static bool next_of_list(struct text_parser *p, struct text_word *word)
{
	if (!text_next_word(p, word))
		return false;
	if (p->inside != CVSW_ACT_GROUP || !text_is_bucket(word))
		return true;
	p->at = word->name;
	return false;
}

bool text_actions(struct text_parser *p)
{
	struct text_word word;
	const char *drop = NULL;

	while (next_of_list(p, &word)) {
		bool is_drop = text_same(word.name, word.name_len, "drop");

		if (drop || (is_drop && p->flow->n_actions))
			return text_fail(p, drop ? drop : word.name, "drop stands alone");
		if (is_drop && word.opens)
			return text_fail(p, p->at - 1, "drop takes no arguments");
		if (is_drop && !text_want_no_value(p, &word))
			return false;
		if (is_drop)
			drop = word.name;
		else if (!one_action(p, &word))
			return false;
	}
	return true;
}

bool text_check_actions(struct text_parser *p)
{
	size_t misfit = cvsw_actions_misfit(p->flow);
	const char *at;

	if (misfit == p->flow->n_actions)
		return true;
	at = p->action_at[misfit];
	return text_fail(p, at, "%.*s needs a protocol that the match does not name",
			 text_shown(strcspn(at, TEXT_SEPARATORS TEXT_PARENTHESES)), at);
}
