/* SPDX-License-Identifier: MIT */
/* Where cgroup hierarchies are mounted, at unusual places too, and where the caller is in them. */
#include "host_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/list.h"
#include "../sys/device_filter.h"
#include "../sys/path.h"

/* Hosts with thousands of mounts exist; a line takes some hundred bytes. */
#define MOUNTINFO_LIMIT ((size_t)64 << 20)

/* A line of mountinfo, cut into strings. */
struct mount_line {
	long id;
	long parent;
	char *root;    /* what of the file system is at the mount point */
	char *point;   /* mount point */
	char *options; /* of the mount */
	char *type;
	char *super; /* options of the file system */
};

struct mount_table {
	struct mount_line *lines;
	size_t count;
};

static int octal(const char *digits)
{
	int value = 0;

	for (int i = 0; i < 3; i++) {
		if (digits[i] < '0' || digits[i] > '7')
			return -1;
		value = value * 8 + (digits[i] - '0');
	}
	return value;
}

/* Blanks, newlines and backslashes are written as octal numbers: \040 (proc(5)). */
static void unescape(char *text)
{
	char *to = strchr(text, '\\');

	if (!to)
		return;
	for (const char *from = to; *from; to++) {
		int value = *from == '\\' ? octal(from + 1) : -1;

		*to = value < 0 ? *from : (char)value;
		from += value < 0 ? 1 : 4;
	}
	*to = '\0';
}

/* 36 35 98:0 /root /point options [optional fields] - type source super */
static bool parse_mount(char *line, struct mount_line *mount)
{
	char *save, *source;
	char *id = strtok_r(line, " ", &save);
	char *parent = strtok_r(NULL, " ", &save);
	char *device = strtok_r(NULL, " ", &save);
	char *field;

	mount->root = strtok_r(NULL, " ", &save);
	mount->point = strtok_r(NULL, " ", &save);
	mount->options = strtok_r(NULL, " ", &save);
	do {
		field = strtok_r(NULL, " ", &save);
	} while (field && strcmp(field, "-") != 0);
	mount->type = strtok_r(NULL, " ", &save);
	source = strtok_r(NULL, " ", &save);
	mount->super = strtok_r(NULL, " ", &save);
	/* A mount without a source has an empty field there, which strtok_r() passes over. */
	if (source && !mount->super)
		mount->super = source;
	if (!device || !mount->options || !mount->type || !mount->super)
		return false;
	mount->id = strtol(id, NULL, 10);
	mount->parent = strtol(parent, NULL, 10);
	unescape(mount->root);
	unescape(mount->point);
	return true;
}

static size_t count_lines(const char *text)
{
	size_t count = 1;

	for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
		count++;
	return count;
}

static struct mount_table parse_mounts(struct arena *arena, char *text)
{
	struct mount_table table = {0};
	char *save;

	table.lines = arena_alloc(arena, count_lines(text) * sizeof(*table.lines));
	if (!table.lines)
		return table;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (parse_mount(line, &table.lines[table.count]))
			table.count++;
	}
	return table;
}

/* Whether PATH is DIRECTORY or below it; *BELOW becomes the rest, "/…" or "". */
static bool is_below(const char *path, const char *directory, const char **below)
{
	size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	if (strncmp(path, directory, length) != 0 || (path[length] && path[length] != '/'))
		return false;
	*below = path + length;
	return true;
}

static const struct mount_line *parent_of(const struct mount_table *table,
					  const struct mount_line *mount)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->lines[i].id == mount->parent && &table->lines[i] != mount)
			return &table->lines[i];
	}
	return NULL;
}

static bool is_ancestor(const struct mount_table *table, const struct mount_line *ancestor,
			const struct mount_line *mount)
{
	/* Bounded: text that makes no sense could hold a circle. */
	for (size_t i = 0; mount && i <= table->count; i++) {
		if (mount == ancestor)
			return true;
		mount = parent_of(table, mount);
	}
	return false;
}

/* A mount is reached by its path unless another, not below which it was made, lies on that path. */
static bool is_covered(const struct mount_table *table, const struct mount_line *mount)
{
	const char *below;

	for (size_t i = 0; i < table->count; i++) {
		const struct mount_line *other = &table->lines[i];

		if (is_below(mount->point, other->point, &below) &&
		    !is_ancestor(table, other, mount))
			return true;
	}
	return false;
}

static bool has_all_items(const char *list, const char *items)
{
	for (;;) {
		size_t length = strcspn(items, ",");

		if (!list_has(list, items, length))
			return false;
		if (!items[length])
			return true;
		items += length + 1;
	}
}

static bool shows_hierarchy(const struct mount_line *mount, const char *controllers)
{
	if (!*controllers)
		return strcmp(mount->type, "cgroup2") == 0;
	return strcmp(mount->type, "cgroup") == 0 && has_all_items(mount->super, controllers);
}

/* The caller's cgroup as a path below the mount, NULL when the mount does not show it: a bind of
 * another part, or one from outside the caller's cgroup namespace, whose root reads "/..". */
