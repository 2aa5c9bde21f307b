/* SPDX-License-Identifier: MIT */
/* Zones: a bridge for machines that are together, and their names. */
#include "zone.h"

#include "../base/cleanup.h"
#include "../base/link_names.h"
#include "../sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* systemd-nspawn holds it while it makes or removes a zone's bridge: both share them. */
#define NSPAWN_LOCK "/run/systemd/nspawn-network-zone"

#define NAMES_ROOT  "zones"
#define PATH_SIZE   512

/* Where there is no nspawn there is no lock. */
static int lock_with_nspawn(void)
{
	int fd = open(NSPAWN_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

int zone_open(struct netlink *netlink, const struct link_setting *setting, struct floe_error *error)
{
	CLEANUP_FD int lock = lock_with_nspawn();
	int index = link_index(netlink, setting->name, NULL);

	(void)lock;
	if (index == -ENODEV)
		return link_create_bridge(netlink, setting, error);
	return index < 0 ? link_index(netlink, setting->name, error) : index;
}

/* Ports of machines that just ended go with their namespaces: they are marked as ours. */
static bool has_foreign_port(const struct link_info *links, size_t count, uint32_t bridge)
{
	for (size_t i = 0; i < count; i++)
		if (links[i].master == bridge &&
		    strncmp(links[i].alias, LINK_ALIAS_MACHINE, strlen(LINK_ALIAS_MACHINE)) != 0)
			return true;
	return false;
}

int zone_close(struct netlink *netlink, const char *name, struct floe_error *error)
{
	CLEANUP_FD int lock = lock_with_nspawn();
	struct arena arena = {0};
	struct link_info bridge, *links;
	size_t count = 0;
	int r = link_find(netlink, &arena, name, &bridge, NULL);

	(void)lock;
	if (r == -ENODEV) {
		arena_free(&arena);
		return 0;
	}
	if (r == 0)
		r = link_list(netlink, &arena, &links, &count, error);
	if (r == 0 && !has_foreign_port(links, count, bridge.index) &&
	    strncmp(bridge.alias, LINK_ALIAS_ZONE, strlen(LINK_ALIAS_ZONE)) == 0)
		r = link_delete(netlink, bridge.index, error);
	arena_free(&arena);
	return r == -ENODEV ? 0 : r;
}

/* ---- names ---- */

static void names_path(char path[static PATH_SIZE], const char *zone, const char *machine)
{
	snprintf(path, PATH_SIZE, "%s/" NAMES_ROOT "/%s%s%s", net_directory(), zone,
		 machine ? "/" : "", machine ? machine : "");
}

int zone_names_open(const char *zone, struct floe_error *error)
{
	char path[PATH_SIZE];
	int fd, r;

	names_path(path, zone, NULL);
	r = path_make_parents(path, 0755);
	if (r == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return err_errno(error, -r, "cannot make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_errno(error, errno, "cannot open %s", path) : fd;
}

static int write_addresses(int directory, const struct net_member *member)
{
	CLEANUP_FD int fd = openat(directory, member->machine,
				   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(member->address); i++) {
		char text[IP_TEXT_SIZE + 1];

		if (!member->address[i].family)
			continue;
		strcat(strcpy(text, ip_format(&member->address[i], (char[IP_TEXT_SIZE]){0})), "\n");
		r = fd_write_all(fd, text, strlen(text));
	}
	return r;
}

int zone_names_add(const struct net_member *member, struct floe_error *error)
{
	CLEANUP_FD int directory = -1;
	int r;

	if (!*member->zone)
		return 0;
	directory = zone_names_open(member->zone, error);
	if (directory < 0)
		return directory;
	r = write_addresses(directory, member);
	return r < 0 ? err_errno(error, -r, "cannot tell the zone %s about %s", member->zone,
				 member->machine)
		     : 0;
}

/* The last one takes the directories along. */
void zone_names_remove(const struct net_member *member)
{
	char path[PATH_SIZE];

	if (!*member->zone)
		return;
	names_path(path, member->zone, member->machine);
	unlink(path);
	names_path(path, member->zone, NULL);
	rmdir(path);
	names_path(path, "", NULL);
	rmdir(path);
}
