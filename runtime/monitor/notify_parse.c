/* SPDX-License-Identifier: MIT */
/* What a machine's PID 1 says over its notification socket, sd_notify(3). */
#include "notify_parse.h"

#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"

/* How many bytes a character takes by its first one (RFC 3629); 0: none starts so. */
static size_t sequence_length(unsigned char first)
{
	if (first >= 0x20 && first < 0x7f)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Over-long forms, surrogates and what lies beyond U+10FFFF show in the second byte. So do the
 * control characters U+0080 to U+009F. */
static bool second_is_valid(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xc2:
		return second >= 0xa0;
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

/* The length of the printable character that DATA begins with; 0: it is none. */
static size_t character_length(const char *data, size_t size)
{
	unsigned char first = (unsigned char)data[0];
	size_t length = sequence_length(first);

	if (length == 0 || length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)data[i] & 0xc0) != 0x80)
			return 0;
	}
	return length == 1 || second_is_valid(first, (unsigned char)data[1]) ? length : 0;
}

void text_clean(const char *data, size_t size, char *text, size_t room)
{
	size_t used = 0;

	while (size > 0) {
		size_t length = character_length(data, size);
		size_t taken = length ? length : 1;

		if (used + taken > room)
			break;
		memcpy(text + used, length ? data : "?", taken);
		used += taken;
		data += taken;
		size -= taken;
	}
	text[used] = '\0';
}

static void set_ready(struct notify_message *out, const char *value, size_t size)
{
	if (size == 1 && value[0] == '1')
		out->ready = true;
}

static void set_stopping(struct notify_message *out, const char *value, size_t size)
{
	if (size == 1 && value[0] == '1')
		out->stopping = true;
}

static void set_status(struct notify_message *out, const char *value, size_t size)
{
	text_clean(value, size, out->status, sizeof(out->status) - 1);
	out->has_status = true;
}

/* A decimal number of at most MAX; false when it is none. */
static bool read_number(const char *value, size_t size, int max, int *number)
{
	int result = 0;

	if (size == 0 || size > 5)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		result = result * 10 + (value[i] - '0');
	}
	if (result > max)
		return false;
	*number = result;
	return true;
}

/* 4095 is the highest error number there can be (MAX_ERRNO, include/linux/err.h). */
static void set_errno(struct notify_message *out, const char *value, size_t size)
{
	if (read_number(value, size, 4095, &out->errnum))
		out->has_errno = true;
}

static void set_exit_status(struct notify_message *out, const char *value, size_t size)
{
	if (read_number(value, size, 255, &out->exit_status))
		out->has_exit_status = true;
}

static const struct {
	const char *prefix;
	void (*set)(struct notify_message *out, const char *value, size_t size);
} assignments[] = {
	{"READY=", set_ready}, {"STOPPING=", set_stopping},       {"STATUS=", set_status},
	{"ERRNO=", set_errno}, {"EXIT_STATUS=", set_exit_status},
};

static void parse_line(const char *line, size_t size, struct notify_message *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(assignments); i++) {
		size_t prefix = strlen(assignments[i].prefix);

		if (size >= prefix && memcmp(line, assignments[i].prefix, prefix) == 0)
			assignments[i].set(out, line + prefix, size - prefix);
	}
}

int notify_parse(const char *data, size_t size, struct notify_message *out)
{
	memset(out, 0, sizeof(*out));
	/* One NUL at the end is what a C string brings along. */
	if (size > 0 && data[size - 1] == '\0')
		size--;
	if (size > NOTIFY_MESSAGE_MAX || memchr(data, '\0', size))
		return -EBADMSG;
	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;

		parse_line(data, length, out);
		length += end ? 1 : 0;
		data += length;
		size -= length;
	}
	return 0;
}
