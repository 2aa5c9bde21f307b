/* SPDX-License-Identifier: MIT */
/* Deleting what killed work left in an image directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../sys/tree.h"
#include "image.h"

#define LOCK_PREFIX ".#"
#define LOCK_SUFFIX ".lck"

struct cleaning {
	const char *directory;
	int dirfd;
	image_told_function *told;
	void *context;
	struct floe_error *error;
};

static bool is_unfinished(const char *name)
{
	return strncmp(name, IMAGE_STAGING_PREFIX, strlen(IMAGE_STAGING_PREFIX)) == 0 ||
	       strncmp(name, IMAGE_REMOVE_PREFIX, strlen(IMAGE_REMOVE_PREFIX)) == 0;
}

static uint64_t measure(const struct cleaning *cleaning, int fd)
{
	const char path[] = {"/proc/self/fd/"};
	struct image image = {.kind = IMAGE_DIRECTORY};
	struct image_usage usage = {0};
	char text[sizeof(path) + 12];

	if (!cleaning->told || fd < 0)
		return 0;
	snprintf(text, sizeof(text), "%s%d", path, fd);
	image.path = text;
	image_measure(&image, &usage, NULL);
	return usage.bytes;
}

/* Returns 1 when deleted, 0 when somebody is at work on it. */
static int collect(const struct cleaning *cleaning, const char *name)
{
	CLEANUP_FD int fd =
		openat(cleaning->dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t bytes;
	int result;

	if (fd < 0 && errno != ENOTDIR && errno != ELOOP)
		return errno == ENOENT ? 0 : -errno;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	bytes = measure(cleaning, fd);
	result = tree_remove(cleaning->dirfd, name);
	if (result < 0)
		return result;
	if (cleaning->told)
		cleaning->told(cleaning->context, name, bytes);
	return 1;
}

static bool is_lock_file(const char *name)
{
	size_t length = strlen(name), suffix = strlen(LOCK_SUFFIX);

	return strncmp(name, LOCK_PREFIX, strlen(LOCK_PREFIX)) == 0 &&
	       length > strlen(LOCK_PREFIX) + suffix &&
	       strcmp(name + length - suffix, LOCK_SUFFIX) == 0;
}

/* Taking and giving back the lock of ".#NAME.lck" deletes it, if nobody has it. */
static void drop_lock_file(const struct cleaning *cleaning, const char *name)
{
	size_t begin = strlen(LOCK_PREFIX);
	char path[PATH_MAX];
	int lock;

	snprintf(path, sizeof(path), "%s/%.*s", cleaning->directory,
		 (int)(strlen(name) - begin - strlen(LOCK_SUFFIX)), name + begin);
	lock = image_lock(path, false, NULL);
	if (lock >= 0)
		image_unlock(path, lock);
}

static int clean_entry(const struct cleaning *cleaning, const char *name)
{
	int result;

	if (!is_unfinished(name)) {
		if (is_lock_file(name))
			drop_lock_file(cleaning, name);
		return 0;
	}
	result = collect(cleaning, name);
	return result < 0 ? err_errno(cleaning->error, -result, "cannot delete %s in %s", name,
				      cleaning->directory)
			  : result;
}

int image_clean(const char *directory, image_told_function *told, void *context,
		struct floe_error *error)
{
	CLEANUP_DIR DIR *dir = opendir(directory);
	struct cleaning cleaning = {
		.directory = directory, .told = told, .context = context, .error = error};
	struct dirent *entry;
	int collected = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(error, errno, "cannot clean %s", directory);
	cleaning.dirfd = dirfd(dir);
	while (errno = 0, (entry = readdir(dir))) {
		int result = clean_entry(&cleaning, entry->d_name);

		if (result < 0)
			return result;
		collected += result;
	}
	if (errno)
		return err_errno(error, errno, "cannot read the directory %s", directory);
	return collected;
}

int image_gc(const char *directory, struct floe_error *error)
{
	return image_clean(directory, NULL, NULL, error);
}
