/* SPDX-License-Identifier: MIT */
/* Setting what the machine's link is reached by: addresses, gateways, name servers, ports. */
#include "option.h"

#include "text.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* The text before *CURSOR's next SEPARATOR; *CURSOR moves behind it, or becomes NULL. */
static char *cut(const struct option_call *call, const char **cursor, char separator)
{
	const char *start = *cursor;
	const char *end = strchr(start, separator);

	*cursor = end ? end + 1 : NULL;
	return arena_strndup(&call->spec->arena, start,
			     end ? (size_t)(end - start) : strlen(start));
}

/* An address that a single host can have. */
static int read_host(const char *text, struct ip *ip)
{
	if (ip_parse(text, ip) < 0 || ip_is_any(ip))
		return -EINVAL;
	/* RFC 5771, and limited broadcast behind it; RFC 4291 section 2.7 */
	if (ip->family == AF_INET ? ip->bytes[0] >= 224 : ip->bytes[0] == 0xff)
		return -EINVAL;
	return 0;
}

/* ADDRESS[/PREFIX]; without a prefix *PREFIX stays as it is. */
static int read_end(const struct option_call *call, const char *text, struct ip *ip,
		    uint8_t *prefix)
{
	const char *rest = text;
	const char *address = cut(call, &rest, '/');
	uint64_t bits;

	if (read_host(address, ip) < 0)
		return option_refuse(call, "expected the machine's address, a prefix length after "
					   "'/', and after ',' the host's address or no");
	if (!rest)
		return 0;
	if (text_to_unsigned(rest, ip_bits(ip->family), &bits) < 0)
		return option_refuse(call, "the prefix length is a number up to %u",
				     ip_bits(ip->family));
	*prefix = (uint8_t)bits;
	return 0;
}

static int read_host_end(const struct option_call *call, const char *text,
			 struct spec_address *address)
{
	int r;

	address->host_prefix = address->prefix;
	address->no_host = text && strcmp(text, "no") == 0;
	if (!text || address->no_host)
		return 0;
	r = read_end(call, text, &address->host, &address->host_prefix);
	if (r == 0 && (address->host.family != address->inside.family ||
		       ip_equal(&address->host, &address->inside)))
		return option_refuse(call, "the two ends have different addresses of one family");
	return r;
}

/* MACHINE[/PREFIX][,HOST[/PREFIX]] */
int set_address(const struct option_call *call)
{
	struct spec_links *links = &call->spec->links;
	const char *rest = call->value;
	const char *inside = cut(call, &rest, ',');
	struct spec_address address = {.prefix = UINT8_MAX}, *slot;
	int r = read_end(call, inside, &address.inside, &address.prefix);

	if (r == 0 && address.prefix == UINT8_MAX)
		address.prefix = (uint8_t)ip_bits(address.inside.family);
	if (r == 0)
		r = read_host_end(call, rest, &address);
	if (r < 0)
		return r;
	for (size_t i = 0; i < links->address_count; i++)
		if (ip_equal(&links->addresses[i].inside, &address.inside))
			return option_refuse(call, "it was given before");
	slot = ARENA_APPEND(&call->spec->arena, links->addresses, links->address_count);
	if (slot)
		*slot = address;
	return 0;
}

int set_gateway(const struct option_call *call)
{
	struct spec_links *links = &call->spec->links;
	struct ip gateway;

	if (strcmp(call->value, "no") == 0) {
		links->no_gateway = true;
		memset(links->gateway, 0, sizeof(links->gateway));
		return 0;
	}
	if (read_host(call->value, &gateway) < 0)
		return option_refuse(call, "expected an address, or no");
	links->gateway[family_index(gateway.family)] = gateway;
	links->no_gateway = false;
	return 0;
}

int set_dns(const struct option_call *call)
{
	struct spec_links *links = &call->spec->links;
	struct ip server, *slot;

	if (strcmp(call->value, "no") == 0) {
		links->no_dns = true;
		links->dns_count = 0;
		return 0;
	}
	if (read_host(call->value, &server) < 0)
		return option_refuse(call, "expected the address of a name server, or no");
	slot = ARENA_APPEND(&call->spec->arena, links->dns, links->dns_count);
	if (slot)
		*slot = server;
	links->no_dns = false;
	return 0;
}

/* PORT[-LAST] */
static bool read_range(const struct option_call *call, const char *text, uint16_t *first,
		       uint16_t *last)
{
	const char *rest = text;
	const char *start = cut(call, &rest, '-');
	uint64_t low, high;

	if (text_to_unsigned(start, 65535, &low) < 0 || low == 0)
		return false;
	high = low;
	if (rest && (text_to_unsigned(rest, 65535, &high) < 0 || high < low))
		return false;
	*first = (uint16_t)low;
	*last = (uint16_t)high;
	return true;
}

/* tcp:, udp: or sctp:; tcp without. Moves *VALUE behind it. */
static uint8_t read_protocol(const char **value)
{
	static const struct {
		const char *prefix;
		uint8_t number;
	} protocols[] = {
		{"tcp:", IPPROTO_TCP},
		{"udp:", IPPROTO_UDP},
		{"sctp:", IPPROTO_SCTP},
	};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		size_t length = strlen(protocols[i].prefix);

		if (strncmp(*value, protocols[i].prefix, length) != 0)
			continue;
		*value += length;
		return protocols[i].number;
	}
	return IPPROTO_TCP;
}

/* 127.0.0.1: or [::1]:, before a port of the host. Moves *VALUE behind it. */
static int read_bound(const struct option_call *call, const char **value, struct ip *address)
{
	const char *rest = *value;
	const char *text;

	if (*rest == '[') {
		rest++;
		text = cut(call, &rest, ']');
		if (!rest || *rest++ != ':')
			return -EINVAL;
	} else {
		text = cut(call, &rest, ':');
		if (!rest || !strchr(text, '.'))
			return 0;
	}
	*value = rest;
	return read_host(text, address);
}

static bool overlap(const struct spec_port *a, const struct spec_port *b)
{
	return a->protocol == b->protocol && ip_equal(&a->address, &b->address) &&
	       a->host <= b->last && b->host <= a->last;
}

/* [PROTOCOL:][ADDRESS:]HOST[-LAST][:MACHINE[-LAST]] */
int set_port(const struct option_call *call)
{
	struct spec_links *links = &call->spec->links;
	const char *rest = call->value;
	struct spec_port port = {.protocol = read_protocol(&rest)}, *slot;
	uint16_t last = 0;
	const char *host;

	if (read_bound(call, &rest, &port.address) < 0)
		return option_refuse(call, "the address before the ports is none: expected one "
					   "like 127.0.0.1 or [::1]");
	host = cut(call, &rest, ':');
	if (!read_range(call, host, &port.host, &port.last) ||
	    (rest && !read_range(call, rest, &port.machine, &last)))
		return option_refuse(call, "expected [tcp:|udp:|sctp:][ADDRESS:]HOST[-LAST]"
					   "[:MACHINE[-LAST]] with ports from 1 to 65535");
	if (!rest)
		port.machine = port.host;
	else if (last - port.machine != port.last - port.host)
		return option_refuse(call, "both ranges must have the same number of ports");
	for (size_t i = 0; i < links->port_count; i++)
		if (overlap(&links->ports[i], &port))
			return option_refuse(call, "the port was given before");
	slot = ARENA_APPEND(&call->spec->arena, links->ports, links->port_count);
	if (slot)
		*slot = port;
	return 0;
}
