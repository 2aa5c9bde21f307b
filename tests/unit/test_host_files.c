/* SPDX-License-Identifier: MIT */
/* Facts out of text files of the host: taken ids, os-release, machine-id. */
#include "../../runtime/plan/host_parts.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static const char *bases(void (*parse)(struct host *, const char *), const char *text)
{
	static char list[256];
	struct host host = {0};
	size_t used = 0;

	list[0] = '\0';
	parse(&host, text);
	for (size_t i = 0; i < host.uid_taken_count; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u", i ? " " : "",
					 host.uid_taken[i]);
	arena_free(&host.arena);
	return list;
}

static void users_take_their_range(void **state)
{
	(void)state;
	assert_string_equal(bases(host_parse_ids, "root:x:0:0:::\nu:x:1000:1000:::\n"), "");
	assert_string_equal(bases(host_parse_ids, "a:x:524288:1:::\nb:x:655359:1:::\n"),
			    "524288 589824");
	assert_string_equal(bases(host_parse_ids, "ad:x:1878982656:1"), "1878982656");
	assert_string_equal(bases(host_parse_ids, "ad:x:1879048192:1\nn:x:4294967295:1\n"), "");
	assert_string_equal(bases(host_parse_ids, "\n#\nx\na:x\na:x:\na:x:-600000:\na:x:600000x:\n"
						  "a:x:99999999999:\na:600000:1:1\n"),
			    "");
	assert_string_equal(bases(host_parse_ids, ""), "");
}

static void delegated_ranges_are_taken(void **state)
{
	(void)state;
	assert_string_equal(bases(host_parse_subids, "alice:100000:65536\n"), "");
	assert_string_equal(bases(host_parse_subids, "alice:500000:65536\n"), "524288");
	assert_string_equal(bases(host_parse_subids, "alice:589824:65536\nbob:655360:65537\n"),
			    "589824 655360 720896");
	assert_string_equal(bases(host_parse_subids, "alice:600000:0\nbob:600000:\nc::\nd\n"), "");
	assert_string_equal(bases(host_parse_subids, "alice:1878982656:4000000000\n"),
			    "1878982656");
}

static void ranges_of_root_are_for_machines(void **state)
{
	(void)state;
	assert_string_equal(bases(host_parse_subids, "root:524288:1878524928\n0:524288:65536\n"),
			    "");
	assert_string_equal(bases(host_parse_subids, "rooty:524288:65536\n"), "524288");
}

static void os_release_ids(void **state)
{
	struct host host = {0};

	(void)state;
	host_parse_os_release(&host, "NAME=\"X\"\nID=nixos\nVERSION_ID=\"24.05\"\n# ID=no\n"
				     "BUILD_ID='a b\\c'\nVARIANT_ID=\"q\\\"u\\\\o\\$te\"\n"
				     "MY_ID=1\nID_LIKE=y\nID\n");
	assert_int_equal(host.os_id_count, 4);
	assert_string_equal(host.os_ids[0].name, "id");
	assert_string_equal(host.os_ids[0].value, "nixos");
	assert_string_equal(host.os_ids[1].name, "version_id");
	assert_string_equal(host.os_ids[1].value, "24.05");
	assert_string_equal(host.os_ids[2].name, "build_id");
	assert_string_equal(host.os_ids[2].value, "a b\\c");
	assert_string_equal(host.os_ids[3].name, "variant_id");
	assert_string_equal(host.os_ids[3].value, "q\"u\\o$te");
	arena_free(&host.arena);
}

static void machine_ids(void **state)
{
	static const char *const none[] = {
		"",
		"\n",
		"uninitialized\n",
		"00000000000000000000000000000000\n",
		"0123456789abcdef0123456789abcde\n",
		"0123456789abcdef0123456789abcdef0\n",
		"0123456789abcdef0123456789abcdef x\n",
		"01234567-89ab-cdef-0123-456789abcdef\n",
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (host_parse_machine_id(&arena, none[i]))
			fail_msg("\"%s\" is taken for a machine id", none[i]);
	assert_string_equal(host_parse_machine_id(&arena, "0123456789ABCDEF0123456789abcdef\n"),
			    "0123456789abcdef0123456789abcdef");
	assert_string_equal(host_parse_machine_id(&arena, "f123456789abcdef0123456789abcdef"),
			    "f123456789abcdef0123456789abcdef");
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_take_their_range),
		cmocka_unit_test(delegated_ranges_are_taken),
		cmocka_unit_test(ranges_of_root_are_for_machines),
		cmocka_unit_test(os_release_ids),
		cmocka_unit_test(machine_ids),
	};

	return cmocka_run_group_tests_name("host_files", tests, NULL, NULL);
}
