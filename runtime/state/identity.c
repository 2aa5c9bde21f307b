/* SPDX-License-Identifier: MIT */
/* Telling a process from a later one with the same pid. */
#include "identity.h"

#include "../base/cleanup.h"
#include "../sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Fields that lie between the name, which may hold anything, and the start time. */
#define FIELDS_BEFORE_START 19

static const char *skip_fields(const char *text, int count)
{
	for (; count > 0 && text; count--) {
		text = strchr(text, ' ');
		text = text ? text + 1 : NULL;
	}
	return text;
}

static ssize_t read_stat(pid_t pid, char *text, size_t size)
{
	char path[64];
	CLEANUP_FD int fd = -1;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	length = read(fd, text, size - 1);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	return length;
}

int identity_start(pid_t pid, uint64_t *start)
{
	char text[1024];
	ssize_t length = read_stat(pid, text, sizeof(text));
	const char *field;

	if (length < 0)
		return (int)length;
	/* The name is in parentheses and may itself contain spaces and parentheses. */
	field = strrchr(text, ')');
	field = field ? skip_fields(field, FIELDS_BEFORE_START + 1) : NULL;
	if (!field || sscanf(field, "%" SCNu64, start) != 1)
		return -EBADMSG;
	return 0;
}

int identity_open(pid_t pid, uint64_t start)
{
	CLEANUP_FD int fd = -1;
	uint64_t found;
	int r;

	if (pid <= 0)
		return -ESRCH;
	fd = process_open(pid);
	if (fd < 0)
		return fd;
	/* Looked at after the descriptor is open: had the process ended meanwhile, either /proc
	 * shows nothing or somebody with another start time. */
	r = identity_start(pid, &found);
	if (r < 0)
		return r;
	return found == start ? take_fd(&fd) : -ESRCH;
}
