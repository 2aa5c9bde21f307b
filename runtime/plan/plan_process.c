/* SPDX-License-Identifier: MIT */
/* What the leader becomes: limits, identity, capabilities, filters, program. */
#include "../spec/names.h"
#include "builder.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* " CAP_CHOWN CAP_KILL", or nothing. Numbers without a name are not the kernel's either. */
static const char *list_capabilities(struct builder *b, uint64_t set)
{
	const char *list = "";

	for (int i = 0; i < 64; i++) {
		const char *name = set >> i & 1 ? capability_name(i) : NULL;

		if (name)
			list = text(b, "%s %s", list, name);
	}
	return list;
}

/* "the usual capabilities and CAP_NET_ADMIN but not CAP_MKNOD" */
static const char *describe_capabilities(struct builder *b)
{
	const struct plan *plan = b->plan;
	const char *more = list_capabilities(b, plan->caps_bounding & ~capabilities_default());
	const char *less = list_capabilities(b, capabilities_default() & ~plan->caps_bounding);
	const char *held = list_capabilities(b, plan->caps_permitted);
	const char *all = text(b, "the usual capabilities%s%s%s%s", *more ? " and" : "", more,
			       *less ? " but not" : "", less);

	if (plan->caps_permitted == plan->caps_bounding)
		return all;
	return text(b, "%s to be had by programs with file capabilities, held now:%s", all,
		    *held ? held : " none");
}

static int plan_capabilities(struct builder *b)
{
	const struct spec *spec = b->spec;
	uint64_t wanted = capabilities_default() | spec->capabilities_add;
	uint64_t missing;

	if (b->own_net)
		wanted |= CAP(NET_ADMIN);
	/* In the host's network a low port belongs to the host, not to a mapped root. */
	else if (b->plan->uid_base != 0 && !(spec->capabilities_add & CAP(NET_BIND_SERVICE)))
		wanted &= ~CAP(NET_BIND_SERVICE);
	wanted &= ~spec->capabilities_drop;
	/* A new user namespace starts with all; otherwise nobody gives what he does not have. */
	missing = b->plan->user_namespace ? 0 : wanted & ~b->host->capabilities;
	if (missing & spec->capabilities_add)
		note_add(b, true, "the caller does not have, and cannot give,%s",
			 list_capabilities(b, missing & spec->capabilities_add));
	b->plan->caps_bounding = wanted & ~missing;
	b->plan->caps_ambient = spec->capabilities_ambient;
	if (spec->capabilities_ambient & ~b->plan->caps_bounding)
		return err_usage(b->error, "--ambient-capability names capabilities that the "
					   "machine does not have; add them with --capability");
	b->plan->caps_permitted = b->plan->caps_bounding;
	if (spec->user && b->host->user.uid != 0)
		b->plan->caps_permitted = b->plan->caps_ambient;
	return 0;
}

struct limit {
	int resource;
	const char *name;
	rlim_t soft, hard;
};

#define MIB      (UINT64_C(1024) * 1024)
#define INFINITE RLIM_INFINITY

/* What the kernel gives its first process, rather than what the caller happens to have. */
static const struct limit default_limits[] = {
	{RLIMIT_AS, "AS", INFINITE, INFINITE},
	{RLIMIT_CPU, "CPU", INFINITE, INFINITE},
	{RLIMIT_DATA, "DATA", INFINITE, INFINITE},
	{RLIMIT_FSIZE, "FSIZE", INFINITE, INFINITE},
	{RLIMIT_LOCKS, "LOCKS", INFINITE, INFINITE},
	{RLIMIT_RSS, "RSS", INFINITE, INFINITE},
	{RLIMIT_RTTIME, "RTTIME", INFINITE, INFINITE},
	{RLIMIT_CORE, "CORE", 0, INFINITE},
	{RLIMIT_MEMLOCK, "MEMLOCK", 8 * MIB, 8 * MIB},
	{RLIMIT_MSGQUEUE, "MSGQUEUE", 819200, 819200},
	{RLIMIT_NICE, "NICE", 0, 0},
	{RLIMIT_RTPRIO, "RTPRIO", 0, 0},
	{RLIMIT_STACK, "STACK", 8 * MIB, INFINITE},
	{RLIMIT_NOFILE, "NOFILE", 1024, 524288},
	{RLIMIT_NPROC, "NPROC", INFINITE, INFINITE},
	{RLIMIT_SIGPENDING, "SIGPENDING", INFINITE, INFINITE},
};

static const struct spec_rlimit *asked_limit(const struct spec *spec, int resource)
{
	for (size_t i = spec->rlimit_count; i > 0; i--) {
		if (spec->rlimits[i - 1].resource == resource)
			return &spec->rlimits[i - 1];
	}
	return NULL;
}

static rlim_t least(rlim_t a, rlim_t b)
{
	return a < b ? a : b; /* RLIM_INFINITY is the largest value */
}

