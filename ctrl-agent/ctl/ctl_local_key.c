// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --local key: give a NIC its pre-shared key.  It is read from a file or standard
 * input, never from an argument, which everyone on the machine could read;
 * never shown, and wiped here behind its way to the driver.
 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_local.h"
#include "cvsw_nl.h"
#include "cvsw_v3_crypto.h"
#include "base/hex.h"

#define DIGITS	(2 * CVSW_V3_KEY_LEN)
/* What a file may hold: the digits, and blanks and newlines around them. */
#define MAX_KEY_TEXT	256

/* 64 hexadecimal digits, and nothing else but blanks around them. */
static bool parse_key(const char *text, size_t len, uint8_t key[CVSW_V3_KEY_LEN])
{
	size_t at = 0;

	while (at < len && isspace((unsigned char)text[at]))
		at++;
	while (len > at && isspace((unsigned char)text[len - 1]))
		len--;
	return len - at == DIGITS && hex_bytes(text + at, key, CVSW_V3_KEY_LEN);
}

static ssize_t read_text(int fd, char *text, size_t room)
{
	size_t len = 0;
	ssize_t n;

	while (len < room && (n = read(fd, text + len, room - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

static bool read_key(const char *name, uint8_t key[CVSW_V3_KEY_LEN])
{
	int fd = ctl_open_key(name);
	char text[MAX_KEY_TEXT];
	ssize_t len;
	bool good;

	if (fd < 0)
		return false;
	len = read_text(fd, text, sizeof(text));
	good = len >= 0 && parse_key(text, (size_t)len, key);
	if (!good)
		ctl_complain("%s: a key is %d hexadecimal digits",
			     fd == STDIN_FILENO ? "stdin" : name, DIGITS);
	explicit_bzero(text, sizeof(text));
	if (fd != STDIN_FILENO)
		close(fd);
	return good;
}

/* @key: NULL: none any more.  The message is wiped. */
static int send_key(struct nl_sock *sock, int family, uint32_t ifindex, const uint8_t *key)
{
	struct nl_msg *msg = nlmsg_alloc();
	int error = -NLE_NOMEM;

	if (!msg)
		return error;
	if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_ACK, CVSW_NL_SET_KEY,
			CVSW_NL_VERSION)) {
		error = nla_put_u32(msg, CVSW_NLA_IFINDEX, ifindex);
		if (!error && key)
			error = nla_put(msg, CVSW_NLA_KEY, CVSW_V3_KEY_LEN, key);
		if (!error)
			error = nl_send_auto(sock, msg);
	}
	explicit_bzero(nlmsg_data(nlmsg_hdr(msg)), (size_t)nlmsg_datalen(nlmsg_hdr(msg)));
	nlmsg_free(msg);
	return error < 0 ? error : nl_wait_for_ack(sock);
}

static enum ctl_exit give(const char *device, const uint8_t *key)
{
	uint32_t ifindex = if_nametoindex(device);
	struct nl_sock *sock = NULL;
	int family, error = 0;

	if (!ifindex) {
		ctl_complain("no network device \"%s\" here", device);
		return CTL_FAILED;
	}
	family = ctl_driver_open(&sock);
	if (family < 0)
		return CTL_FAILED;
	error = send_key(sock, family, ifindex, key);
	nl_socket_free(sock);
	if (error == -NLE_PERM || error == -NLE_NOACCESS)
		ctl_complain("this needs CAP_NET_ADMIN");
	else if (error == -NLE_NODEV || error == -NLE_OBJ_NOTFOUND)
		ctl_complain("\"%s\" is not driven by CVSW", device);
	else if (error < 0)
		ctl_complain("the driver: %s", nl_geterror(error));
	return error < 0 ? CTL_FAILED : CTL_OK;
}

enum ctl_exit ctl_local_key(const struct ctl_options *options, char **args)
{
	bool from_stdin = args[1] && !strcmp(args[1], "-");
	enum ctl_exit result = CTL_FAILED;
	uint8_t key[CVSW_V3_KEY_LEN];

	if ((args[1] && !from_stdin) || from_stdin == !!options->file) {
		ctl_complain("the key comes from --file FILE, or with - from standard input");
		return CTL_USAGE;
	}
	if (read_key(from_stdin ? "-" : options->file, key))
		result = give(args[0], key);
	explicit_bzero(key, sizeof(key));
	return result;
}

enum ctl_exit ctl_local_forget_key(const struct ctl_options *options, char **args)
{
	(void)options;
	return give(args[0], NULL);
}
