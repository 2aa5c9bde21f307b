/* SPDX-License-Identifier: MIT */
/* Which machines are on the host's network. */
#include "table.h"

#include "../base/cleanup.h"
#include "../sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MEMBERS     "members"
#define MEMBERS_NEW "members.new"
#define ALIVE       "alive"
#define TABLE_LIMIT ((size_t)64 << 20)
#define PATH_SIZE   512

/* The last machine to leave removes the directory, perhaps just when the next one comes. */
#define LOCK_TRIES 100

static const char *directory = "/run/floe/.network";

const char *net_directory(void)
{
	return directory;
}

void net_directory_use(const char *path)
{
	directory = path;
}

static const char *path_of(char path[static PATH_SIZE], const char *part, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s%s%s", directory, part, name ? "/" : "", name ? name : "");
	return path;
}

/* ---- the lock ---- */

static int make_directory(void)
{
	int r = path_make_parents(directory, 0755);

	if (r == 0 && mkdir(directory, 0755) < 0 && errno != EEXIST)
		r = -errno;
	return r;
}

/* The lock is on the directory itself. -EAGAIN: it was removed before it could be locked. */
static int lock_once(void)
{
	CLEANUP_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat here, there;
	int r;

	if (fd < 0)
		return -errno;
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0 || fstat(fd, &here) < 0)
		return -errno;
	if (stat(directory, &there) < 0 || here.st_ino != there.st_ino)
		return -EAGAIN;
	return take_fd(&fd);
}

int net_lock(bool make, struct floe_error *error)
{
	int r = -EAGAIN;

	for (int i = 0; i < LOCK_TRIES && (r == -EAGAIN || (make && r == -ENOENT)); i++) {
		r = lock_once();
		if (r == -ENOENT && make) {
			r = make_directory();
			r = r < 0 ? r : -EAGAIN;
		}
	}
	if (r == -ENOENT && !make)
		return r;
	return r < 0 ? err_errno(error, -r, "cannot lock %s", directory) : r;
}

/* ---- reading and writing ---- */

static int read_lines(struct net_table *table)
{
	char *position = NULL;

	for (char *line = strtok_r(table->text, "\n", &position); line;
	     line = strtok_r(NULL, "\n", &position)) {
		struct net_member *member =
			ARENA_APPEND(&table->arena, table->members, table->count);
		int r = member ? member_read(&table->arena, line, member) : -ENOMEM;

		if (r < 0)
			return r;
	}
	return arena_failed(&table->arena) ? -ENOMEM : 0;
}

int net_table_read(struct net_table *table, struct floe_error *error)
{
	char path[PATH_SIZE];
	size_t size;
	int r;

	*table = (struct net_table){0};
	r = file_read_all(path_of(path, MEMBERS, NULL), TABLE_LIMIT, &table->text, &size);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = read_lines(table);
	return r < 0 ? err_errno(error, -r, "cannot read which machines use the network in %s",
				 path)
		     : 0;
}

static int write_file(const struct net_table *table, const char *path)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct arena arena = {0};
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < table->count; i++) {
		const char *line = member_write(&arena, &table->members[i]);

		r = arena_failed(&arena) ? -ENOMEM : fd_write_all(fd, line, strlen(line));
		arena_free(&arena);
	}
	return r;
}

int net_table_write(const struct net_table *table, struct floe_error *error)
{
	char path[PATH_SIZE], new_path[PATH_SIZE];
	int r = write_file(table, path_of(new_path, MEMBERS_NEW, NULL));

	if (r == 0 && rename(new_path, path_of(path, MEMBERS, NULL)) < 0)
		r = -errno;
	return r < 0 ? err_errno(error, -r, "cannot write %s", new_path) : 0;
}

void net_table_free(struct net_table *table)
{
	arena_free(&table->arena);
	free(table->text);
	*table = (struct net_table){0};
}

/* ---- questions ---- */

