/* SPDX-License-Identifier: MIT */
/* Machine names: what is valid, and what is made of text that is not. */
#include "../../runtime/base/names.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define TEN   "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void names_are_told_from_other_text(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{"a", true},       {"web-1", true},        {"_x_", true},   {"a.b.c", true},
		{"A9", true},      {SIXTY "abcd", true},   {"", false},     {".", false},
		{"..", false},     {"-a", false},          {"a-", false},   {".a", false},
		{"a.", false},     {"a..b", false},        {"a.-b", false}, {"a-.b", false},
		{"a/b", false},    {"a b", false},         {"a\n", false},  {"gr\xc3\xbc", false},
		{"../etc", false}, {SIXTY "abcde", false}, {"a;b", false},  {"\x7f", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (machine_name_valid(rows[i].name) != rows[i].valid)
			fail_msg("\"%s\" should be %s", rows[i].name,
				 rows[i].valid ? "valid" : "refused");
}

static void text_is_cleaned_to_a_name(void **state)
{
	static const struct {
		const char *text;
		const char *name; /* NULL: nothing is left */
	} rows[] = {
		{"web", "web"},
		{"My Machine!", "MyMachine"},
		{"--a--", "a"},
		{".hidden.", "hidden"},
		{"a..b", "a.b"},
		{"a-.b", "a.b"},
		{"a--.b", "a.b"},
		{"a.-b", "a.b"},
		{"a.--.b", "a.b"},
		{"../../etc/x", "etcx"},
		{SIXTY "abcdefg", SIXTY "abcd"},
		{SIXTY "abc.d", SIXTY "abc"},
		{"", NULL},
		{"...", NULL},
		{"-.-", NULL},
		{"\xc3\xbc", NULL},
	};
	char name[MACHINE_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int status = machine_name_clean(rows[i].text, name);

		assert_int_equal(status, rows[i].name ? 0 : -EINVAL);
		assert_string_equal(name, rows[i].name ? rows[i].name : "");
	}
}

/* Every short text over the characters that matter: cleaned, or nothing was left of it. */
static void whatever_is_cleaned_is_valid(void **state)
{
	static const char alphabet[] = "a-._/";
	char name[MACHINE_NAME_MAX + 1];

	(void)state;
	for (unsigned number = 0; number < 5 * 5 * 5 * 5 * 5 * 5; number++) {
		char text[7] = "";
		unsigned rest = number;

		for (size_t i = 0; i < 6; i++, rest /= 5)
			text[i] = alphabet[rest % 5];
		if (machine_name_clean(text, name) == 0)
			assert_true(machine_name_valid(name));
		else if (strpbrk(text, "a_"))
			fail_msg("\"%s\" has a name in it", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_told_from_other_text),
		cmocka_unit_test(text_is_cleaned_to_a_name),
		cmocka_unit_test(whatever_is_cleaned_is_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
