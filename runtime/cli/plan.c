/* SPDX-License-Identifier: MIT */
/* floe plan: what run or start would do, nothing done. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const struct floe_option plan_options[2] = {
	{.name = "json", .group = "Output", .help = "print the plan as JSON"},
	{.name = "spec",
	 .group = "Output",
	 .help = "print only what was asked for, defaults filled in, as JSON"},
};

enum output {
	OUTPUT_TEXT,
	OUTPUT_JSON,
	OUTPUT_SPEC,
};

/* The words before options' end decide: "start NAME" plans a start, "run" or nothing a run. How
 * many words precede the command. */
static int read_own(struct arguments *arguments, enum output *output)
{
	struct floe_match match;
	const char *first;
	int r;

	*output = OUTPUT_TEXT;
	while ((r = arguments_next(arguments, &match)) > 0) {
		if (match_is(&match, "json"))
			*output = OUTPUT_JSON;
		if (match_is(&match, "spec"))
			*output = OUTPUT_SPEC;
	}
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

static int print_plan(struct floe_spec *spec, enum output output)
{
	enum floe_format format = output == OUTPUT_JSON ? FLOE_FORMAT_JSON : FLOE_FORMAT_TEXT;
	struct floe_error error = {0};
	char *text = NULL;
	size_t length;
	int r;

	if (output == OUTPUT_SPEC)
		r = floe_spec_json(spec, &text, &error);
	else
		r = floe_plan(spec, format, &text, &error);
	if (r < 0)
		return say_error(&error);
	length = strlen(text);
	fputs(text, stdout);
	if (length > 0 && text[length - 1] != '\n')
		putchar('\n');
	free(text);
	return EXIT_SUCCESS;
}

/* Reads twice: only after the words "run" or "start NAME" more options may follow. */
static int read_leading(struct arguments *arguments, enum output *output)
{
	int leading = read_own(arguments, output);

	if (leading <= 0)
		return leading;
	arguments->leading = leading;
	arguments_rewind(arguments);
	return read_own(arguments, output);
}

int verb_plan(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_spec *spec = NULL;
	enum output output;
	int leading = -1, status = EXIT_FAILURE;

	if (arguments_begin(&arguments, verb, count, words))
		leading = read_leading(&arguments, &output);
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
			 : print_plan(spec, output);
out:
	floe_spec_free(spec);
	arguments_free(&arguments);
	return status;
}
