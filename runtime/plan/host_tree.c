/* SPDX-License-Identifier: MIT */
/* What the tree is: its file system, its shape, the files that decide how it is started. */
#include "host_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "../base/cleanup.h"
#include "../sys/disk.h"
#include "../sys/path.h"

/* Not in linux/magic.h of the kernels we build against. */
#ifndef CEPH_SUPER_MAGIC
#define CEPH_SUPER_MAGIC 0x00c36400
#endif
#define NTFS3_MAGIC   0x7366746e
#define ZFS_MAGIC     0x2fc12fc1
#define BTRFS_TOP_INO 256 /* the root of every subvolume (BTRFS_FIRST_FREE_OBJECTID) */

/*
 * Since which kernel a file system takes an id mapping (FS_ALLOW_IDMAP in its fs_flags). Overlayfs
 * takes mapped layers since 5.19 but no mapping itself; FUSE and virtiofs only when their server
 * allows it, which cannot be seen from outside; NFS, CIFS and 9p never.
 */
static const struct {
	unsigned long magic;
	unsigned major, minor;
} idmap_since[] = {
	{EXT4_SUPER_MAGIC, 5, 12},  {XFS_SUPER_MAGIC, 5, 12},      {MSDOS_SUPER_MAGIC, 5, 12},
	{BTRFS_SUPER_MAGIC, 5, 15}, {NTFS3_MAGIC, 5, 15},          {F2FS_SUPER_MAGIC, 5, 18},
	{ZFS_MAGIC, 5, 19},         {EROFS_SUPER_MAGIC_V1, 5, 19}, {SQUASHFS_MAGIC, 6, 2},
	{TMPFS_MAGIC, 6, 3},        {CEPH_SUPER_MAGIC, 6, 7},
};

bool host_can_idmap(const struct host *host, unsigned long magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(idmap_since); i++) {
		if (idmap_since[i].magic != magic)
			continue;
		if (host->kernel_major != idmap_since[i].major)
			return host->kernel_major > idmap_since[i].major;
		return host->kernel_minor >= idmap_since[i].minor;
	}
	return false;
}

static bool has_path(int root, const char *path)
{
	CLEANUP_FD int fd = path_open_in(root, path, O_PATH, 0);

	return fd >= 0;
}

static bool has_directory(int root, const char *path)
{
	CLEANUP_FD int fd = path_open_in(root, path, O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

static bool on_read_only(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) == 0 && (status.f_flags & ST_RDONLY);
}

static bool is_etc_writable(int root, bool tree_read_only)
{
	CLEANUP_FD int etc = path_open_in(root, "/etc", O_PATH | O_DIRECTORY, 0);

	if (etc == -ENOENT)
		return !tree_read_only;
	return etc >= 0 && !on_read_only(etc);
}

/* A directory /bin of its own is what makes a tree unmerged; none at all does not. */
static bool is_merged(int root)
{
	CLEANUP_FD int bin = path_open_in(root, "/bin", O_PATH | O_NOFOLLOW, 0);
	struct stat status;

	return bin < 0 || (fstat(bin, &status) == 0 && !S_ISDIR(status.st_mode));
}

static bool is_mount_root(int fd)
{
	struct statx status;

	return statx(fd, "", AT_EMPTY_PATH, 0, &status) == 0 &&
	       (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int probe_filesystem(struct host *host, const struct spec *spec, int root,
			    struct floe_error *error)
{
	struct host_tree *tree = &host->tree;
	struct statfs filesystem;

	if (fstat(root, &tree->status) < 0 || fstatfs(root, &filesystem) < 0)
		return err_errno(error, errno, "cannot look at the directory %s", spec->directory);
	tree->path = host_descriptor_path(&host->arena, root);
	if (!*tree->path)
		return err_errno(error, ENAMETOOLONG, "cannot resolve the path of %s",
				 spec->directory);
	tree->magic = (unsigned long)filesystem.f_type;
	tree->read_only = filesystem.f_flags & ST_RDONLY;
	tree->idmappable = host_can_idmap(host, tree->magic);
	tree->shifted = tree->status.st_uid != 0 && (tree->status.st_uid & 0xffff) == 0;
	tree->btrfs_subvolume =
		tree->magic == BTRFS_SUPER_MAGIC && tree->status.st_ino == BTRFS_TOP_INO;
	tree->is_mount_point = is_mount_root(root);
	return 0;
}

static void probe_shape(struct host_tree *tree, int root)
{
	tree->has_usr = has_directory(root, "/usr");
	tree->merged_usr = tree->has_usr && is_merged(root);
	tree->has_nix_store = has_directory(root, "/nix/store");
	tree->has_os_release =
		has_path(root, "/etc/os-release") || has_path(root, "/usr/lib/os-release");
	tree->etc_writable = is_etc_writable(root, tree->read_only);
}

static void probe_files(struct host *host, int root)
{
	struct host_tree *tree = &host->tree;
	char text[PATH_MAX];

	if (path_read_in(root, "/etc/machine-id", text, sizeof(text)) > 0)
		tree->machine_id = host_parse_machine_id(&host->arena, text);
	tree->has_resolv = has_path(root, "/etc/resolv.conf");
	tree->has_localtime = has_path(root, "/etc/localtime");
	if (path_readlink_in(root, "/etc/resolv.conf", text, sizeof(text)) > 0)
		tree->resolv_link = arena_strdup(&host->arena, text);
	if (!host->localtime_zone)
		return;
	snprintf(text, sizeof(text), "/usr/share/zoneinfo/%s", host->localtime_zone);
	tree->has_zone = has_path(root, text);
}

int host_open_place(const struct spec *spec, const char *path)
{
	CLEANUP_FREE char *copy = spec_makes(spec, path) ? strdup(path) : NULL;
	int fd = -ENOENT;

	while (copy && fd == -ENOENT) {
		char *slash = strrchr(copy, '/');

		if (!slash)
			break;
		slash[slash == copy] = '\0';
		fd = open(copy, O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	return fd;
}

/* A directory that is yet to be made is empty, root's, and of the file system it will lie in. */
int host_tree_missing(struct host *host, const struct spec *spec, struct floe_error *error)
{
	CLEANUP_FD int place = host_open_place(spec, spec->directory);
	struct host_tree *tree = &host->tree;
	int r = place < 0 ? err_errno(error, -place, "cannot open the place for the directory %s",
				      spec->directory)
			  : probe_filesystem(host, spec, place, error);

	if (r < 0)
		return r;
	tree->path = arena_strdup(&host->arena, spec->directory);
	tree->status = (struct stat){.st_mode = S_IFDIR | 0755};
	tree->shifted = tree->btrfs_subvolume = tree->is_mount_point = false;
	tree->etc_writable = !tree->read_only;
	return 0;
}

static void probe_disk(struct host *host, int root)
{
	char number[DISK_SIZE];

	if (disk_find(root, number) == 0)
		host->tree.disk = arena_strdup(&host->arena, number);
}

int host_tree(struct host *host, const struct spec *spec, int root, struct floe_error *error)
{
	int r = probe_filesystem(host, spec, root, error);

	if (r < 0)
		return r;
	if (spec->io_read_max || spec->io_write_max)
		probe_disk(host, root);
	probe_shape(&host->tree, root);
	probe_files(host, root);
	return 0;
}
