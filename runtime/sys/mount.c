/* SPDX-License-Identifier: MIT */
/* The mount API of Linux 5.2 and 5.12, one call a function. */
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Raw calls: glibc has wrappers since 2.36 only, musl none, and <sys/mount.h> cannot be included
 * together with the kernel's <linux/mount.h>. */
static int sys_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static int sys_fsconfig(int fs, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

static int sys_fsmount(int fs, uint64_t attributes)
{
	return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
}

static int set_option(int fs, char *option)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = '\0';
	return sys_fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value);
}

/* Hands OPTIONS over one by one. */
static int set_options(int fs, const char *options)
{
	char text[MOUNT_OPTIONS_MAX];
	size_t length = options ? strlen(options) : 0;
	char *next = text;

	if (length >= sizeof(text))
		return -E2BIG;
	memcpy(text, options ? options : "", length + 1);
	while (next && *next) {
		char *option = next;

		next = strchr(option, ',');
		if (next)
			*next++ = '\0';
		if (*option && set_option(fs, option) < 0)
			return -errno;
	}
	return 0;
}

static int configure(int fs, const char *type, const char *options)
{
	int r;

	/* What shows up as the device in mountinfo; some tools take the type from there. */
	if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", type) < 0)
		return -errno;
	r = set_options(fs, options);
	if (r < 0)
		return r;
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	return 0;
}

int mount_new(const char *type, const char *options, uint64_t attributes)
{
	int fs = sys_fsopen(type);
	int mount, r;

	if (fs < 0)
		return -errno;
	r = configure(fs, type, options);
	if (r == 0) {
		mount = sys_fsmount(fs, attributes);
		r = mount < 0 ? -errno : mount;
	}
	close(fs);
	return r;
}

int mount_clone(int directory, const char *path, bool recursive)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	int fd = (int)syscall(SYS_open_tree, directory, path,
			      flags | (recursive ? AT_RECURSIVE : 0U));

	return fd < 0 ? -errno : fd;
}

int mount_change(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive,
		 int userns)
{
	struct mount_attr attributes = {
		.attr_set = set | (userns >= 0 ? MOUNT_ATTR_IDMAP : 0),
		.attr_clr = clear,
		.propagation = propagation,
		.userns_fd = userns >= 0 ? (uint64_t)userns : 0,
	};
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);

	if (syscall(SYS_mount_setattr, fd, "", flags, &attributes, sizeof(attributes)) < 0)
		return -errno;
	return 0;
}

int mount_attach(int mount, int target)
{
	if (syscall(SYS_move_mount, mount, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

int mount_propagation(const char *path, uint64_t propagation)
{
	if (syscall(SYS_mount, NULL, path, NULL, MS_REC | propagation, NULL) < 0)
		return -errno;
	return 0;
}

int mount_pivot(int directory)
{
	if (fchdir(directory) < 0)
		return -errno;
	/* pivot_root(2): with both paths "." the old root ends up on top of the new one, where
	 * the detaching umount takes it away. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	if (syscall(SYS_umount2, ".", 2 /* MNT_DETACH */) < 0)
		return -errno;
	if (chdir("/") < 0)
		return -errno;
	return 0;
}
