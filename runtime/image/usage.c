/* SPDX-License-Identifier: MIT */
/* What is in an image, and how much of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../base/os_release.h"
#include "../sys/path.h"
#include "../sys/subvolume.h"
#include "../sys/tree_walk.h"
#include "image.h"
#include "inodes.h"

/* st_blocks is in these, whatever the file system's own are (stat(3type)). */
#define BLOCK_SIZE      UINT64_C(512)

#define OS_RELEASE_SIZE 16384

/* ---- The system ---- */

void image_read_os(const struct image *image, char os[static IMAGE_OS_MAX])
{
	/* A NixOS tree that was not booted yet has an empty /etc. */
	static const char *const files[] = {"/etc/os-release", "/usr/lib/os-release",
					    "/nix/var/nix/profiles/system/etc/os-release"};
	CLEANUP_FD int root = open(image->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FREE char *text = malloc(OS_RELEASE_SIZE);

	os[0] = '\0';
	if (root < 0 || !text)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files) && !os[0]; i++)
		if (path_read_in(root, files[i], text, OS_RELEASE_SIZE) >= 0 &&
		    !(os_release_value(text, "PRETTY_NAME", os, IMAGE_OS_MAX) && os[0]))
			os_release_value(text, "NAME", os, IMAGE_OS_MAX);
}

/* ---- The size ---- */

struct measure {
	struct image_usage *usage;
	struct inodes seen;
};

static int count_entry(void *context, const struct tree_level *level, const char *name, int fd,
		       const struct stat *status)
{
	struct measure *measure = context;
	const char *known;
	int first = 1;

	(void)level;
	(void)name;
	(void)fd;
	if (status->st_nlink > 1)
		first = inodes_add(&measure->seen, status->st_ino, NULL, &known);
	if (first < 0)
		return first;
	measure->usage->files++;
	measure->usage->bytes += first ? (uint64_t)status->st_blocks * BLOCK_SIZE : 0;
	return 0;
}

static int count_directory(void *context, const struct tree_level *level)
{
	struct measure *measure = context;
	struct stat status;

	if (fstat(level->fd, &status) < 0)
		return -errno;
	measure->usage->files++;
	measure->usage->bytes += (uint64_t)status.st_blocks * BLOCK_SIZE;
	return 0;
}

static int measure_tree(int fd, struct image_usage *usage)
{
	static const struct tree_visitor visitor = {
		.entry = count_entry,
		.leave = count_directory,
	};
	struct measure measure = {.usage = usage};
	int result = tree_walk(fd, -1, &visitor, &measure, NULL);

	inodes_free(&measure.seen);
	return result;
}

static int measure_file(int fd, struct image_usage *usage)
{
	struct stat status;
	off_t size;

	if (fstat(fd, &status) < 0)
		return -errno;
	usage->bytes = (uint64_t)status.st_blocks * BLOCK_SIZE;
	if (!S_ISBLK(status.st_mode))
		return 0;
	size = lseek(fd, 0, SEEK_END);
	usage->bytes = size > 0 ? (uint64_t)size : 0;
	return 0;
}

static void read_limit(const struct image *image, int fd, struct image_usage *usage)
{
	struct subvolume_quota quota;

	if (image->kind == IMAGE_SUBVOLUME && subvolume_get_quota(fd, &quota) == 0 &&
	    quota.limit != UINT64_MAX)
		usage->limit = quota.limit;
}

int image_measure(const struct image *image, struct image_usage *usage, struct floe_error *error)
{
	CLEANUP_FD int fd = open(image->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	bool is_tree = image->kind == IMAGE_DIRECTORY || image->kind == IMAGE_SUBVOLUME;
	int result;

	*usage = (struct image_usage){0};
	if (fd < 0)
		return err_errno(error, errno, "cannot open the image %s", image->path);
	result = is_tree ? measure_tree(fd, usage) : measure_file(fd, usage);
	if (result < 0)
		return err_errno(error, -result, "cannot measure the image %s", image->path);
	read_limit(image, fd, usage);
	if (is_tree)
		image_read_os(image, usage->os);
	return 0;
}
