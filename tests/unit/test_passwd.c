/* SPDX-License-Identifier: MIT */
/* Users and groups of a tree: ordinary files, numbers, and files made to mislead. */
#include "../../runtime/base/passwd.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static const char users[] = "root:x:0:0:System administrator:/root:/bin/sh\n"
			    "\n"
			    "# a comment\n"
			    "short:x:8:8\n"
			    "long:x:8:8:g:/h:/s:more\n"
			    "colon:x:8:8:g:/h:/s:\n"
			    "negative:x:-1:8:g:/h:/s\n"
			    "reserved:x:4294967295:8:g:/h:/s\n"
			    "huge:x:99999999999:8:g:/h:/s\n"
			    ":x:9:9:nameless:/h:/s\n"
			    "1000:x:55:55:a number for a name:/n:/s\n"
			    "alice:x:1000:100::/home/alice:/run/current-system/sw/bin/bash\n"
			    "twin:x:1000:200::/home/twin:\n"
			    "last:x:1001:1001::/:/bin/false";

static int find(const char *name, struct passwd_entry *entry)
{
	return passwd_find_user(users, sizeof(users) - 1, name, entry);
}

static void users_are_found_by_name(void **state)
{
	struct passwd_entry entry;

	(void)state;
	assert_int_equal(find("alice", &entry), 0);
	assert_string_equal(entry.name, "alice");
	assert_int_equal(entry.uid, 1000);
	assert_int_equal(entry.gid, 100);
	assert_string_equal(entry.home, "/home/alice");
	assert_string_equal(entry.shell, "/run/current-system/sw/bin/bash");
	assert_int_equal(find("last", &entry), 0);
	assert_string_equal(entry.shell, "/bin/false");
	assert_int_equal(find("twin", &entry), 0);
	assert_string_equal(entry.shell, "");
}

static void users_are_found_by_number(void **state)
{
	struct passwd_entry entry;

	(void)state;
	assert_int_equal(find("0", &entry), 0);
	assert_string_equal(entry.name, "root");
	/* A name that is a number goes before the number. */
	assert_int_equal(find("1000", &entry), 0);
	assert_int_equal(entry.uid, 55);
	assert_int_equal(find("1001", &entry), 0);
	assert_string_equal(entry.name, "last");
	assert_int_equal(find("4242", &entry), -ENOENT);
}

static void senseless_lines_are_no_users(void **state)
{
	static const char *const names[] = {"short", "long", "colon", "negative", "reserved",
					    "huge",  "",     "al",    "alice:x",  "4294967295"};
	struct passwd_entry entry;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (find(names[i], &entry) != -ENOENT)
			fail_msg("\"%s\" was found", names[i]);
	assert_int_equal(passwd_find_user("", 0, "root", &entry), -ENOENT);
	assert_int_equal(passwd_find_user("a:x:0:0::/\0root:/bin/sh", 23, "a", &entry), -ENOENT);
}

static void fields_that_do_not_fit_are_refused(void **state)
{
	char text[PASSWD_PATH_SIZE + 64] = "a:x:0:0::/";
	struct passwd_entry entry;
	size_t start = strlen(text) - 1;

	(void)state;
	memset(text + start, '/', PASSWD_PATH_SIZE - 1);
	strcpy(text + start + PASSWD_PATH_SIZE - 1, ":/bin/sh\n");
	assert_int_equal(passwd_find_user(text, strlen(text), "a", &entry), 0);
	assert_int_equal(strlen(entry.home), PASSWD_PATH_SIZE - 1);
	memset(text + start, '/', PASSWD_PATH_SIZE);
	strcpy(text + start + PASSWD_PATH_SIZE, ":/bin/sh\n");
	assert_int_equal(passwd_find_user(text, strlen(text), "a", &entry), -ENOENT);
}

static void numbers_are_read_strictly(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x10", "4294967295", "1a"};
	uint32_t id = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(passwd_parse_id(bad[i], &id), -EINVAL);
	assert_int_equal(passwd_parse_id("4294967294", &id), 0);
	assert_int_equal(id, 4294967294);
}

static const char groups[] = "root:x:0:\n"
			     "wheel:x:10:root,alice\n"
			     "broken:x:ten:alice\n"
			     "alic:x:11:alic,alicee\n"
			     "dup:x:10:alice\n"
			     "primary:x:100:alice\n"
			     "kvm:x:36:bob,alice";

static void groups_of_a_user_are_listed_once(void **state)
{
	uint32_t gids[8];
	size_t count;

	(void)state;
	assert_int_equal(group_find_members(groups, sizeof(groups) - 1, "alice", 100, gids,
					    ARRAY_SIZE(gids), &count),
			 0);
	assert_int_equal(count, 3);
	assert_int_equal(gids[0], 100);
	assert_int_equal(gids[1], 10);
	assert_int_equal(gids[2], 36);
	assert_int_equal(group_find_members("", 0, "alice", 5, gids, 8, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(gids[0], 5);
}

static void too_many_groups_are_told(void **state)
{
	uint32_t gids[2];
	size_t count;

	(void)state;
	assert_int_equal(group_find_members(groups, sizeof(groups) - 1, "alice", 100, gids,
					    ARRAY_SIZE(gids), &count),
			 -E2BIG);
	assert_int_equal(count, 3);
	assert_int_equal(gids[1], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_found_by_name),
		cmocka_unit_test(users_are_found_by_number),
		cmocka_unit_test(senseless_lines_are_no_users),
		cmocka_unit_test(fields_that_do_not_fit_are_refused),
		cmocka_unit_test(numbers_are_read_strictly),
		cmocka_unit_test(groups_of_a_user_are_listed_once),
		cmocka_unit_test(too_many_groups_are_told),
	};

	return cmocka_run_group_tests_name("passwd", tests, NULL, NULL);
}
