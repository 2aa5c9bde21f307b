/* SPDX-License-Identifier: MIT */
/* Visiting every entry of a directory tree by descriptor. */
#ifndef FLOE_SYS_TREE_WALK_H
#define FLOE_SYS_TREE_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Room for "/proc/self/fd/N", the way to what an O_PATH descriptor does not allow by itself. */
#define TREE_PATH_MAX 32

/* A directory on the way from the top to where the walk is. */
struct tree_level {
	int fd;             /* the directory, open for reading */
	int mirror;         /* what enter() made for it elsewhere, -1: nothing */
	unsigned int depth; /* 0: the top */
};

/* Each returns 0 or a negative errno, which ends the walk. */
struct tree_visitor {
	/* NAME in LEVEL is no directory; FD is an O_PATH descriptor of it. */
	int (*entry)(void *context, const struct tree_level *level, const char *name, int fd,
		     const struct stat *status);
	/* NAME is a directory that comes next. *MIRROR may become a descriptor, the walk's to
	 * close: for every directory or for none. 1: leave it out. NULL: nothing to do. */
	int (*enter)(void *context, const struct tree_level *level, const char *name,
		     const struct stat *status, int *mirror);
	/* All below the directory LEVEL was visited. The last call is the one for the top. */
	int (*leave)(void *context, const struct tree_level *level);
	/* Something is mounted on NAME, which is not entered. NULL: nothing to do. */
	int (*mounted)(void *context, const struct tree_level *level, const char *name);
};

/* Asked now and then while a tree is walked. True ends it with -ECANCELED. */
struct tree_stop {
	bool (*asked)(void *context);
	void *context;
};

/*
 * Visits all below the directory TOP (open for reading): never through a symbolic link, never into
 * another mount, any depth with a bounded number of descriptors. Each directory is read whole
 * before anything in it is visited, so what visitors make is not met. MIRROR is the top's, -1:
 * none. Both stay the caller's. Returns 0 or the first negative errno; -ESTALE: the tree was
 * rearranged meanwhile. STOP may be NULL.
 */
int tree_walk(int top, int mirror, const struct tree_visitor *visitor, void *context,
	      const struct tree_stop *stop);

/* Writes the path in /proc by which the file of FD is reached, whatever FD was opened for. */
const char *tree_path(int fd, char path[static TREE_PATH_MAX]);

/* Opens the directory that PATH lies in (trusted, links are followed) and copies PATH's last
 * component to NAME. Returns the descriptor, the caller's to close, or a negative errno; -EINVAL
 * for a path that ends in no name. */
int tree_open_parent(const char *path, char name[static NAME_MAX + 1]);

#endif
