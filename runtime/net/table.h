/* SPDX-License-Identifier: MIT */
/*
 * Which machines are on the host's network: /run/floe/.network/members, changed below a lock that is
 * held for as long as the kernel is told. Machines that are gone without a word are known by the lock
 * files of their names, which only a living monitor holds.
 */
#ifndef FLOE_NET_TABLE_H
#define FLOE_NET_TABLE_H

#include "../base/err.h"
#include "member.h"

struct net_table {
	struct arena arena;
	char *text; /* members that were read point to it */
	struct net_member *members;
	size_t count;
};

/* "/run/floe/.network"; another directory for tests. PATH must stay valid. */
const char *net_directory(void);
void net_directory_use(const char *path);

/* Takes the lock, making the directory if that is asked for; a descriptor to close. -ENOENT when
 * there is no directory, without ERROR. */
int net_lock(bool make, struct floe_error *error);

/* What is written there; nothing when there is none. To be freed whatever is returned. */
int net_table_read(struct net_table *table, struct floe_error *error);
int net_table_write(const struct net_table *table, struct floe_error *error);
void net_table_free(struct net_table *table);

/* The member of that machine, or NULL. */
struct net_member *net_table_find(const struct net_table *table, const char *machine);

/* Adds a copy of MEMBER (its texts and ports stay the caller's); takes one out. */
int net_table_add(struct net_table *table, const struct net_member *member);
void net_table_remove(struct net_table *table, struct net_member *member);

/* A member other than MEMBER's machine that has a port of it: the one of theirs, and whose it is. */
const struct spec_port *net_table_port(const struct net_table *table,
				       const struct net_member *member,
				       const struct net_member **owner);

/* A member other than MEMBER's machine that has an address of its networks, or NULL. */
const struct net_member *net_table_address(const struct net_table *table,
					   const struct net_member *member);

/* Whether others than MEMBER use its link, or are in its zone. */
bool net_table_shares_link(const struct net_table *table, const struct net_member *member);

/* Says that MACHINE lives for as long as the descriptor that is returned is open. */
int net_alive_take(const char *machine, struct floe_error *error);
bool net_alive(const char *machine);
void net_alive_remove(const char *machine);

#endif
