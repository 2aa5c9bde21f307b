/* SPDX-License-Identifier: MIT */
/* The console of a detached machine, in a file of limited size that outlives it. */
#ifndef FLOE_MONITOR_LOG_H
#define FLOE_MONITOR_LOG_H

#include "../base/err.h"
#include "../base/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that would grow beyond this becomes NAME.log.1, replacing the one before. */
#define LOG_SIZE_MAX  (1024 * 1024)

#define LOG_DIRECTORY "/var/log/floe"
#define LOG_PATH_SIZE (sizeof(LOG_DIRECTORY) + MACHINE_NAME_MAX + sizeof("/.log.1"))

struct log {
	int fd; /* -1: none */
	uint64_t size;
	bool carriage_return;     /* held back until the next byte is known */
	char path[LOG_PATH_SIZE]; /* of the file now written to */
};

/* Opens /var/log/floe/NAME.log for appending (0600), making the directory if it is missing.
 * LOG must be released with log_close() after success. */
int log_open(struct log *log, const char *name, struct floe_error *error);

/* As log_open(), below DIRECTORY. */
int log_open_at(struct log *log, const char *directory, const char *name, struct floe_error *error);

/* Appends terminal output, line ends as in text files. Never blocks on anybody but the disk;
 * 0 or a negative errno, after which the log is closed and further output dropped. */
int log_write(struct log *log, const char *data, size_t size);

/* A line of the monitor's own, with the time. */
void log_note(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

void log_close(struct log *log);

#endif
