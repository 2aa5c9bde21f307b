/* SPDX-License-Identifier: MIT */
/* Texts of a machine's own that are shown to people, its os-release and its console; and settings
 * files that are changed. */
#include "../../runtime/base/arena.h"
#include "../../runtime/base/ini_edit.h"
#include "../../runtime/base/os_release.h"
#include "../../runtime/monitor/tail.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void read_os_release(const char *text)
{
	char value[64];
	bool found = os_release_value(text, "NAME", value, sizeof(value));

	require(strnlen(value, sizeof(value)) < sizeof(value));
	for (const char *c = value; *c; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f);
	require(found || !value[0]);
}

static void clean_line(const char *data, size_t size)
{
	char line[LINE_MAX_SIZE];
	size_t length = line_clean(data, size, line, sizeof(line) - 1);

	require(length < sizeof(line));
	for (size_t i = 0; i < length; i++)
		require((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
}

/* In whatever many steps it was written, the end of it is what is remembered. */
static void remember(const char *data, size_t size)
{
	struct tail tail = {0};
	char copy[TAIL_SIZE];
	size_t used;

	for (size_t i = 0; i < size; i += 100)
		tail_add(&tail, data + i, size - i < 100 ? size - i : 100);
	used = tail_copy(&tail, copy);
	require(used <= size && memcmp(copy, data + size - used, used) == 0);
}

/* Set twice is set once. */
static void change(const char *text)
{
	struct arena arena = {0};
	const char *once = ini_set(&arena, text, "X-Floe", "Memory", "1G");
	const char *twice = ini_set(&arena, once, "X-Floe", "Memory", "1G");

	require(strstr(once, "Memory=1G\n"));
	require(strcmp(once, twice) == 0);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_os_release(text);
	clean_line(text, size);
	remember(text, size);
	change(text);
	free(text);
	return 0;
}
