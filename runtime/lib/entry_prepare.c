/* SPDX-License-Identifier: MIT */
/* What a command in a machine needs: its PID 1's namespaces and limits, and a user of its tree. */
#include "../base/cleanup.h"
#include "../base/passwd.h"
#include "../base/search_path.h"
#include "../plan/host_parts.h"
#include "../state/identity.h"
#include "../sys/cgroup.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "entry.h"
#include "filters.h"
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* Of the caller's environment nothing goes in; what it names itself for a terminal it passes. */
#define DEFAULT_TERM "vt220"

/* Larger status files of a process do not exist. */
#define STATUS_SIZE 8192

int entry_raise(int *fd)
{
	int raised;

	if (*fd > 2)
		return 0;
	raised = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (raised < 0)
		return -errno;
	close(*fd);
	*fd = raised;
	return 0;
}

static int open_leader(struct entry *entry, const struct state *state, struct floe_error *error)
{
	if (state->phase == STATE_DEAD || state->leader == 0)
		return err_set(error, FLOE_ERROR_NOT_FOUND, ESRCH,
			       "the machine %s is not running: it %s", state->name,
			       state->phase == STATE_DEAD ? "ended without being cleaned up"
							  : "is only being started");
	entry->leader = identity_open(state->leader, state->leader_start);
	if (entry->leader < 0)
		return err_errno(error, -entry->leader, "cannot find the first process %d of %s",
				 (int)state->leader, state->name);
	if (usage_paused(state)) {
		err_set(error, FLOE_ERROR_BUSY, EBUSY, "the machine %s is paused", state->name);
		return err_hint(error, "\"floe resume %s\" lets it go on", state->name);
	}
	return entry_raise(&entry->leader);
}

/* What was read by pid belongs to the machine if its leader still lives after that. */
static int check_leader(const struct entry *entry, const struct state *state,
			struct floe_error *error)
{
	int r = process_signal(entry->leader, 0);

	return r < 0 ? err_errno(error, -r, "the machine %s ended", state->name) : 0;
}

/* ---- namespaces ---- */

static const struct {
	const char *name;
	uint64_t flag;
} namespaces[] = {
	{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},        {"pid", CLONE_NEWPID},
	{"net", CLONE_NEWNET},   {"uts", CLONE_NEWUTS},       {"ipc", CLONE_NEWIPC},
	{"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP},
};

/* Joining one's own user namespace is an error (setns(2)), and the others cost time. A kind that
 * the kernel does not have cannot differ. */
static bool differs(pid_t leader, const char *name)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &ours) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)leader, name);
	return stat(path, &theirs) == 0 &&
	       (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
}

static void find_namespaces(struct entry *entry, const struct state *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (differs(state->leader, namespaces[i].name))
			entry->namespaces |= namespaces[i].flag;
	}
	entry->user_namespace = entry->namespaces & CLONE_NEWUSER;
}

/* ---- limits ---- */

/* The number in BASE after NAME in the text of /proc/PID/status. */
static uint64_t status_number(const char *text, const char *name, int base)
{
	const char *line = strstr(text, name);

	return line ? strtoull(line + strlen(name), NULL, base) : 0;
}

static int read_limits(struct entry *entry, const struct state *state, struct floe_error *error)
{
	char path[64], text[STATUS_SIZE];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)state->leader);
	length = file_read(path, text, sizeof(text));
	if (length < 0)
		return err_errno(error, (int)-length, "cannot read %s", path);
	entry->capabilities = status_number(text, "\nCapBnd:", 16);
	entry->no_new_privileges = status_number(text, "\nNoNewPrivs:", 10) == 1;
	entry->filtered = state->seccomp;
	snprintf(path, sizeof(path), "/proc/%d/personality", (int)state->leader);
	length = file_read(path, text, sizeof(text));
	entry->personality = length > 0 ? strtoul(text, NULL, 16) : 0;
	if (!entry->filtered)
		return 0;
	return filters_find(state->capabilities, state->syscall_filter, state->syscall_filter_count,
			    &entry->arena, &entry->filters, NULL, NULL, error);
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* Whether PATH is a group beside or above that for commands: in the same hierarchy. */
static bool beside_commands(const struct state *state, const char *path)
{
	const char *slash = strrchr(state->cgroup_exec, '/');
	char parent[PATH_MAX];

	if (!slash || (size_t)(slash - state->cgroup_exec) >= sizeof(parent))
		return false;
	memcpy(parent, state->cgroup_exec, (size_t)(slash - state->cgroup_exec));
	parent[slash - state->cgroup_exec] = '\0';
	return is_below(path, parent);
}

