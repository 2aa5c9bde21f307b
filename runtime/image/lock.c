/* SPDX-License-Identifier: MIT */
/* The lock of an image, the same that systemd-nspawn and machined take. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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

/* A running machine holds a lock on its tree (OP_LOCK_IMAGE), shared when it only reads. */
static int lock_tree(const char *path, bool shared, struct floe_error *error)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(error, errno, "cannot open the image %s", path);
	if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return take_fd(&fd);
	if (errno != EWOULDBLOCK)
		return err_errno(error, errno, "cannot lock the image %s", path);
	err_set(error, FLOE_ERROR_BUSY, EBUSY, "the image %s is in use: a machine runs on it",
		path);
	return err_hint(error, "\"floe list\" shows which, \"floe stop\" ends it");
}

int image_hold(struct image_hold *hold, const char *path, bool shared, struct floe_error *error)
{
	struct floe_error own = {0};

	*hold = (struct image_hold){.path = path, .file = -1, .tree = -1};
	hold->file = image_lock(path, shared, &own);
	/* Where no lock file can be made nobody can change the image either. */
	if (hold->file < 0 && !(shared && hold->file == -EROFS)) {
		if (error && error->code == FLOE_ERROR_NONE)
			*error = own;
		return hold->file;
	}
	hold->tree = lock_tree(path, shared, error);
	if (hold->tree >= 0)
		return 0;
	image_unlock(path, hold->file);
	return hold->tree;
}

void image_release(struct image_hold *hold)
{
	cleanup_fd(&hold->tree);
	image_unlock(hold->path, hold->file);
	hold->file = hold->tree = -1;
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
