/* SPDX-License-Identifier: MIT */
/* floe run: a machine in the foreground. */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

/* The exit status of the machine, or 1. */
static int run(struct floe_spec *spec, bool *quiet)
{
	struct floe_error error = {0};
	struct floe_run_options options = {
		.size = sizeof(options),
		.input = STDIN_FILENO,
		.output = STDOUT_FILENO,
		.error_output = STDERR_FILENO,
		.signal_fd = signals_take(),
		.note = say_note,
		.context = quiet,
	};
	int status = EXIT_FAILURE;

	if (options.signal_fd < 0)
		return EXIT_FAILURE;
	if (floe_run(spec, &options, &status, &error) < 0)
		status = say_error(&error);
	close(options.signal_fd);
	return status;
}

int verb_run(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_spec *spec = NULL;
	bool quiet = false;
	int status;

	if (!arguments_begin(&arguments, verb, count, words))
		status = EXIT_FAILURE;
	else if (floe_spec_new(&spec, &error) < 0)
		status = say_error(&error);
	else if (arguments_to_spec(&arguments, spec, 0, &quiet) < 0)
		status = arguments.status;
	else
		status = run(spec, &quiet);
	floe_spec_free(spec);
	arguments_free(&arguments);
	return status;
}
