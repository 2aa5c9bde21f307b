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

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../sys/subvolume.h"
#include "../sys/tree.h"
#include "image.h"

/* A collision of random names, or image_gc() between making and locking, is tried again. */
#define ATTEMPTS 16

/* ---- Beginning ---- */

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

static const char *final_name(const struct staging *staging, char name[static NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "%s%s", staging->name, staging->raw ? ".raw" : "");
	return name;
}

/* What replaces an image is of the same kind. */
static int check_name(const struct staging *staging, bool raw, struct floe_error *error)
{
	const struct staging other = {.name = staging->name, .raw = raw};
	char name[NAME_MAX + 1];
	struct stat status;

	if (fstatat(staging->dest, final_name(&other, name), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (staging->replace && raw == staging->raw &&
	    (raw ? S_ISREG(status.st_mode) : S_ISDIR(status.st_mode)))
		return 0;
	return error_exists(staging, name, error);
}

static int check_free(const struct staging *staging, struct floe_error *error)
{
	int result = check_name(staging, true, error);

	return result < 0 ? result : check_name(staging, false, error);
}

/* Locks the directory just made. 1: image_gc() was faster, another is needed. */
static int lock_work(struct staging *staging)
{
	struct stat status;

	staging->work = openat(staging->dest, staging->hidden,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (staging->work < 0)
		return errno == ENOENT ? 1 : -errno;
	if (flock(staging->work, LOCK_EX | LOCK_NB) == 0 && fstat(staging->work, &status) == 0 &&
	    status.st_nlink > 0)
		return 0;
	close(staging->work);
	staging->work = -1;
	return 1;
}

static int make_work(struct staging *staging)
{
	unsigned long long random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(staging->hidden, sizeof(staging->hidden), IMAGE_STAGING_PREFIX "%s-%016llx",
		 staging->name, random);
	if (mkdirat(staging->dest, staging->hidden, 0700) < 0)
		return errno == EEXIST ? 1 : -errno;
	return lock_work(staging);
}

/* What the image directory hands down to new files (default ACL, set-group-id) is none of the
 * image's. */
static int isolate_work(const struct staging *staging)
{
	static const char *const names[] = {"system.posix_acl_default", "system.posix_acl_access"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fremovexattr(staging->work, names[i]) < 0 && errno != ENODATA &&
		    errno != EOPNOTSUPP)
			return -errno;
	return fchmod(staging->work, 0700) < 0 ? -errno : 0;
}

/* Refuses at once what would fail at the very end. */
static int try_read_only(const struct staging *staging, struct floe_error *error)
{
	int result;

	if (staging->raw || subvolume_check(staging->work) != -ENOTTY)
		return 0;
	result = tree_set_flags(staging->work, FS_IMMUTABLE_FL, 0);
	if (result == 0)
		result = tree_set_flags(staging->work, 0, FS_IMMUTABLE_FL);
	if (result < 0)
		return err_errno(error, -result, "cannot make images in %s read-only",
				 staging->directory);
	return 0;
}

static int make_isolated_work(struct staging *staging, struct floe_error *error)
{
	int result = 1;

	for (int i = 0; result == 1 && i < ATTEMPTS; i++)
		result = make_work(staging);
	if (result == 0)
		result = isolate_work(staging);
	if (result != 0)
		return err_errno(error, result < 0 ? -result : EBUSY,
				 "cannot make a directory in %s", staging->directory);
	return staging->read_only ? try_read_only(staging, error) : 0;
}

int staging_start(struct staging *staging, struct floe_error *error)
{
	int result;

	staging->root = staging->work = -1;
	staging->dest = open_destination(staging->directory, error);
	if (staging->dest < 0)
		return staging->dest;
	result = check_free(staging, error);
	if (result == 0)
		result = make_isolated_work(staging, error);
	if (result < 0)
		staging_discard(staging);
	return result;
}

/* ---- The tree ---- */

int staging_path(const struct staging *staging, char path[static PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/%s/" STAGING_TREE, staging->directory,
			      staging->hidden);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int staging_open_tree(struct staging *staging, struct floe_error *error)
{
	int flags = staging->raw ? O_RDWR : O_RDONLY | O_DIRECTORY;

	staging->root = openat(staging->work, STAGING_TREE, flags | O_NOFOLLOW | O_CLOEXEC);
	if (staging->root < 0)
		return err_errno(error, errno, "cannot open the new image in %s",
				 staging->directory);
	return 0;
}

int staging_make_tree(struct staging *staging, struct floe_error *error)
{
	int result = subvolume_create(staging->work, STAGING_TREE);

	if (result == -ENOTTY)
		result = mkdirat(staging->work, STAGING_TREE, 0700) < 0 ? -errno : 0;
	if (result == 0)
		result = staging_open_tree(staging, error);
	/* A subvolume is made with the mode that the umask leaves. */
	if (result == 0 && fchmod(staging->root, 0700) < 0)
		result = -errno;
	return result < 0
		       ? err_errno(error, -result, "cannot make an image in %s", staging->directory)
		       : 0;
}

/* ---- The end ---- */

/* Puts the tree in the place of the image that had the name; that one is deleted with the rest. */
static int replace_image(struct staging *staging, const char *name, struct floe_error *error)
{
	struct image_hold hold;
	char path[PATH_MAX];
	int result;

	snprintf(path, sizeof(path), "%s/%s", staging->directory, name);
	result = image_hold(&hold, path, false, error);
	if (result < 0)
		return result;
	if (hold.tree >= 0)
		result = image_mark(hold.tree, false);
	if (result == 0 &&
	    renameat2(staging->work, STAGING_TREE, staging->dest, name, RENAME_EXCHANGE) < 0)
		result = -errno;
	image_release(&hold);
	return result < 0 ? err_errno(error, -result, "cannot replace the image %s", path) : 0;
}

static int name_image(struct staging *staging, const char *name, struct floe_error *error)
{
	struct stat status;

	if (staging->replace && fstatat(staging->dest, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return replace_image(staging, name, error);
	if (renameat2(staging->work, STAGING_TREE, staging->dest, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return error_exists(staging, name, error);
	return err_errno(error, errno, "cannot give the image its name %s/%s", staging->directory,
			 name);
}

/* An immutable directory cannot be renamed: the mark comes last, and without it all is undone. */
static int mark_read_only(struct staging *staging, const char *name, struct floe_error *error)
{
	int result = image_mark(staging->root, true);

	if (result == 0)
		return 0;
	renameat(staging->dest, name, staging->work, STAGING_TREE);
	return err_errno(error, -result, "cannot make the image %s/%s read-only",
			 staging->directory, name);
}

int staging_commit(struct staging *staging, struct floe_error *error)
{
	char name[NAME_MAX + 1];
	int result = name_image(staging, final_name(staging, name), error);

	if (result == 0 && staging->read_only)
		result = mark_read_only(staging, name, error);
	if (result < 0)
		return result;
	fsync(staging->dest);
	/* With replace, what had the name is in there. */
	result = tree_remove(staging->dest, staging->hidden);
	cleanup_fd(&staging->root);
	cleanup_fd(&staging->work);
	cleanup_fd(&staging->dest);
	if (result < 0)
		return err_errno(error, -result,
				 "the image %s/%s is new, but cannot delete %s beside it",
				 staging->directory, name, staging->hidden);
	return 0;
}

void staging_discard(struct staging *staging)
{
	cleanup_fd(&staging->root);
	if (staging->work >= 0)
		tree_remove(staging->dest, staging->hidden);
	cleanup_fd(&staging->work);
	cleanup_fd(&staging->dest);
	staging->root = staging->work = staging->dest = -1;
}
