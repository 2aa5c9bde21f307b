/* SPDX-License-Identifier: MIT */
/* floe plan: what run or start would do, nothing done. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const struct floe_option plan_options[1] = {
	{.name = "json", .group = "Output", .help = "print the plan as JSON"},
};

/* The words before options' end decide: "start NAME" plans a start, "run" or nothing a run. How
 * many words precede the command. */
static int read_own(struct arguments *arguments, enum floe_format *format)
{
	struct floe_match match;
	const char *first;
	int r;

	*format = FLOE_FORMAT_TEXT;
	while ((r = arguments_next(arguments, &match)) > 0)
		if (match_is(&match, "json"))
			*format = FLOE_FORMAT_JSON;
	if (r < 0)
		return r;
	first = arguments->operand_count > 0 ? arguments->operands[0] : "";
	if (strcmp(first, "start") == 0 && arguments->operand_count < 2) {
		say_failure("plan start: the name of the image is missing; usage: floe plan %s",
			    arguments->verb->operands);
		return -1;
	}
	return strcmp(first, "start") == 0 ? 2 : strcmp(first, "run") == 0;
}

static int print_plan(struct floe_spec *spec, enum floe_format format)
{
	struct floe_error error = {0};
	char *text = NULL;

	if (floe_plan(spec, format, &text, &error) < 0)
		return say_error(&error);
	fputs(text, stdout);
	free(text);
	return EXIT_SUCCESS;
}

/* Reads twice: only after the words "run" or "start NAME" more options may follow. */
static int read_leading(struct arguments *arguments, enum floe_format *format)
{
	int leading = read_own(arguments, format);

	if (leading <= 0)
		return leading;
	arguments->leading = leading;
	arguments_rewind(arguments);
	return read_own(arguments, format);
}

int verb_plan(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_spec *spec = NULL;
	enum floe_format format;
	int leading = -1, status = EXIT_FAILURE;

	if (arguments_begin(&arguments, verb, count, words))
		leading = read_leading(&arguments, &format);
	if (leading < 0) {
		status = arguments.status;
		goto out;
	}
	if (floe_spec_new(&spec, &error) < 0 ||
	    (leading == 2 && floe_spec_for_image(spec, arguments.operands[1], &error) < 0)) {
		say_error(&error);
		goto out;
	}
	arguments_rewind(&arguments);
	status = arguments_to_spec(&arguments, spec, (size_t)leading, NULL) < 0
			 ? arguments.status
			 : print_plan(spec, format);
out:
	floe_spec_free(spec);
	arguments_free(&arguments);
	return status;
}
