/* SPDX-License-Identifier: MIT */
/* The parts of the probe of the host's network; private to host_net*.c. */
#ifndef FLOE_PLAN_HOST_NET_PARTS_H
#define FLOE_PLAN_HOST_NET_PARTS_H

#include "../../netlink/socket.h"
#include "../net/table.h"
#include "host_parts.h"

struct probe {
	struct host *host;
	struct host_net *net;
	const struct spec *spec;
	struct floe_error *error;
	struct netlink route;
	struct net_table table; /* machines that are there */
};

/* 0, or a negative errno with the error set when the machine cannot be had. */
int probe_forwarding(struct probe *probe);
int probe_addresses(struct probe *probe);
int check_ports(struct probe *probe);

/* What they do not find is a fact. */
void probe_dns(struct probe *probe);
void probe_firewall(struct probe *probe);

#endif
