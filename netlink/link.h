/* SPDX-License-Identifier: MIT */
/* Network links: making, changing, finding and deleting them. */
#ifndef FLOE_NETLINK_LINK_H
#define FLOE_NETLINK_LINK_H

#include "../runtime/base/arena.h"
#include "socket.h"

#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_MAC_SIZE   6
#define LINK_KIND_SIZE  16
#define LINK_ALIAS_SIZE 96

/* A net namespace to put a link into: by a descriptor, or that of a process. Zeroed: this one. */
struct link_namespace {
	uint16_t attribute; /* 0, IFLA_NET_NS_FD or IFLA_NET_NS_PID */
	uint32_t value;
};

#define LINK_NAMESPACE_FD(fd)   ((struct link_namespace){IFLA_NET_NS_FD, (uint32_t)(fd)})
#define LINK_NAMESPACE_PID(pid) ((struct link_namespace){IFLA_NET_NS_PID, (uint32_t)(pid)})

enum link_state {
	LINK_KEEP, /* as it is; a new link is down */
	LINK_UP,
	LINK_DOWN,
};

enum link_master {
	LINK_MASTER_KEEP,
	LINK_MASTER_SET,     /* the index in .master_index */
	LINK_MASTER_RELEASE, /* becomes nobody's port */
};

/* What a link shall be. Zeroed members are left as they are, or to the kernel for a new link. */
struct link_setting {
	const char *name;   /* 1 to 15 bytes, see link_name_valid() */
	const uint8_t *mac; /* LINK_MAC_SIZE bytes */
	uint32_t mtu;       /* bytes */
	enum link_state state;
	enum link_master master;
	uint32_t master_index; /* of a bridge in the link's own namespace */
	struct link_namespace place;
	/* What people are told about it, up to 255 bytes (IFALIASZ). A new link has it from the start, as
	 * far as anybody can tell: whoever is killed in between leaves none without. */
	const char *alias;
	bool route_localnet; /* IPv4 routes 127.0.0.0/8 over it (ip-sysctl.rst) */
};

/*
 * All functions below return 0 (or what they say) or a negative errno with ERROR filled; bad names
 * are refused before the kernel is asked. Links are named by their index, which they keep until they
 * change namespaces.
 */

/*
 * Makes a pair of virtual Ethernet links with one request, each where and as its setting says: so
 * the peer comes to exist inside its namespace and was never seen outside. Returns the index of
 * HOST in this namespace; HOST.place must be this one. PEER cannot be up from the start: that takes
 * link_change() by a socket of its namespace. When it fails, neither is there.
 */
int link_create_veth(struct netlink *netlink, const struct link_setting *host,
		     const struct link_setting *peer, struct floe_error *error);

/* A bridge; returns its index. */
int link_create_bridge(struct netlink *netlink, const struct link_setting *setting,
		       struct floe_error *error);

/* Kinds of link that share another link, PARENT, an index in this namespace. */
enum link_shared {
	LINK_MACVLAN, /* with a MAC of its own, in bridge mode */
	LINK_IPVLAN,  /* with the parent's MAC, on layer 2 */
	LINK_VLAN,    /* with a tag, 1 to 4094 */
};

/* Makes one where SETTING says; TAG is for LINK_VLAN only. Returns its index, or 0 when it was made
 * in another namespace: the index is counted there. */
int link_create_shared(struct netlink *netlink, enum link_shared kind, uint32_t parent,
		       uint16_t tag, const struct link_setting *setting, struct floe_error *error);

/* Changes a link with one request. Moved to another namespace it loses its master and state, and
 * may get another name at the same time: the kernel moves first, then sets the rest. */
int link_change(struct netlink *netlink, uint32_t index, const struct link_setting *setting,
		struct floe_error *error);

/* Whether a port of a bridge may not talk to other isolated ones (Linux 4.18), or gets frames back
 * that it sent itself, when they are translated on their way. */
int link_isolate(struct netlink *netlink, uint32_t index, bool isolated, struct floe_error *error);
int link_reflect(struct netlink *netlink, uint32_t index, bool reflects, struct floe_error *error);

/* Gives a link a further name of at most 127 bytes (Linux 5.5), or takes it away. */
int link_add_altname(struct netlink *netlink, uint32_t index, const char *name,
		     struct floe_error *error);
int link_delete_altname(struct netlink *netlink, uint32_t index, const char *name,
			struct floe_error *error);

/* Deletes a link and, of a veth pair, its peer. Takes tens of milliseconds (it waits for an RCU
 * grace period); where the link's namespace ends anyway, leave it to that. */
int link_delete(struct netlink *netlink, uint32_t index, struct floe_error *error);

/* The index of the link with that name or alternative name; -ENODEV when there is none. */
int link_index(struct netlink *netlink, const char *name, struct floe_error *error);

/* What the kernel tells about a link. */
struct link_info {
	uint32_t index;
	uint32_t flags; /* IFF_* */
	uint32_t mtu;
	uint32_t master;    /* index, 0: none */
	uint32_t peer;      /* index of the veth peer or parent, 0: none */
	int32_t peer_netns; /* of which namespace that is: -1: this one, else an id of it */
	uint8_t operstate;  /* IF_OPER_* */
	bool has_mac;
	uint8_t mac[LINK_MAC_SIZE];
	char name[IF_NAMESIZE];
	char alias[LINK_ALIAS_SIZE]; /* the beginning of it, "" */
	char kind[LINK_KIND_SIZE];   /* "veth", "bridge", …; "" for a physical one */
	const char *const *altnames;
	size_t altname_count;
};

/* What is told about the link with that name or alternative name. Memory is ARENA's. */
int link_find(struct netlink *netlink, struct arena *arena, const char *name,
	      struct link_info *info, struct floe_error *error);

/* All links of the namespace in the order of their indexes; *LINKS is ARENA's. */
int link_list(struct netlink *netlink, struct arena *arena, struct link_info **links, size_t *count,
	      struct floe_error *error);

/* Reads a message of type RTM_NEWLINK or RTM_DELLINK, as lists and notifications of RTNLGRP_LINK
 * have it. Returns 0, -EBADMSG when it is none, -ENOMEM. */
int link_parse(const struct nlmsghdr *message, struct arena *arena, struct link_info *info);

#endif
