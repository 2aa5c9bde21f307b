/* SPDX-License-Identifier: MIT */
/* Identity, configuration files, devices and standard descriptors of the host. */
#include "host_parts.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../sys/path.h"

#define OS_RELEASE_LIMIT ((size_t)64 << 10)

static const char *existing(const char *path)
{
	return access(path, F_OK) == 0 ? path : NULL;
}

const char *host_parse_machine_id(struct arena *arena, const char *text)
{
	size_t length = strspn(text, "0123456789abcdefABCDEF");
	char *id;

	/* Empty and "uninitialized" are none (machine-id(5)), and so is nothing but zeros. */
	if (length != 32 || (text[32] && text[32] != '\n') || strspn(text, "0") == 32)
		return NULL;
	id = arena_strndup(arena, text, length);
	for (char *at = id; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return id;
}

static void probe_identity(struct host *host)
{
	char name[HOST_NAME_MAX + 1] = "";
	char id[64];

	gethostname(name, sizeof(name) - 1);
	host->hostname = arena_strdup(&host->arena, name);
	if (file_read("/etc/machine-id", id, sizeof(id)) > 0)
		host->machine_id = host_parse_machine_id(&host->arena, id);
}

/* Takes the quotes of os-release(5) off in place: '…' as it is, \ outside of that is an escape. */
static void unquote(char *value)
{
	char quote = '\0';
	char *to = value;

	for (const char *from = value; *from; from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'') {
			quote = quote ? '\0' : *from;
			continue;
		}
		if (*from == '\\' && quote != '\'' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

static void add_os_id(struct host *host, const char *name, char *value)
{
	struct spec_variable *variable =
		ARENA_APPEND(&host->arena, host->os_ids, host->os_id_count);
	char *lower = arena_strdup(&host->arena, name);

	if (!variable)
		return;
	unquote(value);
	variable->name = lower;
	variable->value = arena_strdup(&host->arena, value);
	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
}

void host_parse_os_release(struct host *host, const char *text)
{
	static const char *const keys[] = {"ID", "VERSION_ID", "BUILD_ID", "VARIANT_ID"};
	CLEANUP_FREE char *copy = strdup(text);
	char *save;

	if (!copy) {
		host->arena.failed = true;
		return;
	}
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			if (strcmp(line, keys[i]) == 0)
				add_os_id(host, keys[i], value);
		}
	}
}

static void probe_os_release(struct host *host)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;

	host->os_release = existing("/etc/os-release");
	if (!host->os_release)
		host->os_release = existing("/usr/lib/os-release");
	if (host->os_release &&
	    file_read_all(host->os_release, OS_RELEASE_LIMIT, &text, &size) == 0)
		host_parse_os_release(host, text);
}

/* What is below …/zoneinfo/ of the link: NixOS has it in /etc. Not where that link leads to. */
static void probe_localtime(struct host *host)
{
	static const char part[] = "/zoneinfo/";
	char target[PATH_MAX];
	ssize_t length = readlink("/etc/localtime", target, sizeof(target) - 1);
	const char *zone;

	host->localtime_file = existing("/etc/localtime");
	if (length <= 0)
		return;
	target[length] = '\0';
	zone = strstr(target, part);
	if (zone && zone[sizeof(part) - 1] && !strstr(zone, ".."))
		host->localtime_zone = arena_strdup(&host->arena, zone + sizeof(part) - 1);
}

static bool is_character_device(const char *path, dev_t device)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == device;
}

/* The names of TABLE that exist below DIRECTORY; NULL-terminated. */
static const char *const *existing_names(struct arena *arena, const char *directory,
					 const char *const *table, size_t count)
{
	const char **names = arena_alloc(arena, (count + 1) * sizeof(*names));
	char path[64];
	size_t used = 0;

	for (size_t i = 0; names && i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, table[i]);
		if (access(path, F_OK) == 0)
			names[used++] = table[i];
	}
	return names;
}

/* Majors and minors are in Documentation/admin-guide/devices.txt of the kernel. */
static void probe_devices(struct host *host, const struct spec *spec)
{
	static const char *const nodes[] = {HOST_DEVICE_NODES};
	static const char *const covered[] = {HOST_PROC_PATHS};

	host->device_nodes = existing_names(&host->arena, "/dev", nodes, ARRAY_SIZE(nodes));
	host->has_fuse = is_character_device("/dev/fuse", makedev(10, 229));
	host->has_tun = is_character_device("/dev/net/tun", makedev(10, 200));
	/* Masks are for who asked, and for machines without a user namespace. */
	if (!spec->masks && spec->userns != SPEC_USERNS_NO)
		return;
	host->proc_paths = existing_names(&host->arena, "/proc", covered, ARRAY_SIZE(covered));
}

/* sd_listen_fds(3): meant for us when LISTEN_PID is our pid. */
static int passed_descriptors(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	long number;

	if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	number = strtol(count, NULL, 10);
	return number > 0 && number < INT_MAX - 3 ? (int)number : 0;
}

static void probe_caller(struct host *host)
{
	host->term = arena_strdup(&host->arena, getenv("TERM"));
	host->stdin_tty = isatty(STDIN_FILENO);
	host->stdout_tty = isatty(STDOUT_FILENO);
	host->listen_fds = passed_descriptors();
}

int host_files(struct host *host, const struct spec *spec, struct floe_error *error)
{
	(void)error;
	probe_identity(host);
	probe_os_release(host);
	probe_localtime(host);
	probe_devices(host, spec);
	probe_caller(host);
	host->resolv_stub = existing("/run/systemd/resolve/stub-resolv.conf");
	host->resolv_uplink = existing("/run/systemd/resolve/resolv.conf");
	host->resolv_static = existing("/usr/lib/systemd/resolv.conf");
	host->resolv_host = existing("/etc/resolv.conf");
	host->journal_dir = existing("/var/log/journal");
	return 0;
}
