/* SPDX-License-Identifier: MIT */
/*
 * Showing a file or directory of the host in a running machine.
 *
 * What the host gives read-only has to stay so, whatever root inside does. The kernel locks that for
 * mounts that come into a mount namespace from one of a more privileged user namespace, and only
 * then (copy_mnt_ns(), lock_mnt_tree() in fs/namespace.c). So the helper goes the way of a start:
 * it stages the mount in a mount namespace of its own, has the kernel copy that into the machine's
 * user namespace, and takes the copy to the machine.
 */
#include "../base/cleanup.h"
#include "../launch/context.h"
#include "../spec/text.h"
#include "../sys/mount.h"
#include "../sys/path.h"
#include "../sys/place.h"
#include "../sys/process.h"
#include "../sys/userns.h"
#include "internal.h"
#include "options.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef MS_PRIVATE
#define MS_PRIVATE (1 << 18)
#endif

/* Everything the helper needs, found out before it is made. */
struct bind {
	int leader; /* pidfd */
	int userns; /* of the machine, -1: it is the caller's */
	int source; /* O_PATH */
	bool directory, read_only, recursive, idmap, make;
	const char *target;
	char base[PATH_MAX]; /* a directory of the host that the helper covers for itself */
};

enum bind_step {
	BIND_SOURCE,
	BIND_ATTRIBUTES,
	BIND_STAGE,
	BIND_ENTER,
	BIND_MAKE,
	BIND_TARGET,
	BIND_ATTACH,
	BIND_DONE,
};

/* ---- the helper: async-signal-safe, the caller may have threads ---- */

_Noreturn static void end(int channel, enum bind_step step, int r)
{
	struct message message = {.type = (int)step, .errnum = r < 0 ? -r : 0};

	message_send(channel, &message, -1);
	_exit(0);
}

static void require(int channel, enum bind_step step, int r)
{
	if (r < 0)
		end(channel, step, r);
}

/* A small file system of our own over BASE, with the mount in it: that becomes the working
 * directory, which follows into the copies of the namespace. */
