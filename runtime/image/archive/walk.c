/* SPDX-License-Identifier: MIT */
/* Reaching the directory of an entry below the root, by descriptor and through no link. */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "name.h"

/* One step down, while it is taken. */
struct step {
	const char *path; /* whole, for messages */
	size_t end;       /* of the component in PATH */
	char name[NAME_MAX + 1];
	walk_made_function *made;
	void *context;
	struct floe_error *error;
};

void walk_init(struct walk *walk, int root)
{
	walk->root = root;
	walk->fds[0] = root;
	walk->ends[0] = 0;
	walk->depth = 0;
	walk->deep = -1;
	walk->path[0] = '\0';
	walk->deep_path[0] = '\0';
}

static void close_to(struct walk *walk, size_t depth)
{
	for (; walk->depth > depth; walk->depth--)
		close(walk->fds[walk->depth]);
}

static void close_deep(struct walk *walk)
{
	if (walk->deep >= 0)
		close(walk->deep);
	walk->deep = -1;
	walk->deep_path[0] = '\0';
}

void walk_close(struct walk *walk)
{
	close_to(walk, 0);
	close_deep(walk);
}

/* How many of the open levels lead to the directory that is the first LENGTH bytes of PATH. */
static size_t common_depth(const struct walk *walk, const char *path, size_t length)
{
	size_t depth = walk->depth;

	while (depth > 0) {
		size_t end = walk->ends[depth];

		if (end <= length && (end == length || path[end] == '/') &&
		    memcmp(walk->path, path, end) == 0)
			return depth;
		depth--;
	}
	return 0;
}

/* Why a component could not be opened as a directory. */
static int explain_step(int parent, const struct step *step, int errnum)
{
	char entry[NAME_SHOWN], through[NAME_SHOWN], prefix[PATH_MAX];
	struct stat status;
	const char *what = "something that is no directory,";

	memcpy(prefix, step->path, step->end);
	prefix[step->end] = '\0';
	name_show(prefix, through);
	name_show(step->path, entry);
	if (errnum != ENOTDIR && errnum != ELOOP)
		return err_errno(step->error, errnum, "cannot open the directory \"%s\"", through);
	if (fstatat(parent, step->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(status.st_mode))
		what = "the symbolic link";
	return refuse(step->error, "its entry \"%s\" leads through %s \"%s\"", entry, what,
		      through);
}

static int open_step(int parent, const struct step *step)
{
	/* O_PATH suffices for the *at() calls and needs no permission on the directory itself. */
	return openat(parent, step->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int make_step(int parent, const struct step *step)
{
	char prefix[PATH_MAX];
	int fd;

	if (mkdirat(parent, step->name, 0700) < 0)
		return explain_step(parent, step, errno);
	fd = open_step(parent, step);
	if (fd < 0)
		return explain_step(parent, step, errno);
	memcpy(prefix, step->path, step->end);
	prefix[step->end] = '\0';
	if (step->made(step->context, prefix) < 0) {
		close(fd);
		return err_errno(step->error, ENOMEM, "cannot unpack the archive");
	}
	return fd;
}

static int take_step(int parent, const struct step *step)
{
	int fd = open_step(parent, step);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return explain_step(parent, step, errno);
	return step->made ? make_step(parent, step) : -ENOENT;
}

/* Goes on from level WALK_KEPT, holding one descriptor at a time. */
static int keep_deep(struct walk *walk, int fd)
{
	close_deep(walk);
	walk->deep = fd;
	return fd;
}

static int keep_level(struct walk *walk, const struct step *step, int fd)
{
	walk->depth++;
	walk->fds[walk->depth] = fd;
	walk->ends[walk->depth] = step->end;
	memcpy(walk->path, step->path, step->end);
	return fd;
}

/* Opens the directory that is the first LENGTH bytes of PATH. */
static int walk_down(struct walk *walk, const char *path, size_t length, struct step *step)
{
	size_t start;
	int fd;

	close_to(walk, common_depth(walk, path, length));
	fd = walk->fds[walk->depth];
	start = walk->ends[walk->depth];
	while (start < length) {
		start += start > 0;
		step->end = start + strcspn(path + start, "/");
		memcpy(step->name, path + start, step->end - start);
		step->name[step->end - start] = '\0';
		fd = take_step(fd, step);
		if (fd < 0)
			return fd;
		fd = walk->depth < WALK_KEPT ? keep_level(walk, step, fd) : keep_deep(walk, fd);
		start = step->end;
	}
	return fd;
}

int walk_parent(struct walk *walk, const char *path, const char **leaf, walk_made_function *made,
		void *context, struct floe_error *error)
{
	struct step step = {.path = path, .made = made, .context = context, .error = error};
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	int fd;

	*leaf = slash ? slash + 1 : path;
	/* Siblings of a deep entry: the one deep directory is still open. */
	if (walk->deep >= 0 && length && strlen(walk->deep_path) == length &&
	    memcmp(walk->deep_path, path, length) == 0)
		return walk->deep;
	close_deep(walk);
	fd = walk_down(walk, path, length, &step);
	if (fd >= 0 && fd == walk->deep) {
		memcpy(walk->deep_path, path, length);
		walk->deep_path[length] = '\0';
	}
	return fd;
}
