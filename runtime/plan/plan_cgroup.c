/* SPDX-License-Identifier: MIT */
/*
 * Control groups: the machine's own below "floe/NAME" in each hierarchy it needs, with "payload"
 * delegated to it and "exec" for commands entered later. Version 2 carries delegation, version 1
 * limits and devices where those controllers are bound to it.
 */
#include "../base/list.h"
#include "builder.h"
#include "limits.h"

#include <sched.h>
#include <string.h>

static bool has_word(const char *list, const char *word)
{
	return list_has(list, word, strlen(word));
}

static const struct host_hierarchy *find_v1(const struct host *host, const char *controller)
{
	for (size_t i = 0; i < host->hierarchy_count; i++) {
		if (has_word(host->hierarchies[i].controllers, controller))
			return &host->hierarchies[i];
	}
	return NULL;
}

/* Whether the machine stays in the unit that floe was started in. Who is at the top is in none. */
static bool in_unit(const struct builder *b, const struct host_hierarchy *hierarchy)
{
	return b->spec->keep_unit && strcmp(hierarchy->own, "/") != 0;
}

static const char *top_of(struct builder *b, const struct host_hierarchy *hierarchy)
{
	if (in_unit(b, hierarchy))
		return text(b, "%s%s", hierarchy->mount, hierarchy->own);
	return text(b, "%s/floe", hierarchy->mount);
}

static const char *make_cgroup(struct builder *b, const char *path, const char *why)
{
	op_add(b, OP_CGROUP_MAKE, PHASE_BEFORE, why)->source = path;
	return path;
}

static void set_cgroup(struct builder *b, const char *path, const char *value, const char *why)
{
	struct op *op = op_add(b, OP_CGROUP_SET, PHASE_BEFORE, why);

	op->source = path;
	op->text = value;
}

/*
 * Moving another process takes the kernel's lock on all thread groups, which costs an RCU grace
 * period, several milliseconds (kernel/cgroup/cgroup.c, cgroup_attach_lock). A single thread moving
 * itself takes none, nor does being created in a group: so the helper moves, and the leader is born
 * where it belongs.
 */
static void enter_v1(struct builder *b, const char *path, const char *why)
{
	op_add(b, OP_CGROUP_ENTER, PHASE_ENTER, why)->source = path;
}

static bool is_traced(const struct builder *b, const char *path)
{
	for (size_t i = 0; i < b->plan->trace_count; i++)
		if (strcmp(b->plan->traces[i].path, path) == 0)
			return true;
	return false;
}

/* A group that is not made now is made by the first `floe set`; it goes with the others. */
static void foresee_group(struct builder *b, const struct host_hierarchy *hierarchy)
{
	const char *top = top_of(b, hierarchy);
	const char *path = text(b, "%s/%s", top, b->plan->name);

	if (is_traced(b, path))
		return;
	if (!in_unit(b, hierarchy))
		trace_add(b, TRACE_DIRECTORY, top);
	trace_add(b, TRACE_CGROUP, path);
}

/* "floe/NAME" below the hierarchy, gone with the machine. */
static const char *machine_cgroup(struct builder *b, const struct host_hierarchy *hierarchy,
				  const char *why)
{
	const char *top = top_of(b, hierarchy);
	const char *path = text(b, "%s/%s", top, b->plan->name);

	foresee_group(b, hierarchy);
	return make_cgroup(b, path, why);
}

static bool is_made(const struct builder *b, const char *path)
{
	for (size_t i = 0; i < b->plan->op_count; i++) {
		const struct op *op = &b->plan->ops[i];

		if (op->kind == OP_CGROUP_MAKE && strcmp(op->source, path) == 0)
			return true;
	}
	return false;
}

static const char *limit_why(enum limit_kind kind)
{
	return kind == LIMIT_TASKS ? "a fork bomb inside ends there" : "asked for";
}

/* What is written to the group's files; which controllers it has is known. */
static void set_limit(struct builder *b, enum limit_kind kind, const char *group, bool unified)
{
	struct limit_write writes[LIMIT_WRITES];
	size_t count =
		limit_writes(b->spec, kind, unified, b->host->tree.disk, &b->plan->arena, writes);

	for (size_t i = 0; i < count; i++)
		set_cgroup(b, text(b, "%s/%s", group, writes[i].file), writes[i].text,
			   limit_why(kind));
}

