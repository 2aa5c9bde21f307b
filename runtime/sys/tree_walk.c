/* SPDX-License-Identifier: MIT */
/* Visiting every entry of a directory tree by descriptor. */
#include "tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#include "../base/cleanup.h"

/* Levels that keep their descriptors; those above are opened again on the way back. */
#define OPEN_LEVELS 32

/* So many entries are visited between two questions whether to stop. */
#define STOP_STEPS 16

struct identity {
	dev_t device;
	ino_t inode;
};

struct level {
	struct tree_level seen; /* by visitors */
	struct level *up;
	struct identity fd, mirror;
	char *names; /* each ends with a zero byte */
	size_t size; /* of all names */
	size_t next; /* offset of the name that comes next */
};

struct walk {
	const struct tree_visitor *visitor;
	void *context;
	struct level *level; /* where the walk is */
};

const char *tree_path(int fd, char path[static TREE_PATH_MAX])
{
	snprintf(path, TREE_PATH_MAX, "/proc/self/fd/%d", fd);
	return path;
}

static bool is_self_or_parent(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

int tree_open_parent(const char *path, char name[static NAME_MAX + 1])
{
	char directory[PATH_MAX];
	size_t end = strlen(path), start;
	int fd;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (end - start > NAME_MAX || start + 1 >= sizeof(directory))
		return -ENAMETOOLONG;
	snprintf(name, NAME_MAX + 1, "%.*s", (int)(end - start), path + start);
	if (!name[0] || is_self_or_parent(name))
		return -EINVAL;
	snprintf(directory, sizeof(directory), "%.*s", (int)start, path);
	fd = open(start ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* ---- Names ---- */

static int add_name(struct level *level, size_t *room, const char *name)
{
	size_t length = strlen(name) + 1;

	if (*room - level->size < length) {
		size_t wanted = 2 * *room + length;
		char *names = realloc(level->names, wanted);

		if (!names)
			return -ENOMEM;
		level->names = names;
		*room = wanted;
	}
	memcpy(level->names + level->size, name, length);
	level->size += length;
	return 0;
}

/* getdents64() on the level's own descriptor: opendir() would take a second one. */
static int read_names(struct level *level)
{
	_Alignas(struct dirent64) char buffer[16384];
	size_t room = 0;
	ssize_t size;

	while ((size = getdents64(level->seen.fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			if (!is_self_or_parent(entry->d_name) &&
			    add_name(level, &room, entry->d_name) < 0)
				return -ENOMEM;
			at += entry->d_reclen;
		}
	}
	return size < 0 ? -errno : 0;
}

/* ---- Levels ---- */

static int identify(int fd, struct identity *identity)
{
	struct stat status;

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) < 0)
		return -errno;
	*identity = (struct identity){status.st_dev, status.st_ino};
	return 0;
}

static void close_level(struct level *level)
{
	cleanup_fd(&level->seen.fd);
	cleanup_fd(&level->seen.mirror);
	level->seen.fd = level->seen.mirror = -1;
}

/* The top's descriptors are the caller's; its level never lets go of them. */
static void suspend_far_level(struct level *level)
{
	for (int i = 0; i < OPEN_LEVELS && level; i++)
		level = level->up;
	if (level && level->up)
		close_level(level);
}

static int reopen_parent(int child, const struct identity *wanted)
{
	CLEANUP_FD int fd = openat(child, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct identity found;
	int result;

	if (fd < 0)
		return -errno;
	result = identify(fd, &found);
	if (result < 0)
		return result;
	/* Somebody moved the child: ".." is no longer where the walk came from. */
	if (found.device != wanted->device || found.inode != wanted->inode)
		return -ESTALE;
	return take_fd(&fd);
}

static int resume(struct level *level, const struct level *child)
{
	if (level->seen.fd >= 0)
		return 0;
	level->seen.fd = reopen_parent(child->seen.fd, &level->fd);
	if (level->seen.fd < 0 || child->seen.mirror < 0)
		return level->seen.fd < 0 ? level->seen.fd : 0;
	level->seen.mirror = reopen_parent(child->seen.mirror, &level->mirror);
	return level->seen.mirror < 0 ? level->seen.mirror : 0;
}

/* Takes FD and MIRROR over, whatever is returned, unless it is the top. */
static int push(struct walk *walk, int fd, int mirror)
{
	struct level *level = calloc(1, sizeof(*level));
	int result;

	if (!level) {
		if (walk->level) {
			cleanup_fd(&fd);
			cleanup_fd(&mirror);
		}
		return -ENOMEM;
	}
	level->seen =
		(struct tree_level){fd, mirror, walk->level ? walk->level->seen.depth + 1 : 0};
	level->up = walk->level;
	walk->level = level;
	suspend_far_level(level);
	result = identify(fd, &level->fd);
	if (result == 0)
		result = identify(mirror, &level->mirror);
	return result < 0 ? result : read_names(level);
}

/* Leaves the level without telling the visitor. */
static void drop(struct walk *walk)
{
	struct level *level = walk->level;

	walk->level = level->up;
	if (level->up)
		close_level(level);
	free(level->names);
	free(level);
}

static int pop(struct walk *walk)
{
	struct level *level = walk->level;
	int result = walk->visitor->leave(walk->context, &level->seen);

	if (result == 0 && level->up)
		result = resume(level->up, level);
	drop(walk);
	return result;
}

/* ---- Entries ---- */

static int open_entry(int dirfd, const char *name)
{
	/* RESOLVE_NO_XDEV notices bind mounts too, which have the same st_dev; a btrfs subvolume,
	 * which has another, is no mount. */
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int enter(struct walk *walk, const char *name, int entry, const struct stat *status)
{
	int mirror = -1, fd, result;

	if (walk->visitor->enter) {
		result = walk->visitor->enter(walk->context, &walk->level->seen, name, status,
					      &mirror);
		if (result != 0)
			return result < 0 ? result : 0;
	}
	fd = openat(entry, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		result = -errno;
		cleanup_fd(&mirror);
		return result;
	}
	return push(walk, fd, mirror);
}

static int visit(struct walk *walk, const char *name)
{
	CLEANUP_FD int fd = open_entry(walk->level->seen.fd, name);
	struct stat status;

	if (fd == -EXDEV) {
		if (!walk->visitor->mounted)
			return 0;
		return walk->visitor->mounted(walk->context, &walk->level->seen, name);
	}
	/* Deleted after the directory was read: as if it had been a moment earlier. */
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return enter(walk, name, fd, &status);
	return walk->visitor->entry(walk->context, &walk->level->seen, name, fd, &status);
}

static int step(struct walk *walk)
{
	struct level *level = walk->level;
	const char *name;

	if (level->next == level->size)
		return pop(walk);
	name = level->names + level->next;
	level->next += strlen(name) + 1;
	return visit(walk, name);
}

static bool is_stopped(const struct tree_stop *stop, unsigned steps)
{
	return stop && steps % STOP_STEPS == 0 && stop->asked(stop->context);
}

int tree_walk(int top, int mirror, const struct tree_visitor *visitor, void *context,
	      const struct tree_stop *stop)
{
	unsigned steps = 0;
	struct walk walk = {.visitor = visitor, .context = context};
	int result = lseek(top, 0, SEEK_SET) < 0 ? -errno : push(&walk, top, mirror);

	while (result == 0 && walk.level)
		result = is_stopped(stop, steps++) ? -ECANCELED : step(&walk);
	while (walk.level)
		drop(&walk);
	return result;
}
