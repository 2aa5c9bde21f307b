/* SPDX-License-Identifier: MIT */
/* Writing to pipes without SIGPIPE, and without touching the caller's handling of it. */
#include "sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static void only_sigpipe(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGPIPE);
}

void sigpipe_block(struct sigpipe_guard *guard)
{
	sigset_t set;

	sigpending(&set);
	guard->pending = sigismember(&set, SIGPIPE) == 1;
	only_sigpipe(&set);
	pthread_sigmask(SIG_BLOCK, &set, &guard->mask);
}

/* A SIGPIPE that a write caused is sent to the writing thread (pipe(7)): it can be taken here. */
void sigpipe_restore(const struct sigpipe_guard *guard)
{
	const struct timespec now = {0};
	sigset_t set;

	only_sigpipe(&set);
	while (!guard->pending && sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
}
