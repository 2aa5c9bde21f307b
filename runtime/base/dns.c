/* SPDX-License-Identifier: MIT */
/* DNS queries of one question, and answers to them. */
#include "dns.h"

#include "wire.h"

#include <errno.h>
#include <string.h>

/* Where the parts of a header are, section 4.1.1. */
#define AT_ID                    0
#define AT_FLAGS                 2
#define AT_QUESTIONS             4
#define AT_ANSWERS               6
#define AT_AUTHORITY             8
#define AT_ADDITIONAL            10

#define FLAG_RESPONSE            0x8000
#define FLAG_OPCODE              0x7800
#define FLAG_AUTHORITATIVE       0x0400
#define FLAG_TRUNCATED           0x0200
#define FLAG_RECURSION_DESIRED   0x0100
#define FLAG_RECURSION_AVAILABLE 0x0080
#define FLAG_CHECKING_DISABLED   0x0010 /* RFC 4035 section 3.1.6 */
#define FLAG_RCODE               0x000f

#define LABEL_MAX                63 /* section 2.3.4; above are pointers and what nobody defined */
#define TYPE_CLASS               4  /* bytes of the two after a question's name */
#define RECORD_SIZE              10 /* of a record's parts between its name and its data, section 4.1.3 */
#define CLASS_IN                 1
#define CLASS_ANY                255

/* In an OPT record the class is a size, and the time to live other numbers (RFC 6891 6.1.3). */
#define OPT_SIZE      11
#define OPT_DNSSEC_OK 0x8000

/* What passes every path unfragmented: https://www.dnsflagday.net/2020/ */
#define OUR_UDP_SIZE 1232

/* Machines come and go. */
#define SECONDS_TO_LIVE 5

/* A pointer to the name of the question, which stands right after the header (section 4.1.4). */
#define POINTER_TO_QUESTION (0xc000 | DNS_HEADER_SIZE)

/* ---- names ---- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool same_bytes(const uint8_t *left, const uint8_t *right, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (lower(left[i]) != lower(right[i]))
			return false;
	return true;
}

bool dns_same_name(const char *left, const char *right)
{
	size_t size = strlen(left);

	return size == strlen(right) &&
	       same_bytes((const uint8_t *)left, (const uint8_t *)right, size);
}

/* What a name takes on the wire; 0 when it does not end, is too long or has pointers. */
static size_t name_size(const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (at < size && at < DNS_NAME_MAX) {
		if (data[at] == 0)
			return at + 1;
		if (data[at] > LABEL_MAX)
			return 0;
		at += 1 + (size_t)data[at];
	}
	return 0;
}

