/* SPDX-License-Identifier: MIT */
/* Opening and reading below a root that cannot be trusted. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"

/* ".." in a path fails with EAGAIN when a rename or mount happened anywhere meanwhile. */
#define MAX_TRIES 64

int path_open_in(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned int)flags | O_CLOEXEC,
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	for (int i = 0; i < MAX_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : fd;
}

/* "/proc/self/fd/N"; snprintf() is not async-signal-safe. */
static void descriptor_path(int fd, char path[static 32])
{
	static const char prefix[] = "/proc/self/fd/";
	size_t length = sizeof(prefix) - 1;
	char digits[12];
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		path[i] = prefix[i];
	do {
		digits[count++] = (char)('0' + fd % 10);
		fd /= 10;
	} while (fd > 0);
	while (count > 0)
		path[length++] = digits[--count];
	path[length] = '\0';
}

int path_open_file_in(int root, const char *path)
{
	CLEANUP_FD int place = path_open_in(root, path, O_PATH, 0);
	char reopened[32];
	struct stat status;
	int fd;

	if (place < 0)
		return place;
	if (fstat(place, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	descriptor_path(place, reopened);
	fd = open(reopened, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Up to SIZE bytes; fewer only at the end of the file. */
static ssize_t read_full(int fd, char *buffer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

static ssize_t read_text(int fd, char *buffer, size_t size)
{
	ssize_t length = read_full(fd, buffer, size);

	if (length < 0)
		return length;
	if ((size_t)length == size)
		return -EFBIG;
	buffer[length] = '\0';
	return length;
}

ssize_t path_read_in(int root, const char *path, char *buffer, size_t size)
{
	CLEANUP_FD int fd = path_open_file_in(root, path);

	return fd < 0 ? fd : read_text(fd, buffer, size);
}

ssize_t path_readlink_in(int root, const char *path, char *buffer, size_t size)
{
	CLEANUP_FD int fd = path_open_in(root, path, O_PATH | O_NOFOLLOW, 0);
	ssize_t length;

	if (fd < 0)
		return fd;
	length = readlinkat(fd, "", buffer, size);
	/* An empty path on something else than a link gives ENOENT (readlink(2)). */
	if (length < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	if ((size_t)length == size)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return length;
}

/* The size that fstat() tells is a guess: files of proc say 0. */
static int read_growing(int fd, size_t limit, char **text, size_t *size)
{
	CLEANUP_FREE char *buffer = NULL;
	size_t used = 0;
	struct stat status;
	size_t room = 4096;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size > 0 && (size_t)status.st_size <= limit)
		room = (size_t)status.st_size + 1;
	for (;; room *= 2) {
		char *grown = realloc(buffer, room + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		buffer = grown;
		n = read_full(fd, buffer + used, room - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used > limit)
			return -EFBIG;
		if (used < room)
			break;
	}
	buffer[used] = '\0';
	*text = TAKE_POINTER(buffer);
	*size = used;
	return 0;
}

int path_read_all_in(int root, const char *path, size_t limit, char **text, size_t *size)
{
	CLEANUP_FD int fd = path_open_file_in(root, path);

	return fd < 0 ? fd : read_growing(fd, limit, text, size);
}

ssize_t file_read(const char *path, char *buffer, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : read_text(fd, buffer, size);
}

int file_has_content(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char byte;
	ssize_t size = fd < 0 ? -1 : read(fd, &byte, 1);

	return size < 0 ? -errno : (int)size;
}

int file_read_all(const char *path, size_t limit, char **text, size_t *size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : read_growing(fd, limit, text, size);
}

int file_write(const char *path, const char *text)
{
	size_t length = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t written;
	int r = 0;

	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	if (written < 0)
		r = -errno;
	else if ((size_t)written != length)
		r = -EIO;
	close(fd);
	return r;
}

int path_make_parents(const char *path, mode_t mode)
{
	char copy[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, length + 1);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t written = write(fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		at += written;
		size -= (size_t)written;
	}
	return 0;
}
