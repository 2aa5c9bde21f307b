/* SPDX-License-Identifier: MIT */
/* Deleting images, and what unfinished work left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../base/names.h"
#include "../sys/tree.h"
#include "image.h"

static int open_parent(const char *path, const char **leaf, struct floe_error *error)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	int fd;

	*leaf = slash ? slash + 1 : path;
	if (!slash)
		snprintf(parent, sizeof(parent), ".");
	else if (snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path + 1), path) >=
		 (int)sizeof(parent))
		return err_errno(error, ENAMETOOLONG, "cannot delete the image %s", path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(error, errno, "cannot open the directory %s", parent);
	return fd;
}

/* Renames NAME out of sight; an immutable tree is made mutable first, or rename is refused. */
static int hide_tree(int dirfd, const char *name, char hidden[static NAME_MAX + 1])
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t random;

	if (fd < 0)
		return -errno;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(hidden, NAME_MAX + 1, IMAGE_REMOVE_PREFIX "%.*s-%016llx", 64, name,
		 (unsigned long long)random);
	tree_set_flags(fd, 0, FS_IMMUTABLE_FL | FS_APPEND_FL);
	return renameat(dirfd, name, dirfd, hidden) < 0 ? -errno : 0;
}

/* What its machine wrote over the host's store goes with it. */
static int hide_layer(int dirfd, const char *name, char hidden[static NAME_MAX + 1])
{
	char layer[NAME_MAX + 1];

	if (snprintf(layer, sizeof(layer), STORE_LAYER_PREFIX "%s", name) > NAME_MAX)
		return -ENOENT;
	return hide_tree(dirfd, layer, hidden);
}

static int remove_tree_image(int dirfd, const char *name, const char *path,
			     struct floe_error *error)
{
	char hidden[NAME_MAX + 1], layer[NAME_MAX + 1];
	int result = hide_tree(dirfd, name, hidden);

	if (result == -EBUSY) {
		err_errno(error, EBUSY, "cannot delete the image %s", path);
		return err_hint(error, "it is a mount point: unmount it first");
	}
	if (result < 0)
		return err_errno(error, -result, "cannot delete the image %s", path);
	result = hide_layer(dirfd, name, layer);
	if (result == 0)
		result = tree_remove(dirfd, layer);
	if (result == 0 || result == -ENOENT)
		result = tree_remove(dirfd, hidden);
	if (result < 0)
		return err_errno(error, -result, "cannot delete all of the image %s, now called %s",
				 path, hidden);
	return 0;
}

/* A running machine holds a lock on its tree (OP_LOCK_IMAGE), shared when it only reads. */
static int remove_idle_tree(int dirfd, const char *name, const char *path, struct floe_error *error)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_errno(error, errno, "cannot delete the image %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		err_set(error, FLOE_ERROR_BUSY, EBUSY,
			"cannot delete the image %s: a machine runs on it", path);
		return err_hint(error, "\"floe list\" shows which, \"floe stop\" ends it");
	}
	return remove_tree_image(dirfd, name, path, error);
}

static int remove_by_kind(const struct image *image, int dirfd, const char *name,
			  struct floe_error *error)
{
	struct stat status;

	if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(error, errno, "cannot delete the image %s", image->path);
	if (S_ISBLK(status.st_mode))
		return err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "the image %s is a block device; remove it with the tools that "
			       "made it",
			       image->path);
	if (S_ISDIR(status.st_mode))
		return remove_idle_tree(dirfd, name, image->path, error);
	if (unlinkat(dirfd, name, 0) < 0)
		return err_errno(error, errno, "cannot delete the image %s", image->path);
	return 0;
}

int image_remove(const struct image *image, struct floe_error *error)
{
	const char *name;
	CLEANUP_FD int dirfd = open_parent(image->path, &name, error);
	int lock, result;

	if (dirfd < 0)
		return dirfd;
	lock = image_lock(image->path, false, error);
	if (lock < 0)
		return lock;
	result = remove_by_kind(image, dirfd, name, error);
	image_unlock(image->path, lock);
	return result;
}

static bool is_unfinished(const char *name)
{
	return strncmp(name, IMAGE_STAGING_PREFIX, strlen(IMAGE_STAGING_PREFIX)) == 0 ||
	       strncmp(name, IMAGE_REMOVE_PREFIX, strlen(IMAGE_REMOVE_PREFIX)) == 0;
}

/* Returns 1 when deleted, 0 when somebody is at work on it. */
static int collect(int dirfd, const char *name)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result;

	if (fd < 0 && errno != ENOTDIR && errno != ELOOP)
		return errno == ENOENT ? 0 : -errno;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	result = tree_remove(dirfd, name);
	return result < 0 ? result : 1;
}

int image_gc(const char *directory, struct floe_error *error)
{
	CLEANUP_DIR DIR *dir = opendir(directory);
	struct dirent *entry;
	int collected = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(error, errno, "cannot clean %s", directory);
	while (errno = 0, (entry = readdir(dir))) {
		int result = is_unfinished(entry->d_name) ? collect(dirfd(dir), entry->d_name) : 0;

		if (result < 0)
			return err_errno(error, -result, "cannot delete %s in %s", entry->d_name,
					 directory);
		collected += result;
	}
	if (errno)
		return err_errno(error, errno, "cannot read the directory %s", directory);
	return collected;
}
