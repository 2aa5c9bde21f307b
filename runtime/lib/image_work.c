/* SPDX-License-Identifier: MIT */
/* The functions of floe.h that do something to an image. */
#include "../base/err.h"
#include "../image/image.h"
#include "../sys/tree_walk.h"
#include "module.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define KEPT_PATH 256

/* What is done to the image that was found. */
typedef int work_function(const struct image *image, const void *argument,
			  struct floe_error *error);

static int with_image(const char *name, work_function *work, const void *argument,
		      struct floe_error *error)
{
	struct arena arena = {0};
	struct image image;
	int r = image_find(NULL, name, &arena, &image, error);

	if (r == 0)
		r = work(&image, argument, error);
	arena_free(&arena);
	return r;
}

static int do_remove(const struct image *image, const void *argument, struct floe_error *error)
{
	(void)argument;
	return image_remove(image, error);
}

/* What is kept for machines of an image: which addresses they have (OP_NET_KEEP). */
static void kept_path(const char *name, char path[static KEPT_PATH])
{
	snprintf(path, KEPT_PATH, "/var/lib/floe/addresses/%s", name);
}

static int forget(const char *name, struct floe_error *error)
{
	char path[KEPT_PATH];

	kept_path(name, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(error, errno, "cannot remove %s", path);
	return 0;
}

int floe_image_remove(const char *name, struct floe_error *error)
{
	int r = with_image(name, do_remove, NULL, error);

	return r < 0 ? r : forget(name, error);
}

static int do_rename(const struct image *image, const void *argument, struct floe_error *error)
{
	return image_rename(image, argument, error);
}

int floe_image_rename(const char *name, const char *new_name, struct floe_error *error)
{
	char path[KEPT_PATH], new_path[KEPT_PATH];
	int r = with_image(name, do_rename, new_name, error);

	if (r < 0)
		return r;
	kept_path(name, path);
	kept_path(new_name, new_path);
	/* A machine that lacks it takes other addresses: no reason for the rename to fail. */
	rename(path, new_path);
	return 0;
}

static int do_read_only(const struct image *image, const void *argument, struct floe_error *error)
{
	const bool *read_only = argument;

	return image_set_read_only(image, *read_only, error);
}

int floe_image_set_read_only(const char *name, bool read_only, struct floe_error *error)
{
	return with_image(name, do_read_only, &read_only, error);
}

static int do_limit(const struct image *image, const void *argument, struct floe_error *error)
{
	const uint64_t *bytes = argument;

	return image_set_limit(image, *bytes, error);
}

int floe_image_set_limit(const char *name, uint64_t bytes, struct floe_error *error)
{
	return with_image(name, do_limit, &bytes, error);
}

static int do_clone(const struct image *image, const void *argument, struct floe_error *error)
{
	return image_clone(image, argument, error);
}

int floe_image_clone(const char *name, const char *copy, bool read_only, struct floe_error *error)
{
	const struct image_clone clone = {.name = copy, .read_only = read_only};

	return with_image(name, do_clone, &clone, error);
}

static int do_measure(const struct image *image, const void *argument, struct floe_error *error)
{
	struct image_usage *usage = *(struct image_usage *const *)argument;

	return image_measure(image, usage, error);
}

int floe_image_measure(const char *name, struct floe_image_usage *usage, struct floe_error *error)
{
	struct floe_image_usage own = {.size = usage->size};
	struct image_usage found = {0}, *target = &found;
	int r;

	if (usage->size < sizeof(own))
		return err_usage(error, "the caller has set no size");
	r = with_image(name, do_measure, &target, error);
	if (r < 0)
		return r;
	own.bytes = found.bytes;
	own.files = found.files;
	own.limit = found.limit;
	snprintf(own.os, sizeof(own.os), "%s", found.os);
	*usage = own;
	return 0;
}

static int do_read_os(const struct image *image, const void *argument, struct floe_error *error)
{
	char *os = *(char *const *)argument;

	(void)error;
	image_read_os(image, os);
	return 0;
}

int floe_image_os(const char *name, char *os, size_t size, struct floe_error *error)
{
	char found[IMAGE_OS_MAX], *target = found;
	int r = with_image(name, do_read_os, &target, error);

	if (r == 0)
		snprintf(os, size, "%s", found);
	return r;
}

/* ---- Imports and exports ---- */

static bool ask_progress(void *context)
{
	const struct floe_import_options *options = context;

	return options->progress && options->progress(options->context, 0, 0, 0) != 0;
}

int floe_import_fs(const char *path, const char *name, const struct floe_import_options *given,
		   struct floe_error *error)
{
	struct floe_import_options options = {0};
	int r = OPTIONS_TAKE(options, given, error);
	struct tree_stop stop = {ask_progress, &options};
	const struct image_clone clone = {
		.name = name,
		.directory = options.root,
		.read_only = options.read_only,
		.stop = &stop,
	};

	return r < 0 ? r : image_import_fs(path, &clone, error);
}

static int do_export(const struct image *image, const void *argument, struct floe_error *error)
{
	const struct image_module *module = module_image(error);

	return module ? module->export_tar(image, argument, error) : -ENOENT;
}

int floe_export_tar(const char *name, int descriptor, const char *target,
		    const struct floe_export_options *given, struct floe_error *error)
{
	struct floe_export_options options = {0};
	struct image_export request = {.descriptor = descriptor, .target = target};
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	if (options.compression > FLOE_COMPRESSION_BZIP2)
		return err_usage(error, "there is no compression %d", (int)options.compression);
	request.compression = options.compression;
	request.progress = options.progress;
	request.context = options.context;
	return with_image(name, do_export, &request, error);
}

int floe_image_clean(floe_cleaned_function function, void *context, struct floe_error *error)
{
	return image_clean(IMAGE_ROOT, function, context, error);
}
