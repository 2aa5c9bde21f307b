/* SPDX-License-Identifier: MIT */
/* Making control groups, setting them up, putting processes into them. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/cleanup.h"

#define MAKE_TRIES 10

static bool is_cgroup_directory(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 &&
	       (status.f_type == CGROUP_SUPER_MAGIC || status.f_type == CGROUP2_SUPER_MAGIC);
}

/* Makes one group in a group; whether the parent is one is checked by it. */
static int make_one(char *path)
{
	char *slash = strrchr(path, '/');
	bool parent;

	*slash = '\0';
	parent = is_cgroup_directory(path);
	*slash = '/';
	if (!parent)
		return -ENODEV;
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	/* The umask took part in that. */
	return chmod(path, 0755) < 0 ? -errno : 0;
}

static int make_all(char *copy)
{
	char *slash = copy;
	int r = 0;

	do {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (access(copy, F_OK) < 0)
			r = make_one(copy);
		else if (!slash && !is_cgroup_directory(copy))
			r = -ENODEV;
		if (slash)
			*slash = '/';
	} while (slash && r == 0);
	return r;
}

int cgroup_make(const char *path)
{
	char copy[PATH_MAX];
	int r = -ENODEV;

	if (*path != '/' || strlen(path) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, path);
	/* A parent shared by machines goes with the last of them, perhaps just now: its name is
	 * missing then, or it takes no children any more (cgroup_kn_lock_live() in the kernel). */
	for (int i = 0; i < MAKE_TRIES && (r == -ENODEV || r == -ENOENT); i++)
		r = make_all(copy);
	return r;
}

static int write_file(int directory, const char *name, const char *text)
{
	CLEANUP_FD int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
	ssize_t length = (ssize_t)strlen(text);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, (size_t)length);
	if (written < 0)
		return -errno;
	return written == length ? 0 : -EIO;
}

int cgroup_set(const char *path, const char *text)
{
	return write_file(AT_FDCWD, path, text);
}

static int open_group(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_own(const char *path, uid_t uid)
{
	/* cgroup-v2.rst, "Model of Delegation", and /sys/kernel/cgroup/delegate; version 1 has
	 * tasks, notify_on_release and cgroup.clone_children. */
	static const char *const delegated[] = {
		"cgroup.clone_children",
		"cgroup.controllers",
		"cgroup.events",
		"cgroup.procs",
		"cgroup.stat",
		"cgroup.subtree_control",
		"cgroup.threads",
		"memory.oom.group",
		"memory.reclaim",
		"notify_on_release",
		"tasks",
	};
	CLEANUP_FD int fd = open_group(path);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < ARRAY_SIZE(delegated); i++) {
		if (fchownat(fd, delegated[i], uid, uid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return -errno;
	}
	return fchown(fd, uid, uid) < 0 ? -errno : 0;
}

int cgroup_join(const char *path, pid_t pid)
{
	CLEANUP_FD int fd = open_group(path);
	char text[16];

	if (fd < 0)
		return fd;
	snprintf(text, sizeof(text), "%d", pid);
	return write_file(fd, "cgroup.procs", text);
}

/* "tasks", not "cgroup.procs": for the writing thread itself the kernel then takes no lock that
 * waits for the rest of the system. */
int cgroup_enter_v1(const char *path)
{
	CLEANUP_FD int fd = open_group(path);

	return fd < 0 ? fd : write_file(fd, "tasks", "0");
}

int cgroup_open(const char *path)
{
	return open_group(path);
}

/* "12" or "*" */
static const char *number_text(int number, char text[static 16])
{
	if (number < 0)
		return "*";
	snprintf(text, 16, "%d", number);
	return text;
}

int cgroup_devices_v1(const char *path, const struct device_rule *rules, size_t count)
{
	CLEANUP_FD int fd = open_group(path);
	char line[64], major[16], minor[16];
	int r;

	if (fd < 0)
		return fd;
	r = write_file(fd, "devices.deny", "a");
	for (size_t i = 0; r == 0 && i < count; i++) {
		snprintf(line, sizeof(line), "%c %s:%s %s", rules[i].type,
			 number_text(rules[i].major, major), number_text(rules[i].minor, minor),
			 rules[i].access);
		r = write_file(fd, "devices.allow", line);
	}
	return r;
}

int cgroup_devices_bpf(const char *path, const struct device_rule *rules, size_t count)
{
	CLEANUP_FREE struct bpf_insn *instructions =
		calloc(DEVICE_FILTER_SIZE(count), sizeof(*instructions));
	CLEANUP_FD int group = open_group(path);
	CLEANUP_FD int program = -1;
	int length;

	if (!instructions)
		return -ENOMEM;
	if (group < 0)
		return group;
	length = device_filter_make(rules, count, instructions);
	if (length < 0)
		return length;
	program = device_filter_load(instructions, (size_t)length);
	if (program < 0)
		return program;
	return device_filter_attach(program, group);
}
