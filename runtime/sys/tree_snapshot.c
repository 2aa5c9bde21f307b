/* SPDX-License-Identifier: MIT */
/* Snapshots of trees that are btrfs subvolumes. */
#include <fcntl.h>

#include "../base/cleanup.h"
#include "subvolume.h"
#include "tree.h"
#include "tree_copy.h"
#include "tree_walk.h"

int tree_snapshot(const char *source, const char *target)
{
	CLEANUP_FD int from = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int parent = -1;
	char name[NAME_MAX + 1];
	int result = from < 0 ? -errno : subvolume_check(from);

	if (result < 0)
		return result;
	parent = tree_open_parent(target, name);
	if (parent < 0)
		return parent;
	/* The failure of a snapshot does not say whether there was something at its place. */
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	result = subvolume_snapshot(from, parent, name);
	if (result < 0)
		tree_remove(parent, name);
	/* The source is on btrfs, so it is the target's file system that does not know the call. */
	return result == -ENOTTY ? -EXDEV : result;
}
