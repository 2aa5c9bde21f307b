/* SPDX-License-Identifier: MIT */
/* The last output of a machine, for the message that says why it ended. */
#include "tail.h"

#include "notify_parse.h"

#include <stdbool.h>
#include <string.h>

#define SEPARATOR " | "

void tail_add(struct tail *tail, const char *data, size_t size)
{
	if (size > TAIL_SIZE) {
		data += size - TAIL_SIZE;
		size = TAIL_SIZE;
	}
	for (size_t i = 0; i < size; i++) {
		tail->data[tail->next] = data[i];
		tail->next = (tail->next + 1) % TAIL_SIZE;
	}
	tail->used = tail->used + size > TAIL_SIZE ? TAIL_SIZE : tail->used + size;
}

/* The byte that was written BACK bytes before the next one. */
static char byte_back(const struct tail *tail, size_t back)
{
	return tail->data[(tail->next + TAIL_SIZE - back) % TAIL_SIZE];
}

size_t tail_copy(const struct tail *tail, char data[static TAIL_SIZE])
{
	size_t back = tail->used, used = 0;

	/* Of what was overwritten the rest of a line is left. */
	while (tail->used == TAIL_SIZE && back > 0 && byte_back(tail, back) != '\n')
		back--;
	if (tail->used == TAIL_SIZE && back > 0)
		back--;
	/* One line that is longer than all of this is better than nothing. */
	if (back == 0)
		back = tail->used;
	while (back > 0)
		data[used++] = byte_back(tail, back--);
	return used;
}

/* Where in the walk through an escape sequence we are (ECMA-48, 5.3 and 5.4). */
enum sequence {
	SEQUENCE_NONE,
	SEQUENCE_ESCAPE,  /* after ESC */
	SEQUENCE_CONTROL, /* after ESC [: up to a byte from '@' to '~' */
	SEQUENCE_STRING,  /* after ESC ] and the like: up to BEL or ESC \ */
};

static enum sequence sequence_next(enum sequence now, char byte)
{
	if (byte == '\x1b')
		return SEQUENCE_ESCAPE;
	switch (now) {
	case SEQUENCE_ESCAPE:
		if (byte == '[')
			return SEQUENCE_CONTROL;
		return byte && strchr("]PX^_", byte) ? SEQUENCE_STRING : SEQUENCE_NONE;
	case SEQUENCE_CONTROL:
		return byte >= '@' && byte <= '~' ? SEQUENCE_NONE : SEQUENCE_CONTROL;
	case SEQUENCE_STRING:
		return byte == '\a' ? SEQUENCE_NONE : SEQUENCE_STRING;
	default:
		return SEQUENCE_NONE;
	}
}

size_t line_clean(const char *data, size_t size, char *text, size_t room)
{
	enum sequence sequence = SEQUENCE_NONE;
	char raw[LINE_MAX_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < size && used < sizeof(raw) - 1; i++) {
		bool inside = sequence != SEQUENCE_NONE;

		sequence = sequence_next(sequence, data[i]);
		if (!inside && sequence == SEQUENCE_NONE && data[i] != '\r')
			raw[used++] = data[i] == '\t' ? ' ' : data[i];
	}
	text_clean(raw, used, text, room);
	return strspn(text, " ") == strlen(text) ? 0 : strlen(text);
}

/* The line of LENGTH bytes that begins BACK bytes before the end. */
static size_t line_copy(const struct tail *tail, size_t back, size_t length,
			char text[static LINE_MAX_SIZE])
{
	char line[TAIL_SIZE];

	for (size_t i = 0; i < length; i++)
		line[i] = byte_back(tail, back - i);
	return line_clean(line, length, text, LINE_MAX_SIZE - 1);
}

/* Puts LINE before what is in TEXT; false when it does not fit. */
static bool prepend(char *text, size_t size, const char *line, size_t length)
{
	size_t used = strlen(text);
	size_t gap = used ? strlen(SEPARATOR) : 0;

	if (used + gap + length >= size)
		return false;
	memmove(text + length + gap, text, used + 1);
	memcpy(text, line, length);
	memcpy(text + length, SEPARATOR, gap);
	return true;
}

/* From the last line back to the first that does not fit. */
void tail_lines(const struct tail *tail, char *text, size_t size)
{
	char line[LINE_MAX_SIZE];
	size_t end = 0;

	text[0] = '\0';
	for (size_t back = 1; back <= tail->used + 1; back++) {
		size_t length;

		if (back <= tail->used && byte_back(tail, back) != '\n')
			continue;
		length = line_copy(tail, back - 1, back - 1 - end, line);
		if (length > 0 && !prepend(text, size, line, length))
			return;
		end = back;
	}
}
