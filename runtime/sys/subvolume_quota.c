/* SPDX-License-Identifier: MIT */
/* Quotas of btrfs subvolumes. */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <string.h>
#include <sys/ioctl.h>

#include "subvolume.h"

/* The number of the subvolume that the file FD is in: also that of its quota group. */
static int subvolume_id(int fd, uint64_t *id)
{
	struct btrfs_ioctl_ino_lookup_args arguments = {.objectid = BTRFS_FIRST_FREE_OBJECTID};

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &arguments) < 0)
		return -errno;
	*id = arguments.treeid;
	return 0;
}

/* Copies the item of TYPE about group ID to ITEM: 1, or 0 when there is none. */
static int read_item(int fd, uint32_t type, uint64_t id, void *item, size_t size)
{
	struct btrfs_ioctl_search_args arguments = {
		.key =
			{
				.tree_id = BTRFS_QUOTA_TREE_OBJECTID,
				.min_type = type,
				.max_type = type,
				.min_offset = id,
				.max_offset = id,
				.max_transid = UINT64_MAX,
				.nr_items = 1,
			},
	};
	struct btrfs_ioctl_search_header header;

	if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &arguments) < 0)
		return errno == ENOENT ? -ENODATA : -errno;
	if (arguments.key.nr_items == 0)
		return 0;
	memcpy(&header, arguments.buf, sizeof(header));
	if (header.type != type || header.offset != id || header.len < size)
		return 0;
	memcpy(item, arguments.buf + sizeof(header), size);
	return 1;
}

int subvolume_get_quota(int fd, struct subvolume_quota *quota)
{
	struct btrfs_qgroup_info_item info = {0};
	struct btrfs_qgroup_limit_item limit = {0};
	uint64_t id = 0;
	int result = subvolume_id(fd, &id);

	*quota = (struct subvolume_quota){.limit = UINT64_MAX};
	if (result == 0)
		result = read_item(fd, BTRFS_QGROUP_INFO_KEY, id, &info, sizeof(info));
	if (result <= 0)
		return result < 0 ? result : -ENODATA;
	quota->referenced = le64toh(info.rfer);
	result = read_item(fd, BTRFS_QGROUP_LIMIT_KEY, id, &limit, sizeof(limit));
	if (result > 0 && (le64toh(limit.flags) & BTRFS_QGROUP_LIMIT_MAX_RFER))
		quota->limit = le64toh(limit.max_rfer);
	return result < 0 ? result : 0;
}

int subvolume_set_limit(int fd, uint64_t limit)
{
	/* Group 0 stands for the subvolume of FD; the largest number clears the limit
	 * (fs/btrfs/qgroup.c, CLEAR_VALUE). */
	struct btrfs_ioctl_qgroup_limit_args arguments = {
		.lim = {.flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = limit},
	};

	return ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &arguments) < 0 ? -errno : 0;
}
