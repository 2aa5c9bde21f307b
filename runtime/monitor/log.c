/* SPDX-License-Identifier: MIT */
/* The console of a detached machine, in a file of limited size that outlives it. */
#include "log.h"

#include "../base/cleanup.h"
#include "../sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* What is converted at once. */
#define CHUNK 512

static int open_file(struct log *log)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
	int fd = open(log->path, flags, 0600);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		cleanup_fd(&fd);
		return -EBADF;
	}
	log->fd = fd;
	log->size = (uint64_t)status.st_size;
	return 0;
}

int log_open_at(struct log *log, const char *directory, const char *name, struct floe_error *error)
{
	int r;

	memset(log, 0, sizeof(*log));
	log->fd = -1;
	if (snprintf(log->path, sizeof(log->path), "%s/%s.log", directory, name) >=
	    (int)sizeof(log->path))
		return err_errno(error, ENAMETOOLONG, "cannot log to %s/%s.log", directory, name);
	/* A small host may not even have /var/log. */
	r = path_make_parents(log->path, 0755);
	if (r < 0)
		return err_errno(error, -r, "cannot create %s for console logs", directory);
	r = open_file(log);
	return r < 0 ? err_errno(error, -r, "cannot open the console log %s", log->path) : 0;
}

int log_open(struct log *log, const char *name, struct floe_error *error)
{
	return log_open_at(log, LOG_DIRECTORY, name, error);
}

static int rotate(struct log *log)
{
	char old[LOG_PATH_SIZE + 2];

	snprintf(old, sizeof(old), "%s.1", log->path);
	if (rename(log->path, old) < 0 && errno != ENOENT)
		return -errno;
	log_close(log);
	return open_file(log);
}

static int append(struct log *log, const char *data, size_t size)
{
	if (log->size + size > LOG_SIZE_MAX) {
		int r = rotate(log);

		if (r < 0)
			return r;
	}
	while (size > 0) {
		ssize_t length = write(log->fd, data, size);

		if (length < 0 && errno != EINTR)
			return -errno;
		if (length > 0) {
			data += length;
			size -= (size_t)length;
			log->size += (uint64_t)length;
		}
	}
	return 0;
}

/* Terminals end lines with CR LF, files with LF alone; other CRs stay. Returns the length. */
static size_t convert(struct log *log, const char *data, size_t size, char *text)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (log->carriage_return && data[i] != '\n')
			text[used++] = '\r';
		log->carriage_return = data[i] == '\r';
		if (!log->carriage_return)
			text[used++] = data[i];
	}
	return used;
}

int log_write(struct log *log, const char *data, size_t size)
{
	char text[CHUNK + 1]; /* a CR held back comes first */
	int r = 0;

	while (r == 0 && size > 0 && log->fd >= 0) {
		size_t part = size < CHUNK ? size : CHUNK;

		r = append(log, text, convert(log, data, part, text));
		data += part;
		size -= part;
	}
	if (r < 0)
		log_close(log);
	return r;
}

void log_note(struct log *log, const char *format, ...)
{
	struct timespec now;
	struct tm calendar;
	char text[1400];
	size_t used;
	va_list arguments;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &calendar);
	used = strftime(text, sizeof(text), "[floe %Y-%m-%dT%H:%M:%SZ] ", &calendar);
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used - 1, format, arguments);
	va_end(arguments);
	strcat(text, "\n");
	log_write(log, text, strlen(text));
}

void log_close(struct log *log)
{
	cleanup_fd(&log->fd);
	log->fd = -1;
}
