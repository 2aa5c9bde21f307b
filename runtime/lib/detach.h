/* SPDX-License-Identifier: MIT */
/* A process that outlives its caller, and what it reports to it before. */
#ifndef FLOE_LIB_DETACH_H
#define FLOE_LIB_DETACH_H

#include "../floe.h"

#include <sys/types.h>

enum report_type {
	REPORT_NOTE,   /* error.message: the text */
	REPORT_FAILED, /* error: why; the daemon ends */
	REPORT_READY,  /* the caller may return; value: the daemon's pid */
};

struct report {
	enum report_type type;
	int value;
	struct floe_error error;
};

/* Sends REPORT to the caller; one that is gone is no concern of ours. */
void report_send(int channel, const struct report *report);

/* Receives one. 1, 0: the other end is closed, or a negative errno. */
int report_receive(int channel, struct report *report);

/*
 * Forks a daemon that runs FUNCTION and then ends with what it returns: a session of its own, no
 * terminal, / as working directory, umask 022, /dev/null as stdio, and no descriptor but CHANNEL
 * and those from 3 on that a service manager passed to the caller ($LISTEN_FDS). Its parent is the
 * host's init. Returns 0 and the caller's end of the channel in *CHANNEL, to be closed; the caller
 * sees no child and no SIGCHLD of it.
 */
int detach(int (*function)(void *context, int channel), void *context, int *channel,
	   struct floe_error *error);

#endif
