/* SPDX-License-Identifier: MIT */
/* Copying what is in a file, sharing its blocks where the file system can. */
#include "tree_content.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "tree.h"

/* The most that one sendfile() call moves (sendfile(2), NOTES). */
#define SEND_MAX 0x7ffff000

/* btrfs shares blocks only between files that both have or both lack this flag. */
static int match_cow(int source, int target)
{
	int flags;

	if (ioctl(source, FS_IOC_GETFLAGS, &flags) < 0)
		return -errno;
	return flags & FS_NOCOW_FL ? tree_set_flags(target, FS_NOCOW_FL, 0)
				   : tree_set_flags(target, 0, FS_NOCOW_FL);
}

/* 1: the blocks are shared. 0: this file has to be copied. ioctl_ficlone(2) has the meanings. */
static int clone_content(struct tree_content *content, int source, int target)
{
	if (content->no_clone)
		return 0;
	if (ioctl(target, FICLONE, source) == 0)
		return 1;
	if (errno == EINVAL && match_cow(source, target) == 0 &&
	    ioctl(target, FICLONE, source) == 0)
		return 1;
	switch (errno) {
	case EXDEV:
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		content->no_clone = true;
		return 0;
	case EINVAL:
	case ETXTBSY:
		return 0;
	default:
		return -errno;
	}
}

/* Where SIZE bytes end up when the file shrinks meanwhile: the loops end at the end of file. */
static int send_range(int source, int target, off_t from, off_t to)
{
	if (lseek(target, from, SEEK_SET) < 0)
		return -errno;
	while (from < to) {
		size_t wanted = to - from > SEND_MAX ? SEND_MAX : (size_t)(to - from);
		ssize_t sent = sendfile(target, source, &from, wanted);

		if (sent == 0)
			return 0;
		if (sent < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

static bool range_unsupported(int errnum)
{
	return errnum == EXDEV || errnum == EINVAL || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

static int copy_range(struct tree_content *content, int source, int target, off_t from, off_t to)
{
	off_t at = from;

	while (!content->no_range && from < to) {
		ssize_t copied =
			copy_file_range(source, &from, target, &at, (size_t)(to - from), 0);

		/* 0 may be a file system that cannot say its size (copy_file_range(2), BUGS). */
		if (copied == 0)
			break;
		if (copied < 0 && range_unsupported(errno))
			content->no_range = true;
		else if (copied < 0 && errno != EINTR)
			return -errno;
	}
	return send_range(source, target, from, to);
}

/* Finds the next data at or after *FROM: 0 with both ends set, 1 when only a hole is left. */
static int next_data(int source, off_t size, off_t *from, off_t *to)
{
	*from = lseek(source, *from, SEEK_DATA);
	if (*from < 0)
		return errno == ENXIO ? 1 : -errno;
	*to = lseek(source, *from, SEEK_HOLE);
	if (*to < 0)
		return errno == ENXIO ? 1 : -errno;
	if (*to > size)
		*to = size;
	return *from >= size;
}

int tree_content_copy(struct tree_content *content, int source, int target, off_t size)
{
	int result = clone_content(content, source, target);
	off_t from = 0, to = 0;

	if (result != 0 || size == 0)
		return result < 0 ? result : 0;
	if (ftruncate(target, size) < 0)
		return -errno;
	while ((result = next_data(source, size, &from, &to)) == 0) {
		result = copy_range(content, source, target, from, to);
		if (result < 0)
			return result;
		from = to;
	}
	return result < 0 ? result : 0;
}
