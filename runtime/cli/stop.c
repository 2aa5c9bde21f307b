/* SPDX-License-Identifier: MIT */
/* floe stop, poweroff, terminate, remove and gc: verbs that do one thing to each name. */
#include "images.h"

#include <stdint.h>
#include <stdlib.h>

const struct floe_option stop_options[2] = {
	{.name = "timeout",
	 .argument = "SECONDS",
	 .group = "Stopping",
	 .help = "how long it may take before it is killed, 90 if not given"},
	{.name = "kill", .group = "Stopping", .help = "kill at once, no orderly shutdown"},
};

static int stop_one(const void *context, const char *name, struct floe_error *error)
{
	return floe_stop(name, context, error);
}

static int remove_one(const void *context, const char *name, struct floe_error *error)
{
	(void)context;
	return floe_image_remove(name, error);
}

static int gc_one(const void *context, const char *name, struct floe_error *error)
{
	(void)context;
	return floe_gc(name, error);
}

int act_on_each(const struct arguments *arguments, operand_function function, const void *context)
{
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < arguments->operand_count; i++) {
		struct floe_error error = {0};

		if (function(context, arguments->operands[i], &error) < 0)
			status = say_error(&error);
	}
	return status;
}

static int read_options(struct arguments *arguments, struct floe_stop_options *options, size_t min)
{
	struct floe_match match;
	int r;

	while ((r = arguments_next(arguments, &match)) > 0) {
		if (match_is(&match, "kill"))
			options->kill = true;
		if (match_is(&match, "timeout") && !read_timeout(&match, &options->timeout_ms))
			return -1;
	}
	return r == 0 && operands_check(arguments, min, SIZE_MAX) ? 0 : -1;
}

/* With MIN 0 and no names, FUNCTION is called once with NULL: all. */
static int act_on_names(const struct verb *verb, size_t count, char *const words[],
			operand_function function, struct floe_stop_options options, size_t min)
{
	struct arguments arguments;
	struct floe_error error = {0};
	int status;

	if (!arguments_begin(&arguments, verb, count, words) ||
	    read_options(&arguments, &options, min) < 0)
		status = arguments.status;
	else if (arguments.operand_count > 0)
		status = act_on_each(&arguments, function, &options);
	else
		status = function(&options, NULL, &error) < 0 ? say_error(&error) : EXIT_SUCCESS;
	arguments_free(&arguments);
	return status;
}

int verb_stop(const struct verb *verb, size_t count, char *const words[])
{
	const struct floe_stop_options options = {.size = sizeof(options)};

	return act_on_names(verb, count, words, stop_one, options, 1);
}

int verb_terminate(const struct verb *verb, size_t count, char *const words[])
{
	const struct floe_stop_options options = {.size = sizeof(options), .kill = true};

	return act_on_names(verb, count, words, stop_one, options, 1);
}

int verb_remove(const struct verb *verb, size_t count, char *const words[])
{
	const struct floe_stop_options options = {0};

	return act_on_names(verb, count, words, remove_one, options, 1);
}

int verb_gc(const struct verb *verb, size_t count, char *const words[])
{
	const struct floe_stop_options options = {0};

	return act_on_names(verb, count, words, gc_one, options, 0);
}
