/* SPDX-License-Identifier: MIT */
/* Addresses: text, networks, comparison. */
#include "../../runtime/base/ip.h"

#include "unit.h"

#include <errno.h>
#include <string.h>

static struct ip parsed(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static void text_goes_both_ways(void **state)
{
	static const char *const good[] = {"10.0.0.1", "255.255.255.255", "::", "fd00::1",
					   "2001:db8:1:2:3:4:5:6"};
	static const char *const bad[] = {"",  "10.0.0",     "10.0.0.256", "10.0.0.1/8", "x",
					  ":", "fd00::1%lo", "fd00:::1",   " 10.0.0.1"};
	char text[IP_TEXT_SIZE];
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ip = parsed(good[i]);
		assert_string_equal(ip_format(&ip, text), good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(ip_parse(bad[i], &ip), -EINVAL);
		assert_string_equal(ip_format(&ip, text), "none");
	}
}

static void networks_are_cut_at_the_prefix(void **state)
{
	static const struct {
		const char *ip;
		unsigned int prefix;
		const char *network, *last;
	} cases[] = {
		{"10.1.2.3", 0, "0.0.0.0", "255.255.255.255"},
		{"10.1.2.3", 28, "10.1.2.0", "10.1.2.15"},
		{"10.1.2.3", 31, "10.1.2.2", "10.1.2.3"},
		{"10.1.2.3", 32, "10.1.2.3", "10.1.2.3"},
		{"fd00:1:2:3:4::9", 64, "fd00:1:2:3::", "fd00:1:2:3:ffff:ffff:ffff:ffff"},
		{"fd00:1:2:3:4::9", 127, "fd00:1:2:3:4::8", "fd00:1:2:3:4::9"},
	};
	char text[IP_TEXT_SIZE];
	struct ip ip, edge;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ip = parsed(cases[i].ip);
		edge = ip_network(&ip, cases[i].prefix);
		assert_string_equal(ip_format(&edge, text), cases[i].network);
		edge = ip_last(&ip, cases[i].prefix);
		assert_string_equal(ip_format(&edge, text), cases[i].last);
	}
}

static void addresses_compare(void **state)
{
	struct ip a = parsed("10.0.0.1"), b = parsed("10.0.0.2"), c = parsed("::"), none = {0};

	(void)state;
	assert_true(ip_equal(&a, &a));
	assert_false(ip_equal(&a, &b));
	assert_false(ip_equal(&c, &none));
	assert_true(ip_is_any(&c));
	assert_false(ip_is_any(&a));
	assert_int_equal(ip_bits(AF_INET6), 128);
	assert_int_equal(ip_bits(AF_UNIX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_both_ways),
		cmocka_unit_test(networks_are_cut_at_the_prefix),
		cmocka_unit_test(addresses_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
