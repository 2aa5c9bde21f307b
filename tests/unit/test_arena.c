/* SPDX-License-Identifier: MIT */
/* The arena: alignment, growth, running out of memory. */
#include "../../runtime/base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "unit.h"

static int setup(void **state)
{
	static struct arena arena;

	*state = &arena;
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void memory_is_zeroed_and_aligned(void **state)
{
	static const char zeros[5000];
	static const size_t sizes[] = {0, 1, 3, 16, 17, 4095, 4096, 4097, 5000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *memory = arena_alloc(*state, sizes[i]);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		assert_memory_equal(memory, zeros, sizes[i]);
		memset(memory, 0xff, sizes[i]);
	}
	assert_false(arena_failed(*state));
}

static void allocations_do_not_overlap(void **state)
{
	char *memory[300];

	for (size_t i = 0; i < ARRAY_SIZE(memory); i++) {
		memory[i] = arena_alloc(*state, 1 + i % 97);
		memset(memory[i], (int)i & 0x7f, 1 + i % 97);
	}
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		for (size_t k = 0; k < 1 + i % 97; k++)
			assert_int_equal(memory[i][k], i & 0x7f);
}

static void strings_are_copied(void **state)
{
	char text[] = "frozen";
	char *copy = arena_strdup(*state, text);

	text[0] = 'F';
	assert_string_equal(copy, "frozen");
	assert_string_equal(arena_strndup(*state, "floe/ice", 4), "floe");
	assert_string_equal(arena_strdup(*state, ""), "");
	assert_null(arena_strdup(*state, NULL));
}

static void text_is_formatted_whatever_its_length(void **state)
{
	char *text = arena_printf(*state, "%s-%d-%6000s", "a", 7, "end");

	assert_int_equal(strlen(text), 6004);
	assert_memory_equal(text, "a-7-", 4);
	assert_string_equal(text + 6001, "end");
}

struct element {
	int number;
	char pad[36];
};

static void arrays_grow_and_keep_their_elements(void **state)
{
	struct element *elements = NULL;
	size_t count = 0;

	for (int i = 0; i < 1000; i++) {
		struct element *element = ARENA_APPEND(*state, elements, count);

		assert_non_null(element);
		assert_int_equal(element->number, 0);
		element->number = i;
	}
	assert_int_equal(count, 1000);
	assert_non_null(elements);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(elements[i].number, i);
}

static void running_out_of_memory_is_sticky(void **state)
{
	struct element *elements = NULL;
	size_t count = 0;

	assert_null(arena_alloc(*state, SIZE_MAX / 2));
	assert_true(arena_failed(*state));
	assert_non_null(ARENA_APPEND(*state, elements, count));
	assert_string_equal(arena_strdup(*state, "still"), "still");
	assert_true(arena_failed(*state));
}

/* The sizes at which rounding up, or adding the block's header, would wrap around. */
static void sizes_that_wrap_around_are_refused(void **state)
{
	for (size_t below = 0; below < 80; below++)
		assert_null(arena_alloc(*state, SIZE_MAX - below));
	assert_true(arena_failed(*state));
}

static void a_failed_append_leaves_the_array(void **state)
{
	int one = 1;
	int *array = &one;
	size_t count = 1;

	assert_null(arena_grow(*state, array, &count, SIZE_MAX / 4));
	assert_int_equal(count, 1);
	assert_int_equal(*array, 1);
}

static void a_freed_arena_is_usable_again(void **state)
{
	struct arena *arena = *state;

	arena_strdup(arena, "first");
	assert_null(arena_alloc(arena, SIZE_MAX / 2));
	arena_free(arena);
	assert_false(arena_failed(arena));
	assert_null(arena->blocks);
	assert_string_equal(arena_strdup(arena, "second"), "second");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(memory_is_zeroed_and_aligned),
		CASE(allocations_do_not_overlap),
		CASE(strings_are_copied),
		CASE(text_is_formatted_whatever_its_length),
		CASE(arrays_grow_and_keep_their_elements),
		CASE(running_out_of_memory_is_sticky),
		CASE(sizes_that_wrap_around_are_refused),
		CASE(a_failed_append_leaves_the_array),
		CASE(a_freed_arena_is_usable_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