/* Tasks always are limited, the rest when that is asked for and can be said. */
static bool wants_limit(const struct builder *b, enum limit_kind kind)
{
	if (kind == LIMIT_IO && !b->host->tree.disk)
		return false;
	return kind == LIMIT_TASKS || limit_is_set(b->spec, kind);
}

/* Hierarchies may hold several controllers: one group serves them all. */
static void plan_v1_limit(struct builder *b, enum limit_kind kind)
{
	const struct host_hierarchy *hierarchy = find_v1(b->host, limit_controller(kind, false));
	const char *path;

	if (!hierarchy)
		return;
	if (!wants_limit(b, kind)) {
		foresee_group(b, hierarchy);
		return;
	}
	path = text(b, "%s/%s", top_of(b, hierarchy), b->plan->name);
	if (!is_made(b, path)) {
		machine_cgroup(b, hierarchy,
			       kind == LIMIT_TASKS ? "tasks are counted in this hierarchy"
						   : "what is limited is counted in this one");
		enter_v1(b, path, "counted from the first task on");
	}
	set_limit(b, kind, path, false);
}

static void plan_v1(struct builder *b)
{
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		plan_v1_limit(b, kind);
}

static void plan_v2_limits(struct builder *b)
{
	for (enum limit_kind kind = 0; kind < LIMIT_COUNT; kind++)
		if (wants_limit(b, kind) &&
		    has_word(b->host->unified_controllers, limit_controller(kind, true)))
			set_limit(b, kind, b->plan->cgroup, true);
}

static bool has_controller(const struct host *host, enum limit_kind kind)
{
	return find_v1(host, limit_controller(kind, false)) ||
	       has_word(host->unified_controllers, limit_controller(kind, true));
}

static void note_missing(struct builder *b)
{
	if (!has_controller(b->host, LIMIT_TASKS))
		note_add(b, b->spec->tasks_max != 0,
			 "this host has no pids controller: the number of tasks is not limited");
	for (enum limit_kind kind = LIMIT_MEMORY; kind < LIMIT_COUNT; kind++) {
		if (!limit_is_set(b->spec, kind))
			continue;
		if (!has_controller(b->host, kind))
			note_add(b, true, "this host has no %s controller: --%s has no effect",
				 limit_controller(kind, true), limit_option(kind));
		else if (kind == LIMIT_IO && !b->host->tree.disk)
			note_add(b, true,
				 "the file system of the tree is on no disk that can be "
				 "told: --io has no effect");
	}
}

/* Controllers a machine's systemd can use, where the host's top has them. */
static const char *wanted_controllers(struct builder *b)
{
	static const char *const all[] = {"cpu", "cpuset", "io", "memory", "pids"};
	const char *list = "";

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (has_word(b->host->unified_controllers, all[i]))
			list = text(b, "%s%s+%s", list, *list ? " " : "", all[i]);
	}
	return list;
}

static void enable_controllers(struct builder *b, const char *path, const char *controllers)
{
	if (*controllers)
		set_cgroup(b, text(b, "%s/cgroup.subtree_control", path), controllers,
			   "limits can be set below");
}

static void delegate(struct builder *b, const char *payload)
{
	struct op *op;

	if (b->plan->uid_base == 0)
		return;
	op = op_add(b, OP_CGROUP_OWN, PHASE_BEFORE, "the machine's init manages its own groups");
	op->source = payload;
	op->id = b->plan->uid_base;
}

/* Version 2 where it is not mounted: a mount of our own, for as long as the machine lives. */
static void mount_unified(struct builder *b, struct host_hierarchy *unified)
{
	const char *path = text(b, "%s/cgroup", b->state);

	struct op *op = op_add(b, OP_CGROUP_MOUNT, PHASE_BEFORE,
			       "systemd inside needs version 2, which the host has not mounted");

	op->source = path;
	op->attributes = ATTR_API;
	trace_add(b, TRACE_MOUNT, path);
	*unified = (struct host_hierarchy){.controllers = "", .mount = path, .own = "/"};
}

/* Processes may not sit beside groups with controllers: ours moves down first. */
static void move_supervisor(struct builder *b, const char *top)
{
	const char *supervisor = text(b, "%s/supervisor", top);
	struct op *op;

	make_cgroup(b, supervisor, "the unit's own processes make room");
	op = op_add(b, OP_CGROUP_JOIN, PHASE_BEFORE, "no inner processes beside controllers");
	op->source = supervisor;
}

