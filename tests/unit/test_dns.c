/* SPDX-License-Identifier: MIT */
/* DNS queries as recorded and as an attacker might send them; answers and responses. */
#include "../../runtime/base/dns.h"
#include "../../runtime/base/wire.h"

#include "packets.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define AT_NAME 12

/* ---- queries ---- */

static void recorded_queries_are_read(void **state)
{
	static const struct {
		const char *recorded, *name;
		uint16_t id, type;
		size_t udp_size;
		bool edns, dnssec;
	} rows[] = {
		{"dns/query-glibc", "web.floe", 0x7bf8, DNS_A, 512, false, false},
		{"dns/query-glibc-aaaa", "web.floe", 0x63ff, DNS_AAAA, 512, false, false},
		{"dns/query-musl", "web.floe", 0x2a60, DNS_A, 512, false, false},
		{"dns/query-busybox", "web.floe", 0xcf0e, DNS_A, 512, false, false},
		{"dns/query-dig", "web.floe", 0xc21d, DNS_A, 1232, true, false},
		{"dns/query-dig-plain", "web.floe", 0x1764, DNS_A, 512, false, false},
		{"dns/query-dig-dnssec", "web", 0x6bea, DNS_AAAA, 1232, true, true},
		{"dns/query-resolved", "web.floe", 0x4338, DNS_A, 65508, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read(rows[i].recorded, data);
		struct dns_query query;

		assert_int_equal(dns_parse(data, size, &query), 0);
		assert_string_equal(query.name, rows[i].name);
		assert_int_equal(query.id, rows[i].id);
		assert_int_equal(query.type, rows[i].type);
		assert_int_equal(query.udp_size, rows[i].udp_size);
		assert_int_equal(query.edns, rows[i].edns);
		assert_int_equal(query.dnssec, rows[i].dnssec);
		assert_true(query.internet);
		assert_ptr_equal(query.question, data + AT_NAME);
		assert_int_equal(query.question_size, strlen(rows[i].name) + 2 + 4);
	}
}

static void every_shorter_query_is_refused(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dns/query-dig", data);
	struct dns_query query;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		CLEANUP_FREE uint8_t *copy = malloc(i ? i : 1);

		memcpy(copy, data, i);
		assert_int_equal(dns_parse(copy, i, &query),
				 i < DNS_HEADER_SIZE ? -EBADMSG : DNS_FORMERR);
	}
}

static void longer_queries_are_refused(void **state)
{
	uint8_t data[PACKET_ROOM] = {0};
	size_t size = packet_read("dns/query-glibc", data);
	struct dns_query query;

	(void)state;
	assert_int_equal(dns_parse(data, size + 1, &query), DNS_FORMERR);
	assert_int_equal(dns_parse(data, size, &query), 0);
}

/* Sixteen bits of a recorded query with one additional record are something else. */
static void changed_queries_are_judged(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint16_t value;
		int verdict;
		bool understood;
	} rows[] = {
		{"a response", 2, 0x8120, -EBADMSG, false},
		{"a response and nothing else", 2, 0x8000, -EBADMSG, false},
		{"an inverse query", 2, 0x0920, DNS_NOTIMP, false},
		{"an update", 2, 0x2800, DNS_NOTIMP, false},
		{"without a question", 4, 0, DNS_FORMERR, false},
		{"two questions", 4, 2, DNS_FORMERR, false},
		{"65535 questions", 4, 0xffff, DNS_FORMERR, false},
		{"an answer", 6, 1, DNS_FORMERR, false},
		{"an authority", 8, 1, DNS_FORMERR, false},
		{"more records than there are", 10, 2, DNS_FORMERR, true},
		{"65535 records", 10, 0xffff, DNS_FORMERR, true},
		{"fewer records than there are", 10, 0, DNS_FORMERR, true},
		{"a pointer to itself", AT_NAME, 0xc00c, DNS_FORMERR, false},
		{"a pointer to the header", AT_NAME, 0xc000, DNS_FORMERR, false},
		{"a label of an unknown kind", AT_NAME, 0x4065, DNS_FORMERR, false},
		{"a label of another unknown kind", AT_NAME, 0x8065, DNS_FORMERR, false},
		{"a label beyond the end", AT_NAME, 0x3f77, DNS_FORMERR, false},
		{"no question but a name", AT_NAME, 0, DNS_FORMERR, true},
		{"a pointer in the record's name", 26, 0xc000, DNS_FORMERR, true},
		{"a record's data beyond the end", 35, 0x0c00, DNS_FORMERR, true},
		{"a record's data of 65535 bytes", 35, 0xffff, DNS_FORMERR, true},
		{"a record's data that ends early", 35, 0, DNS_FORMERR, true},
		{"another version of EDNS", 31, 0x0001, DNS_BADVERS, true},
		{"another class", 24, 3, 0, true},
		{"recursion not desired", 2, 0, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = packet_read("dns/query-dig", data);
		struct dns_query query;

		wire_put16(data + rows[i].at, rows[i].value);
		if (dns_parse(data, size, &query) != rows[i].verdict ||
		    (query.question != NULL) != rows[i].understood)
			fail_msg("%s should be judged %d, not %d", rows[i].what, rows[i].verdict,
				 dns_parse(data, size, &query));
	}
}

