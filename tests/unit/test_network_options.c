/* SPDX-License-Identifier: MIT */
/* Options about links, addresses and ports: what they are read as, and what does not go together. */
#include "spec_words.h"

#include <netinet/in.h>
#include <string.h>

#include "unit.h"

static void ports_are_read(void **state)
{
	static const struct {
		const char *value;
		uint8_t protocol;
		const char *address;
		uint16_t host, last, machine;
	} rows[] = {
		{"80", IPPROTO_TCP, "none", 80, 80, 80},
		{"8080:80", IPPROTO_TCP, "none", 8080, 8080, 80},
		{"tcp:8080:80", IPPROTO_TCP, "none", 8080, 8080, 80},
		{"udp:53", IPPROTO_UDP, "none", 53, 53, 53},
		{"sctp:5:6", IPPROTO_SCTP, "none", 5, 5, 6},
		{"8000-8010", IPPROTO_TCP, "none", 8000, 8010, 8000},
		{"8000-8010:9000-9010", IPPROTO_TCP, "none", 8000, 8010, 9000},
		{"127.0.0.1:8080:80", IPPROTO_TCP, "127.0.0.1", 8080, 8080, 80},
		{"udp:127.0.0.1:53", IPPROTO_UDP, "127.0.0.1", 53, 53, 53},
		{"[::1]:8080:80", IPPROTO_TCP, "::1", 8080, 8080, 80},
		{"udp:[2001:db8::1]:1-2:3-4", IPPROTO_UDP, "2001:db8::1", 1, 2, 3},
		{"1-65535", IPPROTO_TCP, "none", 1, 65535, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[128], text[IP_TEXT_SIZE];
		struct floe_spec *handle;
		const struct spec_port *port;

		snprintf(line, sizeof(line), "-D /x -n -p %s", rows[i].value);
		handle = line_resolve(line);
		port = handle->spec.links.ports;
		assert_int_equal(handle->spec.links.port_count, 1);
		assert_int_equal(port->protocol, rows[i].protocol);
		assert_string_equal(ip_format(&port->address, text), rows[i].address);
		assert_int_equal(port->host, rows[i].host);
		assert_int_equal(port->last, rows[i].last);
		assert_int_equal(port->machine, rows[i].machine);
		floe_spec_free(handle);
	}
}

static void bad_ports_are_refused(void **state)
{
	static const char *const values[] = {
		"0",
		"65536",
		"80:0",
		"80:65536",
		"-80",
		"80-",
		"-",
		"90-80",
		"80-90:80-91",
		"80-90:80",
		"80:80-90",
		"icmp:80",
		"tcp:",
		"tcp:udp:80",
		"80:80:80",
		"1.2.3:80",
		"[::1]80",
		"[::1",
		"[]:80",
		"::1:80:80",
		"0.0.0.0:80",
		"[::]:80",
		"127.0.0.1",
		"127.0.0.1:",
		"[fe80::1%lo]:80",
		"255.255.255.255:80",
		"224.0.0.1:80",
		"+80",
		"0x50",
		" 80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		option_refuse_value("port", values[i], values[i]);
}

static void addresses_are_read(void **state)
{
	static const struct {
		const char *value, *inside;
		uint8_t prefix;
		const char *host;
		uint8_t host_prefix;
		bool no_host;
	} rows[] = {
		{"10.0.0.2/24", "10.0.0.2", 24, "none", 24, false},
		{"10.0.0.2/24,10.0.0.9", "10.0.0.2", 24, "10.0.0.9", 24, false},
		{"10.0.0.2/24,10.0.0.9/32", "10.0.0.2", 24, "10.0.0.9", 32, false},
		{"10.0.0.2,10.0.0.9/8", "10.0.0.2", 32, "10.0.0.9", 8, false},
		{"10.233.1.2,10.233.1.1", "10.233.1.2", 32, "10.233.1.1", 32, false},
		{"10.233.1.2,no", "10.233.1.2", 32, "none", 32, true},
		{"fd00::2/64,no", "fd00::2", 64, "none", 64, true},
		{"fd00::2/64", "fd00::2", 64, "none", 64, false},
		{"fd00::2,fd00::1", "fd00::2", 128, "fd00::1", 128, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[128], text[IP_TEXT_SIZE];
		struct floe_spec *handle;
		const struct spec_address *address;

		snprintf(line, sizeof(line), "-D /x -n --address %s", rows[i].value);
		handle = line_resolve(line);
		address = handle->spec.links.addresses;
		assert_int_equal(handle->spec.links.address_count, 1);
		assert_string_equal(ip_format(&address->inside, text), rows[i].inside);
		assert_int_equal(address->prefix, rows[i].prefix);
		assert_string_equal(ip_format(&address->host, text), rows[i].host);
		assert_int_equal(address->host_prefix, rows[i].host_prefix);
		assert_int_equal(address->no_host, rows[i].no_host);
		floe_spec_free(handle);
	}
}

static void bad_values_are_refused(void **state)
{
	static const struct {
		const char *option, *value, *reason;
	} rows[] = {
		{"address", "10.0.0.2/33", "up to 32"},
		{"address", "fd00::2/129", "up to 128"},
		{"address", "10.0.0.2/", "up to 32"},
		{"address", "10.0.0.2/24,fd00::1", "one family"},
		{"address", "10.0.0.2,10.0.0.1/33", "up to 32"},
		{"address", "10.0.0.2,", "the machine's address"},
		{"address", "10.0.0.2,no/8", "the machine's address"},
		{"address", "no", "the machine's address"},
		{"link-name", "", "1 to 15"},
		{"link-name", "a-name-too-long-", "1 to 15"},
		{"link-name", "a b", "1 to 15"},
		{"address", "10.0.0.2/24,10.0.0.2", "different"},
		{"address", "0.0.0.0/24", "the machine's address"},
		{"address", "224.0.0.1/24", "the machine's address"},
		{"address", "ff02::1/64", "the machine's address"},
		{"address", "host/24", "the machine's address"},
		{"gateway", "yes", "an address, or no"},
		{"gateway", "::", "an address, or no"},
		{"dns", "localhost", "a name server"},
		{"mtu", "67", "68 to 65535"},
		{"mtu", "65536", "68 to 65535"},
		{"mtu", "1500b", "68 to 65535"},
		{"mac", "02:00:00:00:00", "like 02:"},
		{"mac", "02:00:00:00:00:01:02", "like 02:"},
		{"mac", "02-00-00-00-00-01", "like 02:"},
		{"mac", "2:0:0:0:0:1", "like 02:"},
		{"mac", "03:00:00:00:00:01", "single link"},
		{"mac", "00:00:00:00:00:00", "single link"},
		{"rate", "10", "8K to 1000G"},
		{"rate", "10T", "8K to 1000G"},
		{"rate", "2000G", "8K to 1000G"},
		{"rate", "K", "8K to 1000G"},
		{"rate", "-1M", "8K to 1000G"},
		{"dhcp", "maybe", "auto, yes or no"},
		{"network-zone", "a-zone-too-long", "1 to 12"},
		{"network-zone", "a/b", "1 to 12"},
		{"network-bridge", "a b", "a bridge"},
		{"network-veth-extra", "a-name-too-long-", "1 to 15"},
		{"network-veth-extra", "a:", "inside"},
		{"network-interface", "eth0:a-name-too-long-", "inside"},
		{"network-macvlan", ":a", "a link of the host"},
		{"network-ipvlan", "eth0:..", "inside"},
		{"network-veth", "perhaps", "yes or no"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		option_refuse_value(rows[i].option, rows[i].value, rows[i].reason);
}

static void rates_count_by_thousands(void **state)
{
	static const struct {
		const char *value;
		uint64_t bits;
	} rows[] = {{"8K", 8000}, {"8000", 8000}, {"10M", 10000000}, {"1G", 1000000000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[64];
		struct floe_spec *handle;

		snprintf(line, sizeof(line), "-D /x -n --rate %s", rows[i].value);
		handle = line_resolve(line);
		assert_int_equal(handle->spec.links.rate, rows[i].bits);
		floe_spec_free(handle);
	}
}

static void contradictions_are_refused(void **state)
{
	static const struct {
		const char *line, *reason;
	} rows[] = {
		{"-D /x --network-bridge a --network-zone b", "give one of them"},
		{"-D /x --network-bridge a --network-veth=no", "forbids"},
		{"-D /x -n --network-namespace-path /n", "--network-namespace-path joins"},
		{"-D /x --network-veth-extra a --network-namespace-path /n", "joins"},
		{"-D /x -n --private-network=no", "--private-network=no"},
		{"-D /x --network-macvlan a --private-network=no", "--private-network=no"},
		{"-D /x -p 80", "--port is about a link"},
		{"-D /x --private-network -p 80", "--port is about a link"},
		{"-D /x --network-macvlan a -p 80", "--port is about a link"},
		{"-D /x --address 10.0.0.2/24", "--address is about a link"},
		{"-D /x --dhcp no", "--dhcp is about a link"},
		{"-D /x --hosts-entry", "--hosts-entry is about a link"},
		{"-D /x --link-name eth0", "--link-name is about a link"},
		{"-D /x -n --link-name lo", "called lo inside"},
		{"-D /x -n --link-name a --network-interface b:a", "called a inside"},
		{"-D /x --network-zone z --isolate", "--isolate is for a link"},
		{"-D /x --network-bridge b --isolate", "--isolate is for a link"},
		{"-D /x --network-zone z --rate 1M", "--rate is for a link"},
		{"-D /x --network-zone z --masquerade no", "one machine of a zone"},
		{"-D /x -n --address 10.0.0.2", "needs a prefix length"},
		{"-D /x --network-bridge b --address 10.0.0.2/24,10.0.0.1", "give --gateway"},
		{"-D /x -n --gateway 10.0.0.1", "needs an --address"},
		{"-D /x -n --address 10.0.0.2/24 --gateway fd00::1", "needs an --address"},
		{"-D /x -n --address 10.0.0.2/24 -p [::1]:80", "leads nowhere"},
		{"-D /x -n -p 80 -p 70-90", "given before"},
		{"-D /x -n -p 80 -p tcp:80:81", "given before"},
		{"-D /x -n --address 10.0.0.2/24 --address 10.0.0.2/8", "given before"},
		{"-D /x --network-macvlan a --network-macvlan a:b", "given before"},
		{"-D /x -n -E PRIVATE_NETWORK=1 -E HOST_ADDRESS=x -E LOCAL_ADDRESS=10.0.0.2",
		 "expected addresses"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		line_refuse(rows[i].line, rows[i].reason);
}

static void what_goes_together_is_accepted(void **state)
{
	static const char *const lines[] = {
		"-D /x -n -p 80 -p udp:80 -p 127.0.0.1:80 -p [::1]:80",
		"-D /x -n --private-network",
		"-D /x --network-zone z -p 80",
		"-D /x --network-bridge b --address 10.0.0.2/24 --gateway 10.0.0.1",
		"-D /x --network-macvlan a --network-ipvlan a --network-interface b",
		"-D /x -n --network-veth-extra a --network-veth-extra b:c",
		"-D /x -n --link-name a --network-interface b:host0",
		"-D /x --network-zone z --address 10.0.0.2,no",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct floe_spec *handle = line_resolve(lines[i]);

		assert_int_equal(handle->spec.network, SPEC_NETWORK_PRIVATE);
		floe_spec_free(handle);
	}
}

static void front_ends_give_way_to_users(void **state)
{
	static const struct {
		const char *option, *value;
		bool veth;
	} rows[] = {
		{NULL, NULL, true},
		{"network-veth", "no", false},
		{"private-network", NULL, false},
		{"private-network", "no", false},
		{"network-namespace-path", "/n", false},
		{"network-macvlan", "eth0", false},
		{"network-zone", "z", true},
		{"network-bridge", "b", true},
		{"port", "80", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_error error = {0};
		struct floe_spec *handle;

		assert_int_equal(floe_spec_new(&handle, &error), 0);
		assert_int_equal(floe_spec_for_image(handle, "web", &error), 0);
		if (rows[i].option)
			assert_int_equal(
				floe_spec_set(handle, rows[i].option, rows[i].value, &error), 0);
		if (spec_resolve(&handle->spec, &error) < 0)
			fail_msg("%s: %s", rows[i].option, error.message);
		assert_int_equal(handle->spec.links.veth, rows[i].veth);
		floe_spec_free(handle);
	}
}

static void nixos_tells_its_addresses_in_the_environment(void **state)
{
	struct floe_spec *handle =
		line_resolve("-D /x -n -E PRIVATE_NETWORK=1 -E HOST_ADDRESS=10.233.1.1 -E "
			     "LOCAL_ADDRESS=10.233.1.2 "
			     "-E HOST_ADDRESS6=fc00::1 -E LOCAL_ADDRESS6=fc00::2/7");
	const struct spec_links *links = &handle->spec.links;

	(void)state;
	assert_int_equal(links->address_count, 2);
	assert_int_equal(links->addresses[0].prefix, 32);
	assert_int_equal(links->addresses[1].prefix, 7);
	assert_true(links->inside_by_payload);
	floe_spec_free(handle);
	/* A unit's own commands do it; somebody who says addresses means those. */
	handle =
		line_resolve("-D /x -n --keep-unit -E PRIVATE_NETWORK=1 -E HOST_ADDRESS=10.233.1.1 "
			     "-E LOCAL_ADDRESS=10.233.1.2");
	assert_int_equal(handle->spec.links.address_count, 0);
	floe_spec_free(handle);
	handle = line_resolve("-D /x -n --address 10.0.0.2/24 -E PRIVATE_NETWORK=1 -E "
			      "HOST_ADDRESS=10.233.1.1 -E LOCAL_ADDRESS=10.233.1.2");
	assert_int_equal(handle->spec.links.address_count, 1);
	assert_false(handle->spec.links.inside_by_payload);
	floe_spec_free(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(bad_ports_are_refused),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(rates_count_by_thousands),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(what_goes_together_is_accepted),
		cmocka_unit_test(front_ends_give_way_to_users),
		cmocka_unit_test(nixos_tells_its_addresses_in_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
