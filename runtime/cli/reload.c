/* SPDX-License-Identifier: MIT */
/* floe reload: a running NixOS machine becomes the system that its description names now. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* The first status that is not zero counts, and ends it. */
static int reload_all(const struct arguments *arguments, struct floe_exec_options *options)
{
	struct floe_error error = {0};
	int status = EXIT_SUCCESS;

	for (size_t i = 0; status == EXIT_SUCCESS && i < arguments->operand_count; i++) {
		if (floe_reload(arguments->operands[i], options, &status, &error) < 0)
			return say_error(&error);
		if (status != EXIT_SUCCESS)
			say_failure("switch-to-configuration ended with status %d in %s", status,
				    arguments->operands[i]);
	}
	return status;
}

int verb_reload(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	struct floe_exec_options options = {
		.size = sizeof(options),
		.input = STDIN_FILENO,
		.output = STDOUT_FILENO,
		.error_output = STDERR_FILENO,
		.signal_fd = -1,
	};
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			;
	status = arguments.status;
	if (r == 0 && operands_check(&arguments, 1, SIZE_MAX)) {
		options.signal_fd = signals_take();
		if (options.signal_fd >= 0) {
			status = reload_all(&arguments, &options);
			close(options.signal_fd);
		}
	}
	arguments_free(&arguments);
	return status;
}
