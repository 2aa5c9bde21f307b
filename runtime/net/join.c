/* SPDX-License-Identifier: MIT */
/* A machine's coming to the host's network and its going. */
#include "join.h"

#include "../base/cleanup.h"
#include "../base/link_names.h"
#include "../sys/close_later.h"
#include "../sys/tree.h"
#include "hosts.h"
#include "rules.h"
#include "sysctl.h"
#include "table.h"
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define CLEANUP_TABLE CLEANUP(net_table_free)

int net_filter_open(struct netlink *filter, struct floe_error *error)
{
	return filter->fd >= 0 ? 0 : netlink_open(filter, NETLINK_NETFILTER, error);
}

/* ---- going ---- */

static int remove_rules(const struct net_table *table, const struct net_member *member,
			struct floe_error *error)
{
	struct netlink netlink = NETLINK_CLOSED;
	int r = net_filter_open(&netlink, error);

	/* A kernel without it never had rules of ours. */
	if (r == -EPROTONOSUPPORT)
		return 0;
	if (r == 0)
		r = table->count > 0 ? rules_remove(&netlink, table, member, error)
				     : rules_delete(&netlink, error);
	close_later(&netlink.fd, 1);
	return r;
}

static bool is_zone_empty(const struct net_table *table, const char *zone)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->members[i].zone, zone) == 0)
			return false;
	return true;
}

static int leave_zone(const struct net_table *table, const struct net_member *member,
		      struct floe_error *error)
{
	CLEANUP_NETLINK struct netlink netlink = NETLINK_CLOSED;
	char bridge[IF_NAMESIZE + 8];
	int r;

	zone_names_remove(member);
	if (!*member->zone || !is_zone_empty(table, member->zone))
		return 0;
	r = netlink_open(&netlink, NETLINK_ROUTE, error);
	if (r < 0)
		return r;
	snprintf(bridge, sizeof(bridge), LINK_PREFIX_ZONE "%.12s", member->zone);
	return zone_close(&netlink, bridge, error);
}

/* What is left are files and empty directories: the directory itself is the lock, and goes last. */
static int remove_directory(struct floe_error *error)
{
	const char *path = net_directory(), *name = strrchr(path, '/');
	CLEANUP_FREE char *parent = strndup(path, (size_t)(name - path));
	CLEANUP_FD int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = fd < 0 ? -errno : tree_remove(fd, name + 1);

	return r < 0 && r != -ENOENT ? err_errno(error, -r, "cannot remove %s", path) : 0;
}

static int keep_first(int first, int r)
{
	return first < 0 ? first : r;
}

/* Everything is tried; a member stays written down until all that it has is gone. */
static int leave(struct net_table *table, const char *machine, struct floe_error *error)
{
	struct net_member *found = net_table_find(table, machine);
	struct net_member member;
	int r;

	if (!found)
		return 0;
	member = *found;
	net_table_remove(table, found);
	r = remove_rules(table, &member, error);
	r = keep_first(r, leave_zone(table, &member, error));
	if (member_in_hosts(&member))
		r = keep_first(r, hosts_update(table, error));
	if (r < 0)
		return r;
	net_alive_remove(machine);
	return net_table_write(table, error);
}

int net_leave(const char *machine, struct floe_error *error)
{
	CLEANUP_TABLE struct net_table table = {0};
	CLEANUP_FD int lock = net_lock(false, error);
	int r;

	if (lock == -ENOENT)
		return 0;
	if (lock < 0)
		return lock;
	r = net_table_read(&table, error);
	if (r == 0)
		r = leave(&table, machine, error);
	if (r < 0 || table.count > 0)
		return r;
	r = sysctl_restore(error);
	return r < 0 ? r : remove_directory(error);
}

/* ---- coming ---- */

static int say_port(const struct net_member *member, const struct spec_port *port,
		    const struct net_member *owner, struct floe_error *error)
{
	char text[PORT_TEXT_SIZE];

	err_set(error, FLOE_ERROR_BUSY, EADDRINUSE,
		"cannot publish ports of %s: the machine %s has %s already", member->machine,
		owner->machine, port_describe(port, text));
	err_hint(error, "choose another port of the host");
	return -EADDRINUSE;
}

