/* SPDX-License-Identifier: MIT */
/* The addresses of machines, from a directory that holds a file for each. */
#ifndef FLOE_LINK_DNS_NAMES_H
#define FLOE_LINK_DNS_NAMES_H

#include "../base/dns.h"

/*
 * Finds what to answer for NAME, of a query, in DIRECTORY (see struct dns_settings). 0: the
 * addresses of the machine; -ENOENT: no machine is called so, ask others; -ENXIO: the name is below
 * "floe", where nobody else has names. Anything else: it cannot be told now.
 */
int dns_names_find(int directory, const char *name, struct dns_addresses *addresses);

#endif
