/* SPDX-License-Identifier: MIT */
/* Emptying and removing control groups that their members may have filled with more groups. */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"

/* How long nothing may have come off before it is given up. */
#define PATIENCE_MS 5000

struct removal {
	bool killed;      /* cgroup.kill did it (Linux 5.14): processes need not be looked for */
	int64_t deadline; /* CLOCK_MONOTONIC, milliseconds */
	unsigned pause;   /* microseconds until the next try */
	bool progress;    /* something was removed since the last wait */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void note_progress(struct removal *removal)
{
	removal->deadline = now_ms() + PATIENCE_MS;
	removal->pause = 500;
	removal->progress = true;
}

/* A group stays busy for a moment after its processes were killed. */
static int wait_a_little(struct removal *removal)
{
	struct timespec pause = {0, (long)removal->pause * 1000};

	if (removal->progress) {
		removal->progress = false;
		return 0;
	}
	if (now_ms() >= removal->deadline)
		return -EBUSY;
	nanosleep(&pause, NULL);
	if (removal->pause < 32000)
		removal->pause *= 2;
	return 0;
}

/* Whether the file is there and took the text. */
static bool try_write(int group, const char *name, const char *text)
{
	CLEANUP_FD int fd = openat(group, name, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);

	return fd >= 0 && write(fd, text, length) == (ssize_t)length;
}

/* Version 1 delivers no signal to frozen tasks; version 2 does, but not before Linux 5.2. */
static void thaw(int group)
{
	try_write(group, "freezer.state", "THAWED");
	try_write(group, "cgroup.freeze", "0");
}

/* Zero stands for a process that is not in our pid namespace: nothing to be done about it. */
static void kill_member(long pid)
{
	if (pid > 0)
		kill((pid_t)pid, SIGKILL);
}

/* Signals every process in the group itself: one decimal number a line. */
static void kill_members(int group)
{
	CLEANUP_FD int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	CLEANUP_FILE FILE *list = fd < 0 ? NULL : fdopen(fd, "re");
	long pid;

	if (!list)
		return;
	(void)take_fd(&fd);
	thaw(group);
	while (fscanf(list, "%ld", &pid) == 1)
		kill_member(pid);
}

static bool is_populated(int events)
{
	char text[256];
	ssize_t length = pread(events, text, sizeof(text) - 1, 0);

	if (length < 0)
		return false;
	text[length] = '\0';
	return strstr(text, "populated 1") != NULL;
}

bool cgroup_populated(const char *path)
{
	CLEANUP_FD int group = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int events =
		group < 0 ? -1 : openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int members =
		group < 0 ? -1 : openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char first;

	if (events >= 0)
		return is_populated(events);
	return members >= 0 && read(members, &first, 1) == 1;
}

/* Version 2 tells when the last process below is gone, by POLLPRI (cgroup-v2.rst). */
static void wait_empty(int group, const struct removal *removal)
{
	CLEANUP_FD int events = openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = events, .events = POLLPRI};

	if (events < 0)
		return;
	for (;;) {
		int64_t left = removal->deadline - now_ms();

		if (!is_populated(events) || left <= 0)
			return;
		poll(&changed, 1, (int)left);
	}
}

static DIR *list_groups(int group)
{
	int fd = openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list && fd >= 0)
		close(fd);
	return list;
}

static bool is_group(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

/* Removes the groups in GROUP that have none below them. Returns the descriptor of one that is
 * still there, -ENOENT when none is, or another negative errno. */
static int remove_leaves(struct removal *removal, int group)
{
	CLEANUP_DIR DIR *list = list_groups(group);
	struct dirent *entry;
	int fd;

	if (!list)
		return -errno;
	while ((entry = readdir(list))) {
		if (!is_group(entry))
			continue;
		if (unlinkat(group, entry->d_name, AT_REMOVEDIR) == 0) {
			note_progress(removal);
			continue;
		}
		if (errno == ENOENT)
			continue;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		fd = openat(group, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT)
			return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

static int open_parent(struct removal *removal, int group)
{
	int r = wait_a_little(removal);
	int parent;

	if (r < 0)
		return r;
	parent = openat(group, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return parent < 0 ? -errno : parent;
}

/*
 * Removes all groups below TOP, however deep, with one descriptor: down into a group that is busy
 * and back up by "..", which members cannot change (no rename leads to another directory there).
 */
static int remove_below(struct removal *removal, int top)
{
	int group = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t depth = 0;

	if (group < 0)
		return -errno;
	for (;;) {
		int next = remove_leaves(removal, group);

		if (next >= 0) {
			/* On the way down: a frozen group keeps those below it frozen. */
			if (!removal->killed)
				kill_members(next);
			depth++;
		} else if (next == -ENOENT && depth > 0) {
			depth--;
			next = open_parent(removal, group);
		}
		close(group);
		if (next < 0)
			return next == -ENOENT ? 0 : next;
		group = next;
	}
}

static int open_top(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs status;

	if (fd < 0 || fstatfs(fd, &status) < 0)
		return -errno;
	if (status.f_type != CGROUP_SUPER_MAGIC && status.f_type != CGROUP2_SUPER_MAGIC)
		return -ENODEV;
	return take_fd(&fd);
}

int cgroup_remove_tree(const char *path)
{
	struct removal removal = {0};
	CLEANUP_FD int top = -1;
	int r = 0;

	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	top = open_top(path);
	if (top < 0)
		return top == -ENOENT ? 0 : top;
	note_progress(&removal);
	do {
		removal.killed = try_write(top, "cgroup.kill", "1");
		if (removal.killed)
			wait_empty(top, &removal);
		else
			kill_members(top);
		r = remove_below(&removal, top);
		if (r < 0 || rmdir(path) == 0 || errno == ENOENT)
			return r;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		r = wait_a_little(&removal);
	} while (r == 0);
	return r;
}
