/* SPDX-License-Identifier: MIT */
/* floe check-config: what is wrong with settings files. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>

const struct floe_option check_options[1] = {
	{.name = "untrusted",
	 .group = "Checking",
	 .help = "judge it as a file beside an image, which may say less"},
};

/* CONTEXT counts. */
static int print_finding(void *context, const struct floe_finding *finding)
{
	size_t *count = context;

	(*count)++;
	printf("%s:", finding->file);
	if (finding->line > 0)
		printf("%u:", finding->line);
	printf(" %s: %s\n", finding->fatal ? "error" : "warning", finding->text);
	return 0;
}

int verb_check_config(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_settings_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	size_t findings = 0;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			options.untrusted |= match_is(&match, "untrusted");
	status = r < 0 ? arguments.status : EXIT_SUCCESS;
	if (r == 0 && !operands_check(&arguments, 1, SIZE_MAX)) {
		status = EXIT_FAILURE;
		arguments.operand_count = 0;
	}
	for (size_t i = 0; r == 0 && i < arguments.operand_count; i++) {
		struct floe_error error = {0};

		if (floe_settings_check(arguments.operands[i], &options, print_finding, &findings,
					&error) < 0)
			status = say_error(&error);
	}
	arguments_free(&arguments);
	return findings > 0 ? EXIT_FAILURE : status;
}
