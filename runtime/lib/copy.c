/* SPDX-License-Identifier: MIT */
/*
 * Copying between the host and a running machine. One process has the caller's rights and knows the
 * host's tree, the other has the machine's and knows its tree: neither follows a path of the other.
 */
#include "../base/cleanup.h"
#include "../state/identity.h"
#include "../sys/caps.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "../sys/userns.h"
#include "detach.h"
#include "internal.h"
#include "options.h"
#include "target.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What the process inside is told: a copy of the caller's memory. */
struct inside {
	const struct state *state;
	const char *path;  /* in the machine */
	const char *other; /* on the host: what a copy is called in a directory */
	bool to_machine, force;
};

/* ---- paths ---- */

/* The last component of PATH, without slashes at its end; "" for the root. */
static void last_name(const char *path, char name[static NAME_MAX + 1])
{
	size_t end = strlen(path), begin;

	while (end > 0 && path[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	snprintf(name, NAME_MAX + 1, "%.*s", (int)(end - begin), path + begin);
}

static int open_in(int root, const char *path, int flags)
{
	int fd;

	if (root >= 0)
		return path_open_in(root, path, flags, 0);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* As cp(1): into a directory that is there, under the name of the SOURCE, or as the last component of
 * PATH. ROOT: -1 for the host. The directory, and the name in NAME. */
static int open_parent(int root, const char *path, const char *source,
		       char name[static NAME_MAX + 1])
{
	char copy[PATH_MAX];
	char *slash;
	int fd = open_in(root, path, O_RDONLY | O_DIRECTORY);

	if (fd >= 0) {
		last_name(source, name);
		return fd;
	}
	if (fd != -ENOENT && fd != -ENOTDIR)
		return fd;
	last_name(path, name);
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	/* Without the slashes at its end, and then without its last component. */
	while ((slash = strrchr(copy, '/')) && slash != copy && slash[1] == '\0')
		*slash = '\0';
	if (!slash)
		return open_in(root, ".", O_RDONLY | O_DIRECTORY);
	slash[slash == copy] = '\0';
	return open_in(root, copy, O_RDONLY | O_DIRECTORY);
}

/* ---- inside ---- */

static bool has_own_userns(const struct state *state)
{
	struct stat ours, theirs;
	CLEANUP_FD int fd = userns_open(state->leader);

	return fd >= 0 && fstat(fd, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 &&
	       (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
}

/*
 * Root of the machine, with what root there may do, and a descriptor of its root directory, below
 * which all paths are resolved. It stays in the host's mount namespace: in the machine's, /proc would
 * not show this process to itself.
 */
static int enter(const struct state *state)
{
	CLEANUP_FD int leader = identity_open(state->leader, state->leader_start);
	CLEANUP_FD int root = -1;
	bool userns = has_own_userns(state);
	char path[64];
	int r;

	/* Nobody inside may look into this process. */
	prctl(PR_SET_DUMPABLE, 0);
	if (leader < 0)
		return leader;
	root = open(process_path(path, state->leader, "/root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	/* What was opened by its number is the leader's if that still lives. */
	r = process_signal(leader, 0);
	if (r < 0)
		return r;
	if (userns && setns(leader, CLONE_NEWUSER) < 0)
		return -errno;
	if (userns && (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
		       syscall(SYS_setresuid, 0, 0, 0) < 0))
		return -errno;
	prctl(PR_SET_DUMPABLE, 0);
	r = caps_drop_bounding(state->capabilities);
	if (r == 0)
		r = caps_set(state->capabilities, state->capabilities, 0);
	return r < 0 ? r : take_fd(&root);
}

static int write_inside(const struct inside *inside, int root, int channel,
			struct floe_error *error)
{
	char name[NAME_MAX + 1];
	CLEANUP_FD int parent = open_parent(root, inside->path, inside->other, name);
	const struct transfer_target target = {
		.parent = parent, .name = name, .force = inside->force, .signal_fd = -1};
	int r;

	r = parent < 0 ? err_errno(error, -parent, "cannot open the directory for %s in %s",
				   inside->path, inside->state->name)
		       : transfer_receive(channel, &target, error);
	transfer_answer(channel, r, error);
	return r;
}

static int read_inside(const struct inside *inside, int root, int channel, struct floe_error *error)
{
	CLEANUP_FD int source = path_open_in(root, inside->path, O_PATH, 0);
	uint64_t left_out;

	if (source >= 0)
		return transfer_send(channel, source, -1, &left_out, error);
	err_errno(error, -source, "cannot open %s in %s", inside->path, inside->state->name);
	transfer_fail(channel, error);
	return source;
}

static int run_inside(void *context, int channel)
{
	const struct inside *inside = context;
	struct floe_error error = {0};
	CLEANUP_FD int root = enter(inside->state);
	int r = root;

	if (root < 0) {
		err_errno(&error, -root, "cannot enter the machine %s", inside->state->name);
		if (inside->to_machine)
			transfer_answer(channel, r, &error);
		else
			transfer_fail(channel, &error);
		return 1;
	}
	r = inside->to_machine ? write_inside(inside, root, channel, &error)
			       : read_inside(inside, root, channel, &error);
	return r < 0;
}

/* ---- outside ---- */

static int send_outside(const char *source, int channel, const struct floe_copy_options *options,
			struct floe_error *error)
{
	CLEANUP_FD int fd = open(source, O_PATH | O_CLOEXEC);
	uint64_t left_out = 0;
	char text[96];
	int r;

	if (fd < 0)
		return err_errno(error, errno, "cannot open %s", source);
	r = transfer_send(channel, fd, options->signal_fd, &left_out, error);
	if (r == 0 && left_out > 0 && options->note) {
		snprintf(text, sizeof(text), "%llu sockets, devices or mounts below were left out",
			 (unsigned long long)left_out);
		options->note(options->context, text);
	}
	return r < 0 ? err_errno(error, -r, "cannot copy %s", source) : 0;
}

static int receive_outside(const char *path, const char *source, int channel,
			   const struct floe_copy_options *options, struct floe_error *error)
{
	char name[NAME_MAX + 1];
	CLEANUP_FD int parent = open_parent(-1, path, source, name);
	const struct transfer_target target = {
		.parent = parent,
		.name = name,
		.force = options->force,
		.distrust = true,
		.signal_fd = options->signal_fd,
	};
	int r;

	if (parent < 0)
		return err_errno(error, -parent, "cannot open the directory for %s", path);
	r = transfer_receive(channel, &target, error);
	transfer_answer(channel, r, error);
	return r;
}

static int copy(const char *name, const char *from, const char *to, bool to_machine,
		const struct floe_copy_options *options, struct floe_error *error)
{
	struct inside inside = {.to_machine = to_machine, .force = options->force};
	CLEANUP_FD int channel = -1;
	struct target target;
	int r = target_open_running(&target, name, error);

	inside.state = &target.state;
	inside.path = to_machine ? to : from;
	inside.other = to_machine ? from : to;
	if (r == 0)
		r = detach(run_inside, &inside, &channel, error);
	if (r == 0)
		r = to_machine ? send_outside(from, channel, options, error)
			       : receive_outside(to, from, channel, options, error);
	target_close(&target);
	return r;
}

static int check_path(const char *path, struct floe_error *error)
{
	if (*path == '/' && strlen(path) < PATH_MAX)
		return 0;
	return err_usage(error, "\"%.200s\": paths in a machine begin with a slash", path);
}

int floe_copy_to(const char *name, const char *source, const char *target,
		 const struct floe_copy_options *given, struct floe_error *error)
{
	struct floe_copy_options options = {.signal_fd = -1};
	int r = OPTIONS_TAKE(options, given, error);

	if (r == 0)
		r = check_path(target, error);
	return r < 0 ? r : copy(name, source, target, true, &options, error);
}

int floe_copy_from(const char *name, const char *source, const char *target,
		   const struct floe_copy_options *given, struct floe_error *error)
{
	struct floe_copy_options options = {.signal_fd = -1};
	int r = OPTIONS_TAKE(options, given, error);

	if (r == 0)
		r = check_path(source, error);
	return r < 0 ? r : copy(name, source, target, false, &options, error);
}
