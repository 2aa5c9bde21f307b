/* SPDX-License-Identifier: MIT */
/*
 * Telling the machine's Nix what is in its store: with the nix-store that it has itself, as the
 * last act before its program and with no more rights than that gets. Async-signal-safe throughout.
 */
#include "load_store.h"

#include "../sys/path.h"
#include "../sys/place.h"
#include "../sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* No group of builders is looked for: where /etc is only made by stage 2 there is none. */
#define OPTIONS "--option", "build-users-group", ""

_Noreturn static void run_program(struct context *context, const char *program, const char *verb)
{
	static const char *const environment[] = {"HOME=/root", "USER=root", "NIX_REMOTE=local",
						  NULL};
	const char *const arguments[] = {program, verb, OPTIONS, NULL};

	if (lseek(context->registration_fd, 0, SEEK_SET) < 0 ||
	    dup2(context->registration_fd, 0) < 0 || dup2(context->said_fd, 1) < 0 ||
	    dup2(context->said_fd, 2) < 0)
		_exit(errno);
	process_reset_signals();
	/* Its prototype says that it may change them, POSIX that it does not. */
	execve(program, (char *const *)arguments, (char *const *)environment);
	_exit(errno);
}

/* Long enough for a store of a hundred thousand paths, and not for ever: the program may be the
 * tree's own. */
#define LOAD_TIMEOUT_MS (10 * 60 * 1000)

static int await(int pidfd, int *status)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
	int r = poll(&poll_fd, 1, LOAD_TIMEOUT_MS);

	if (r == 1)
		return process_wait(pidfd, status);
	process_signal(pidfd, SIGKILL);
	process_wait(pidfd, status);
	return r == 0 ? -ETIMEDOUT : -errno;
}

/* *STATUS as in wait(2). Whom nix-store leaves behind is reaped by the machine's PID 1. */
static int run(struct context *context, const char *program, const char *verb, int *status)
{
	int pidfd = -1, r;
	pid_t pid = process_clone(0, &pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		run_program(context, program, verb);
	r = await(pidfd, status);
	close(pidfd);
	return r;
}

/* The console holds what SAID_MAX allows until the monitor reads it. */
static int say_on_console(struct context *context)
{
	char text[SAID_MAX];
	off_t length = lseek(context->said_fd, 0, SEEK_CUR);

	if (length <= 0 || pread(context->said_fd, text, (size_t)length, 0) != length)
		return length < 0 ? -errno : 0;
	return fd_write_all(2, text, (size_t)length);
}

static int note_given(struct context *context, const struct op *op)
{
	const char *given = context->plan->store_given;
	int root, r;

	if (!op->target)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	r = place_content(root, op->target, 0644, given, strlen(given));
	close(root);
	return r;
}

int load_store(struct context *context, const struct op *op)
{
	int status = 0;
	int r = run(context, op->source, "--load-db", &status);

	if (r < 0)
		return r;
	if (status != 0)
		return -ECANCELED;
	/* Paths of the machine's own may refer to what the host has removed: that it cannot be
	 * mended is told on the console, and no reason not to start. */
	if (op->flags)
		r = run(context, op->source, "--verify", &status);
	if (r == 0)
		r = say_on_console(context);
	return r < 0 ? r : note_given(context, op);
}
