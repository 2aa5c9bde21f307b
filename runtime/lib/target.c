/* SPDX-License-Identifier: MIT */
/* A machine as it was found, to be ended or waited for. */
#include "target.h"

#include "../base/cleanup.h"
#include "../state/identity.h"
#include "../sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

/* A monitor that has removed the record ends at once, unless it is a program with other plans. */
#define EXIT_GRACE_MS 500

void target_close(struct target *target)
{
	cleanup_fd(&target->monitor);
	cleanup_fd(&target->record);
	cleanup_fd(&target->leader);
	state_free(&target->state);
}

/* The directory is watched before it is looked at: its removal cannot be missed. */
static int watch_record(struct target *target)
{
	char path[256];

	target->record = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (target->record < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", state_root(), target->name);
	return inotify_add_watch(target->record, path, IN_DELETE_SELF | IN_ONLYDIR) < 0 ? -errno
											: 0;
}

int target_find(struct target *target, const char *name, struct floe_error *error)
{
	int r;

	*target = (struct target){.name = name, .monitor = -1, .record = -1, .leader = -1};
	r = state_read(name, &target->state, error);
	if (r < 0)
		return r;
	if (target->state.phase == STATE_DEAD)
		return 0;
	r = watch_record(target);
	if (r < 0 && r != -ENOENT)
		return err_errno(error, -r, "cannot watch the record of %s", name);
	target->monitor = identity_open(target->state.monitor, target->state.monitor_start);
	return target->monitor >= 0 && r == 0;
}

int target_wait(const struct target *target, uint64_t deadline)
{
	struct pollfd polls[] = {
		{.fd = target->monitor, .events = POLLIN},
		{.fd = target->record, .events = POLLIN},
	};
	int r;

	do {
		r = poll(polls, ARRAY_SIZE(polls), clock_timeout(deadline));
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (r == 0)
		return -ETIMEDOUT;
	if (!polls[0].revents)
		poll(polls, 1, EXIT_GRACE_MS);
	return 0;
}

int target_open_running(struct target *target, const char *name, struct floe_error *error)
{
	const struct state *state = &target->state;
	int r = target_find(target, name, error);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(error, FLOE_ERROR_NOT_FOUND, ESRCH,
			       "the machine %s is not running: it ended without being cleaned up",
			       name);
	if (state->leader == 0)
		return err_set(error, FLOE_ERROR_BUSY, EAGAIN,
			       "the machine %s is not running: it is only being started", name);
	target->leader = identity_open(state->leader, state->leader_start);
	if (target->leader < 0)
		return err_errno(error, -target->leader, "cannot find the first process %d of %s",
				 (int)state->leader, name);
	return 0;
}

bool target_is_ready(const struct state *state)
{
	return state->phase == STATE_READY ||
	       (state->phase == STATE_RUNNING && !state->notify_ready);
}
