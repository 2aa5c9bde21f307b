/* SPDX-License-Identifier: MIT */
/* The last output of a machine, for the message that says why it ended. */
#ifndef FLOE_MONITOR_TAIL_H
#define FLOE_MONITOR_TAIL_H

#include <stddef.h>

#define TAIL_SIZE 4096

struct tail {
	size_t next; /* where the next byte goes */
	size_t used;
	char data[TAIL_SIZE];
};

void tail_add(struct tail *tail, const char *data, size_t size);

/* Writes the last lines to TEXT as one: as many whole ones as fit SIZE, separated by " | ",
 * without escape sequences and empty lines. "" when there are none. */
void tail_lines(const struct tail *tail, char *text, size_t size);

#endif