static int stage(const struct bind *bind, int mount)
{
	int base = mount_new("tmpfs", "mode=0755,size=16k,nr_inodes=8", MOUNT_ATTR_NODEV);
	int place, r;

	if (base < 0)
		return base;
	place = open(bind->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = place < 0 ? -errno : mount_attach(base, place);
	if (r < 0)
		return r;
	r = bind->directory ? mkdirat(base, "slot", 0755)
			    : mknodat(base, "slot", S_IFREG | 0644, 0);
	if (r < 0)
		return -errno;
	place = openat(base, "slot", O_PATH | O_CLOEXEC);
	r = place < 0 ? -errno : mount_attach(mount, place);
	if (r == 0 && fchdir(base) < 0)
		r = -errno;
	return r;
}

/* The mount as the machine's user namespace gets it. */
static int pass_border(const struct bind *bind, int mount)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	r = mount_propagation("/", MS_PRIVATE);
	if (r == 0)
		r = stage(bind, mount);
	if (r < 0)
		return r;
	if (setns(bind->userns, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
		return -errno;
	return mount_clone(AT_FDCWD, "slot", true);
}

/* Root inside, and its own root directory: from here on no path leads to the host. */
static int enter(const struct bind *bind)
{
	if (setns(bind->leader, CLONE_NEWNS) < 0)
		return -errno;
	if (bind->userns >= 0 &&
	    (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
	     syscall(SYS_setresuid, 0, 0, 0) < 0))
		return -errno;
	/* A change of ids sets it to fs.suid_dumpable (commit_creds()). */
	prctl(PR_SET_DUMPABLE, 0);
	return 0;
}

static int make_point(const struct bind *bind, int root)
{
	if (!bind->make)
		return 0;
	return bind->directory ? place_directory(root, bind->target, 0755)
			       : place_file(root, bind->target, 0644);
}

_Noreturn static void run_helper(const struct bind *bind, int channel)
{
	int mount, root, place;

	prctl(PR_SET_DUMPABLE, 0);
	mount = mount_clone(bind->source, "", bind->recursive);
	require(channel, BIND_SOURCE, mount);
	require(channel, BIND_ATTRIBUTES,
		mount_change(mount, bind->read_only ? MOUNT_ATTR_RDONLY : 0, 0, MS_PRIVATE,
			     bind->recursive, bind->idmap ? bind->userns : -1));
	if (bind->userns >= 0) {
		mount = pass_border(bind, mount);
		require(channel, BIND_STAGE, mount);
	}
	require(channel, BIND_ENTER, enter(bind));
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	require(channel, BIND_ENTER, root < 0 ? -errno : 0);
	require(channel, BIND_MAKE, make_point(bind, root));
	place = path_open_in(root, bind->target, O_PATH, 0);
	require(channel, BIND_TARGET, place);
	require(channel, BIND_ATTACH, mount_attach(mount, place));
	end(channel, BIND_DONE, 0);
}

/* ---- the caller ---- */

static int say_step(const struct bind *bind, const char *name, const char *source,
		    const struct message *message, struct floe_error *error)
{
	int errnum = message->errnum;

	switch (message->type) {
	case BIND_SOURCE:
		return err_errno(error, errnum, "cannot take a copy of the mount of %s", source);
	case BIND_ATTRIBUTES:
		err_errno(error, errnum, "cannot make the mount of %s %s", source,
			  bind->idmap ? "map ids" : "read-only");
		return bind->idmap ? err_hint(error, "its file system may not support id mapping")
				   : -errnum;
	case BIND_STAGE:
	case BIND_ENTER:
		return err_errno(error, errnum, "cannot enter the namespaces of %s", name);
	case BIND_MAKE:
		return err_errno(error, errnum, "cannot make the mount point %s in %s",
				 bind->target, name);
	case BIND_TARGET:
		err_errno(error, errnum, "cannot mount on %s in %s", bind->target, name);
		return errnum == ENOENT ? err_hint(error, "--mkdir makes what is missing")
					: -errnum;
	case BIND_ATTACH:
		return err_errno(error, errnum, "cannot mount %s on %s in %s", source, bind->target,
				 name);
	default:
		return 0;
	}
}

static int run(const struct bind *bind, const char *name, const char *source,
	       struct floe_error *error)
{
	struct message message = {0};
	int ends[2], pidfd = -1, fd = -1, r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(error, errno, "cannot create a channel to a helper");
	pid = process_clone(0, &pidfd);
	if (pid == 0)
		run_helper(bind, ends[1]);
	close(ends[1]);
	r = pid < 0 ? pid : message_receive(ends[0], &message, &fd);
	close(ends[0]);
	if (pid > 0)
		process_wait(pidfd, NULL);
	cleanup_fd(&pidfd);
	if (r < 0)
		return err_errno(error, -r, "cannot use a helper to mount in %s", name);
	if (r == 0)
		return err_set(error, FLOE_ERROR_SYSTEM, ECHILD,
			       "the helper to mount in %s ended without a word; was it killed?",
			       name);
	return say_step(bind, name, source, &message, error);
}

static int open_source(struct bind *bind, const char *source, struct floe_error *error)
{
	struct stat status;

	bind->source = open(source, O_PATH | O_CLOEXEC);
	if (bind->source < 0 || fstat(bind->source, &status) < 0)
		return err_errno(error, errno, "cannot open %s", source);
	bind->directory = S_ISDIR(status.st_mode);
	return 0;
}

/* -1 where the machine has the caller's own user namespace. */
static int open_userns(struct bind *bind, const struct target *target, struct floe_error *error)
{
	struct stat ours, theirs;
	CLEANUP_FD int fd = userns_open(target->state.leader);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
		return err_errno(error, fd < 0 ? -fd : errno, "cannot look at the namespaces of %s",
				 target->name);
	if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
		bind->userns = take_fd(&fd);
	return 0;
}

static int check_target(const char *target, struct floe_error *error)
{
	if (!path_is_sane(target) || path_has_parent(target))
		return err_usage(error,
				 "the mount point \"%.200s\" is no absolute path without \"..\"",
				 target);
	if (strspn(target, "/") == strlen(target))
		return err_usage(error, "nothing can be mounted over the root of a machine");
	return 0;
}

static int bind_in(struct target *target, const char *source, struct bind *bind,
		   struct floe_error *error)
{
	int r = open_source(bind, source, error);

	if (r == 0)
		r = open_userns(bind, target, error);
	if (r == 0 && bind->idmap && bind->userns < 0)
		r = err_usage(error, "%s has no user namespace to map ids to", target->name);
	if (r < 0)
		return r;
	snprintf(bind->base, sizeof(bind->base), "%s/%s", state_root(), target->name);
	bind->leader = target->leader;
	return run(bind, target->name, source, error);
}

int floe_bind(const char *name, const char *source, const struct floe_bind_options *given,
	      struct floe_error *error)
{
	struct floe_bind_options options = {0};
	struct bind bind = {.leader = -1, .userns = -1, .source = -1};
	struct target target;
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	bind.target = options.target ? options.target : source;
	bind.read_only = options.read_only;
	bind.recursive = !options.not_recursive;
	bind.idmap = options.idmap;
	bind.make = options.make;
	r = check_target(bind.target, error);
	if (r < 0)
		return r;
	r = target_open_running(&target, name, error);
	if (r == 0)
		r = bind_in(&target, source, &bind, error);
	cleanup_fd(&bind.source);
	cleanup_fd(&bind.userns);
	target_close(&target);
	return r;
}
