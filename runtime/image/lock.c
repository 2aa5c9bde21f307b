/* SPDX-License-Identifier: MIT */
/* The lock of an image, the same that systemd-nspawn and machined take. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "image.h"

/* "DIR/NAME" becomes "DIR/.#NAME.lck". */
static int lock_path(const char *path, char out[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int length = snprintf(out, PATH_MAX, "%.*s.#%s.lck", (int)(name - path), path, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int lock_set(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	/* Open file description locks belong to the descriptor, not to the process (fcntl(2)). */
	return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

/* One try: -ESTALE when the file was deleted by its last holder between open and lock. */
static int lock_try(const char *file, bool shared)
{
	CLEANUP_FD int fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	struct stat status;
	int result;

	if (fd < 0)
		return -errno;
	result = lock_set(fd, shared ? F_RDLCK : F_WRLCK);
	if (result < 0)
		return result;
	if (fstat(fd, &status) < 0)
		return -errno;
	return status.st_nlink == 0 ? -ESTALE : take_fd(&fd);
}

int image_lock(const char *path, bool shared, struct floe_error *error)
{
	char file[PATH_MAX];
	int result = lock_path(path, file);

	if (result < 0)
		return err_errno(error, -result, "cannot lock the image %s", path);
	do
		result = lock_try(file, shared);
	while (result == -ESTALE);
	if (result == -EAGAIN || result == -EACCES) {
		err_set(error, FLOE_ERROR_BUSY, EBUSY, "the image %s is in use", path);
		err_hint(error, "stop the machine that runs from it first");
		return -EBUSY;
	}
	if (result < 0)
		return err_errno(error, -result, "cannot lock the image %s by %s", path, file);
	return result;
}

void image_unlock(const char *path, int fd)
{
	char file[PATH_MAX];

	if (fd < 0)
		return;
	/* Deleting it under another reader would let a writer in beside that reader. */
	if (lock_set(fd, F_WRLCK) == 0 && lock_path(path, file) == 0)
		unlink(file);
	close(fd);
}
