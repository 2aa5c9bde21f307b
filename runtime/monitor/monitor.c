/* SPDX-License-Identifier: MIT */
/* The loop that attends one machine from the start of its payload to its end. */
#include "monitor.h"

#include "../base/cleanup.h"
#include "../base/token_bucket.h"
#include "../state/network.h"
#include "../sys/clock.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "addresses.h"
#include "notify.h"
#include "sigpipe.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

/* Messages taken in one turn: a machine that floods us must not starve the rest. */
#define TURN_MAX 16

/* The record is written at most this often for a changed status. */
#define RECORD_PERIOD_USEC 100000

/* After this long a machine is past its start: memory that only the start needed is given back. */
#define TRIM_AFTER_USEC 1000000

/* How often it is looked whether a machine that shall stop hears the signal for it by now. */
#define ASK_PERIOD_USEC 100000

/* systemd-nspawn(1): a memory trim on request. */
#define SIGNAL_TRIM (SIGRTMIN + 18)

struct monitor {
	struct monitor_setup setup;
	struct monitor_result result;
	struct console console;
	struct sigpipe_guard guard;
	bool ended;        /* the leader is gone */
	bool killed;       /* SIGKILL was sent */
	bool give_up;      /* do not wait for a reader of the remaining output */
	uint64_t watchdog; /* next ping, 0: none */
	uint64_t watchdog_period;
	uint64_t record; /* when the changed record is written, 0: it is not changed */
	uint64_t trim;
	struct token_bucket upward; /* what the machine makes us tell the service manager */
	bool untold;                /* its last status was not told */
	uint64_t ask;               /* when the machine is asked to stop, 0: it was, or shall not */
	struct addresses addresses;
	char status[NOTIFY_STATUS_SIZE];
};

enum {
	POLL_LEADER,
	POLL_SIGNALS,
	POLL_NOTIFY,
	POLL_ADDRESSES,
	POLL_SERVER,
	POLL_CONSOLE,
	POLL_ATTACH = POLL_CONSOLE + CONSOLE_POLLS,
	POLL_COUNT = POLL_ATTACH + ATTACH_POLLS,
};

/* ---- the record ---- */

/* A record that cannot be written is stale, which is better than a machine that is ended. */
static void write_record(struct monitor *monitor)
{
	monitor->record = 0;
	if (monitor->untold)
		notify_send("STATUS=Container running: %s", monitor->status);
	monitor->untold = false;
	state_write(launch_state_fd(monitor->setup.launch), monitor->setup.state, NULL);
}

static void set_phase(struct monitor *monitor, enum state_phase phase)
{
	if (monitor->setup.state->phase == phase)
		return;
	monitor->setup.state->phase = phase;
	write_record(monitor);
}

/* ---- ending ---- */

static void kill_leader(struct monitor *monitor)
{
	monitor->killed = true;
	process_signal(launch_leader_fd(monitor->setup.launch), SIGKILL);
}

/* The number in base 16 after NAME in the text of /proc/PID/status. */
static uint64_t signal_set(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtoull(line + strlen(name), NULL, 16) : 0;
}

/* sigwait(3) takes what it waits for out of the set of blocked signals that is shown. */
static bool is_in_sigwait(pid_t leader)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)leader);
	return file_read(path, text, sizeof(text)) > 0 &&
	       strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

/* Whether the leader catches or blocks SIGNAL: the kernel drops what the first process of a pid
 * namespace does neither with (pid_namespaces(7)), and an init that was only just started does
 * not yet. */
static bool is_heard(pid_t leader, int signal)
{
	uint64_t bit = signal > 0 ? UINT64_C(1) << (signal - 1) : 0;
	char path[64], text[8192];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)leader);
	if (file_read(path, text, sizeof(text)) < 0)
		return true;
	if ((signal_set(text, "\nSigBlk:") | signal_set(text, "\nSigCgt:")) & bit)
		return true;
	return is_in_sigwait(leader);
}

