/* SPDX-License-Identifier: MIT */
/* The resolvers that the host uses. */
#include "resolvers.h"

#include "../base/cleanup.h"
#include "../base/dns.h"
#include "../sys/path.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Read at most: what is behind that much text is not a name server that libraries find either. */
#define FILE_SIZE_MAX 8192

/* One that did not answer is asked last for so long. */
#define REST_USEC UINT64_C(30000000)

/* ---- the file ---- */

static bool same_time(struct timespec left, struct timespec right)
{
	return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

static bool is_as_read(const struct resolvers *resolvers, const struct stat *now)
{
	return resolvers->generation > 0 && resolvers->device == now->st_dev &&
	       resolvers->inode == now->st_ino && resolvers->size == now->st_size &&
	       same_time(resolvers->modified, now->st_mtim) &&
	       same_time(resolvers->changed, now->st_ctim);
}

/* A file that is not there, or not to be read, is an empty one: resolv.conf(5). */
static void reload(struct resolvers *resolvers, const struct stat *now)
{
	char text[FILE_SIZE_MAX];
	ssize_t size = file_read(RESOLVERS_PATH, text, sizeof(text));

	if (size == -EFBIG)
		size = sizeof(text);
	resolv_conf_parse(text, size < 0 ? 0 : (size_t)size, &resolvers->conf);
	memset(resolvers->failed_usec, 0, sizeof(resolvers->failed_usec));
	resolvers->device = now->st_dev;
	resolvers->inode = now->st_ino;
	resolvers->size = now->st_size;
	resolvers->modified = now->st_mtim;
	resolvers->changed = now->st_ctim;
	resolvers->generation++;
}

/* Looked at before it is read: what is written in between is noticed the next time. */
static void refresh(struct resolvers *resolvers)
{
	struct stat now;

	if (stat(RESOLVERS_PATH, &now) < 0)
		memset(&now, 0, sizeof(now));
	if (!is_as_read(resolvers, &now))
		reload(resolvers, &now);
}

/* ---- one of them ---- */

/* A link's name or number; 0: there is none such now. */
static uint32_t scope_number(int fd, const char *scope)
{
	struct ifreq request = {0};
	uint32_t number = 0;

	memcpy(request.ifr_name, scope, IF_NAMESIZE);
	if (ioctl(fd, SIOCGIFINDEX, &request) == 0)
		return (uint32_t)request.ifr_ifindex;
	for (; *scope >= '0' && *scope <= '9'; scope++)
		number = number * 10 + (uint32_t)(*scope - '0');
	return *scope ? 0 : number;
}

static int connect_v4(int fd, const struct resolv_server *server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(DNS_PORT), .sin_addr = server->v4};

	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int connect_v6(int fd, const struct resolv_server *server)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT), .sin6_addr = server->v6};

	if (server->scope[0])
		address.sin6_scope_id = scope_number(fd, server->scope);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

/* The kernel gives every datagram socket a random port of its own (udp_lib_get_port()). */
static int connect_to(const struct resolv_server *server, int type)
{
	CLEANUP_FD int fd = socket(server->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = server->family == AF_INET ? connect_v4(fd, server) : connect_v6(fd, server);
	return r < 0 && errno != EINPROGRESS ? -errno : take_fd(&fd);
}

/* ---- choosing ---- */

static bool is_tried(const struct resolver_choice *choice, size_t i)
{
	return choice->tried & (1U << i);
}

/* The first that was not tried and did not fail lately; else the first that was not tried. */
static int pick(const struct resolvers *resolvers, const struct resolver_choice *choice,
		uint64_t now_usec)
{
	int found = -ENOENT;

	for (size_t i = 0; i < resolvers->conf.count; i++) {
		uint64_t failed = resolvers->failed_usec[i];

		if (is_tried(choice, i))
			continue;
		if (failed == 0 || failed + REST_USEC <= now_usec)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found;
}

int resolvers_connect(struct resolvers *resolvers, struct resolver_choice *choice, int type,
		      uint64_t now_usec)
{
	int found, fd;

	refresh(resolvers);
	if (choice->generation != resolvers->generation)
		*choice = (struct resolver_choice){.generation = resolvers->generation};
	while ((found = pick(resolvers, choice, now_usec)) >= 0) {
		choice->tried |= 1U << found;
		choice->current = (unsigned int)found;
		fd = connect_to(&resolvers->conf.servers[found], type);
		if (fd >= 0)
			return fd;
		resolvers_note(resolvers, choice, false, now_usec);
	}
	return found;
}

bool resolvers_has_next(const struct resolvers *resolvers, const struct resolver_choice *choice)
{
	if (choice->generation != resolvers->generation)
		return true;
	for (size_t i = 0; i < resolvers->conf.count; i++)
		if (!is_tried(choice, i))
			return true;
	return false;
}

void resolvers_note(struct resolvers *resolvers, const struct resolver_choice *choice,
		    bool answered, uint64_t now_usec)
{
	if (choice->generation == resolvers->generation)
		resolvers->failed_usec[choice->current] = answered ? 0 : now_usec;
}
