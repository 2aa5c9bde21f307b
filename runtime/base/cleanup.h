/* SPDX-License-Identifier: MIT */
/* Scope-bound release of memory, descriptors and streams; and moves out of them. */
#ifndef FLOE_BASE_CLEANUP_H
#define FLOE_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Releases keep errno, so a failing function can return -errno after its locals are gone. */
static inline void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_free(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	errno = saved;
}

static inline void cleanup_file(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

static inline void cleanup_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

#define CLEANUP(function) __attribute__((cleanup(function)))
#define CLEANUP_FD        CLEANUP(cleanup_fd)
#define CLEANUP_FREE      CLEANUP(cleanup_free)
#define CLEANUP_FILE      CLEANUP(cleanup_file)
#define CLEANUP_DIR       CLEANUP(cleanup_dir)

/* Gives the descriptor away: the variable no longer owns it. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Gives the pointer away: the variable no longer owns it. */
#define TAKE_POINTER(pointer)                                                                      \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
