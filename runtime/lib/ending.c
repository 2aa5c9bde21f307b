/* SPDX-License-Identifier: MIT */
/* What the end of a machine means: an exit status, another start, or a failure. */
#include "ending.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Says to the service manager that the machine rebooted: systemd-nspawn(1), --keep-unit. */
#define STATUS_REBOOT 133

/* A payload's own 133 must not look like a reboot. */
static int status_of_exit(int status)
{
	return status == STATUS_REBOOT ? 1 : status;
}

/* The kernel ends the init of a pid namespace with SIGINT for a power-off and SIGHUP for a reboot
 * (reboot(2)); from inside it can get neither in another way. */
static void judge_signal(struct ending *ending, int signal)
{
	bool stopped = ending->result.stop_requested;

	if (signal == SIGINT) {
		ending->status = 0;
		snprintf(ending->text, sizeof(ending->text), "powered off");
	} else if (signal == SIGHUP) {
		ending->status = ending->keep_unit ? STATUS_REBOOT : 0;
		ending->restart |= !ending->keep_unit && !stopped;
		snprintf(ending->text, sizeof(ending->text), "rebooted");
	} else {
		ending->status = 1;
		snprintf(ending->text, sizeof(ending->text), "was killed by signal %d (%s)", signal,
			 strsignal(signal));
	}
}

static void judge_status(struct ending *ending)
{
	ending->restart = ending->result.restart;
	if (WIFSIGNALED(ending->wait_status)) {
		judge_signal(ending, WTERMSIG(ending->wait_status));
		return;
	}
	ending->status = status_of_exit(WEXITSTATUS(ending->wait_status));
	snprintf(ending->text, sizeof(ending->text), "exited with status %d",
		 WEXITSTATUS(ending->wait_status));
}

static void add_last_lines(const struct ending *ending, struct floe_error *error)
{
	if (ending->last_lines[0])
		err_hint(error, "its last output: %s", ending->last_lines);
	else
		err_hint(error, "it wrote nothing to its console");
}

static int fail_timeout(const struct ending *ending, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_PAYLOAD, ETIMEDOUT,
		"the machine %s was not ready after %llu s and was ended", ending->name,
		(unsigned long long)(ending->timeout_us / 1000000));
	if (ending->asks_ready)
		err_hint(error, "an init that never says so needs --notify-ready=no");
	add_last_lines(ending, error);
	return -ETIMEDOUT;
}

static int fail_early(const struct ending *ending, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_PAYLOAD, ECANCELED, "the machine %s %s before it was ready",
		ending->name, ending->text);
	add_last_lines(ending, error);
	return -ECANCELED;
}

int ending_judge(struct ending *ending, struct floe_error *error)
{
	const struct monitor_result *result = &ending->result;
	bool waited_for = ending->booted && ending->asks_ready && !result->ready;

	judge_status(ending);
	if (result->timed_out)
		return fail_timeout(ending, error);
	if (ending->restart)
		return 0;
	if (ending->must_be_ready && !result->ready)
		return fail_early(ending, error);
	if (waited_for && !result->stop_requested && ending->status != 0)
		return fail_early(ending, error);
	return 0;
}
