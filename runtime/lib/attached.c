/* SPDX-License-Identifier: MIT */
/* The other end of the monitor's socket. */
#include "attached.h"

#include "../base/cleanup.h"
#include "../monitor/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* By a descriptor of the directory, whose path may be longer than a socket's can be. */
static int connect_in(int fd, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[PATH_MAX];
	CLEANUP_FD int directory = -1;

	snprintf(path, sizeof(path), "%s/%s", state_root(), name);
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET,
		 directory);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

int attached_open(const struct target *target, struct floe_error *error)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : connect_in(fd, target->name);

	if (r == 0)
		return take_fd(&fd);
	if (r != -ENOENT)
		return err_errno(error, -r, "cannot reach the monitor %d of %s",
				 (int)target->state.monitor, target->name);
	err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
		"%s runs in the foreground of process %d, which has its console", target->name,
		(int)target->state.monitor);
	return err_hint(error, "\"floe start\" runs it in the background");
}

int attached_send(int fd, char type, const void *data, size_t size)
{
	char packet[1 + ATTACH_KEYS_MAX];

	if (size > ATTACH_KEYS_MAX)
		return -EMSGSIZE;
	packet[0] = type;
	if (size > 0)
		memcpy(packet + 1, data, size);
	return send(fd, packet, size + 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
