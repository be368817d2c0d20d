// SPDX-License-Identifier: GPL-2.0-or-later
#include "keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cvsw_v3_keylog.h"
#include "base/log.h"

static int file = -1;

static const char *wrong_with(int fd)
{
	struct stat is;

	if (fstat(fd, &is))
		return strerror(errno);
	if (!S_ISREG(is.st_mode))
		return "not a regular file";
	if (is.st_uid != geteuid() || is.st_mode & (S_IRWXG | S_IRWXO))
		return "others may read or write it, and keys are to stand in it: chmod 600 it, or remove it";
	return NULL;
}

bool keylog_open(const char *path)
{
	/* Not to wait for the other end of a pipe, before it is refused. */
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = open(path, flags, 0600);
	const char *wrong = fd < 0 ? strerror(errno) : wrong_with(fd);

	if (wrong) {
		log_line(LOG_ERR, "key log %s: %s", path, wrong);
		if (fd >= 0)
			close(fd);
		return false;
	}
	file = fd;
	log_line(LOG_WARNING, "the keys of all sessions are written to %s: whoever has it can read them",
		 path);
	return true;
}

void keylog_write(const struct cvsw_v3_keys *keys)
{
	char line[CVSW_V3_KEYLOG_LEN + 1];

	cvsw_v3_keylog_line(keys, line);
	if (write(file, line, CVSW_V3_KEYLOG_LEN) != CVSW_V3_KEYLOG_LEN)
		log_limited(LOG_ERR, "the key log lacks a session: %s", strerror(errno));
	explicit_bzero(line, sizeof(line));
}

void keylog_close(void)
{
	if (file >= 0)
		close(file);
	file = -1;
}
