/* SPDX-License-Identifier: MIT */
/* DNS queries of one question: reading them, and writing answers to them. Pure. Sections are of
 * RFC 1035 unless another is named. */
#ifndef FLOE_BASE_DNS_H
#define FLOE_BASE_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DNS_PORT        53
#define DNS_HEADER_SIZE 12
#define DNS_NAME_MAX    255 /* on the wire, section 2.3.4: also enough for it as text */
#define DNS_UDP_MIN     512 /* what every client takes, section 4.2.1 */
#define DNS_ADDRESS_MAX 16  /* of a name and a family */

/* The longest message that dns_build() writes. */
#define DNS_ANSWER_MAX (DNS_HEADER_SIZE + DNS_NAME_MAX + 4 + DNS_ADDRESS_MAX * (12 + 16) + 11)

enum dns_type {
	DNS_A = 1,
	DNS_AAAA = 28,
	DNS_OPT = 41,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16, /* only with EDNS, RFC 6891 section 9 */
};

struct dns_query {
	uint16_t id;
	uint16_t flags; /* as they were sent */
	const uint8_t
		*question; /* in the query: name, type and class; NULL: it was not understood */
	size_t question_size;
	uint16_t type;
	bool internet; /* its class is IN or ANY */
	bool edns;
	uint8_t edns_version;
	bool dnssec;     /* DO, RFC 3225: is sent back */
	size_t udp_size; /* the longest answer that the client takes by UDP; at least DNS_UDP_MIN */
	/* As text without the dot at the end, letters as they came; "": the root, or a name with
	 * characters that are in no host's (RFC 1123 section 2.1, and '_'). */
	char name[DNS_NAME_MAX + 1];
};

struct dns_addresses {
	struct in_addr v4[DNS_ADDRESS_MAX];
	struct in6_addr v6[DNS_ADDRESS_MAX];
	size_t v4_count, v6_count;
};

/*
 * Reads a query of SIZE bytes, without the length that goes before it over TCP. 0; or a positive
 * rcode to be answered, with as much in QUERY as dns_build() needs for it; or -EBADMSG for what is
 * no query and not answered at all. QUERY points into DATA.
 */
int dns_parse(const uint8_t *data, size_t size, struct dns_query *query);

/* Whether RESPONSE is one to QUERY, but for the number, which is to be ID. */
bool dns_is_response(const struct dns_query *query, uint16_t id, const uint8_t *response,
		     size_t size);

/* The rcode of a response that has at least a header. */
enum dns_rcode dns_rcode(const uint8_t *response);

/*
 * Writes an answer of RCODE to QUERY to DATA; returns its size. ADDRESSES (NULL: the answer is not
 * ours to know) of the type that was asked for are in it, maybe none at all. When they do not fit
 * SIZE, none is, and the client is told to ask by TCP. DNS_UDP_MIN is always enough for that; else
 * -EMSGSIZE.
 */
ssize_t dns_build(const struct dns_query *query, enum dns_rcode rcode,
		  const struct dns_addresses *addresses, uint8_t *data, size_t size);

/* The answer that says nothing but that the client is to ask by TCP. */
ssize_t dns_build_truncated(const struct dns_query *query, uint8_t *data, size_t size);

/* Whether two names are the same: case does not matter, in ASCII (RFC 4343). */
bool dns_same_name(const char *left, const char *right);

#endif
