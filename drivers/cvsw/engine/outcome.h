/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the engine: what has become of a frame so far. */
#ifndef CVSW_OUTCOME_H
#define CVSW_OUTCOME_H

#include "frames.h"
#include "table/key.h"
#include "walk.h"

/**
 * struct cvsw_outcome - what has become of a frame, and what helps on the way
 * @first: list of frames that are through
 * @end: where the next one is linked
 * @copies: made so far
 * @clones: of them, those that had actions of their own
 * @resubmits: and lookups that goto_table led to, of all copies
 * @at: layout of the frame...
 * @at_of: ...that this is, unchanged since; NULL: of none
 * @key: likewise, what was read of the frame...
 * @key_of: ...that this is
 */
struct cvsw_outcome {
	struct sk_buff *first;
	struct sk_buff **end;
	unsigned int copies;
	unsigned int clones;
	unsigned int resubmits;
	struct cvsw_layout at;
	const struct sk_buff *at_of;
	struct cvsw_key *key;
	const struct sk_buff *key_of;
};

/** cvsw_outcome_forget() - the frame has changed, or may be another at its address */
static inline void cvsw_outcome_forget(struct cvsw_outcome *out)
{
	out->at_of = NULL;
	out->key_of = NULL;
}

static inline const struct cvsw_layout *cvsw_outcome_layout(struct cvsw_outcome *out,
							    const struct sk_buff *skb)
{
	if (out->at_of != skb) {
		cvsw_layout_read(skb, &out->at);
		out->at_of = skb;
	}
	return &out->at;
}

/* In outputs.c. */

/** cvsw_output_is_spent() - may the frame have no more copies?  Then this is counted, as one */
bool cvsw_output_is_spent(const struct cvsw_walk *walk, const struct cvsw_outcome *out);

/** cvsw_output_copy_of() - as cvsw_frame_copy(), as long as a frame may have more copies */
struct sk_buff *cvsw_output_copy_of(struct cvsw_walk *walk, struct sk_buff *skb,
				    struct cvsw_outcome *out);

/** cvsw_output_goes_back() - does an output to this port turn the frame round? */
bool cvsw_output_goes_back(const struct cvsw_walk *walk, u16 port);

/** cvsw_output_last() - a list's last.  Return: the frame, if it goes on in its direction */
struct sk_buff *cvsw_output_last(struct cvsw_walk *walk, struct sk_buff *skb, u16 port,
				 struct cvsw_outcome *out);

/** cvsw_output_copy() - the frame as it is now goes out, and there is more to do with it */
void cvsw_output_copy(struct cvsw_walk *walk, struct sk_buff *skb, u16 port,
		      struct cvsw_outcome *out);

/** cvsw_output_tell() - a copy to the controller.  Return: the frame, if there is more to do */
struct sk_buff *cvsw_output_tell(struct cvsw_walk *walk, struct sk_buff *skb, unsigned int max_len);

/** cvsw_output_leave() - a list is through */
void cvsw_output_leave(struct cvsw_walk *walk, struct sk_buff *list, struct cvsw_outcome *out);

/* In action_set.c. */

/**
 * cvsw_action_set_write() - the next @n actions go into the set; @walk is behind them then
 * Return: false: it is full.
 */
bool cvsw_action_set_write(struct cvsw_walk *walk, unsigned int n);

/**
 * cvsw_action_set_run() - do the set, which is empty then, but for its group or output
 *
 * If there is one, @walk stands before it, as the only action of a list.
 * Return: what is left of the list.
 */
struct sk_buff *cvsw_action_set_run(struct cvsw_walk *walk, struct sk_buff *list,
				    struct cvsw_outcome *out);

/* In layers.c: each returns what is left of the frame, maybe a list. */

struct sk_buff *cvsw_layer_encap(struct cvsw_walk *walk, struct sk_buff *skb,
				 const struct cvsw_tunnel *tunnel, struct cvsw_outcome *out);
struct sk_buff *cvsw_layer_decap(struct cvsw_walk *walk, struct sk_buff *skb,
				 enum cvsw_action_type type, struct cvsw_outcome *out);
struct sk_buff *cvsw_layer_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi);

/** cvsw_layer_decrypt() - Return: false: it is others' ESP or none, and not changed */
bool cvsw_layer_decrypt(struct cvsw_walk *walk, struct sk_buff **skb, struct cvsw_outcome *out);

/** cvsw_layer_wants_pieces() - must the frame be in pieces before this action? */
bool cvsw_layer_wants_pieces(const struct sk_buff *skb, enum cvsw_action_type type,
			     struct cvsw_outcome *out);
struct sk_buff *cvsw_layer_pieces(struct cvsw_walk *walk, struct sk_buff *skb,
				  enum cvsw_action_type type, struct cvsw_outcome *out);

#endif