/* A login becomes a session, which the systemd inside moves to a group of its tree: it can only move
 * what is in that tree already (cgroup-v2.rst, "Delegation Containment"). */
static int find_login_group(struct entry *entry, const struct state *state)
{
	entry->helper = entry->cgroup;
	entry->cgroup = arena_printf(&entry->arena, "%s%s/floe-login", state->cgroup,
				     state->keep_unit ? "" : "/payload");
	return cgroup_make(entry->cgroup);
}

/* In version 1 hierarchies the machine's own groups; in version 2 one for commands, which may not
 * sit in the machine's part of the tree and is made by the first of them. */
static int find_cgroups(struct entry *entry, const struct state *state, bool login,
			struct floe_error *error)
{
	int r;

	for (size_t i = 0; i < state->trace_count; i++) {
		const char *path = state->traces[i].path;
		const char **slot;

		/* One that `floe set` may make later, and did not, is no place to be. */
		if (strcmp(state->traces[i].kind, "cgroup") != 0 || beside_commands(state, path) ||
		    access(path, F_OK) < 0)
			continue;
		slot = ARENA_APPEND(&entry->arena, entry->cgroups, entry->cgroup_count);
		if (!slot)
			return err_errno(error, ENOMEM, "cannot enter %s", state->name);
		*slot = path;
	}
	if (!*state->cgroup_exec)
		return 0;
	entry->cgroup = state->cgroup_exec;
	r = cgroup_make(entry->cgroup);
	if (r == 0 && login)
		r = find_login_group(entry, state);
	return r < 0 ? err_errno(error, -r, "cannot make the cgroup %s", entry->cgroup) : 0;
}

/* ---- user and environment ---- */

