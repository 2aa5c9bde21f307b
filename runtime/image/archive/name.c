/* SPDX-License-Identifier: MIT */
/* Names in archives: made relative, checked, and made fit to print. */
#include "name.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../base/err.h"

/* Of a long name this much of its beginning and its end is shown. */
#define SHOWN_HEAD 70
#define SHOWN_TAIL 60

int refuse(struct floe_error *error, const char *format, ...)
{
	char text[800];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return err_set(error, FLOE_ERROR_CONTENT, EBADMSG, "the archive is refused: %s", text);
}

static size_t show_bytes(const char *text, size_t length, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < length && used + 5 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		/* Bytes from 0x80 on are left alone: they may be UTF-8. */
		if (c < 0x20 || c == 0x7f || c == '\\')
			used += (size_t)snprintf(out + used, size - used, "\\%03o", c);
		else
			out[used++] = text[i];
	}
	out[used] = '\0';
	return used;
}

const char *name_show(const char *name, char shown[static NAME_SHOWN])
{
	size_t length = strlen(name), used;

	if (length < NAME_SHOWN / 4 || length <= SHOWN_HEAD + SHOWN_TAIL) {
		show_bytes(name, length, shown, NAME_SHOWN);
		return shown;
	}
	used = show_bytes(name, SHOWN_HEAD, shown, NAME_SHOWN / 2);
	used += (size_t)snprintf(shown + used, NAME_SHOWN - used, "...");
	show_bytes(name + length - SHOWN_TAIL, SHOWN_TAIL, shown + used, NAME_SHOWN - used);
	return shown;
}

/* Appends one component to the USED bytes of NAME. Returns the new length or a negative errno. */
static ssize_t append_component(const char *raw, const char *part, size_t length, char *name,
				size_t used, struct floe_error *error)
{
	char shown[NAME_SHOWN];

	if (length == 2 && part[0] == '.' && part[1] == '.')
		return refuse(error, "its entry \"%s\" has \"..\" in its name",
			      name_show(raw, shown));
	if (length > NAME_MAX)
		return refuse(error, "its entry \"%s\" has a name of more than %d bytes",
			      name_show(raw, shown), NAME_MAX);
	if (used + 1 + length >= PATH_MAX)
		return refuse(error, "the path of its entry \"%s\" is longer than %d bytes",
			      name_show(raw, shown), PATH_MAX - 1);
	if (used)
		name[used++] = '/';
	memcpy(name + used, part, length);
	return (ssize_t)(used + length);
}

int name_clean(const char *raw, char name[static PATH_MAX], struct floe_error *error)
{
	const char *part = raw;
	ssize_t used = 0;

	while (*part) {
		size_t length = strcspn(part, "/");

		if (length && !(length == 1 && part[0] == '.'))
			used = append_component(raw, part, length, name, (size_t)used, error);
		if (used < 0)
			return (int)used;
		part += length;
		part += strspn(part, "/");
	}
	name[used] = '\0';
	return 0;
}
