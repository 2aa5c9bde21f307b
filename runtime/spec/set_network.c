/* SPDX-License-Identifier: MIT */
/* Setting the links of the machine: which there are, and what they are connected to. */
#include "option.h"

#include "../base/link_names.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* A namespace to join is a private network already, whatever the order of the two. */
int set_private_network(const struct option_call *call)
{
	struct spec *spec = call->spec;
	bool private = true;

	if (call->value && text_to_bool(call->value, &private) < 0)
		return option_refuse(call, "expected yes or no");
	if (!spec->network_path)
		spec->network = private ? SPEC_NETWORK_PRIVATE : SPEC_NETWORK_HOST;
	return 0;
}

int set_network_path(const struct option_call *call)
{
	int r = set_host_path(call);

	if (r == 0)
		call->spec->network = SPEC_NETWORK_PATH;
	return r;
}

/* An option that may say no, and means yes where it says nothing. */
int set_switch(const struct option_call *call)
{
	bool value = true;

	if (call->value && text_to_bool(call->value, &value) < 0)
		return option_refuse(call, "expected yes or no");
	*(bool *)option_field(call) = value;
	return 0;
}

int set_veth(const struct option_call *call)
{
	bool value = true;

	if (call->value && text_to_bool(call->value, &value) < 0)
		return option_refuse(call, "expected yes or no");
	call->spec->links.veth = value;
	return 0;
}

/* The kernel takes more: bytes that no terminal shows as they are. */
static bool is_link(const char *name)
{
	return link_name_valid(name) && text_is_utf8(name) && !text_has_control(name);
}

/* A link of the host may be named by an alternative name (ip-link(8)), which may be longer. */
static bool is_host_link(const char *name)
{
	return is_link(name) || (strlen(name) >= IF_NAMESIZE && strlen(name) < LINK_ALTNAME_SIZE &&
				 strcspn(name, "/:% \t\n\v\f\r") == strlen(name));
}

int set_bridge(const struct option_call *call)
{
	if (!is_host_link(call->value))
		return option_refuse(call, "expected the name of a bridge of the host");
	call->spec->links.bridge = arena_strdup(&call->spec->arena, call->value);
	return 0;
}

/* The bridge is called vz-ZONE, as with systemd-nspawn(1), --network-zone=. */
int set_zone(const struct option_call *call)
{
	char bridge[IF_NAMESIZE + 8];
	int length = snprintf(bridge, sizeof(bridge), LINK_PREFIX_ZONE "%s", call->value);

	if (!*call->value || length >= IF_NAMESIZE || !is_link(bridge))
		return option_refuse(call,
				     "a zone has 1 to %d characters without blanks, '/', ':' and "
				     "'%%': its bridge is called " LINK_PREFIX_ZONE "ZONE",
				     IF_NAMESIZE - 1 - (int)strlen(LINK_PREFIX_ZONE));
	call->spec->links.zone = arena_strdup(&call->spec->arena, call->value);
	return 0;
}

static bool is_given_twice(const struct spec_links *links, enum spec_link_kind kind,
			   const char *host)
{
	for (size_t i = 0; i < links->other_count; i++) {
		const struct spec_link *other = &links->others[i];

		if (strcmp(other->host, host) == 0 && other->kind == kind)
			return true;
	}
	return false;
}

/* HOST[:INSIDE] */
int set_other_link(const struct option_call *call)
{
	struct spec *spec = call->spec;
	enum spec_link_kind kind = (enum spec_link_kind)option_action(call)->constant;
	size_t length = strcspn(call->value, ":");
	const char *inside = call->value[length] ? call->value + length + 1 : NULL;
	char *host = arena_strndup(&spec->arena, call->value, length);
	struct spec_link *link;

	if (kind == SPEC_LINK_VETH ? !is_link(host) : !is_host_link(host))
		return option_refuse(call, kind == SPEC_LINK_VETH
						   ? "expected a name of 1 to 15 characters for "
						     "the host's end, and after a colon the other"
						   : "expected the name of a link of the host, and "
						     "after a colon its name inside");
	if (inside && !is_link(inside))
		return option_refuse(call, "a link's name inside has 1 to 15 characters without "
					   "blanks, '/', ':' and '%%'");
	if (is_given_twice(&spec->links, kind, host))
		return option_refuse(call, "it was given before");
	link = ARENA_APPEND(&spec->arena, spec->links.others, spec->links.other_count);
	if (link)
		*link = (struct spec_link){kind, host, arena_strdup(&spec->arena, inside)};
	return 0;
}

int set_link_name(const struct option_call *call)
{
	if (!is_link(call->value))
		return option_refuse(call, "a link's name has 1 to 15 characters without blanks, "
					   "'/', ':' and '%%'");
	call->spec->links.name = arena_strdup(&call->spec->arena, call->value);
	return 0;
}

/* Six pairs of hex digits between colons; neither a group's nor nobody's. */
int set_mac(const struct option_call *call)
{
	struct spec_links *links = &call->spec->links;
	uint8_t mac[WIRE_MAC_SIZE], any = 0;
	int used = 0;

	if (sscanf(call->value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &used) != WIRE_MAC_SIZE ||
	    strlen(call->value) != (size_t)used || used != 17)
		return option_refuse(call, "expected an Ethernet address like 02:00:00:12:34:56");
	for (size_t i = 0; i < sizeof(mac); i++)
		any |= mac[i];
	if ((mac[0] & 1) || !any)
		return option_refuse(call, "this is no address of a single link");
	memcpy(links->mac, mac, sizeof(mac));
	links->has_mac = true;
	return 0;
}

/* From what IPv4 asks of a link (RFC 791) to the most its packets can have. */
int set_mtu(const struct option_call *call)
{
	uint64_t mtu;

	if (text_to_unsigned(call->value, 65535, &mtu) < 0 || mtu < 68)
		return option_refuse(call, "expected a number of bytes from 68 to 65535");
	call->spec->links.mtu = (uint32_t)mtu;
	return 0;
}

/* Bits a second, with K, M and G for powers of 1000 as networks count. */
int set_rate(const struct option_call *call)
{
	static const char units[] = "KMG";
	size_t length = strlen(call->value);
	char digits[24] = "";
	const char *unit = length ? strchr(units, call->value[length - 1]) : NULL;
	uint64_t rate, factor = 1;

	for (const char *at = units; unit && at <= unit; at++)
		factor *= 1000;
	length -= unit != NULL;
	if (length < sizeof(digits))
		memcpy(digits, call->value, length);
	if (text_to_unsigned(digits, UINT64_C(1000000000000) / factor, &rate) < 0 ||
	    rate * factor < 8000)
		return option_refuse(call, "expected bits a second, such as 10M: 8K to 1000G");
	call->spec->links.rate = rate * factor;
	return 0;
}
