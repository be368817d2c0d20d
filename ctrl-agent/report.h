/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon knows, as JSON: for clients, and for the state file. */
#ifndef CVSWD_REPORT_H
#define CVSWD_REPORT_H

#include <jansson.h>

#include "agent.h"

/* Each returns a new reference. */
json_t *report_switches(struct agent *agent);
json_t *report_nics(struct agent *agent);
json_t *report_nic(const struct nic *nic);
json_t *report_offload(uint16_t offload);
json_t *report_overlay(const struct overlay *overlay);
json_t *report_overlay_config(const struct overlay_config *config);
json_t *report_macs(const struct overlay_member *member);
json_t *report_ipv4(uint32_t address);

/** report_key_len() - bytes of an algorithm's key; 0: there is no such algorithm */
uint8_t report_key_len(const char *name);
const char *report_algorithm(uint8_t key_len);

/** report_flow_text() - malloc()ed; what cvsw_text_parse() reads back */
char *report_flow_text(const struct cvsw_flow *flow);

/** report_flows() - those inside @match (NULL: all), by falling priority */
json_t *report_flows(const struct flowset *flows, const struct cvsw_match *match);

#endif
