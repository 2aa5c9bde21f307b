/* SPDX-License-Identifier: MIT */
/* Settings files as text: lines, sections and assignments. */
#include "nspawn_ini.h"

#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* What systemd's parsers skip around names and values. */
#define BLANKS " \t\n\r"

/* What is shown of a line in a finding. */
#define SHOWN_MAX 80

/* No control characters, and no half characters where something long was cut. */
static void make_printable(char *text)
{
	bool whole = text_is_utf8(text);

	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || (!whole && (*p & 0x80)))
			*p = '?';
}

void finding_add(struct findings *findings, unsigned line, bool fatal, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;
	char *text;

	if (findings->count >= SETTINGS_FINDINGS_MAX)
		return;
	finding = ARENA_APPEND(findings->arena, findings->list, findings->count);
	if (!finding)
		return;
	va_start(arguments, format);
	text = arena_vprintf(findings->arena, format, arguments);
	va_end(arguments);
	if (findings->count == SETTINGS_FINDINGS_MAX) {
		fatal = true;
		text = arena_strdup(findings->arena, "too much is wrong with this file; the rest "
						     "is not shown");
	}
	make_printable(text);
	*finding = (struct finding){line, fatal, text};
	findings->fatal_count += fatal;
}

/* Where a file is being read. */
struct reader {
	const char *at, *end;
	unsigned line; /* of the physical line read last */
	char *buffer;  /* the logical line being put together; as large as the text */
	size_t used;
	unsigned first;      /* the line where it begins */
	const char *section; /* NULL: before the first heading or below a bad one */
	bool bad_heading;
	size_t assignments;
	struct ini *ini;
	struct findings *findings;
};

/* The next physical line without its end: "\n", "\r\n", "\r", or that of the file. */
static bool next_line(struct reader *reader, const char **line, size_t *length)
{
	const char *end = reader->at;

	if (reader->at >= reader->end)
		return false;
	while (end < reader->end && *end != '\n' && *end != '\r')
		end++;
	*line = reader->at;
	*length = (size_t)(end - reader->at);
	if (end + 1 < reader->end && end[0] == '\r' && end[1] == '\n')
		end++;
	reader->at = end < reader->end ? end + 1 : end;
	reader->line++;
	return true;
}

