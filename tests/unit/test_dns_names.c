/* SPDX-License-Identifier: MIT */
/* Addresses of machines from a directory. */
#include "../../runtime/link/dns_names.h"
#include "packets.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "unit.h"

static int enter(void **state)
{
	int r = scratch_enter(state);

	if (r == 0) {
		scratch_directory("names");
		scratch_directory("etc");
	}
	return r;
}

static void machines_are_found(void **state)
{
	static const char text[] = "10.1.2.2\nnonsense\nfd00::2\n10.1.2.300\n\n10.1.2.3";
	struct dns_addresses found;
	CLEANUP_FD int names = -1;

	(void)state;
	scratch_write("names/Web", text, strlen(text));
	scratch_write("names/web.one", "10.2.2.2\n", 9);
	scratch_write("names/empty", "", 0);
	names = open("names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dns_names_find(names, i ? "wEB.Floe" : "web", &found), 0);
		assert_int_equal(found.v4_count, 2);
		assert_int_equal(found.v6_count, 1);
		assert_int_equal(found.v4[1].s_addr, packet_ipv4("10.1.2.3").s_addr);
	}
	assert_int_equal(dns_names_find(names, "web.one", &found), 0);
	assert_int_equal(found.v4_count, 1);
	assert_int_equal(dns_names_find(names, "web.one.floe", &found), 0);
	assert_int_equal(dns_names_find(names, "empty", &found), 0);
	assert_int_equal(found.v4_count + found.v6_count, 0);
}

static void no_other_file_is_read(void **state)
{
	static const struct {
		const char *name;
		int result;
	} rows[] = {
		{"other", -ENOENT},   {"other.floe", -ENXIO},   {"floe", -ENXIO},
		{"a.b.floe", -ENXIO}, {".hidden", -ENOENT},     {".hidden.floe", -ENXIO},
		{"..", -ENOENT},      {"../etc/file", -ENOENT}, {"sub/file", -ENOENT},
		{"link", -ELOOP},     {"sub", -EINVAL},         {"fifo", -EINVAL},
		{".floe", -ENXIO},    {"xfloe", -ENOENT},       {"other.floe.org", -ENOENT},
	};
	struct dns_addresses found;
	CLEANUP_FD int names = -1;

	(void)state;
	scratch_write("names/.hidden", "10.1.1.1", 8);
	scratch_write("etc/file", "10.1.1.1", 8);
	scratch_directory("names/sub");
	scratch_write("names/sub/file", "10.1.1.1", 8);
	assert_int_equal(symlink("../etc/file", "names/link"), 0);
	assert_int_equal(mkfifo("names/fifo", 0644), 0);
	names = open("names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = dns_names_find(names, rows[i].name, &found);

		if (r != rows[i].result)
			fail_msg("%s should give %d, gave %d", rows[i].name, rows[i].result, r);
		assert_int_equal(found.v4_count, 0);
	}
}

static void a_long_file_is_cut(void **state)
{
	char text[100 * 10];
	struct dns_addresses found;
	CLEANUP_FD int names = open("names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (int i = 0; i < 100; i++)
		memcpy(text + i * (ptrdiff_t)10, "10.1.1.1\n\n", 10);
	scratch_write("names/long", text, sizeof(text));
	assert_int_equal(dns_names_find(names, "long", &found), 0);
	assert_int_equal(found.v4_count, DNS_ADDRESS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, scratch_leave)
	const struct CMUnitTest tests[] = {
		TEST(machines_are_found),
		TEST(no_other_file_is_read),
		TEST(a_long_file_is_cut),
	};

	return cmocka_run_group_tests_name("names of machines", tests, NULL, NULL);
}
