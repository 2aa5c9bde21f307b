/* SPDX-License-Identifier: MIT */
/* Settings files that go along with images. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../sys/tree_content.h"
#include "image.h"

/* systemd.nspawn(5): these, then the directory of the image; and floe's own. */
static const char *const directories[] = {"/etc/floe", "/etc/systemd/nspawn",
					  "/run/systemd/nspawn"};

/* The file of place INDEX; the last place is beside the image. */
static int settings_path(char file[static PATH_MAX], size_t index, const char *path,
			 const char *name)
{
	const char *directory = path, *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path) : 0, written;

	if (index < ARRAY_SIZE(directories)) {
		directory = directories[index];
		length = (int)strlen(directory);
	}
	written = snprintf(file, PATH_MAX, "%.*s/%s.nspawn", length, directory, name);
	return written < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int fill(int source, int target)
{
	struct tree_content content = {0};
	struct stat status;
	int result;

	if (fstat(source, &status) < 0 || !S_ISREG(status.st_mode))
		return -EINVAL;
	result = tree_content_copy(&content, source, target, status.st_size);
	/* Whose they are decides how far they are trusted. */
	if (result == 0 && fchown(target, status.st_uid, status.st_gid) < 0)
		result = -errno;
	if (result == 0 && fchmod(target, status.st_mode & 07777) < 0)
		result = -errno;
	return result == 0 && fsync(target) < 0 ? -errno : result;
}

/* What is there already was put there on purpose. */
static bool copy_one(const char *from, const char *to)
{
	CLEANUP_FD int source = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_FD int target = -1;

	if (source < 0)
		return false;
	target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0)
		return false;
	if (fill(source, target) == 0)
		return true;
	unlink(to);
	return false;
}

unsigned int image_settings_copy(const char *path, const char *name, const char *new_path,
				 const char *new_name)
{
	char from[PATH_MAX], to[PATH_MAX];
	unsigned int copied = 0;

	for (size_t i = 0; i <= ARRAY_SIZE(directories); i++)
		if (settings_path(from, i, path, name) == 0 &&
		    settings_path(to, i, new_path, new_name) == 0 && copy_one(from, to))
			copied |= 1u << i;
	return copied;
}

void image_settings_remove(const char *path, const char *name, unsigned int set)
{
	char file[PATH_MAX];

	for (size_t i = 0; i <= ARRAY_SIZE(directories); i++)
		if ((set & (1u << i)) && settings_path(file, i, path, name) == 0)
			unlink(file);
}
