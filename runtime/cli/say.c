/* SPDX-License-Identifier: MIT */
/* Errors, notes and JSON text as the command line prints them. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool use_colours(FILE *stream)
{
	const char *off = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (off && *off)
		return false;
	return isatty(fileno(stream)) && terminal && strcmp(terminal, "dumb") != 0;
}

static void say(const char *colour, const char *word, const char *text)
{
	bool coloured = use_colours(stderr);

	fprintf(stderr, "%sfloe:%s%s %s\n", coloured ? colour : "", word, coloured ? "\033[0m" : "",
		text);
}

int say_error(const struct floe_error *error)
{
	say("\033[1;31m", "", error->message[0] ? error->message : "failed, no reason is known");
	return EXIT_FAILURE;
}

int say_failure(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say("\033[1;31m", "", text);
	return EXIT_FAILURE;
}

void say_note(void *context, const char *text)
{
	const bool *quiet = context;

	if (!*quiet)
		say("\033[33m", " note:", text);
}

/* RFC 8259, section 7. */
void print_json_text(FILE *stream, const char *text)
{
	fputc('"', stream);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(stream, "\\%c", c);
		else if (c < 0x20)
			fprintf(stream, "\\u%04x", c);
		else
			fputc(c, stream);
	}
	fputc('"', stream);
}

const char *format_bytes(uint64_t bytes, char text[static AMOUNT_SIZE])
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes == UINT64_MAX)
		return strcpy(text, "-");
	for (; value >= 1024 && units[unit + 1]; unit++)
		value /= 1024;
	snprintf(text, AMOUNT_SIZE, unit && value < 100 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return text;
}

const char *format_time(uint64_t usec, char text[static AMOUNT_SIZE])
{
	unsigned long long seconds = usec / 1000000;

	if (usec == UINT64_MAX)
		return strcpy(text, "-");
	if (seconds < 60)
		snprintf(text, AMOUNT_SIZE, "%.3fs", (double)usec / 1000000);
	else if (seconds < 3600)
		snprintf(text, AMOUNT_SIZE, "%llumin %llus", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(text, AMOUNT_SIZE, "%lluh %llumin", seconds / 3600, seconds / 60 % 60);
	else
		snprintf(text, AMOUNT_SIZE, "%llud %lluh", seconds / 86400, seconds / 3600 % 24);
	return text;
}