static bool has_directory(int root, const char *path)
{
	CLEANUP_FD int fd = path_open_in(root, path, O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

/* A tree without users still has root. */
static void presume_root(struct host_user *user, int root)
{
	user->name = "root";
	user->uid = user->gid = 0;
	user->home = has_directory(root, "/root") ? "/root" : "/";
	user->shell = "";
}

static int check_user(struct host_user *user, const char *wanted, const char *machine, int root,
		      struct floe_error *error)
{
	uint32_t id;

	if (user->found)
		return 0;
	if (strcmp(wanted, "root") == 0 || strcmp(wanted, "0") == 0) {
		presume_root(user, root);
		return 0;
	}
	if (passwd_parse_id(wanted, &id) < 0) {
		err_set(error, FLOE_ERROR_NOT_FOUND, ENOENT,
			"there is no user \"%.64s\" in the machine %s", wanted, machine);
		err_hint(error, "its /etc/passwd lists those there are; a number works without it");
		return -ENOENT;
	}
	user->uid = user->gid = id;
	user->home = "/";
	user->shell = "";
	return 0;
}

static void add_variable(struct entry *entry, size_t *count, const char *name, const char *value)
{
	char **slot = ARENA_APPEND(&entry->arena, entry->environment, *count);

	if (slot)
		*slot = arena_printf(&entry->arena, "%s=%s", name, value);
}

/* Replaces one of the same name. */
static void set_variable(struct entry *entry, size_t *count, const char *assignment)
{
	size_t length = strcspn(assignment, "=");
	char **slot = NULL;

	for (size_t i = 0; i < *count; i++) {
		if (strncmp(entry->environment[i], assignment, length) == 0 &&
		    entry->environment[i][length] == '=')
			slot = &entry->environment[i];
	}
	if (!slot)
		slot = ARENA_APPEND(&entry->arena, entry->environment, *count);
	if (slot)
		*slot = arena_strdup(&entry->arena, assignment);
}

static const char *dashed_uuid(struct entry *entry, const char *id)
{
	return arena_printf(&entry->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12,
			    id + 16, id + 20);
}

static void make_environment(struct entry *entry, const struct state *state,
			     const struct host_user *user, const char *shell, int root,
			     char *const *given)
{
	size_t count = 0;

	add_variable(entry, &count, "PATH",
		     has_directory(root, "/run/current-system/sw/bin") ? SEARCH_PATH_NIXOS
								       : SEARCH_PATH_DEFAULT);
	add_variable(entry, &count, "HOME", entry->directory);
	add_variable(entry, &count, "USER", user->name);
	add_variable(entry, &count, "LOGNAME", user->name);
	add_variable(entry, &count, "SHELL", shell);
	add_variable(entry, &count, "container", "systemd-nspawn");
	if (strlen(state->uuid) == 32)
		add_variable(entry, &count, "container_uuid", dashed_uuid(entry, state->uuid));
	if (entry->terminal)
		add_variable(entry, &count, "TERM", DEFAULT_TERM);
	for (; given && *given; given++)
		set_variable(entry, &count, *given);
	ARENA_APPEND(&entry->arena, entry->environment, count);
}

/* ---- the program ---- */

static const char *variable(const struct entry *entry, const char *name)
{
	size_t length = strlen(name);

	for (char **at = entry->environment; *at; at++) {
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	}
	return "";
}

static void add_candidate(struct entry *entry, size_t *count, const char *path)
{
	char **slot = ARENA_APPEND(&entry->arena, entry->candidates, *count);

	if (slot)
		*slot = arena_strdup(&entry->arena, path);
}

/* A name without a slash is looked for in PATH, as execvp(3) does. */
static void find_program(struct entry *entry, const char *program)
{
	const char *path = variable(entry, "PATH");
	size_t count = 0;

	if (strchr(program, '/'))
		add_candidate(entry, &count, program);
	while (!strchr(program, '/') && *path) {
		size_t length = strcspn(path, ":");

		if (length > 0)
			add_candidate(
				entry, &count,
				arena_printf(&entry->arena, "%.*s/%s", (int)length, path, program));
		path += length + (path[length] == ':');
	}
	ARENA_APPEND(&entry->arena, entry->candidates, count);
}

static void add_argument(struct entry *entry, size_t *count, const char *argument)
{
	char **slot = ARENA_APPEND(&entry->arena, entry->arguments, *count);

	if (slot)
		*slot = arena_strdup(&entry->arena, argument);
}

/* A login shell is one whose name begins with '-' (bash(1), INVOCATION). */
static void make_arguments(struct entry *entry, const char *shell, char *const *given)
{
	const char *name = strrchr(shell, '/');
	size_t count = 0;

	if (given && given[0]) {
		find_program(entry, given[0]);
		for (; *given; given++)
			add_argument(entry, &count, *given);
	} else {
		find_program(entry, shell);
		add_argument(entry, &count,
			     arena_printf(&entry->arena, "-%s", name ? name + 1 : shell));
	}
	ARENA_APPEND(&entry->arena, entry->arguments, count);
}

/* The path in the tree of the first of PATH's directories that has the program; NULL: none has. */
static const char *find_in_tree(struct entry *entry, int root, const char *program)
{
	const char *path = variable(entry, "PATH");

	while (*path) {
		size_t length = strcspn(path, ":");
		const char *candidate =
			arena_printf(&entry->arena, "%.*s/%s", (int)length, path, program);
		CLEANUP_FD int fd = path_open_in(root, candidate, O_PATH, 0);

		if (fd >= 0)
			return candidate;
		path += length + (path[length] == ':');
	}
	return NULL;
}

/* Shows the tree's greeting and asks for a name: util-linux's getty, which is told where login is
 * since NixOS has it elsewhere; BusyBox's; or login itself, which asks as well. For all "-" is the
 * terminal that they have already (agetty(8)). */
static int make_login(struct entry *entry, const struct state *state, int root,
		      struct floe_error *error)
{
	const char *login = find_in_tree(entry, root, "login");
	const char *agetty = find_in_tree(entry, root, "agetty");
	const char *getty = find_in_tree(entry, root, "getty");
	const char *type = variable(entry, "TERM");
	const char *const with_agetty[] = {agetty, "--noclear", "--login-program", login, "-",
					   type,   NULL};
	const char *const with_getty[] = {getty, "-l", login, "0", "-", type, NULL};
	const char *const alone[] = {login, NULL};
	const char *const *words = agetty ? with_agetty : getty ? with_getty : alone;
	size_t count = 0;

	if (!login) {
		err_set(error, FLOE_ERROR_NOT_FOUND, ENOENT,
			"there is no login program in the machine %s", state->name);
		return err_hint(error, "\"floe shell %s\" needs none", state->name);
	}
	find_program(entry, words[0]);
	for (; *words; words++)
		add_argument(entry, &count, *words);
	ARENA_APPEND(&entry->arena, entry->arguments, count);
	return 0;
}

static void set_groups(struct entry *entry, const struct host_user *user)
{
	uint32_t *groups = arena_alloc(&entry->arena, (user->group_count + 1) * sizeof(*groups));

	if (groups && user->group_count > 0)
		memcpy(groups, user->groups, user->group_count * sizeof(*groups));
	entry->groups = groups;
	entry->group_count = groups ? user->group_count : 0;
}

static int prepare_user(struct entry *entry, const struct state *state,
			const struct floe_exec_options *options, int root, struct floe_error *error)
{
	const char *wanted = options->user ? options->user : "root";
	struct spec spec = {.user = (char *)(uintptr_t)wanted};
	struct host host = {0};
	struct host_user *user = &host.user;
	const char *shell;
	int r = host_user(&host, &spec, root, error);

	if (r == 0)
		r = check_user(user, wanted, state->name, root, error);
	if (r == 0) {
		entry->uid = user->uid;
		entry->gid = user->gid;
		set_groups(entry, user);
		shell = user->shell && *user->shell ? user->shell : "/bin/sh";
		entry->directory =
			arena_strdup(&entry->arena, user->home && *user->home ? user->home : "/");
		entry->last_directory = "/";
		make_environment(entry, state, user, shell, root, options->environment);
		if (options->login)
			r = make_login(entry, state, root, error);
		else
			make_arguments(entry, shell, options->arguments);
	}
	arena_free(&host.arena);
	return r;
}

static int prepare_in_tree(struct entry *entry, const struct state *state,
			   const struct floe_exec_options *options, struct floe_error *error)
{
	char path[64];
	CLEANUP_FD int root = -1;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)state->leader);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_errno(error, errno, "cannot open the root of %s", state->name);
	r = prepare_user(entry, state, options, root, error);
	if (r < 0 || !options->directory)
		return r;
	entry->directory = arena_strdup(&entry->arena, options->directory);
	entry->last_directory = NULL;
	return 0;
}

