/* SPDX-License-Identifier: MIT */
/* The wishes of floe.h: specs behind their handle. */
#include "internal.h"

#include "../base/names.h"
#include "../spec/option.h"
#include "nixos.h"
#include "settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

FLOE_PUBLIC int floe_spec_new(struct floe_spec **spec, struct floe_error *error)
{
	*spec = malloc(sizeof(**spec));
	if (!*spec)
		return err_errno(error, ENOMEM, "cannot describe a machine");
	spec_init(&(*spec)->spec);
	return 0;
}

FLOE_PUBLIC void floe_spec_free(struct floe_spec *spec)
{
	if (!spec)
		return;
	spec_free(&spec->spec);
	free(spec);
}

FLOE_PUBLIC int floe_spec_set(struct floe_spec *spec, const char *name, const char *value,
			      struct floe_error *error)
{
	const struct floe_option *option = option_find(name);

	if (!option)
		return err_usage(error, "there is no option '%.64s'", name);
	return option_apply(&spec->spec, option, value, error);
}

FLOE_PUBLIC int floe_spec_set_command(struct floe_spec *handle, size_t count,
				      char *const arguments[], struct floe_error *error)
{
	struct spec *spec = &handle->spec;
	char **copy = arena_alloc(&spec->arena, (count + 1) * sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++)
		copy[i] = arena_strdup(&spec->arena, arguments[i]);
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot keep the command");
	spec->arguments = copy;
	spec->argument_count = count;
	return 0;
}

FLOE_PUBLIC int floe_spec_parse(struct floe_spec *spec, size_t count, char *const arguments[],
				struct floe_error *error)
{
	struct floe_cursor cursor = {.arguments = arguments, .count = count};
	struct floe_match match;
	size_t rows;
	const struct floe_option *table = floe_options(&rows);
	int r;

	while ((r = floe_option_next(table, rows, &cursor, &match, error)) > 0) {
		r = option_apply(&spec->spec, match.option, match.value, error);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	return floe_spec_set_command(spec, count - cursor.next, arguments + cursor.next, error);
}

/* What systemd-nspawn@.service asks of nspawn; the options that follow may say otherwise. */
FLOE_PUBLIC int floe_spec_for_image(struct floe_spec *handle, const char *name,
				    struct floe_error *error)
{
	struct spec *spec = &handle->spec;
	int r;

	if (!machine_name_valid(name))
		return err_usage(error,
				 "'%.*s' is no image name: it has 1 to %d letters, digits, '-', "
				 "'_' and '.', and neither begins nor ends with '-' or '.'",
				 MACHINE_NAME_MAX + 1, name, MACHINE_NAME_MAX);
	r = nixos_take(spec, name, error);
	if (r != 0)
		return r < 0 ? r : 0;
	spec->name = arena_strdup(&spec->arena, name);
	spec->start = SPEC_START_BOOT;
	spec->network = SPEC_NETWORK_PRIVATE;
	spec->links.veth = true;
	spec->notify_ready = true;
	spec->journal = SPEC_JOURNAL_TRY_GUEST;
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot keep the name %s", name);
	return 0;
}

FLOE_PUBLIC int floe_spec_json(struct floe_spec *handle, char **text, struct floe_error *error)
{
	int r = settings_apply(&handle->spec, error);
	json_t *json;

	if (r == 0)
		r = spec_resolve(&handle->spec, error);
	json = r < 0 ? NULL : spec_to_json(&handle->spec);

	*text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	json_decref(json);
	if (r == 0 && !*text)
		return err_errno(error, ENOMEM, "cannot show what was asked for");
	return r;
}
