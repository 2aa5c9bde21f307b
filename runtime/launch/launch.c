/* SPDX-License-Identifier: MIT */
/* Carrying out a plan: children, barriers, and the way back on failure. */
#include "launch.h"

#include "../base/cleanup.h"
#include "../link/link_helper.h"
#include "../state/state.h"
#include "../sys/process.h"
#include "context.h"
#include "network.h"
#include "report.h"
#include "resources.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct launch {
	struct context context;
	int channel; /* to the leader */
	int leader_fd;
	int stager_fd;
	int stager_channel; /* the stager stays until it is closed */
	int console_fd;
	pid_t leader;
};

/* The ends of the two channels as the monitor holds them before the first clone. */
struct channels {
	int stager[2];
	int leader[2];
};

static void channels_close(struct channels *channels)
{
	for (int i = 0; i < 2; i++) {
		cleanup_fd(&channels->stager[i]);
		cleanup_fd(&channels->leader[i]);
	}
}

static int channels_open(struct channels *channels)
{
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC;

	if (socketpair(AF_UNIX, type, 0, channels->stager) < 0)
		return -errno;
	if (socketpair(AF_UNIX, type, 0, channels->leader) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		channels->stager[i] = fd_above_stdio(channels->stager[i]);
		channels->leader[i] = fd_above_stdio(channels->leader[i]);
		if (channels->stager[i] < 0 || channels->leader[i] < 0)
			return -errno;
	}
	return 0;
}

static int say_cancelled(const struct launch *launch, struct floe_error *error)
{
	return err_set(error, FLOE_ERROR_SYSTEM, ECANCELED,
		       "the start of %s was cancelled by a signal", launch->context.plan->name);
}

static int run_ops(struct launch *launch, enum op_phase phase, struct floe_error *error)
{
	int failed = 0;
	int r;

	if (context_cancelled(&launch->context))
		return say_cancelled(launch, error);
	launch->context.error = error;
	r = ops_run(&launch->context, phase, monitor_function, &failed);
	launch->context.error = NULL;
	if (r < 0 && launch->context.cancelled)
		return say_cancelled(launch, error);
	return r < 0 ? report_op(error, launch->context.plan, failed, -r) : 0;
}

static int note_leader(struct launch *launch, pid_t pid, struct floe_error *error)
{
	int fd;

	launch->leader = pid;
	launch->context.leader = pid;
	fd = process_open(pid);
	if (fd < 0)
		return err_errno(error, -fd, "cannot open a descriptor of process %d", pid);
	launch->leader_fd = fd;
	return 0;
}

static int end_of_child(struct floe_error *error, const char *what)
{
	return err_set(error, FLOE_ERROR_SYSTEM, ECHILD,
		       "the %s process ended without a word; was it killed?", what);
}

/* As message_receive(); -ECANCELED when a signal comes first. */
static int await_message(struct launch *launch, int channel, struct message *message, int *fd)
{
	struct pollfd polls[] = {
		{.fd = channel, .events = POLLIN},
		{.fd = launch->context.io.signal_fd, .events = POLLIN},
	};

	do {
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			return -errno;
		if (polls[0].revents)
			return message_receive(channel, message, fd);
	} while (!context_cancelled(&launch->context));
	return -ECANCELED;
}

static int say_deaf(const struct launch *launch, int r, const char *what, struct floe_error *error)
{
	if (r == -ECANCELED)
		return say_cancelled(launch, error);
	return err_errno(error, -r, "cannot hear from the %s process", what);
}

/* Listens to the stager until all is staged. */
static int follow_stager(struct launch *launch, int channel, struct floe_error *error)
{
	struct message message = {0};
	int fd, r;

	for (;;) {
		r = await_message(launch, channel, &message, &fd);
		if (r < 0)
			return say_deaf(launch, r, "staging", error);
		if (r == 0)
			return end_of_child(error, "staging");
		if (message.type == MESSAGE_STAGED && launch->leader_fd >= 0)
			return 0;
		if (message.type == MESSAGE_FAILED)
			return report_op(error, launch->context.plan, message.value,
					 message.errnum);
		r = note_leader(launch, message.value, error);
		/* While the others go on: it takes nothing of theirs but the namespace. */
		if (r == 0)
			r = run_ops(launch, PHASE_NETWORK, error);
		if (r < 0)
			return r;
	}
}

static int run_stager(struct launch *launch, struct channels *channels, struct floe_error *error)
{
	pid_t pid = process_clone(CLONE_NEWNS, &launch->stager_fd);
	int r;

	if (pid < 0)
		return err_errno(error, -pid, "cannot create a process with a mount namespace");
	if (pid == 0) {
		close(channels->stager[0]);
		stager_run(&launch->context, channels->stager[1], channels->leader);
	}
	cleanup_fd(&channels->stager[1]);
	cleanup_fd(&channels->leader[1]);
	channels->stager[1] = channels->leader[1] = -1;
	launch->channel = take_fd(&channels->leader[0]);
	launch->stager_channel = take_fd(&channels->stager[0]);
	r = run_ops(launch, PHASE_HOST, error);
	return r < 0 ? r : follow_stager(launch, launch->stager_channel, error);
}

static void dismiss_stager(struct launch *launch)
{
	cleanup_fd(&launch->stager_channel);
	launch->stager_channel = -1;
}

static void reap_stager(struct launch *launch)
{
	dismiss_stager(launch);
	if (launch->stager_fd < 0)
		return;
	process_wait(launch->stager_fd, NULL);
	close(launch->stager_fd);
	launch->stager_fd = -1;
}

