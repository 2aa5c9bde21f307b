/* SPDX-License-Identifier: MIT */
/* Setting options whose kind of value several share, and refusing any of them. */
#include "option.h"

#include "../base/names.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is shown of a value in a message. */
#define SHOWN_MAX 200

int option_refuse(const struct option_call *call, const char *format, ...)
{
	const char *value = call->value ?: "";
	char message[1024];
	char name[64];
	va_list arguments;
	size_t used;

	if (call->option->name)
		snprintf(name, sizeof(name), "--%s", call->option->name);
	else
		snprintf(name, sizeof(name), "-%c", call->option->letter);
	used = (size_t)snprintf(message, sizeof(message), "%s%s%.*s%s: ", name,
				call->value ? "=" : "", SHOWN_MAX, value,
				strlen(value) > SHOWN_MAX ? "..." : "");
	va_start(arguments, format);
	vsnprintf(message + used, sizeof(message) - used, format, arguments);
	va_end(arguments);
	return err_usage(call->error, "%s", message);
}

const struct option_action *option_action(const struct option_call *call)
{
	return call->option->action;
}

void *option_field(const struct option_call *call)
{
	return (char *)call->spec + option_action(call)->offset;
}

static int read_bool(const struct option_call *call, bool *value)
{
	if (text_to_bool(call->value, value) < 0)
		return option_refuse(call, "expected yes or no");
	return 0;
}

/* An option that is on when it is given. */
int set_flag(const struct option_call *call)
{
	*(bool *)option_field(call) = true;
	return 0;
}

int set_bool(const struct option_call *call)
{
	return read_bool(call, option_field(call));
}

int set_tristate(const struct option_call *call)
{
	bool value;
	int r = read_bool(call, &value);

	if (r == 0)
		*(int *)option_field(call) = value;
	return r;
}

/* Writes "a, b or c" of the words into TEXT. */
static void list_words(char *text, size_t size, const struct word_table *table)
{
	size_t used = 0;

	for (const struct word *word = table->words; word->name && used < size; word++) {
		const char *before = word == table->words ? "" : word[1].name ? ", " : " or ";

		used += (size_t)snprintf(text + used, size - used, "%s%s", before, word->name);
	}
}

/* One of a few words; what a boolean says counts where the table has yes or no. */
int set_word(const struct option_call *call)
{
	const struct word_table *table = option_action(call)->words;
	char accepted[512] = "";
	int *field = option_field(call);
	bool truth;

	if (!call->value) {
		*field = table->bare;
		return 0;
	}
	if (word_find(table, call->value, field) == 0)
		return 0;
	if (text_to_bool(call->value, &truth) == 0 &&
	    word_find(table, truth ? "yes" : "no", field) == 0)
		return 0;
	list_words(accepted, sizeof(accepted), table);
	return option_refuse(call, "expected %s", accepted);
}

/* A letter that stands for one value of an enumeration. */
int set_constant(const struct option_call *call)
{
	*(int *)option_field(call) = option_action(call)->constant;
	return 0;
}

static int read_host_path(const struct option_call *call, char **path)
{
	if (!*call->value)
		return option_refuse(call, "expected a path");
	*path = path_from_here(&call->spec->arena, call->value);
	if (!*path)
		return option_refuse(call,
				     "the current directory cannot be found out (%s); "
				     "give an absolute path",
				     strerror(errno));
	if (!path_is_sane(*path))
		return option_refuse(call, "a path has at most 4095 bytes of UTF-8 and no control "
					   "characters");
	return 0;
}

int set_host_path(const struct option_call *call)
{
	char *path = NULL;
	int r = read_host_path(call, &path);

	if (r == 0)
		*(char **)option_field(call) = path;
	return r;
}

/* A root may be a link to a store path, such as a profile or the result of a build. */
int set_store_root(const struct option_call *call)
{
	struct spec *spec = call->spec;
	char *path = NULL, **root;
	int r = read_host_path(call, &path);

	if (r < 0)
		return r;
	root = ARENA_APPEND(&spec->arena, spec->store_roots, spec->store_root_count);
	if (root)
		*root = path;
	return 0;
}

int set_inside_path(const struct option_call *call)
{
	if (!path_is_sane(call->value) || path_has_parent(call->value))
		return option_refuse(call, "expected an absolute path inside, without '..' and "
					   "control characters");
	*(char **)option_field(call) = path_simplify(&call->spec->arena, call->value);
	return 0;
}

/* A machine or host name; an empty one takes an earlier one back. */
int set_host_name(const struct option_call *call)
{
	if (*call->value && !machine_name_valid(call->value))
		return option_refuse(call,
				     "a name has 1 to %d letters, digits, '-', '_' and '.', "
				     "and neither begins nor ends with '-' or '.'",
				     MACHINE_NAME_MAX);
	*(char **)option_field(call) =
		*call->value ? arena_strdup(&call->spec->arena, call->value) : NULL;
	return 0;
}
