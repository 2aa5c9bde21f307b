/* SPDX-License-Identifier: MIT */
/* Writing what was unpacked to the disk while the rest is still being decompressed. */
#ifndef FLOE_IMAGE_ARCHIVE_FLUSH_H
#define FLOE_IMAGE_ARCHIVE_FLUSH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../floe.h"

/* Left to itself the kernel begins only after 30 seconds (vm.dirty_expire_centisecs), when most
 * imports are over: all of their waiting for the disk would then come at the end. */
#define FLUSH_STEP ((uint64_t)16 << 20)

struct flush {
	int fd; /* in the file system written to; not owned */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t noted, asked; /* bytes written, and when the thread was last told */
	bool running, wanted, ended;
	int failure; /* a write error is told once for each open file, so it is kept here */
};

/* Starts the thread. 0 or a negative errno with its message. */
int flush_start(struct flush *flush, int fd, struct floe_error *error);

/* BYTES were written; nothing happens where no thread was started. */
void flush_note(struct flush *flush, uint64_t bytes);

/* Ends the thread and waits for it. Returns 0 or the negative errno of a failed write. */
int flush_end(struct flush *flush);

#endif
