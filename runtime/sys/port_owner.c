/* SPDX-License-Identifier: MIT */
/* Who listens on a port of the host. */
#include "port_owner.h"

#include "../base/cleanup.h"
#include "path.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define TABLE_LIMIT ((size_t)64 << 20)

/* Socket states of /proc/net/tcp: TCP_LISTEN. UDP sockets that are not connected have TCP_CLOSE. */
#define STATE_LISTEN 0x0a
#define STATE_CLOSE  0x07

/* The inode of the socket in one line of /proc/net/{tcp,udp}{,6} (proc(5)), 0 for others. */
static uint64_t socket_inode(const char *line, uint16_t number, unsigned int wanted_state)
{
	unsigned int port, state;
	uint64_t inode;

	if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %" SCNu64,
		   &port, &state, &inode) != 3)
		return 0;
	return port == number && state == wanted_state ? inode : 0;
}

static uint64_t find_inode(const char *path, uint16_t number, unsigned int state)
{
	CLEANUP_FREE char *text = NULL;
	char *position = NULL;
	uint64_t inode = 0;
	size_t size;

	if (file_read_all(path, TABLE_LIMIT, &text, &size) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &position); line && !inode;
	     line = strtok_r(NULL, "\n", &position))
		inode = socket_inode(line, number, state);
	return inode;
}

static bool has_socket(int process, const char *link)
{
	CLEANUP_DIR DIR *fds = NULL;
	struct dirent *entry;
	char target[64];
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	fds = fdopendir(fd);
	if (!fds) {
		cleanup_fd(&fd);
		return false;
	}
	while ((entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strcmp(target, link) == 0)
			return true;
	}
	return false;
}

static int describe(const char *pid, char *text, size_t size)
{
	char path[64], name[32];

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	if (file_read(path, name, sizeof(name)) <= 0)
		return -ENOENT;
	name[strcspn(name, "\n")] = '\0';
	snprintf(text, size, "%s (process %.16s)", name, pid);
	return 0;
}

static int find_process(uint64_t inode, char *text, size_t size)
{
	CLEANUP_DIR DIR *processes = opendir("/proc");
	struct dirent *entry;
	char link[64];

	snprintf(link, sizeof(link), "socket:[%" PRIu64 "]", inode);
	while (processes && (entry = readdir(processes))) {
		CLEANUP_FD int process = -1;

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		process =
			openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0 && has_socket(process, link))
			return describe(entry->d_name, text, size);
	}
	return -ENOENT;
}

int port_owner(uint8_t protocol, uint16_t number, char *text, size_t size)
{
	static const char *const tables[2][2] = {{"/proc/net/tcp", "/proc/net/tcp6"},
						 {"/proc/net/udp", "/proc/net/udp6"}};
	bool udp = protocol == IPPROTO_UDP;
	uint64_t inode = 0;

	for (size_t i = 0; i < 2 && !inode; i++)
		inode = find_inode(tables[udp][i], number, udp ? STATE_CLOSE : STATE_LISTEN);
	return inode ? find_process(inode, text, size) : -ENOENT;
}
