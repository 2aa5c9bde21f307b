/* SPDX-License-Identifier: MIT */
/*
 * A closure as one mount: instead of a bind for each path, a layer of empty directories that say
 * where in the layer below their content is (overlayfs.rst, "Redirect_dir" and "Metadata only copy
 * up"). Their parent is opaque, so that nothing else of the layer below shows through.
 * Async-signal-safe throughout.
 */
#include "closure.h"

#include "../sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#define REDIRECT "trusted.overlay.redirect"
#define METACOPY "trusted.overlay.metacopy"
#define OPAQUE   "trusted.overlay.opaque"

/* "/NAME": the place in the layer below, counted from its root. */
static size_t redirect_of(char redirect[static NAME_MAX + 2], const char *name)
{
	size_t length = strlen(name);

	redirect[0] = '/';
	memcpy(redirect + 1, name, length);
	return length + 1;
}

static int make_directory(const struct host_store_path *path)
{
	char redirect[NAME_MAX + 2];
	size_t length = redirect_of(redirect, path->name);

	if (mkdir(path->name, path->mode & 07777) < 0 ||
	    lsetxattr(path->name, REDIRECT, redirect, length, 0) < 0)
		return -errno;
	return 0;
}

/* A file whose content is below, and whose size has to be told here. */
static int make_file(const struct host_store_path *path)
{
	char redirect[NAME_MAX + 2];
	size_t length = redirect_of(redirect, path->name);
	int fd = open(path->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, path->mode & 07777);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)path->size) < 0 || fsetxattr(fd, METACOPY, NULL, 0, 0) < 0 ||
	    fsetxattr(fd, REDIRECT, redirect, length, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int make_path(const struct host_store_path *path)
{
	struct timespec times[2] = {{.tv_sec = (time_t)path->time}, {.tv_sec = (time_t)path->time}};
	int r;

	if (S_ISLNK(path->mode))
		r = symlink(path->link, path->name) < 0 ? -errno : 0;
	else
		r = S_ISDIR(path->mode) ? make_directory(path) : make_file(path);
	/* Of directories, which nearly all are, nobody asks for it, and it would cost as much as
	 * making the attribute. */
	if (r == 0 && !S_ISDIR(path->mode))
		r = utimensat(AT_FDCWD, path->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	return r;
}

/* As stage 2 and Nix want it, who could not change it. Nix looks for ".links" when it opens a
 * store. */
static int make_store(uint32_t owner)
{
	if (mkdir("store", 0755) < 0 || lchown("store", owner, owner + NIX_BUILD_GROUP) < 0 ||
	    chmod("store", 01775) < 0 || lsetxattr("store", OPAQUE, "y", 1, 0) < 0 ||
	    chdir("store") < 0)
		return -errno;
	return 0;
}

static int make_paths(const struct host_store_path *paths, size_t count)
{
	int r = mkdir(".links", 0755) < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = make_path(&paths[i]);
	return r;
}

int closure_layer(const struct host_store_path *paths, size_t count, uint32_t owner)
{
	int mount = mount_new("tmpfs", "mode=0755,nr_inodes=0", 0);
	int r = mount < 0 ? mount : fchdir(mount) < 0 ? -errno : 0;

	if (r == 0)
		r = make_store(owner);
	if (r == 0)
		r = make_paths(paths, count);
	if (r == 0 && chdir("/") < 0)
		r = -errno;
	if (r == 0)
		return mount;
	if (mount >= 0)
		close(mount);
	return r;
}
