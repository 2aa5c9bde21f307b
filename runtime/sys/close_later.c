/* SPDX-License-Identifier: MIT */
/* Closing descriptors that take the kernel its time. */
#include "close_later.h"

#include "../base/cleanup.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

/* In the child: a process that is nobody's but the init's takes the descriptors to its end, which
 * comes when the last other copy is gone: the caller closes its end of the pipe then. All others
 * are closed first: pipes and locks of the caller must not live on in it. */
static _Noreturn void leave_to_another(const int kept[], size_t count, int end)
{
	char none;

	process_close_others(0, kept, count);
	if (process_clone(0, NULL) == 0)
		while (read(end, &none, sizeof(none)) < 0 && errno == EINTR)
			;
	_exit(0);
}

static void make_another(const int fds[], size_t count, const int pipe[2])
{
	int kept[CLOSE_LATER_MAX + 1], pidfd = -1;
	pid_t pid = process_clone(0, &pidfd);

	if (pid == 0) {
		memcpy(kept, fds, count * sizeof(*fds));
		kept[count] = pipe[0];
		leave_to_another(kept, count + 1, pipe[0]);
	}
	if (pid > 0) {
		process_wait(pidfd, NULL);
		close(pidfd);
	}
}

static bool has_any(const int fds[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			return true;
	return false;
}

void close_later(int fds[], size_t count)
{
	int pipe[2] = {-1, -1};

	if (!has_any(fds, count))
		return;
	if (pipe2(pipe, O_CLOEXEC) == 0)
		make_another(fds, count, pipe);
	for (size_t i = 0; i < count; i++) {
		cleanup_fd(&fds[i]);
		fds[i] = -1;
	}
	cleanup_fd(&pipe[0]);
	cleanup_fd(&pipe[1]);
}
