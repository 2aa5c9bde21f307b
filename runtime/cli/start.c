/* SPDX-License-Identifier: MIT */
/* floe start: a machine that outlives the command. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>

const struct floe_option start_options[3] = {
	{.name = "no-wait", .group = "Starting", .help = "do not wait until the machine is ready"},
	{.name = "all-enabled",
	 .group = "Starting",
	 .help = "start all that are enabled and do not run"},
	{.name = "timeout",
	 .argument = "SECONDS",
	 .group = "Starting",
	 .help = "how long to wait until it is ready, 90 if not given"},
};

/* The options of start itself; the others are read again into the spec, once the name is known. */
static int read_own(struct arguments *arguments, struct floe_start_options *options, bool *all)
{
	struct floe_match match;
	int r;

	while ((r = arguments_next(arguments, &match)) > 0) {
		if (match_is(&match, "no-wait"))
			options->no_wait = true;
		if (match_is(&match, "all-enabled"))
			*all = true;
		if (match_is(&match, "timeout") && !read_timeout(&match, &options->timeout_ms))
			return -1;
	}
	if (r == 0 && *all)
		return operands_check(arguments, 0, 0) ? 0 : -1;
	return r == 0 && operands_check(arguments, 1, SIZE_MAX) ? 0 : -1;
}

int verb_start(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_spec *spec = NULL;
	bool quiet = false, all = false;
	struct floe_start_options options = {
		.size = sizeof(options),
		.note = say_note,
		.context = &quiet,
	};
	int status = EXIT_SUCCESS;

	if (!arguments_begin(&arguments, verb, count, words) ||
	    read_own(&arguments, &options, &all) < 0)
		status = arguments.status;
	else if (all)
		status = start_enabled(&options);
	else if (floe_spec_new(&spec, &error) < 0 ||
		 floe_spec_for_image(spec, arguments.operands[0], &error) < 0)
		status = say_error(&error);
	if (!spec || error.code)
		goto out;
	arguments_rewind(&arguments);
	if (arguments_to_spec(&arguments, spec, 1, &quiet) < 0)
		status = arguments.status;
	else if (floe_start(spec, &options, &error) < 0)
		status = say_error(&error);
out:
	floe_spec_free(spec);
	arguments_free(&arguments);
	return status;
}