/* Where the caller may not raise it, the limit stays as near as can be. */
static void clamp_limit(struct builder *b, struct limit *limit, bool asked)
{
	rlim_t held = b->host->limits[limit->resource].rlim_max;

	if ((b->host->capabilities & CAP(SYS_RESOURCE)) && b->host->initial_user_namespace)
		return;
	if (limit->hard <= held)
		return;
	if (asked)
		note_add(b, true, "the limit %s is held at %llu: raising it takes CAP_SYS_RESOURCE",
			 limit->name, (unsigned long long)held);
	limit->hard = held;
	limit->soft = least(limit->soft, held);
}

static void host_limit(const struct host *host, struct limit *limit)
{
	if (limit->resource == RLIMIT_NPROC || limit->resource == RLIMIT_SIGPENDING) {
		limit->soft = host->init_limits[limit->resource].rlim_cur;
		limit->hard = host->init_limits[limit->resource].rlim_max;
	}
	if (limit->resource == RLIMIT_NOFILE && host->nr_open)
		limit->hard = least(limit->hard, host->nr_open);
}

static void plan_limits(struct builder *b)
{
	for (size_t i = 0; i < sizeof(default_limits) / sizeof(default_limits[0]); i++) {
		struct limit limit = default_limits[i];
		const struct spec_rlimit *asked = asked_limit(b->spec, limit.resource);
		const struct rlimit *held = &b->host->limits[limit.resource];
		struct op *op;

		host_limit(b->host, &limit);
		if (asked) {
			limit.soft = asked->soft;
			limit.hard = asked->hard;
		}
		clamp_limit(b, &limit, asked);
		if (held->rlim_cur == limit.soft && held->rlim_max == limit.hard)
			continue;
		op = op_add(b, OP_RLIMIT, PHASE_MIDDLE,
			    asked ? "asked for" : "as the kernel gives its first process");
		op->flags = (uint64_t)limit.resource;
		op->text = limit.name;
		op->number[0] = limit.soft;
		op->number[1] = limit.hard;
	}
}

static void plan_oom_score(struct builder *b)
{
	struct op *op;

	if (!b->spec->oom_score_set)
		return;
	op = op_add(b, OP_OOM_SCORE, PHASE_MIDDLE, "asked for");
	op->text = text(b, "%d", b->spec->oom_score_adjust);
}

/* Reads the normalised list "0-3,5" into a set. */
static int plan_affinity(struct builder *b)
{
	const char *list = b->spec->cpu_affinity;
	size_t cpus = (size_t)b->host->last_cpu + 1;
	size_t size = CPU_ALLOC_SIZE(cpus);
	cpu_set_t *set;

	if (!list)
		return 0;
	set = arena_alloc(&b->plan->arena, size);
	while (set && *list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = first; cpu <= last && cpu < cpus; cpu++)
			CPU_SET_S(cpu, size, set);
		list = *end ? end + 1 : end;
	}
	if (set && CPU_COUNT_S(size, set) == 0)
		return err_usage(b->error,
				 "--cpu-affinity=%s names no CPU of this host, whose last "
				 "is %u",
				 b->spec->cpu_affinity, b->host->last_cpu);
	b->plan->cpu_set = set;
	b->plan->cpu_set_size = size;
	op_add(b, OP_AFFINITY, PHASE_LATE, "asked for")->text = b->spec->cpu_affinity;
	return 0;
}

static void plan_personality(struct builder *b)
{
	struct op *op;

	if (!b->spec->personality)
		return;
	op = op_add(b, OP_PERSONALITY, PHASE_LATE, "what uname(2) says");
	op->text = b->spec->personality;
	op->flags = strcmp(b->spec->personality, "x86") == 0 ? PER_LINUX32 : PER_LINUX;
}

/* A number is an id whoever has it, and root is 0 in every tree. */
static bool needs_no_entry(const char *user)
{
	return strcmp(user, "root") == 0 || user[strspn(user, "0123456789")] == '\0';
}

static int plan_identity(struct builder *b)
{
	const struct host_user *user = &b->host->user;
	struct op *op;

	if (b->spec->user && !user->found && !needs_no_entry(b->spec->user))
		return err_set(b->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			       "cannot run as %s: the tree's /etc/passwd has no such user",
			       b->spec->user);
	op = op_add(b, OP_USER, PHASE_LATE, b->spec->user ? "asked for" : "the default");
	op->id = b->spec->user ? user->uid : 0;
	op->flags = !b->spec->user ? 0 : user->found ? user->gid : user->uid;
	op->text = b->spec->user ? b->spec->user : "root";
	if (b->spec->user) {
		b->plan->groups = user->groups;
		b->plan->group_count = user->group_count;
	}
	return 0;
}

