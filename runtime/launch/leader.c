/* SPDX-License-Identifier: MIT */
/* The leader: the child that becomes PID 1 of the machine. Async-signal-safe throughout. */
#include "context.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

void tie_to_monitor(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

_Noreturn static void fail(int channel, int value, int errnum)
{
	struct message message = {.type = MESSAGE_FAILED, .value = value, .errnum = errnum};

	message_send(channel, &message, -1);
	_exit(1);
}

/* Waits for the monitor's word. Its end closed means that it gave up or died. */
static void await(int channel)
{
	struct message message;
	int fd;

	if (message_receive(channel, &message, &fd) != 1)
		_exit(1);
}

static void run_phase(struct context *context, enum op_phase phase,
		      op_function (*find)(enum op_kind), int channel)
{
	int failed = 0;
	int r = ops_run(context, phase, find, &failed);

	if (r < 0)
		fail(channel, failed, -r);
}

static void report_ready(struct context *context, int channel)
{
	struct message message = {.type = MESSAGE_READY};
	int r = message_send(channel, &message, context->console_main);

	if (r < 0)
		fail(channel, FAILED_CHANNEL, -r);
	if (context->console_main >= 0)
		close(context->console_main);
}

_Noreturn void leader_run(struct context *context, int channel)
{
	/* Until exec, /proc/PID of this process belongs to the host's root: nobody inside can
	 * reach our executable or memory through it. */
	prctl(PR_SET_DUMPABLE, 0);
	tie_to_monitor();
	umask(022);
	await(channel);
	run_phase(context, PHASE_INSIDE, inside_function, channel);
	report_ready(context, channel);
	await(channel);
	run_phase(context, PHASE_LATE, late_function, channel);
	fail(channel, FAILED_CHANNEL, ENOEXEC);
}
