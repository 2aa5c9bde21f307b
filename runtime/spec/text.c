/* SPDX-License-Identifier: MIT */
/* Reading simple values out of text: numbers, sizes, times, truth, lists. */
#include "text.h"

#include "../base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Reads digits and stores where they end. */
static int read_digits(const char *text, uint64_t *value, const char **end)
{
	uint64_t number = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return -ERANGE;
	if (p == text)
		return -EINVAL;
	*value = number;
	*end = p;
	return 0;
}

int text_to_unsigned(const char *text, uint64_t max, uint64_t *value)
{
	const char *end;
	uint64_t number;
	int r = read_digits(text, &number, &end);

	if (r < 0)
		return r;
	if (*end)
		return -EINVAL;
	if (number > max)
		return -ERANGE;
	*value = number;
	return 0;
}

/* Digits with a unit of the table; the first unit is the one of a bare number. */
static int read_quantity(const char *text, const struct unit *units, size_t count, uint64_t *value)
{
	const char *end;
	uint64_t number;
	int r = read_digits(text, &number, &end);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(number, units[i].factor, &number))
			return -ERANGE;
		*value = number;
		return 0;
	}
	return -EINVAL;
}

int text_to_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"K", UINT64_C(1) << 10},
		{"M", UINT64_C(1) << 20},
		{"G", UINT64_C(1) << 30},
		{"T", UINT64_C(1) << 40},
		{"P", UINT64_C(1) << 50},
		{"E", UINT64_C(1) << 60},
	};

	return read_quantity(text, units, ARRAY_SIZE(units), bytes);
}

int text_to_usec(const char *text, uint64_t unit_usec, uint64_t *usec)
{
	const uint64_t second = 1000000;
	const struct unit units[] = {
		{"", unit_usec},       {"us", 1},
		{"ms", 1000},          {"s", second},
		{"min", 60 * second},  {"h", 3600 * second},
		{"d", 86400 * second}, {"w", 7 * 86400 * second},
	};

	return read_quantity(text, units, ARRAY_SIZE(units), usec);
}

int text_to_bool(const char *text, bool *value)
{
	static const char *const yes[] = {"yes", "true", "on", "y", "t", "1"};
	static const char *const no[] = {"no", "false", "off", "n", "f", "0"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*value = true;
			return 0;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*value = false;
			return 0;
		}
	}
	return -EINVAL;
}

static bool is_dash_position(size_t index)
{
	return index == 8 || index == 13 || index == 18 || index == 23;
}

int text_to_uuid(const char *text, char uuid[static UUID_DIGITS + 1])
{
	bool dashed = strlen(text) == UUID_DIGITS + 4;
	char digits[UUID_DIGITS + 1];
	size_t used = 0;

	if (!dashed && strlen(text) != UUID_DIGITS)
		return -EINVAL;
	for (size_t i = 0; text[i]; i++) {
		if (dashed && is_dash_position(i)) {
			if (text[i] != '-')
				return -EINVAL;
			continue;
		}
		if (!isxdigit((unsigned char)text[i]))
			return -EINVAL;
		digits[used++] = (char)tolower((unsigned char)text[i]);
	}
	digits[used] = '\0';
	if (strspn(digits, "0") == used)
		return -EINVAL;
	memcpy(uuid, digits, sizeof(digits));
	return 0;
}

/* The number of bytes after the first one of a sequence (RFC 3629, section 4); -1: no first one. */
static int utf8_tail(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first >= 0xc2 && first <= 0xdf)
		return 1;
	if (first >= 0xe0 && first <= 0xef)
		return 2;
	return first >= 0xf0 && first <= 0xf4 ? 3 : -1;
}

/* Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
static bool utf8_second_allowed(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

bool text_is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		unsigned char first = *p++;
		int tail = utf8_tail(first);

		if (tail < 0 || (tail > 0 && !utf8_second_allowed(first, *p)))
			return false;
		for (; tail > 0; tail--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

bool text_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

char *text_split(struct arena *arena, const char **cursor, char separator)
{
	const char *p = *cursor;
	char *part = arena_strdup(arena, p);
	size_t length = 0;

	if (arena_failed(arena))
		return part;
	for (; *p && *p != separator; p++) {
		if (*p == '\\' && !*++p)
			return NULL;
		part[length++] = *p;
	}
	part[length] = '\0';
	*cursor = *p ? p + 1 : NULL;
	return part;
}

bool text_has_word(const char *list, const char *word, size_t length)
{
	while (*list) {
		size_t part = strcspn(list, ", ");

		if (part == length && strncmp(list, word, length) == 0)
			return true;
		list += part + (list[part] != '\0');
	}
	return false;
}