static int tell_leader(struct launch *launch, struct floe_error *error)
{
	struct message message = {.type = MESSAGE_READY};
	int r = message_send(launch->channel, &message, -1);

	/* EPIPE: the leader is gone, and the reason waits in the channel. */
	if (r < 0 && r != -EPIPE)
		return err_errno(error, -r, "cannot speak to the machine's first process");
	return 0;
}

static int await_ready(struct launch *launch, struct floe_error *error)
{
	struct message message = {0};
	int r = await_message(launch, launch->channel, &message, &launch->console_fd);

	if (r < 0)
		return say_deaf(launch, r, "machine's first", error);
	if (r == 0)
		return end_of_child(error, "machine's first");
	if (message.type == MESSAGE_FAILED)
		return report_op(error, launch->context.plan, message.value, message.errnum);
	return 0;
}

static int begin(struct launch *launch, struct floe_error *error)
{
	struct channels channels = {{-1, -1}, {-1, -1}};
	int r = run_ops(launch, PHASE_BEFORE, error);

	if (r == 0)
		r = resources_open(&launch->context, error);
	if (r == 0) {
		r = channels_open(&channels);
		if (r < 0)
			err_errno(error, -r, "cannot create a channel to the machine");
	}
	if (r == 0)
		r = run_stager(launch, &channels, error);
	channels_close(&channels);
	return r;
}

int launch_assembled(struct launch *launch, struct floe_error *error)
{
	int r = await_ready(launch, error);

	/* Who leaves a mount namespace last takes it apart, which waits for the rest of the kernel
	 * (fs/namespace.c, namespace_unlock): by now the leader has left, and need not wait. */
	dismiss_stager(launch);
	return r;
}

int launch_begin(struct launch **out, const struct plan *plan, const struct launch_io *io,
		 struct floe_error *error)
{
	struct launch *launch = calloc(1, sizeof(*launch));
	int r;

	*out = NULL;
	if (!launch)
		return err_errno(error, ENOMEM, "cannot start %s", plan->name);
	launch->channel = launch->leader_fd = launch->console_fd = -1;
	launch->stager_fd = launch->stager_channel = -1;
	context_init(&launch->context, plan, io);
	r = begin(launch, error);
	if (r < 0) {
		launch_failed(launch);
		launch_end(launch, NULL, NULL);
		return r;
	}
	*out = launch;
	return 0;
}

int launch_go(struct launch *launch, struct floe_error *error)
{
	struct link_helper *helper = launch->context.helper;
	struct message message = {0};
	int fd = -1;
	int r = helper ? link_helper_ready(helper, error) : 0;

	if (r == 0)
		r = tell_leader(launch, error);

	if (r < 0)
		return r;
	/* The channel closes itself when the payload's program is executed. */
	r = await_message(launch, launch->channel, &message, &fd);
	cleanup_fd(&launch->channel);
	launch->channel = -1;
	reap_stager(launch);
	if (r < 0)
		r = say_deaf(launch, r, "machine's first", error);
	else if (r == 1)
		r = report_late(error, &launch->context, message.value, message.errnum);
	resources_forget(&launch->context);
	return r;
}

pid_t launch_leader(const struct launch *launch)
{
	return launch->leader;
}

int launch_leader_fd(const struct launch *launch)
{
	return launch->leader_fd;
}

int launch_console_fd(const struct launch *launch)
{
	return launch->console_fd;
}

int launch_notify_fd(const struct launch *launch)
{
	return launch->context.notify_fd;
}

int launch_server_fd(const struct launch *launch)
{
	const struct link_helper *helper = launch->context.helper;

	return helper ? link_helper_fd(helper) : -1;
}

const char *launch_server_note(const struct launch *launch)
{
	const struct link_helper *helper = launch->context.helper;

	return helper ? helper->note : NULL;
}

void launch_server_end(struct launch *launch)
{
	network_serve_end(&launch->context);
}

struct netlink *launch_watch(struct launch *launch)
{
	return &launch->context.watch;
}

struct netlink *launch_filter(struct launch *launch)
{
	return &launch->context.filter;
}

struct netlink *launch_inside(struct launch *launch)
{
	return &launch->context.inside;
}

int launch_state_fd(const struct launch *launch)
{
	return launch->context.state_fd;
}

/* By number: it was not reaped, so that the number is its own. */
static void reap_early_leader(const struct launch *launch)
{
	if (launch->leader <= 0)
		return;
	kill(launch->leader, SIGKILL);
	while (waitpid(launch->leader, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static int end_leader(struct launch *launch, int *status, struct floe_error *error)
{
	int r;

	/* First the channel: a leader that still waits leaves by itself. */
	cleanup_fd(&launch->channel);
	if (launch->leader_fd < 0) {
		reap_early_leader(launch);
		return 0;
	}
	process_signal(launch->leader_fd, SIGKILL);
	r = process_wait(launch->leader_fd, status);
	close(launch->leader_fd);
	if (r == 0 || !status)
		return 0;
	err_errno(error, -r, "cannot learn how %s ended", launch->context.plan->name);
	err_hint(error, "the calling program must not ignore SIGCHLD or reap what is not its own");
	return r;
}

void launch_failed(struct launch *launch)
{
	if (launch)
		launch->context.failed = true;
}

int launch_end(struct launch *launch, int *status, struct floe_error *error)
{
	int ended, r;

	if (!launch)
		return 0;
	ended = end_leader(launch, status, error);
	if (launch->stager_fd >= 0)
		process_signal(launch->stager_fd, SIGKILL);
	reap_stager(launch);
	cleanup_fd(&launch->console_fd);
	r = resources_release(&launch->context, error);
	free(launch);
	return ended < 0 ? ended : r;
}
