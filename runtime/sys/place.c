/* SPDX-License-Identifier: MIT */
/* Making things at a path inside a root. */
#include "place.h"

#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path split at its last component: the parent is open, the name is in NAME. */
struct place {
	int parent;
	char name[NAME_MAX + 1];
};

/* Copies PATH without trailing slashes. */
static int copy_path(const char *path, char copy[static PATH_MAX])
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0)
		return -ENOENT;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(copy, path, length);
	copy[length] = '\0';
	return 0;
}

static int copy_name(const char *name, char copy[static NAME_MAX + 1])
{
	size_t length = strlen(name);

	if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(copy, name, length + 1);
	return 0;
}

static int open_directory(int root, const char *path)
{
	return path_open_in(root, path[0] ? path : "/", O_PATH | O_DIRECTORY, 0);
}

/* Opens the directory of PATH; the caller closes place->parent. */
static int place_open(int root, const char *path, struct place *place)
{
	char copy[PATH_MAX];
	char *slash;
	int r = copy_path(path, copy);

	if (r < 0)
		return r;
	slash = strrchr(copy, '/');
	r = copy_name(slash ? slash + 1 : copy, place->name);
	if (r < 0)
		return r;
	if (slash)
		*slash = '\0';
	place->parent = open_directory(root, slash ? copy : "/");
	return place->parent < 0 ? place->parent : 0;
}

/* Makes PATH itself, whose parent exists. */
static int make_one(int root, const char *path, mode_t mode)
{
	struct place place;
	int r = place_open(root, path, &place);

	if (r < 0)
		return r;
	if (mkdirat(place.parent, place.name, mode & 07777) < 0)
		r = -errno;
	/* mkdir(2) is subject to the umask, which is not ours to change. */
	else if (fchmodat(place.parent, place.name, mode & 07777, 0) < 0)
		r = -errno;
	close(place.parent);
	return r;
}

static int ensure_one(int root, const char *path, mode_t mode)
{
	int fd = path_open_in(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		return make_one(root, path, mode);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int place_directory(int root, const char *path, mode_t mode)
{
	char copy[PATH_MAX];
	int r = ensure_one(root, path, mode);

	/* Mostly only the last part is missing, if any. */
	if (r != -ENOENT)
		return r;
	r = copy_path(path, copy);
	if (r < 0)
		return r;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = ensure_one(root, copy, 0755);
		*slash = '/';
		if (r < 0)
			return r;
	}
	return ensure_one(root, copy, mode);
}

static int place_parents(int root, const char *path)
{
	char copy[PATH_MAX];
	int r = copy_path(path, copy);
	char *slash;

	if (r < 0)
		return r;
	slash = strrchr(copy, '/');
	if (!slash || slash == copy)
		return 0;
	*slash = '\0';
	return place_directory(root, copy, 0755);
}

/* What is no directory will do as a mount point for a file; -ENOENT: there is nothing. */
static int check_file(int root, const char *path)
{
	int fd = path_open_in(root, path, O_PATH, 0);
	struct stat status;
	int r = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		r = -errno;
	else if (S_ISDIR(status.st_mode))
		r = -EISDIR;
	close(fd);
	return r;
}

int place_file(int root, const char *path, mode_t mode)
{
	struct place place = {.parent = -1};
	int r = check_file(root, path);
	int fd;

	if (r != -ENOENT)
		return r;
	r = place_parents(root, path);
	if (r == 0)
		r = place_open(root, path, &place);
	if (r < 0)
		return r;
	fd = openat(place.parent, place.name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
	r = fd < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	close(place.parent);
	return r;
}

int place_symlink(int root, const char *path, const char *text)
{
	struct place place;
	int r = place_open(root, path, &place);

	if (r < 0)
		return r;
	if (symlinkat(text, place.parent, place.name) < 0 && errno != EEXIST)
		r = -errno;
	close(place.parent);
	return r;
}

int place_node(int root, const char *path, mode_t mode, dev_t device)
{
	struct place place;
	int r = place_open(root, path, &place);

	if (r < 0)
		return r;
	if (mknodat(place.parent, place.name, mode, device) < 0)
		r = -errno;
	else if (fchmodat(place.parent, place.name, mode & 07777, 0) < 0)
		r = -errno;
	close(place.parent);
	return r;
}

static int create_with(const struct place *place, mode_t mode, const void *data, size_t size)
{
	int flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC;
	int fd = openat(place->parent, place->name, flags, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, size);
	if (r == 0 && fchmod(fd, mode & 07777) < 0)
		r = -errno;
	close(fd);
	return r;
}

static bool equals(int fd, const char *data, size_t size)
{
	char text[4096];

	while (size > 0) {
		ssize_t length = read(fd, text, sizeof(text) < size ? sizeof(text) : size);

		if (length <= 0 || memcmp(text, data, (size_t)length) != 0)
			return false;
		data += length;
		size -= (size_t)length;
	}
	return true;
}

/* Whether all is as it shall be: then the tree's disk is left alone, start after start. */
static bool has_content(const struct place *place, mode_t mode, const void *data, size_t size)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat status;
	bool same;
	int fd;

	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode) || (status.st_mode & 07777) != (mode & 07777) ||
	    status.st_size != (off_t)size)
		return false;
	fd = openat(place->parent, place->name, flags);
	same = fd >= 0 && equals(fd, data, size);
	if (fd >= 0)
		close(fd);
	return same;
}

int place_content(int root, const char *path, mode_t mode, const void *data, size_t size)
{
	struct place place;
	int r = place_open(root, path, &place);

	if (r < 0)
		return r;
	if (has_content(&place, mode, data, size)) {
		close(place.parent);
		return 0;
	}
	if (unlinkat(place.parent, place.name, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = create_with(&place, mode, data, size);
	close(place.parent);
	return r;
}

int place_remove(int root, const char *path)
{
	struct place place;
	int r = place_open(root, path, &place);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (unlinkat(place.parent, place.name, 0) < 0 && errno != ENOENT)
		r = -errno;
	close(place.parent);
	return r;
}