struct net_member *net_table_find(const struct net_table *table, const char *machine)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->members[i].machine, machine) == 0)
			return &table->members[i];
	return NULL;
}

int net_table_add(struct net_table *table, const struct net_member *member)
{
	struct net_member *slot = ARENA_APPEND(&table->arena, table->members, table->count);

	if (!slot)
		return -ENOMEM;
	*slot = *member;
	return 0;
}

void net_table_remove(struct net_table *table, struct net_member *member)
{
	size_t after = table->count - (size_t)(member - table->members) - 1;

	memmove(member, member + 1, after * sizeof(*member));
	table->count--;
}

/* As with sockets, a port of all addresses is one of each. */
static bool collide(const struct spec_port *a, const struct spec_port *b)
{
	bool same = !a->address.family || !b->address.family || ip_equal(&a->address, &b->address);

	return same && a->protocol == b->protocol && a->host <= b->last && b->host <= a->last;
}

static const struct spec_port *port_among(const struct net_member *other,
					  const struct net_member *member)
{
	for (size_t i = 0; i < other->port_count; i++)
		for (size_t k = 0; k < member->port_count; k++)
			if (collide(&other->ports[i], &member->ports[k]))
				return &other->ports[i];
	return NULL;
}

const struct spec_port *net_table_port(const struct net_table *table,
				       const struct net_member *member,
				       const struct net_member **owner)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct net_member *other = &table->members[i];
		const struct spec_port *port = strcmp(other->machine, member->machine) != 0
						       ? port_among(other, member)
						       : NULL;

		if (!port)
			continue;
		*owner = other;
		return port;
	}
	return NULL;
}

/* Whether the networks of two machines meet. Those of one zone share theirs. */
static bool networks_meet(const struct net_member *a, const struct net_member *b, size_t family)
{
	const struct ip *left = &a->address[family], *right = &b->address[family];
	uint8_t prefix =
		a->prefix[family] < b->prefix[family] ? a->prefix[family] : b->prefix[family];
	struct ip left_network, right_network;

	if (!left->family || !right->family)
		return false;
	if (*a->zone && strcmp(a->zone, b->zone) == 0)
		return ip_equal(left, right);
	/* On a link of others, the network is theirs to share. */
	if (!*a->link || !*b->link)
		return ip_equal(left, right);
	left_network = ip_network(left, prefix);
	right_network = ip_network(right, prefix);
	return ip_equal(&left_network, &right_network);
}

const struct net_member *net_table_address(const struct net_table *table,
					   const struct net_member *member)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct net_member *other = &table->members[i];

		if (strcmp(other->machine, member->machine) != 0 &&
		    (networks_meet(other, member, 0) || networks_meet(other, member, 1)))
			return other;
	}
	return NULL;
}

bool net_table_shares_link(const struct net_table *table, const struct net_member *member)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct net_member *other = &table->members[i];

		if (strcmp(other->machine, member->machine) != 0 &&
		    strcmp(other->link, member->link) == 0)
			return true;
	}
	return false;
}

/* ---- who lives ---- */

static int open_alive(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

int net_alive_take(const char *machine, struct floe_error *error)
{
	char path[PATH_SIZE], parent[PATH_SIZE];
	CLEANUP_FD int fd = open_alive(path_of(path, ALIVE, machine));

	/* With the first machine: below the lock nobody removes it. */
	if (fd == -ENOENT && mkdir(path_of(parent, ALIVE, NULL), 0700) == 0)
		fd = open_alive(path);
	if (fd < 0)
		return err_errno(error, -fd, "cannot make %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_errno(error, errno, "cannot lock %s", path);
	return take_fd(&fd);
}

bool net_alive(const char *machine)
{
	char path[PATH_SIZE];
	CLEANUP_FD int fd = open(path_of(path, ALIVE, machine), O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

void net_alive_remove(const char *machine)
{
	char path[PATH_SIZE];

	unlink(path_of(path, ALIVE, machine));
}
