/* SPDX-License-Identifier: MIT */
/* The addresses of machines, from a directory that holds a file for each. */
#include "dns_names.h"

#include "../base/cleanup.h"
#include "../base/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Below it are machines and nothing else. */
static const char domain[] = "floe";

/* Of a file: the most addresses of both families, and room for what is not understood. */
#define FILE_SIZE_MAX (2 * DNS_ADDRESS_MAX * INET6_ADDRSTRLEN)

/* As the kernel writes it, getdents64(2); readdir(3) allocates. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* ---- addresses ---- */

/* Other lines than addresses are somebody's who knows more than we do. */
static void add_address(const char *text, struct dns_addresses *addresses)
{
	if (addresses->v4_count < DNS_ADDRESS_MAX &&
	    inet_pton(AF_INET, text, &addresses->v4[addresses->v4_count]) == 1)
		addresses->v4_count++;
	else if (addresses->v6_count < DNS_ADDRESS_MAX &&
		 inet_pton(AF_INET6, text, &addresses->v6[addresses->v6_count]) == 1)
		addresses->v6_count++;
}

static void parse_addresses(char *text, struct dns_addresses *addresses)
{
	while (text) {
		char *newline = strchr(text, '\n');

		if (newline)
			*newline = '\0';
		add_address(text, addresses);
		text = newline ? newline + 1 : NULL;
	}
}

/* Neither links nor what may block are opened. */
static int read_addresses(int directory, const char *name, struct dns_addresses *addresses)
{
	CLEANUP_FD int fd =
		openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char text[FILE_SIZE_MAX + 1];
	struct stat status;
	ssize_t size;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	size = read(fd, text, FILE_SIZE_MAX);
	if (size < 0)
		return -errno;
	text[size] = '\0';
	parse_addresses(text, addresses);
	return 0;
}

/* ---- names ---- */

/* Looks through the entries in BUFFER of SIZE bytes; the one whose name is NAME but for its case. */
static const char *find_entry(const char *buffer, size_t size, const char *name)
{
	while (size > 0) {
		const struct entry *entry = (const struct entry *)(const void *)buffer;

		if (dns_same_name(entry->name, name))
			return entry->name;
		buffer += entry->size;
		size -= entry->size;
	}
	return NULL;
}

/* Not by its descriptor, whose position is shared with whoever else holds it. */
static int read_of_other_case(int directory, const char *name, struct dns_addresses *addresses)
{
	CLEANUP_FD int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buffer[4096] __attribute__((aligned(__alignof__(struct entry))));
	long size;

	if (fd < 0)
		return -errno;
	while ((size = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		const char *found = find_entry(buffer, (size_t)size, name);

		if (found)
			return read_addresses(directory, found, addresses);
	}
	return size < 0 ? -errno : -ENOENT;
}

static int find_machine(int directory, const char *name, struct dns_addresses *addresses)
{
	int r;

	if (!machine_name_valid(name))
		return -ENOENT;
	r = read_addresses(directory, name, addresses);
	return r == -ENOENT ? read_of_other_case(directory, name, addresses) : r;
}

/* How long the part of NAME before the domain is, with its dot; -1: NAME is not in the domain. */
static ssize_t before_domain(const char *name)
{
	size_t length = strlen(name), suffix = strlen(domain);

	if (length < suffix || !dns_same_name(name + length - suffix, domain))
		return -1;
	length -= suffix;
	return length > 0 && name[length - 1] != '.' ? -1 : (ssize_t)length;
}

int dns_names_find(int directory, const char *name, struct dns_addresses *addresses)
{
	char machine[MACHINE_NAME_MAX + 1];
	ssize_t length;
	int r;

	memset(addresses, 0, sizeof(*addresses));
	r = find_machine(directory, name, addresses);
	if (r != -ENOENT)
		return r;
	length = before_domain(name);
	if (length < 0)
		return -ENOENT;
	if (length == 0 || length > MACHINE_NAME_MAX + 1)
		return -ENXIO;
	memcpy(machine, name, (size_t)length - 1);
	machine[length - 1] = '\0';
	r = find_machine(directory, machine, addresses);
	return r == -ENOENT ? -ENXIO : r;
}
