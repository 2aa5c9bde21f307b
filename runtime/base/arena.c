/* SPDX-License-Identifier: MIT */
/* Memory that is released all at once. */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

static size_t align_up(size_t size)
{
	return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static struct arena_block *block_new(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block = calloc(1, sizeof(*block) + room);

	if (!block) {
		arena->failed = true;
		return NULL;
	}
	block->size = room;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t room = align_up(size ? size : 1);
	void *memory;

	if (room < size || room > SIZE_MAX - sizeof(*block)) {
		arena->failed = true;
		return NULL;
	}
	if (!block || block->size - block->used < room)
		block = block_new(arena, room);
	if (!block)
		return NULL;
	memory = block->data + block->used;
	block->used += room;
	return memory;
}

/* What string functions give when memory ran out: writable by mistake harms nobody. */
static char *empty_string(void)
{
	static char empty[1];

	empty[0] = '\0';
	return empty;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (!copy)
		return empty_string();
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	va_list again;
	int length;
	char *text;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
	if (!text) {
		arena->failed = true;
		return empty_string();
	}
	vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}

/* Arrays grow at powers of two, so their capacity follows from the count alone. */
static bool is_full(size_t count)
{
	return (count & (count - 1)) == 0;
}

void *arena_grow(struct arena *arena, void *array, size_t *count, size_t size)
{
	size_t capacity = *count ? *count * 2 : 1;
	char *memory = array;

	if (is_full(*count)) {
		memory = arena_alloc(arena, capacity * size);
		if (!memory)
			return NULL;
		if (*count)
			memcpy(memory, array, *count * size);
	}
	memset(memory + *count * size, 0, size);
	(*count)++;
	return memory;
}

bool arena_failed(const struct arena *arena)
{
	return arena->failed;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->failed = false;
}
