/* SPDX-License-Identifier: MIT */
/* What a tree says it is: os-release(5). */
#include "os_release.h"

#include <string.h>

/* Where the value of KEY begins; of several assignments the last counts, as in a shell. */
static const char *find_value(const char *text, const char *key)
{
	size_t length = strlen(key);
	const char *found = NULL;

	while (*text) {
		if (strncmp(text, key, length) == 0 && text[length] == '=')
			found = text + length + 1;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return found;
}

/* Up to the end of the word: a blank outside of quotes, or of the line. */
static void unquote(const char *from, char *value, size_t size)
{
	char quote = '\0';
	size_t used = 0;

	for (; *from && *from != '\n' && used + 1 < size; from++) {
		if (*from == quote) {
			quote = '\0';
		} else if (!quote && (*from == '"' || *from == '\'')) {
			quote = *from;
		} else if (!quote && (*from == ' ' || *from == '\t')) {
			break;
		} else {
			if (*from == '\\' && quote != '\'' && from[1] && from[1] != '\n')
				from++;
			if ((unsigned char)*from >= 0x20 && *from != 0x7f)
				value[used++] = *from;
		}
	}
	value[used] = '\0';
}

bool os_release_value(const char *text, const char *key, char *value, size_t size)
{
	const char *found = find_value(text, key);

	value[0] = '\0';
	if (!found)
		return false;
	unquote(found, value, size);
	return true;
}