static bool is_host_char(uint8_t c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* NAME is one that name_size() found to be well-formed. */
static void name_text(const uint8_t *name, char text[static DNS_NAME_MAX + 1])
{
	size_t used = 0;

	for (; *name; name += 1 + *name) {
		if (used > 0)
			text[used++] = '.';
		for (size_t i = 1; i <= *name; i++) {
			if (!is_host_char(name[i])) {
				text[0] = '\0';
				return;
			}
			text[used++] = (char)name[i];
		}
	}
	text[used] = '\0';
}

/* ---- queries ---- */

/* Returns the size, or 0 when there is no whole question. */
static size_t parse_question(const uint8_t *data, size_t size, struct dns_query *query)
{
	size_t length = name_size(data, size);
	uint16_t class;

	if (length == 0 || size - length < TYPE_CLASS)
		return 0;
	query->question = data;
	query->question_size = length + TYPE_CLASS;
	query->type = wire_get16(data + length);
	class = wire_get16(data + length + 2);
	query->internet = class == CLASS_IN || class == CLASS_ANY;
	name_text(data, query->name);
	return query->question_size;
}

/* RFC 6891 section 6.1.2. */
static void parse_opt(const uint8_t *record, struct dns_query *query)
{
	uint16_t size = wire_get16(record + 2);

	query->edns = true;
	query->edns_version = record[5];
	query->dnssec = wire_get16(record + 6) & OPT_DNSSEC_OK;
	query->udp_size = size > DNS_UDP_MIN ? size : DNS_UDP_MIN;
}

/* One of the additional records. Returns its size, or 0 when it is malformed, or the second OPT
 * record (RFC 6891 section 6.1.1). */
static size_t parse_record(const uint8_t *data, size_t size, struct dns_query *query)
{
	size_t length = name_size(data, size);
	const uint8_t *record = data + length;
	size_t data_size;

	if (length == 0 || size - length < RECORD_SIZE)
		return 0;
	data_size = wire_get16(record + 8);
	if (size - length - RECORD_SIZE < data_size)
		return 0;
	if (wire_get16(record) == DNS_OPT) {
		if (length > 1 || query->edns)
			return 0;
		parse_opt(record, query);
	}
	return length + RECORD_SIZE + data_size;
}

/* DATA of SIZE bytes after the header, with COUNT records after the question. */
static bool parse_body(const uint8_t *data, size_t size, size_t count, struct dns_query *query)
{
	size_t at = parse_question(data, size, query), length;

	if (at == 0)
		return false;
	for (; count > 0; count--) {
		length = parse_record(data + at, size - at, query);
		if (length == 0)
			return false;
		at += length;
	}
	return at == size;
}

int dns_parse(const uint8_t *data, size_t size, struct dns_query *query)
{
	*query = (struct dns_query){.udp_size = DNS_UDP_MIN};
	if (size < DNS_HEADER_SIZE || (wire_get16(data + AT_FLAGS) & FLAG_RESPONSE))
		return -EBADMSG;
	query->id = wire_get16(data + AT_ID);
	query->flags = wire_get16(data + AT_FLAGS);
	if (query->flags & FLAG_OPCODE)
		return DNS_NOTIMP;
	if (wire_get16(data + AT_QUESTIONS) != 1 || wire_get16(data + AT_ANSWERS) != 0 ||
	    wire_get16(data + AT_AUTHORITY) != 0)
		return DNS_FORMERR;
	if (!parse_body(data + DNS_HEADER_SIZE, size - DNS_HEADER_SIZE,
			wire_get16(data + AT_ADDITIONAL), query))
		return DNS_FORMERR;
	return query->edns_version > 0 ? DNS_BADVERS : 0;
}

/* ---- responses of others ---- */

bool dns_is_response(const struct dns_query *query, uint16_t id, const uint8_t *response,
		     size_t size)
{
	const uint8_t *question = response + DNS_HEADER_SIZE;
	size_t name = query->question_size - TYPE_CLASS;

	if (size < DNS_HEADER_SIZE + query->question_size || wire_get16(response + AT_ID) != id)
		return false;
	if ((wire_get16(response + AT_FLAGS) & (FLAG_RESPONSE | FLAG_OPCODE)) != FLAG_RESPONSE ||
	    wire_get16(response + AT_QUESTIONS) != 1)
		return false;
	return same_bytes(question, query->question, name) &&
	       memcmp(question + name, query->question + name, TYPE_CLASS) == 0;
}

enum dns_rcode dns_rcode(const uint8_t *response)
{
	return (enum dns_rcode)(wire_get16(response + AT_FLAGS) & FLAG_RCODE);
}

/* ---- answers ---- */

/* Both return what follows. */
static uint8_t *put_address(uint8_t *data, enum dns_type type, const void *address, size_t size)
{
	wire_put16(data, POINTER_TO_QUESTION);
	wire_put16(data + 2, (uint16_t)type);
	wire_put16(data + 4, CLASS_IN);
	wire_put32(data + 6, SECONDS_TO_LIVE);
	wire_put16(data + 10, (uint16_t)size);
	memcpy(data + 12, address, size);
	return data + 12 + size;
}

static uint8_t *put_opt(uint8_t *data, const struct dns_query *query, enum dns_rcode rcode)
{
	memset(data, 0, OPT_SIZE);
	wire_put16(data + 1, DNS_OPT);
	wire_put16(data + 3, OUR_UDP_SIZE);
	data[5] = (uint8_t)(rcode >> 4);
	wire_put16(data + 7, query->dnssec ? OPT_DNSSEC_OK : 0);
	return data + OPT_SIZE;
}

/* The addresses of the type asked for; to "any" one sort is enough (RFC 8482 section 4.1). */
struct selection {
	enum dns_type type;
	const uint8_t *first;
	size_t size, count;
};

static struct selection select_addresses(const struct dns_query *query,
					 const struct dns_addresses *addresses)
{
	uint16_t type = query->type;

	if (!addresses)
		return (struct selection){0};
	if (type == DNS_ANY)
		type = addresses->v4_count > 0 ? DNS_A : DNS_AAAA;
	if (type == DNS_A)
		return (struct selection){DNS_A, (const uint8_t *)addresses->v4,
					  sizeof(addresses->v4[0]), addresses->v4_count};
	if (type == DNS_AAAA)
		return (struct selection){DNS_AAAA, (const uint8_t *)addresses->v6,
					  sizeof(addresses->v6[0]), addresses->v6_count};
	return (struct selection){0};
}

/* The rest of the header is 0. */
static ssize_t build(const struct dns_query *query, uint16_t flags, enum dns_rcode rcode,
		     const struct selection *selection, uint8_t *data)
{
	uint8_t *end = data + DNS_HEADER_SIZE;

	memset(data, 0, DNS_HEADER_SIZE);
	wire_put16(data + AT_ID, query->id);
	flags |= FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | (rcode & FLAG_RCODE);
	flags |= query->flags & (FLAG_OPCODE | FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED);
	wire_put16(data + AT_FLAGS, flags);
	if (query->question) {
		wire_put16(data + AT_QUESTIONS, 1);
		memcpy(end, query->question, query->question_size);
		end += query->question_size;
	}
	wire_put16(data + AT_ANSWERS, (uint16_t)selection->count);
	for (size_t i = 0; i < selection->count; i++)
		end = put_address(end, selection->type, selection->first + i * selection->size,
				  selection->size);
	if (query->edns) {
		wire_put16(data + AT_ADDITIONAL, 1);
		end = put_opt(end, query, rcode);
	}
	return end - data;
}

ssize_t dns_build(const struct dns_query *query, enum dns_rcode rcode,
		  const struct dns_addresses *addresses, uint8_t *data, size_t size)
{
	struct selection selection = select_addresses(query, addresses);
	size_t needed = DNS_HEADER_SIZE + query->question_size + (query->edns ? OPT_SIZE : 0) +
			selection.count * (12 + selection.size);

	if (needed > size)
		return dns_build_truncated(query, data, size);
	return build(query, addresses ? FLAG_AUTHORITATIVE : 0, rcode, &selection, data);
}

ssize_t dns_build_truncated(const struct dns_query *query, uint8_t *data, size_t size)
{
	const struct selection none = {0};

	if (size < DNS_UDP_MIN)
		return -EMSGSIZE;
	return build(query, FLAG_TRUNCATED, DNS_NOERROR, &none, data);
}
