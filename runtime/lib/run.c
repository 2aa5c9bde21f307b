/* SPDX-License-Identifier: MIT */
/* Running a machine in the foreground, and showing what would be done. */
#include "../base/cleanup.h"
#include "../image/image.h"
#include "../plan/plan.h"
#include "../state/state.h"
#include "internal.h"
#include "life.h"
#include "module.h"
#include "options.h"
#include "settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

const char *floe_version(void)
{
	return FLOE_VERSION;
}

static int use_image(struct spec *spec, struct floe_error *error)
{
	struct arena arena = {0};
	struct image image;
	int r = image_find(NULL, spec->name, &arena, &image, error);

	if (r == 0 && image.kind != IMAGE_DIRECTORY && image.kind != IMAGE_SUBVOLUME) {
		r = err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			    "the image %s is a disk image, and only directories can be run",
			    image.path);
		err_hint(error, "mount it and give the mount point with --directory");
	}
	if (r == 0)
		spec->directory = arena_strdup(&spec->arena, image.path);
	if (r == 0 && image.read_only && spec->ephemeral == SPEC_EPHEMERAL_NO)
		spec->read_only = true;
	arena_free(&arena);
	return r;
}

int life_resolve(struct spec *spec, struct floe_error *error)
{
	int r = settings_apply(spec, error);

	if (r == 0)
		r = spec_resolve(spec, error);
	return r < 0 || spec->directory ? r : use_image(spec, error);
}

int floe_run(struct floe_spec *spec, const struct floe_run_options *given, int *status,
	     struct floe_error *error)
{
	struct floe_run_options options = {
		.input = -1, .output = -1, .error_output = -1, .signal_fd = -1};
	struct life life;
	int r = OPTIONS_TAKE(options, given, error);

	*status = 1;
	if (r == 0)
		r = life_resolve(&spec->spec, error);
	if (r < 0)
		return r;
	life = (struct life){
		.spec = &spec->spec,
		.input = options.input,
		.output = options.output,
		.error_output = options.error_output,
		.signal_fd = options.signal_fd,
		.note = options.note,
		.note_context = options.context,
	};
	return life_run(&life, status, error);
}

static int print_json(const struct plan *plan, char **text)
{
	json_t *json = plan_to_json(plan);

	*text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	json_decref(json);
	return *text ? 0 : -ENOMEM;
}

static int print_text(const struct plan *plan, char **text)
{
	size_t size;
	FILE *stream = open_memstream(text, &size);
	int r;

	if (!stream)
		return -errno;
	r = plan_print(plan, stream);
	if (fclose(stream) != 0 && r == 0)
		r = -errno;
	return r;
}

int floe_plan(struct floe_spec *spec, enum floe_format format, char **text,
	      struct floe_error *error)
{
	struct host host = {0};
	struct plan plan = {0};
	int r = life_resolve(&spec->spec, error);

	*text = NULL;
	if (r == 0)
		r = host_probe(&host, &spec->spec, error);
	if (r == 0)
		r = host_store(&host, &spec->spec, module_nixdb, error);
	if (r == 0)
		r = plan_make(&plan, &spec->spec, &host, error);
	if (r == 0) {
		r = format == FLOE_FORMAT_JSON ? print_json(&plan, text) : print_text(&plan, text);
		if (r < 0)
			err_errno(error, -r, "cannot print the plan of %s", plan.name);
	}
	plan_free(&plan);
	host_free(&host);
	return r;
}
