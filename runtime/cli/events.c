/* SPDX-License-Identifier: MIT */
/* floe events: what happens to machines, a JSON object a line. */
#include "properties.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

const struct floe_option events_options[1] = {
	{.name = "follow",
	 .letter = 'f',
	 .group = "Showing",
	 .help = "go on with what happens from now on"},
};

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static int print_event(void *context, const struct floe_event *event)
{
	static const char *const types[] = {
		[FLOE_EVENT_PRESENT] = "present",
		[FLOE_EVENT_ADDED] = "added",
		[FLOE_EVENT_CHANGED] = "changed",
		[FLOE_EVENT_REMOVED] = "removed",
	};
	const struct floe_machine_info *info = event->info;
	json_t *object = json_pack(
		"{s:I,s:s,s:s,s:o,s:b,s:o,s:o}", "time_usec", (json_int_t)event->time_usec, "event",
		types[event->type], "name", info->name, "state",
		event->type == FLOE_EVENT_REMOVED ? json_null()
						  : json_string(state_name(info->state)),
		"paused", info->paused, "leader",
		info->leader > 0 && event->type != FLOE_EVENT_REMOVED ? json_integer(info->leader)
								      : json_null(),
		"status", text_or_null(info->status));
	int r = object ? json_dumpf(object, stdout, JSON_COMPACT) : -1;

	(void)context;
	json_decref(object);
	putchar('\n');
	/* Whoever reads a pipe sees each event when it happens; one that is gone ends this. */
	return r < 0 || fflush(stdout) != 0;
}

static int follow(struct floe_watch *watch, bool on, struct floe_error *error)
{
	struct pollfd poll_fd = {.fd = floe_watch_fd(watch), .events = POLLIN};
	int r = floe_watch_read(watch, print_event, NULL, error);

	while (r == 0 && on) {
		if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR)
			return -1;
		r = floe_watch_read(watch, print_event, NULL, error);
	}
	return r;
}

int verb_events(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_watch *watch = NULL;
	struct floe_error error = {0};
	struct arguments arguments;
	struct floe_match match;
	bool on = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			on |= match_is(&match, "follow");
	if (r < 0 || !operands_check(&arguments, 0, 0))
		status = arguments.status;
	else if (floe_watch_open(&watch, &error) < 0 || follow(watch, on, &error) < 0)
		status = say_error(&error);
	else
		status = EXIT_SUCCESS;
	floe_watch_close(watch);
	arguments_free(&arguments);
	return status;
}
