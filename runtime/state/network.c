/* SPDX-License-Identifier: MIT */
/* The network part of a record. */
#include "network.h"

#include "../net/member.h"

#include <stdio.h>

void state_set_addresses(struct state *state, const struct ip addresses[static 2])
{
	const char **texts = NULL;

	state->address_count = 0;
	for (size_t i = 0; i < 2; i++) {
		char text[IP_TEXT_SIZE];
		const char **slot;

		if (!addresses[i].family)
			continue;
		slot = ARENA_APPEND(&state->arena, texts, state->address_count);
		if (slot)
			*slot = arena_strdup(&state->arena, ip_format(&addresses[i], text));
	}
	state->addresses = texts;
}

static const char *host_side(struct arena *arena, const struct spec_port *port)
{
	bool v6 = port->address.family == AF_INET6;
	char address[IP_TEXT_SIZE] = "", last[8] = "";

	if (port->last > port->host)
		snprintf(last, sizeof(last), "-%u", port->last);
	if (!port->address.family)
		return arena_printf(arena, "%u%s", port->host, last);
	return arena_printf(arena, "%s%s%s:%u%s", v6 ? "[" : "", ip_format(&port->address, address),
			    v6 ? "]" : "", port->host, last);
}

void state_set_ports(struct state *state, const struct spec_port *ports, size_t count)
{
	const char **texts = NULL;

	state->port_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char **slot = ARENA_APPEND(&state->arena, texts, state->port_count);

		if (slot)
			*slot = arena_printf(&state->arena, "%s %s %u",
					     protocol_name(ports[i].protocol),
					     host_side(&state->arena, &ports[i]), ports[i].machine);
	}
	state->ports = texts;
}
