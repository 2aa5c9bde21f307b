/* SPDX-License-Identifier: MIT */
/* A process that outlives its caller, and what it reports to it before. */
#include "detach.h"

#include "../base/cleanup.h"
#include "../base/err.h"
#include "../sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

void report_send(int channel, const struct report *report)
{
	while (send(channel, report, sizeof(*report), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

int report_receive(int channel, struct report *report)
{
	ssize_t length;

	do {
		length = recv(channel, report, sizeof(*report), 0);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	return length == 0 ? 0 : length == (ssize_t)sizeof(*report) ? 1 : -EBADMSG;
}

/* ---- in the daemon ---- */

/* The number of descriptors passed by the service manager to process PARENT, sd_listen_fds(3);
 * they are now meant for us. */
static int inherit_listen_fds(pid_t parent)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	char own[16];
	int number;

	if (!pid || !count || atoi(pid) != parent)
		return 0;
	number = atoi(count);
	if (number <= 0 || number > INT_MAX - 4)
		return 0;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	setenv("LISTEN_PID", own, 1);
	return number;
}

static int close_others(int *channel, int kept)
{
	unsigned first = 3 + (unsigned)kept;
	int moved = fcntl(*channel, F_DUPFD_CLOEXEC, (int)first);

	if (moved < 0)
		return -errno;
	*channel = moved;
	if (moved > (int)first && syscall(SYS_close_range, first, (unsigned)moved - 1, 0) < 0)
		return -errno;
	return syscall(SYS_close_range, (unsigned)moved + 1, UINT_MAX, 0) < 0 ? -errno : 0;
}

static int null_stdio(void)
{
	CLEANUP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(null, fd) < 0)
			return -errno;
	}
	return 0;
}

static int settle(int *channel, pid_t caller, struct floe_error *error)
{
	int r;

	process_reset_signals();
	umask(022);
	if (chdir("/") < 0)
		return err_errno(error, errno, "cannot change to the directory /");
	/* First the others: one of them may be in the way of stdio. */
	r = close_others(channel, inherit_listen_fds(caller));
	if (r < 0)
		return err_errno(error, -r, "cannot close inherited descriptors");
	r = null_stdio();
	return r < 0 ? err_errno(error, -r, "cannot use /dev/null for input and output") : 0;
}

_Noreturn static void run_daemon(int (*function)(void *context, int channel), void *context,
				 int channel, pid_t caller)
{
	struct report report = {.type = REPORT_FAILED};

	if (settle(&channel, caller, &report.error) < 0) {
		report_send(channel, &report);
		_exit(1);
	}
	_exit(function(context, channel));
}

/* ---- in the caller ---- */

/* A session, and then a process that does not lead it: it never gets a controlling terminal. */
_Noreturn static void run_middle(int (*function)(void *context, int channel), void *context,
				 int channel, pid_t caller)
{
	pid_t pid;

	setsid();
	pid = fork();
	if (pid == 0)
		run_daemon(function, context, channel, caller);
	_exit(pid < 0 ? errno : 0);
}

/* Blocks SIGCHLD. Returns whether one was pending before, which is then not ours to take. */
static bool block_sigchld(sigset_t *before)
{
	sigset_t set;
	bool pending;

	sigpending(&set);
	pending = sigismember(&set, SIGCHLD) == 1;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, before);
	return pending;
}

static void restore_sigchld(const sigset_t *before, bool pending)
{
	const struct timespec now = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (!pending)
		sigtimedwait(&set, NULL, &now);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* 0 or the negative errno of the second fork. A child that somebody else reaped told nothing. */
static int wait_middle(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 0;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int detach(int (*function)(void *context, int channel), void *context, int *channel,
	   struct floe_error *error)
{
	int ends[2], r;
	pid_t pid, caller = getpid();
	sigset_t before;
	bool pending;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(error, errno, "cannot create a channel to a monitor process");
	pending = block_sigchld(&before);
	pid = fork();
	r = pid < 0 ? -errno : 0;
	if (pid == 0) {
		close(ends[0]);
		run_middle(function, context, ends[1], caller);
	}
	if (pid > 0)
		r = wait_middle(pid);
	restore_sigchld(&before, pending);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return err_errno(error, -r, "cannot create a monitor process");
	}
	*channel = ends[0];
	return 0;
}
