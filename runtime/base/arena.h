/* SPDX-License-Identifier: MIT */
/* Memory that is released all at once: a spec, a host and a plan own one arena each. */
#ifndef FLOE_BASE_ARENA_H
#define FLOE_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

/*
 * Running out of memory is sticky: the failing call and all later ones give valid but empty
 * memory or "", and the owner asks arena_failed() once, when it is done building.
 * A zeroed struct arena is a valid, empty one.
 */
struct arena {
	struct arena_block *blocks;
	bool failed;
};

/* Zeroed memory of SIZE bytes, aligned for any type. NULL only when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of TEXT (NULL gives NULL), of its first LENGTH bytes, or of formatted text. Never NULL
 * for non-NULL input: "" when out of memory. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/*
 * Makes room for one more element in a growing array: ARRAY of *COUNT elements of SIZE bytes each.
 * Returns the array, moved if it had to be (the capacity is the next power of two), with the new
 * element zeroed and *COUNT raised; NULL when out of memory, *COUNT untouched.
 */
void *arena_grow(struct arena *arena, void *array, size_t *count, size_t size);

bool arena_failed(const struct arena *arena);

/* Releases everything; the arena is empty and usable again. */
void arena_free(struct arena *arena);

/* Appends an element to a counted array in one expression: pointer to the new element or NULL. */
#define ARENA_APPEND(arena, array, count)                                                          \
	({                                                                                         \
		void *grown_ = arena_grow((arena), (array), &(count), sizeof(*(array)));           \
		if (grown_)                                                                        \
			(array) = grown_;                                                          \
		grown_ ? &(array)[(count)-1] : NULL;                                               \
	})

#endif