static void ask_to_stop(struct monitor *monitor)
{
	int signal = monitor->setup.plan->kill_signal;

	if (!is_heard(launch_leader(monitor->setup.launch), signal))
		monitor->ask = clock_usec() + ASK_PERIOD_USEC;
	process_signal(launch_leader_fd(monitor->setup.launch), signal);
}

/* The first time politely, if the machine can be asked; then not. */
static void request_stop(struct monitor *monitor)
{
	bool again = monitor->result.stop_requested;

	monitor->result.stop_requested = true;
	if (!again)
		notify_send("STOPPING=1\nSTATUS=Container is asked to stop.");
	set_phase(monitor, STATE_STOPPING);
	if (again || monitor->setup.plan->kill_signal == 0)
		kill_leader(monitor);
	else
		ask_to_stop(monitor);
}

/* ---- readiness and status ---- */

/* Tells the caller, once. */
static void call_ready(struct monitor *monitor)
{
	void (*ready)(void *context) = monitor->setup.ready;

	monitor->setup.ready = NULL;
	if (ready)
		ready(monitor->setup.context);
}

/* A machine that talks without end costs the service manager no more than one that does not. */
static bool may_tell(struct monitor *monitor)
{
	return token_bucket_take(&monitor->upward, clock_usec());
}

static void become_ready(struct monitor *monitor)
{
	bool before = monitor->result.ready;

	monitor->result.ready = true;
	monitor->setup.ready_deadline = 0;
	if (monitor->setup.plan->notify_ready && (!before || may_tell(monitor)))
		notify_send("READY=1");
	if (monitor->setup.state->phase < STATE_READY)
		set_phase(monitor, STATE_READY);
	call_ready(monitor);
}

/* A service manager that started us learns who we are before it is told anything else. */
static void announce(struct monitor *monitor)
{
	pid_t leader = launch_leader(monitor->setup.launch);

	if (monitor->setup.detached)
		notify_send("MAINPID=%d", (int)getpid());
	notify_send("STATUS=Container running.\nX_NSPAWN_LEADER_PID=%d", (int)leader);
	set_phase(monitor, STATE_RUNNING);
	if (!monitor->setup.plan->notify_ready) {
		notify_send("READY=1");
		monitor->result.ready = true;
		monitor->setup.ready_deadline = 0;
	}
	if (monitor->result.ready || monitor->setup.started_is_ready)
		call_ready(monitor);
}

static void take_status(struct monitor *monitor, const char *status)
{
	strcpy(monitor->status, status);
	monitor->untold = !may_tell(monitor);
	if (!monitor->untold)
		notify_send("STATUS=Container running: %s", status);
	monitor->setup.state->status = monitor->status;
	if (monitor->record == 0)
		monitor->record = clock_usec() + RECORD_PERIOD_USEC;
}

static void take_message(struct monitor *monitor, const struct notify_message *message)
{
	if (message->has_status)
		take_status(monitor, message->status);
	if (message->has_exit_status) {
		monitor->result.has_exit_status = true;
		monitor->result.exit_status = message->exit_status;
	}
	if (message->has_errno && may_tell(monitor))
		notify_send("ERRNO=%d", message->errnum);
	if (message->stopping)
		set_phase(monitor, STATE_STOPPING);
	if (message->ready)
		become_ready(monitor);
}

static void handle_notify(struct monitor *monitor)
{
	struct notify_message message;

	for (int i = 0; i < TURN_MAX; i++) {
		int r = notify_receive(launch_notify_fd(monitor->setup.launch),
				       launch_leader(monitor->setup.launch), &message);

		if (r < 0)
			return;
		if (r > 0)
			take_message(monitor, &message);
	}
}

/* ---- addresses ---- */

static void handle_addresses(struct monitor *monitor, bool readable)
{
	if (!addresses_handle(&monitor->addresses, clock_usec(), readable))
		return;
	state_set_addresses(monitor->setup.state, monitor->addresses.current);
	if (monitor->record == 0)
		monitor->record = clock_usec() + RECORD_PERIOD_USEC;
}

