/* SPDX-License-Identifier: MIT */
/* Names of what was staged, for calls that take paths. Async-signal-safe throughout. */
#include "slot.h"

#include <errno.h>
#include <string.h>

int slot_path(char *path, size_t size, int slot, const char *name)
{
	char digits[12];
	size_t count = 0, length = strlen(name), used = 0;

	do {
		digits[count++] = (char)('0' + slot % 10);
		slot /= 10;
	} while (slot > 0);
	if (count + length + 2 > size)
		return -ENAMETOOLONG;
	while (count > 0)
		path[used++] = digits[--count];
	if (length > 0)
		path[used++] = '/';
	memcpy(path + used, name, length + 1);
	return (int)(used + length);
}

static int append(char *text, size_t size, size_t *used, const char *more)
{
	size_t length = strlen(more);

	if (*used + length + 1 > size)
		return -E2BIG;
	memcpy(text + *used, more, length + 1);
	*used += length;
	return 0;
}

static int append_slot(char *text, size_t size, size_t *used, int slot, const char *name)
{
	int r = slot_path(text + *used, size - *used, slot, name);

	if (r < 0)
		return r;
	*used += (size_t)r;
	return 0;
}

static int overlay_upper(char *options, size_t size, size_t *used, const struct op *op)
{
	int r = append(options, size, used, ",upperdir=");

	if (r == 0)
		r = append_slot(options, size, used, op->upper, op->source);
	if (r == 0)
		r = append(options, size, used, ",workdir=");
	if (r == 0)
		r = append_slot(options, size, used, op->upper, op->text);
	return r;
}

int overlay_options(char *options, size_t size, const struct op *op)
{
	size_t used = 0;
	int r = append(options, size, &used, "lowerdir=");

	for (size_t i = 0; r == 0 && i < op->layer_count; i++) {
		if (i > 0)
			r = append(options, size, &used, ":");
		if (r == 0)
			r = append_slot(options, size, &used, op->layers[i], "");
	}
	if (r == 0 && op->upper >= 0)
		r = overlay_upper(options, size, &used, op);
	if (r == 0 && op->options) {
		r = append(options, size, &used, ",");
		if (r == 0)
			r = append(options, size, &used, op->options);
	}
	return r;
}
