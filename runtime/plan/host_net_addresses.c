/* SPDX-License-Identifier: MIT */
/*
 * Free addresses for a machine: those that follow from its name, or the next ones where they are
 * used already. Which of them it was is kept, so that a machine has the same every time.
 */
#include "host_net_parts.h"

#include "../../netlink/link.h"
#include "../../netlink/route.h"
#include "../base/link_names.h"
#include "../base/siphash.h"
#include "../net/table.h"
#include "../sys/path.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHOICES 100

/* A machine has 16 addresses of 10.0.0.0/8, a zone 256; both have a network of fd00::/8. */
#define MACHINE_PREFIX 28
#define ZONE_PREFIX    24
#define PREFIX6        64

/* Parts of 10.0.0.0/8 that others choose by default: routers at home, podman, NixOS. */
static const uint8_t avoided[] = {0, 88, 233};

static const uint8_t key4[16] = {0xf1, 0x0e, 0x04, 0x6a, 0x2c, 0x71, 0xd5, 0x9e};
static const uint8_t key6[16] = {0xf1, 0x0e, 0x06, 0x93, 0xb8, 0x4d, 0x1f, 0x55};
static const uint8_t key_host[16] = {0xf1, 0x0e, 0x10, 0x27, 0xe6, 0x3a, 0xc2, 0x08};

/* What is looked for: one of the networks, and a place in it. */
struct candidate {
	struct ip gateway[2], machine[2];
	uint8_t prefix[2];
};

static uint64_t hash_name(const char *name, unsigned int choice, const uint8_t key[16])
{
	char text[96];
	int length = snprintf(text, sizeof(text), "%.80s", name);
	uint32_t little = htole32(choice);

	memcpy(text + length, &little, sizeof(little));
	return siphash24(text, (size_t)length + sizeof(little), key);
}

static bool is_avoided(uint8_t byte)
{
	return memchr(avoided, byte, sizeof(avoided)) != NULL;
}

/* The network that follows from NAME, its first address being the host's. False: it is one that
 * others like to choose. */
static bool choose_network(struct candidate *candidate, const char *name, unsigned int choice,
			   uint8_t prefix)
{
	uint32_t network = (uint32_t)hash_name(name, choice, key4) & 0x00ffffff;
	uint64_t id = hash_name(name, choice, key6);
	struct ip *gateway = candidate->gateway;

	network = htobe32((UINT32_C(10) << 24 | network) >> (32 - prefix) << (32 - prefix) | 1);
	gateway[0] = (struct ip){.family = AF_INET};
	memcpy(gateway[0].bytes, &network, sizeof(network));
	/* RFC 4193: 40 random bits, and the first network below them. */
	gateway[1] = (struct ip){.family = AF_INET6, .bytes = {[0] = 0xfd, [15] = 1}};
	memcpy(gateway[1].bytes + 1, &id, 5);
	candidate->prefix[0] = prefix;
	candidate->prefix[1] = PREFIX6;
	return !is_avoided(gateway[0].bytes[1]);
}

/* The machine's address: the second, or in a zone one that follows from the machine's name. */
static void choose_place(struct candidate *candidate, const char *name, unsigned int choice,
			 bool zone)
{
	unsigned int place = zone ? 2 + (unsigned int)(hash_name(name, choice, key_host) % 253) : 2;

	memcpy(candidate->machine, candidate->gateway, sizeof(candidate->machine));
	candidate->machine[0].bytes[3] =
		(uint8_t)((candidate->gateway[0].bytes[3] & (zone ? 0 : 0xf0)) | place);
	candidate->machine[1].bytes[15] = (uint8_t)place;
}

/*
 * The two addresses that are used of a network: a smaller one of others within it is routed more
 * exactly, and stays theirs. Routes by the own link do not count, which may be about to go.
 */
static int is_free(struct probe *probe, const struct candidate *candidate, uint32_t own)
{
	const struct ip addresses[4] = {candidate->gateway[0], candidate->machine[0],
					candidate->gateway[1], candidate->machine[1]};

	return route_is_free(&probe->route, addresses, probe->net->has_ipv6 ? 4 : 2, own,
			     probe->error);
}

/* Whether another machine has it, or is about to. */
static bool is_claimed(struct probe *probe, const struct candidate *candidate)
{
	const struct spec *spec = probe->spec;
	struct net_member member = {.machine = spec->name,
				    .link = "own",
				    .zone = spec->links.zone ? spec->links.zone : ""};
	const struct net_member *owner;

	memcpy(member.address, candidate->machine, sizeof(member.address));
	memcpy(member.prefix, candidate->prefix, sizeof(member.prefix));
	owner = net_table_address(&probe->table, &member);
	return owner && net_alive(owner->machine);
}

