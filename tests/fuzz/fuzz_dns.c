/* SPDX-License-Identifier: MIT */
/* Whatever a client sends, the answer is well-formed, fits, and is one to the question. */
#include "../../runtime/base/dns.h"
#include "../../runtime/base/resolv_conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_answer(const struct dns_query *query, const uint8_t *answer, ssize_t size,
			   size_t room)
{
	require(size >= DNS_HEADER_SIZE && (size_t)size <= room);
	require(answer[2] & 0x80);
	require(answer[0] == query->id >> 8 && answer[1] == (query->id & 0xff));
	if (query->question && !(query->flags & 0x7800))
		require(dns_is_response(query, query->id, answer, (size_t)size));
}

static void answer_query(const struct dns_query *query, enum dns_rcode rcode)
{
	static const struct dns_addresses addresses = {.v4_count = DNS_ADDRESS_MAX,
						       .v6_count = DNS_ADDRESS_MAX};
	static const size_t rooms[] = {DNS_UDP_MIN, DNS_UDP_MIN + 1, 600, DNS_ANSWER_MAX};
	uint8_t answer[DNS_ANSWER_MAX];

	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		require_answer(query, answer, dns_build(query, rcode, &addresses, answer, rooms[i]),
			       rooms[i]);
		require_answer(query, answer, dns_build(query, rcode, NULL, answer, rooms[i]),
			       rooms[i]);
		require_answer(query, answer, dns_build_truncated(query, answer, rooms[i]),
			       rooms[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolv_conf conf;
	struct dns_query query;
	int r = dns_parse(data, size, &query);

	resolv_conf_parse((const char *)data, size, &conf);
	require(conf.count >= 1 && conf.count <= RESOLV_CONF_SERVERS);
	if (r < 0)
		return 0;
	require(r > 0 || query.question);
	require(strlen(query.name) <= DNS_NAME_MAX && query.udp_size >= DNS_UDP_MIN);
	require(!query.question || (query.question == data + DNS_HEADER_SIZE &&
				    query.question_size <= size - DNS_HEADER_SIZE));
	/* A response of others is anything at all. */
	if (r == 0)
		dns_is_response(&query, query.id, data, size);
	answer_query(&query, (enum dns_rcode)r);
	return 0;
}
