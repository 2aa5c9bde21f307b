/* SPDX-License-Identifier: MIT */
/* Looking at the host and the tree, once: cheap, and without changing anything. */
#include "host_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../base/cleanup.h"

const char *host_descriptor_path(struct arena *arena, int fd)
{
	char link[32];
	char path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path));
	if (length < 0 || (size_t)length == sizeof(path))
		return "";
	return arena_strndup(arena, path, (size_t)length);
}

static void write_hex(char *text, const unsigned char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 0xf];
	}
	*text = '\0';
}

/* Two version 4 UUIDs (RFC 9562, 5.4): plain, and dashed as boot_id wants it. */
static int host_random(struct host *host, struct floe_error *error)
{
	unsigned char bytes[36];
	char hex[2][33];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(error, errno, "cannot get random bytes from the kernel");
	for (int id = 0; id < 2; id++) {
		unsigned char *uuid = bytes + 16 * id;

		uuid[6] = (uuid[6] & 0x0f) | 0x40;
		uuid[8] = (uuid[8] & 0x3f) | 0x80;
		write_hex(hex[id], uuid, 16);
	}
	host->random_uuid = arena_strdup(&host->arena, hex[0]);
	host->boot_id = arena_printf(&host->arena, "%.8s-%.4s-%.4s-%.4s-%s", hex[1], hex[1] + 8,
				     hex[1] + 12, hex[1] + 16, hex[1] + 20);
	memcpy(&host->uid_random, bytes + 32, sizeof(host->uid_random));
	return 0;
}

/* Without a directory (a volatile root alone) there is no tree: -1 and no error. */
static int open_tree_root(struct host *host, const struct spec *spec, int *root,
			  struct floe_error *error)
{
	if (!spec->directory)
		return 0;
	*root = open(spec->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*root >= 0)
		return 0;
	if (errno == ENOENT && spec_makes(spec, spec->directory))
		return host_tree_missing(host, spec, error);
	return err_errno(error, errno, "cannot open the directory %s", spec->directory);
}

/* What the host has of the tree's journal; no link of its own is followed. */
static void probe_journal(struct host *host)
{
	struct stat status;
	char path[PATH_MAX];

	if (!host->journal_dir || !host->tree.machine_id)
		return;
	snprintf(path, sizeof(path), "%s/%s", host->journal_dir, host->tree.machine_id);
	if (lstat(path, &status) == 0)
		host->journal_mode = status.st_mode;
}

static int probe_tree(struct host *host, const struct spec *spec, struct floe_error *error)
{
	CLEANUP_FD int root = -1;
	int r = open_tree_root(host, spec, &root, error);

	if (r == 0 && root >= 0)
		r = host_tree(host, spec, root, error);
	if (r == 0 && root >= 0)
		r = host_inits(host, spec, root);
	if (r == 0)
		r = host_sources(host, spec, root, error);
	if (r == 0)
		r = host_user(host, spec, root, error);
	return r;
}

int host_probe(struct host *host, const struct spec *spec, struct floe_error *error)
{
	int r;

	host->run_dir = "/run/floe";
	host->state_dir = "/var/lib/floe";
	r = host_kernel(host, spec, error);
	if (r == 0)
		r = host_cgroup(host, spec, error);
	if (r == 0)
		r = host_random(host, error);
	if (r == 0)
		r = host_files(host, spec, error);
	if (r == 0)
		r = probe_tree(host, spec, error);
	probe_journal(host);
	if (r == 0)
		r = host_net(host, spec, error);
	if (r == 0)
		r = host_ids(host, spec, error);
	if (r == 0 && arena_failed(&host->arena))
		r = err_errno(error, ENOMEM, "cannot look at the host");
	return r;
}

void host_free(struct host *host)
{
	arena_free(&host->arena);
	memset(host, 0, sizeof(*host));
}