/* The group that holds the machine's parts: its own, or the unit's that floe was started in. */
static const char *unified_parent(struct builder *b, const struct host_hierarchy *unified)
{
	const char *top = top_of(b, unified);

	if (!in_unit(b, unified))
		return machine_cgroup(b, unified, "everything the machine runs is below");
	if (*wanted_controllers(b))
		move_supervisor(b, top);
	return top;
}

static void enable_all(struct builder *b, const struct host_hierarchy *unified, const char *parent)
{
	const char *controllers = wanted_controllers(b);

	if (*controllers && !in_unit(b, unified)) {
		enable_controllers(b, unified->mount, controllers);
		enable_controllers(b, top_of(b, unified), controllers);
	}
	enable_controllers(b, parent, controllers);
}

/* In a unit the machine's parts are beside our own, and each goes by itself. */
static void trace_parts(struct builder *b, const struct host_hierarchy *unified,
			const char *payload)
{
	if (!in_unit(b, unified))
		return;
	trace_add(b, TRACE_CGROUP, payload);
	trace_add(b, TRACE_CGROUP, b->plan->cgroup_exec);
	b->plan->cgroup = payload;
}

static void plan_v2(struct builder *b)
{
	struct host_hierarchy unified = b->host->unified;
	const char *parent, *payload;

	if (!unified.mount || !*unified.mount)
		mount_unified(b, &unified);
	parent = unified_parent(b, &unified);
	payload = make_cgroup(b, text(b, "%s/payload", parent), "the machine's own part");
	b->plan->cgroup = parent;
	/* Made by the first command entered from outside: most machines never need it. */
	b->plan->cgroup_exec = text(b, "%s/exec", parent);
	trace_parts(b, &unified, payload);
	enable_all(b, &unified, parent);
	plan_v2_limits(b);
	delegate(b, payload);
	op_add(b, OP_CGROUP_INTO, PHASE_ENTER, "counted and confined from the first instruction on")
		->source = payload;
}

int plan_cgroup(struct builder *b)
{
	const struct host *host = b->host;

	plan_v1(b);
	if (host->has_cgroup2)
		plan_v2(b);
	else
		note_add(b, false,
			 "this kernel has no cgroup version 2: the machine gets no groups of its "
			 "own, and a systemd inside will not boot");
	note_missing(b);
	if (!host->has_cgroup_namespace)
		note_add(b, false,
			 "this kernel has no cgroup namespaces: the machine sees the "
			 "host's group names");
	return 0;
}

static void standard_devices(struct builder *b)
{
	static const struct {
		int major, minor;
		const char *why;
	} nodes[] = {
		{1, 3, "null"},   {1, 5, "zero"},    {1, 7, "full"},
		{1, 8, "random"}, {1, 9, "urandom"}, {5, 0, "tty"},
		{5, 2, "ptmx"},   {136, -1, "pts"},  {10, 200, "net/tun"},
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		device_add(b, 'c', nodes[i].major, nodes[i].minor, "rwm", nodes[i].why);
	device_add(b, 'c', 10, 229, "rwm", "fuse");
	/* Making nodes is harmless where opening them is not allowed (and Nix and package
	 * managers unpack some). */
	device_add(b, 'c', -1, -1, "m", "nodes may be made, not opened");
	device_add(b, 'b', -1, -1, "m", "nodes may be made, not opened");
}

int plan_devices(struct builder *b)
{
	const struct host_hierarchy *v1 = find_v1(b->host, "devices");
	const char *path;

	standard_devices(b);
	if (v1) {
		path = text(b, "%s/%s", top_of(b, v1), b->plan->name);
		if (!is_made(b, path)) {
			machine_cgroup(b, v1, "devices are allowed in this hierarchy");
			enter_v1(b, path, "the device policy holds from the first instruction on");
		}
		op_add(b, OP_DEVICES_V1, PHASE_BEFORE, "only the listed device nodes can be opened")
			->source = path;
	} else if (b->host->has_bpf_devices && b->plan->cgroup && *b->plan->cgroup) {
		op_add(b, OP_DEVICES_BPF, PHASE_BEFORE,
		       "only the listed device nodes can be opened")
			->source = b->plan->cgroup;
	} else {
		note_add(b, false,
			 "this host has no device policy (no devices controller, no BPF device "
			 "programs)%s",
			 b->plan->user_namespace ? ""
						 : ": without a user namespace root inside can "
						   "open the host's disks");
	}
	return 0;
}
