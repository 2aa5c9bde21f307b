/* SPDX-License-Identifier: MIT */
/* What happens to machines: changes of their records, told by the kernel. Nothing polls. */
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../state/identity.h"
#include "../state/state.h"
#include "internal.h"
#include "usage.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <time.h>

/* A record is replaced by an exchange of names; pausing touches the directory. */
#define RECORD_EVENTS (IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR)
#define ROOT_EVENTS   (IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR)

/* A machine, as it was told of last. */
struct watched {
	struct watched *next;
	char name[MACHINE_NAME_MAX + 1];
	int record;  /* inotify watch of its directory, -1: none */
	int monitor; /* pidfd, -1: none: a killed one changes no record */
	bool told, changed, there;
	struct state state;
	bool paused;
};

struct floe_watch {
	int epoll;
	int inotify;
	int root; /* inotify watch of the directory of all records, -1: there is none */
	bool names_changed;
	bool begun;
	struct watched *machines; /* sorted by name */
};

/* ---- machines ---- */

static void forget_monitor(struct watched *machine)
{
	/* A pidfd leaves the epoll set when its last descriptor is closed (epoll(7)). */
	cleanup_fd(&machine->monitor);
	machine->monitor = -1;
}

static void machine_free(struct floe_watch *watch, struct watched *machine)
{
	if (machine->record >= 0)
		inotify_rm_watch(watch->inotify, machine->record);
	forget_monitor(machine);
	state_free(&machine->state);
	free(machine);
}

static int watch_record(struct floe_watch *watch, struct watched *machine)
{
	char path[PATH_MAX];

	if (machine->record >= 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", state_root(), machine->name);
	machine->record = inotify_add_watch(watch->inotify, path, RECORD_EVENTS);
	return machine->record < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

static int watch_monitor(struct floe_watch *watch, struct watched *machine)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = machine};
	const struct state *state = &machine->state;

	forget_monitor(machine);
	if (state->phase == STATE_DEAD)
		return 0;
	machine->monitor = identity_open(state->monitor, state->monitor_start);
	if (machine->monitor < 0)
		return 0;
	return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, machine->monitor, &event) < 0 ? -errno : 0;
}

/* The place of NAME in the list, or where it belongs. */
static struct watched **find_place(struct floe_watch *watch, const char *name)
{
	struct watched **place = &watch->machines;

	while (*place && strcmp((*place)->name, name) < 0)
		place = &(*place)->next;
	return place;
}

static struct watched *find_or_add(struct floe_watch *watch, const char *name)
{
	struct watched **place = find_place(watch, name), *machine = *place;

	if (machine && strcmp(machine->name, name) == 0)
		return machine;
	machine = calloc(1, sizeof(*machine));
	if (!machine)
		return NULL;
	snprintf(machine->name, sizeof(machine->name), "%s", name);
	machine->record = machine->monitor = -1;
	machine->next = *place;
	*place = machine;
	return machine;
}

/* ---- what the kernel tells ---- */

static int watch_root(struct floe_watch *watch)
{
	watch->root = inotify_add_watch(watch->inotify, state_root(), ROOT_EVENTS);
	return watch->root < 0 && errno != ENOENT ? -errno : 0;
}

/* The directory of all records comes with the first machine and goes with the last. */
static int watch_parent(struct floe_watch *watch)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", state_root());
	return inotify_add_watch(watch->inotify, dirname(copy), IN_CREATE | IN_ONLYDIR) < 0 ? -errno
											    : 0;
}

static void take_event(struct floe_watch *watch, const struct inotify_event *event)
{
	struct watched *machine = watch->machines;

	/* Of a lost event nobody knows whose it was. */
	if (event->mask & IN_Q_OVERFLOW) {
		watch->names_changed = true;
		for (; machine; machine = machine->next)
			machine->changed = true;
		return;
	}
	while (machine && machine->record != event->wd)
		machine = machine->next;
	if (machine) {
		machine->changed = true;
		if (event->mask & (IN_IGNORED | IN_DELETE_SELF))
			machine->record = -1;
	} else {
		watch->names_changed = true;
		if (event->wd == watch->root && (event->mask & IN_IGNORED))
			watch->root = -1;
	}
}

