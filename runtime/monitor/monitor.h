/* SPDX-License-Identifier: MIT */
/* The loop that attends one machine from the start of its payload to its end. */
#ifndef FLOE_MONITOR_MONITOR_H
#define FLOE_MONITOR_MONITOR_H

#include "../launch/launch.h"
#include "../state/state.h"
#include "attach.h"
#include "console.h"

/* Everything stays the caller's. */
struct monitor_setup {
	struct launch *launch;
	const struct plan *plan;
	struct state *state;          /* the record, kept up to date and written */
	int input, output;            /* the console's outside; -1: none */
	struct log *log;              /* of a detached machine; NULL: none */
	struct attach *attach;        /* of a detached machine; NULL: none */
	int signal_fd;                /* signalfd of TERM INT HUP WINCH RTMIN+18; -1: none */
	uint64_t ready_deadline;      /* clock_usec() time; the machine is ended then; 0: never */
	bool detached;                /* a service manager above does not know this process yet */
	bool started_is_ready;        /* do not wait for PID 1 to call ready() */
	void (*ready)(void *context); /* called once, when the machine is ready; may be NULL */
	void *context;
};

/* Why the loop ended; several may be true. */
struct monitor_result {
	bool ready;          /* PID 1 said so, or was not asked to */
	bool stop_requested; /* somebody wanted the machine to end */
	bool restart;        /* and to start again */
	bool timed_out;      /* it was not ready in time and was killed */
	bool has_exit_status;
	int exit_status; /* EXIT_STATUS= of PID 1 */
};

struct monitor;

/* Prepares everything between launch_begin() and launch_go(): terminal, window size, signals. After
 * success *MONITOR is the caller's to hand to monitor_close(). SETUP is copied. */
int monitor_open(struct monitor **monitor, const struct monitor_setup *setup,
		 struct floe_error *error);

/* Attends the machine until its leader is gone and what it wrote is passed on. The leader is not
 * reaped: launch_end() does that. */
int monitor_run(struct monitor *monitor, struct monitor_result *result, struct floe_error *error);

/* The last lines the machine wrote, as one: see tail_lines(). */
void monitor_last_lines(const struct monitor *monitor, char *text, size_t size);

/* Restores the terminal. NULL is allowed. */
void monitor_close(struct monitor *monitor);

#endif
