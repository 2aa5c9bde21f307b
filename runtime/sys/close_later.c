/* SPDX-License-Identifier: MIT */
/* Closing descriptors that take the kernel its time. */
#include "close_later.h"

#include "../base/cleanup.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#define STACK_SIZE 16384

struct errand {
	int kept[CLOSE_LATER_MAX + 1];
	size_t count;
	int end;
	_Alignas(16) char stack[STACK_SIZE];
};

/* A process that is nobody's but the init's takes the descriptors to its end, which comes when the
 * last other copy is gone: the caller closes its end of the pipe then. All others are closed first:
 * pipes and locks of the caller must not live on in it. */
static int leave_to_another(void *context)
{
	const struct errand *errand = context;
	char none;

	process_close_others(0, errand->kept, errand->count);
	if (process_clone(0, NULL) == 0)
		while (read(errand->end, &none, sizeof(none)) < 0 && errno == EINTR)
			;
	_exit(0);
}

static void make_another(const int fds[], size_t count, const int pipe[2])
{
	struct errand errand;

	errand.count = count + 1;
	errand.end = pipe[0];
	memcpy(errand.kept, fds, count * sizeof(*fds));
	errand.kept[count] = pipe[0];
	process_run_on(errand.stack + sizeof(errand.stack), leave_to_another, &errand);
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
