/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon knows, as JSON for clients. */
#ifndef CVSWD_REPORT_H
#define CVSWD_REPORT_H

#include <jansson.h>

#include "agent.h"
#include "nic/change.h"
#include "pieces.h"

/* Lists, each for one answer. */
struct pieces_list report_switches(struct agent *agent);
/** report_nics() - by MAC address; @keyed: those with a key */
struct pieces_list report_nics(struct agent *agent, bool keyed);
/** report_overlays() - @only one; NULL: all */
struct pieces_list report_overlays(struct agent *agent, const struct overlay *only);

/* Each returns a new reference. */
json_t *report_switch_event(const struct vswitch *vswitch, enum vswitch_event event);
/** report_database() - adds what of it is not as it should be */
void report_database(const struct agent *agent, json_t *json);
json_t *report_nic(const struct nic *nic);
/** report_state() - its link's, or "no key": it needs one to be talked to */
const char *report_state(const struct nic *nic);
json_t *report_overlay(const struct overlay *overlay);

/* report_event.c */
json_t *report_refusal(const struct nic_refusal *refusal);
json_t *report_drops(const struct nics *nics);
json_t *report_event(const struct hub_event *event);
/** report_claim() - of two that say to be one NIC: where they are */
json_t *report_claim(const struct nic *nic);
/** report_step() - of a trace; NULL: it cannot be read */
json_t *report_step(const struct cvsw_v3_step *step);

/** report_key_len() - bytes of an algorithm's key; 0: there is no such algorithm */
uint8_t report_key_len(const char *name);
const char *report_algorithm(uint8_t key_len);

/** report_cookie() - 64 bits, as a text in hex */
json_t *report_cookie(uint64_t cookie);

/**
 * report_flows() - a list of copies of those chosen, by falling priority
 * @counters: what stands for each beside it, by its name; NULL: nothing
 */
struct pieces_list report_flows(const struct flowset *flows, const struct choice *choice,
				json_t *counters);

#endif
