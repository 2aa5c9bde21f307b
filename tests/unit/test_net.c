/* SPDX-License-Identifier: MIT */
/* What the host's network knows of machines: as text, in the table, in /etc/hosts. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/monitor/addresses.h"
#include "../../runtime/net/hosts.h"
#include "../../runtime/net/table.h"
#include "unit.h"

static struct ip parsed(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

/* What the tests have most of. */
static struct net_member make_member(const char *machine, const char *address, uint8_t prefix)
{
	struct net_member member = {.machine = machine, .link = "ve-x", .zone = ""};
	struct ip ip = parsed(address);

	member.address[family_index(ip.family)] = ip;
	member.prefix[family_index(ip.family)] = prefix;
	return member;
}

static void members_survive_as_text(void **state)
{
	struct spec_port ports[] = {
		{IPPROTO_TCP, {0}, 80, 80, 8080},
		{IPPROTO_UDP, parsed("127.0.0.1"), 1, 65535, 1},
		{IPPROTO_SCTP, parsed("2001:db8::1"), 5, 6, 7},
	};
	struct net_member member = {
		.machine = "web",
		.link = "ve-web",
		.zone = "lan",
		.mac = {2, 0, 0, 0x12, 0x34, 0xff},
		.address = {parsed("10.1.2.3"), parsed("fd00::2")},
		.gateway = {parsed("10.1.2.1"), {0}},
		.prefix = {28, 64},
		.dns = {1053, 0},
		.masquerade = true,
		.hosts_entry = true,
		.containers_entry = true,
		.rate = UINT64_C(10000000000),
		.ports = ports,
		.port_count = ARRAY_SIZE(ports),
	};
	struct net_member read;
	struct arena arena = {0};
	char *line, *again;

	(void)state;
	line = arena_strdup(&arena, member_write(&arena, &member));
	assert_int_equal(line[strlen(line) - 1], '\n');
	line[strlen(line) - 1] = '\0';
	assert_int_equal(member_read(&arena, arena_strdup(&arena, line), &read), 0);
	again = arena_strdup(&arena, member_write(&arena, &read));
	again[strlen(again) - 1] = '\0';
	assert_string_equal(line, again);
	assert_int_equal(read.rate, member.rate);
	assert_int_equal(read.port_count, 3);
	assert_true(read.masquerade && read.hosts_entry && !read.isolate);
	assert_true(read.containers_entry);
	assert_memory_equal(read.mac, member.mac, sizeof(read.mac));
	arena_free(&arena);
}

static void damaged_text_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"machine=",
		"link=x",
		"machine",
		"machine=x what=y",
		"machine=x address=10.0.0.1",
		"machine=x address=10.0.0.1/33,none,0",
		"machine=x address=x/3,none,0",
		"machine=x address=10.0.0.1/3,y,0",
		"machine=x address=10.0.0.1/3,none,65536",
		"machine=x port=tcp,none,1,2",
		"machine=x port=icmp,none,1,2,3",
		"machine=x port=tcp,none,2,1,3",
		"machine=x port=tcp,x,1,2,3",
		"machine=x mac=02:00",
		"machine=x rate=fast",
		"machine=x rate=-1",
		"machine=x rate=99999999999999999999",
		"machine=x mac=02:00:00:00:00:0g",
		"machine=x port=tcp,none,1,2,3,4",
		"machine=x  link=y",
	};
	struct net_member member;
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (member_read(&arena, arena_strdup(&arena, lines[i]), &member) != -EBADMSG)
			fail_msg("\"%s\" was read", lines[i]);
	arena_free(&arena);
}

static void ports_are_described(void **state)
{
	const struct spec_port one = {IPPROTO_TCP, {0}, 80, 80, 80};
	const struct spec_port range = {IPPROTO_UDP, parsed("127.0.0.1"), 8000, 8010, 1};
	char text[PORT_TEXT_SIZE];

	(void)state;
	assert_string_equal(port_describe(&one, text), "tcp port 80");
	assert_string_equal(port_describe(&range, text), "udp ports 8000-8010 of 127.0.0.1");
}

