/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands with --local, in several files. */
#ifndef CTL_LOCAL_H
#define CTL_LOCAL_H

#include "ctl.h"

struct nl_sock;

/**
 * ctl_driver_open() - a socket to the driver of this machine
 * @sock: out: ended by nl_socket_free(); NULL after a failure
 *
 * Return: the generic netlink family's number, or -1 after a complaint.
 */
int ctl_driver_open(struct nl_sock **sock);

enum ctl_exit ctl_local_key(const struct ctl_options *options, char **args);
enum ctl_exit ctl_local_forget_key(const struct ctl_options *options, char **args);

#endif
