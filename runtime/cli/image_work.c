/* SPDX-License-Identifier: MIT */
/* floe clone, rename, read-only, set-limit and clean. */
#include "images.h"

#include <stdlib.h>
#include <string.h>

const struct floe_option clone_options[1] = {
	{.name = "read-only", .group = "Cloning", .help = "mark the new image read-only"},
};

/* What is done to the operands. */
typedef int work(const struct arguments *arguments, bool read_only, struct floe_error *error);

static int work_verb(const struct verb *verb, size_t count, char *const words[], size_t min,
		     size_t max, work *function)
{
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_match match;
	bool read_only = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			read_only |= match_is(&match, "read-only");
	status = arguments.status;
	if (r == 0 && operands_check(&arguments, min, max)) {
		r = function(&arguments, read_only, &error);
		status = r >= 0 ? EXIT_SUCCESS : error.code ? say_error(&error) : EXIT_FAILURE;
	}
	arguments_free(&arguments);
	return status;
}

static int do_clone(const struct arguments *arguments, bool read_only, struct floe_error *error)
{
	return floe_image_clone(arguments->operands[0], arguments->operands[1], read_only, error);
}

int verb_clone(const struct verb *verb, size_t count, char *const words[])
{
	return work_verb(verb, count, words, 2, 2, do_clone);
}

static int do_rename(const struct arguments *arguments, bool read_only, struct floe_error *error)
{
	(void)read_only;
	return floe_image_rename(arguments->operands[0], arguments->operands[1], error);
}

int verb_rename(const struct verb *verb, size_t count, char *const words[])
{
	return work_verb(verb, count, words, 2, 2, do_rename);
}

static int do_read_only(const struct arguments *arguments, bool given, struct floe_error *error)
{
	bool read_only = true;

	(void)given;
	if (arguments->operand_count > 1 &&
	    !read_bool("read-only", arguments->operands[1], &read_only))
		return -1;
	return floe_image_set_read_only(arguments->operands[0], read_only, error);
}

int verb_read_only(const struct verb *verb, size_t count, char *const words[])
{
	return work_verb(verb, count, words, 1, 2, do_read_only);
}

static int do_set_limit(const struct arguments *arguments, bool given, struct floe_error *error)
{
	const struct floe_option option = {.name = "set-limit"};
	const struct floe_match match = {&option, arguments->operands[1]};
	uint64_t bytes = UINT64_MAX;

	(void)given;
	/* "-" is machinectl's word for no limit. */
	if (strcmp(match.value, "-") != 0 && strcmp(match.value, "none") != 0 &&
	    !read_size(&match, &bytes))
		return -1;
	return floe_image_set_limit(arguments->operands[0], bytes, error);
}

int verb_set_limit(const struct verb *verb, size_t count, char *const words[])
{
	return work_verb(verb, count, words, 2, 2, do_set_limit);
}

static void say_cleaned(void *context, const char *name, uint64_t bytes)
{
	char text[16];

	(void)context;
	printf("%s  %s\n", name, size_text(bytes, text, sizeof(text)));
}

static int do_clean(const struct arguments *arguments, bool given, struct floe_error *error)
{
	(void)arguments;
	(void)given;
	return floe_image_clean(say_cleaned, NULL, error);
}

int verb_clean(const struct verb *verb, size_t count, char *const words[])
{
	return work_verb(verb, count, words, 0, 0, do_clean);
}
