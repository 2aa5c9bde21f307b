/* SPDX-License-Identifier: MIT */
/* Files of variables: the values systemd gives them (systemd.exec(5)), and what is said of lines that
 * are none. */
#include "../../runtime/spec/env_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* What is read, as "NAME=VALUE|" each, newlines in values as "~"; findings as "LINE!|" or "LINE?|". */
static void describe(const char *text, size_t size, char *out, size_t room)
{
	struct arena arena = {0};
	struct findings findings = {.arena = &arena};
	struct env_file file;
	size_t used = 0;

	env_file_read(text, size, &file, &findings);
	*out = '\0';
	for (size_t i = 0; i < file.count; i++)
		used += (size_t)snprintf(out + used, room - used, "%s=%s|", file.entries[i].name,
					 file.entries[i].value);
	for (size_t i = 0; i < findings.count; i++)
		used += (size_t)snprintf(out + used, room - used, "%u%c|", findings.list[i].line,
					 findings.list[i].fatal ? '!' : '?');
	assert_true(used < room);
	for (char *p = out; *p; p++)
		if (*p == '\n')
			*p = '~';
	arena_free(&arena);
}

static const struct {
	const char *text, *read;
} rows[] = {
	/* plain */
	{"", ""},
	{"A=1", "A=1|"},
	{"A=1\n", "A=1|"},
	{"A=1\nB=2\n", "A=1|B=2|"},
	{"A=", "A=|"},
	{"A=\nB=\n", "A=|B=|"},
	{"A=1\nA=2\n", "A=1|A=2|"},
	{"_a1=x", "_a1=x|"},
	{"A=b=c", "A=b=c|"},
	{"A=--bind=/a:/b --bind-ro=/c", "A=--bind=/a:/b --bind-ro=/c|"},
	/* blanks */
	{"  A=1", "A=1|"},
	{"\tA\t=\t1", "A=1|"},
	{"A = b c  ", "A=b c|"},
	{"A=1  \n\n\n  B=2\t\n", "A=1|B=2|"},
	{"A=   ", "A=|"},
	{"\n\n\n", ""},
	{"A=a\\ ", "A=a |"},
	{"A=a\\  \n", "A=a |"},
	/* ends of lines */
	{"A=1\r\nB=2\r\n", "A=1|B=2|"},
	{"A=1\rB=2", "A=1|B=2|"},
	{"A=1\r\n\r\nB\r\n", "A=1|3?|"},
	{"\r\r\nB", "3?|"},
	/* comments */
	{"# A=1\nB=2", "B=2|"},
	{"; A=1\nB=2", "B=2|"},
	{"  # A=1\nB=2", "B=2|"},
	{"A=1 # no comment", "A=1 # no comment|"},
	{"A=#1", "A=#1|"},
	{"# goes on? \\\nB=2", "B=2|"},
	{"#", ""},
	{";\n;", ""},
	/* lines that go on */
	{"A=a\\\nb", "A=ab|"},
	{"A=a \\\n  b", "A=a   b|"},
	{"A=a\\\r\nb", "A=ab|"},
	{"A=a\\\n", "A=a|"},
	{"A=a\\", "A=a|"},
	{"A=\\\nb\nC=d", "A=b|C=d|"},
	{"A=a\\\n#b", "A=a#b|"},
	{"A=a\\\nB=c\nX", "A=aB=c|3?|"},
	/* escapes */
	{"A=\\a", "A=a|"},
	{"A=a\\\\b", "A=a\\b|"},
	{"A=\\\"b\\\"", "A=\"b\"|"},
	{"A=\\$x", "A=$x|"},
	/* double quotes */
	{"A=\"b c\"", "A=b c|"},
	{"A=\"b  \"  ", "A=b  |"},
	{"A=\"\"", "A=|"},
	{"A=\"b\\\"c\"", "A=b\"c|"},
	{"A=\"b\\\\c\"", "A=b\\c|"},
	{"A=\"b\\`c\\$d\"", "A=b`c$d|"},
	{"A=\"b\\nc\"", "A=b\\nc|"},
	{"A=\"b\\'c\"", "A=b\\'c|"},
	{"A=\"b\nc\"", "A=b~c|"},
	{"A=\"b\\\nc\"", "A=bc|"},
	{"A=\"b'c\"", "A=b'c|"},
	{"A=\"#b\"", "A=#b|"},
	/* single quotes */
	{"A='b c'", "A=b c|"},
	{"A='b\\nc\\'", "A=b\\nc\\|"},
	{"A='b\nc'", "A=b~c|"},
	{"A='b\\\nc'", "A=b\\~c|"},
	{"A='b\"c'", "A=b\"c|"},
	{"A=''", "A=|"},
	/* parts that follow one another */
	{"A=\"b\"'c'", "A=bc|"},
	{"A=\"b\" 'c'", "A=bc|"},
	{"A='b'c", "A=bc|"},
	{"A='b' c 'd'", "A=bc 'd'|"},
	{"A='b'\nC=d", "A=b|C=d|"},
	/* within a bare value a quote is one */
	{"A=b\"c d\"", "A=b\"c d\"|"},
	{"A=b'c", "A=b'c|"},
	{"A=it's\nB='x'", "A=it's|B=x|"},
	/* what is none */
	{"A", "1?|"},
	{"A\nB=1", "B=1|1?|"},
	{"A B", "1?|"},
	{"=1", "1?|"},
	{" = 1\nB=2", "B=2|1?|"},
	{"1A=1\nB=2", "B=2|1?|"},
	{"A-B=1", "1?|"},
	{"A.B=1", "1?|"},
	{"export A=1", "1?|"},
	{"\"A\"=1", "1?|"},
	{"[storage]\ndriver = \"overlay\"\n", "driver=overlay|1?|"},
	{"\xc3\xa4=1", "1?|"},
	{"A=1\n\n\nnone\n", "A=1|4?|"},
	{"A='b\nc'\nnone\n", "A=b~c|3?|"},
	/* quotes that are not closed are closed by the end, as with systemd */
	{"A=\"b", "A=b|1?|"},
	{"A=1\nB='c\nC=d\n", "A=1|B=c~C=d~|2?|"},
	{"A=\"b\\", "A=b|1?|"},
	/* what cannot be used */
	{"A=\xff", "1!|"},
	{"A=1\nB=\xc3\n", "A=1|2!|"},
	{"A=\xe2\x82\xac", "A=\xe2\x82\xac|"},
};

