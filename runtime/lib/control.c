/* SPDX-License-Identifier: MIT */
/* Signals for a machine, and stopping it where it is. */
#include "../base/cleanup.h"
#include "../spec/names.h"
#include "../sys/clock.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "internal.h"
#include "options.h"
#include "target.h"
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A process in an uninterruptible call is frozen when that ends. */
#define FREEZE_TIMEOUT_USEC (UINT64_C(10) * 1000000)

/* ---- signals ---- */

/* As seen inside, all but PID 1 and the caller (kill(2)): nobody is missed, and no number is taken
 * by another process meanwhile. */
_Noreturn static void signal_inside(int signal)
{
	_exit(kill(-1, signal) < 0 && errno != ESRCH ? errno : 0);
}

_Noreturn static void run_helper(int leader, int signal)
{
	int pidfd, status = 0;
	pid_t pid;

	/* Nobody inside may look into these processes. */
	prctl(PR_SET_DUMPABLE, 0);
	if (setns(leader, CLONE_NEWPID) < 0)
		_exit(errno);
	pid = process_clone(0, &pidfd);
	if (pid == 0)
		signal_inside(signal);
	if (pid < 0)
		_exit(-pid);
	if (process_wait(pidfd, &status) < 0 || !WIFEXITED(status))
		_exit(ESRCH);
	_exit(WEXITSTATUS(status));
}

static int signal_all(int leader, int signal)
{
	int pidfd, status = 0, r;
	pid_t pid = process_clone(0, &pidfd);

	if (pid == 0)
		run_helper(leader, signal);
	if (pid < 0)
		return pid;
	r = process_wait(pidfd, &status);
	close(pidfd);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ESRCH;
}

int floe_kill(const char *name, const struct floe_kill_options *given, struct floe_error *error)
{
	struct floe_kill_options options = {.signal = "TERM"};
	struct target target;
	int signal, r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	signal = signal_from_name(options.signal ? options.signal : "TERM");
	if (signal < 0)
		return err_usage(error, "there is no signal \"%.32s\"", options.signal);
	r = target_open_running(&target, name, error);
	if (r == 0) {
		if (!options.leader)
			r = signal_all(target.leader, signal);
		if (r == 0)
			r = process_signal(target.leader, signal);
		/* It would not end before: see kill_machine() in stop.c. */
		if (r == 0 && signal == SIGKILL && usage_paused(&target.state))
			r = machine_freeze(&target.state, false);
		if (r < 0)
			err_errno(error, -r, "cannot send signal %d to the processes of %s", signal,
				  name);
	}
	target_close(&target);
	return r;
}

/* ---- the freezer ---- */

/* Read through FD: until then poll(2) tells of changes (cgroup-v2.rst). */
static bool is_frozen(int fd, bool frozen)
{
	char text[256];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	return strstr(text, frozen ? "frozen 1" : "frozen 0");
}

static int wait_frozen(const char *group, bool frozen)
{
	uint64_t deadline = clock_usec() + FREEZE_TIMEOUT_USEC;
	char path[PATH_MAX];
	CLEANUP_FD int fd = -1;
	struct pollfd poll_fd;

	snprintf(path, sizeof(path), "%s/cgroup.events", group);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	poll_fd = (struct pollfd){.fd = fd, .events = POLLPRI};
	while (!is_frozen(fd, frozen)) {
		if (poll(&poll_fd, 1, clock_timeout(deadline)) == 0)
			return -ETIMEDOUT;
	}
	return 0;
}

static int freeze_group(const char *group, bool frozen)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/cgroup.freeze", group);
	r = file_write(path, frozen ? "1" : "0");
	return r < 0 ? r : wait_frozen(group, frozen);
}

int machine_freeze(const struct state *state, bool frozen)
{
	int r = freeze_group(state->cgroup, frozen), other;
	char path[PATH_MAX];

	/* In a unit of the service manager the group of commands is beside the machine's, once
	 * there was one. */
	if (r == 0 && state->keep_unit) {
		other = freeze_group(state->cgroup_exec, frozen);
		r = other == -ENOENT ? 0 : other;
	}
	if (r < 0 && frozen)
		freeze_group(state->cgroup, false);
	/* Who watches the record looks again. */
	snprintf(path, sizeof(path), "%s/%s", state_root(), state->name);
	utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
	return r;
}

static int set_frozen(const char *name, bool frozen, struct floe_error *error)
{
	struct target target;
	int r = target_open_running(&target, name, error);

	if (r == 0 && !*target.state.cgroup) {
		r = err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			    "cannot %s %s: it has no control group of version 2, which this kernel "
			    "lacks",
			    frozen ? "pause" : "resume", name);
	} else if (r == 0) {
		r = machine_freeze(&target.state, frozen);
		if (r < 0)
			err_errno(error, -r, "cannot %s %s by its control group %s",
				  frozen ? "pause" : "resume", name, target.state.cgroup);
	}
	target_close(&target);
	return r;
}

int floe_pause(const char *name, struct floe_error *error)
{
	return set_frozen(name, true, error);
}

int floe_resume(const char *name, struct floe_error *error)
{
	return set_frozen(name, false, error);
}