static void ports_of_others_are_found(void **state)
{
	static const struct {
		struct spec_port theirs, ours;
		bool collide;
	} rows[] = {
		{{IPPROTO_TCP, {0}, 80, 80, 1}, {IPPROTO_TCP, {0}, 80, 80, 2}, true},
		{{IPPROTO_TCP, {0}, 80, 80, 1}, {IPPROTO_UDP, {0}, 80, 80, 1}, false},
		{{IPPROTO_TCP, {0}, 80, 90, 1}, {IPPROTO_TCP, {0}, 90, 99, 1}, true},
		{{IPPROTO_TCP, {0}, 80, 90, 1}, {IPPROTO_TCP, {0}, 91, 99, 1}, false},
		{{IPPROTO_TCP, {AF_INET, {127, 0, 0, 1}}, 80, 80, 1},
		 {IPPROTO_TCP, {0}, 80, 80, 1},
		 true},
		{{IPPROTO_TCP, {AF_INET, {127, 0, 0, 1}}, 80, 80, 1},
		 {IPPROTO_TCP, {AF_INET, {127, 0, 0, 1}}, 80, 80, 1},
		 true},
		{{IPPROTO_TCP, {AF_INET, {127, 0, 0, 1}}, 80, 80, 1},
		 {IPPROTO_TCP, {AF_INET, {127, 0, 0, 2}}, 80, 80, 1},
		 false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_port theirs = rows[i].theirs, ours = rows[i].ours;
		struct net_member other = make_member("other", "10.0.0.2", 28);
		struct net_member own = make_member("own", "10.0.1.2", 28);
		const struct net_member *owner = NULL;
		struct net_table table = {0};

		other.ports = &theirs;
		own.ports = &ours;
		other.port_count = own.port_count = 1;
		assert_int_equal(net_table_add(&table, &other), 0);
		assert_int_equal(net_table_add(&table, &own), 0);
		assert_int_equal(net_table_port(&table, &own, &owner) != NULL, rows[i].collide);
		if (rows[i].collide)
			assert_string_equal(owner->machine, "other");
		net_table_free(&table);
	}
}

static void networks_of_others_are_found(void **state)
{
	static const struct {
		const char *theirs, *their_zone, *ours, *our_zone;
		uint8_t their_prefix, our_prefix;
		bool meet;
	} rows[] = {
		{"10.0.0.2", "", "10.0.0.18", "", 28, 28, false},
		{"10.0.0.2", "", "10.0.0.14", "", 28, 28, true},
		{"10.0.0.2", "", "10.0.0.99", "", 28, 24, true},
		{"10.0.0.2", "a", "10.0.0.3", "a", 24, 24, false},
		{"10.0.0.2", "a", "10.0.0.2", "a", 24, 24, true},
		{"10.0.0.2", "a", "10.0.0.3", "b", 24, 24, true},
		{"10.0.0.2", "", "fd00::2", "", 28, 64, false},
		{"fd00::2", "", "fd00::3", "", 64, 64, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct net_member other =
			make_member("other", rows[i].theirs, rows[i].their_prefix);
		struct net_member own = make_member("own", rows[i].ours, rows[i].our_prefix);
		struct net_table table = {0};

		other.zone = rows[i].their_zone;
		own.zone = rows[i].our_zone;
		assert_int_equal(net_table_add(&table, &other), 0);
		if ((net_table_address(&table, &own) != NULL) != rows[i].meet)
			fail_msg("row %zu", i);
		net_table_free(&table);
	}
}

#define BEGIN_LINE "# machines of floe: kept by it, do not edit\n"
#define END_LINE   "# end of the machines of floe\n"
#define OWN_LINE   "10.0.0.2 web web.floe\n"
#define OWN_BLOCK  BEGIN_LINE OWN_LINE END_LINE
#define OPEN_BLOCK                                                                                 \
	"# machines of floe: kept by it, do not edit; the line above had no end\n" OWN_LINE END_LINE

static void hosts_change_in_their_block_only(void **state)
{
	static const struct {
		const char *before, *with, *without;
	} rows[] = {
		{"", OWN_BLOCK, ""},
		{"127.0.0.1 localhost\n", "127.0.0.1 localhost\n" OWN_BLOCK,
		 "127.0.0.1 localhost\n"},
		{"127.0.0.1 localhost", "127.0.0.1 localhost\n" OPEN_BLOCK, "127.0.0.1 localhost"},
		{"127.0.0.1 localhost\n" OPEN_BLOCK, "127.0.0.1 localhost\n" OPEN_BLOCK,
		 "127.0.0.1 localhost"},
		{"a\n" BEGIN_LINE "old\n" END_LINE "b\n", "a\n" OWN_BLOCK "b\n", "a\nb\n"},
		{"a\n" BEGIN_LINE "cut off", "a\n" OWN_BLOCK, "a\n"},
		{"a " BEGIN_LINE "b\n", "a " BEGIN_LINE "b\n" OWN_BLOCK, "a " BEGIN_LINE "b\n"},
	};
	struct net_member member = make_member("web", "10.0.0.2", 28);
	struct net_table table = {.members = &member, .count = 1}, empty = {0};
	struct arena arena = {0};

	(void)state;
	member.hosts_entry = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(hosts_replace(&arena, rows[i].before, &table), rows[i].with);
		assert_string_equal(hosts_replace(&arena, rows[i].before, &empty), rows[i].without);
	}
	member.containers_entry = true;
	assert_string_equal(hosts_replace(&arena, "", &table),
			    BEGIN_LINE "10.0.0.2 web web.floe web.containers\n" END_LINE);
	member.hosts_entry = false;
	assert_string_equal(hosts_replace(&arena, "", &table),
			    BEGIN_LINE "10.0.0.2 web.containers\n" END_LINE);
	arena_free(&arena);
}

static void the_address_that_others_reach_is_chosen(void **state)
{
	const struct addr addrs[] = {
		{.local = parsed("127.0.0.1"), .scope = RT_SCOPE_HOST},
		{.local = parsed("169.254.1.1"), .scope = RT_SCOPE_LINK},
		{.local = parsed("10.0.0.9"), .scope = RT_SCOPE_SITE},
		{.local = parsed("10.0.0.2"), .scope = RT_SCOPE_UNIVERSE},
		{.local = parsed("10.0.0.3"), .scope = RT_SCOPE_UNIVERSE},
		{.local = parsed("fd00::1"), .flags = IFA_F_TENTATIVE},
		{.local = parsed("fd00::2"), .flags = IFA_F_DEPRECATED},
		{.local = parsed("fd00::3")},
	};
	const struct ip none = {0}, later = parsed("10.0.0.3"), gone = parsed("fd00::1");
	struct ip ip = addresses_choose(addrs, ARRAY_SIZE(addrs), AF_INET, &none);
	char text[IP_TEXT_SIZE];

	(void)state;
	assert_string_equal(ip_format(&ip, text), "10.0.0.2");
	ip = addresses_choose(addrs, ARRAY_SIZE(addrs), AF_INET, &later);
	assert_string_equal(ip_format(&ip, text), "10.0.0.3");
	ip = addresses_choose(addrs, ARRAY_SIZE(addrs), AF_INET6, &gone);
	assert_string_equal(ip_format(&ip, text), "fd00::3");
	ip = addresses_choose(addrs, 2, AF_INET, &none);
	assert_int_equal(ip.family, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_survive_as_text),
		cmocka_unit_test(damaged_text_is_refused),
		cmocka_unit_test(ports_are_described),
		cmocka_unit_test(ports_of_others_are_found),
		cmocka_unit_test(networks_of_others_are_found),
		cmocka_unit_test(hosts_change_in_their_block_only),
		cmocka_unit_test(the_address_that_others_reach_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
