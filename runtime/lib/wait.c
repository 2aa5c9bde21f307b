/* SPDX-License-Identifier: MIT */
/* Waiting for a machine: to be ready, to be back after a reboot or restart, to be gone. */
#include "../base/cleanup.h"
#include "../monitor/attach.h"
#include "../sys/clock.h"
#include "../sys/process.h"
#include "attached.h"
#include "internal.h"
#include "options.h"
#include "target.h"
#include "usage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define REBOOT_TIMEOUT_MS 90000
#define STOP_TIMEOUT_MS   90000

static uint64_t deadline_of(unsigned timeout_ms)
{
	return timeout_ms ? clock_usec() + timeout_ms * UINT64_C(1000) : 0;
}

/* Until one of them is readable; OTHER may be -1. */
static int poll_until(int fd, int other, uint64_t deadline)
{
	struct pollfd polls[] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
	int r;

	do {
		r = poll(polls, ARRAY_SIZE(polls), clock_timeout(deadline));
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

static int say_timeout(const char *name, const char *what, struct floe_error *error)
{
	return err_set(error, FLOE_ERROR_BUSY, ETIMEDOUT, "the machine %s is still not %s", name,
		       what);
}

/* ---- ready ---- */

struct readiness {
	const char *name;
	pid_t not_leader; /* this one does not count: it is asked to reboot; 0: none */
};

static int no_event(void *context, const struct floe_event *event)
{
	(void)context;
	(void)event;
	return 0;
}

/* 1: ready. 0: not yet. -ESRCH: it ended. -ENOENT: it is not there. */
static int look(const struct readiness *wanted)
{
	struct state state;
	int r = state_read(wanted->name, &state, NULL);

	if (r == 0 && (state.phase == STATE_DEAD || state.phase == STATE_STOPPING))
		r = state.phase == STATE_DEAD ? -ESRCH : 0;
	else if (r == 0)
		r = target_is_ready(&state) && state.leader != wanted->not_leader;
	state_free(&state);
	return r;
}

/* Whether a machine without a record is only between two lives: its monitor is there. */
static bool monitor_stays(const struct target *target)
{
	struct pollfd poll_fd = {.fd = target->monitor, .events = POLLIN};

	return target->monitor >= 0 && poll(&poll_fd, 1, 0) == 0;
}

/* Until it is ready; TARGET is the machine as it was at first. */
static int wait_ready(const struct readiness *wanted, const struct target *target,
		      uint64_t deadline, struct floe_error *error)
{
	struct floe_watch *watch;
	int r = floe_watch_open(&watch, error);

	if (r < 0)
		return r;
	while (r == 0) {
		bool between = false;

		/* Marked as read before it is looked at: nothing is missed. */
		r = floe_watch_read(watch, no_event, NULL, error);
		if (r == 0)
			r = look(wanted);
		/* For a moment the next life has a directory that nobody has locked. */
		if (r == -ENOENT || r == -ESRCH)
			between = monitor_stays(target);
		if (r == 0 || between)
			r = poll_until(floe_watch_fd(watch), between ? target->monitor : -1,
				       deadline);
	}
	floe_watch_close(watch);
	if (r == -ETIMEDOUT)
		return say_timeout(wanted->name, "ready", error);
	if (r < 0)
		err_set(error, FLOE_ERROR_PAYLOAD, -r, "the machine %s ended before it was ready%s",
			wanted->name, wanted->not_leader ? " again" : "");
	return r < 0 ? r : 0;
}

static int wait_for_ready(const char *name, uint64_t deadline, struct floe_error *error)
{
	const struct readiness wanted = {.name = name};
	struct target target;
	int r = target_find(&target, name, error);

	if (r == 0)
		r = err_set(error, FLOE_ERROR_PAYLOAD, ESRCH,
			    "the machine %s ended, and its monitor with it", name);
	if (r > 0)
		r = wait_ready(&wanted, &target, deadline, error);
	target_close(&target);
	return r;
}

/* ---- gone ---- */

/* One that is found again with the same monitor was rebooting; with another it is a new one. For a
 * moment the next life has a directory that nobody has locked. */
#define BETWEEN_MS  10
#define BETWEEN_MAX 50

static bool is_between(int monitor, int *tries)
{
	struct pollfd poll_fd = {.fd = monitor, .events = POLLIN};

	return monitor >= 0 && ++*tries <= BETWEEN_MAX && poll(&poll_fd, 1, BETWEEN_MS) == 0;
}

static int wait_for_gone(const char *name, uint64_t deadline, struct floe_error *error)
{
	CLEANUP_FD int monitor = -1;
	pid_t pid = 0;
	int r = 0, tries = 0;

	while (r == 0) {
		struct target target;

		r = target_find(&target, name, NULL);
		if (r > 0 && pid && pid != target.state.monitor)
			r = -ENOENT;
		if (r > 0) {
			pid = target.state.monitor;
			cleanup_fd(&monitor);
			monitor = take_fd(&target.monitor);
			target.monitor = monitor;
			tries = 0;
			r = target_wait(&target, deadline);
			target.monitor = -1;
		} else if (r == -ENOENT || !is_between(monitor, &tries)) {
			target_close(&target);
			return r == 0 || r == -ENOENT ? 0 : r;
		}
		target_close(&target);
	}
	if (r == -ETIMEDOUT)
		return say_timeout(name, "gone", error);
	return err_errno(error, -r, "cannot wait for the end of %s", name);
}

int floe_wait(const char *name, const struct floe_wait_options *given, struct floe_error *error)
{
	struct floe_wait_options options = {0};
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	if (options.what == FLOE_WAIT_GONE)
		return wait_for_gone(name, deadline_of(options.timeout_ms), error);
	return wait_for_ready(name, deadline_of(options.timeout_ms), error);
}

/* ---- rebooting ---- */

/* What init systems take for Ctrl-Alt-Del: systemd(1), SIGNALS; also sysvinit, OpenRC's, BusyBox's,
 * runit's and s6's. */
static int ask_to_reboot(const struct target *target, struct floe_error *error)
{
	int r;

	if (!*target->state.boot)
		return err_usage(error, "%s runs a command, and no init that could reboot",
				 target->name);
	r = process_signal(target->leader, SIGINT);
	return r < 0 ? err_errno(error, -r, "cannot signal the first process %d of %s",
				 (int)target->state.leader, target->name)
		     : 0;
}

int floe_reboot(const char *name, const struct floe_reboot_options *given, struct floe_error *error)
{
	struct floe_reboot_options options = {0};
	struct readiness wanted = {.name = name};
	struct target target;
	int r = OPTIONS_TAKE(options, given, error);
	uint64_t deadline;

	if (r < 0)
		return r;
	deadline = deadline_of(options.timeout_ms ? options.timeout_ms : REBOOT_TIMEOUT_MS);
	r = target_open_running(&target, name, error);
	wanted.not_leader = target.state.leader;
	if (r == 0)
		r = ask_to_reboot(&target, error);
	if (r == 0 && !options.no_wait) {
		r = poll_until(target.leader, -1, deadline);
		if (r == -ETIMEDOUT)
			r = say_timeout(name, "rebooting", error);
		if (r == 0)
			r = wait_ready(&wanted, &target, deadline, error);
	}
	target_close(&target);
	return r;
}

/* ---- restarting ---- */

static int ask_to_restart(const struct target *target, struct floe_error *error)
{
	CLEANUP_FD int fd = attached_open(target, error);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && usage_paused(&target->state))
		r = machine_freeze(&target->state, false);
	if (r == 0)
		r = attached_send(fd, ATTACH_RESTART, NULL, 0);
	return r < 0 ? err_errno(error, -r, "cannot ask the monitor %d of %s for a restart",
				 (int)target->state.monitor, target->name)
		     : 0;
}

/* The monitor starts it again however it ended. */
static int await_end(const struct target *target, unsigned timeout_ms, struct floe_error *error)
{
	int r = poll_until(target->leader, -1, deadline_of(timeout_ms));

	if (r == -ETIMEDOUT) {
		r = process_signal(target->leader, SIGKILL);
		if (r == 0)
			r = poll_until(target->leader, -1, deadline_of(STOP_TIMEOUT_MS));
	}
	return r < 0 && r != -ESRCH ? say_timeout(target->name, "gone", error) : 0;
}

int floe_restart(const char *name, const struct floe_restart_options *given,
		 struct floe_error *error)
{
	struct floe_restart_options options = {0};
	struct readiness wanted = {.name = name};
	unsigned timeout_ms, stop_timeout_ms;
	struct target target;
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	timeout_ms = options.timeout_ms ? options.timeout_ms : REBOOT_TIMEOUT_MS;
	stop_timeout_ms = options.stop_timeout_ms ? options.stop_timeout_ms : STOP_TIMEOUT_MS;
	r = target_open_running(&target, name, error);
	wanted.not_leader = target.state.leader;
	if (r == 0)
		r = ask_to_restart(&target, error);
	if (r == 0)
		r = await_end(&target, stop_timeout_ms, error);
	if (r == 0)
		r = wait_ready(&wanted, &target, deadline_of(timeout_ms), error);
	target_close(&target);
	return r;
}
