/* SPDX-License-Identifier: MIT */
/* floe help and version; help is made of the tables of verbs and options. */
#include "cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Where the explanation of an option begins; longer ones have it on the next line. */
#define HELP_COLUMN 34

static void print_heading(FILE *stream, const char *heading)
{
	bool bold = use_colours(stream);

	fprintf(stream, "\n%s%s%s\n", bold ? "\033[1m" : "", heading, bold ? "\033[0m" : "");
}

static void print_option(FILE *stream, const struct floe_option *option)
{
	char left[96] = "", value[64] = "";
	int length;

	if (option->argument)
		snprintf(value, sizeof(value), option->optional ? "[=%s]" : "=%s",
			 option->argument);
	if (option->letter && option->name)
		snprintf(left, sizeof(left), "  -%c, --%s%s", option->letter, option->name, value);
	else if (option->name)
		snprintf(left, sizeof(left), "      --%s%s", option->name, value);
	else
		snprintf(left, sizeof(left), "  -%c", option->letter);
	length = (int)strlen(left);
	if (length >= HELP_COLUMN)
		fprintf(stream, "%s\n%*s%s\n", left, HELP_COLUMN, "", option->help);
	else
		fprintf(stream, "%-*s%s\n", HELP_COLUMN, left, option->help);
}

/* The rows come group by group. */
static void print_options(FILE *stream, const struct floe_option *options, size_t count)
{
	const char *group = "";

	for (size_t i = 0; i < count; i++) {
		if (strcmp(group, options[i].group) != 0)
			print_heading(stream, options[i].group);
		group = options[i].group;
		print_option(stream, &options[i]);
	}
}

static void print_verb_help(FILE *stream, const struct verb *verb)
{
	size_t count = 0;
	const struct floe_option *options = verb->runs ? floe_options(&count) : NULL;

	fprintf(stream, "Usage: floe %s%s%s\n\n%c%s.\n", verb->name, *verb->operands ? " " : "",
		verb->operands, toupper((unsigned char)*verb->help), verb->help + 1);
	print_options(stream, verb->options, verb->option_count);
	print_options(stream, options, count);
	print_options(stream, &help_option, 1);
	if (verb->runs)
		fputs("\nWhere an option takes one of a few words, --OPTION=help lists them.\n",
		      stream);
	fputs("\nThe manual: man floe\n", stream);
}

static void print_general_help(FILE *stream)
{
	const char *group = "";

	fputs("Usage: floe VERB [OPTION...] ...\n\nRuns machines made of Linux namespaces.\n",
	      stream);
	for (size_t i = 0; i < verb_count; i++) {
		if (strcmp(group, verbs[i].group) != 0)
			print_heading(stream, verbs[i].group);
		group = verbs[i].group;
		fprintf(stream, "  %-14s%s\n", verbs[i].name, verbs[i].help);
	}
	fputs("\n`floe help VERB` explains one. The manual: man floe\n", stream);
}

void print_help(FILE *stream, const struct verb *verb)
{
	if (verb)
		print_verb_help(stream, verb);
	else
		print_general_help(stream);
}

/* Reads the words of a verb without options of its own. The exit status, or -1 to go on. */
static int read_words(struct arguments *arguments, const struct verb *verb, size_t count,
		      char *const words[], size_t max)
{
	struct floe_match match;

	if (!arguments_begin(arguments, verb, count, words) || arguments_next(arguments, &match) ||
	    !operands_check(arguments, 0, max))
		return arguments->status;
	return -1;
}

int verb_help(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	int status = read_words(&arguments, verb, count, words, 1);
	const char *name = status < 0 && arguments.operand_count ? arguments.operands[0] : NULL;

	if (status < 0) {
		status = EXIT_SUCCESS;
		if (name && !verb_find(name))
			status = say_failure("help: there is no verb '%.64s'", name);
		else
			print_help(stdout, name ? verb_find(name) : NULL);
	}
	arguments_free(&arguments);
	return status;
}

int verb_version(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	int status = read_words(&arguments, verb, count, words, 0);

	if (status < 0) {
		printf("floe %s\n", floe_version());
		status = EXIT_SUCCESS;
	}
	arguments_free(&arguments);
	return status;
}
