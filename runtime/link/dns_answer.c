/* SPDX-License-Identifier: MIT */
/* What is answered to a DNS query without asking anybody. */
#include "dns_answer.h"

#include "dns_names.h"

#include <errno.h>

/* 0: ask others. */
static ssize_t answer_name(int names, const struct dns_query *query, uint8_t *answer, size_t size)
{
	struct dns_addresses addresses;

	if (names < 0 || !query->internet || !query->name[0])
		return 0;
	switch (dns_names_find(names, query->name, &addresses)) {
	case 0:
		return dns_build(query, DNS_NOERROR, &addresses, answer, size);
	case -ENXIO:
		return dns_build(query, DNS_NXDOMAIN, &addresses, answer, size);
	case -ENOENT:
		return 0;
	default:
		return dns_build(query, DNS_SERVFAIL, NULL, answer, size);
	}
}

/* Transfers of zones are not between a client and its resolver, and of more than one message. */
ssize_t dns_answer(int names, const uint8_t *data, size_t size, bool stream,
		   struct dns_query *query, uint8_t answer[static DNS_ANSWER_MAX])
{
	int r = dns_parse(data, size, query);
	size_t room = DNS_ANSWER_MAX;

	if (r < 0)
		return r;
	if (!stream && query->udp_size < room)
		room = query->udp_size;
	if (r > 0)
		return dns_build(query, (enum dns_rcode)r, NULL, answer, room);
	if (query->type == DNS_AXFR || query->type == DNS_IXFR)
		return dns_build(query, DNS_REFUSED, NULL, answer, room);
	return answer_name(names, query, answer, room);
}
