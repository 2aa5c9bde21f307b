/* SPDX-License-Identifier: MIT */
/* The console of a machine in the background, on the caller's descriptors. */
#include "../base/cleanup.h"
#include "../monitor/attach.h"
#include "../monitor/sigpipe.h"
#include "../sys/clock.h"
#include "attached.h"
#include "internal.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

struct viewer {
	const struct floe_console_options *options;
	int fd; /* the monitor's socket */
	struct outside input, output;
	struct raw terminal;
	struct escape escape;
	bool left, ended;
	char shown[CONSOLE_BUFFER]; /* of the machine, on its way out */
	size_t shown_at, shown_size;
	char typed[ATTACH_KEYS_MAX]; /* of the caller, on its way in */
	size_t typed_size;
	size_t held;            /* keys that may be the beginning of the escape */
	uint64_t held_deadline; /* when they are known not to be; 0: none is held */
	char last;              /* byte that was shown */
};

enum {
	POLL_MONITOR,
	POLL_SIGNALS,
	POLL_INPUT,
	POLL_OUTPUT,
	POLL_COUNT,
};

/* ---- sizes and signals ---- */

static void tell_size(struct viewer *viewer, char type)
{
	int fd = viewer->options->output >= 0 ? viewer->options->output : viewer->options->input;
	struct attach_size size = {0};
	struct winsize window;

	if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &window) == 0)
		size = (struct attach_size){window.ws_row, window.ws_col};
	attached_send(viewer->fd, type, &size, sizeof(size));
}

static void handle_signals(struct viewer *viewer)
{
	struct signalfd_siginfo infos[4];
	ssize_t length = read(viewer->options->signal_fd, infos, sizeof(infos));

	for (size_t i = 0; length > 0 && i < (size_t)length / sizeof(infos[0]); i++) {
		int signal = (int)infos[i].ssi_signo;

		if (signal == SIGWINCH)
			tell_size(viewer, ATTACH_SIZE);
		else if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)
			viewer->left = true;
	}
}

/* ---- moving ---- */

static void show(struct viewer *viewer)
{
	ssize_t length = outside_write(&viewer->output, viewer->shown + viewer->shown_at,
				       viewer->shown_size);

	if (length == -EAGAIN || length == -EINTR)
		return;
	/* Nobody sees it any more: there is nothing left to do. */
	if (length < 0) {
		viewer->left = true;
		return;
	}
	viewer->last = viewer->shown[viewer->shown_at + (size_t)length - 1];
	viewer->shown_at += (size_t)length;
	viewer->shown_size -= (size_t)length;
}

static void take_shown(struct viewer *viewer)
{
	ssize_t length = recv(viewer->fd, viewer->shown, sizeof(viewer->shown), MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		viewer->ended = true;
		return;
	}
	viewer->shown_at = 0;
	viewer->shown_size = viewer->output.fd >= 0 ? (size_t)length : 0;
	if (viewer->shown_size > 0 && viewer->output.nonblocking)
		show(viewer);
}

static void send_typed(struct viewer *viewer)
{
	int r = attached_send(viewer->fd, ATTACH_KEYS, viewer->typed, viewer->typed_size);

	if (r != -EAGAIN && r != -EINTR)
		viewer->typed_size = 0;
}

static void type_held(struct viewer *viewer)
{
	while (viewer->held > 0) {
		viewer->typed[viewer->typed_size++] = ESCAPE_KEY;
		viewer->held--;
	}
	viewer->held_deadline = 0;
}

/* The machine does not get the keys that leave its console: one that may be is held back until the
 * next key, or for as long as it may take. */
static void hold_escape(struct viewer *viewer, const char *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i] == ESCAPE_KEY) {
			if (viewer->held++ == 0)
				viewer->held_deadline = clock_usec() + ESCAPE_TIME_USEC;
		} else {
			type_held(viewer);
			viewer->typed[viewer->typed_size++] = keys[i];
		}
	}
	if (viewer->held >= ESCAPE_TIMES)
		type_held(viewer);
}

static void take_typed(struct viewer *viewer)
{
	char keys[ATTACH_KEYS_MAX - ESCAPE_TIMES];
	ssize_t length = outside_read(&viewer->input, keys, sizeof(keys));

	if (length == -EAGAIN || length == -EINTR)
		return;
	if (length <= 0) {
		outside_close(&viewer->input);
		return;
	}
	if (viewer->terminal.fd < 0) {
		memcpy(viewer->typed, keys, (size_t)length);
		viewer->typed_size = (size_t)length;
	} else if (escape_feed(&viewer->escape, keys, (size_t)length, clock_usec())) {
		viewer->left = true;
		return;
	} else {
		hold_escape(viewer, keys, (size_t)length);
	}
	if (viewer->typed_size > 0)
		send_typed(viewer);
}

