// SPDX-License-Identifier: GPL-2.0-or-later
/* The file a key is read from: for cvswd's keys, SAs and the driver's own key alike. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"

static bool is_private(int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		ctl_complain("%s: %s", name, strerror(errno));
	else if (S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO))
		ctl_complain("%s: others than its owner may read or write it (chmod 600)", name);
	else
		return true;
	return false;
}

int ctl_open_key(const char *name)
{
	int fd;

	if (!strcmp(name, "-"))
		return STDIN_FILENO;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ctl_complain("%s: %s", name, strerror(errno));
		return -1;
	}
	if (is_private(fd, name))
		return fd;
	close(fd);
	return -1;
}
