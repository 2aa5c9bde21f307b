/* SPDX-License-Identifier: MIT */
/* Lists of store paths and registrations: read, written, refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/nix/nix.h"
#include "unit.h"

#define S "/nix/store/"
#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int parse(struct nix_set *set, struct arena *arena, const char *text,
		 struct floe_error *error)
{
	return nix_parse(set, text, strlen(text), arena, "FILE", error);
}

static void lists_are_sorted_and_without_repetition(void **state)
{
	struct arena arena = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(parse(&set, &arena, S "c\n" S "a?=+-._b\n\n" S "c\n" S "b", NULL), 0);
	assert_false(set.registered);
	assert_int_equal(set.count, 3);
	assert_string_equal(set.paths[0].name, "a?=+-._b");
	assert_string_equal(set.paths[1].name, "b");
	assert_string_equal(set.paths[2].name, "c");
	assert_ptr_equal(nix_find(&set, "b"), &set.paths[1]);
	assert_null(nix_find(&set, "d"));
	assert_int_equal(parse(&set, &arena, "", NULL), 0);
	assert_int_equal(set.count, 0);
	assert_null(nix_find(&set, "a"));
	arena_free(&arena);
}

static const char registration[] = S "b\n" H "\n120\n" S "b.drv\n2\n" S "a\n" S "b\n" /* itself */
	S "a\n" H "\n80\n\n0\n";

static void registrations_are_read_and_written(void **state)
{
	static const char sorted[] =
		S "a\n" H "\n80\n\n0\n" S "b\n" H "\n120\n" S "b.drv\n2\n" S "a\n" S "b\n";
	struct arena arena = {0};
	struct nix_set set, known;
	size_t count;

	(void)state;
	assert_int_equal(parse(&set, &arena, registration, NULL), 0);
	assert_true(set.registered);
	assert_int_equal(set.count, 2);
	assert_int_equal(set.paths[1].size, 120);
	assert_string_equal(set.paths[1].deriver, S "b.drv");
	assert_int_equal(set.paths[1].need_count, 2);
	assert_string_equal(nix_registration(&set, NULL, &arena, &count), sorted);
	assert_int_equal(count, 2);
	/* What is known already is left out. */
	assert_int_equal(parse(&known, &arena, S "a\n", NULL), 0);
	assert_string_equal(nix_registration(&set, &known, &arena, &count),
			    S "b\n" H "\n120\n" S "b.drv\n2\n" S "a\n" S "b\n");
	assert_int_equal(count, 1);
	assert_string_equal(nix_registration(&set, &set, &arena, &count), "");
	assert_int_equal(count, 0);
	arena_free(&arena);
}

/* Hashes of closureInfo's registration have their kind in front. */
static void hashes_may_say_their_kind(void **state)
{
	struct arena arena = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(parse(&set, &arena, S "a\nsha256:" H "\n80\n\n0\n", NULL), 0);
	assert_string_equal(set.paths[0].hash, H);
	arena_free(&arena);
}

static void nonsense_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"/usr/bin/sh\n", "FILE, line 1: expected a path of /nix/store"},
		{S "a\n" S "b/bin/sh\n", "FILE, line 2: expected a path of /nix/store"},
		{S "a\n" S "\n", "FILE, line 2: expected a path of /nix/store"},
		{S "a\n" S ".\n", "FILE, line 2: expected a path of /nix/store"},
		{S "a\n" S "..\n", "FILE, line 2: expected a path of /nix/store"},
		{"/nix/storea\n", "FILE, line 1: expected a path of /nix/store"},
		{S "a\nabc\n", "FILE, line 2: expected a SHA-256 hash in hexadecimal"},
		{S "a\n" H "\n", "FILE, line 2: expected a number"},
		{S "a\n" H "\n-1\n\n0\n", "FILE, line 3: expected a number"},
		{S "a\n" H "\n99999999999999999999\n\n0\n",
		 "FILE, line 3: the number is too large"},
		{S "a\n" H "\n1\nx\n0\n",
		 "FILE, line 4: expected a path of /nix/store, or nothing"},
		{S "a\n" H "\n1\n\n9\n" S "a\n", "FILE, line 6: expected a path of /nix/store"},
		{S "a\n" H "\n1\n\n99999999\n" S "a\n", "FILE, line 5: the number is too large"},
		{S "a\n" H "\n1\n\n1\n" S "b\n",
		 "FILE is no whole closure: " S "a needs " S "b, which is not in it; \"nix-store "
		 "-qR PATH\" lists whole closures"},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_error error = {0};
		struct nix_set set;

		assert_int_equal(parse(&set, &arena, rows[i].text, &error), -EINVAL);
		assert_string_equal(error.message, rows[i].message);
	}
	arena_free(&arena);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	struct arena arena = {0};
	struct floe_error error = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(nix_parse(&set, S "a\0\n", 14, &arena, "FILE", &error), -EINVAL);
	assert_string_equal(error.message,
			    "FILE is neither a list of store paths nor a registration");
	arena_free(&arena);
}

static void names_are_written_and_read(void **state)
{
	struct arena arena = {0};
	struct nix_set set, again;
	const char *text;

	(void)state;
	assert_int_equal(parse(&set, &arena, S "b\n" S "a\n", NULL), 0);
	text = nix_names(&set, &arena);
	assert_string_equal(text, "a\nb\n");
	assert_int_equal(nix_parse_names(&again, text, strlen(text), &arena), 0);
	assert_int_equal(again.count, 2);
	assert_non_null(nix_find(&again, "b"));
	assert_int_equal(nix_parse_names(&again, "a\n../b\n", 7, &arena), -EINVAL);
	assert_int_equal(nix_parse_names(&again, "a\n\n", 3, &arena), -EINVAL);
	assert_int_equal(nix_parse_names(&again, "", 0, &arena), 0);
	arena_free(&arena);
}

static void names_of_paths(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(nix_name(&arena, S "a-b/bin/sh"), "a-b");
	assert_string_equal(nix_name(&arena, S ".hidden"), ".hidden");
	assert_null(nix_name(&arena, "/nix/store"));
	assert_null(nix_name(&arena, S));
	assert_null(nix_name(&arena, S "/a"));
	assert_null(nix_name(&arena, S "../x"));
	assert_null(nix_name(&arena, "/nix/var"));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_sorted_and_without_repetition),
		cmocka_unit_test(registrations_are_read_and_written),
		cmocka_unit_test(hashes_may_say_their_kind),
		cmocka_unit_test(nonsense_is_refused_with_its_line),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(names_are_written_and_read),
		cmocka_unit_test(names_of_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
