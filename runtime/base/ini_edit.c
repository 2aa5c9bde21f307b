/* SPDX-License-Identifier: MIT */
/* Changing one value in the text of a settings file, and nothing else in it. */
#include "ini_edit.h"

#include <string.h>

/* A line ends before its line feed; one that ends with a backslash goes on in the next
 * (systemd.syntax(7)). */
static size_t line_length(const char *line)
{
	size_t length = strcspn(line, "\n");

	while (length > 0 && line[length - 1] == '\\' && line[length])
		length += 1 + strcspn(line + length + 1, "\n");
	return length;
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return *line ? line + 1 : line;
}

/* Nothing may follow, least of all a backslash: the next line would be part of this one. */
static bool is_section(const char *line, const char *name)
{
	size_t length = strlen(name);

	line += strspn(line, " \t");
	if (line[0] != '[' || strncmp(line + 1, name, length) != 0 || line[length + 1] != ']')
		return false;
	line += length + 2;
	line += strspn(line, " \t");
	return *line == '\n' || *line == '\0';
}

static bool begins_section(const char *line)
{
	return line[strspn(line, " \t")] == '[';
}

static bool assigns(const char *line, const char *key)
{
	size_t length = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, length) != 0)
		return false;
	line += length;
	return line[strspn(line, " \t")] == '=';
}

/* The rest of the section from AT on without assignments to KEY, up to END. */
static const char *without(struct arena *arena, const char *at, const char *end, const char *key)
{
	const char *text = "";

	while (at < end) {
		const char *next = next_line(at);

		if (!assigns(at, key))
			text = arena_printf(arena, "%s%.*s", text, (int)(next - at), at);
		at = next;
	}
	return text;
}

const char *ini_set(struct arena *arena, const char *text, const char *section, const char *key,
		    const char *value)
{
	const char *at = text ? text : "", *begin, *end;
	const char *gap;

	for (; *at; at = next_line(at)) {
		if (!is_section(at, section))
			continue;
		begin = next_line(at);
		for (end = begin; *end && !begins_section(end); end = next_line(end))
			;
		gap = begin > text && begin[-1] != '\n' ? "\n" : "";
		return arena_printf(arena, "%.*s%s%s=%s\n%s%s", (int)(begin - text), text, gap, key,
				    value, without(arena, begin, end, key), end);
	}
	at = text ? text : "";
	gap = *at && at[strlen(at) - 1] != '\n' ? "\n" : "";
	return arena_printf(arena, "%s%s%s[%s]\n%s=%s\n", at, gap, *at ? "\n" : "", section, key,
			    value);
}