static void handle_time(struct viewer *viewer)
{
	if (viewer->held_deadline == 0 || viewer->typed_size > 0 ||
	    clock_usec() < viewer->held_deadline)
		return;
	type_held(viewer);
	send_typed(viewer);
}

/* ---- the loop ---- */

static void poll_set(struct pollfd *entry, int fd, int events)
{
	*entry = (struct pollfd){.fd = events ? fd : -1, .events = (short)events};
}

static int turn(struct viewer *viewer)
{
	struct pollfd polls[POLL_COUNT];
	bool waits = viewer->typed_size > 0;

	poll_set(&polls[POLL_MONITOR], viewer->fd,
		 (viewer->shown_size ? 0 : POLLIN) | (waits ? POLLOUT : 0));
	poll_set(&polls[POLL_SIGNALS], viewer->options->signal_fd, POLLIN);
	poll_set(&polls[POLL_INPUT], viewer->input.fd, waits ? 0 : POLLIN);
	poll_set(&polls[POLL_OUTPUT], viewer->output.fd, viewer->shown_size ? POLLOUT : 0);
	if (poll(polls, POLL_COUNT, clock_timeout(waits ? 0 : viewer->held_deadline)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polls[POLL_SIGNALS].revents)
		handle_signals(viewer);
	if (polls[POLL_OUTPUT].revents)
		show(viewer);
	if (waits && polls[POLL_MONITOR].revents & ~POLLIN)
		send_typed(viewer);
	if (viewer->shown_size == 0 && polls[POLL_MONITOR].revents & ~POLLOUT)
		take_shown(viewer);
	if (polls[POLL_INPUT].revents)
		take_typed(viewer);
	handle_time(viewer);
	return 0;
}

static int open_outside(struct viewer *viewer, struct floe_error *error)
{
	int r = outside_open(&viewer->input, viewer->options->input, O_RDONLY);

	if (r == 0)
		r = outside_open(&viewer->output, viewer->options->output, O_WRONLY);
	if (r == 0)
		r = raw_enter(&viewer->terminal, viewer->input.fd);
	return r < 0 ? err_errno(error, -r, "cannot use the terminal for the console") : 0;
}

static int view(struct viewer *viewer, struct floe_error *error)
{
	int r = open_outside(viewer, error);
	struct sigpipe_guard guard;

	if (r < 0)
		return r;
	sigpipe_block(&guard);
	tell_size(viewer, ATTACH_VIEW);
	while (r == 0 && !viewer->left && !(viewer->ended && viewer->shown_size == 0))
		r = turn(viewer);
	/* The prompt that follows begins a line. */
	if (viewer->last != '\n' && viewer->terminal.fd >= 0 && viewer->output.fd >= 0)
		outside_write(&viewer->output, "\r\n", 2);
	sigpipe_restore(&guard);
	return r < 0 ? err_errno(error, -r, "cannot watch the console") : 0;
}

static int view_target(const struct target *target, const struct floe_console_options *options,
		       struct floe_error *error)
{
	struct viewer *viewer = calloc(1, sizeof(*viewer));
	int r;

	if (!viewer)
		return err_errno(error, ENOMEM, "cannot show the console of %s", target->name);
	viewer->options = options;
	viewer->last = '\n';
	viewer->input.fd = viewer->output.fd = -1;
	viewer->terminal.fd = viewer->terminal.channel = -1;
	viewer->fd = r = attached_open(target, error);
	if (r >= 0)
		r = view(viewer, error);
	if (r == 0)
		r = viewer->ended && !viewer->left;
	raw_leave(&viewer->terminal);
	outside_close(&viewer->input);
	outside_close(&viewer->output);
	cleanup_fd(&viewer->fd);
	free(viewer);
	return r;
}

int floe_console(const char *name, const struct floe_console_options *given,
		 struct floe_error *error)
{
	struct floe_console_options options = {.input = -1, .output = -1, .signal_fd = -1};
	struct target target;
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	r = target_open_running(&target, name, error);
	if (r == 0)
		r = view_target(&target, &options, error);
	target_close(&target);
	return r;
}
