/* SPDX-License-Identifier: MIT */
/* floe set: other limits for a running machine. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static int set(const struct arguments *arguments)
{
	size_t count = arguments->operand_count - 1;
	char **assignments = calloc(count, sizeof(*assignments));
	struct floe_error error = {0};
	int status = EXIT_SUCCESS;

	for (size_t i = 0; assignments && i < count; i++) {
		assignments[i] = assignment_of(arguments->operands[i + 1]);
		if (!assignments[i])
			status = EXIT_FAILURE;
	}
	if (!assignments || status != EXIT_SUCCESS)
		status = say_failure("out of memory");
	else if (floe_set(arguments->operands[0], (const char *const *)assignments, count, &error) <
		 0)
		status = say_error(&error);
	for (size_t i = 0; assignments && i < count; i++)
		free(assignments[i]);
	free(assignments);
	return status;
}

int verb_set(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		r = arguments_next(&arguments, &match);
	status = r == 0 && operands_check(&arguments, 2, SIZE_MAX) ? set(&arguments)
								   : arguments.status;
	arguments_free(&arguments);
	return status;
}
