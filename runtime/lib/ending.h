/* SPDX-License-Identifier: MIT */
/* What the end of a machine means: an exit status, another start, or a failure. */
#ifndef FLOE_LIB_ENDING_H
#define FLOE_LIB_ENDING_H

#include "../base/err.h"
#include "../monitor/monitor.h"

struct ending {
	/* what is known */
	const char *name;
	bool lived; /* the payload was started */
	bool booted;
	bool asks_ready; /* PID 1 says when it is ready */
	bool keep_unit;
	bool must_be_ready;
	uint64_t timeout_us;
	int wait_status; /* of the leader, as wait(2) gives it */
	struct monitor_result result;
	char last_lines[640];

	/* what it means */
	int status; /* to exit with */
	bool restart;
	char text[160]; /* how it ended, in words */
};

/* Fills in the second half. -ECANCELED with ERROR filled when the machine itself failed: it ended
 * before it was ready, or was not ready in time. */
int ending_judge(struct ending *ending, struct floe_error *error);

#endif