/* The child makes them 0, 1 and 2: from above, so that none overwrites another on the way. */
static int take_stdio(struct entry *entry, const struct floe_exec_options *options,
		      struct floe_error *error)
{
	const int given[3] = {options->input, options->output, options->error_output};

	for (int i = 0; i < 3 && !entry->terminal; i++) {
		if (given[i] < 0)
			continue;
		entry->stdio[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 3);
		if (entry->stdio[i] < 0)
			return err_errno(error, errno, "cannot pass descriptor %d to the command",
					 given[i]);
	}
	return 0;
}

int entry_prepare(struct entry *entry, const struct state *state,
		  const struct floe_exec_options *options, struct floe_error *error)
{
	int r;

	entry->leader = entry->stdio[0] = entry->stdio[1] = entry->stdio[2] = -1;
	entry->terminal = options->terminal;
	if (options->directory && options->directory[0] != '/')
		return err_usage(error, "the working directory \"%s\" is no absolute path",
				 options->directory);
	r = open_leader(entry, state, error);
	if (r == 0)
		r = take_stdio(entry, options, error);
	if (r == 0)
		r = read_limits(entry, state, error);
	if (r == 0)
		r = find_cgroups(entry, state, options->login, error);
	if (r == 0)
		r = prepare_in_tree(entry, state, options, error);
	if (r < 0)
		return r;
	find_namespaces(entry, state);
	if (arena_failed(&entry->arena))
		return err_errno(error, ENOMEM, "cannot enter %s", state->name);
	return check_leader(entry, state, error);
}

void entry_free(struct entry *entry)
{
	cleanup_fd(&entry->leader);
	for (int i = 0; i < 3; i++)
		cleanup_fd(&entry->stdio[i]);
	arena_free(&entry->arena);
}
