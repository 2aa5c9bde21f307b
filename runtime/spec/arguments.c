/* SPDX-License-Identifier: MIT */
/* Reading options off a command line, by the rules of getopt_long(3) with "+": the first word that
 * is no option ends them. Of its own because getopt's state is global. */
#include "../base/err.h"

#include <errno.h>
#include <string.h>

struct table {
	const struct floe_option *rows;
	size_t count;
};

static bool is_long_match(const struct floe_option *row, const char *name, size_t length)
{
	return row->name && length > 0 && strncmp(row->name, name, length) == 0;
}

/* The row called NAME, or the only one whose name begins like it. */
static const struct floe_option *find_long(const struct table *table, const char *name,
					   size_t length, struct floe_error *error)
{
	const struct floe_option *found = NULL, *other = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const struct floe_option *row = &table->rows[i];

		if (!is_long_match(row, name, length))
			continue;
		if (row->name[length] == '\0')
			return row;
		other = found;
		found = row;
		if (other)
			break;
	}
	if (other)
		err_usage(error, "option --%.*s is ambiguous: --%s or --%s", (int)length, name,
			  other->name, found->name);
	else if (!found)
		err_usage(error, "there is no option --%.*s", length < 64 ? (int)length : 64, name);
	return other ? NULL : found;
}

static const struct floe_option *find_letter(const struct table *table, char letter,
					     struct floe_error *error)
{
	for (size_t i = 0; i < table->count; i++)
		if (letter && table->rows[i].letter == letter)
			return &table->rows[i];
	err_usage(error, "there is no option -%c", letter > ' ' && letter <= '~' ? letter : '?');
	return NULL;
}

/* The next word as the value of an option that needs one. */
static int take_word(struct floe_cursor *cursor, struct floe_match *match, const char *dashes,
		     const char *name, size_t length, struct floe_error *error)
{
	if (cursor->next >= cursor->count)
		return err_usage(error, "option %s%.*s needs a value: %s", dashes, (int)length,
				 name, match->option->argument);
	match->value = cursor->arguments[cursor->next++];
	return 1;
}

static int read_long(const struct table *table, struct floe_cursor *cursor, const char *text,
		     struct floe_match *match, struct floe_error *error)
{
	size_t length = strcspn(text, "=");

	match->option = find_long(table, text, length, error);
	if (!match->option)
		return -EINVAL;
	match->value = text[length] ? text + length + 1 : NULL;
	if (match->value && !match->option->argument)
		return err_usage(error, "option --%s takes no value", match->option->name);
	if (!match->value && match->option->argument && !match->option->optional)
		return take_word(cursor, match, "--", match->option->name,
				 strlen(match->option->name), error);
	return 1;
}

/* One letter of a cluster; a value is the rest of the cluster or else the next word. */
static int read_letter(const struct table *table, struct floe_cursor *cursor,
		       struct floe_match *match, struct floe_error *error)
{
	const char *letter = cursor->cluster;
	bool last = letter[1] == '\0';

	match->option = find_letter(table, *letter, error);
	if (!match->option)
		return -EINVAL;
	match->value = NULL;
	cursor->cluster = last ? NULL : letter + 1;
	if (!match->option->argument || match->option->optional)
		return 1;
	cursor->cluster = NULL;
	if (last)
		return take_word(cursor, match, "-", letter, 1, error);
	match->value = letter + 1;
	return 1;
}

FLOE_PUBLIC int floe_option_next(const struct floe_option *table, size_t count,
				 struct floe_cursor *cursor, struct floe_match *match,
				 struct floe_error *error)
{
	const struct table rows = {table, count};
	const char *word;

	if (cursor->cluster)
		return read_letter(&rows, cursor, match, error);
	if (cursor->next >= cursor->count)
		return 0;
	word = cursor->arguments[cursor->next];
	if (word[0] != '-' || word[1] == '\0')
		return 0;
	cursor->next++;
	if (strcmp(word, "--") == 0)
		return 0;
	if (word[1] == '-')
		return read_long(&rows, cursor, word + 2, match, error);
	cursor->cluster = word + 1;
	return read_letter(&rows, cursor, match, error);
}
