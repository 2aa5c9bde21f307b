/* SPDX-License-Identifier: MIT */
/* floe enable, disable and start --all-enabled. */
#include "cli.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int set_enabled(const void *context, const char *name, struct floe_error *error)
{
	const bool *enabled = context;

	return *enabled ? floe_enable(name, error) : floe_disable(name, error);
}

static int act(const struct verb *verb, size_t count, char *const words[], bool enabled)
{
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		r = arguments_next(&arguments, &match);
	status = r == 0 && operands_check(&arguments, 1, SIZE_MAX)
			 ? act_on_each(&arguments, set_enabled, &enabled)
			 : arguments.status;
	arguments_free(&arguments);
	return status;
}

int verb_enable(const struct verb *verb, size_t count, char *const words[])
{
	return act(verb, count, words, true);
}

int verb_disable(const struct verb *verb, size_t count, char *const words[])
{
	return act(verb, count, words, false);
}

/* ---- start --all-enabled ---- */

struct starting {
	const struct floe_start_options *options;
	size_t count; /* of processes, one for each machine: they boot at the same time */
	int status;
};

static int note_running(void *context, const struct floe_machine_status *status)
{
	bool *runs = context;

	*runs = status->info->state != FLOE_MACHINE_DEAD;
	return 0;
}

static bool is_running(const char *name)
{
	const struct floe_status_options options = {.size = sizeof(options),
						    .parts = FLOE_STATUS_OS};
	bool runs = false;

	return floe_machine_status(name, &options, note_running, &runs, NULL) == 0 && runs;
}

static int start_image(const struct floe_start_options *options, const char *name)
{
	struct floe_error error = {0};
	struct floe_spec *spec = NULL;
	int r = floe_spec_new(&spec, &error);

	if (r == 0)
		r = floe_spec_for_image(spec, name, &error);
	if (r == 0)
		r = floe_start(spec, options, &error);
	floe_spec_free(spec);
	return r < 0 ? say_error(&error) : EXIT_SUCCESS;
}

static int start_one(void *context, const char *name)
{
	struct starting *starting = context;
	pid_t pid;

	if (is_running(name))
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(start_image(starting->options, name));
	if (pid < 0)
		starting->status =
			say_failure("%s: cannot create a process: %s", name, strerror(errno));
	else
		starting->count++;
	return 0;
}

int start_enabled(const struct floe_start_options *options)
{
	struct starting starting = {.options = options};
	struct floe_error error = {0};
	int status;

	if (floe_enabled_list(start_one, &starting, &error) < 0)
		starting.status = say_error(&error);
	while (starting.count > 0 && wait(&status) > 0) {
		starting.count--;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
			starting.status = EXIT_FAILURE;
	}
	return starting.status;
}
