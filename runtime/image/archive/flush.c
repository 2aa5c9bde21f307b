/* SPDX-License-Identifier: MIT */
/* Writing what was unpacked to the disk while the rest is still being decompressed. */
#include "flush.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "../../base/err.h"

/* Waits for work; false when there is no more. */
static bool next_turn(struct flush *flush)
{
	bool wanted;

	pthread_mutex_lock(&flush->lock);
	while (!flush->wanted && !flush->ended)
		pthread_cond_wait(&flush->changed, &flush->lock);
	wanted = !flush->ended;
	flush->wanted = false;
	pthread_mutex_unlock(&flush->lock);
	return wanted;
}

static void *flush_main(void *argument)
{
	struct flush *flush = argument;

	while (next_turn(flush))
		if (syncfs(flush->fd) < 0 && !flush->failure)
			flush->failure = -errno;
	return NULL;
}

int flush_start(struct flush *flush, int fd, struct floe_error *error)
{
	sigset_t all, before;
	int result;

	*flush = (struct flush){.fd = fd};
	pthread_mutex_init(&flush->lock, NULL);
	pthread_cond_init(&flush->changed, NULL);
	/* Signals stay the business of the caller's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&flush->thread, NULL, flush_main, flush);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result)
		return err_errno(error, result, "cannot start a thread for writing");
	flush->running = true;
	return 0;
}

void flush_note(struct flush *flush, uint64_t bytes)
{
	flush->noted += bytes;
	if (!flush->running || flush->noted - flush->asked < FLUSH_STEP)
		return;
	flush->asked = flush->noted;
	pthread_mutex_lock(&flush->lock);
	flush->wanted = true;
	pthread_cond_signal(&flush->changed);
	pthread_mutex_unlock(&flush->lock);
}

int flush_end(struct flush *flush)
{
	if (!flush->running)
		return 0;
	pthread_mutex_lock(&flush->lock);
	flush->ended = true;
	pthread_cond_signal(&flush->changed);
	pthread_mutex_unlock(&flush->lock);
	pthread_join(flush->thread, NULL);
	flush->running = false;
	return flush->failure;
}
