/* SPDX-License-Identifier: MIT */
/* Values of os-release files, well-formed and not. */
#include "../../runtime/base/os_release.h"

#include "unit.h"

static void assert_value(const char *text, const char *expected)
{
	char value[32];

	assert_true(os_release_value(text, "NAME", value, sizeof(value)));
	assert_string_equal(value, expected);
}

static void values_lose_the_shells_quotes(void **unused)
{
	(void)unused;
	assert_value("NAME=plain", "plain");
	assert_value("NAME=\"two words\"\n", "two words");
	assert_value("NAME='it\"s \\ raw'\n", "it\"s \\ raw");
	assert_value("NAME=\"a \\\"b\\\" \\$c \\\\\"\n", "a \"b\" $c \\");
	assert_value("NAME=a\\ b rest\n", "a b");
	assert_value("NAME=\"a\"'b'c\n", "abc");
	assert_value("NAME=a\033[2Jb\\\033\n", "a[2Jb");
	assert_value("NAME=\n", "");
}

static void only_the_key_itself_counts_and_the_last_one(void **unused)
{
	char value[32] = "before";

	(void)unused;
	assert_value("ANAME=1\nNAME2=2\n#NAME=3\nNAME=4\nX=NAME=5\n", "4");
	assert_value("NAME=first\nNAME=second", "second");
	assert_false(os_release_value("NAMES=x\nANAME=y\n", "NAME", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(os_release_value("", "NAME", value, sizeof(value)));
	assert_false(os_release_value("NAME", "NAME", value, sizeof(value)));
}

static void nothing_runs_over_a_line_or_the_room(void **unused)
{
	char value[4];

	(void)unused;
	assert_value("NAME=\"open\nNEXT=x\"\n", "open");
	assert_value("NAME=end\\\nNEXT=x\n", "end\\");
	assert_value("NAME=end\\", "end\\");
	assert_true(os_release_value("NAME=abcdef", "NAME", value, sizeof(value)));
	assert_string_equal(value, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_lose_the_shells_quotes),
		cmocka_unit_test(only_the_key_itself_counts_and_the_last_one),
		cmocka_unit_test(nothing_runs_over_a_line_or_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
