/* SPDX-License-Identifier: MIT */
/* What was found out about the host's network, where a machine's links are asked for. */
#ifndef FLOE_PLAN_HOST_NET_H
#define FLOE_PLAN_HOST_NET_H

#include "../base/ip.h"
#include "../base/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything is by family_index() where there are two of it. */
struct host_net {
	bool has_nftables;
	bool has_ipv6;
	bool filters_bridges6; /* IPv6 between ports of a bridge passes the filters of IP, too */
	bool networkd;         /* it runs, and its files are for links like the machine's */

	/* Free addresses for the machine's own link, or of its zone, where floe chooses them. */
	struct ip gateway[2]; /* the host's end; family 0: none of that family */
	struct ip machine[2];
	uint8_t prefix[2];
	unsigned int choice; /* which of those that follow from the name */
	bool choice_is_kept; /* it was written down before */

	/* Whether packets pass between links. */
	bool forwards[2];       /* all links do */
	bool has_force;         /* IPv6 links can do it alone (Linux 6.17) */
	bool is_arranged;       /* an earlier machine saw to it */
	const char **uplinks;   /* links to the outside that do not pass IPv4 on; NULL-terminated */
	const char **listeners; /* links that take router advertisements only while IPv6 is not
				 * forwarded; NULL-terminated */

	struct ip *dns; /* the host's resolvers that others can reach */
	size_t dns_count;
	bool dns_is_local; /* it has some, and all are on its loopback */

	const char *firewall;      /* what of others stops forwarded packets, NULL: none is known */
	const char *firewall_help; /* what to do about it, with LINK for the link */

	/* Derived from the host's machine id and the machine's name. */
	uint8_t seed[16]; /* of Ethernet addresses: the machine id, or what stands in for it */
};

#endif
