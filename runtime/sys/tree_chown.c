/* SPDX-License-Identifier: MIT */
/* Giving a whole tree to the user range of a machine. */
#include "tree_chown.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../base/cleanup.h"
#include "tree.h"
#include "tree_walk.h"

/* <linux/xattr.h>, which has these, does not go together with <sys/xattr.h>. */
#define ACL_ACCESS       "system.posix_acl_access"
#define ACL_DEFAULT      "system.posix_acl_default"
#define CAPABILITY       "security.capability"

#define LOW_BITS         0xffffu
#define PROTECTING_FLAGS (FS_IMMUTABLE_FL | FS_APPEND_FL)
#define SET_ID_BITS      (S_ISUID | S_ISGID)

struct shift {
	uint32_t base;
	char *value; /* XATTR_SIZE_MAX */
};

/* What a change of owner takes away from a file. */
struct file_caps {
	struct vfs_ns_cap_data data;
	size_t size; /* 0: it has none */
};

static uint32_t shifted(const struct shift *shift, uint32_t id)
{
	return shift->base | (id & LOW_BITS);
}

static bool is_right(const struct shift *shift, const struct stat *status)
{
	return shifted(shift, status->st_uid) == status->st_uid &&
	       shifted(shift, status->st_gid) == status->st_gid;
}

/* ---- ACLs ---- */

/* True when something had to be changed. Only these two tags have an id (acl(5)). */
static bool shift_entries(const struct shift *shift, struct posix_acl_xattr_entry *entries,
			  size_t count)
{
	bool changed = false;

	for (size_t i = 0; i < count; i++) {
		uint16_t tag = le16toh(entries[i].e_tag);
		uint32_t old = le32toh(entries[i].e_id);

		if (tag != ACL_USER && tag != ACL_GROUP)
			continue;
		entries[i].e_id = htole32(shifted(shift, old));
		changed |= shifted(shift, old) != old;
	}
	return changed;
}

static int shift_acl(const struct shift *shift, const char *path, const char *name)
{
	struct posix_acl_xattr_header *header = (void *)shift->value;
	ssize_t size = getxattr(path, name, shift->value, XATTR_SIZE_MAX);
	size_t count;

	if (size < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	if ((size_t)size < sizeof(*header) || le32toh(header->a_version) != POSIX_ACL_XATTR_VERSION)
		return -EBADMSG;
	count = ((size_t)size - sizeof(*header)) / sizeof(struct posix_acl_xattr_entry);
	if (!shift_entries(shift, (struct posix_acl_xattr_entry *)(header + 1), count))
		return 0;
	return setxattr(path, name, shift->value, (size_t)size, XATTR_REPLACE) < 0 ? -errno : 0;
}

static int shift_acls(const struct shift *shift, const char *path, mode_t mode)
{
	int result = shift_acl(shift, path, ACL_ACCESS);

	if (result < 0 || !S_ISDIR(mode))
		return result;
	return shift_acl(shift, path, ACL_DEFAULT);
}

/* ---- File capabilities ---- */

static int read_caps(const char *path, struct file_caps *caps)
{
	ssize_t size = getxattr(path, CAPABILITY, &caps->data, sizeof(caps->data));

	if (size < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return -errno;
	caps->size = size < 0 ? 0 : (size_t)size;
	return 0;
}

/* Capabilities count in the user namespace whose root they name, and without a name in the first
 * one alone (capabilities(7), "File capability extended attribute versioning"). */
static int write_caps(const struct shift *shift, const char *path, struct file_caps *caps)
{
	uint32_t flags = le32toh(caps->data.magic_etc) & VFS_CAP_FLAGS_MASK;
	uint32_t revision = shift->base ? VFS_CAP_REVISION_3 : VFS_CAP_REVISION_2;

	if (caps->size == 0)
		return 0;
	caps->data.magic_etc = htole32(revision | flags);
	caps->data.rootid = htole32(shift->base);
	return setxattr(path, CAPABILITY, &caps->data,
			shift->base ? XATTR_CAPS_SZ_3 : XATTR_CAPS_SZ_2, 0) < 0
		       ? -errno
		       : 0;
}

/* ---- One file ---- */

static int change_owner(const struct shift *shift, int fd, const char *path,
			const struct stat *status)
{
	struct file_caps caps = {0};
	int result = S_ISREG(status->st_mode) ? read_caps(path, &caps) : 0;

	if (result < 0)
		return result;
	if (fchownat(fd, "", shifted(shift, status->st_uid), shifted(shift, status->st_gid),
		     AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISDIR(status->st_mode) && (status->st_mode & SET_ID_BITS) &&
	    chmod(path, status->st_mode & 07777) < 0)
		return -errno;
	return write_caps(shift, path, &caps);
}

static int shift_unprotected(const struct shift *shift, int fd, const struct stat *status)
{
	char path[TREE_PATH_MAX];
	int result = 0;

	tree_path(fd, path);
	if (!S_ISLNK(status->st_mode))
		result = shift_acls(shift, path, status->st_mode);
	if (result < 0 || is_right(shift, status))
		return result;
	return change_owner(shift, fd, path, status);
}

/* NixOS makes /var/empty immutable, for one. */
static int shift_protected(const struct shift *shift, int fd, const struct stat *status)
{
	char path[TREE_PATH_MAX];
	CLEANUP_FD int file = open(tree_path(fd, path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned int set;
	int result, flags, restored;

	if (file < 0)
		return -errno;
	if (ioctl(file, FS_IOC_GETFLAGS, &flags) < 0)
		return -EPERM;
	set = (unsigned int)flags & PROTECTING_FLAGS;
	if (!set)
		return -EPERM;
	result = tree_set_flags(file, 0, set);
	if (result < 0)
		return result;
	result = shift_unprotected(shift, fd, status);
	restored = tree_set_flags(file, set, 0);
	return result < 0 ? result : restored;
}

static int shift_one(const struct shift *shift, int fd, const struct stat *status)
{
	int result = shift_unprotected(shift, fd, status);

	if (result == -EPERM && (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)))
		return shift_protected(shift, fd, status);
	return result;
}

/* ---- The tree ---- */

static int shift_entry(void *context, const struct tree_level *level, const char *name, int fd,
		       const struct stat *status)
{
	(void)level;
	(void)name;
	return shift_one(context, fd, status);
}

/* After all below it: the top, whose owner says that everything is done, comes last. */
static int shift_directory(void *context, const struct tree_level *level)
{
	struct stat status;

	if (fstat(level->fd, &status) < 0)
		return -errno;
	return shift_one(context, level->fd, &status);
}

static int shift_all(int top, uint32_t base, const struct tree_stop *stop)
{
	static const struct tree_visitor visitor = {
		.entry = shift_entry,
		.leave = shift_directory,
	};
	struct shift shift = {base, malloc(XATTR_SIZE_MAX)};
	int result = shift.value ? tree_walk(top, -1, &visitor, &shift, stop) : -ENOMEM;

	free(shift.value);
	return result;
}

int tree_shift(const char *path, uint32_t base, const struct tree_stop *stop)
{
	CLEANUP_FD int top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct shift shift = {.base = base};
	struct stat status;

	/* The last range has the id that means "leave as it is" to chown(2). */
	if ((base & LOW_BITS) || base == ~LOW_BITS)
		return -EINVAL;
	if (top < 0 || fstat(top, &status) < 0)
		return -errno;
	return is_right(&shift, &status) ? 0 : shift_all(top, base, stop);
}
