/* SPDX-License-Identifier: MIT */
/* The name servers of a resolv.conf(5) file. Pure. */
#ifndef FLOE_BASE_RESOLV_CONF_H
#define FLOE_BASE_RESOLV_CONF_H

#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>

#define RESOLV_CONF_SERVERS 3 /* MAXNS of the C libraries: others are not asked */

struct resolv_server {
	int family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	char scope
		[IF_NAMESIZE]; /* of an IPv6 address, after '%': a link's name or number; "": none */
};

struct resolv_conf {
	struct resolv_server servers[RESOLV_CONF_SERVERS];
	size_t count; /* at least 1: where none is named it is 127.0.0.1 */
};

/* Reads TEXT of SIZE bytes. Lines that say nothing about name servers, or nothing that can be
 * understood, do not matter: whatever the file is, it is the host's. */
void resolv_conf_parse(const char *text, size_t size, struct resolv_conf *conf);

#endif
