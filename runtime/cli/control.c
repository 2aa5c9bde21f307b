/* SPDX-License-Identifier: MIT */
/* floe kill, pause, resume, reboot, restart and wait. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>

const struct floe_option kill_options[3] = {
	{.name = "signal",
	 .letter = 's',
	 .argument = "SIGNAL",
	 .group = "Signal",
	 .help = "name or number, TERM if not given",
	 .words = "TERM HUP INT QUIT KILL USR1 USR2 CONT STOP WINCH"},
	{.name = "leader", .group = "Signal", .help = "to PID 1 inside only"},
	{.name = "all", .group = "Signal", .help = "to every process, the default"},
};

const struct floe_option reboot_options[2] = {
	{.name = "no-wait", .group = "Rebooting", .help = "do not wait until it is back"},
	{.name = "timeout",
	 .argument = "SECONDS",
	 .group = "Rebooting",
	 .help = "how long to wait until it is ready again, 90 if not given"},
};

const struct floe_option restart_options[2] = {
	{.name = "stop-timeout",
	 .argument = "SECONDS",
	 .group = "Restarting",
	 .help = "how long it may take before it is killed, 90 if not given"},
	{.name = "timeout",
	 .argument = "SECONDS",
	 .group = "Restarting",
	 .help = "how long to wait until it is ready again, 90 if not given"},
};

const struct floe_option wait_options[3] = {
	{.name = "ready", .group = "Waiting", .help = "until they are ready, the default"},
	{.name = "gone", .group = "Waiting", .help = "until they have ended"},
	{.name = "timeout",
	 .argument = "SECONDS",
	 .group = "Waiting",
	 .help = "fail when it takes longer"},
};

/* Acts on the names when all options were read well. Ends the reading. */
static int finish(struct arguments *arguments, int r, operand_function function,
		  const void *context)
{
	int status = arguments->status;

	if (r == 0 && operands_check(arguments, 1, SIZE_MAX))
		status = act_on_each(arguments, function, context);
	arguments_free(arguments);
	return status;
}

/* ---- kill ---- */

static int kill_one(const void *context, const char *name, struct floe_error *error)
{
	return floe_kill(name, context, error);
}

int verb_kill(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_kill_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			if (match_is(&match, "signal"))
				options.signal = match.value;
			if (match_is(&match, "leader"))
				options.leader = true;
			if (match_is(&match, "all"))
				options.leader = false;
		}
	return finish(&arguments, r, kill_one, &options);
}

/* ---- pause and resume ---- */

static int pause_one(const void *context, const char *name, struct floe_error *error)
{
	const bool *frozen = context;

	return *frozen ? floe_pause(name, error) : floe_resume(name, error);
}

static int set_paused(const struct verb *verb, size_t count, char *const words[], bool frozen)
{
	struct arguments arguments;
	struct floe_match match;
	int r = -1;

	if (arguments_begin(&arguments, verb, count, words))
		r = arguments_next(&arguments, &match);
	return finish(&arguments, r, pause_one, &frozen);
}

int verb_pause(const struct verb *verb, size_t count, char *const words[])
{
	return set_paused(verb, count, words, true);
}

int verb_resume(const struct verb *verb, size_t count, char *const words[])
{
	return set_paused(verb, count, words, false);
}

/* ---- reboot ---- */

static int reboot_one(const void *context, const char *name, struct floe_error *error)
{
	return floe_reboot(name, context, error);
}

int verb_reboot(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_reboot_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			options.no_wait |= match_is(&match, "no-wait");
			if (match_is(&match, "timeout") &&
			    !read_timeout(&match, &options.timeout_ms)) {
				r = -1;
				break;
			}
		}
	return finish(&arguments, r, reboot_one, &options);
}

/* ---- restart ---- */

static int restart_one(const void *context, const char *name, struct floe_error *error)
{
	return floe_restart(name, context, error);
}

int verb_restart(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_restart_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			bool stopping = match_is(&match, "stop-timeout");

			if (!read_timeout(&match, stopping ? &options.stop_timeout_ms
							   : &options.timeout_ms)) {
				r = -1;
				break;
			}
		}
	return finish(&arguments, r, restart_one, &options);
}

/* ---- wait ---- */

static int wait_one(const void *context, const char *name, struct floe_error *error)
{
	return floe_wait(name, context, error);
}

int verb_wait(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_wait_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			if (match_is(&match, "ready"))
				options.what = FLOE_WAIT_READY;
			if (match_is(&match, "gone"))
				options.what = FLOE_WAIT_GONE;
			if (match_is(&match, "timeout") &&
			    !read_timeout(&match, &options.timeout_ms)) {
				r = -1;
				break;
			}
		}
	return finish(&arguments, r, wait_one, &options);
}
