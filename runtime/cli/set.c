/* SPDX-License-Identifier: MIT */
/* floe set: other limits for a running machine. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const struct floe_option set_options[1] = {
	{.name = "save",
	 .group = "Setting",
	 .help = "keep them in the settings file too, and no more if it does not run"},
};

/* "tasks" is short for the option's name. */
static char *assignment_of(const char *word)
{
	static const char tasks[] = "tasks=";
	char *text;
	int r = strncmp(word, tasks, sizeof(tasks) - 1) == 0
			? asprintf(&text, "tasks-max=%s", word + sizeof(tasks) - 1)
			: asprintf(&text, "%s", word);

	return r < 0 ? NULL : text;
}

/* What is saved was checked as a whole, as floe_set() does. A machine that does not run is changed
 * for its next start alone. */
static int apply(const char *name, const char *const *assignments, size_t count, bool save)
{
	struct floe_error error = {0}, unsaved = {0};
	int r = floe_set(name, assignments, count, &error);

	if (save && (r == 0 || error.code == FLOE_ERROR_NOT_FOUND))
		r = floe_settings_save(name, assignments, count, &unsaved);
	if (r < 0)
		return say_error(unsaved.code ? &unsaved : &error);
	return EXIT_SUCCESS;
}

static int set(const struct arguments *arguments, bool save)
{
	size_t count = arguments->operand_count - 1;
	char **assignments = calloc(count, sizeof(*assignments));
	int status = EXIT_SUCCESS;

	for (size_t i = 0; assignments && i < count; i++) {
		assignments[i] = assignment_of(arguments->operands[i + 1]);
		if (!assignments[i])
			status = EXIT_FAILURE;
	}
	if (!assignments || status != EXIT_SUCCESS)
		status = say_failure("out of memory");
	else
		status = apply(arguments->operands[0], (const char *const *)assignments, count,
			       save);
	for (size_t i = 0; assignments && i < count; i++)
		free(assignments[i]);
	free(assignments);
	return status;
}

int verb_set(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	bool save = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			save |= match_is(&match, "save");
	status = r == 0 && operands_check(&arguments, 2, SIZE_MAX) ? set(&arguments, save)
								   : arguments.status;
	arguments_free(&arguments);
	return status;
}
