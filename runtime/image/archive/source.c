/* SPDX-License-Identifier: MIT */
/* The bytes of an archive file as they are stored: a file, a pipe or a terminal's input. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/err.h"

static int open_file(struct source *source, const struct image_import *request,
		     struct floe_error *error)
{
	source->name = request->source ?: "the archive";
	source->fd = request->source_fd;
	if (request->source_open)
		return 0;
	if (!request->source)
		return err_usage(error, "no archive to import was named");
	if (strcmp(request->source, "-") == 0) {
		source->name = "standard input";
		source->fd = STDIN_FILENO;
		return 0;
	}
	source->fd = open(request->source, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (source->fd < 0)
		return err_errno(error, errno, "cannot open the archive %s", request->source);
	source->close_fd = true;
	return 0;
}

static int look_at_file(struct source *source, struct floe_error *error)
{
	struct stat status;
	off_t offset;

	if (fstat(source->fd, &status) < 0)
		return err_errno(error, errno, "cannot look at %s", source->name);
	if (S_ISDIR(status.st_mode))
		return err_set(error, FLOE_ERROR_USAGE, EISDIR,
			       "%s is a directory, not a tar archive", source->name);
	source->may_block = !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode);
	if (!S_ISREG(status.st_mode))
		return 0;
	offset = lseek(source->fd, 0, SEEK_CUR);
	if (offset >= 0 && offset < status.st_size)
		source->total = (uint64_t)(status.st_size - offset);
	posix_fadvise(source->fd, offset, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

int source_open(struct source *source, const struct image_import *request, struct floe_error *error)
{
	int result;

	*source = (struct source){.fd = -1, .abort_fd = -1};
	result = open_file(source, request, error);
	if (result < 0)
		return result;
	result = look_at_file(source, error);
	if (result < 0)
		source_close(source);
	return result;
}

void source_close(struct source *source)
{
	if (source->close_fd)
		close(source->fd);
	source->close_fd = false;
}

/* Waits until reading does not block; -ECANCELED when that is no longer wanted. */
static int wait_readable(const struct source *source)
{
	struct pollfd polled[] = {
		{.fd = source->fd, .events = POLLIN},
		{.fd = source->abort_fd, .events = POLLIN},
	};

	while (poll(polled, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return polled[1].revents ? -ECANCELED : 0;
}

static ssize_t read_some(struct source *source, void *buffer, size_t size)
{
	ssize_t result;

	do {
		int waited = source->may_block ? wait_readable(source) : 0;

		if (waited < 0)
			return waited;
		result = read(source->fd, buffer, size);
	} while (result < 0 && (errno == EINTR || errno == EAGAIN));
	return result < 0 ? -errno : result;
}

static ssize_t read_file(struct source *source, void *buffer, size_t size, struct floe_error *error)
{
	ssize_t result = read_some(source, buffer, size);

	if (result == -ECANCELED)
		return result;
	if (result < 0)
		return err_errno(error, (int)-result, "cannot read %s", source->name);
	source->bytes_read += (uint64_t)result;
	return result;
}

ssize_t source_read(struct source *source, void *buffer, size_t size, struct floe_error *error)
{
	size_t left = source->peek_used - source->peek_given;

	if (!left)
		return read_file(source, buffer, size, error);
	if (left > size)
		left = size;
	memcpy(buffer, source->peeked + source->peek_given, left);
	source->peek_given += left;
	return (ssize_t)left;
}

ssize_t source_peek(struct source *source, struct floe_error *error)
{
	ssize_t result = 1;

	while (source->peek_used < SOURCE_PEEK && result > 0) {
		result = read_file(source, source->peeked + source->peek_used,
				   SOURCE_PEEK - source->peek_used, error);
		if (result < 0)
			return result;
		source->peek_used += (size_t)result;
	}
	return (ssize_t)source->peek_used;
}