/* TEXT without blanks around it, in place. */
static char *strip(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

static void add_entry(struct reader *reader, const char *key, const char *value)
{
	struct arena *arena = reader->findings->arena;
	struct ini_entry *entry = ARENA_APPEND(arena, reader->ini->entries, reader->ini->count);

	if (entry)
		*entry = (struct ini_entry){reader->first, reader->section,
					    arena_strdup(arena, key), arena_strdup(arena, value)};
}

static void read_heading(struct reader *reader, char *text)
{
	size_t length = strlen(text);

	reader->bad_heading = length < 3 || text[length - 1] != ']' ||
			      strcspn(text, "\"'\\") < length || text_has_control(text);
	reader->section = NULL;
	if (reader->bad_heading) {
		finding_add(reader->findings, reader->first, true,
			    "'%.*s' is no heading; expected [Section]", SHOWN_MAX, text);
		return;
	}
	text[length - 1] = '\0';
	reader->section = arena_strdup(reader->findings->arena, text + 1);
	add_entry(reader, NULL, NULL);
}

static void read_assignment(struct reader *reader, char *text)
{
	char *equals = strchr(text, '=');

	if (!reader->section) {
		if (!reader->bad_heading)
			finding_add(reader->findings, reader->first, false,
				    "'%.*s' stands before the first section; ignored", SHOWN_MAX,
				    text);
		return;
	}
	if (!equals || equals == text) {
		finding_add(reader->findings, reader->first, false,
			    "'%.*s' is neither a heading nor Key=value; ignored", SHOWN_MAX, text);
		return;
	}
	if (++reader->assignments > SETTINGS_ENTRIES_MAX) {
		if (reader->assignments == SETTINGS_ENTRIES_MAX + 1)
			finding_add(reader->findings, reader->first, true,
				    "more than %d settings in one file", SETTINGS_ENTRIES_MAX);
		return;
	}
	*equals = '\0';
	add_entry(reader, strip(text), strip(equals + 1));
}

/* What was put together of one or several physical lines. */
static void finish_line(struct reader *reader)
{
	char *text;

	reader->buffer[reader->used] = '\0';
	reader->used = 0;
	text = strip(reader->buffer);
	if (!text_is_utf8(text))
		finding_add(reader->findings, reader->first, true, "the line is not UTF-8");
	else if (*text == '[')
		read_heading(reader, text);
	else if (*text)
		read_assignment(reader, text);
}

/* Whether a backslash that none protects ends the line. */
static bool is_continued(const char *line, size_t length)
{
	size_t backslashes = 0;

	while (backslashes < length && line[length - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 1;
}

static bool is_comment(const char *line, size_t length)
{
	size_t i = 0;

	while (i < length && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i < length && (line[i] == '#' || line[i] == ';');
}

/* A line that ends in a backslash goes on in the next, with a blank between them; comments among
 * such lines are skipped (systemd.syntax(7)). */
static void read_line(struct reader *reader, const char *line, size_t length)
{
	bool continued = is_continued(line, length);

	if (is_comment(line, length))
		return;
	if (memchr(line, '\0', length)) {
		finding_add(reader->findings, reader->line, true, "the line holds a NUL byte");
		return;
	}
	if (reader->used == 0)
		reader->first = reader->line;
	memcpy(reader->buffer + reader->used, line, length);
	reader->used += length;
	if (continued)
		reader->buffer[reader->used - 1] = ' ';
	else
		finish_line(reader);
}

void ini_read(const char *text, size_t size, struct ini *ini, struct findings *findings)
{
	static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF, which some editors put first */
	struct reader reader = {
		.at = text,
		.end = text + size,
		.ini = ini,
		.findings = findings,
	};
	const char *line;
	size_t length;

	*ini = (struct ini){0};
	if (size > SETTINGS_SIZE_MAX) {
		finding_add(findings, 0, true, "the file is larger than %d KiB",
			    SETTINGS_SIZE_MAX / 1024);
		return;
	}
	reader.buffer = arena_alloc(findings->arena, size + 1);
	if (!reader.buffer)
		return;
	if (size >= sizeof(mark) - 1 && memcmp(text, mark, sizeof(mark) - 1) == 0)
		reader.at += sizeof(mark) - 1;
	while (next_line(&reader, &line, &length))
		read_line(&reader, line, length);
	if (reader.used > 0)
		finish_line(&reader);
}

/* Where the word at TEXT ends; *OPEN: within a quote. */
static const char *word_end(const char *text, bool *open)
{
	char quote = '\0';

	for (; *text && (quote || !strchr(BLANKS, *text)); text++) {
		if (quote && *text == quote)
			quote = '\0';
		else if (!quote && (*text == '\'' || *text == '"'))
			quote = *text;
	}
	*open = quote != '\0';
	return text;
}

static void remove_quotes(char *word)
{
	char quote = '\0', *out = word;

	for (; *word; word++) {
		if (quote && *word == quote)
			quote = '\0';
		else if (!quote && (*word == '\'' || *word == '"'))
			quote = *word;
		else
			*out++ = *word;
	}
	*out = '\0';
}

int ini_word(struct arena *arena, const char **cursor, char **word)
{
	const char *start = *cursor + strspn(*cursor, BLANKS), *end;
	bool open;

	if (!*start)
		return 0;
	end = word_end(start, &open);
	*cursor = end;
	if (open)
		return -EINVAL;
	*word = arena_strndup(arena, start, (size_t)(end - start));
	remove_quotes(*word);
	return 1;
}