/* It ends with its link, which may be just before its machine does. */
static void handle_server(struct monitor *monitor)
{
	launch_server_end(monitor->setup.launch);
	if (monitor->setup.log && !monitor->ended)
		log_note(monitor->setup.log,
			 "nothing serves addresses and names on the link of %s "
			 "any more",
			 monitor->setup.plan->name);
}

/* ---- signals ---- */

static void handle_signal(struct monitor *monitor, int signal)
{
	switch (signal) {
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
		if (monitor->ended)
			monitor->give_up = true;
		else
			request_stop(monitor);
		break;
	case SIGWINCH:
		console_resize(&monitor->console);
		break;
	default:
		if (signal == SIGNAL_TRIM)
			malloc_trim(0);
	}
}

static void handle_signals(struct monitor *monitor)
{
	struct signalfd_siginfo infos[4];
	ssize_t length = read(monitor->setup.signal_fd, infos, sizeof(infos));

	/* Once only: the descriptor is the caller's and may block when nothing is left. */
	for (size_t i = 0; length > 0 && i < (size_t)length / sizeof(infos[0]); i++)
		handle_signal(monitor, (int)infos[i].ssi_signo);
}

/* ---- time ---- */

static uint64_t earlier(uint64_t left, uint64_t right)
{
	if (left == 0 || right == 0)
		return left ? left : right;
	return left < right ? left : right;
}

static int next_timeout(const struct monitor *monitor)
{
	uint64_t next = earlier(monitor->setup.ready_deadline, monitor->watchdog);

	next = earlier(earlier(next, monitor->record), monitor->ask);
	next = earlier(next, monitor->addresses.due);
	return clock_timeout(earlier(next, monitor->trim));
}

static bool is_due(uint64_t *deadline, uint64_t now)
{
	if (*deadline == 0 || now < *deadline)
		return false;
	*deadline = 0;
	return true;
}

static void handle_time(struct monitor *monitor)
{
	uint64_t now = clock_usec();

	if (is_due(&monitor->setup.ready_deadline, now) && !monitor->ended) {
		monitor->result.timed_out = true;
		kill_leader(monitor);
	}
	if (is_due(&monitor->watchdog, now)) {
		notify_send("WATCHDOG=1");
		monitor->watchdog = now + monitor->watchdog_period;
	}
	if (is_due(&monitor->ask, now) && !monitor->ended)
		ask_to_stop(monitor);
	if (is_due(&monitor->record, now))
		write_record(monitor);
	if (is_due(&monitor->trim, now))
		malloc_trim(0);
}

/* ---- the loop ---- */

static void fill_polls(struct monitor *monitor, struct pollfd polls[static POLL_COUNT])
{
	const struct launch *launch = monitor->setup.launch;
	bool lives = !monitor->ended;

	polls[POLL_LEADER] =
		(struct pollfd){.fd = lives ? launch_leader_fd(launch) : -1, .events = POLLIN};
	polls[POLL_SIGNALS] = (struct pollfd){.fd = monitor->setup.signal_fd, .events = POLLIN};
	polls[POLL_NOTIFY] =
		(struct pollfd){.fd = lives ? launch_notify_fd(launch) : -1, .events = POLLIN};
	addresses_poll(&monitor->addresses, &polls[POLL_ADDRESSES]);
	polls[POLL_SERVER] = (struct pollfd){.fd = launch_server_fd(launch), .events = POLLIN};
	console_poll(&monitor->console, &polls[POLL_CONSOLE]);
	if (monitor->setup.attach)
		attach_poll(monitor->setup.attach, &monitor->console, &polls[POLL_ATTACH]);
}

/* A machine that is only being started or ends already is restarted as well. */
static void handle_attached(struct monitor *monitor, const struct pollfd *polls)
{
	struct attach *attach = monitor->setup.attach;

	if (!attach || !attach_handle(attach, &monitor->console, polls) || monitor->ended)
		return;
	monitor->result.restart = true;
	if (!monitor->result.stop_requested)
		request_stop(monitor);
}

