/* SPDX-License-Identifier: MIT */
/* Closing descriptors that take the kernel its time. */
#include "close_later.h"

#include "../base/cleanup.h"
#include "process.h"

/* In the child: a process that is nobody's but the init's takes the descriptor to its end. All
 * others are closed first: pipes and locks of the caller must not live on in it. */
static _Noreturn void leave_to_another(int fd)
{
	process_close_others(0, &fd, 1);
	process_clone(0, NULL);
	_exit(0);
}

void close_later(int *fd)
{
	int pidfd = -1;
	pid_t pid = *fd < 0 ? -1 : process_clone(0, &pidfd);

	if (pid == 0)
		leave_to_another(*fd);
	cleanup_fd(fd);
	*fd = -1;
	if (pid < 0)
		return;
	process_wait(pidfd, NULL);
	close(pidfd);
}