/* A living machine of the zone: its network is the zone's. */
static const struct net_member *find_zone(const struct net_table *table, const char *zone)
{
	for (size_t i = 0; zone && i < table->count; i++)
		if (strcmp(table->members[i].zone, zone) == 0 &&
		    table->members[i].gateway[0].family && net_alive(table->members[i].machine))
			return &table->members[i];
	return NULL;
}

/* The link that the machine's addresses were on when it was last there. */
static uint32_t own_link(struct probe *probe)
{
	const struct spec_links *links = &probe->spec->links;
	struct link_name name;
	int index;

	link_name_make(links->zone ? LINK_PREFIX_ZONE : LINK_PREFIX_VETH,
		       links->zone ? links->zone : probe->spec->name, &name);
	index = link_index(&probe->route, name.name, NULL);
	return index > 0 ? (uint32_t)index : 0;
}

/* 1: CHOICE is free. */
static int try_choice(struct probe *probe, unsigned int choice, uint32_t own,
		      struct candidate *candidate)
{
	const struct spec *spec = probe->spec;
	const char *zone = spec->links.zone;
	const struct net_member *other = find_zone(&probe->table, zone);
	char zone_name[32];

	snprintf(zone_name, sizeof(zone_name), "%.12s zone", zone ? zone : "");
	if (other) {
		memcpy(candidate->gateway, other->gateway, sizeof(candidate->gateway));
		memcpy(candidate->prefix, other->prefix, sizeof(candidate->prefix));
	} else if (!choose_network(candidate, zone ? zone_name : spec->name, choice,
				   zone ? ZONE_PREFIX : MACHINE_PREFIX)) {
		return 0;
	}
	choose_place(candidate, spec->name, choice, zone != NULL);
	if (is_claimed(probe, candidate))
		return 0;
	return is_free(probe, candidate, own);
}

static unsigned int read_choice(struct probe *probe)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), "%s/addresses/%s", probe->host->state_dir, probe->spec->name);
	if (file_read(path, text, sizeof(text)) <= 0)
		return 0;
	probe->net->choice_is_kept = true;
	return (unsigned int)strtoul(text, NULL, 10) % CHOICES;
}

static int choose(struct probe *probe)
{
	unsigned int kept = read_choice(probe);
	struct host_net *net = probe->net;
	uint32_t own = own_link(probe);
	struct candidate candidate;
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < CHOICES; i++) {
		net->choice = (kept + i) % CHOICES;
		r = try_choice(probe, net->choice, own, &candidate);
	}
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(probe->error, FLOE_ERROR_BUSY, EADDRINUSE,
			       "cannot find free addresses for %s after %d tries; name some with "
			       "--address=",
			       probe->spec->name, CHOICES);
	net->choice_is_kept = net->choice_is_kept && net->choice == kept;
	memcpy(net->gateway, candidate.gateway, sizeof(net->gateway));
	memcpy(net->machine, candidate.machine, sizeof(net->machine));
	memcpy(net->prefix, candidate.prefix, sizeof(net->prefix));
	if (!net->has_ipv6)
		net->gateway[1] = net->machine[1] = (struct ip){0};
	return 0;
}

/*
 * A network that the host has elsewhere would be on two links, and the host lose one of them. Single
 * addresses are no networks: several machines may have the same other end, as with NixOS.
 */
static int check_given(struct probe *probe, const struct spec_address *address, uint32_t own)
{
	bool network = address->host_prefix < ip_bits(address->inside.family);
	struct ip ends[2] = {address->inside, ip_network(&address->inside, address->host_prefix)};
	char text[IP_TEXT_SIZE];
	int r = route_is_free(&probe->route, ends, network ? 2 : 1, own, probe->error);

	if (r != 0)
		return r < 0 ? r : 0;
	return err_set(probe->error, FLOE_ERROR_BUSY, EADDRINUSE,
		       "cannot use --address=%s/%u: the host has an address in that network, or a "
		       "route to it, by another link",
		       ip_format(&address->inside, text), address->host_prefix);
}

static int check_all_given(struct probe *probe)
{
	const struct spec_links *links = &probe->spec->links;
	uint32_t own = own_link(probe);
	int r = 0;

	/* On a bridge the network is that of the bridge. */
	for (size_t i = 0; r == 0 && !links->bridge && !links->zone && i < links->address_count;
	     i++)
		r = check_given(probe, &links->addresses[i], own);
	return r;
}

int probe_addresses(struct probe *probe)
{
	if (probe->spec->links.address_count > 0)
		return check_all_given(probe);
	return net_is_managed(probe->spec, probe->net) ? choose(probe) : 0;
}
