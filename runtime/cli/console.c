/* SPDX-License-Identifier: MIT */
/* floe console: the console of a machine in the background. */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

const struct floe_option console_options[1] = {
	{.name = "read-only", .group = "Console", .help = "only watch"},
};

static int show(const char *name, bool read_only)
{
	struct floe_error error = {0};
	struct floe_console_options options = {
		.size = sizeof(options),
		.input = read_only ? -1 : STDIN_FILENO,
		.output = STDOUT_FILENO,
		.signal_fd = signals_take(),
	};
	bool terminal = !read_only && isatty(STDIN_FILENO), quiet = !isatty(STDERR_FILENO);
	int r;

	if (options.signal_fd < 0)
		return EXIT_FAILURE;
	if (terminal)
		say_note(&quiet, "pressing Ctrl-] three times within a second leaves the console");
	r = floe_console(name, &options, &error);
	close(options.signal_fd);
	if (r < 0)
		return say_error(&error);
	say_note(&quiet, r == 0 ? "left the console; the machine goes on" : "the machine ended");
	return EXIT_SUCCESS;
}

int verb_console(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	bool read_only = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			read_only |= match_is(&match, "read-only");
	if (r == 0 && operands_check(&arguments, 1, 1))
		status = show(arguments.operands[0], read_only);
	else
		status = arguments.status;
	arguments_free(&arguments);
	return status;
}
