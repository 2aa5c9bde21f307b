/* SPDX-License-Identifier: MIT */
/* Names and MACs of links are systemd-nspawn's. */
#include "../../runtime/base/link_names.h"

#include "unit.h"

#include <string.h>

/* The last two are what nixpkgs' test containers-names expects; nspawn 252 makes all of them. */
static void names_are_those_of_nspawn(void **state)
{
	static const struct {
		const char *prefix, *base, *name, *altname;
	} cases[] = {
		{"ve-", "web", "ve-web", ""},
		{"ve-", "exactly-12-x", "ve-exactly-12-x", ""},
		{"vb-", "", "vb-", ""},
		{"ve-", "really-long-name", "ve-really-l3QgY", "ve-really-long-name"},
		{"ve-", "really-long-long-name-2", "ve-really-lFYWO", "ve-really-long-long-name-2"},
	};
	struct link_name name;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		link_name_make(cases[i].prefix, cases[i].base, &name);
		assert_string_equal(name.name, cases[i].name);
		assert_string_equal(name.altname, cases[i].altname);
		assert_true(link_name_valid(name.name));
	}
}

static void long_names_keep_their_limits(void **state)
{
	char base[200], other[200];
	struct link_name name, second;

	(void)state;
	memset(base, 'a', sizeof(base));
	base[124] = '\0';
	link_name_make(LINK_PREFIX_VETH, base, &name);
	assert_int_equal(strlen(name.name), 15);
	assert_int_equal(strlen(name.altname), 127);
	/* One more has no room as an alternative name, but a name of its own. */
	memcpy(other, base, 124);
	strcpy(other + 124, "a");
	link_name_make(LINK_PREFIX_VETH, other, &second);
	assert_string_equal(second.altname, "");
	assert_string_not_equal(second.name, name.name);
	assert_memory_equal(second.name, name.name, 11);
}

static void names_are_checked(void **state)
{
	static const char *const good[] = {"a", "ve-web", "fifteen-bytes-x", "eth0.5", "..."};
	static const char *const bad[] = {
		"",    "sixteen-bytes-xx", ".", "..", "a/b", "a b", "a:0", "eth%d", "a\n", "\xa0",
		"a\tb"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(link_name_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(link_name_valid(bad[i]));
}

static const uint8_t machine_id[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

/* What nspawn 252 gives "web" under this machine id: tests/integration/netlink.sh asks it. */
static void macs_are_those_of_nspawn(void **state)
{
	static const struct {
		enum link_mac which;
		uint8_t mac[6];
	} cases[] = {
		{LINK_MAC_HOST, {0xc2, 0xf0, 0x3c, 0xdc, 0x9e, 0xff}},
		{LINK_MAC_CONTAINER, {0xce, 0x4b, 0x63, 0xb9, 0xe2, 0x16}},
	};
	uint8_t mac[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		link_mac_make(cases[i].which, machine_id, "web", 0, mac);
		assert_memory_equal(mac, cases[i].mac, sizeof(mac));
	}
}

static void macs_are_local_unicast_and_differ(void **state)
{
	uint8_t mac[6], before[6] = {0};

	(void)state;
	for (enum link_mac which = LINK_MAC_HOST; which <= LINK_MAC_MACVLAN; which++) {
		for (uint64_t index = 0; index < 50; index++) {
			link_mac_make(which, machine_id, "machine", index, mac);
			assert_int_equal(mac[0] & 3, 2);
			assert_memory_not_equal(mac, before, sizeof(mac));
			memcpy(before, mac, sizeof(mac));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_nspawn),
		cmocka_unit_test(long_names_keep_their_limits),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(macs_are_those_of_nspawn),
		cmocka_unit_test(macs_are_local_unicast_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
