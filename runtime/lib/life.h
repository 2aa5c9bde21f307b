/* SPDX-License-Identifier: MIT */
/* The life of a machine, from the wish to the last trace, over reboots. */
#ifndef FLOE_LIB_LIFE_H
#define FLOE_LIB_LIFE_H

#include "../floe.h"
#include "../monitor/log.h"
#include "../spec/spec.h"

#include <stdint.h>

/* Everything stays the caller's. */
struct life {
	struct spec *spec; /* resolved, its directory known */
	int input, output, error_output;
	int signal_fd;
	bool detached;             /* console to a log; the monitor is a process of its own */
	bool started_is_ready;     /* nobody waits for PID 1 to say so */
	bool must_be_ready;        /* an end before that is an error, whatever the status */
	uint64_t ready_timeout_us; /* 0: no limit */
	floe_note_function note;   /* may be NULL */
	void *note_context;
	void (*ready)(void *context); /* called once; may be NULL */
	void *ready_context;
};

/* Lives it. *STATUS as floe_run() gives it; also set when an error is returned because the machine
 * itself failed. */
int life_run(const struct life *life, int *status, struct floe_error *error);

/* Completes SPEC: finds the image a name stands for, derives and checks (spec_resolve()). */
int life_resolve(struct spec *spec, struct floe_error *error);

#endif
