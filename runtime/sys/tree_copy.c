/* SPDX-License-Identifier: MIT */
/* Copies of whole directory trees: everything about each file but its inode flags. */
#include "tree_copy.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../base/cleanup.h"
#include "tree.h"
#include "tree_content.h"
#include "tree_walk.h"

struct copy {
	struct tree_content content;
	int target;         /* the top of the copy */
	struct stat itself; /* its identity: a copy inside the source is not copied again */
	/* One more link to every file that has several, named by its source's inode: the place
	 * of its first copy may be deeper than any path can say. In the top, until the end. */
	int links;
	char links_name[32]; /* "": not made yet */
	char *names;         /* XATTR_LIST_MAX, attribute names */
	char *value;         /* XATTR_SIZE_MAX */
};

/* ---- Attributes, owner, mode, times ---- */

/* Labels of the host's security modules are given anew where they cannot be taken along; without
 * any of these the copy would behave in another way. */
static bool attribute_matters(const char *name)
{
	static const char *const prefixes[] = {"user.", "trusted.", "security.capability",
					       "system.posix_acl_"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static int copy_attribute(struct copy *copy, const char *from, const char *to, const char *name)
{
	ssize_t size = getxattr(from, name, copy->value, XATTR_SIZE_MAX);

	/* Gone since it was listed, or listed by a security module that does not hand it out. */
	if (size < 0)
		return errno == ENODATA || !attribute_matters(name) ? 0 : -errno;
	if (lsetxattr(to, name, copy->value, (size_t)size, 0) == 0)
		return 0;
	if ((errno == EOPNOTSUPP || errno == EPERM) && !attribute_matters(name))
		return 0;
	return -errno;
}

/* FROM is a path in /proc and followed, TO is not. */
static int copy_attributes(struct copy *copy, const char *from, const char *to)
{
	ssize_t size = listxattr(from, copy->names, XATTR_LIST_MAX);

	if (size < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = copy->names; name < copy->names + size; name += strlen(name) + 1) {
		int result = copy_attribute(copy, from, to, name);

		if (result < 0)
			return result;
	}
	return 0;
}

/* Makes NAME in DIRFD, the copy of FD, like it. By name: nobody else gets at the copy. */
static int finish(struct copy *copy, int dirfd, const char *name, int fd, const struct stat *status)
{
	const struct timespec times[] = {status->st_atim, status->st_mtim};
	char from[TREE_PATH_MAX], to[TREE_PATH_MAX + NAME_MAX + 1];
	int result;

	if (fchownat(dirfd, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* After the owner, whose change takes set-id bits and capabilities away; ACLs, which
	 * the mode's change would alter, after that. */
	if (!S_ISLNK(status->st_mode) && fchmodat(dirfd, name, status->st_mode & 07777, 0) < 0)
		return -errno;
	snprintf(to, sizeof(to), "/proc/self/fd/%d/%s", dirfd, name);
	result = copy_attributes(copy, tree_path(fd, from), to);
	if (result < 0)
		return result;
	return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* ---- Hard links ---- */

static int make_links(struct copy *copy)
{
	uint64_t number;

	if (copy->links >= 0)
		return 0;
	/* The source may hold any name, but not one chosen now. */
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return -EIO;
	snprintf(copy->links_name, sizeof(copy->links_name), ".floe-%016jx", (uintmax_t)number);
	if (mkdirat(copy->target, copy->links_name, 0700) < 0)
		return -errno;
	copy->links = openat(copy->target, copy->links_name,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return copy->links < 0 ? -errno : 0;
}

static int drop_links(struct copy *copy)
{
	return copy->links_name[0] ? tree_remove(copy->target, copy->links_name) : 0;
}

#define LINK_NAME_MAX 40

static const char *link_name(const struct stat *status, char name[static LINK_NAME_MAX])
{
	snprintf(name, LINK_NAME_MAX, "%jx-%jx", (uintmax_t)status->st_dev,
		 (uintmax_t)status->st_ino);
	return name;
}

/* 1: NAME in DIRFD is now a link to the copy made earlier. 0: this is the first. */
static int link_again(struct copy *copy, int dirfd, const char *name, const struct stat *status)
{
	char known[LINK_NAME_MAX];

	if (copy->links < 0)
		return 0;
	link_name(status, known);
	if (linkat(copy->links, known, dirfd, name, 0) == 0)
		return 1;
	/* As many links as the file system allows: ours was the one too many. */
	if (errno == EMLINK)
		return unlinkat(copy->links, known, 0) < 0 ? -errno : 0;
	return errno == ENOENT ? 0 : -errno;
}

static int remember_link(struct copy *copy, int dirfd, const char *name, const struct stat *status)
{
	char known[LINK_NAME_MAX];
	int result = make_links(copy);

	if (result < 0)
		return result;
	return linkat(dirfd, name, copy->links, link_name(status, known), 0) < 0 ? -errno : 0;
}

/* ---- Entries ---- */

static int copy_file(struct copy *copy, int dirfd, const char *name, int fd,
		     const struct stat *status)
{
	char path[TREE_PATH_MAX];
	CLEANUP_FD int source = open(tree_path(fd, path), O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int target = -1;

	if (source < 0)
		return -errno;
	target = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0)
		return -errno;
	return tree_content_copy(&copy->content, source, target, status->st_size);
}

static int copy_symlink(int dirfd, const char *name, int fd)
{
	char text[PATH_MAX];
	ssize_t size = readlinkat(fd, "", text, sizeof(text));

	if (size < 0)
		return -errno;
	if (size == sizeof(text))
		return -ENAMETOOLONG;
	text[size] = '\0';
	return symlinkat(text, dirfd, name) < 0 ? -errno : 0;
}

static int make_copy(struct copy *copy, int dirfd, const char *name, int fd,
		     const struct stat *status)
{
	if (S_ISREG(status->st_mode))
		return copy_file(copy, dirfd, name, fd, status);
	if (S_ISLNK(status->st_mode))
		return copy_symlink(dirfd, name, fd);
	return mknodat(dirfd, name, (status->st_mode & S_IFMT) | 0600, status->st_rdev) < 0 ? -errno
											    : 0;
}

static int copy_entry(void *context, const struct tree_level *level, const char *name, int fd,
		      const struct stat *status)
{
	struct copy *copy = context;
	int result = 0;

	/* A socket without the process that listens on it means nothing. */
	if (S_ISSOCK(status->st_mode))
		return 0;
	if (status->st_nlink > 1)
		result = link_again(copy, level->mirror, name, status);
	if (result != 0)
		return result < 0 ? result : 0;
	result = make_copy(copy, level->mirror, name, fd, status);
	if (result == 0)
		result = finish(copy, level->mirror, name, fd, status);
	if (result == 0 && status->st_nlink > 1)
		result = remember_link(copy, level->mirror, name, status);
	return result;
}

static int enter_directory(void *context, const struct tree_level *level, const char *name,
			   const struct stat *status, int *mirror)
{
	const struct copy *copy = context;

	if (status->st_dev == copy->itself.st_dev && status->st_ino == copy->itself.st_ino)
		return 1;
	if (mkdirat(level->mirror, name, 0700) < 0)
		return -errno;
	*mirror = openat(level->mirror, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *mirror < 0 ? -errno : 0;
}

/* Making what is in a directory changes its times, so its own turn comes last. */
static int leave_directory(void *context, const struct tree_level *level)
{
	struct copy *copy = context;
	struct stat status;
	int result = level->depth == 0 ? drop_links(copy) : 0;

	if (result < 0)
		return result;
	if (fstat(level->fd, &status) < 0)
		return -errno;
	return finish(copy, level->mirror, ".", level->fd, &status);
}

static int make_mount_point(void *context, const struct tree_level *level, const char *name)
{
	struct stat status;
	int result;

	(void)context;
	if (fstatat(level->fd, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		result = mkdirat(level->mirror, name, 0700);
	else
		result = mknodat(level->mirror, name, S_IFREG | 0600, 0);
	if (result < 0 ||
	    fchownat(level->mirror, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(level->mirror, name, status.st_mode & 07777, 0) < 0)
		return -errno;
	return 0;
}

/* ---- The whole ---- */

/* An ACL inherited from the directory it lies in would be inherited on by everything copied. */
static int drop_inherited(int fd)
{
	static const char *const names[] = {"system.posix_acl_access", "system.posix_acl_default"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fremovexattr(fd, names[i]) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
			return -errno;
	return fchmod(fd, 0700) < 0 ? -errno : 0;
}

static int copy_all(struct copy *copy, int source, const struct tree_stop *stop)
{
	static const struct tree_visitor visitor = {
		.entry = copy_entry,
		.enter = enter_directory,
		.leave = leave_directory,
		.mounted = make_mount_point,
	};
	CLEANUP_FREE char *names = malloc(XATTR_LIST_MAX);
	CLEANUP_FREE char *value = malloc(XATTR_SIZE_MAX);
	int result = names && value ? 0 : -ENOMEM;

	copy->names = names;
	copy->value = value;
	if (result == 0 && fstat(copy->target, &copy->itself) < 0)
		result = -errno;
	if (result == 0)
		result = drop_inherited(copy->target);
	if (result == 0)
		result = tree_walk(source, copy->target, &visitor, copy, stop);
	cleanup_fd(&copy->links);
	return result;
}

int tree_copy_into(int source, int target, const struct tree_stop *stop)
{
	struct copy copy = {.target = target, .links = -1};

	return copy_all(&copy, source, stop);
}

/* Copies to the directory NAME, just made in PARENT. */
static int copy_into(int source, int parent, const char *name, const struct tree_stop *stop)
{
	CLEANUP_FD int target =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return target < 0 ? -errno : tree_copy_into(source, target, stop);
}

int tree_copy(const char *source, const char *target, const struct tree_stop *stop)
{
	CLEANUP_FD int from = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int parent = -1;
	char name[NAME_MAX + 1];
	int result;

	if (from < 0)
		return -errno;
	parent = tree_open_parent(target, name);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	result = copy_into(from, parent, name, stop);
	if (result < 0)
		tree_remove(parent, name);
	return result;
}
