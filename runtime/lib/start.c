/* SPDX-License-Identifier: MIT */
/* Starting a machine that outlives its caller. */
#include "../base/cleanup.h"
#include "../monitor/notify.h"
#include "../state/state.h"
#include "detach.h"
#include "internal.h"
#include "life.h"
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#define READY_TIMEOUT_MS 90000

/* What the daemon is told by the process it was forked from. */
struct start {
	struct spec *spec;
	struct floe_start_options options;
	int channel;
};

/* ---- in the daemon ---- */

static void pass_note(void *context, const char *text)
{
	const struct start *start = context;
	struct report report = {.type = REPORT_NOTE};

	snprintf(report.error.message, sizeof(report.error.message), "%s", text);
	report_send(start->channel, &report);
}

static void report_ready(void *context)
{
	struct start *start = context;
	struct report report = {.type = REPORT_READY, .value = getpid()};

	report_send(start->channel, &report);
	cleanup_fd(&start->channel);
	start->channel = -1;
}

/* Takes the signals that monitor_setup speaks of. SIGPIPE would say nothing that a failed write
 * does not. */
static int take_signals(void)
{
	static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGWINCH};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	int fd;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		sigaddset(&set, taken[i]);
	sigaddset(&set, SIGRTMIN + 18);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void name_process(const char *machine)
{
	char name[16]; /* what the kernel keeps (prctl(2), PR_SET_NAME) */

	snprintf(name, sizeof(name), "floe: %.9s", machine);
	prctl(PR_SET_NAME, name);
}

static struct life life_of(struct start *start, int signal_fd)
{
	const struct floe_start_options *options = &start->options;
	uint64_t timeout_ms = options->timeout_ms ? options->timeout_ms : READY_TIMEOUT_MS;

	return (struct life){
		.spec = start->spec,
		.input = -1,
		.output = -1,
		.error_output = -1,
		.signal_fd = signal_fd,
		.detached = true,
		.started_is_ready = options->no_wait,
		.must_be_ready = !options->no_wait,
		.ready_timeout_us = options->no_wait ? 0 : timeout_ms * 1000,
		.note = pass_note,
		.note_context = start,
		.ready = report_ready,
		.ready_context = start,
	};
}

static int run_detached(void *context, int channel)
{
	struct start *start = context;
	struct report report = {.type = REPORT_FAILED};
	int signal_fd = take_signals(), status = 1, r;
	struct life life = life_of(start, signal_fd);

	start->channel = channel;
	name_process(start->spec->name);
	/* Its console is the log: it always gets a terminal, and never ours. */
	start->spec->console = SPEC_CONSOLE_READ_ONLY;
	r = signal_fd < 0 ? err_errno(&report.error, -signal_fd, "cannot receive signals")
			  : life_run(&life, &status, &report.error);
	if (r < 0 && start->channel >= 0)
		report_send(start->channel, &report);
	return r < 0 ? 1 : status;
}

/* ---- in the caller ---- */

/* Takes the daemon's reports until it says how the start went. */
static int follow(int channel, const struct start *start, pid_t *daemon, struct floe_error *error)
{
	struct report report;
	int r;

	while ((r = report_receive(channel, &report)) > 0) {
		switch (report.type) {
		case REPORT_NOTE:
			if (start->options.note)
				start->options.note(start->options.context, report.error.message);
			break;
		case REPORT_FAILED:
			if (error)
				*error = report.error;
			return -report.error.errnum;
		case REPORT_READY:
			*daemon = report.value;
			return 0;
		}
	}
	if (r < 0)
		return err_errno(error, -r, "cannot hear from the monitor process of %s",
				 start->spec->name);
	return err_set(error, FLOE_ERROR_SYSTEM, ECHILD,
		       "the monitor process of %s ended without a word; was it killed?",
		       start->spec->name);
}

int floe_start(struct floe_spec *spec, const struct floe_start_options *given,
	       struct floe_error *error)
{
	struct start start = {.spec = &spec->spec};
	CLEANUP_FD int channel = -1;
	pid_t daemon = 0;
	int r = OPTIONS_TAKE(start.options, given, error);

	if (r == 0)
		r = life_resolve(start.spec, error);
	if (r == 0)
		r = detach(run_detached, &start, &channel, error);
	if (r == 0)
		r = follow(channel, &start, &daemon, error);
	/* For a unit of which this process is still the main one: only that is heard by default
	 * (systemd.service(5), NotifyAccess=). */
	if (r == 0)
		notify_send("MAINPID=%d\nREADY=1", (int)daemon);
	return r;
}
