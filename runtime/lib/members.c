/* SPDX-License-Identifier: MIT */
/* The processes of a machine: by its control groups, or by its pid namespace. */
#include "members.h"

#include "../base/cleanup.h"
#include "../monitor/notify_parse.h"
#include "../sys/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A machine may nest its groups as deep as it likes; what is below is not looked at. */
#define DEPTH_MAX 32

/* A longer command line is cut. */
#define COMMAND_MAX 256

struct listing {
	struct arena *arena;
	struct member *members;
	size_t count;
};

static int add_member(struct listing *listing, pid_t pid, const char *cgroup)
{
	struct member *member = ARENA_APPEND(listing->arena, listing->members, listing->count);

	if (!member)
		return -ENOMEM;
	*member = (struct member){pid, cgroup};
	return 0;
}

/* Zero stands for a process of another pid namespace, which nobody here can name. */
static int add_processes(struct listing *listing, const char *path, const char *cgroup)
{
	CLEANUP_FREE char *text = NULL;
	const char *file = arena_printf(listing->arena, "%s/cgroup.procs", path);
	size_t size;
	int r = 0;

	/* A threaded group has no list of processes (EOPNOTSUPP): those are in the one above. */
	if (file_read_all(file, (size_t)1 << 24, &text, &size) < 0)
		return 0;
	for (char *line = text; r == 0 && *line; line += strcspn(line, "\n") + 1) {
		long pid = strtol(line, NULL, 10);

		if (pid > 0)
			r = add_member(listing, (pid_t)pid, cgroup);
		if (!strchr(line, '\n'))
			break;
	}
	return r;
}

static int is_group(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static int add_group(struct listing *listing, const char *path, const char *cgroup, int depth)
{
	struct dirent **entries = NULL;
	int count, r = add_processes(listing, path, cgroup);

	if (depth == DEPTH_MAX || r < 0)
		return r;
	count = scandir(path, &entries, is_group, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (r == 0)
			r = add_group(listing, arena_printf(listing->arena, "%s/%s", path, name),
				      arena_printf(listing->arena, "%s%s%s", cgroup,
						   *cgroup ? "/" : "", name),
				      depth + 1);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* In a unit of the service manager the two parts of a machine stand beside each other. */
static int add_groups(struct listing *listing, const struct state *state)
{
	int r = add_group(listing, state->cgroup, "", 0);

	if (r == 0 && state->keep_unit)
		r = add_group(listing, state->cgroup_exec, "exec", 0);
	return r;
}

static ino_t pid_namespace(const char *pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%.16s/ns/pid", pid);
	return stat(path, &status) < 0 ? 0 : status.st_ino;
}

static int add_namespace(struct listing *listing, pid_t leader)
{
	CLEANUP_DIR DIR *stream = opendir("/proc");
	struct dirent *entry;
	char name[16];
	ino_t wanted;
	int r = 0;

	snprintf(name, sizeof(name), "%d", (int)leader);
	wanted = pid_namespace(name);
	while (r == 0 && wanted && stream && (entry = readdir(stream))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    pid_namespace(entry->d_name) == wanted)
			r = add_member(listing, (pid_t)strtol(entry->d_name, NULL, 10), "");
	}
	return r;
}

int members_list(const struct state *state, struct arena *arena, struct member **members,
		 size_t *count)
{
	struct listing listing = {.arena = arena};
	int r = 0;

	if (*state->cgroup)
		r = add_groups(&listing, state);
	else if (state->leader > 0)
		r = add_namespace(&listing, state->leader);
	*members = listing.members;
	*count = listing.count;
	return r < 0 || arena_failed(arena) ? -ENOMEM : 0;
}

/* The words of a command line end with NUL bytes (proc(5)). */
static size_t read_command(pid_t pid, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, size);
	while (length > 0 && text[length - 1] == '\0')
		length--;
	for (ssize_t i = 0; i < length; i++)
		text[i] = text[i] ? text[i] : ' ';
	return length > 0 ? (size_t)length : 0;
}

const char *member_command(struct arena *arena, pid_t pid)
{
	char raw[COMMAND_MAX], text[COMMAND_MAX + 1], path[64];
	size_t length = read_command(pid, raw, sizeof(raw));
	ssize_t name;

	if (length > 0) {
		text_clean(raw, length, text, COMMAND_MAX);
		return arena_strdup(arena, text);
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	name = file_read(path, raw, sizeof(raw));
	if (name <= 0)
		return "";
	text_clean(raw, (size_t)name - 1, text, COMMAND_MAX);
	return arena_printf(arena, "[%s]", text);
}