/* Everything the machine sent before it ended counts: it is read before the end is noticed. */
static void handle_polls(struct monitor *monitor, const struct pollfd polls[static POLL_COUNT])
{
	if (polls[POLL_NOTIFY].revents)
		handle_notify(monitor);
	if (polls[POLL_SIGNALS].revents)
		handle_signals(monitor);
	if (polls[POLL_SERVER].revents)
		handle_server(monitor);
	handle_addresses(monitor, polls[POLL_ADDRESSES].revents != 0);
	console_handle(&monitor->console, &polls[POLL_CONSOLE]);
	handle_attached(monitor, &polls[POLL_ATTACH]);
	if (monitor->console.left && !monitor->killed && !monitor->ended) {
		monitor->result.stop_requested = true;
		kill_leader(monitor);
	}
	if (polls[POLL_LEADER].revents) {
		handle_notify(monitor);
		monitor->ended = true;
		console_drain(&monitor->console);
	}
	handle_time(monitor);
}

static bool is_done(const struct monitor *monitor)
{
	return monitor->ended && (monitor->give_up || !console_pending(&monitor->console));
}

static int attend(struct monitor *monitor, struct floe_error *error)
{
	struct pollfd polls[POLL_COUNT];

	while (!is_done(monitor)) {
		fill_polls(monitor, polls);
		if (poll(polls, monitor->setup.attach ? POLL_COUNT : POLL_ATTACH,
			 next_timeout(monitor)) < 0) {
			if (errno == EINTR)
				continue;
			return err_errno(error, errno, "cannot watch the machine %s",
					 monitor->setup.plan->name);
		}
		handle_polls(monitor, polls);
	}
	return 0;
}

int monitor_run(struct monitor *monitor, struct monitor_result *result, struct floe_error *error)
{
	int r;

	announce(monitor);
	sigpipe_block(&monitor->guard);
	r = attend(monitor, error);
	sigpipe_restore(&monitor->guard);
	*result = monitor->result;
	return r;
}

/* Read-only and passive consoles take no input; a passive one shows nothing either. */
static struct console_setup console_of(const struct monitor_setup *setup)
{
	enum spec_console mode = setup->plan->console;
	bool interactive = mode == SPEC_CONSOLE_INTERACTIVE && !setup->log;

	return (struct console_setup){
		.main = launch_console_fd(setup->launch),
		.input = interactive ? setup->input : -1,
		.output = mode == SPEC_CONSOLE_PASSIVE ? -1 : setup->output,
		.log = setup->log,
		.escape = interactive,
		.copy = setup->attach ? attach_show : NULL,
		.copy_context = setup->attach,
	};
}

int monitor_open(struct monitor **out, const struct monitor_setup *setup, struct floe_error *error)
{
	struct console_setup console = console_of(setup);
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	*out = NULL;
	if (!monitor)
		return err_errno(error, ENOMEM, "cannot attend the machine %s", setup->plan->name);
	monitor->setup = *setup;
	monitor->trim = clock_usec() + TRIM_AFTER_USEC;
	addresses_init(&monitor->addresses, setup->plan->name, setup->plan->address,
		       launch_watch(setup->launch), launch_inside(setup->launch),
		       launch_filter(setup->launch));
	monitor->upward = (struct token_bucket){.interval_usec = RECORD_PERIOD_USEC, .burst = 20};
	monitor->watchdog_period = notify_watchdog_period();
	if (monitor->watchdog_period > 0)
		monitor->watchdog = clock_usec() + monitor->watchdog_period;
	r = console_open(&monitor->console, &console, error);
	if (r < 0) {
		free(monitor);
		return r;
	}
	*out = monitor;
	return 0;
}

void monitor_last_lines(const struct monitor *monitor, char *text, size_t size)
{
	tail_lines(&monitor->console.tail, text, size);
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	console_close(&monitor->console);
	free(monitor);
}
