/* SPDX-License-Identifier: MIT */
/* Taking, finding and giving up the directory of a machine. */
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../sys/tree.h"
#include "identity.h"
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/* A reader's or cleaner's lock is waited for this often, with pauses of two milliseconds. */
#define LOCK_TRIES 1000

/* Others may look a name up and read the record, but not open the directory: who can open it can
 * lock it, and would keep the name from its owner. */
#define NAME_MODE 0711

static const char *root_path = "/run/floe";

const char *state_root(void)
{
	return root_path;
}

void state_root_use(const char *path)
{
	root_path = path;
}

/* Whatever the umask of the caller, which a library leaves alone. */
static int make_directory(int parent, const char *path, mode_t mode)
{
	if (mkdirat(parent, path, mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	return fchmodat(parent, path, mode, 0) < 0 ? -errno : 0;
}

int root_open(bool make, struct floe_error *error)
{
	int r = make ? make_directory(AT_FDCWD, state_root(), 0755) : 0;
	int fd;

	if (r < 0)
		return err_errno(error, -r, "cannot create %s", state_root());
	fd = open(state_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_errno(error, errno, "cannot open %s", state_root());
	return fd < 0 ? -ENOENT : fd;
}

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	nanosleep(&pause, NULL);
}

bool monitor_lives(const struct state *state)
{
	int fd = identity_open(state->monitor, state->monitor_start);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Whether the one who holds the lock is a monitor; a cleaner or reader lets go of it soon. */
static bool owner_lives(int directory, const char *name)
{
	struct state state = {0};
	bool lives = record_read(directory, name, &state, NULL) == 0 && monitor_lives(&state);

	state_free(&state);
	return lives;
}

/* Whether FD is still the directory of that name: it may have been removed before it was locked. */
static bool is_current(int root, const char *name, int fd)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && fstatat(root, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* One attempt: -EAGAIN when it is worth another. */
static int lock_once(int root, const char *name)
{
	CLEANUP_FD int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (owner_lives(fd, name))
			return -EBUSY;
		nap();
		return -EAGAIN;
	}
	return is_current(root, name, fd) ? take_fd(&fd) : -EAGAIN;
}

int name_lock(int root, const char *name)
{
	int fd = -EAGAIN;

	for (int i = 0; i < LOCK_TRIES && fd == -EAGAIN; i++)
		fd = lock_once(root, name);
	return fd == -EAGAIN ? -EBUSY : fd;
}

/* -ENOENT: a last holder removed the directory of the name or of all names in between. */
static int claim(const char *name, struct floe_error *error)
{
	int fd = -ENOENT;

	for (int i = 0; i < LOCK_TRIES && fd == -ENOENT; i++) {
		CLEANUP_FD int root = root_open(true, error);

		fd = root < 0 ? root : make_directory(root, name, NAME_MODE);
		if (fd == 0)
			fd = name_lock(root, name);
	}
	return fd;
}

static int say_busy(const char *name, struct floe_error *error)
{
	struct state state = {0};
	int r = state_read(name, &state, NULL);

	if (r == 0 && state.monitor > 0)
		r = err_set(error, FLOE_ERROR_BUSY, EBUSY,
			    "a machine called %s is there already (monitor process %d)", name,
			    (int)state.monitor);
	else
		r = err_set(error, FLOE_ERROR_BUSY, EBUSY,
			    "a machine called %s is being started or cleaned up", name);
	err_hint(error, "choose another name with --machine=, or end it with \"floe stop %s\"",
		 name);
	state_free(&state);
	return r;
}

int state_claim(const char *name, int *fd, struct floe_error *error)
{
	CLEANUP_FD int directory = -1;
	int r;

	if (!machine_name_valid(name))
		return err_usage(error, "\"%s\" is no valid machine name", name);
	directory = claim(name, error);
	if (directory == -EBUSY)
		return say_busy(name, error);
	if (directory < 0) {
		/* Nothing that was only just made stays; who claims it meanwhile tries again. */
		unlinkat(AT_FDCWD, state_root(), AT_REMOVEDIR);
		return err_errno(error, -directory, "cannot take the name %s in %s", name,
				 state_root());
	}
	r = record_clean(directory, name, error);
	if (r < 0)
		return r;
	*fd = take_fd(&directory);
	return 0;
}

int directory_clear(int directory)
{
	CLEANUP_DIR DIR *stream = NULL;
	struct dirent *entry;
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int first = 0;

	if (fd < 0)
		return -errno;
	stream = fdopendir(fd);
	if (!stream) {
		cleanup_fd(&fd);
		return -errno;
	}
	while ((entry = readdir(stream))) {
		int r;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = tree_remove(directory, entry->d_name);
		if (r < 0 && r != -ENOENT && first == 0)
			first = r;
	}
	return first;
}

int state_release(int fd, const char *name, struct floe_error *error)
{
	CLEANUP_FD int directory = fd;
	CLEANUP_FD int root = root_open(false, error);
	int r = directory_clear(directory);

	if (root < 0)
		return root;
	if (r < 0)
		return err_errno(error, -r, "cannot empty %s/%s", state_root(), name);
	if (unlinkat(root, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_errno(error, errno, "cannot remove %s/%s", state_root(), name);
	/* With the last machine the directory goes as well. */
	if (rmdir(state_root()) < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
		return err_errno(error, errno, "cannot remove %s", state_root());
	return 0;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Adds the names found in STREAM; the array ends with NULL. */
static int collect_names(DIR *stream, struct arena *arena, char ***names)
{
	struct dirent *entry;
	char **all = NULL;
	size_t count = 0;

	while ((entry = readdir(stream))) {
		if (!machine_name_valid(entry->d_name))
			continue;
		if (!ARENA_APPEND(arena, all, count))
			return -ENOMEM;
		all[count - 1] = arena_strdup(arena, entry->d_name);
	}
	if (count > 0)
		qsort(all, count, sizeof(*all), compare_names);
	if (!ARENA_APPEND(arena, all, count) || arena_failed(arena))
		return -ENOMEM;
	*names = all;
	return 0;
}

int state_names(struct arena *arena, char ***names, struct floe_error *error)
{
	CLEANUP_DIR DIR *stream = opendir(state_root());
	int r;

	*names = NULL;
	if (!stream && errno != ENOENT)
		return err_errno(error, errno, "cannot list %s", state_root());
	if (!stream) {
		*names = arena_alloc(arena, sizeof(**names));
		return *names ? 0 : err_errno(error, ENOMEM, "cannot list %s", state_root());
	}
	r = collect_names(stream, arena, names);
	return r < 0 ? err_errno(error, -r, "cannot list %s", state_root()) : 0;
}
