/* SPDX-License-Identifier: MIT */
/* Reading os-release(5). */
#include "os_release.h"

#include <string.h>

/* The text after "KEY=" at the beginning of a line, or NULL. */
static const char *find_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (*text) {
		if (strncmp(text, key, length) == 0 && text[length] == '=')
			return text + length + 1;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/* It is shell syntax: within '…' everything is meant as it stands, elsewhere \ escapes. */
static void unquote(const char *from, char *value, size_t size)
{
	char quote = '\0';
	size_t used = 0;

	for (; *from && *from != '\n' && used + 1 < size; from++) {
		unsigned char c = (unsigned char)*from;

		if (quote ? c == (unsigned char)quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : *from;
			continue;
		}
		if (c == '\\' && quote != '\'' && from[1] && from[1] != '\n')
			c = (unsigned char)*++from;
		if (c >= 0x20 && c != 0x7f)
			value[used++] = (char)c;
	}
	value[used] = '\0';
}

bool os_release_get(const char *text, const char *key, char *value, size_t size)
{
	const char *found = find_value(text, key);

	value[0] = '\0';
	if (found)
		unquote(found, value, size);
	return found && value[0];
}
