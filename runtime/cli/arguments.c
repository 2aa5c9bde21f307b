/* SPDX-License-Identifier: MIT */
/* Reading the words of a verb: options wherever the verb takes them, operands, a command. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const struct floe_option help_option = {
	.name = "help",
	.letter = 'h',
	.group = "Help",
	.help = "print this help",
};

bool arguments_begin(struct arguments *arguments, const struct verb *verb, size_t count,
		     char *const words[])
{
	size_t library_rows = 0;
	const struct floe_option *library = verb->runs ? floe_options(&library_rows) : NULL;
	size_t rows = 1 + verb->option_count + library_rows;
	struct floe_option *row;

	*arguments = (struct arguments){
		.verb = verb,
		.leading = verb->leading,
		.cursor = {.arguments = words, .count = count},
		.table = calloc(rows, sizeof(*arguments->table)),
		.operands = calloc(count + 1, sizeof(*arguments->operands)),
		.status = EXIT_FAILURE,
	};
	if (!arguments->table || !arguments->operands) {
		say_failure("out of memory");
		return false;
	}
	row = arguments->table;
	for (size_t i = 0; i < verb->option_count; i++)
		*row++ = verb->options[i];
	for (size_t i = 0; i < library_rows; i++)
		*row++ = library[i];
	*row = help_option;
	arguments->rows = rows;
	return true;
}

void arguments_free(struct arguments *arguments)
{
	free(arguments->table);
	free(arguments->operands);
	arguments->table = NULL;
	arguments->operands = NULL;
}

void arguments_rewind(struct arguments *arguments)
{
	arguments->cursor.next = 0;
	arguments->cursor.cluster = NULL;
	arguments->operand_count = 0;
	arguments->only_operands = false;
}

bool match_is(const struct floe_match *match, const char *name)
{
	return !match->option->action && strcmp(match->option->name, name) == 0;
}

/* "--console=help": the words the option takes, one a line. */
static bool answer_help(const struct floe_match *match)
{
	const char *words = match->option->words;

	if (!match->value || strcmp(match->value, "help") != 0 || !words || *words == '@')
		return false;
	while (*(words += strspn(words, " "))) {
		size_t length = strcspn(words, " ");

		printf("%.*s\n", (int)strcspn(words, "= "), words);
		words += length;
	}
	return true;
}

/* Takes the word that is no option. Whether options may follow it. */
static bool take_operand(struct arguments *arguments)
{
	struct floe_cursor *cursor = &arguments->cursor;

	if (arguments->leading >= 0 && arguments->operand_count >= (size_t)arguments->leading)
		return false;
	arguments->operands[arguments->operand_count++] = cursor->arguments[cursor->next++];
	return true;
}

static void take_rest(struct arguments *arguments)
{
	struct floe_cursor *cursor = &arguments->cursor;

	while (cursor->next < cursor->count)
		arguments->operands[arguments->operand_count++] = cursor->arguments[cursor->next++];
}

static int read_option(struct arguments *arguments, struct floe_match *match)
{
	struct floe_error error = {0};
	struct floe_cursor *cursor = &arguments->cursor;

	for (;;) {
		size_t before = cursor->next;
		int r = floe_option_next(arguments->table, arguments->rows, cursor, match, &error);

		if (r > 0)
			return r;
		if (r < 0) {
			say_error(&error);
			fprintf(stderr, "See `floe %s --help`.\n", arguments->verb->name);
			return r;
		}
		if (cursor->next > before || cursor->next >= cursor->count ||
		    !take_operand(arguments))
			break;
	}
	take_rest(arguments);
	return 0;
}

int arguments_next(struct arguments *arguments, struct floe_match *match)
{
	int r = read_option(arguments, match);

	if (r <= 0)
		return r < 0 ? -1 : 0;
	if (match_is(match, "help"))
		print_help(stdout, arguments->verb);
	else if (!answer_help(match))
		return 1;
	arguments->status = EXIT_SUCCESS;
	return -1;
}

