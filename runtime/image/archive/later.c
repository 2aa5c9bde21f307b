/* SPDX-License-Identifier: MIT */
/* What can only be done when all else is unpacked: directories' metadata, links to later files. */
#include "later.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "name.h"

int later_directory(struct later *later, const char *path, const struct meta *meta)
{
	struct later_directory *directory =
		ARENA_APPEND(&later->arena, later->directories, later->directory_count);

	if (!directory)
		return -ENOMEM;
	directory->path = arena_strdup(&later->arena, path);
	directory->order = later->directory_count;
	directory->meta = *meta;
	return arena_failed(&later->arena) ? -ENOMEM : 0;
}

int later_link(struct later *later, const char *path, const char *target)
{
	struct later_link *link = ARENA_APPEND(&later->arena, later->links, later->link_count);

	if (!link)
		return -ENOMEM;
	link->path = arena_strdup(&later->arena, path);
	link->target = arena_strdup(&later->arena, target);
	return arena_failed(&later->arena) ? -ENOMEM : 0;
}

/* Descending by path, so that what is inside comes before its directory. */
static int compare_directories(const void *left, const void *right)
{
	const struct later_directory *a = left, *b = right;
	int order = strcmp(b->path, a->path);

	if (order)
		return order;
	return a->order < b->order ? -1 : 1;
}

static int open_directory(const struct later_directory *directory, struct walk *walk,
			  struct floe_error *error)
{
	char shown[NAME_SHOWN];
	const char *leaf = ".";
	int parent = walk->root, fd;

	if (directory->path[0])
		parent = walk_parent(walk, directory->path, &leaf, NULL, NULL, error);
	if (parent < 0)
		return parent;
	fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(error, errno, "cannot open the directory \"%s\"",
				 name_show(directory->path, shown));
	return fd;
}

static int apply_directory(const struct later_directory *directory, struct walk *walk,
			   attribute_lost_function *lost, void *context, struct floe_error *error)
{
	CLEANUP_FD int fd = open_directory(directory, walk, error);

	if (fd < 0)
		return fd;
	return meta_apply(fd, directory->path[0] ? directory->path : "/", &directory->meta, lost,
			  context, error);
}

int later_apply_directories(struct later *later, struct walk *walk, attribute_lost_function *lost,
			    void *context, struct floe_error *error)
{
	int result = 0;

	if (later->directory_count)
		qsort(later->directories, later->directory_count, sizeof(*later->directories),
		      compare_directories);
	for (size_t i = 0; i < later->directory_count && result == 0; i++)
		result = apply_directory(&later->directories[i], walk, lost, context, error);
	return result;
}

void later_free(struct later *later)
{
	arena_free(&later->arena);
}
