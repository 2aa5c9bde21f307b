/* SPDX-License-Identifier: MIT */
/* Numbers, sizes, times, truth, ids, UTF-8 and paths out of text. */
#include "../../runtime/spec/text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "unit.h"

static void numbers_are_read_whole(void **state)
{
	static const struct {
		const char *text;
		uint64_t max, value;
		int result;
	} rows[] = {
		{"0", 0, 0, 0},
		{"007", 7, 7, 0},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX, 0},
		{"18446744073709551616", UINT64_MAX, 0, -ERANGE},
		{"99999999999999999999999", UINT64_MAX, 0, -ERANGE},
		{"8", 7, 0, -ERANGE},
		{"", 9, 0, -EINVAL},
		{" 1", 9, 0, -EINVAL},
		{"1 ", 9, 0, -EINVAL},
		{"+1", 9, 0, -EINVAL},
		{"-1", 9, 0, -EINVAL},
		{"0x1", 9, 0, -EINVAL},
		{"1.0", 9, 0, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 0;

		assert_int_equal(text_to_unsigned(rows[i].text, rows[i].max, &value),
				 rows[i].result);
		assert_int_equal(value, rows[i].value);
	}
}

static void sizes_have_binary_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
		int result;
	} rows[] = {
		{"12", 12, 0},
		{"12B", 12, 0},
		{"1K", 1024, 0},
		{"3M", 3 << 20, 0},
		{"1G", 1 << 30, 0},
		{"1T", UINT64_C(1) << 40, 0},
		{"15E", UINT64_C(15) << 60, 0},
		{"16E", 0, -ERANGE},
		{"K", 0, -EINVAL},
		{"1k", 0, -EINVAL},
		{"1KB", 0, -EINVAL},
		{"1.5G", 0, -EINVAL},
		{"-1K", 0, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 0;

		assert_int_equal(text_to_size(rows[i].text, &value), rows[i].result);
		assert_int_equal(value, rows[i].value);
	}
}

static void times_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
		int result;
	} rows[] = {
		{"5", 5000, 0},        {"5us", 5, 0},
		{"5ms", 5000, 0},      {"2s", 2000000, 0},
		{"1min", 60000000, 0}, {"1h", UINT64_C(3600000000), 0},
		{"5m", 0, -EINVAL},    {"1 s", 0, -EINVAL},
		{"s", 0, -EINVAL},     {"99999999999999w", 0, -ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 0;

		assert_int_equal(text_to_usec(rows[i].text, 1000, &value), rows[i].result);
		assert_int_equal(value, rows[i].value);
	}
}

static void truth_has_many_words(void **state)
{
	static const char *const yes[] = {"yes", "YES", "true", "on", "y", "t", "1"};
	static const char *const no[] = {"no", "No", "false", "off", "n", "f", "0"};
	static const char *const neither[] = {"", "2", "yess", "ye", " yes", "nope", "00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		bool value = false;

		assert_int_equal(text_to_bool(yes[i], &value), 0);
		assert_true(value);
		assert_int_equal(text_to_bool(no[i], &value), 0);
		assert_false(value);
		assert_int_equal(text_to_bool(neither[i], &value), -EINVAL);
	}
}

