/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows for tests: from text, and at random from few values, so that they overlap. */
#ifndef CVSW_TEST_FLOWS_H
#define CVSW_TEST_FLOWS_H

#include "nic/desired.h"

/* A small generator of our own: a failing seed fails everywhere. */
uint32_t random_next(uint32_t *state);

/* In the form in which a NIC lists it; aborts on a wrong text. */
__attribute__((format(printf, 1, 2)))
struct cvsw_flow flow_of(const char *format, ...);
struct cvsw_flow random_flow(uint32_t *state);

/* Adds up to @n random flows. */
void random_flows(struct flowset *set, uint32_t *state, size_t n);

bool flowsets_equal(const struct flowset *a, const struct flowset *b);
void flowset_copy(struct flowset *to, const struct flowset *from);

/* Makes a layer's flows out of a struct flowset. */
extern const struct flows_maker maker_of_set;

#endif
