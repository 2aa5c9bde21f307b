/* SPDX-License-Identifier: MIT */
/* Buffers handed from the thread that decompresses to the thread that unpacks, without copying. */
#ifndef FLOE_IMAGE_ARCHIVE_RING_H
#define FLOE_IMAGE_ARCHIVE_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../floe.h"

#define RING_SLOTS     8
#define RING_SLOT_SIZE ((size_t)1 << 20)
#define RING_SIZE      (RING_SLOTS * RING_SLOT_SIZE)

struct ring_slot {
	char *data;
	size_t used;
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ring_slot slots[RING_SLOTS];
	char *memory;
	unsigned long produced, consumed; /* slots, ever; the index is the rest modulo RING_SLOTS */
	bool holding;                     /* the consumer still reads slot CONSUMED */
	bool ended;
	int result;                /* of the producer, once ended */
	struct floe_error failure; /* its message */
	atomic_bool aborted;       /* by the consumer */
	int abort_fd;              /* an eventfd, readable once aborted: for poll(2) */
};

/* Returns 0 or a negative errno. A ring that failed to start needs no ring_free(). */
int ring_init(struct ring *ring);
void ring_free(struct ring *ring);

/* Producer: a buffer of RING_SLOT_SIZE bytes to fill; waits for one. NULL: aborted, end at once. */
char *ring_reserve(struct ring *ring);

/* Producer: hands the reserved buffer over with USED bytes in it (0 is fine, nothing happens). */
void ring_publish(struct ring *ring, size_t used);

/* Producer: no more comes; RESULT is 0 or a negative errno that FAILURE explains. */
void ring_end(struct ring *ring, int result, const struct floe_error *failure);

/*
 * Consumer: the next buffer, valid until the next call. Returns its size, 0 at the end, the
 * producer's negative errno (ERROR filled from its message), or -ETIMEDOUT after 100 ms so that
 * the caller can look whether it was cancelled.
 */
ssize_t ring_take(struct ring *ring, const void **data, struct floe_error *error);

/* Consumer: makes the producer end soon. */
void ring_abort(struct ring *ring);

#endif