static void values_are_those_of_systemd(void **state)
{
	char read[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		describe(rows[i].text, strlen(rows[i].text), read, sizeof(read));
		if (strcmp(read, rows[i].read) != 0)
			fail_msg("\"%s\" was read as \"%s\", not \"%s\"", rows[i].text, read,
				 rows[i].read);
	}
}

/* Wherever it is cut off, a file is read without reaching beyond its end. */
static void files_are_read_to_their_end_only(void **state)
{
	char read[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t size = 0; size <= strlen(rows[i].text); size++) {
			char *exact = malloc(size ? size : 1);

			assert_non_null(exact);
			memcpy(exact, rows[i].text, size);
			describe(exact, size, read, sizeof(read));
			free(exact);
		}
	}
}

static void what_is_no_text_is_refused(void **state)
{
	static const char binary[] = "A=1\0B=2";
	char read[64], *large = malloc(SETTINGS_SIZE_MAX + 1);

	(void)state;
	describe(binary, sizeof(binary) - 1, read, sizeof(read));
	assert_string_equal(read, "0!|");
	assert_non_null(large);
	memset(large, '\n', SETTINGS_SIZE_MAX + 1);
	describe(large, SETTINGS_SIZE_MAX, read, sizeof(read));
	assert_string_equal(read, "");
	describe(large, SETTINGS_SIZE_MAX + 1, read, sizeof(read));
	assert_string_equal(read, "0!|");
	free(large);
}

/* Neither variables nor what is said of them fill the memory. */
static void much_is_too_much(void **state)
{
	struct arena arena = {0};
	struct findings findings = {.arena = &arena};
	struct env_file file;
	const size_t count = SETTINGS_ENTRIES_MAX + 10;
	char *text = malloc(count * 4 + 1);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * 4, "A=1\n", 5);
	env_file_read(text, count * 4, &file, &findings);
	assert_int_equal(file.count, SETTINGS_ENTRIES_MAX);
	assert_int_equal(findings.fatal_count, 1);
	assert_int_equal(findings.list[0].line, SETTINGS_ENTRIES_MAX + 1);
	arena_free(&arena);

	findings = (struct findings){.arena = &arena};
	memset(text, '.', count * 2);
	for (size_t i = 0; i < count; i++)
		text[i * 2] = '\n';
	env_file_read(text, count * 2, &file, &findings);
	assert_int_equal(findings.count, SETTINGS_FINDINGS_MAX);
	assert_int_equal(findings.fatal_count, 1);
	arena_free(&arena);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_systemd),
		cmocka_unit_test(files_are_read_to_their_end_only),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(much_is_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