bool operands_check(const struct arguments *arguments, size_t min, size_t max)
{
	const char *wrong = arguments->operand_count < min   ? "too few words"
			    : arguments->operand_count > max ? "too many words"
							     : NULL;

	if (!wrong)
		return true;
	say_failure("%s: %s; usage: floe %s %s", arguments->verb->name, wrong,
		    arguments->verb->name, arguments->verb->operands);
	return false;
}

/* Options after which nobody wants to read notes. */
static bool is_quiet(const struct floe_match *match)
{
	const char *name = match->option->name;

	if (!match->option->action || !name)
		return false;
	return strcmp(name, "quiet") == 0 || strcmp(name, "pipe") == 0 ||
	       (strcmp(name, "console") == 0 && strcmp(match->value, "pipe") == 0);
}

static int set_option(struct floe_spec *spec, const struct floe_option *option, const char *value,
		      struct floe_error *error)
{
	const char letter[] = {option->letter, '\0'};

	return floe_spec_set(spec, option->name ? option->name : letter, value, error);
}

int arguments_to_spec(struct arguments *arguments, struct floe_spec *spec, size_t skip, bool *quiet)
{
	struct floe_error error = {0};
	struct floe_match match;
	int r;

	while ((r = arguments_next(arguments, &match)) > 0) {
		if (!match.option->action)
			continue;
		if (set_option(spec, match.option, match.value, &error) < 0)
			break;
		if (quiet && is_quiet(&match))
			*quiet = true;
	}
	if (r == 0 && arguments->operand_count > skip)
		r = floe_spec_set_command(spec, arguments->operand_count - skip,
					  arguments->operands + skip, &error);
	if (error.code)
		say_error(&error);
	return r == 0 ? 0 : -1;
}

bool read_bool(const char *name, const char *text, bool *value)
{
	static const char *const words[][2] = {
		{"yes", "no"}, {"true", "false"}, {"on", "off"}, {"1", "0"}, {"y", "n"}, {"t", "f"},
	};

	for (size_t i = 0; i < ROW_COUNT(words); i++)
		for (int no = 0; no < 2; no++)
			if (strcmp(text, words[i][no]) == 0) {
				*value = no == 0;
				return true;
			}
	say_failure("%s: expected yes or no, not '%.64s'", name, text);
	return false;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* Digits and one of the units up to the one without a name; the result is below MAX. */
static bool read_number(const struct floe_match *match, const struct unit *units, uint64_t max,
			uint64_t *value)
{
	const char *text = match->value;
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9')
		return false;
	while (*units->name && strcmp(end, units->name) != 0)
		units++;
	if (strcmp(end, units->name) != 0 || number > max / units->factor)
		return false;
	*value = number * units->factor;
	return true;
}

bool read_size(const struct floe_match *match, uint64_t *bytes)
{
	static const struct unit units[] = {
		{"K", UINT64_C(1) << 10},
		{"M", UINT64_C(1) << 20},
		{"G", UINT64_C(1) << 30},
		{"T", UINT64_C(1) << 40},
		{"", 1},
	};

	if (read_number(match, units, INT64_MAX, bytes) && *bytes > 0)
		return true;
	say_failure("--%s=%.100s: expected bytes, with K, M, G or T for powers of 1024",
		    match->option->name, match->value);
	return false;
}

bool read_timeout(const struct floe_match *match, unsigned *milliseconds)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"", 1000},
	};
	uint64_t value;

	if (read_number(match, units, UINT32_MAX, &value) && value > 0) {
		*milliseconds = (unsigned)value;
		return true;
	}
	say_failure("--%s=%.100s: expected seconds, or a number with ms, s, min or h",
		    match->option->name, match->value);
	return false;
}

bool read_count(const struct floe_match *match, unsigned *count)
{
	static const struct unit units[] = {{"", 1}};
	uint64_t value;

	if (read_number(match, units, INT32_MAX, &value)) {
		*count = (unsigned)value;
		return true;
	}
	say_failure("--%s=%.100s: expected a number", match->option->name, match->value);
	return false;
}
