/* SPDX-License-Identifier: MIT */
/* Removing what a machine left whose monitor is gone. */
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../net/join.h"
#include "../net/zone.h"
#include "../sys/cgroup.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "../sys/tree.h"
#include "identity.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a killed process may take to be gone: its memory has to be given back. */
#define DEATH_TIMEOUT_MS 10000

static int remove_cgroup(const char *path)
{
	return cgroup_remove_tree(path);
}

/* The parent is floe's own directory or one the administrator named: only what is in it is
 * untrusted, and tree_remove() takes care of that. */
static int remove_tree(const char *path)
{
	const char *name = strrchr(path, '/');
	CLEANUP_FREE char *parent = NULL;
	CLEANUP_FD int fd = -1;

	if (!name || name == path || !name[1])
		return -EINVAL;
	parent = strndup(path, (size_t)(name - path));
	if (!parent)
		return -ENOMEM;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : tree_remove(fd, name + 1);
}

static int remove_file(const char *path)
{
	return unlink(path) < 0 ? -errno : 0;
}

/* Others open the same lock file: only who holds its lock may take the name away. */
static int remove_lock(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat here, there;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	if (fstat(fd, &here) < 0 || lstat(path, &there) < 0)
		return -errno;
	return here.st_ino == there.st_ino ? remove_file(path) : 0;
}

/* Shared with other machines: the last one to leave removes it. EBUSY: a cgroup that is in use. */
static int remove_directory(const char *path)
{
	if (rmdir(path) == 0 || errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY)
		return 0;
	return -errno;
}

/* EINVAL: nothing is mounted there. */
static int remove_mount(const char *path)
{
	return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL ? -errno : 0;
}

/* One that says it is of a machine of ours. Mostly it went with its namespace already. */
static int remove_link(const char *name)
{
	CLEANUP_NETLINK struct netlink netlink = NETLINK_CLOSED;
	struct arena arena = {0};
	struct link_info info;
	int r = netlink_open(&netlink, NETLINK_ROUTE, NULL);

	if (r == 0)
		r = link_find(&netlink, &arena, name, &info, NULL);
	if (r == 0 && strncmp(info.alias, LINK_ALIAS_MACHINE, strlen(LINK_ALIAS_MACHINE)) == 0)
		r = link_delete(&netlink, info.index, NULL);
	arena_free(&arena);
	return r == -ENODEV ? 0 : r;
}

static int remove_network(const char *machine)
{
	return net_leave(machine, NULL);
}

static const struct {
	const char *kind;
	int (*remove)(const char *path);
} removers[] = {
	{"cgroup", remove_cgroup}, {"tree", remove_tree},           {"file", remove_file},
	{"lock", remove_lock},     {"directory", remove_directory}, {"mount", remove_mount},
	{"link", remove_link},     {"network", remove_network},
};

int trace_remove(const char *kind, const char *path, struct floe_error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(removers); i++) {
		int r;

		if (strcmp(removers[i].kind, kind) != 0)
			continue;
		r = removers[i].remove(path);
		/* Where nothing can be written, the kernel says so before it looks for the name. */
		if (r == -EROFS && access(path, F_OK) < 0)
			r = -errno;
		if (r < 0 && r != -ENOENT)
			return err_errno(error, -r, "cannot remove the %s %s", kind, path);
		return 0;
	}
	return err_set(error, FLOE_ERROR_CONTENT, EINVAL,
		       "cannot remove %s: \"%s\" is no kind of trace this version knows", path,
		       kind);
}

/* Commands of a paused machine are waited for by processes that are paused with them. */
static void thaw(const char *group)
{
	char path[PATH_MAX];

	if (*group && snprintf(path, sizeof(path), "%s/cgroup.freeze", group) < (int)sizeof(path))
		file_write(path, "0");
}

/* The kernel kills the leader with its monitor (PR_SET_PDEATHSIG) unless it was only just made:
 * the rest of its namespace goes with it (pid_namespaces(7)). */
static int end_leader(const struct state *state, struct floe_error *error)
{
	CLEANUP_FD int fd = identity_open(state->leader, state->leader_start);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int r;

	if (fd == -ESRCH)
		return 0;
	r = fd < 0 ? fd : process_signal(fd, SIGKILL);
	thaw(state->cgroup);
	thaw(state->cgroup_exec);
	if (r < 0 && r != -ESRCH)
		return err_errno(error, -r, "cannot kill the first process %d of %s",
				 (int)state->leader, state->name);
	if (poll(&poll_fd, 1, DEATH_TIMEOUT_MS) == 1)
		return 0;
	return err_set(error, FLOE_ERROR_BUSY, ETIMEDOUT,
		       "the first process %d of %s was killed and does not end; it may hang in "
		       "the kernel",
		       (int)state->leader, state->name);
}

static int remove_traces(const struct state *state, struct floe_error *error)
{
	int first = 0;

	for (size_t i = state->trace_count; i > 0; i--) {
		const struct state_trace *trace = &state->traces[i - 1];
		int r = trace_remove(trace->kind, trace->path, error);

		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int record_clean(int directory, const char *name, struct floe_error *error)
{
	struct state state = {0};
	int r = record_read(directory, name, &state, error);

	if (r == 0)
		r = end_leader(&state, error);
	if (r == 0)
		r = remove_traces(&state, error);
	state_free(&state);
	/* -ENOENT: it died between the claim and the first record, when nothing was made yet. */
	if (r < 0 && r != -ENOENT)
		return r;
	r = directory_clear(directory);
	return r < 0 ? err_errno(error, -r, "cannot empty %s/%s", state_root(), name) : 0;
}

int state_clean(const char *name, struct floe_error *error)
{
	CLEANUP_FD int root = root_open(false, error);
	CLEANUP_FD int directory = -1;
	int r;

	if (!machine_name_valid(name))
		return err_usage(error, "\"%s\" is no valid machine name", name);
	if (root < 0)
		return root == -ENOENT ? 0 : root;
	directory = name_lock(root, name);
	if (directory == -ENOENT || directory == -EBUSY)
		return 0;
	if (directory < 0)
		return err_errno(error, -directory, "cannot lock %s/%s", state_root(), name);
	r = record_clean(directory, name, error);
	if (r < 0)
		return r;
	r = state_release(take_fd(&directory), name, error);
	return r < 0 ? r : 1;
}