static int say_address(const struct net_member *member, const struct net_member *owner,
		       struct floe_error *error)
{
	return err_set(error, FLOE_ERROR_BUSY, EAGAIN,
		       "cannot give %s its addresses: the machine %s has some of that network",
		       member->machine, owner->machine);
}

/* The machine that is in the way, if it is one that lives: a dead one leaves. */
static int check(struct net_table *table, const struct net_member *member, struct floe_error *error)
{
	const struct net_member *owner = NULL;
	const struct spec_port *port;
	int r;

	while ((port = net_table_port(table, member, &owner)) ||
	       (owner = net_table_address(table, member))) {
		if (net_alive(owner->machine))
			return port ? say_port(member, port, owner, error)
				    : say_address(member, owner, error);
		r = leave(table, owner->machine, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* An earlier machine of the name is dead: its record was cleaned up before the name was given. */
static int claim(struct net_table *table, const struct net_member *member, struct floe_error *error)
{
	int r = leave(table, member->machine, error);

	if (r == 0)
		r = check(table, member, error);
	if (r == 0 && net_table_add(table, member) < 0)
		r = err_errno(error, ENOMEM, "cannot claim the network of %s", member->machine);
	return r < 0 ? r : net_table_write(table, error);
}

int net_claim(const struct net_member *member, struct floe_error *error)
{
	CLEANUP_TABLE struct net_table table = {0};
	CLEANUP_FD int lock = net_lock(true, error);
	CLEANUP_FD int alive = -1;
	int r = lock < 0 ? lock : net_table_read(&table, error);

	if (r == 0) {
		alive = net_alive_take(member->machine, error);
		r = alive < 0 ? alive : claim(&table, member, error);
	}
	if (r == 0)
		return take_fd(&alive);
	/* Nothing stays of a directory that was made for this. */
	if (lock >= 0 && table.count == 0)
		remove_directory(NULL);
	else if (lock >= 0)
		net_alive_remove(member->machine);
	return r;
}

static int join(struct netlink *filter, struct net_table *table, struct net_member *member,
		struct floe_error *error)
{
	int r = 0;

	if (filter)
		r = rules_add(filter, table, member, error);
	if (r == 0)
		r = zone_names_add(member, error);
	return r < 0 || !member_in_hosts(member) ? r : hosts_update(table, error);
}

/* The lock and the table, in which the machine is. */
static int open_table(const char *machine, int *lock, struct net_table *table,
		      struct floe_error *error)
{
	int r;

	*lock = net_lock(false, error);
	r = *lock < 0 ? *lock : net_table_read(table, error);
	if (r == 0 && !net_table_find(table, machine))
		r = -ENOENT;
	if (r == -ENOENT)
		return err_errno(error, ENOENT, "%s is no longer among the machines of %s", machine,
				 net_directory());
	return r;
}

int net_join(struct netlink *filter, const char *machine, const uint16_t dns[static 2],
	     struct floe_error *error)
{
	CLEANUP_TABLE struct net_table table = {0};
	CLEANUP_FD int lock = -1;
	int r = open_table(machine, &lock, &table, error);
	struct net_member *member = r < 0 ? NULL : net_table_find(&table, machine);

	if (!member)
		return r;
	/* It is written down already but for these. */
	if (dns[0] || dns[1]) {
		memcpy(member->dns, dns, sizeof(member->dns));
		r = net_table_write(&table, error);
	}
	return r < 0 ? r : join(filter, &table, member, error);
}

int net_move(struct netlink *filter, const char *machine, const struct ip address[static 2],
	     struct floe_error *error)
{
	CLEANUP_TABLE struct net_table table = {0};
	CLEANUP_FD int lock = -1;
	int r = open_table(machine, &lock, &table, error);
	struct net_member *member = r < 0 ? NULL : net_table_find(&table, machine), before;

	if (!member)
		return r;
	before = *member;
	memcpy(member->address, address, sizeof(member->address));
	r = net_table_write(&table, error);
	if (r == 0)
		r = rules_change(filter, &table, &before, member, error);
	if (r == 0 && member_in_hosts(member))
		r = hosts_update(&table, error);
	return r < 0 ? r : zone_names_add(member, error);
}
