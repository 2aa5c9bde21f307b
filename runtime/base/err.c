/* SPDX-License-Identifier: MIT */
/* Filling the one error object of libfloe where the failure is known. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_set(const struct floe_error *error)
{
	return error->code != FLOE_ERROR_NONE;
}

static void append(struct floe_error *error, const char *format, va_list arguments)
{
	size_t used = strlen(error->message);

	vsnprintf(error->message + used, sizeof(error->message) - used, format, arguments);
	/* One line, whatever bytes of a name or value are quoted. */
	for (char *p = error->message + used; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

static void append_text(struct floe_error *error, const char *separator, const char *text)
{
	size_t used = strlen(error->message);

	snprintf(error->message + used, sizeof(error->message) - used, "%s%s", separator, text);
}

static enum floe_error_code code_of(int errnum)
{
	switch (errnum) {
	case EPERM:
	case EACCES:
		return FLOE_ERROR_PERMISSION;
	case ENOENT:
		return FLOE_ERROR_NOT_FOUND;
	case EBUSY:
	case EEXIST:
		return FLOE_ERROR_BUSY;
	default:
		return FLOE_ERROR_SYSTEM;
	}
}

int err_errno(struct floe_error *error, int errnum, const char *format, ...)
{
	char text[128];
	va_list arguments;

	if (!error || is_set(error))
		return -errnum;
	error->code = code_of(errnum);
	error->errnum = errnum;
	error->message[0] = '\0';
	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
	append_text(error, ": ", strerror_r(errnum, text, sizeof(text)));
	return -errnum;
}

int err_usage(struct floe_error *error, const char *format, ...)
{
	va_list arguments;

	if (!error || is_set(error))
		return -EINVAL;
	error->code = FLOE_ERROR_USAGE;
	error->errnum = EINVAL;
	error->message[0] = '\0';
	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int err_set(struct floe_error *error, enum floe_error_code code, int errnum, const char *format,
	    ...)
{
	va_list arguments;

	if (!error || is_set(error))
		return -errnum;
	error->code = code;
	error->errnum = errnum;
	error->message[0] = '\0';
	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
	return -errnum;
}

int err_hint(struct floe_error *error, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return -EINVAL;
	append_text(error, "; ", "");
	va_start(arguments, format);
	append(error, format, arguments);
	va_end(arguments);
	return -error->errnum;
}

int err_step(struct floe_error *error, const char *step)
{
	if (!error)
		return -EINVAL;
	if (!error->step[0])
		snprintf(error->step, sizeof(error->step), "%s", step);
	return -error->errnum;
}
