/* SPDX-License-Identifier: MIT */
/* Changing the limits of a running machine. */
#include "limits_api.h"
#include "../base/cleanup.h"
#include "../base/list.h"
#include "../monitor/attach.h"
#include "../plan/host_parts.h"
#include "../plan/limits.h"
#include "../spec/option.h"
#include "../sys/cgroup.h"
#include "../sys/disk.h"
#include "../sys/path.h"
#include "attached.h"
#include "internal.h"
#include "members.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define MOUNTINFO_LIMIT ((size_t)64 << 20)

/* A process that is moved may just have made another. */
#define MOVE_ROUNDS 64

/* Where a limit is said. */
struct place {
	const char *group; /* NULL: nothing is wanted */
	bool unified;
};

struct change {
	struct arena arena;
	const struct spec *spec;
	const struct target *target;
	struct host host; /* its hierarchies, once somebody asked for them */
	bool probed;
	struct place places[LIMIT_COUNT];
	char disk[DISK_SIZE];
};

/* ---- finding the groups ---- */

static int probe(struct change *change)
{
	CLEANUP_FREE char *mountinfo = NULL;
	CLEANUP_FREE char *own = NULL;
	size_t size;
	int r = file_read_all("/proc/self/mountinfo", MOUNTINFO_LIMIT, &mountinfo, &size);

	if (r == 0)
		r = file_read_all("/proc/self/cgroup", MOUNTINFO_LIMIT, &own, &size);
	if (r == 0)
		host_parse_cgroup(&change->host, mountinfo, own);
	change->probed = true;
	return r;
}

static const struct host_hierarchy *find_v1(const struct host *host, const char *controller)
{
	for (size_t i = 0; i < host->hierarchy_count; i++)
		if (list_has(host->hierarchies[i].controllers, controller, strlen(controller)))
			return &host->hierarchies[i];
	return NULL;
}

/* The group that the start foresaw in a hierarchy: what is made there is removed at the end. */
static const char *foreseen_group(const struct change *change,
				  const struct host_hierarchy *hierarchy)
{
	const struct state *state = &change->target->state;
	size_t length = strlen(hierarchy->mount);

	for (size_t i = 0; i < state->trace_count; i++) {
		const struct state_trace *trace = &state->traces[i];

		if (strcmp(trace->kind, "cgroup") == 0 &&
		    strncmp(trace->path, hierarchy->mount, length) == 0 &&
		    trace->path[length] == '/')
			return trace->path;
	}
	return NULL;
}

static bool has_file(struct change *change, const char *group, const char *file)
{
	return access(arena_printf(&change->arena, "%s/%s", group, file), F_OK) == 0;
}

/* Of version 2 if that has the controller, else of version 1. */
static int find_place(struct change *change, enum limit_kind kind, struct floe_error *error)
{
	const struct state *state = &change->target->state;
	const struct host_hierarchy *hierarchy;
	struct limit_write writes[LIMIT_WRITES];
	struct place *place = &change->places[kind];
	int r = 0;

	limit_writes(change->spec, kind, true, "", &change->arena, writes);
	if (*state->cgroup && has_file(change, state->cgroup, writes[0].file)) {
		*place = (struct place){state->cgroup, true};
		return 0;
	}
	if (!change->probed)
		r = probe(change);
	if (r < 0)
		return err_errno(error, -r, "cannot read which control groups there are");
	hierarchy = find_v1(&change->host, limit_controller(kind, false));
	if (hierarchy)
		place->group = foreseen_group(change, hierarchy);
	if (place->group)
		return 0;
	err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
		"cannot limit %s of %s: it has no group of the %s controller", limit_option(kind),
		state->name, limit_controller(kind, true));
	return err_hint(error, hierarchy ? "start it again with this version of floe"
					 : "the kernel or the host's configuration lacks that");
}

static int find_disk(struct change *change, struct floe_error *error)
{
	const char *directory = change->target->state.directory;
	CLEANUP_FD int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : disk_find(fd, change->disk);

	return r < 0 ? err_errno(error, -r, "cannot tell on which disk %s is", directory) : 0;
}

/* ---- moving into a group of version 1 ---- */

static bool is_in(const char *list, pid_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	for (const char *at = strstr(list, number); at; at = strstr(at + 1, number)) {
		char after = at[strlen(number)];

		if ((at == list || at[-1] == '\n') && (after == '\n' || after == '\0'))
			return true;
	}
	return false;
}

