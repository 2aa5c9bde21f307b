/* SPDX-License-Identifier: MIT */
/* Listing machines, and cleaning up after those whose monitor is gone. */
#include "../base/arena.h"
#include "../image/image.h"
#include "../state/state.h"
#include "internal.h"
#include "usage.h"

#include <errno.h>

static const enum floe_machine_state public_states[] = {
	[STATE_STARTING] = FLOE_MACHINE_STARTING, [STATE_RUNNING] = FLOE_MACHINE_RUNNING,
	[STATE_READY] = FLOE_MACHINE_READY,       [STATE_STOPPING] = FLOE_MACHINE_STOPPING,
	[STATE_DEAD] = FLOE_MACHINE_DEAD,
};

struct floe_machine_info machine_info(const char *name, const struct state *state)
{
	return (struct floe_machine_info){
		.name = name,
		.state = public_states[state->phase],
		.leader = state->phase == STATE_DEAD ? 0 : state->leader,
		.monitor = state->phase == STATE_DEAD ? 0 : state->monitor,
		.directory = state->directory,
		.status = state->status,
		.uid_base = state->uid_base,
		.uid_count = state->uid_count,
		.since_usec = state->since_usec,
		.log = state->log,
		.link = state->link,
		.addresses = state->addresses,
		.address_count = state->address_count,
		.ports = state->ports,
		.port_count = state->port_count,
		.paused = usage_paused(state),
	};
}

static int list_one(const char *name, floe_machine_function function, void *context,
		    struct floe_error *error)
{
	struct floe_error own = {0};
	struct floe_machine_info info;
	struct state state;
	int r = state_read(name, &state, &own);

	if (r == 0) {
		info = machine_info(name, &state);
		r = function(context, &info);
	} else if (r == -ENOENT) { /* it ended just now */
		r = 0;
	} else if (error && error->code == FLOE_ERROR_NONE) {
		*error = own;
	}
	state_free(&state);
	return r;
}

int floe_machine_list(floe_machine_function function, void *context, struct floe_error *error)
{
	struct arena arena = {0};
	char **names;
	int r = state_names(&arena, &names, error);

	for (char **name = names; r == 0 && *name; name++)
		r = list_one(*name, function, context, error);
	arena_free(&arena);
	return r;
}

/* All of them, whatever becomes of one; the first failure is reported. */
static int clean_all(char *const *names, struct floe_error *error)
{
	int count = 0, first = 0;

	for (; *names; names++) {
		int r = state_clean(*names, error);

		if (r > 0)
			count += r;
		else if (r < 0 && first == 0)
			first = r;
	}
	return first < 0 ? first : count;
}

static int clean_everything(struct floe_error *error)
{
	struct arena arena = {0};
	char **names;
	int machines = state_names(&arena, &names, error), images;

	if (machines == 0)
		machines = clean_all(names, error);
	arena_free(&arena);
	images = image_gc(IMAGE_ROOT, error);
	if (machines < 0 || images < 0)
		return machines < 0 ? machines : images;
	return machines + images;
}

int floe_gc(const char *name, struct floe_error *error)
{
	return name ? state_clean(name, error) : clean_everything(error);
}