static const char *path_below(const struct mount_line *mount, const char *own)
{
	const char *below;

	if (!is_below(own, mount->root, &below))
		return NULL;
	return *below ? below : "/";
}

static bool find_hierarchy(struct arena *arena, const struct mount_table *table,
			   const char *controllers, const char *own,
			   struct host_hierarchy *hierarchy)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct mount_line *mount = &table->lines[i];
		const char *below;

		if (!shows_hierarchy(mount, controllers) || list_has(mount->options, "ro", 2))
			continue;
		below = path_below(mount, own);
		if (!below || is_covered(table, mount))
			continue;
		hierarchy->controllers = arena_strdup(arena, controllers);
		hierarchy->mount = arena_strdup(arena, mount->point);
		hierarchy->own = arena_strdup(arena, below);
		return true;
	}
	return false;
}

/* A cgroup that was removed under its processes is no place to make others below. */
static char *own_path(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(path);
	size_t suffix = sizeof(deleted) - 1;

	if (length > suffix && strcmp(path + length - suffix, deleted) == 0)
		strcpy(path, "/");
	return path;
}

/* 4:memory:/path, for cgroup2 0::/path */
static void add_hierarchy(struct host *host, const struct mount_table *table, char *line)
{
	char *controllers = strchr(line, ':');
	char *own = controllers ? strchr(controllers + 1, ':') : NULL;
	struct host_hierarchy found = {0};
	struct host_hierarchy *added;

	if (!own)
		return;
	*controllers++ = '\0';
	*own++ = '\0';
	if (!find_hierarchy(&host->arena, table, controllers, own_path(own), &found))
		return;
	if (!*controllers) {
		host->unified = found;
		return;
	}
	added = ARENA_APPEND(&host->arena, host->hierarchies, host->hierarchy_count);
	if (added)
		*added = found;
}

void host_parse_cgroup(struct host *host, const char *mountinfo, const char *own)
{
	struct arena scratch = {0};
	struct mount_table table = parse_mounts(&scratch, arena_strdup(&scratch, mountinfo));
	char *save;

	host->unified = (struct host_hierarchy){"", "", "/"};
	for (char *line = strtok_r(arena_strdup(&scratch, own), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		add_hierarchy(host, &table, line);
	if (host->hierarchy_count > 0)
		host->cgroup_layout = *host->unified.mount ? HOST_CGROUP_HYBRID : HOST_CGROUP_V1;
	else
		host->cgroup_layout = *host->unified.mount ? HOST_CGROUP_V2 : HOST_CGROUP_NONE;
	host->arena.failed |= scratch.failed;
	arena_free(&scratch);
}

/* A control file at the top of the version 2 tree: its length, or a negative errno. */
static ssize_t read_top_file(const struct host *host, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", host->unified.mount, name);
	return file_read(path, text, size);
}

/* -EFBIG: more processes than fit, which is some. */
static bool top_has_processes(const struct host *host, char *text, size_t size)
{
	ssize_t length = read_top_file(host, "cgroup.procs", text, size);

	return length > 0 || length == -EFBIG;
}

/*
 * What can be given to groups below the top. Inside a container the top is an ordinary group (it
 * has a cgroup.type), and while processes are in it the kernel lets it give nothing that it does
 * not give already (cgroup-v2.rst, "No Internal Process Constraint").
 */
static void read_unified_controllers(struct host *host)
{
	const char *file = "cgroup.controllers";
	char text[1024];

	host->unified_controllers = "";
	if (!*host->unified.mount)
		return;
	if (read_top_file(host, "cgroup.type", text, sizeof(text)) > 0 &&
	    top_has_processes(host, text, sizeof(text)))
		file = "cgroup.subtree_control";
	if (read_top_file(host, file, text, sizeof(text)) <= 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	host->unified_controllers = arena_strdup(&host->arena, text);
}

/* With a devices hierarchy of version 1 no program is needed. */
static bool needs_bpf(const struct host *host)
{
	if (!*host->unified.mount)
		return false;
	for (size_t i = 0; i < host->hierarchy_count; i++) {
		if (list_has(host->hierarchies[i].controllers, "devices", 7))
			return false;
	}
	return true;
}

int host_cgroup(struct host *host, const struct spec *spec, struct floe_error *error)
{
	CLEANUP_FREE char *mountinfo = NULL;
	CLEANUP_FREE char *own = NULL;
	size_t size;
	int r;

	(void)spec;
	r = file_read_all("/proc/self/mountinfo", MOUNTINFO_LIMIT, &mountinfo, &size);
	if (r < 0)
		return err_errno(error, -r, "cannot read /proc/self/mountinfo");
	/* A kernel without cgroups has no such file. */
	r = file_read_all("/proc/self/cgroup", MOUNTINFO_LIMIT, &own, &size);
	if (r < 0 && r != -ENOENT)
		return err_errno(error, -r, "cannot read /proc/self/cgroup");
	host_parse_cgroup(host, mountinfo, own ? own : "");
	read_unified_controllers(host);
	host->has_bpf_devices = needs_bpf(host) && device_filter_supported();
	return 0;
}