/* Moves those that are not there yet. How many, or a negative errno. */
static int move_some(const struct state *state, const char *group)
{
	CLEANUP_FREE char *list = NULL;
	struct arena arena = {0};
	struct member *members;
	size_t count, size;
	int moved = 0, r;

	r = file_read_all(arena_printf(&arena, "%s/cgroup.procs", group), (size_t)1 << 24, &list,
			  &size);
	if (r == 0)
		r = members_list(state, &arena, &members, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (is_in(list, members[i].pid))
			continue;
		r = cgroup_join(group, members[i].pid);
		moved += r == 0;
		r = r == -ESRCH ? 0 : r;
	}
	arena_free(&arena);
	return r < 0 ? r : moved;
}

static int enter_group(const struct state *state, const char *group)
{
	int r;

	if (access(group, F_OK) == 0)
		return 0;
	r = cgroup_make(group);
	for (int i = 0; r >= 0 && i < MOVE_ROUNDS; i++) {
		r = move_some(state, group);
		if (r == 0)
			return 0;
	}
	return r < 0 ? r : -EAGAIN;
}

/* ---- applying ---- */

static int apply(struct change *change, enum limit_kind kind, struct floe_error *error)
{
	const struct state *state = &change->target->state;
	const struct place *place = &change->places[kind];
	struct limit_write writes[LIMIT_WRITES];
	size_t count = limit_writes(change->spec, kind, place->unified, change->disk,
				    &change->arena, writes);
	int r = place->unified ? 0 : enter_group(state, place->group);

	if (r < 0)
		return err_errno(error, -r, "cannot move the processes of %s to the group %s",
				 state->name, place->group);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = cgroup_set(arena_printf(&change->arena, "%s/%s", place->group, writes[i].file),
			       writes[i].text);
	if (r == 0)
		return 0;
	err_errno(error, -r, "cannot limit %s of %s to \"%s\"", limit_option(kind), state->name,
		  writes[0].text);
	return r == -EBUSY ? err_hint(error, "it uses more than that now") : r;
}

/* For the next start of the machine by this monitor. One in the foreground does not listen. */
static void tell_monitor(const struct target *target, const char *const assignments[], size_t count)
{
	CLEANUP_FD int fd = attached_open(target, NULL);

	for (size_t i = 0; fd >= 0 && i < count; i++)
		attached_send(fd, ATTACH_LIMIT, assignments[i], strlen(assignments[i]));
}

static int apply_all(struct change *change, struct floe_error *error)
{
	bool wanted = false;
	int r = 0;

	for (enum limit_kind kind = 0; r == 0 && kind < LIMIT_COUNT; kind++) {
		if (!limit_is_set(change->spec, kind))
			continue;
		wanted = true;
		r = find_place(change, kind, error);
	}
	if (r == 0 && !wanted)
		return err_usage(error, "nothing is to be limited");
	if (r == 0 && limit_is_set(change->spec, LIMIT_IO))
		r = find_disk(change, error);
	for (enum limit_kind kind = 0; r == 0 && kind < LIMIT_COUNT; kind++)
		if (change->places[kind].group)
			r = apply(change, kind, error);
	return r;
}

/* "memory=1G" by the option of that name. */
static int read_assignment(struct spec *spec, const char *assignment, struct floe_error *error)
{
	const char *equals = strchr(assignment, '=');
	size_t length = equals ? (size_t)(equals - assignment) : 0;

	for (enum limit_kind kind = 0; equals && kind < LIMIT_COUNT; kind++) {
		const char *name = limit_option(kind);

		if (strncmp(name, assignment, length) == 0 && !name[length])
			return option_apply(spec, option_find(name), equals + 1, error);
	}
	return err_usage(error, "\"%.100s\": expected memory, cpu, io or tasks-max, = and a value",
			 assignment);
}

int floe_set(const char *name, const char *const assignments[], size_t count,
	     struct floe_error *error)
{
	struct spec spec;
	struct target target = {.monitor = -1, .record = -1, .leader = -1};
	struct change change = {.spec = &spec, .target = &target};
	int r = 0;

	spec_init(&spec);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_assignment(&spec, assignments[i], error);
	if (r == 0)
		r = target_open_running(&target, name, error);
	if (r == 0)
		r = apply_all(&change, error);
	if (r == 0)
		tell_monitor(&target, assignments, count);
	target_close(&target);
	arena_free(&change.host.arena);
	arena_free(&change.arena);
	spec_free(&spec);
	return r;
}

int limits_keep(struct spec *spec, const char *assignment)
{
	return read_assignment(spec, assignment, NULL);
}