/* Writes a query for the name of SIZE bytes on the wire; returns its size. */
static size_t make_query(uint8_t data[static PACKET_ROOM], const void *name, size_t size,
			 uint16_t type)
{
	static const uint8_t header[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};

	memcpy(data, header, sizeof(header));
	memcpy(data + AT_NAME, name, size);
	wire_put16(data + AT_NAME + size, type);
	wire_put16(data + AT_NAME + size + 2, 1);
	return AT_NAME + size + 4;
}

static void names_are_text_when_a_host_may_have_them(void **state)
{
	static const struct {
		const char *wire;
		size_t size;
		const char *text;
	} rows[] = {
		{"", 1, ""},
		{"\1a", 3, "a"},
		{"\3WeB\4fLoE", 10, "WeB.fLoE"},
		{"\6my_web\2-1", 11, "my_web.-1"},
		{"\3a.b", 5, ""},
		{"\3a/b", 5, ""},
		{"\2..", 4, ""},
		{"\3a\0b", 5, ""},
		{"\1\xff", 3, ""},
		{"\1a\1 ", 5, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t data[PACKET_ROOM];
		size_t size = make_query(data, rows[i].wire, rows[i].size, DNS_A);
		struct dns_query query;

		assert_int_equal(dns_parse(data, size, &query), 0);
		assert_string_equal(query.name, rows[i].text);
	}
}

/* Section 2.3.4: 63 bytes a label, 255 a name with its lengths and end. */
static void the_longest_name_is_taken(void **state)
{
	uint8_t data[PACKET_ROOM], name[260] = {0};
	struct dns_query query;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 64 == 0 ? 63 : 'x';
	name[3 * 64] = 61;
	name[254] = 0;
	assert_int_equal(dns_parse(data, make_query(data, name, 255, DNS_A), &query), 0);
	assert_int_equal(strlen(query.name), 253);
	name[3 * 64] = 62;
	name[254] = 'x';
	name[255] = 0;
	assert_int_equal(dns_parse(data, make_query(data, name, 256, DNS_A), &query), DNS_FORMERR);
	name[0] = 64;
	name[65] = 0;
	assert_int_equal(dns_parse(data, make_query(data, name, 66, DNS_A), &query), DNS_FORMERR);
}

static void a_second_opt_record_is_refused(void **state)
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read("dns/query-resolved", data);
	struct dns_query query;

	(void)state;
	memcpy(data + size, data + size - 11, 11);
	data[11] = 2;
	assert_int_equal(dns_parse(data, size + 11, &query), DNS_FORMERR);
	data[size + 2] = 16; /* any other record may be there */
	assert_int_equal(dns_parse(data, size + 11, &query), 0);
	data[11] = 1;
	data[size - 11] = 1; /* an OPT record with a name */
	assert_int_equal(dns_parse(data, size, &query), DNS_FORMERR);
}

static void names_are_compared_without_case(void **state)
{
	(void)state;
	assert_true(dns_same_name("Web.Floe", "wEB.fLOE"));
	assert_true(dns_same_name("", ""));
	assert_false(dns_same_name("web", "webs"));
	assert_false(dns_same_name("web[", "web{"));
	assert_false(dns_same_name("web@", "web`"));
}

/* ---- answers ---- */

static const struct dns_addresses *example(void)
{
	static struct dns_addresses addresses = {.v4_count = 2, .v6_count = 1};

	addresses.v4[0] = packet_ipv4("10.1.2.2");
	addresses.v4[1] = packet_ipv4("10.1.3.2");
	addresses.v6[0] = packet_ipv6("fd00::2");
	return &addresses;
}

