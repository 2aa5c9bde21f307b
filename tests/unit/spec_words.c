/* SPDX-License-Identifier: MIT */
/* Specs made of command line words. */
#include "spec_words.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

int line_parse(struct floe_spec **handle, const char *line, struct floe_error *error)
{
	CLEANUP_FREE char *copy = strdup(line);
	char *words[WORDS_MAX], *position = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &position); word;
	     word = strtok_r(NULL, " ", &position)) {
		assert_true(count < WORDS_MAX);
		words[count++] = word;
	}
	assert_int_equal(floe_spec_new(handle, error), 0);
	return floe_spec_parse(*handle, count, words, error);
}

struct floe_spec *line_accept(const char *line)
{
	struct floe_error error = {0};
	struct floe_spec *spec;

	if (line_parse(&spec, line, &error) < 0)
		fail_msg("\"%s\" was refused: %s", line, error.message);
	return spec;
}

struct floe_spec *line_resolve(const char *line)
{
	struct floe_error error = {0};
	struct floe_spec *spec = line_accept(line);

	if (spec_resolve(&spec->spec, &error) < 0)
		fail_msg("\"%s\" was refused: %s", line, error.message);
	return spec;
}

static void check_refusal(const char *what, int r, const struct floe_error *error,
			  const char *reason)
{
	if (r != -EINVAL || error->code != FLOE_ERROR_USAGE)
		fail_msg("\"%s\" gave %d, code %d", what, r, error->code);
	if (!strstr(error->message, reason))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", what, error->message, reason);
}

void line_refuse(const char *line, const char *reason)
{
	struct floe_error error = {0};
	struct floe_spec *spec;
	int r = line_parse(&spec, line, &error);

	if (r == 0)
		r = spec_resolve(&spec->spec, &error);
	check_refusal(line, r, &error, reason);
	floe_spec_free(spec);
}

void option_refuse_value(const char *option, const char *value, const char *reason)
{
	struct floe_error error = {0};
	struct floe_spec *spec;

	assert_int_equal(floe_spec_new(&spec, &error), 0);
	check_refusal(option, floe_spec_set(spec, option, value, &error), &error, reason);
	if (!strstr(error.message, option))
		fail_msg("\"%s\" does not name %s", error.message, option);
	if (strpbrk(error.message, "\n\r\t\x01"))
		fail_msg("the message on %s holds control characters", option);
	floe_spec_free(spec);
}