static void uuids_are_normalised(void **state)
{
	static const char *const good[] = {
		"0123456789abcdef0123456789ABCDEF",
		"01234567-89ab-cdef-0123-456789abcdef",
	};
	static const char *const bad[] = {
		"",
		"0",
		"00000000000000000000000000000000",
		"00000000-0000-0000-0000-000000000000",
		"0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdefa",
		"0123456789abcdef0123456789abcdeg",
		"0123-456789ab-cdef-0123-456789abcdef",
		"01234567-89ab-cdef-0123-456789abcd-f",
		"01234567089ab0cdef001230456789abcdef",
	};
	char uuid[UUID_DIGITS + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(text_to_uuid(good[i], uuid), 0);
		assert_string_equal(uuid, "0123456789abcdef0123456789abcdef");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (text_to_uuid(bad[i], uuid) != -EINVAL)
			fail_msg("%s was taken for an id", bad[i]);
}

static void utf8_is_judged_strictly(void **state)
{
	static const char *const good[] = {
		"",
		"plain",
		"gr\xc3\xbc\xc3\x9f",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"\xe0\xa0\x80",
	};
	static const char *const bad[] = {
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xe2\x82",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"a\xff",
		"\xe2(\xa1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!text_is_utf8(good[i]))
			fail_msg("row %zu was refused", i);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (text_is_utf8(bad[i]))
			fail_msg("row %zu was accepted", i);
}

static void paths_are_simplified(void **state)
{
	static const struct {
		const char *path, *simple;
	} rows[] = {
		{"/", "/"},
		{"//", "/"},
		{"/a/b", "/a/b"},
		{"//a///b//", "/a/b"},
		{"/./a/./b/.", "/a/b"},
		{"/a/../b", "/a/../b"},
		{"/.a/..b/...", "/.a/..b/..."},
		{"/.", "/"},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(path_simplify(&arena, rows[i].path), rows[i].simple);
	arena_free(&arena);
}

static void relative_paths_begin_here(void **state)
{
	struct arena arena = {0};
	char here[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(path_from_here(&arena, "."), here);
	assert_string_equal(path_from_here(&arena, "./x/"),
			    arena_printf(&arena, "%s/x", strcmp(here, "/") ? here : ""));
	assert_string_equal(path_from_here(&arena, "/x"), "/x");
	arena_free(&arena);
}

static void paths_are_judged(void **state)
{
	char longest[PATH_MAX + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[PATH_MAX] = '\0';
	assert_false(path_is_sane(longest));
	longest[PATH_MAX - 1] = '\0';
	assert_true(path_is_sane(longest));
	assert_true(path_is_sane("/"));
	assert_false(path_is_sane(""));
	assert_false(path_is_sane("a"));
	assert_false(path_is_sane("/a\nb"));
	assert_false(path_is_sane("/\xff"));
	assert_true(path_has_parent("/a/.."));
	assert_true(path_has_parent("/../a"));
	assert_true(path_has_parent(".."));
	assert_false(path_has_parent("/a..b/...c/.."
				     "d"));
}

static void parts_are_split_at_bare_separators(void **state)
{
	struct arena arena = {0};
	const char *cursor = "a\\:b:\\\\c::d\\e";

	(void)state;
	assert_string_equal(text_split(&arena, &cursor, ':'), "a:b");
	assert_string_equal(text_split(&arena, &cursor, ':'), "\\c");
	assert_string_equal(text_split(&arena, &cursor, ':'), "");
	assert_string_equal(text_split(&arena, &cursor, ':'), "de");
	assert_null(cursor);
	cursor = "a:";
	assert_string_equal(text_split(&arena, &cursor, ':'), "a");
	assert_string_equal(text_split(&arena, &cursor, ':'), "");
	assert_null(cursor);
	cursor = "a\\";
	assert_null(text_split(&arena, &cursor, ':'));
	arena_free(&arena);
}

static void words_are_found_whole(void **state)
{
	(void)state;
	assert_true(text_has_word("size mode", "mode=1", 4));
	assert_true(text_has_word("size,mode", "size", 4));
	assert_false(text_has_word("size mode", "siz", 3));
	assert_false(text_has_word("size mode", "sizes", 5));
	assert_false(text_has_word("size mode", "", 0));
	assert_false(text_has_word("", "a", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_whole),
		cmocka_unit_test(sizes_have_binary_units),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(truth_has_many_words),
		cmocka_unit_test(uuids_are_normalised),
		cmocka_unit_test(utf8_is_judged_strictly),
		cmocka_unit_test(paths_are_simplified),
		cmocka_unit_test(relative_paths_begin_here),
		cmocka_unit_test(paths_are_judged),
		cmocka_unit_test(parts_are_split_at_bare_separators),
		cmocka_unit_test(words_are_found_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
