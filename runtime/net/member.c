/* SPDX-License-Identifier: MIT */
/* A machine of the host's network as a line of text: "KEY=VALUE" after "KEY=VALUE". */
#include "member.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
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
			    "masquerade=%d isolate=%d hosts=%d rate=%" PRIu64 "%s%s\n",
			    member->machine, member->link, member->zone, mac[0], mac[1], mac[2],
			    mac[3], mac[4], mac[5], member->masquerade, member->isolate,
			    member->hosts_entry, member->rate, families(arena, member),
			    all_ports(arena, member));
}

/* ---- reading ---- */

static int read_ip(const char *text, struct ip *ip)
{
	*ip = (struct ip){0};
	return strcmp(text, "none") == 0 || ip_parse(text, ip) == 0 ? 0 : -EBADMSG;
}

static int read_family(struct net_member *member, const char *value)
{
	char address[IP_TEXT_SIZE], gateway[IP_TEXT_SIZE];
	unsigned int prefix, dns, i;
	struct ip ip;

	if (sscanf(value, "%45[^/]/%u,%45[^,],%u", address, &prefix, gateway, &dns) != 4 ||
	    ip_parse(address, &ip) < 0 || prefix > ip_bits(ip.family) || dns > UINT16_MAX)
		return -EBADMSG;
	i = family_index(ip.family);
	member->address[i] = ip;
	member->prefix[i] = (uint8_t)prefix;
	member->dns[i] = (uint16_t)dns;
	return read_ip(gateway, &member->gateway[i]);
}

static int read_port(struct arena *arena, struct net_member *member, const char *value)
{
	struct spec_port *port = ARENA_APPEND(arena, member->ports, member->port_count);
	char protocol[8], address[IP_TEXT_SIZE];

	if (!port)
		return -ENOMEM;
	if (sscanf(value, "%7[^,],%45[^,],%hu,%hu,%hu", protocol, address, &port->host, &port->last,
		   &port->machine) != 5)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, protocol) == 0)
			port->protocol = protocols[i].number;
	if (!port->protocol || port->last < port->host)
		return -EBADMSG;
	return read_ip(address, &port->address);
}

static int read_mac(struct net_member *member, const char *value)
{
	uint8_t *mac = member->mac;

	return sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5]) == WIRE_MAC_SIZE
		       ? 0
		       : -EBADMSG;
}

static int read_pair(struct arena *arena, struct net_member *member, const char *key,
		     const char *value)
{
	const struct {
		const char *key;
		const char **text;
		bool *flag;
	} simple[] = {
		{"machine", &member->machine, NULL}, {"link", &member->link, NULL},
		{"zone", &member->zone, NULL},       {"masquerade", NULL, &member->masquerade},
		{"isolate", NULL, &member->isolate}, {"hosts", NULL, &member->hosts_entry},
	};

	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		if (strcmp(simple[i].key, key) != 0)
			continue;
		if (simple[i].text)
			*simple[i].text = arena_strdup(arena, value);
		else
			*simple[i].flag = *value == '1';
		return 0;
	}
	if (strcmp(key, "address") == 0)
		return read_family(member, value);
	if (strcmp(key, "port") == 0)
		return read_port(arena, member, value);
	if (strcmp(key, "mac") == 0)
		return read_mac(member, value);
	if (strcmp(key, "rate") == 0)
		return sscanf(value, "%" SCNu64, &member->rate) == 1 ? 0 : -EBADMSG;
	return -EBADMSG;
}

int member_read(struct arena *arena, const char *line, struct net_member *member)
{
	char *copy = arena_strdup(arena, line), *position = NULL;
	int r = 0;

	*member = (struct net_member){.link = "", .zone = ""};
	for (char *pair = strtok_r(copy, " ", &position); pair && r == 0;
	     pair = strtok_r(NULL, " ", &position)) {
		char *value = strchr(pair, '=');

		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		r = read_pair(arena, member, pair, value);
	}
	return r < 0 ? r : member->machine && *member->machine ? 0 : -EBADMSG;
}
