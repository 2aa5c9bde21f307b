/* SPDX-License-Identifier: MIT */
/*
 * Files of variables, by the rules of systemd.exec(5), EnvironmentFile=: quotes, escapes, lines that
 * go on. They look like the shell's, and are not: a quote within a bare value is a quote.
 */
#include "env_file.h"

#include "text.h"

#include <string.h>

#define BLANKS " \t"

/* What is shown of a line in a finding. */
#define SHOWN_MAX 80

struct reader {
	const char *at, *end;
	unsigned line;
	char *buffer; /* of the value being put together; as large as the text */
	size_t used;
	size_t kept; /* how much of it stays when blanks at the end go */
	struct env_file *file;
	struct findings *findings;
};

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->end;
}

static bool is_newline(char c)
{
	return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next character, whose line is counted; "\r\n" is two ends of lines but one line. */
static char take(struct reader *reader)
{
	char c = *reader->at++;

	if (c == '\n' || (c == '\r' && (at_end(reader) || *reader->at != '\n')))
		reader->line++;
	return c;
}

static void put(struct reader *reader, char c, bool keep)
{
	reader->buffer[reader->used++] = c;
	if (keep)
		reader->kept = reader->used;
}

static void skip_line(struct reader *reader)
{
	while (!at_end(reader) && !is_newline(take(reader)))
		;
}

static void skip_blanks(struct reader *reader)
{
	while (!at_end(reader) && is_blank(*reader->at))
		take(reader);
}

/* What a backslash stands before in a value without quotes: itself, or the end of a line that goes
 * on. */
static void read_escape(struct reader *reader)
{
	char c;

	if (at_end(reader))
		return;
	c = take(reader);
	if (!is_newline(c))
		put(reader, c, true);
	else if (c == '\r' && !at_end(reader) && *reader->at == '\n')
		take(reader);
}

static void read_bare(struct reader *reader)
{
	while (!at_end(reader) && !is_newline(*reader->at)) {
		char c = take(reader);

		if (c == '\\')
			read_escape(reader);
		else
			put(reader, c, !is_blank(c));
	}
	reader->used = reader->kept;
}

/* In double quotes a backslash is one, unless it protects what would mean something there. */
static void read_quoted_escape(struct reader *reader)
{
	if (at_end(reader))
		return;
	if (is_newline(*reader->at)) {
		read_escape(reader);
		return;
	}
	if (!strchr("\"\\`$", *reader->at))
		put(reader, '\\', true);
	put(reader, take(reader), true);
}

static void read_quoted(struct reader *reader, char quote)
{
	unsigned line = reader->line;

	while (!at_end(reader)) {
		char c = take(reader);

		if (c == quote)
			return;
		if (c == '\\' && quote == '"')
			read_quoted_escape(reader);
		else
			put(reader, c, true);
	}
	finding_add(reader->findings, line, false, "the quote is not closed");
}

/* Quoted parts follow one another; the first character that is none begins a bare rest. */
static void read_value(struct reader *reader)
{
	reader->used = reader->kept = 0;
	for (;;) {
		skip_blanks(reader);
		if (at_end(reader) || is_newline(*reader->at))
			break;
		if (*reader->at != '"' && *reader->at != '\'') {
			read_bare(reader);
			break;
		}
		read_quoted(reader, take(reader));
	}
	reader->buffer[reader->used] = '\0';
}

static bool is_name(const char *name)
{
	if (!*name || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++)
		if (*name != '_' && !(*name >= 'a' && *name <= 'z') &&
		    !(*name >= 'A' && *name <= 'Z') && !(*name >= '0' && *name <= '9'))
			return false;
	return true;
}

static void add_entry(struct reader *reader, unsigned line, const char *name)
{
	struct findings *findings = reader->findings;
	struct env_entry *entry;

	if (!is_name(name)) {
		finding_add(findings, line, false, "'%.*s' is no name of a variable; ignored",
			    SHOWN_MAX, name);
		return;
	}
	if (!text_is_utf8(reader->buffer)) {
		finding_add(findings, line, true, "the value of %.*s is not UTF-8", SHOWN_MAX,
			    name);
		return;
	}
	if (reader->file->count >= SETTINGS_ENTRIES_MAX) {
		finding_add(findings, line, true, "more than %d variables in one file",
			    SETTINGS_ENTRIES_MAX);
		reader->at = reader->end;
		return;
	}
	entry = ARENA_APPEND(findings->arena, reader->file->entries, reader->file->count);
	if (entry)
		*entry = (struct env_entry){line, name,
					    arena_strdup(findings->arena, reader->buffer)};
}

/* The name up to "=", and its value. */
static void read_assignment(struct reader *reader)
{
	unsigned line = reader->line;
	const char *start = reader->at, *equals;
	char *name;
	size_t length = 0;

	while (start + length < reader->end && start[length] != '=' && !is_newline(start[length]))
		length++;
	name = arena_strndup(reader->findings->arena, start, length);
	if (start + length >= reader->end || start[length] != '=') {
		finding_add(reader->findings, line, false, "'%.*s' is no NAME=VALUE; ignored",
			    SHOWN_MAX, name);
		skip_line(reader);
		return;
	}
	equals = start + length;
	while (length > 0 && is_blank(name[length - 1]))
		name[--length] = '\0';
	reader->at = equals + 1;
	read_value(reader);
	add_entry(reader, line, name);
}

void env_file_read(const char *text, size_t size, struct env_file *file, struct findings *findings)
{
	struct reader reader = {
		.at = text, .end = text + size, .line = 1, .file = file, .findings = findings};

	*file = (struct env_file){0};
	if (size > SETTINGS_SIZE_MAX)
		finding_add(findings, 0, true, "the file is larger than %d KiB",
			    SETTINGS_SIZE_MAX / 1024);
	else if (size > 0 && memchr(text, '\0', size))
		finding_add(findings, 0, true, "the file holds a NUL byte");
	else
		reader.buffer = arena_alloc(findings->arena, size + 1);
	while (reader.buffer && !at_end(&reader)) {
		char c = *reader.at;

		if (is_blank(c) || is_newline(c))
			take(&reader);
		else if (c == '#' || c == ';')
			skip_line(&reader);
		else
			read_assignment(&reader);
	}
}
