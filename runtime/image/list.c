/* SPDX-License-Identifier: MIT */
/* Which images there are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../base/names.h"
#include "image.h"

/* The root of a btrfs subvolume always has this inode number (BTRFS_FIRST_FREE_OBJECTID). */
#define SUBVOLUME_INODE 256

/* systemd-nspawn(1), --machine=, and the legacy directory machined still reads. */
const char *const image_search_path[] = {
	"/etc/machines",
	"/run/machines",
	"/var/lib/machines",
	"/var/lib/container",
	"/usr/local/lib/machines",
	"/usr/lib/machines",
	NULL,
};

struct listing {
	struct arena *arena;
	struct image *images;
	size_t count;
};

const char *image_kind_name(enum image_kind kind)
{
	static const char *const names[] = {
		[IMAGE_DIRECTORY] = "directory",
		[IMAGE_SUBVOLUME] = "subvolume",
		[IMAGE_RAW] = "raw",
		[IMAGE_BLOCK] = "block",
	};

	return names[kind];
}

static struct timespec time_of(struct statx_timestamp stamp)
{
	return (struct timespec){.tv_sec = stamp.tv_sec, .tv_nsec = stamp.tv_nsec};
}

static bool subvolume_read_only(int dirfd, const char *file)
{
	CLEANUP_FD int fd = openat(dirfd, file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t flags;

	return fd >= 0 && ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) == 0 &&
	       (flags & BTRFS_SUBVOL_RDONLY);
}

static void describe_directory(int dirfd, const char *file, const struct statx *status,
			       struct image *image)
{
	struct statfs fs;

	image->kind = IMAGE_DIRECTORY;
	image->read_only = status->stx_attributes & STATX_ATTR_IMMUTABLE;
	if (status->stx_ino != SUBVOLUME_INODE || fstatfs(dirfd, &fs) < 0 ||
	    fs.f_type != BTRFS_SUPER_MAGIC)
		return;
	image->kind = IMAGE_SUBVOLUME;
	image->read_only |= subvolume_read_only(dirfd, file);
}

/* Cuts ".raw" off a file's name; false when the file is no raw image. */
static bool raw_name(const char *file, size_t *length)
{
	*length = strlen(file);
	if (*length <= 4 || strcmp(file + *length - 4, ".raw") != 0)
		return false;
	*length -= 4;
	return true;
}

/* Fills IMAGE's kind and the length of its name; false when FILE is no image. */
static bool image_describe(int dirfd, const char *file, struct image *image, size_t *length)
{
	struct statx status;

	/* Followed: administrators link images in from elsewhere. */
	if (statx(dirfd, file, AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &status) < 0)
		return false;
	*length = strlen(file);
	if (S_ISDIR(status.stx_mode))
		describe_directory(dirfd, file, &status, image);
	else if (S_ISBLK(status.stx_mode))
		image->kind = IMAGE_BLOCK;
	else if (S_ISREG(status.stx_mode) && raw_name(file, length))
		image->kind = IMAGE_RAW;
	else
		return false;
	if (!S_ISDIR(status.stx_mode))
		image->read_only = !(status.stx_mode & 0222);
	image->modified = time_of(status.stx_mtime);
	if (status.stx_mask & STATX_BTIME)
		image->created = time_of(status.stx_btime);
	return true;
}

static bool is_listed(const struct listing *listing, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(listing->images[i].name, name) == 0)
			return true;
	return false;
}

static void list_entry(struct listing *listing, size_t before, const char *directory, int dirfd,
		       const char *file)
{
	struct image found = {0}, *image;
	size_t length;

	/* Also keeps out ".#…", the marks of unfinished work and locks. */
	if (file[0] == '.' || !image_describe(dirfd, file, &found, &length))
		return;
	found.name = arena_strndup(listing->arena, file, length);
	if (!machine_name_valid(found.name) || is_listed(listing, before, found.name))
		return;
	found.path = arena_printf(listing->arena, "%s/%s", directory, file);
	image = ARENA_APPEND(listing->arena, listing->images, listing->count);
	if (image)
		*image = found;
}

static int list_directory(struct listing *listing, const char *directory, struct floe_error *error)
{
	CLEANUP_DIR DIR *dir = opendir(directory);
	size_t before = listing->count;
	struct dirent *entry;

	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!dir)
		return err_errno(error, errno, "cannot list the images in %s", directory);
	while (errno = 0, (entry = readdir(dir)))
		list_entry(listing, before, directory, dirfd(dir), entry->d_name);
	if (errno)
		return err_errno(error, errno, "cannot read the directory %s", directory);
	return 0;
}

static int compare_images(const void *left, const void *right)
{
	return strcmp(((const struct image *)left)->name, ((const struct image *)right)->name);
}

ssize_t image_list(const char *const *directories, struct arena *arena, struct image **images,
		   struct floe_error *error)
{
	struct listing listing = {.arena = arena};

	for (directories = directories ?: image_search_path; *directories; directories++) {
		int result = list_directory(&listing, *directories, error);

		if (result < 0)
			return result;
	}
	if (arena_failed(arena))
		return err_errno(error, ENOMEM, "cannot list images");
	if (listing.count)
		qsort(listing.images, listing.count, sizeof(*listing.images), compare_images);
	*images = listing.images;
	return (ssize_t)listing.count;
}

/* Looks for FILE in DIRECTORY. Returns whether it is an image. */
static bool find_file(const char *directory, const char *file, struct arena *arena,
		      struct image *image)
{
	CLEANUP_FD int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t length;

	*image = (struct image){0};
	if (dirfd < 0 || !image_describe(dirfd, file, image, &length))
		return false;
	image->name = arena_strndup(arena, file, length);
	image->path = arena_printf(arena, "%s/%s", directory, file);
	return true;
}

int image_find(const char *const *directories, const char *name, struct arena *arena,
	       struct image *image, struct floe_error *error)
{
	const char *raw = arena_printf(arena, "%s.raw", name);

	if (!machine_name_valid(name))
		return err_usage(error, "\"%s\" is not a valid image name", name);
	for (directories = directories ?: image_search_path; *directories; directories++)
		if (find_file(*directories, name, arena, image) ||
		    find_file(*directories, raw, arena, image))
			return arena_failed(arena)
				       ? err_errno(error, ENOMEM, "cannot find %s", name)
				       : 0;
	err_set(error, FLOE_ERROR_NOT_FOUND, ENOENT, "there is no image called \"%s\"", name);
	err_hint(error, "\"floe list\" shows those there are");
	return -ENOENT;
}
