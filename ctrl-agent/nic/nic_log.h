/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CVSWD_NIC_LOG_H
#define CVSWD_NIC_LOG_H

#include "hub/event.h"

/** nic_log() - hub_ear: what is worth a line even when nobody watches */
void nic_log(void *arg, const struct hub_event *event);

#endif
