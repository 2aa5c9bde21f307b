/* SPDX-License-Identifier: MIT */
/* Buffers handed from the thread that decompresses to the thread that unpacks, without copying. */
#include "ring.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NSEC (100 * 1000 * 1000)

static int init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int result;

	pthread_condattr_init(&attributes);
	/* Not CLOCK_REALTIME: setting the clock must not stop an import. */
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	result = pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	return -result;
}

int ring_init(struct ring *ring)
{
	*ring = (struct ring){.abort_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (ring->abort_fd < 0)
		return -errno;
	ring->memory = malloc(RING_SIZE);
	if (!ring->memory || init_condition(&ring->changed) < 0) {
		free(ring->memory);
		close(ring->abort_fd);
		return -ENOMEM;
	}
	pthread_mutex_init(&ring->lock, NULL);
	for (size_t i = 0; i < RING_SLOTS; i++)
		ring->slots[i].data = ring->memory + i * RING_SLOT_SIZE;
	return 0;
}

void ring_free(struct ring *ring)
{
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
	free(ring->memory);
	close(ring->abort_fd);
}

char *ring_reserve(struct ring *ring)
{
	char *data = NULL;

	pthread_mutex_lock(&ring->lock);
	while (ring->produced - ring->consumed == RING_SLOTS && !ring->aborted)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->aborted)
		data = ring->slots[ring->produced % RING_SLOTS].data;
	pthread_mutex_unlock(&ring->lock);
	return data;
}

void ring_publish(struct ring *ring, size_t used)
{
	if (!used)
		return;
	pthread_mutex_lock(&ring->lock);
	ring->slots[ring->produced % RING_SLOTS].used = used;
	ring->produced++;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void ring_end(struct ring *ring, int result, const struct floe_error *failure)
{
	pthread_mutex_lock(&ring->lock);
	ring->ended = true;
	ring->result = result;
	ring->failure = *failure;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

static struct timespec wait_deadline(void)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_nsec += WAIT_NSEC;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_nsec -= 1000000000;
		deadline.tv_sec++;
	}
	return deadline;
}

static void release_held(struct ring *ring)
{
	if (!ring->holding)
		return;
	ring->holding = false;
	ring->consumed++;
	pthread_cond_broadcast(&ring->changed);
}

/* Called locked. */
static ssize_t take_locked(struct ring *ring, const void **data, struct floe_error *error)
{
	struct timespec deadline = wait_deadline();
	struct ring_slot *slot;
	int result = 0;

	release_held(ring);
	while (ring->produced == ring->consumed && !ring->ended && result == 0)
		result = pthread_cond_timedwait(&ring->changed, &ring->lock, &deadline);
	if (ring->produced != ring->consumed) {
		slot = &ring->slots[ring->consumed % RING_SLOTS];
		ring->holding = true;
		*data = slot->data;
		return (ssize_t)slot->used;
	}
	if (!ring->ended)
		return -ETIMEDOUT;
	if (ring->result < 0 && error && error->code == FLOE_ERROR_NONE)
		*error = ring->failure;
	return ring->result;
}

ssize_t ring_take(struct ring *ring, const void **data, struct floe_error *error)
{
	ssize_t result;

	pthread_mutex_lock(&ring->lock);
	result = take_locked(ring, data, error);
	pthread_mutex_unlock(&ring->lock);
	return result;
}

void ring_abort(struct ring *ring)
{
	uint64_t one = 1;

	pthread_mutex_lock(&ring->lock);
	ring->aborted = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
	/* Cannot fail: the counter is far from its limit. */
	(void)!write(ring->abort_fd, &one, sizeof(one));
}
