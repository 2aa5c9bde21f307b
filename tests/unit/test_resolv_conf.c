/* SPDX-License-Identifier: MIT */
/* The name servers of resolv.conf files as programs and people write them. */
#include "../../runtime/base/resolv_conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static void append(char *text, size_t size, const struct resolv_server *server)
{
	char address[INET6_ADDRSTRLEN];
	size_t used = strlen(text);

	assert_non_null(inet_ntop(server->family, &server->v4, address, sizeof(address)));
	snprintf(text + used, size - used, "%s%s%s%s", used ? " " : "", address,
		 server->scope[0] ? "%" : "", server->scope);
}

static void servers_are_found(void **state)
{
	static const struct {
		const char *text, *servers;
	} rows[] = {
		{"nameserver 10.0.0.53\n", "10.0.0.53"},
		{"nameserver 10.0.0.53", "10.0.0.53"},
		{"# systemd-resolved\n\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n",
		 "127.0.0.53"},
		{"nameserver\t::1 # here\nnameserver 1.2.3.4;there\n", "::1 1.2.3.4"},
		{"nameserver 1.1.1.1\r\nnameserver 2.2.2.2\r\n", "1.1.1.1 2.2.2.2"},
		{"nameserver fe80::1%eth0\nnameserver fe80::2%3\n", "fe80::1%eth0 fe80::2%3"},
		{"nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n",
		 "1.1.1.1 2.2.2.2 3.3.3.3"},
		{"nameserver 1.1.1.1 2.2.2.2\n", "1.1.1.1"},
		{"nameserver dns.example\nnameserver 5.5.5.5\n", "5.5.5.5"},
		{"nameserver 1.2.3\nnameserver 1.2.3.4.5\nnameserver 256.1.1.1\n", "127.0.0.1"},
		{"nameserver fe80::1%\nnameserver fe80::1%a-name-of-16-byte\n", "127.0.0.1"},
		{"nameserver fe80::1%a-name-of-15-by\n", "fe80::1%a-name-of-15-by"},
		{"#nameserver 1.1.1.1\n;nameserver 1.1.1.1\n nameserver 1.1.1.1\n", "127.0.0.1"},
		{"nameservers 1.1.1.1\nnameserver\nnameserver \nnameserver=1.1.1.1\n", "127.0.0.1"},
		{"nameserver 1111111111111111111111111111111111111111111111111111111111111111111\n",
		 "127.0.0.1"},
		{"", "127.0.0.1"},
		{"\n\n\n", "127.0.0.1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct resolv_conf conf;
		char text[256] = "";

		resolv_conf_parse(rows[i].text, strlen(rows[i].text), &conf);
		for (size_t k = 0; k < conf.count; k++)
			append(text, sizeof(text), &conf.servers[k]);
		if (strcmp(text, rows[i].servers) != 0)
			fail_msg("row %zu should give \"%s\", gave \"%s\"", i, rows[i].servers,
				 text);
	}
}

/* Read while it is written: whatever part is there. Copies end where the text does. */
static void any_part_is_read(void **state)
{
	static const char text[] =
		"nameserver 10.0.0.53\nnameserver fe80::1%eth0\n\0nameserver ::1\n";

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		CLEANUP_FREE char *copy = malloc(i ? i : 1);
		struct resolv_conf conf;

		memcpy(copy, text, i);
		resolv_conf_parse(copy, i, &conf);
		assert_true(conf.count >= 1 && conf.count <= RESOLV_CONF_SERVERS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_are_found),
		cmocka_unit_test(any_part_is_read),
	};

	return cmocka_run_group_tests_name("resolv.conf", tests, NULL, NULL);
}
