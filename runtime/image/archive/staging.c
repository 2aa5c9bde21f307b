/* SPDX-License-Identifier: MIT */
/* The hidden directory an image grows in, until it gets its name at once. */
#include "staging.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "../../sys/tree.h"
#include "../image.h"

/* A collision of random names, or image_gc() between making and locking, is tried again. */
#define ATTEMPTS 16

static int open_destination(const char *directory, struct floe_error *error)
{
	int fd;

	/* As machined makes it: images of other users' systems are nobody else's business. */
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return err_errno(error, errno, "cannot make the image directory %s", directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(error, errno, "cannot open the image directory %s", directory);
	return fd;
}

static int error_exists(const struct staging *staging, const char *file, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_BUSY, EEXIST, "there already is an image %s/%s",
		staging->directory, file);
	err_hint(error, "remove it or choose another name");
	return -EEXIST;
}

static int check_free(const struct staging *staging, struct floe_error *error)
{
	struct stat status;
	char raw[NAME_MAX + 1];

	snprintf(raw, sizeof(raw), "%s.raw", staging->name);
	if (fstatat(staging->dest, raw, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return error_exists(staging, raw, error);
	if (fstatat(staging->dest, staging->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (staging->replace && S_ISDIR(status.st_mode))
		return 0;
	return error_exists(staging, staging->name, error);
}

/* Locks the directory just made. 1: image_gc() was faster, another is needed. */
static int lock_tree(struct staging *staging)
{
	struct stat status;

	staging->root = openat(staging->dest, staging->hidden,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (staging->root < 0)
		return errno == ENOENT ? 1 : -errno;
	if (flock(staging->root, LOCK_EX | LOCK_NB) == 0 && fstat(staging->root, &status) == 0 &&
	    status.st_nlink > 0)
		return 0;
	close(staging->root);
	staging->root = -1;
	return 1;
}

static int make_tree(struct staging *staging)
{
	unsigned long long random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(staging->hidden, sizeof(staging->hidden), IMAGE_STAGING_PREFIX "%s-%016llx",
		 staging->name, random);
	if (mkdirat(staging->dest, staging->hidden, 0700) < 0)
		return errno == EEXIST ? 1 : -errno;
	return lock_tree(staging);
}

/* What the image directory hands down to new files (default ACL, set-group-id) is none of the
 * archive's. */
static int isolate_tree(const struct staging *staging)
{
	if (fremovexattr(staging->root, "system.posix_acl_default") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return -errno;
	if (fremovexattr(staging->root, "system.posix_acl_access") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return -errno;
	return fchmod(staging->root, 0700) < 0 ? -errno : 0;
}

/* Refuses at once what would fail at the very end. */
static int try_read_only(const struct staging *staging, struct floe_error *error)
{
	int result = tree_set_flags(staging->root, FS_IMMUTABLE_FL, 0);

	if (result == 0)
		result = tree_set_flags(staging->root, 0, FS_IMMUTABLE_FL);
	if (result < 0)
		return err_errno(error, -result, "cannot make images in %s read-only",
				 staging->directory);
	return 0;
}

static int make_isolated_tree(struct staging *staging, struct floe_error *error)
{
	int result = 1;

	for (int i = 0; result == 1 && i < ATTEMPTS; i++)
		result = make_tree(staging);
	if (result == 0)
		result = isolate_tree(staging);
	if (result != 0)
		return err_errno(error, result < 0 ? -result : EBUSY,
				 "cannot make a directory in %s", staging->directory);
	return staging->read_only ? try_read_only(staging, error) : 0;
}

int staging_start(struct staging *staging, struct floe_error *error)
{
	int result;

	staging->root = -1;
	staging->dest = open_destination(staging->directory, error);
	if (staging->dest < 0)
		return staging->dest;
	result = check_free(staging, error);
	if (result == 0)
		result = make_isolated_tree(staging, error);
	if (result < 0)
		staging_discard(staging);
	return result;
}

/* Deletes what had the name before; the tree now stands under the hidden name. */
static int replace_tree(struct staging *staging, struct floe_error *error)
{
	char path[PATH_MAX];
	int lock, result;

	snprintf(path, sizeof(path), "%s/%s", staging->directory, staging->name);
	lock = image_lock(path, false, error);
	if (lock < 0)
		return lock;
	result = renameat2(staging->dest, staging->hidden, staging->dest, staging->name,
			   RENAME_EXCHANGE);
	result = result < 0 ? -errno : 0;
	image_unlock(path, lock);
	if (result < 0)
		return err_errno(error, -result, "cannot replace the image %s", path);
	result = tree_remove(staging->dest, staging->hidden);
	if (result < 0)
		return err_errno(error, -result,
				 "the image %s is new, but cannot delete the old "
				 "one, now called %s",
				 path, staging->hidden);
	return 0;
}

static int rename_tree(struct staging *staging, struct floe_error *error)
{
	struct stat status;

	if (staging->replace &&
	    fstatat(staging->dest, staging->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return replace_tree(staging, error);
	if (renameat2(staging->dest, staging->hidden, staging->dest, staging->name,
		      RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return error_exists(staging, staging->name, error);
	return err_errno(error, errno, "cannot give the image its name %s/%s", staging->directory,
			 staging->name);
}

/* The flag forbids renaming too, so it can only come last. */
static int mark_read_only(const struct staging *staging, struct floe_error *error)
{
	int result = tree_set_flags(staging->root, FS_IMMUTABLE_FL, 0);

	if (result == 0)
		return 0;
	renameat(staging->dest, staging->name, staging->dest, staging->hidden);
	return err_errno(error, -result, "cannot make the image %s/%s read-only",
			 staging->directory, staging->name);
}

int staging_commit(struct staging *staging, struct floe_error *error)
{
	int result = rename_tree(staging, error);

	if (result == 0 && staging->read_only)
		result = mark_read_only(staging, error);
	if (result < 0)
		return result;
	fsync(staging->dest);
	close(staging->root);
	close(staging->dest);
	return 0;
}

void staging_discard(struct staging *staging)
{
	if (staging->root >= 0) {
		tree_remove(staging->dest, staging->hidden);
		close(staging->root);
	}
	close(staging->dest);
	staging->root = staging->dest = -1;
}
