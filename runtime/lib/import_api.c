/* SPDX-License-Identifier: MIT */
/* Importing archives, from files. */
#include "../base/err.h"
#include "import.h"
#include "module.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>

static int pass_progress(void *context, const struct image_progress *progress)
{
	const struct floe_import_options *options = context;

	if (!options->progress)
		return 0;
	return options->progress(options->context, progress->bytes_read, progress->bytes_total,
				 progress->entries);
}

/* What was lost or looks wrong, for the user to know. */
void import_report(const struct floe_import_options *options, const struct image_report *report)
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

struct image_import import_request(const char *name, const struct floe_import_options *options)
{
	return (struct image_import){
		.name = name,
		.directory = options->root,
		.max_bytes = options->max_bytes,
		.memory = options->memory,
		.replace = options->replace,
		.read_only = options->read_only,
		.no_sync = options->no_sync,
	};
}

int floe_import_tar(int descriptor, const char *source, const char *name,
		    const struct floe_import_options *given, struct floe_error *error)
{
	struct floe_import_options options = {0};
	const struct image_module *module;
	struct image_import request;
	struct image_report report;
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	module = module_image(error);
	if (!module)
		return -ENOENT;
	request = import_request(name, &options);
	request.source = source;
	request.source_open = true;
	request.source_fd = descriptor;
	request.progress = pass_progress;
	request.context = &options;
	r = module->import_tar(&request, &report, error);
	if (r == 0)
		import_report(&options, &report);
	return r;
}
