/* SPDX-License-Identifier: MIT */
/* Running a command in a machine, as its caller sees it. */
#include "../base/cleanup.h"
#include "../launch/context.h"
#include "../monitor/console.h"
#include "../monitor/sigpipe.h"
#include "../sys/process.h"
#include "entry.h"
#include "internal.h"
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/* Added to the number of a signal that killed the command, as shells do. */
#define STATUS_SIGNAL 128

struct session {
	const char *name;
	const struct entry *entry;
	const struct floe_exec_options *options;
	int channel;
	int terminal; /* pty master, -1: none yet */
	bool connected;
	bool ended;
	bool give_up;
	int wait_status;
	struct console console;
};

enum {
	POLL_CHANNEL,
	POLL_SIGNALS,
	POLL_CONSOLE,
	POLL_COUNT = POLL_CONSOLE + CONSOLE_POLLS,
};

static int describe_failure(const struct session *session, const struct message *message,
			    struct floe_error *error)
{
	static const char *const acts[] = {
		[ENTRY_CGROUP] = "join its control group",
		[ENTRY_NAMESPACES] = "join its namespaces",
		[ENTRY_FORK] = "create a process",
		[ENTRY_BECOME_ROOT] = "become root inside",
		[ENTRY_PTY] = "open a terminal of its /dev/pts",
		[ENTRY_SESSION] = "start a session",
		[ENTRY_FILTERS] = "load its system call filter",
		[ENTRY_USER] = "change the user",
		[ENTRY_CAPABILITIES] = "set capabilities",
		[ENTRY_DIRECTORY] = "change the working directory",
		[ENTRY_STDIO] = "set up standard input and output",
	};
	size_t step = (size_t)message->value;

	if (step == ENTRY_EXEC) {
		const char *program = session->entry->candidates[0] ? session->entry->arguments[0]
								    : "the command";

		return err_errno(error, message->errnum, "cannot run \"%s\" in the machine %s",
				 program[0] == '-' ? session->entry->candidates[0] : program,
				 session->name);
	}
	if (step == ENTRY_DIRECTORY)
		return err_errno(error, message->errnum, "cannot change to %s in the machine %s",
				 session->entry->directory, session->name);
	return err_errno(error, message->errnum, "cannot enter the machine %s: cannot %s",
			 session->name, step < ARRAY_SIZE(acts) ? acts[step] : "go on");
}

static int connect_terminal(struct session *session, int main, struct floe_error *error)
{
	struct console_setup setup = {
		.main = main,
		.input = session->options->input,
		.output = session->options->output,
		.escape = true,
	};
	int r;

	if (main < 0 || session->connected)
		return err_errno(error, EBADMSG, "cannot use the terminal of the command");
	session->terminal = main;
	r = console_open(&session->console, &setup, error);
	session->connected = r == 0;
	return r;
}

static int handle_message(struct session *session, struct floe_error *error)
{
	struct message message;
	int fd = -1;
	int r = message_receive(session->channel, &message, &fd);

	if (r < 0)
		return err_errno(error, -r, "cannot hear from the command in %s", session->name);
	if (r == 0)
		return err_set(error, FLOE_ERROR_SYSTEM, ECHILD,
			       "the command in %s ended without a word; was it killed?",
			       session->name);
	if (message.type == ENTRY_TERMINAL)
		return connect_terminal(session, fd, error);
	cleanup_fd(&fd);
	if (message.type == ENTRY_FAILED)
		return describe_failure(session, &message, error);
	session->ended = true;
	session->wait_status = message.value;
	if (session->connected)
		console_drain(&session->console);
	return 0;
}

static void send_signal(struct session *session, int signal)
{
	struct message message = {.value = signal};

	message_send(session->channel, &message, -1);
}

/* On a terminal, Ctrl-C is a key that is passed on; a signal is then somebody's wish to end it. */
static void handle_signals(struct session *session)
{
	struct signalfd_siginfo infos[4];
	ssize_t length = read(session->options->signal_fd, infos, sizeof(infos));

	for (size_t i = 0; length > 0 && i < (size_t)length / sizeof(infos[0]); i++) {
		int signal = (int)infos[i].ssi_signo;

		if (session->ended)
			session->give_up |= signal != SIGWINCH;
		else if (signal == SIGWINCH && session->connected)
			console_resize(&session->console);
		else if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)
			send_signal(session, signal);
	}
}

static bool is_done(const struct session *session)
{
	return session->ended &&
	       (session->give_up || !session->connected || !console_pending(&session->console));
}

static void fill_polls(const struct session *session, struct pollfd polls[static POLL_COUNT])
{
	int channel = session->ended ? -1 : session->channel;

	polls[POLL_CHANNEL] = (struct pollfd){.fd = channel, .events = POLLIN};
	polls[POLL_SIGNALS] = (struct pollfd){.fd = session->options->signal_fd, .events = POLLIN};
	for (int i = 0; i < CONSOLE_POLLS; i++)
		polls[POLL_CONSOLE + i] = (struct pollfd){.fd = -1};
	if (session->connected)
		console_poll(&session->console, &polls[POLL_CONSOLE]);
}

static int turn(struct session *session, struct floe_error *error)
{
	struct pollfd polls[POLL_COUNT];

	fill_polls(session, polls);
	if (poll(polls, POLL_COUNT, -1) < 0)
		return errno == EINTR ? 0
				      : err_errno(error, errno, "cannot watch the command in %s",
						  session->name);
	if (polls[POLL_SIGNALS].revents)
		handle_signals(session);
	if (session->connected)
		console_handle(&session->console, &polls[POLL_CONSOLE]);
	if (session->connected && session->console.left) {
		session->console.left = false;
		send_signal(session, SIGKILL);
	}
	return polls[POLL_CHANNEL].revents ? handle_message(session, error) : 0;
}

static int attend(struct session *session, struct floe_error *error)
{
	struct sigpipe_guard guard;
	int r = 0;

	sigpipe_block(&guard);
	while (r == 0 && !is_done(session))
		r = turn(session, error);
	if (session->connected)
		console_close(&session->console);
	sigpipe_restore(&guard);
	return r;
}

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? STATUS_SIGNAL + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

static int run_entry(struct session *session, int *status, struct floe_error *error)
{
	int helper = -1;
	int r = entry_start(session->entry, &session->channel, &helper, error);

	if (r < 0)
		return r;
	r = attend(session, error);
	if (r == 0)
		*status = status_of(session->wait_status);
	/* The helper ends with the channel, and the command with it. */
	cleanup_fd(&session->channel);
	cleanup_fd(&session->terminal);
	process_wait(helper, NULL);
	cleanup_fd(&helper);
	return r;
}

int floe_exec(const char *name, const struct floe_exec_options *given, int *status,
	      struct floe_error *error)
{
	struct floe_exec_options options = {
		.input = -1, .output = -1, .error_output = -1, .signal_fd = -1};
	struct entry entry = {.leader = -1, .stdio = {-1, -1, -1}};
	struct session *session = calloc(1, sizeof(*session));
	struct state state = {0};
	int r = OPTIONS_TAKE(options, given, error);

	*status = 1;
	if (!session)
		return err_errno(error, ENOMEM, "cannot enter %s", name);
	*session = (struct session){
		.name = name, .entry = &entry, .options = &options, .channel = -1, .terminal = -1};
	if (r == 0)
		r = state_read(name, &state, error);
	if (r == 0)
		r = entry_prepare(&entry, &state, &options, error);
	if (r == 0)
		r = run_entry(session, status, error);
	entry_free(&entry);
	state_free(&state);
	free(session);
	return r;
}