static void addresses_are_answered(void **state)
{
	static const uint8_t expected[] = {0x7b, 0xf8, 0x85, 0x80, 0, 1,   0,    2,   0,   0, 0, 0,
					   3,    'w',  'e',  'b',  4, 'f', 'l',  'o', 'e', 0, 0, 1,
					   0,    1,    0xc0, 12,   0, 1,   0,    1,   0,   0, 0, 5,
					   0,    4,    10,   1,    2, 2,   0xc0, 12,  0,   1, 0, 1,
					   0,    0,    0,    5,    0, 4,   10,   1,   3,   2};
	uint8_t data[PACKET_ROOM], answer[DNS_ANSWER_MAX];
	size_t size = packet_read("dns/query-glibc", data);
	struct dns_query query;
	ssize_t length;

	(void)state;
	assert_int_equal(dns_parse(data, size, &query), 0);
	length = dns_build(&query, DNS_NOERROR, example(), answer, sizeof(answer));
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(answer, expected, sizeof(expected));
	assert_true(dns_is_response(&query, query.id, answer, (size_t)length));
}

/* Builds the answer to a recorded query asking for TYPE; returns its size. */
static size_t answer_for(const char *recorded, uint16_t type, enum dns_rcode rcode,
			 const struct dns_addresses *addresses, uint8_t answer[DNS_ANSWER_MAX])
{
	uint8_t data[PACKET_ROOM];
	size_t size = packet_read(recorded, data);
	struct dns_query query;
	ssize_t length;

	assert_int_equal(dns_parse(data, size, &query), 0);
	query.type = type;
	length = dns_build(&query, rcode, addresses, answer, DNS_ANSWER_MAX);
	assert_true(length > 0);
	assert_true(dns_is_response(&query, query.id, answer, (size_t)length));
	return (size_t)length;
}

static void the_type_decides_what_is_answered(void **state)
{
	static const struct {
		uint16_t type, count;
		size_t more;
	} rows[] = {
		{DNS_A, 2, 32}, {DNS_AAAA, 1, 28}, {DNS_ANY, 2, 32},
		{15, 0, 0},     {65, 0, 0},        {0, 0, 0},
	};
	struct dns_addresses only_v6 = {.v6_count = 1};
	uint8_t answer[DNS_ANSWER_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size =
			answer_for("dns/query-glibc", rows[i].type, DNS_NOERROR, example(), answer);

		assert_int_equal(size, 26 + rows[i].more);
		assert_int_equal(wire_get16(answer + 2), 0x8580);
		assert_int_equal(wire_get16(answer + 6), rows[i].count);
	}
	assert_int_equal(answer_for("dns/query-glibc", DNS_A, DNS_NOERROR, &only_v6, answer), 26);
	assert_int_equal(answer_for("dns/query-glibc", DNS_ANY, DNS_NOERROR, &only_v6, answer), 54);
}

static void failures_are_told(void **state)
{
	static const struct dns_addresses none;
	uint8_t answer[DNS_ANSWER_MAX];

	(void)state;
	assert_int_equal(answer_for("dns/query-glibc", DNS_A, DNS_SERVFAIL, NULL, answer), 26);
	assert_int_equal(wire_get16(answer + 2), 0x8182);
	assert_int_equal(dns_rcode(answer), DNS_SERVFAIL);
	assert_int_equal(answer_for("dns/query-glibc", DNS_A, DNS_NXDOMAIN, &none, answer), 26);
	assert_int_equal(wire_get16(answer + 2), 0x8583);
	/* The checking-disabled bit comes back; the authentic-data bit is not ours to set. */
	answer_for("dns/query-dig-dnssec", DNS_A, DNS_SERVFAIL, NULL, answer);
	assert_int_equal(wire_get16(answer + 2), 0x8192);
}

static void edns_is_answered_with_edns(void **state)
{
	static const uint8_t plain[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0},
			     secure[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0},
			     version[] = {0, 0, 41, 0x04, 0xd0, 1, 0, 0, 0, 0, 0};
	uint8_t answer[DNS_ANSWER_MAX];
	size_t size = answer_for("dns/query-dig", DNS_A, DNS_NOERROR, example(), answer);

	(void)state;
	assert_int_equal(wire_get16(answer + 10), 1);
	assert_memory_equal(answer + size - sizeof(plain), plain, sizeof(plain));
	size = answer_for("dns/query-dig-dnssec", DNS_A, DNS_NOERROR, example(), answer);
	assert_memory_equal(answer + size - sizeof(secure), secure, sizeof(secure));
	size = answer_for("dns/query-dig", DNS_A, DNS_BADVERS, NULL, answer);
	assert_memory_equal(answer + size - sizeof(version), version, sizeof(version));
	assert_int_equal(dns_rcode(answer), 0);
}

