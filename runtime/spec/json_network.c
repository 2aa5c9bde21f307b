/* SPDX-License-Identifier: MIT */
/* The network of a spec as JSON. */
#include "json.h"

#include "words.h"

#include <netinet/in.h>
#include <stdio.h>

static json_t *json_ip(const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	return ip->family ? json_string(ip_format(ip, text)) : json_null();
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_SCTP ? "sctp" : "tcp";
}

static json_t *json_ports(const struct spec_links *links)
{
	json_t *array = json_array();

	for (size_t i = 0; i < links->port_count; i++) {
		const struct spec_port *port = &links->ports[i];

		json_array_append_new(array,
				      json_pack("{s:s,s:o,s:i,s:i,s:i}", "protocol",
						protocol_name(port->protocol), "address",
						json_ip(&port->address), "first", port->host,
						"last", port->last, "machine", port->machine));
	}
	return array;
}

static json_t *json_others(const struct spec_links *links)
{
	json_t *array = json_array();

	for (size_t i = 0; i < links->other_count; i++) {
		const struct spec_link *link = &links->others[i];

		json_array_append_new(array, json_pack("{s:s,s:o,s:o}", "kind",
						       word_of(&words_link, (int)link->kind),
						       "host", json_text(link->host), "inside",
						       json_text(link->inside)));
	}
	return array;
}

static json_t *json_addresses(const struct spec_links *links)
{
	json_t *array = json_array();

	for (size_t i = 0; i < links->address_count; i++) {
		const struct spec_address *address = &links->addresses[i];

		json_array_append_new(
			array,
			json_pack("{s:o,s:i,s:o,s:i}", "inside", json_ip(&address->inside),
				  "prefix", address->prefix, "host",
				  address->no_host ? json_string("no") : json_ip(&address->host),
				  "host_prefix", address->host_prefix));
	}
	return array;
}

/* A list of what was given; the word "no" forbids any. */
static json_t *json_ips(const struct ip *ips, size_t count, bool none)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (ips[i].family)
			json_array_append_new(array, json_ip(&ips[i]));
	if (none)
		json_array_append_new(array, json_string("no"));
	return array;
}

static json_t *json_mac(const struct spec_links *links)
{
	const uint8_t *mac = links->mac;

	if (!links->has_mac)
		return json_null();
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
			    mac[5]);
}

json_t *json_links(const struct spec_links *links)
{
	return json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:b,s:b,s:b,s:b,s:b,s:s,s:I}", "veth",
		links->veth < 0 ? json_null() : json_boolean(links->veth), "name",
		json_text(links->name), "bridge", json_text(links->bridge), "zone",
		json_text(links->zone), "others", json_others(links), "ports", json_ports(links),
		"addresses", json_addresses(links), "gateway",
		json_ips(links->gateway, 2, links->no_gateway), "dns",
		json_ips(links->dns, links->dns_count, links->no_dns), "mtu",
		(json_int_t)links->mtu, "mac", json_mac(links), "masquerade", links->masquerade,
		"isolate", links->isolate, "hosts_entry", links->hosts_entry, "containers_entry",
		links->containers_entry, "host_forwards", links->host_forwards, "dhcp",
		word_of(&words_dhcp, (int)links->dhcp), "rate", (json_int_t)links->rate);
}
