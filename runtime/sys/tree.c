/* SPDX-License-Identifier: MIT */
/* Deleting whole directory trees that nobody can be trusted to have made. */
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "subvolume.h"

#define BLOCKING_FLAGS (FS_IMMUTABLE_FL | FS_APPEND_FL)

/* Levels descended with a descriptor each; deeper trees are moved up to the top first. */
#define MAX_DEPTH 64

struct removal {
	int top;            /* the root of the tree being emptied */
	unsigned int moved; /* deep subtrees moved up so far; makes their names */
	bool moved_in_pass;
};

int tree_set_flags(int fd, unsigned int set, unsigned int clear)
{
	/* The ioctl's argument is declared long but is an int (ioctl_iflags(2)). */
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -errno;
	if (((unsigned int)flags & (set | clear)) == set)
		return 0;
	flags = (int)(((unsigned int)flags | set) & ~clear);
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* fchmodat() follows symbolic links and fchmod() refuses O_PATH descriptors; this does neither. */
static int make_accessible(int dirfd, const char *name)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 || chmod(path, 0700) < 0 ? -errno : 0;
}

static int open_directory(int dirfd, const char *name)
{
	/* RESOLVE_NO_XDEV notices bind mounts too, which have the same st_dev. */
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));

	if (fd < 0 && errno == EACCES && make_accessible(dirfd, name) == 0)
		fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	if (fd < 0)
		return errno == EXDEV ? -EBUSY : -errno;
	return fd;
}

/* Lifts what keeps NAME from being unlinked: flags and modes of the directory and of NAME itself. */
static void make_removable(int dirfd, const char *name)
{
	struct stat status;
	CLEANUP_FD int fd = -1;

	tree_set_flags(dirfd, 0, BLOCKING_FLAGS);
	if (fstat(dirfd, &status) == 0 && (status.st_mode & S_IRWXU) != S_IRWXU)
		fchmod(dirfd, (status.st_mode & 07777) | S_IRWXU);
	if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	/* Opening a device or a fifo could act on it; they have no such flags on most systems. */
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		tree_set_flags(fd, 0, BLOCKING_FLAGS);
}

static int unlink_stubbornly(int dirfd, const char *name, int flags)
{
	int result = unlinkat(dirfd, name, flags) < 0 ? -errno : 0;

	if (result != -EPERM && result != -EACCES)
		return result;
	make_removable(dirfd, name);
	return unlinkat(dirfd, name, flags) < 0 ? -errno : 0;
}

/* Another process may be deleting the same tree: what is gone already is no failure. */
static int unless_gone(int result)
{
	return result == -ENOENT ? 0 : result;
}

/* A btrfs subvolume goes at once with all in it; one that is refused goes like a directory. */
static bool subvolume_gone(int fd, int dirfd, const char *name)
{
	return subvolume_check(fd) == 0 && subvolume_delete(dirfd, name) == 0;
}

static int empty_directory(struct removal *removal, int fd, unsigned int depth);

/* Renames a subtree that lies too deep to the top of the tree, where a later pass deletes it. */
static int move_up(struct removal *removal, int dirfd, const char *name)
{
	char target[32];

	for (int attempt = 0; attempt < 2;) {
		snprintf(target, sizeof(target), ".floe-deep-%u", removal->moved++);
		if (renameat2(dirfd, name, removal->top, target, RENAME_NOREPLACE) == 0) {
			removal->moved_in_pass = true;
			return 0;
		}
		if (errno == EEXIST)
			continue;
		if (errno != EPERM && errno != EACCES)
			return -errno;
		make_removable(dirfd, name);
		tree_set_flags(removal->top, 0, BLOCKING_FLAGS);
		attempt++;
	}
	return -EPERM;
}

static int remove_directory(struct removal *removal, int dirfd, const char *name,
			    unsigned int depth)
{
	CLEANUP_FD int fd = -1;
	int result;

	if (depth >= MAX_DEPTH)
		return move_up(removal, dirfd, name);
	fd = open_directory(dirfd, name);
	if (fd < 0)
		return unless_gone(fd);
	if (subvolume_gone(fd, dirfd, name))
		return 0;
	result = empty_directory(removal, take_fd(&fd), depth + 1);
	if (result < 0)
		return result;
	return unless_gone(unlink_stubbornly(dirfd, name, AT_REMOVEDIR));
}

static int remove_entry(struct removal *removal, int dirfd, const struct dirent *entry,
			unsigned int depth)
{
	int result;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	if (entry->d_type == DT_DIR)
		return remove_directory(removal, dirfd, entry->d_name, depth);
	result = unlink_stubbornly(dirfd, entry->d_name, 0);
	if (result == -EISDIR)
		return remove_directory(removal, dirfd, entry->d_name, depth);
	return unless_gone(result);
}

/* Deletes all in the directory FD, which it closes. */
static int empty_directory(struct removal *removal, int fd, unsigned int depth)
{
	CLEANUP_DIR DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		result = -errno;
		close(fd);
		return result;
	}
	while (result == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		result = remove_entry(removal, fd, entry, depth);
	}
	return result;
}

/* Subtrees moved up may be missed by the pass that moved them, so passes go on until none were. */
static int empty_tree(int dirfd, const char *name)
{
	CLEANUP_FD int top = open_directory(dirfd, name);
	struct removal removal = {.top = top};
	int result;

	if (top < 0)
		return unless_gone(top);
	if (subvolume_gone(top, dirfd, name))
		return 0;
	do {
		int again = open_directory(dirfd, name);

		removal.moved_in_pass = false;
		result = again < 0 ? again : empty_directory(&removal, again, 1);
	} while (result == 0 && removal.moved_in_pass);
	return result;
}

int tree_remove(int dirfd, const char *name)
{
	int result = unlink_stubbornly(dirfd, name, 0);

	/* POSIX lets unlink() of a directory fail by EPERM, Linux says EISDIR (unlink(2)). */
	if (result != -EISDIR)
		return result;
	result = empty_tree(dirfd, name);
	if (result < 0)
		return result;
	return unless_gone(unlink_stubbornly(dirfd, name, AT_REMOVEDIR));
}
