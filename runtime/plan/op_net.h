/* SPDX-License-Identifier: MIT */
/* What ops about the network say besides their texts. Pure data in the plan's arena. */
#ifndef FLOE_PLAN_OP_NET_H
#define FLOE_PLAN_OP_NET_H

#include "../../netlink/addr.h"
#include "../../netlink/link.h"
#include "../../netlink/route.h"
#include "../base/dhcp.h"
#include "../base/ra.h"
#include "../net/member.h"

/* What is offered on the machine's link. */
struct plan_service {
	bool dhcp, ra, dns;
	struct dhcp_lease lease;
	struct ra_router router;
	struct ip dns_at[2]; /* by family_index(): where names are answered */
	/* The only machine that is answered, on a zone's bridge; zero: any. */
	uint8_t dns_client[WIRE_MAC_SIZE];
	const char *zone; /* whose machines' names are known; NULL: none */
};

struct op_net {
	struct link_setting link; /* that is made or set */
	struct link_setting peer; /* its other end */
	enum link_shared shared;  /* of OP_LINK_SHARED */
	const struct addr *addrs; /* without the link's index, which is known when it is there */
	size_t addr_count;
	const struct route *routes;
	size_t route_count;
	struct net_member member;
	struct plan_service service;
};

#endif