static void drain_inotify(struct floe_watch *watch)
{
	char buffer[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length;

	while ((length = read(watch->inotify, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; at < buffer + length;) {
			const struct inotify_event *event = (struct inotify_event *)(void *)at;

			take_event(watch, event);
			at += sizeof(*event) + event->len;
		}
	}
}

static void drain(struct floe_watch *watch)
{
	struct epoll_event events[16];
	int count;

	do {
		count = epoll_wait(watch->epoll, events, ARRAY_SIZE(events), 0);
		for (int i = 0; i < count; i++) {
			struct watched *machine = events[i].data.ptr;

			if (!machine)
				continue;
			machine->changed = true;
			forget_monitor(machine);
		}
	} while (count == (int)ARRAY_SIZE(events));
	drain_inotify(watch);
}

/* ---- telling ---- */

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int tell(const struct watched *machine, enum floe_event_type type,
		floe_event_function function, void *context)
{
	struct floe_machine_info info = machine_info(machine->name, &machine->state);
	const struct floe_event event = {.type = type, .time_usec = now_usec(), .info = &info};

	info.paused = machine->paused;
	return function(context, &event);
}

static bool differs(const struct watched *machine, const struct state *state, bool paused)
{
	const struct state *old = &machine->state;

	return old->phase != state->phase || old->leader != state->leader ||
	       old->monitor != state->monitor || machine->paused != paused ||
	       strcmp(old->status, state->status) != 0;
}

static int take_state(struct floe_watch *watch, struct watched *machine, struct state *state)
{
	bool other = !machine->told || machine->state.monitor != state->monitor ||
		     machine->state.phase == STATE_DEAD;

	state_free(&machine->state);
	machine->state = *state;
	machine->paused = usage_paused(&machine->state);
	return other ? watch_monitor(watch, machine) : 0;
}

/* *GONE: there is no record any more, and nothing to remember. */
static int refresh(struct floe_watch *watch, struct watched *machine, floe_event_function function,
		   void *context, bool *gone)
{
	enum floe_event_type type = machine->told  ? FLOE_EVENT_CHANGED
				    : watch->begun ? FLOE_EVENT_ADDED
						   : FLOE_EVENT_PRESENT;
	struct state state = {0};
	int r = watch_record(watch, machine);

	machine->changed = false;
	*gone = false;
	if (r < 0)
		return r;
	r = state_read(machine->name, &state, NULL);
	*gone = r == -ENOENT;
	if (r < 0) {
		state_free(&state);
		if (!*gone)
			return 0; /* damaged: floe_machine_list() tells of it */
		return machine->told ? tell(machine, FLOE_EVENT_REMOVED, function, context) : 0;
	}
	if (machine->told && !differs(machine, &state, usage_paused(&state))) {
		state_free(&state);
		return 0;
	}
	r = take_state(watch, machine, &state);
	machine->told = true;
	return r < 0 ? r : tell(machine, type, function, context);
}

static int refresh_names(struct floe_watch *watch, struct floe_error *error)
{
	struct arena arena = {0};
	char **names;
	int r = watch->root < 0 ? watch_root(watch) : 0;

	watch->names_changed = false;
	if (r == 0)
		r = state_names(&arena, &names, error);
	for (struct watched *machine = watch->machines; machine; machine = machine->next)
		machine->there = false;
	for (; r == 0 && *names; names++) {
		struct watched *machine = find_or_add(watch, *names);

		if (!machine) {
			r = -ENOMEM;
			break;
		}
		machine->there = true;
		machine->changed |= !machine->told;
	}
	for (struct watched *machine = watch->machines; machine; machine = machine->next)
		machine->changed |= !machine->there;
	arena_free(&arena);
	return r;
}

static int refresh_machines(struct floe_watch *watch, floe_event_function function, void *context)
{
	struct watched **place = &watch->machines;
	int r = 0;

	while (r == 0 && *place) {
		struct watched *machine = *place;
		bool gone = false;

		if (machine->changed)
			r = refresh(watch, machine, function, context, &gone);
		if (gone) {
			*place = machine->next;
			machine_free(watch, machine);
		} else {
			place = &machine->next;
		}
	}
	return r;
}

int floe_watch_read(struct floe_watch *watch, floe_event_function function, void *context,
		    struct floe_error *error)
{
	int r = 0;

	drain(watch);
	if (watch->names_changed)
		r = refresh_names(watch, error);
	if (r == 0)
		r = refresh_machines(watch, function, context);
	watch->begun = true;
	return r < 0 ? err_errno(error, -r, "cannot watch the machines in %s", state_root()) : r;
}

/* ---- opening and closing ---- */

static int open_descriptors(struct floe_watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN};

	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll < 0)
		return -errno;
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->inotify < 0 ||
	    epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->inotify, &event) < 0)
		return -errno;
	return watch_parent(watch);
}

int floe_watch_open(struct floe_watch **out, struct floe_error *error)
{
	struct floe_watch *watch = calloc(1, sizeof(*watch));
	int r;

	*out = NULL;
	if (!watch)
		return err_errno(error, ENOMEM, "cannot watch machines");
	watch->epoll = watch->inotify = watch->root = -1;
	watch->names_changed = true;
	r = open_descriptors(watch);
	if (r < 0) {
		floe_watch_close(watch);
		return err_errno(error, -r, "cannot watch the machines in %s", state_root());
	}
	*out = watch;
	return 0;
}

int floe_watch_fd(const struct floe_watch *watch)
{
	return watch->epoll;
}

void floe_watch_close(struct floe_watch *watch)
{
	if (!watch)
		return;
	while (watch->machines) {
		struct watched *machine = watch->machines;

		watch->machines = machine->next;
		machine_free(watch, machine);
	}
	cleanup_fd(&watch->inotify);
	cleanup_fd(&watch->epoll);
	free(watch);
}
