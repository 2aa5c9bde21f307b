/* SPDX-License-Identifier: MIT */
/* Subvolumes of btrfs: knowing, copying and deleting them. */
#include "subvolume.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../base/cleanup.h"

/* Subvolumes nested deeper than this are not made by people. */
#define MAX_NESTING 32

static int snapshot(int fd, int parent, const char *name, unsigned int nesting);

int subvolume_check(int fd)
{
	struct statfs system;
	struct stat status;

	if (fstatfs(fd, &system) < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (system.f_type != BTRFS_SUPER_MAGIC)
		return -ENOTTY;
	return S_ISDIR(status.st_mode) && status.st_ino == BTRFS_FIRST_FREE_OBJECTID ? 0 : -EINVAL;
}

int subvolume_create(int parent, const char *name)
{
	struct btrfs_ioctl_vol_args arguments = {0};
	struct statfs system;

	/* Other file systems have other meanings for the number of the call. */
	if (fstatfs(parent, &system) < 0)
		return -errno;
	if (system.f_type != BTRFS_SUPER_MAGIC)
		return -ENOTTY;
	if (strlen(name) >= sizeof(arguments.name))
		return -ENAMETOOLONG;
	strcpy(arguments.name, name);
	return ioctl(parent, BTRFS_IOC_SUBVOL_CREATE, &arguments) < 0 ? -errno : 0;
}

int subvolume_set_read_only(int fd, bool read_only)
{
	uint64_t flags, wanted;

	if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
		return -errno;
	wanted = read_only ? flags | BTRFS_SUBVOL_RDONLY : flags & ~BTRFS_SUBVOL_RDONLY;
	if (wanted == flags)
		return 0;
	return ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &wanted) < 0 ? -errno : 0;
}

static int snapshot_one(int fd, int parent, const char *name)
{
	struct btrfs_ioctl_vol_args_v2 arguments = {.fd = fd};

	if (strlen(name) >= sizeof(arguments.name))
		return -ENAMETOOLONG;
	strcpy(arguments.name, name);
	return ioctl(parent, BTRFS_IOC_SNAP_CREATE_V2, &arguments) < 0 ? -errno : 0;
}

/* Where the subvolume TREE is mentioned: NAME in the directory called PATH ("" or "a/b/"). */
static int look_up(int fd, uint64_t tree, uint64_t directory,
		   struct btrfs_ioctl_ino_lookup_user_args *found)
{
	*found = (struct btrfs_ioctl_ino_lookup_user_args){.dirid = directory, .treeid = tree};
	return ioctl(fd, BTRFS_IOC_INO_LOOKUP_USER, found) < 0 ? -errno : 0;
}

static int open_below(int fd, const char *path)
{
	int found =
		openat(fd, path[0] ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return found < 0 ? -errno : found;
}

/* In a snapshot an empty directory stands where a nested subvolume was. */
static int snapshot_nested(int fd, int copy, uint64_t tree, uint64_t directory,
			   unsigned int nesting)
{
	struct btrfs_ioctl_ino_lookup_user_args found;
	CLEANUP_FD int from = -1, inside = -1, to = -1;
	int result = look_up(fd, tree, directory, &found);

	if (result < 0)
		return result;
	from = open_below(fd, found.path);
	to = open_below(copy, found.path);
	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	inside = open_below(from, found.name);
	if (inside < 0)
		return inside;
	if (unlinkat(to, found.name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return snapshot(inside, to, found.name, nesting + 1);
}

static int snapshot_all_nested(int fd, int copy, unsigned int nesting)
{
	struct btrfs_ioctl_get_subvol_rootref_args list = {0};
	bool more;

	do {
		more = ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, &list) < 0;
		/* As many as fit were returned; the next call goes on after them. */
		if (more && errno != EOVERFLOW)
			return -errno;
		for (unsigned int i = 0; i < list.num_items; i++) {
			int result = snapshot_nested(fd, copy, list.rootref[i].treeid,
						     list.rootref[i].dirid, nesting);

			if (result < 0)
				return result;
		}
	} while (more);
	return 0;
}

static int snapshot(int fd, int parent, const char *name, unsigned int nesting)
{
	CLEANUP_FD int copy = -1;
	int result = nesting > MAX_NESTING ? -ELOOP : snapshot_one(fd, parent, name);

	if (result < 0)
		return result;
	copy = open_below(parent, name);
	return copy < 0 ? copy : snapshot_all_nested(fd, copy, nesting);
}

int subvolume_snapshot(int fd, int parent, const char *name)
{
	return snapshot(fd, parent, name, 0);
}

int subvolume_delete(int parent, const char *name)
{
	struct btrfs_ioctl_vol_args arguments = {0};

	if (strlen(name) >= sizeof(arguments.name))
		return -ENAMETOOLONG;
	strcpy(arguments.name, name);
	return ioctl(parent, BTRFS_IOC_SNAP_DESTROY, &arguments) < 0 ? -errno : 0;
}
