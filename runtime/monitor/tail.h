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

/* Copies what is remembered to DATA as it was written, beginning with a line. Returns its size. */
size_t tail_copy(const struct tail *tail, char data[static TAIL_SIZE]);

/* A longer line is cut. */
#define LINE_MAX_SIZE 256

/* Copies a line of SIZE bytes as printable text: without escape sequences, at most ROOM bytes and
 * a NUL. Returns its length; 0: there is nothing to be seen in it. */
size_t line_clean(const char *data, size_t size, char *text, size_t room);

/* Writes the last lines to TEXT as one: as many whole ones as fit SIZE, separated by " | ",
 * without escape sequences and empty lines. "" when there are none. */
void tail_lines(const struct tail *tail, char *text, size_t size);

#endif
