/* SPDX-License-Identifier: MIT */
/* A descriptor of the caller's that is read or written without ever blocking. */
#include "outside.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What poll(2) promises to fit: PIPE_BUF for a pipe (pipe(7)), 256 for a terminal (WAKEUP_CHARS,
 * drivers/tty/n_tty.c). */
#define SMALL_PIECE 256

/* A second opening of the same terminal or pipe, with its own flags. -1: not possible, as when the
 * terminal belongs to another user. */
static int open_again(int fd, int access)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Opened again it would be another pty (Documentation/admin-guide/devices.txt: 5:2 is ptmx). */
static bool is_pty_main(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(5, 2);
}

int outside_open(struct outside *outside, int fd, int access)
{
	struct stat status;

	*outside = (struct outside){.fd = -1};
	if (fd < 0)
		return 0;
	if (fstat(fd, &status) < 0)
		return -errno;
	outside->socket = S_ISSOCK(status.st_mode);
	if (S_ISFIFO(status.st_mode) || (isatty(fd) && !is_pty_main(&status)))
		outside->fd = open_again(fd, access);
	outside->nonblocking = outside->socket || outside->fd >= 0;
	/* Regular files never make anybody wait long, and a second opening would lose their
	 * offset. */
	if (outside->fd < 0)
		outside->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return outside->fd < 0 ? -errno : 0;
}

ssize_t outside_read(struct outside *outside, void *data, size_t size)
{
	ssize_t length = outside->socket ? recv(outside->fd, data, size, MSG_DONTWAIT)
					 : read(outside->fd, data, size);

	return length < 0 ? -errno : length;
}

ssize_t outside_write(struct outside *outside, const void *data, size_t size)
{
	ssize_t length;

	if (!outside->nonblocking && size > SMALL_PIECE)
		size = SMALL_PIECE;
	length = outside->socket ? send(outside->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
				 : write(outside->fd, data, size);
	return length < 0 ? -errno : length;
}

void outside_close(struct outside *outside)
{
	cleanup_fd(&outside->fd);
	outside->fd = -1;
}
