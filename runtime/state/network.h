/* SPDX-License-Identifier: MIT */
/* The network part of a record. */
#ifndef FLOE_STATE_NETWORK_H
#define FLOE_STATE_NETWORK_H

#include "../spec/network.h"
#include "state.h"

/* Sets the addresses; their texts are STATE's. */
void state_set_addresses(struct state *state, const struct ip addresses[static 2]);

/* Sets the ports: "tcp 8080 80", "udp 127.0.0.1:8000-8010 9000". */
void state_set_ports(struct state *state, const struct spec_port *ports, size_t count);

#endif
