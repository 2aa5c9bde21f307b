/* SPDX-License-Identifier: MIT */
/* floe show: what is known of machines, for programs. */
#include "properties.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const struct floe_option show_options[3] = {
	{.name = "property",
	 .letter = 'p',
	 .argument = "KEY",
	 .repeatable = true,
	 .group = "Showing",
	 .help = "only this one; KEY=help lists them"},
	{.name = "value", .group = "Showing", .help = "print values without their keys"},
	{.name = "json", .group = "Showing", .help = "print a JSON array"},
};

struct showing {
	const char **names; /* NULL-terminated; NULL: all */
	size_t name_count;
	bool only_values, json;
	size_t machines; /* shown so far */
	json_t *array;
};

static bool is_property(const char *name)
{
	for (size_t i = 0; property_names[i]; i++)
		if (strcmp(property_names[i], name) == 0)
			return true;
	return false;
}

static bool add_name(struct showing *showing, const char *name)
{
	const char **grown;

	if (!is_property(name)) {
		say_failure("show: there is no property \"%.64s\"; -p help lists them", name);
		return false;
	}
	grown = realloc(showing->names, (showing->name_count + 2) * sizeof(*grown));
	if (!grown) {
		say_failure("out of memory");
		return false;
	}
	showing->names = grown;
	grown[showing->name_count++] = name;
	grown[showing->name_count] = NULL;
	return true;
}

/* Text as it is, anything else as JSON; nothing for what is not known. */
static bool print_value(json_t *value)
{
	char *text;
	bool good;

	if (json_is_null(value))
		return true;
	if (json_is_string(value)) {
		fputs(json_string_value(value), stdout);
		return true;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	good = text;
	if (good)
		fputs(text, stdout);
	free(text);
	return good;
}

static int print_text(struct showing *showing, const struct floe_machine_status *status)
{
	bool good = true;

	if (showing->machines++ > 0)
		putchar('\n');
	for (const char *const *name = showing->names ?: property_names; *name && good; name++) {
		json_t *value = property_value(status, *name);

		if (!showing->only_values)
			printf("%s=", *name);
		good = value && print_value(value);
		putchar('\n');
		json_decref(value);
	}
	return good ? 0 : 1;
}

static int show_machine(void *context, const struct floe_machine_status *status)
{
	struct showing *showing = context;

	if (!showing->json)
		return print_text(showing, status);
	return json_array_append_new(showing->array, properties_object(status, showing->names)) < 0;
}

static int show_all(struct showing *showing, const struct arguments *arguments)
{
	const struct floe_status_options options = {
		.size = sizeof(options),
		.parts = showing->names ? property_parts(showing->names) : FLOE_STATUS_ALL,
	};
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < arguments->operand_count || i == 0; i++) {
		const char *name = arguments->operand_count ? arguments->operands[i] : NULL;
		struct floe_error error = {0};
		int r = floe_machine_status(name, &options, show_machine, showing, &error);

		if (r > 0)
			return say_failure("out of memory");
		if (r < 0)
			status = say_error(&error);
	}
	return status;
}

static int print_array(json_t *array)
{
	if (json_dumpf(array, stdout, JSON_INDENT(2)) < 0)
		return say_failure("cannot print JSON");
	putchar('\n');
	return EXIT_SUCCESS;
}

int show_json(const struct arguments *arguments)
{
	struct showing showing = {.json = true, .array = json_array()};
	int status = show_all(&showing, arguments);

	if (print_array(showing.array) != EXIT_SUCCESS)
		status = EXIT_FAILURE;
	json_decref(showing.array);
	return status;
}

static void list_properties(void)
{
	for (size_t i = 0; property_names[i]; i++)
		puts(property_names[i]);
}

/* As arguments_next(). */
static int read_options(struct arguments *arguments, struct showing *showing)
{
	struct floe_match match;
	int r;

	while ((r = arguments_next(arguments, &match)) > 0) {
		showing->only_values |= match_is(&match, "value");
		showing->json |= match_is(&match, "json");
		if (!match_is(&match, "property"))
			continue;
		if (strcmp(match.value, "help") == 0) {
			list_properties();
			arguments->status = EXIT_SUCCESS;
			return -1;
		}
		if (!add_name(showing, match.value))
			return -1;
	}
	return r;
}

int verb_show(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct showing showing = {.array = json_array()};
	int status;

	if (!arguments_begin(&arguments, verb, count, words) ||
	    read_options(&arguments, &showing) < 0) {
		status = arguments.status;
	} else {
		status = show_all(&showing, &arguments);
		if (showing.json && print_array(showing.array) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	}
	json_decref(showing.array);
	free(showing.names);
	arguments_free(&arguments);
	return status;
}