/* The filter comes as late as it can; only who loses CAP_SYS_ADMIN loads it before that. */
static void plan_confinement(struct builder *b)
{
	bool filter_first =
		!(b->plan->caps_permitted & CAP(SYS_ADMIN)) && !b->spec->no_new_privileges;
	static const char *const bounded = "nothing it runs gets more";
	const char *kept = describe_capabilities(b);
	const char *policy = b->spec->syscall_filter_count ? "the policy with the user's entries"
							   : "the default policy";

	b->plan->seccomp = b->host->has_seccomp;
	if (!b->host->has_seccomp)
		note_add(b, b->spec->syscall_filter_count > 0,
			 "this kernel has no system call filters (CONFIG_SECCOMP_FILTER)");
	if (!filter_first)
		op_add(b, OP_CAPABILITIES, PHASE_LATE, bounded)->text = kept;
	if (b->plan->seccomp)
		op_add(b, OP_SECCOMP, PHASE_LATE, "what machines need not call is refused")->text =
			policy;
	if (filter_first)
		op_add(b, OP_CAPABILITIES, PHASE_LATE, bounded)->text = kept;
}

/* A shell that was not named starts at home, where there is one. */
static const char *default_directory(const struct builder *b)
{
	bool shell = b->spec->start != SPEC_START_BOOT && b->spec->argument_count == 0;

	if (b->spec->chdir)
		return b->spec->chdir;
	if (shell && b->spec->user && b->host->user.has_home)
		return b->host->user.home;
	return shell && !b->spec->user && b->root_writable ? "/root" : "/";
}

static int no_init(struct builder *b)
{
	const struct host_tree *tree = &b->host->tree;

	err_set(b->error, FLOE_ERROR_NOT_FOUND, ENOENT, "cannot boot %s: it has no init",
		tree->path ? tree->path : "an empty root");
	for (size_t i = 0; i < tree->init_count; i++)
		err_hint(b->error, "%s: %s", tree->inits[i].path, tree->inits[i].why);
	return -ENOENT;
}

static int boot_program(struct builder *b, const char **program)
{
	const struct host_tree *tree = &b->host->tree;

	if (b->spec->system) {
		*program = b->host->system_init;
		return *program ? 0
				: err_set(b->error, FLOE_ERROR_NOT_FOUND, ENOENT,
					  "cannot boot %s: it has no init", b->spec->system);
	}
	for (size_t i = 0; i < tree->init_count; i++) {
		if (tree->inits[i].usable) {
			*program = tree->inits[i].path;
			return 0;
		}
	}
	return no_init(b);
}

static const char *default_shell(const struct builder *b)
{
	const char *shell = b->spec->user ? b->host->user.shell : NULL;

	if (shell && *shell)
		return shell;
	return b->host->tree.has_nix_store ? "/run/current-system/sw/bin/bash" : "/bin/sh";
}

static int plan_program(struct builder *b)
{
	const struct spec *spec = b->spec;
	const char *program = spec->argument_count ? spec->arguments[0] : default_shell(b);
	size_t first = spec->argument_count ? 1 : 0, count = spec->argument_count + 2;
	char **arguments = arena_alloc(&b->plan->arena, (count + 1) * sizeof(*arguments));
	size_t used = 0;

	if (!arguments)
		return -ENOMEM;
	if (spec->start == SPEC_START_BOOT) {
		int r = boot_program(b, &program);

		if (r < 0)
			return r;
		first = 0;
		b->plan->boot = program;
	}
	if (spec->start == SPEC_START_PID2)
		arguments[used++] = arena_strdup(&b->plan->arena, "(floe-stub)");
	arguments[used++] = arena_strdup(&b->plan->arena, program);
	for (size_t i = first; i < spec->argument_count; i++)
		arguments[used++] = arena_strdup(&b->plan->arena, spec->arguments[i]);
	b->plan->program = program;
	b->plan->arguments = arguments;
	op_add(b, spec->start == SPEC_START_PID2 ? OP_STUB : OP_EXEC, PHASE_LATE,
	       spec->start == SPEC_START_BOOT ? "the tree's own init" : "the command")
		->text = program;
	return 0;
}

int plan_process(struct builder *b)
{
	struct op *op;
	int r = plan_capabilities(b);

	if (r < 0)
		return r;
	plan_limits(b);
	plan_oom_score(b);
	op_add(b, OP_SESSION, PHASE_LATE, "its terminal is the console");
	r = plan_affinity(b);
	if (r < 0)
		return r;
	plan_personality(b);
	r = plan_identity(b);
	if (r < 0)
		return r;
	op_add(b, OP_CHDIR, PHASE_LATE, "where it starts")->target = default_directory(b);
	if (b->spec->no_new_privileges)
		op_add(b, OP_NO_NEW_PRIVILEGES, PHASE_LATE, "asked for");
	op = op_add(b, OP_CLOSE_FDS, PHASE_LATE, "nothing of the host's leaks in");
	op->flags = (uint64_t)b->host->listen_fds;
	plan_confinement(b);
	plan_load_store(b);
	return plan_program(b);
}
