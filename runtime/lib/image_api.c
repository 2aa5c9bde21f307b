/* SPDX-License-Identifier: MIT */
/* The image functions of floe.h. */
#include "../image/image.h"

#include "../base/err.h"
#include "../base/names.h"
#include "module.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t usec_of(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

int floe_image_list(floe_image_function function, void *context, struct floe_error *error)
{
	struct arena arena = {0};
	struct image *images;
	ssize_t count = image_list(NULL, &arena, &images, error);
	int r = count < 0 ? (int)count : 0;

	for (ssize_t i = 0; r == 0 && i < count; i++) {
		struct floe_image_info info = {
			.name = images[i].name,
			.path = images[i].path,
			.read_only = images[i].read_only,
			.modified_usec = usec_of(images[i].modified),
			.type = image_kind_name(images[i].kind),
			.created_usec = usec_of(images[i].created),
		};

		r = function(context, &info);
	}
	arena_free(&arena);
	return r;
}

<<<<<<< HEAD
/* What was kept for machines of the image: which addresses they have (OP_NET_KEEP). */
static int forget(const char *name, struct floe_error *error)
{
	char path[256];

	snprintf(path, sizeof(path), "/var/lib/floe/addresses/%s", name);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(error, errno, "cannot remove %s", path);
	return 0;
}

int floe_image_remove(const char *name, struct floe_error *error)
{
	struct arena arena = {0};
	struct image image;
	int r = image_find(NULL, name, &arena, &image, error);

	if (r == 0)
		r = image_remove(&image, error);
	arena_free(&arena);
	return r < 0 ? r : forget(name, error);
}

=======
>>>>>>> 420194e (Look after images: list, status, clone, rename, read-only, limit, export, clean)
int floe_image_name(const char *file, char *name, size_t size)
{
	char found[MACHINE_NAME_MAX + 1];
	int r = image_name_from_file(file, found);

	if (r < 0)
		return r;
	if (strlen(found) >= size)
		return -ENAMETOOLONG;
	strcpy(name, found);
	return 0;
}

static int pass_progress(void *context, const struct image_progress *progress)
{
	const struct floe_import_options *options = context;

	if (!options->progress)
		return 0;
	return options->progress(options->context, progress->bytes_read, progress->bytes_total,
				 progress->entries);
}

/* What was lost or looks wrong, for the user to know. */
static void pass_report(const struct floe_import_options *options,
			const struct image_report *report)
{
	char text[320];

	if (!options->note)
		return;
	if (report->attributes_lost > 0) {
		snprintf(text, sizeof(text),
			 "%llu extended attributes or ACLs were refused by the file system, the "
			 "first of %s",
			 (unsigned long long)report->attributes_lost, report->first_lost);
		options->note(options->context, text);
	}
	if (!report->looks_usable)
		options->note(options->context, "nothing in the image looks bootable: it has no "
						"/nix/store, /usr, /bin, /sbin/init or /init");
}

int floe_import_tar(int descriptor, const char *source, const char *name,
		    const struct floe_import_options *given, struct floe_error *error)
{
	struct floe_import_options options = {0};
	const struct image_module *module;
	struct image_report report;
	int r = OPTIONS_TAKE(options, given, error);
	struct image_import request = {
		.source = source,
		.source_open = true,
		.source_fd = descriptor,
		.name = name,
		.directory = options.root,
		.max_bytes = options.max_bytes,
		.memory = options.memory,
		.replace = options.replace,
		.read_only = options.read_only,
		.no_sync = options.no_sync,
		.progress = pass_progress,
		.context = &options,
	};

	if (r < 0)
		return r;
	module = module_image(error);
	if (!module)
		return -ENOENT;
	r = module->import_tar(&request, &report, error);
	if (r == 0)
		pass_report(&options, &report);
	return r;
}
