/* SPDX-License-Identifier: MIT */
/* Ending a machine from outside: its monitor is asked, and what it held is waited for. */
#include "../base/cleanup.h"
#include "../state/identity.h"
#include "../sys/clock.h"
#include "../sys/process.h"
#include "internal.h"
#include "options.h"
#include "target.h"
#include "usage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define STOP_TIMEOUT_MS 90000

/* What a killed machine may take until all it used is removed. */
#define KILL_TIMEOUT_MS 20000

static int signal_monitor(const struct target *target, struct floe_error *error)
{
	int r = process_signal(target->monitor, SIGTERM);

	return r == 0 || r == -ESRCH ? 0
				     : err_errno(error, -r, "cannot signal the monitor %d of %s",
						 (int)target->state.monitor, target->name);
}

/* A machine that is just being started has no leader yet: its monitor ends it, asked twice. One that
 * is paused is thawed once it has the signal, so that nothing of it goes on: who waits outside for
 * commands inside stands still with them, and the dead would never be buried. */
static int kill_machine(const struct target *target, struct floe_error *error)
{
	CLEANUP_FD int leader = identity_open(target->state.leader, target->state.leader_start);
	int r;

	if (leader < 0)
		return signal_monitor(target, error);
	r = process_signal(leader, SIGKILL);
	if (usage_paused(&target->state))
		machine_freeze(&target->state, false);
	return r == 0 || r == -ESRCH
		       ? 0
		       : err_errno(error, -r, "cannot kill the first process %d of %s",
				   (int)target->state.leader, target->name);
}

/* One that is paused could not do what it is asked to. */
static int end_orderly(const struct target *target, unsigned timeout_ms, struct floe_error *error)
{
	int r = usage_paused(&target->state) ? machine_freeze(&target->state, false) : 0;

	if (r < 0)
		return err_errno(error, -r, "cannot resume %s to shut it down", target->name);
	r = signal_monitor(target, error);

	if (r == 0)
		r = target_wait(target, clock_usec() + timeout_ms * UINT64_C(1000));
	return r;
}

static int end_by_force(const struct target *target, struct floe_error *error)
{
	int r = kill_machine(target, error);

	if (r < 0)
		return r;
	r = target_wait(target, clock_usec() + KILL_TIMEOUT_MS * UINT64_C(1000));
	if (r == -ETIMEDOUT)
		return err_set(error, FLOE_ERROR_BUSY, ETIMEDOUT,
			       "%s was killed, and its monitor %d does not end", target->name,
			       (int)target->state.monitor);
	return r;
}

/* One that is found alive again with the same monitor was rebooting, and is asked again; with
 * another it is a new machine. */
static int end_found(const char *name, const struct floe_stop_options *options, pid_t *monitor,
		     bool *again, struct floe_error *error)
{
	struct target target;
	int r = target_find(&target, name, error);

	*again = r == 1 && (*monitor == 0 || *monitor == target.state.monitor);
	*monitor = target.state.monitor;
	if (*again) {
		r = options->kill ? -ETIMEDOUT : end_orderly(&target, options->timeout_ms, error);
		if (r == -ETIMEDOUT)
			r = end_by_force(&target, error);
	} else if (r == 0) {
		r = state_clean(name, error);
	}
	target_close(&target);
	return r < 0 ? r : 0;
}

int floe_stop(const char *name, const struct floe_stop_options *given, struct floe_error *error)
{
	struct floe_stop_options options = {0};
	struct floe_error again_error = {0};
	pid_t monitor = 0;
	bool again = true;
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	if (options.timeout_ms == 0)
		options.timeout_ms = STOP_TIMEOUT_MS;
	r = end_found(name, &options, &monitor, &again, error);
	while (r == 0 && again) {
		memset(&again_error, 0, sizeof(again_error));
		r = end_found(name, &options, &monitor, &again, &again_error);
	}
	/* Not there any more is what was wanted; not there to begin with was an error. */
	if (r == -ENOENT && again_error.code == FLOE_ERROR_NOT_FOUND)
		return 0;
	if (r < 0 && error && again_error.code)
		*error = again_error;
	return r;
}
