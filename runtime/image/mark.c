/* SPDX-License-Identifier: MIT */
/* Read-only images, marked as machined marks them. */
#include <errno.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "../base/err.h"
#include "../sys/subvolume.h"
#include "../sys/tree.h"
#include "image.h"

int image_mark(int fd, bool read_only)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return fchmod(fd, read_only ? status.st_mode & 07777 & ~0222u
					    : (status.st_mode & 07777) | 0200) < 0
			       ? -errno
			       : 0;
	if (subvolume_check(fd) == 0)
		return subvolume_set_read_only(fd, read_only);
	return read_only ? tree_set_flags(fd, FS_IMMUTABLE_FL, 0)
			 : tree_set_flags(fd, 0, FS_IMMUTABLE_FL);
}

int image_set_read_only(const struct image *image, bool read_only, struct floe_error *error)
{
	const char *what = read_only ? "read-only" : "writable";
	struct image_hold hold;
	int result;

	if (image->kind == IMAGE_BLOCK)
		return err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot make the block device %s %s; blockdev(8) does", image->path,
			       what);
	result = image_hold(&hold, image->path, false, error);
	if (result < 0)
		return result;
	result = image_mark(hold.tree, read_only);
	image_release(&hold);
	if (result == -ENOTTY || result == -EOPNOTSUPP) {
		err_errno(error, -result, "cannot make the image %s %s", image->path, what);
		return err_hint(error, "its file system has no immutable directories");
	}
	return result < 0
		       ? err_errno(error, -result, "cannot make the image %s %s", image->path, what)
		       : 0;
}
