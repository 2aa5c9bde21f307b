/* SPDX-License-Identifier: MIT */
/* Image names that follow from archives, and what entries of archives may be called. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "../../runtime/base/names.h"
#include "../../runtime/image/archive/decode.h"
#include "../../runtime/image/archive/name.h"
#include "../../runtime/image/image.h"

static const struct {
	const char *file;
	const char *name; /* NULL: none */
} files[] = {
	{"nixos-system-x86_64-linux.tar.xz", "nixos-system-x86_64-linux"},
	{"/a/b.c/debian.tar.gz", "debian"},
	{"debian.tgz", "debian"},
	{"debian.TAR.ZST", "debian"},
	{"x.tar.bz2", "x"},
	{"x.tbz2", "x"},
	{"x.tar", "x"},
	{"plain", "plain"},
	{"two words.tar", "twowords"},
	{"v1.2.tar.xz", "v1.2"},
	{"release.tar.xz.tar", "release.tar.xz"},
	{".tar.xz", "tar.xz"},
	{"-.tar", NULL},
	{"/", NULL},
	{"", NULL},
};

static void test_names_from_files(void **state)
{
	char name[MACHINE_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int result = image_name_from_file(files[i].file, name);

		assert_int_equal(result, files[i].name ? 0 : -EINVAL);
		if (files[i].name)
			assert_string_equal(name, files[i].name);
	}
}

static void test_long_file_name_fits(void **state)
{
	char file[400], name[MACHINE_NAME_MAX + 1];

	(void)state;
	memset(file, 'a', sizeof(file));
	strcpy(file + sizeof(file) - 8, ".tar.xz");
	assert_int_equal(image_name_from_file(file, name), 0);
	assert_int_equal(strlen(name), MACHINE_NAME_MAX);
}

static const struct {
	const char *raw;
	const char *clean; /* NULL: refused */
} entries[] = {
	{"a/b", "a/b"},     {"./a", "a"},     {"/a//b/", "a/b"},      {"./", ""},   {"/", ""},
	{"a/./b/.", "a/b"}, {"...", "..."},   {"..a/b..", "..a/b.."}, {"..", NULL}, {"a/..", NULL},
	{"/../etc", NULL},  {"./../x", NULL}, {"a/../../b", NULL},
};

static void test_entry_names(void **state)
{
	char clean[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct floe_error error = {0};
		int result = name_clean(entries[i].raw, clean, &error);

		assert_int_equal(result, entries[i].clean ? 0 : -EBADMSG);
		if (entries[i].clean)
			assert_string_equal(clean, entries[i].clean);
		else
			assert_non_null(strstr(error.message, entries[i].raw));
	}
}

static int clean_repeated(char c, size_t count)
{
	char raw[2 * PATH_MAX], clean[PATH_MAX];

	memset(raw, c, count);
	raw[count] = '\0';
	if (count > NAME_MAX + 1)
		for (size_t i = 1; i < count; i += 2)
			raw[i] = '/';
	return name_clean(raw, clean, NULL);
}

static void test_entry_name_limits(void **state)
{
	(void)state;
	assert_int_equal(clean_repeated('n', NAME_MAX), 0);
	assert_int_equal(clean_repeated('n', NAME_MAX + 1), -EBADMSG);
	assert_int_equal(clean_repeated('n', PATH_MAX - 1), 0);
	assert_int_equal(clean_repeated('n', PATH_MAX + 1), -EBADMSG);
}

static void test_names_are_fit_to_print(void **state)
{
	char shown[NAME_SHOWN], longer[2000];

	(void)state;
	assert_string_equal(name_show("a\x1b[2J\nb\\", shown), "a\\033[2J\\012b\\134");
	assert_string_equal(name_show("caf\xc3\xa9", shown), "caf\xc3\xa9");
	memset(longer, '\n', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_true(strlen(name_show(longer, shown)) < NAME_SHOWN);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 2] = 'y';
	name_show(longer, shown);
	assert_non_null(strstr(shown, "x...x"));
	assert_int_equal(shown[strlen(shown) - 1], 'y');
}

static const struct {
	const char *bytes;
	size_t size;
	const char *decoder;
} streams[] = {
	{"\xfd"
	 "7zXZ\0\0\0",
	 8, "xz"},
	{"\xfd"
	 "7zXZ",
	 5, "plain"},
	{"\x28\xb5\x2f\xfd", 4, "zstd"},
	{"\x5f\x2a\x4d\x18", 4, "zstd"},
	{"\x1f\x8b\x08", 3, "gzip"},
	{"BZh9", 4, "bzip2"},
	{"usr/", 4, "plain"},
	{"", 0, "plain"},
};

static void test_decoder_by_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++)
		assert_string_equal(
			decoder_find((const unsigned char *)streams[i].bytes, streams[i].size)
				->name,
			streams[i].decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_from_files),
		cmocka_unit_test(test_long_file_name_fits),
		cmocka_unit_test(test_entry_names),
		cmocka_unit_test(test_entry_name_limits),
		cmocka_unit_test(test_names_are_fit_to_print),
		cmocka_unit_test(test_decoder_by_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
