/* SPDX-License-Identifier: MIT */
/* floe bind: a file or directory of the host in a running machine. */
#include "cli.h"

#include <stdlib.h>

const struct floe_option bind_options[4] = {
	{.name = "read-only", .group = "Mounting", .help = "it cannot be written to inside"},
	{.name = "mkdir", .group = "Mounting", .help = "make the mount point if it is missing"},
	{.name = "no-recursive",
	 .group = "Mounting",
	 .help = "without what is mounted below the source"},
	{.name = "idmap", .group = "Mounting", .help = "id N of the source is id N inside"},
};

int verb_bind(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_bind_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			options.read_only |= match_is(&match, "read-only");
			options.make |= match_is(&match, "mkdir");
			options.not_recursive |= match_is(&match, "no-recursive");
			options.idmap |= match_is(&match, "idmap");
		}
	if (r < 0 || !operands_check(&arguments, 2, 3)) {
		status = arguments.status;
	} else {
		options.target = arguments.operand_count > 2 ? arguments.operands[2] : NULL;
		r = floe_bind(arguments.operands[0], arguments.operands[1], &options, &error);
		status = r < 0 ? say_error(&error) : EXIT_SUCCESS;
	}
	arguments_free(&arguments);
	return status;
}
