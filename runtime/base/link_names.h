/* SPDX-License-Identifier: MIT */
/* Names and MACs of links, derived from the machine's name exactly as systemd-nspawn does it. */
#ifndef FLOE_BASE_LINK_NAMES_H
#define FLOE_BASE_LINK_NAMES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest alternative name with its NUL: ALTIFNAMSIZ of the kernel. */
#define LINK_ALTNAME_SIZE 128

/* What names begin with. */
#define LINK_PREFIX_VETH    "ve-" /* the host's end */
#define LINK_PREFIX_PORT    "vb-" /* the host's end when it is a port of a bridge */
#define LINK_PREFIX_ZONE    "vz-" /* bridge of a zone */
#define LINK_PREFIX_MACVLAN "mv-" /* followed by the parent's name */
#define LINK_PREFIX_IPVLAN  "iv-"

struct link_name {
	char name[IF_NAMESIZE];
	char altname[LINK_ALTNAME_SIZE]; /* the whole name when it had to be shortened, else "" */
};

/*
 * Derives a name: PREFIX and BASE as they are where that fits into 15 bytes; else the first 11 of
 * it and 4 characters of a hash of the whole (naming scheme v245 of systemd), the whole becoming the
 * alternative name. A whole of more than 127 bytes has none.
 */
void link_name_make(const char *prefix, const char *base, struct link_name *name);

/* Whether the kernel takes it as a link's name (dev_valid_name()) and as no pattern for one. */
bool link_name_valid(const char *name);

/* Whose MAC is derived: each has a hash key of its own, so that they differ. */
enum link_mac {
	LINK_MAC_HOST,            /* host end of the machine's veth */
	LINK_MAC_CONTAINER,       /* its other end, host0 */
	LINK_MAC_EXTRA_HOST,      /* of --network-veth-extra= */
	LINK_MAC_EXTRA_CONTAINER, /* its other end */
	LINK_MAC_MACVLAN,
};

/*
 * Derives a unicast, locally administered MAC from the host's machine id (16 bytes, as in
 * /etc/machine-id), the machine's name and the INDEX of the link among those of its kind, from 0.
 */
void link_mac_make(enum link_mac which, const uint8_t machine_id[static 16], const char *machine,
		   uint64_t index, uint8_t mac[static 6]);

#endif
