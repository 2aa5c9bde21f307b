/* SPDX-License-Identifier: MIT */
/* What a machine's PID 1 says over its notification socket, sd_notify(3). Pure text. */
#ifndef FLOE_MONITOR_NOTIFY_PARSE_H
#define FLOE_MONITOR_NOTIFY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

/* A longer status is cut, at a whole character. */
#define NOTIFY_STATUS_SIZE 256

/* Datagrams beyond this are ignored, as systemd does (NOTIFY_BUFFER_MAX). */
#define NOTIFY_MESSAGE_MAX 4096

struct notify_message {
	bool ready;
	bool stopping;
	bool has_status;
	bool has_errno;
	bool has_exit_status;
	int errnum;
	int exit_status;
	char status[NOTIFY_STATUS_SIZE]; /* valid UTF-8 without control characters */
};

/* Reads one datagram. Assignments that are unknown or senseless are skipped, of several to one
 * variable the last counts. 0, or -EBADMSG with OUT empty for what is no text. */
int notify_parse(const char *data, size_t size, struct notify_message *out);

/* Copies SIZE bytes of DATA to TEXT, which has room for ROOM bytes and a NUL after it: what is
 * not UTF-8, and control characters, become '?'; a character is never cut in two. */
void text_clean(const char *data, size_t size, char *text, size_t room);

#endif
