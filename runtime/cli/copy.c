/* SPDX-License-Identifier: MIT */
/* floe copy-to and copy-from. */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

const struct floe_option copy_options[1] = {
	{.name = "force", .group = "Copying", .help = "replace what is there"},
};

typedef int (*copy_function)(const char *name, const char *source, const char *target,
			     const struct floe_copy_options *options, struct floe_error *error);

static int copy(char *const operands[], size_t count, bool force, copy_function function)
{
	const char *source = operands[1], *target = count > 2 ? operands[2] : operands[1];
	struct floe_error error = {0};
	bool quiet = false;
	struct floe_copy_options options = {
		.size = sizeof(options),
		.force = force,
		.signal_fd = signals_take(),
		.note = say_note,
		.context = &quiet,
	};
	int r;

	if (options.signal_fd < 0)
		return EXIT_FAILURE;
	r = function(operands[0], source, target, &options, &error);
	close(options.signal_fd);
	return r < 0 ? say_error(&error) : EXIT_SUCCESS;
}

static int read_and_copy(const struct verb *verb, size_t count, char *const words[],
			 copy_function function)
{
	struct arguments arguments;
	struct floe_match match;
	bool force = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			force |= match_is(&match, "force");
	if (r == 0 && operands_check(&arguments, 2, 3))
		status = copy(arguments.operands, arguments.operand_count, force, function);
	else
		status = arguments.status;
	arguments_free(&arguments);
	return status;
}

int verb_copy_to(const struct verb *verb, size_t count, char *const words[])
{
	return read_and_copy(verb, count, words, floe_copy_to);
}

int verb_copy_from(const struct verb *verb, size_t count, char *const words[])
{
	return read_and_copy(verb, count, words, floe_copy_from);
}
