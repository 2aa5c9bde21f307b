/* SPDX-License-Identifier: MIT */
/* Checking a settings file without a machine. */
#include "../base/cleanup.h"
#include "../spec/text.h"
#include "internal.h"
#include "options.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>

/* Reads the file into a machine that nothing else is known of. */
static int check_text(struct spec *spec, const struct settings_file *found,
		      struct findings *findings, struct floe_error *error)
{
	struct nspawn_file file = {
		.text = found->text,
		.size = found->size,
		.trusted = found->trusted,
	};

	nspawn_file_apply(spec, &file, findings);
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot check %s", found->path);
	return 0;
}

/* Settings that contradict each other, whether the machine is run or started. */
static void check_whole(const struct settings_file *found, struct findings *findings)
{
	struct floe_error error = {0};

	for (int start = 0; start < 2; start++) {
		struct findings unused;
		struct floe_spec *handle;
		int r = floe_spec_new(&handle, NULL);

		if (r < 0)
			return;
		unused = (struct findings){.arena = &handle->spec.arena};
		handle->spec.name = arena_strdup(&handle->spec.arena, "machine");
		if (start)
			r = floe_spec_for_image(handle, "machine", NULL);
		if (r == 0)
			r = check_text(&handle->spec, found, &unused, NULL);
		if (r == 0) {
			error = (struct floe_error){0};
			r = spec_resolve(&handle->spec, &error);
		}
		floe_spec_free(handle);
		if (r == 0)
			return;
	}
	finding_add(findings, 0, true, "%s", error.message);
}

static int report(const struct findings *findings, const char *path, floe_finding_function function,
		  void *context)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		struct floe_finding info = {path, finding->line, finding->fatal, finding->text};
		int r = function(context, &info);

		if (r != 0)
			return r;
	}
	return 0;
}

/* PATH as it is seen from the root; 1, or an error. */
static int read_file(struct arena *arena, const char *path, struct settings_file *found,
		     struct floe_error *error)
{
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *absolute = path_from_here(arena, path);
	int r;

	if (root < 0 || !absolute)
		return err_errno(error, errno, "cannot find %s", path);
	r = settings_read(root, absolute, found, error);
	return r == 0 ? err_errno(error, ENOENT, "cannot read %s", path) : r;
}

int floe_settings_check(const char *path, const struct floe_settings_options *given,
			floe_finding_function function, void *context, struct floe_error *error)
{
	struct floe_settings_options options = {0};
	struct settings_file found = {.path = path};
	struct spec spec;
	struct findings findings = {.arena = &spec.arena};
	int r = OPTIONS_TAKE(options, given, error);

	spec_init(&spec);
	found.trusted = !options.untrusted;
	if (r == 0)
		r = read_file(&spec.arena, path, &found, error);
	if (r > 0)
		r = check_text(&spec, &found, &findings, error);
	if (r == 0 && findings.fatal_count == 0)
		check_whole(&found, &findings);
	if (r == 0)
		r = report(&findings, path, function, context);
	free(found.text);
	spec_free(&spec);
	return r;
}
