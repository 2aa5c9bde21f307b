/* SPDX-License-Identifier: MIT */
/* Other names and limits for images. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../base/names.h"
#include "../sys/subvolume.h"
#include "image.h"

/* What RENAME_NOREPLACE does not see: an image of another kind, or in another directory. */
static int check_free(const char *name, struct floe_error *error)
{
	struct arena arena = {0};
	struct image other;
	int result;

	if (!machine_name_valid(name))
		return err_usage(error, "\"%s\" is not a valid image name", name);
	result = image_find(NULL, name, &arena, &other, NULL);
	if (result == 0) {
		err_set(error, FLOE_ERROR_BUSY, EEXIST, "there already is an image %s", other.path);
		err_hint(error, "remove it or choose another name");
		result = -EEXIST;
	}
	arena_free(&arena);
	return result == -ENOENT ? 0 : result;
}

static int new_path(const struct image *image, const char *name, char path[static PATH_MAX])
{
	const char *slash = strrchr(image->path, '/');
	int length =
		snprintf(path, PATH_MAX, "%.*s%s%s", (int)(slash ? slash + 1 - image->path : 0),
			 image->path, name, image->kind == IMAGE_RAW ? ".raw" : "");

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* An immutable directory cannot be renamed, so the mark is taken off for that moment. */
static int rename_held(const struct image *image, int tree, const char *path)
{
	bool unmark = image->read_only && image->kind == IMAGE_DIRECTORY;
	int result = unmark ? image_mark(tree, false) : 0, marked = 0;

	if (result == 0 && renameat2(AT_FDCWD, image->path, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		result = -errno;
	if (unmark)
		marked = image_mark(tree, true);
	return result < 0 ? result : marked;
}

static void sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	CLEANUP_FD int fd = -1;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash + 1 - path) : 1,
		 slash ? path : ".");
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

/* What its machine wrote over the host's store keeps belonging to it. */
static void rename_layer(const struct image *image, const char *name)
{
	const char *slash = strrchr(image->path, '/');
	int length = slash ? (int)(slash + 1 - image->path) : 0;
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%.*s" STORE_LAYER_PREFIX "%s", length, image->path,
		 image->name);
	snprintf(to, sizeof(to), "%.*s" STORE_LAYER_PREFIX "%s", length, image->path, name);
	renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

/* Settings first, so that the image is never without. */
static int rename_all(const struct image *image, const char *name, const char *path,
		      struct floe_error *error)
{
	struct image_hold hold;
	unsigned int settings;
	int result = image_hold(&hold, image->path, false, error);

	if (result < 0)
		return result;
	settings = image_settings_copy(image->path, image->name, path, name);
	result = rename_held(image, hold.tree, path);
	if (result == 0)
		rename_layer(image, name);
	sync_parent(path);
	image_settings_remove(result < 0 ? path : image->path, result < 0 ? name : image->name,
			      settings);
	image_release(&hold);
	return result;
}

int image_rename(const struct image *image, const char *name, struct floe_error *error)
{
	char path[PATH_MAX] = "";
	int result = check_free(name, error);

	if (result == 0)
		result = new_path(image, name, path);
	if (result == 0)
		result = rename_all(image, name, path, error);
	return result < 0 ? err_errno(error, -result, "cannot rename the image %s to %s",
				      image->path, name)
			  : 0;
}

int image_set_limit(const struct image *image, uint64_t bytes, struct floe_error *error)
{
	CLEANUP_FD int fd = open(image->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int result;

	if (fd < 0)
		return err_errno(error, errno, "cannot open the image %s", image->path);
	if (image->kind != IMAGE_SUBVOLUME) {
		err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			"cannot limit the image %s: it is no btrfs subvolume", image->path);
		return err_hint(error, "images imported on btrfs are");
	}
	result = subvolume_set_limit(fd, bytes);
	if (result == -ENOTCONN) {
		err_set(error, FLOE_ERROR_UNSUPPORTED, ENOTCONN,
			"cannot limit the image %s: the file system has no quotas enabled",
			image->path);
		return err_hint(error, "\"btrfs quota enable\" does that");
	}
	return result < 0 ? err_errno(error, -result, "cannot limit the image %s", image->path) : 0;
}
