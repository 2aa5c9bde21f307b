/* SPDX-License-Identifier: MIT */
/* Deleting images. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
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
		return remove_tree_image(dirfd, name, image->path, error);
	if (unlinkat(dirfd, name, 0) < 0)
		return err_errno(error, errno, "cannot delete the image %s", image->path);
	return 0;
}

int image_remove(const struct image *image, struct floe_error *error)
{
	const char *name;
	CLEANUP_FD int dirfd = open_parent(image->path, &name, error);
	struct image_hold hold;
	int result;

	if (dirfd < 0)
		return dirfd;
	result = image_hold(&hold, image->path, false, error);
	if (result < 0)
		return result;
	result = remove_by_kind(image, dirfd, name, error);
	if (result == 0)
		image_settings_remove(image->path, image->name, IMAGE_SETTINGS_ALL);
	image_release(&hold);
	return result;
}
