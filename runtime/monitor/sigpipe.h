/* SPDX-License-Identifier: MIT */
/* Writing to pipes without SIGPIPE, and without touching the caller's handling of it. */
#ifndef FLOE_MONITOR_SIGPIPE_H
#define FLOE_MONITOR_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe_guard {
	sigset_t mask; /* the thread's before */
	bool pending;  /* one was waiting already: it is not ours to take */
};

/* Blocks SIGPIPE in this thread; the signals our writes caused are taken back at the end. */
void sigpipe_block(struct sigpipe_guard *guard);
void sigpipe_restore(const struct sigpipe_guard *guard);

#endif