static void what_does_not_fit_is_left_out(void **state)
{
	struct dns_addresses many = {.v6_count = DNS_ADDRESS_MAX};
	uint8_t data[PACKET_ROOM], name[255] = {0}, answer[DNS_ANSWER_MAX];
	struct dns_query query;

	(void)state;
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 64 == 0 ? 63 : 'x';
	name[3 * 64] = 61;
	assert_int_equal(dns_parse(data, make_query(data, name, 255, DNS_AAAA), &query), 0);
	query.edns = true;
	assert_int_equal(dns_build(&query, 0, &many, answer, sizeof(answer)), DNS_ANSWER_MAX);
	assert_int_equal(dns_build(&query, 0, &many, answer, DNS_ANSWER_MAX - 1), 282);
	assert_int_equal(wire_get16(answer + 2), 0x8380);
	assert_int_equal(wire_get16(answer + 6), 0);
	assert_int_equal(dns_build_truncated(&query, answer, DNS_UDP_MIN), 282);
	assert_int_equal(dns_build(&query, 0, &many, answer, DNS_UDP_MIN - 1), -EMSGSIZE);
}

static void what_was_not_understood_is_answered_without_a_question(void **state)
{
	uint8_t data[PACKET_ROOM], answer[DNS_ANSWER_MAX];
	size_t size = packet_read("dns/query-glibc", data);
	struct dns_query query;

	(void)state;
	data[2] = 0x29;
	assert_int_equal(dns_parse(data, size, &query), DNS_NOTIMP);
	assert_int_equal(dns_build(&query, DNS_NOTIMP, NULL, answer, sizeof(answer)),
			 DNS_HEADER_SIZE);
	assert_memory_equal(answer, "\x7b\xf8\xa9\x84\0\0\0\0\0\0\0\0", DNS_HEADER_SIZE);
}

/* ---- responses ---- */

static void only_the_response_is_taken(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		bool taken;
	} rows[] = {
		{"as it is", 0, 0x7b, true},
		{"in other letters", AT_NAME + 1, 'W', true},
		{"another number", 1, 0xf9, false},
		{"a query", 2, 0x01, false},
		{"of another operation", 2, 0xa1, false},
		{"to two questions", 5, 2, false},
		{"to no question", 5, 0, false},
		{"of another name", AT_NAME + 1, 'v', false},
		{"of a name divided otherwise", AT_NAME, 4, false},
		{"of another type", 23, 28, false},
		{"of a type that is another case", 23, 0x21, false},
		{"of another class", 25, 3, false},
	};
	uint8_t data[PACKET_ROOM], response[PACKET_ROOM];
	size_t size = packet_read("dns/query-glibc", data);
	struct dns_query query;

	(void)state;
	assert_int_equal(dns_parse(data, size, &query), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(response, data, size);
		response[2] |= 0x80;
		response[rows[i].at] = rows[i].value;
		if (dns_is_response(&query, 0x7bf8, response, size) != rows[i].taken)
			fail_msg("a response %s should%s be taken", rows[i].what,
				 rows[i].taken ? "" : " not");
	}
	memcpy(response, data, size);
	response[2] |= 0x80;
	for (size_t i = 0; i < size; i++)
		assert_false(dns_is_response(&query, 0x7bf8, response, i));
}

/* Types are numbers, not letters. */
static void the_type_of_a_response_has_no_case(void **state)
{
	uint8_t data[PACKET_ROOM], response[PACKET_ROOM];
	size_t size = make_query(data, "\1a", 3, 65);
	struct dns_query query;

	(void)state;
	assert_int_equal(dns_parse(data, size, &query), 0);
	memcpy(response, data, size);
	response[2] |= 0x80;
	assert_true(dns_is_response(&query, 0x1234, response, size));
	response[size - 3] = 97;
	assert_false(dns_is_response(&query, 0x1234, response, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_queries_are_read),
		cmocka_unit_test(every_shorter_query_is_refused),
		cmocka_unit_test(longer_queries_are_refused),
		cmocka_unit_test(changed_queries_are_judged),
		cmocka_unit_test(names_are_text_when_a_host_may_have_them),
		cmocka_unit_test(the_longest_name_is_taken),
		cmocka_unit_test(a_second_opt_record_is_refused),
		cmocka_unit_test(names_are_compared_without_case),
		cmocka_unit_test(addresses_are_answered),
		cmocka_unit_test(the_type_decides_what_is_answered),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(edns_is_answered_with_edns),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(what_was_not_understood_is_answered_without_a_question),
		cmocka_unit_test(only_the_response_is_taken),
		cmocka_unit_test(the_type_of_a_response_has_no_case),
	};

	return cmocka_run_group_tests_name("DNS", tests, NULL, NULL);
}
