/* SPDX-License-Identifier: MIT */
/* Images made of other images and of directories. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../base/names.h"
#include "../sys/subvolume.h"
#include "../sys/tree_content.h"
#include "../sys/tree_copy.h"
#include "image.h"
#include "staging.h"

static int start(struct staging *staging, const struct image_clone *clone, struct floe_error *error)
{
	staging->directory = clone->directory ?: IMAGE_ROOT;
	staging->name = clone->name;
	staging->read_only = clone->read_only;
	if (!machine_name_valid(clone->name))
		return err_usage(error, "\"%s\" is not a valid image name", clone->name);
	return staging_start(staging, error);
}

static int error_copy(const char *source, int result, struct floe_error *error)
{
	if (result == -ECANCELED)
		return err_set(error, FLOE_ERROR_SYSTEM, ECANCELED,
			       "the copy of %s was cancelled; nothing of it is left", source);
	if (result == -EBUSY || result == -ESTALE) {
		err_errno(error, -result, "cannot copy %s", source);
		return err_hint(error, "it was changed meanwhile; try again");
	}
	return err_errno(error, -result, "cannot copy %s", source);
}

/* Data is on the disk before a name stands for it; a snapshot is by itself. */
static int commit(struct staging *staging, struct floe_error *error)
{
	if (syncfs(staging->work) < 0)
		return err_errno(error, errno, "cannot write the image to the disk");
	return staging_commit(staging, error);
}

/* ---- Trees ---- */

/* 1: it is one now. 0: this takes a copy. */
static int try_snapshot(struct staging *staging, const char *source, struct floe_error *error)
{
	char path[PATH_MAX];
	int result = staging_path(staging, path);

	if (result == 0)
		result = tree_snapshot(source, path);
	if (result == -ENOTTY || result == -EINVAL || result == -EXDEV)
		return 0;
	if (result < 0)
		return error_copy(source, result, error);
	result = staging_open_tree(staging, error);
	return result < 0 ? result : 1;
}

static int copy_tree(struct staging *staging, const char *source, const struct tree_stop *stop,
		     struct floe_error *error)
{
	CLEANUP_FD int from = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = from < 0 ? err_errno(error, errno, "cannot open %s", source)
			      : staging_make_tree(staging, error);

	if (result < 0)
		return result;
	result = tree_copy_into(from, staging->root, stop);
	return result < 0 ? error_copy(source, result, error) : 0;
}

static int clone_tree(struct staging *staging, const char *source, const struct tree_stop *stop,
		      bool is_image, struct floe_error *error)
{
	struct image_hold hold = {.path = source, .file = -1, .tree = -1};
	int result = try_snapshot(staging, source, error);

	if (result > 0)
		return staging_commit(staging, error);
	if (result == 0 && is_image)
		result = image_hold(&hold, source, true, error);
	if (result < 0)
		return result;
	result = copy_tree(staging, source, stop, error);
	if (is_image)
		image_release(&hold);
	return result < 0 ? result : commit(staging, error);
}

/* ---- Files ---- */

static int copy_file(struct staging *staging, const char *source, int from,
		     struct floe_error *error)
{
	struct tree_content content = {0};
	struct stat status;
	int result;

	staging->root = openat(staging->work, STAGING_TREE,
			       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (staging->root < 0 || fstat(from, &status) < 0)
		return err_errno(error, errno, "cannot copy %s", source);
	result = tree_content_copy(&content, from, staging->root, status.st_size);
	if (result == 0 && fchmod(staging->root, (status.st_mode & 0777) | 0200) < 0)
		result = -errno;
	return result < 0 ? error_copy(source, result, error) : 0;
}

static int clone_file(struct staging *staging, const char *source, struct floe_error *error)
{
	struct image_hold hold;
	int result = image_hold(&hold, source, true, error);

	if (result < 0)
		return result;
	result = copy_file(staging, source, hold.tree, error);
	image_release(&hold);
	return result < 0 ? result : commit(staging, error);
}

/* ---- The whole ---- */

int image_clone(const struct image *image, const struct image_clone *clone,
		struct floe_error *error)
{
	struct staging staging = {.raw = image->kind == IMAGE_RAW};
	char path[PATH_MAX];
	unsigned int settings;
	int result;

	if (image->kind == IMAGE_BLOCK)
		return err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot clone the block device %s", image->path);
	result = start(&staging, clone, error);
	if (result < 0)
		return result;
	/* Settings first: without the image they do nothing, and the image never lacks them. */
	snprintf(path, sizeof(path), "%s/%s", staging.directory, clone->name);
	settings = image_settings_copy(image->path, image->name, path, clone->name);
	result = staging.raw ? clone_file(&staging, image->path, error)
			     : clone_tree(&staging, image->path, clone->stop, true, error);
	if (result == 0)
		return 0;
	image_settings_remove(path, clone->name, settings);
	staging_discard(&staging);
	return result;
}

int image_import_fs(const char *source, const struct image_clone *clone, struct floe_error *error)
{
	struct staging staging = {0};
	int result = start(&staging, clone, error);

	if (result < 0)
		return result;
	result = clone_tree(&staging, source, clone->stop, false, error);
	if (result < 0)
		staging_discard(&staging);
	return result;
}
