/* SPDX-License-Identifier: MIT */
/* What may be a machine, image, host or user name. */
#include "names.h"

#include <errno.h>
#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool is_edge_char(char c)
{
	return is_alnum(c) || c == '_';
}

bool machine_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > MACHINE_NAME_MAX)
		return false;
	if (!is_edge_char(name[0]) || !is_edge_char(name[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_name_char(name[i]))
			return false;
		if (name[i] == '.' && (!is_edge_char(name[i - 1]) || !is_edge_char(name[i + 1])))
			return false;
	}
	return true;
}

int machine_name_clean(const char *text, char name[static MACHINE_NAME_MAX + 1])
{
	size_t length = 0;

	for (; *text && length < MACHINE_NAME_MAX; text++) {
		bool first = length == 0 || name[length - 1] == '.';

		if (!is_name_char(*text) || (first && !is_edge_char(*text)))
			continue;
		while (*text == '.' && !is_edge_char(name[length - 1]))
			length--;
		name[length++] = *text;
	}
	while (length > 0 && !is_edge_char(name[length - 1]))
		length--;
	name[length] = '\0';
	return machine_name_valid(name) ? 0 : -EINVAL;
}
