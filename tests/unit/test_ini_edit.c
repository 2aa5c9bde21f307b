/* SPDX-License-Identifier: MIT */
/* Changing a value of a settings file leaves the rest as it was. */
#include "../../runtime/base/ini_edit.h"

#include "unit.h"

static void assert_set(const char *text, const char *expected)
{
	struct arena arena = {0};

	assert_string_equal(ini_set(&arena, text, "B", "Key", "new"), expected);
	assert_false(arena_failed(&arena));
	arena_free(&arena);
}

static void a_section_is_added_where_there_is_none(void **unused)
{
	(void)unused;
	assert_set(NULL, "[B]\nKey=new\n");
	assert_set("", "[B]\nKey=new\n");
	assert_set("[A]\nKey=x\n", "[A]\nKey=x\n\n[B]\nKey=new\n");
	assert_set("# open", "# open\n\n[B]\nKey=new\n");
	assert_set("[BB]\n[b]\n", "[BB]\n[b]\n\n[B]\nKey=new\n");
}

static void a_key_is_replaced_in_its_section_alone(void **unused)
{
	(void)unused;
	assert_set("[A]\nKey=1\n[B]\nKey=2\nOther=3\n[C]\nKey=4\n",
		   "[A]\nKey=1\n[B]\nKey=new\nOther=3\n[C]\nKey=4\n");
	assert_set("[B]\n# Key=x\n Key = 1\nKeys=2\nKey=3\n", "[B]\nKey=new\n# Key=x\nKeys=2\n");
	assert_set("  [B]\n", "  [B]\nKey=new\n");
	assert_set("[B]", "[B]\nKey=new\n");
	assert_set("[B]\nKey=1", "[B]\nKey=new\n");
}

static void lines_that_go_on_are_one(void **unused)
{
	(void)unused;
	assert_set("[B]\nKey=a \\\n  b\nOther=\\\nKey=no\n", "[B]\nKey=new\nOther=\\\nKey=no\n");
	assert_set("[A]\nX=\\\n[B]\n", "[A]\nX=\\\n[B]\n\n[B]\nKey=new\n");
	assert_set("[B]\nKey=a\\", "[B]\nKey=new\n");
	assert_set("[B]\\\n", "[B]\\\n\n[B]\nKey=new\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_is_added_where_there_is_none),
		cmocka_unit_test(a_key_is_replaced_in_its_section_alone),
		cmocka_unit_test(lines_that_go_on_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
