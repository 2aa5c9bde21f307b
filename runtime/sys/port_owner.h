/* SPDX-License-Identifier: MIT */
/* Who listens on a port of the host. */
#ifndef FLOE_SYS_PORT_OWNER_H
#define FLOE_SYS_PORT_OWNER_H

#include <stddef.h>
#include <stdint.h>

/* Writes "NAME (process N)" to TEXT of SIZE bytes for the one that has the local port NUMBER of
 * PROTOCOL (IPPROTO_TCP, IPPROTO_UDP) in the caller's network namespace. 0, or -ENOENT when it
 * cannot be found out. Looks at every process: for words about a failure. */
int port_owner(uint8_t protocol, uint16_t number, char *text, size_t size);

#endif
