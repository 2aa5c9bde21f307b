/* SPDX-License-Identifier: MIT */
/* A machine of the host's network as a line of text: "KEY=VALUE" after "KEY=VALUE". */
#include "member.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{"sctp", IPPROTO_SCTP},
};

const char *protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return "?";
}

const char *port_describe(const struct spec_port *port, char text[static PORT_TEXT_SIZE])
{
	char address[IP_TEXT_SIZE];
	int used = snprintf(text, PORT_TEXT_SIZE, "%s port%s %u", protocol_name(port->protocol),
			    port->last > port->host ? "s" : "", port->host);

	if (port->last > port->host)
		used += snprintf(text + used, PORT_TEXT_SIZE - (size_t)used, "-%u", port->last);
	if (port->address.family)
		snprintf(text + used, PORT_TEXT_SIZE - (size_t)used, " of %s",
			 ip_format(&port->address, address));
	return text;
}

bool member_in_hosts(const struct net_member *member)
{
	return member->hosts_entry || member->containers_entry;
}

/* ---- writing ---- */

/* ADDRESS/PREFIX,GATEWAY,DNS of each family that there is. */
static const char *families(struct arena *arena, const struct net_member *member)
{
	const char *text = "";

	for (size_t i = 0; i < ARRAY_SIZE(member->address); i++) {
		char address[IP_TEXT_SIZE], gateway[IP_TEXT_SIZE];

		if (!member->address[i].family)
			continue;
		text = arena_printf(arena, "%s address=%s/%u,%s,%u", text,
				    ip_format(&member->address[i], address), member->prefix[i],
				    ip_format(&member->gateway[i], gateway), member->dns[i]);
	}
	return text;
}

static const char *all_ports(struct arena *arena, const struct net_member *member)
{
	const char *text = "";

	for (size_t i = 0; i < member->port_count; i++) {
		const struct spec_port *port = &member->ports[i];
		char address[IP_TEXT_SIZE];

		text = arena_printf(
			arena, "%s port=%s,%s,%u,%u,%u", text, protocol_name(port->protocol),
			ip_format(&port->address, address), port->host, port->last, port->machine);
	}
	return text;
}

const char *member_write(struct arena *arena, const struct net_member *member)
{
	const uint8_t *mac = member->mac;

	return arena_printf(arena,
			    "machine=%s link=%s zone=%s mac=%02x:%02x:%02x:%02x:%02x:%02x "
			    "masquerade=%d isolate=%d hosts=%d containers=%d rate=%" PRIu64
			    "%s%s\n",
			    member->machine, member->link, member->zone, mac[0], mac[1], mac[2],
			    mac[3], mac[4], mac[5], member->masquerade, member->isolate,
			    member->hosts_entry, member->containers_entry, member->rate,
			    families(arena, member), all_ports(arena, member));
}

/* ---- reading ---- */

/* The text before the next SEPARATOR of *REST, which moves behind it and becomes NULL at the end. */
static char *cut(char **rest, char separator)
{
	char *start = *rest;
	char *end = start ? strchr(start, separator) : NULL;

	if (end)
		*end++ = '\0';
	*rest = end;
	return start;
}

/* The whole of TEXT as a number up to MAX. */
static int read_number(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return -EBADMSG;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return *end || errno || *number > max ? -EBADMSG : 0;
}

static int read_ip(const char *text, struct ip *ip)
{
	*ip = (struct ip){0};
	if (!text)
		return -EBADMSG;
	return strcmp(text, "none") == 0 || ip_parse(text, ip) == 0 ? 0 : -EBADMSG;
}

/* ADDRESS/PREFIX,GATEWAY,DNS */
static int read_family(struct net_member *member, char *value)
{
	const char *address = cut(&value, '/'), *prefix = cut(&value, ',');
	const char *gateway = cut(&value, ',');
	uint64_t bits, dns;
	unsigned int i;
	struct ip ip;

	if (ip_parse(address, &ip) < 0 || read_number(prefix, ip_bits(ip.family), &bits) < 0 ||
	    read_number(value, UINT16_MAX, &dns) < 0)
		return -EBADMSG;
	i = family_index(ip.family);
	member->address[i] = ip;
	member->prefix[i] = (uint8_t)bits;
	member->dns[i] = (uint16_t)dns;
	return read_ip(gateway, &member->gateway[i]);
}

static int read_protocol(const char *name, uint8_t *protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (strcmp(protocols[i].name, name) != 0)
			continue;
		*protocol = protocols[i].number;
		return 0;
	}
	return -EBADMSG;
}

/* PROTOCOL,ADDRESS,HOST,LAST,MACHINE */
static int read_port(struct arena *arena, struct net_member *member, char *value)
{
	struct spec_port *port = ARENA_APPEND(arena, member->ports, member->port_count);
	const char *protocol = cut(&value, ','), *address = cut(&value, ',');
	uint64_t numbers[3];

	if (!port)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (read_number(cut(&value, ','), UINT16_MAX, &numbers[i]) < 0)
			return -EBADMSG;
	port->host = (uint16_t)numbers[0];
	port->last = (uint16_t)numbers[1];
	port->machine = (uint16_t)numbers[2];
	if (value || port->last < port->host || read_protocol(protocol, &port->protocol) < 0)
		return -EBADMSG;
	return read_ip(address, &port->address);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_mac(struct net_member *member, const char *value)
{
	if (strlen(value) != 3 * WIRE_MAC_SIZE - 1)
		return -EBADMSG;
	for (size_t i = 0; i < WIRE_MAC_SIZE; i++) {
		int high = hex_digit(value[3 * i]), low = hex_digit(value[3 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		member->mac[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Whether KEY is one of those that are taken as they are. */
static bool read_simple(struct net_member *member, const char *key, const char *value)
{
	const struct {
		const char *key;
		const char **text;
		bool *flag;
	} simple[] = {
		{"machine", &member->machine, NULL},
		{"link", &member->link, NULL},
		{"zone", &member->zone, NULL},
		{"masquerade", NULL, &member->masquerade},
		{"isolate", NULL, &member->isolate},
		{"hosts", NULL, &member->hosts_entry},
		{"containers", NULL, &member->containers_entry},
	};

	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		if (strcmp(simple[i].key, key) != 0)
			continue;
		if (simple[i].text)
			*simple[i].text = value;
		else
			*simple[i].flag = *value == '1';
		return true;
	}
	return false;
}

static int read_pair(struct arena *arena, struct net_member *member, const char *key, char *value)
{
	if (read_simple(member, key, value))
		return 0;
	if (strcmp(key, "address") == 0)
		return read_family(member, value);
	if (strcmp(key, "port") == 0)
		return read_port(arena, member, value);
	if (strcmp(key, "mac") == 0)
		return read_mac(member, value);
	if (strcmp(key, "rate") == 0)
		return read_number(value, UINT64_MAX, &member->rate);
	return -EBADMSG;
}

int member_read(struct arena *arena, char *line, struct net_member *member)
{
	int r = 0;

	*member = (struct net_member){.link = "", .zone = ""};
	while (line && r == 0) {
		char *value = cut(&line, ' ');
		const char *key = cut(&value, '=');

		r = value ? read_pair(arena, member, key, value) : -EBADMSG;
	}
	return r < 0 ? r : member->machine && *member->machine ? 0 : -EBADMSG;
}
