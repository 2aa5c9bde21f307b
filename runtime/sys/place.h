/* SPDX-License-Identifier: MIT */
/*
 * Making things at a path inside a root: directories, files, links, nodes. The path is resolved
 * with the root as "/" at every step, so a link in the tree leads nowhere else. All are
 * async-signal-safe and return 0 or a negative errno.
 */
#ifndef FLOE_SYS_PLACE_H
#define FLOE_SYS_PLACE_H

#include <stddef.h>
#include <sys/types.h>

/* A directory, with its parents (0755); an existing one, or a link to one, is kept. */
int place_directory(int root, const char *path, mode_t mode);

/* An empty regular file with its parent directories; anything that exists there is kept. */
int place_file(int root, const char *path, mode_t mode);

/* A symbolic link saying TEXT; an existing name is kept. */
int place_symlink(int root, const char *path, const char *text);

/* A node of type and permissions MODE, whatever the umask; an existing name is an error. */
int place_node(int root, const char *path, mode_t mode, dev_t device);

/* A new regular file with this content and MODE; an old file or link of the name is replaced
 * and never written through. One that is so already is left alone. The parent must exist. */
int place_content(int root, const char *path, mode_t mode, const void *data, size_t size);

/* Unlinks a file or link; a missing one is no error. */
int place_remove(int root, const char *path);

#endif
