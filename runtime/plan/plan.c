/* SPDX-License-Identifier: MIT */
/* Deciding: from a spec and what is known of the host to the ops of a start. */
#include "plan.h"

#include "builder.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Namespaces that the leader is created in. Mount and cgroup come later: when all is staged, and
 * when the leader is in its cgroup, which becomes the root of what it sees. */
static void plan_namespaces(struct builder *b)
{
	const struct host *host = b->host;
	const struct spec *spec = b->spec;
	struct plan *plan = b->plan;

	plan->clone_flags |= CLONE_NEWPID | CLONE_NEWUTS;
	if (host->has_ipc_namespace)
		plan->clone_flags |= CLONE_NEWIPC;
	else
		note_add(b, false, "this kernel has no IPC namespaces: the host's are shared");
	if (b->own_net)
		plan->clone_flags |= CLONE_NEWNET;
	if (spec->time_namespace)
		plan->clone_flags |= 0x00000080 /* CLONE_NEWTIME, clone3(2) only */;
}

static int check_namespaces(struct builder *b)
{
	const struct host *host = b->host;
	const struct spec *spec = b->spec;

	if (spec->network == SPEC_NETWORK_PRIVATE && !host->has_net_namespace)
		return err_set(
			b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			"cannot use --private-network: this kernel has no network namespaces");
	if (spec->time_namespace && !host->has_time_namespace)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot use --private-time: this kernel has no time namespaces");
	return 0;
}

static void plan_claims(struct builder *b)
{
	op_add(b, OP_CLAIM_NAME, PHASE_BEFORE, "one machine of a name; its record is kept there")
		->text = b->plan->name;
}

/* Also where they are there now: what a killed monitor made goes when its name is claimed. */
static void plan_directories(struct builder *b)
{
	const struct spec *spec = b->spec;

	for (size_t i = 0; i < spec->directory_count; i++) {
		struct op *op = op_add(b, OP_MAKE_DIR, PHASE_BEFORE, "unless it is there");

		op->source = spec->directories[i].path;
		op->mode = spec->directories[i].mode;
		op->flags = 1;
		trace_add(b, TRACE_DIRECTORY, op->source);
	}
}

static void plan_enter(struct builder *b)
{
	op_add(b, OP_LEAVE_PEERS, PHASE_ENTER, "no mount made here reaches the host");
	if (b->spec->network == SPEC_NETWORK_PATH)
		op_add(b, OP_JOIN_NETNS, PHASE_ENTER, "asked for")->source = b->spec->network_path;
}

static void plan_base(struct builder *b)
{
	struct op *op = op_add(b, OP_STAGE_BASE, PHASE_STAGE,
			       "what the machine may use of the host is put here first");

	op->source = b->state;
	op->options = "mode=0755,size=1m";
	op->attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
}

static const char *arrival_reason(uint64_t flags)
{
	if (!(flags & CLONE_NEWCGROUP))
		return "what was staged is locked";
	if (!(flags & CLONE_NEWNS))
		return "its cgroup is the root of what it sees";
	return "what was staged is locked, its cgroup is the root";
}

static void plan_arrival(struct builder *b)
{
	uint64_t flags = 0;
	struct op *op;

	op_add(b, OP_GO_TO_BASE, PHASE_INSIDE, "all sources are there")->source = b->state;
	if (b->plan->user_namespace) {
		op_add(b, OP_BECOME_ROOT, PHASE_INSIDE, "its user and group 0, of the range");
		flags |= CLONE_NEWNS;
	}
	if (b->host->has_cgroup_namespace)
		flags |= CLONE_NEWCGROUP;
	if (!flags)
		return;
	op = op_add(b, OP_UNSHARE, PHASE_INSIDE, arrival_reason(flags));
	op->flags = flags;
	op->text = !(flags & CLONE_NEWNS)       ? "a new cgroup namespace"
		   : !(flags & CLONE_NEWCGROUP) ? "a new mount namespace"
						: "new mount and cgroup namespaces";
}

static bool has_console(const struct builder *b)
{
	return b->plan->console != SPEC_CONSOLE_PIPE;
}

static void plan_finish(struct builder *b)
{
	struct op *op;

	op_add(b, OP_PIVOT, PHASE_INSIDE, "nothing of the host's tree remains");
	op = op_add(b, OP_HOSTNAME, PHASE_INSIDE, "its name");
	op->text = b->spec->hostname ? b->spec->hostname : b->plan->name;
	if (b->plan->clone_flags & CLONE_NEWNET)
		op_add(b, OP_LOOPBACK_UP, PHASE_INSIDE, "programs expect it");
	plan_net_inside(b);
}

static void decide_console(struct builder *b)
{
	bool terminal = b->host->stdin_tty && b->host->stdout_tty;

	switch (b->spec->console) {
	case SPEC_CONSOLE_AUTO:
		b->plan->console = terminal ? SPEC_CONSOLE_INTERACTIVE : SPEC_CONSOLE_READ_ONLY;
		break;
	case SPEC_CONSOLE_AUTOPIPE:
		b->plan->console = terminal ? SPEC_CONSOLE_INTERACTIVE : SPEC_CONSOLE_PIPE;
		break;
	default:
		b->plan->console = b->spec->console;
	}
	if (!b->host->has_devpts && has_console(b)) {
		note_add(b, b->spec->console != SPEC_CONSOLE_AUTO,
			 "this kernel has no pseudo terminals: the payload gets the caller's "
			 "descriptors");
		b->plan->console = SPEC_CONSOLE_PIPE;
	}
}

static const char *title(struct builder *b)
{
	const char *from = b->host->tree.path ? b->host->tree.path : "an empty root in memory";
	const char *what = b->spec->start == SPEC_START_BOOT ? "boot" : "run a command in";

	if (b->spec->system)
		return text(b, "boot %s in %s as %s", b->spec->system, from, b->plan->name);
	return text(b, "%s %s as %s", what, from, b->plan->name);
}

static void copy_decisions(struct builder *b)
{
	const struct spec *spec = b->spec;
	struct plan *plan = b->plan;

	plan->kill_signal = spec->kill_signal;
	plan->notify_ready = spec->notify_ready == 1;
	plan->keep_unit = spec->keep_unit;
	plan->listen_fds = b->host->listen_fds;
	plan->syscall_filter = spec->syscall_filter;
	plan->syscall_filter_count = spec->syscall_filter_count;
	plan->cgroup = plan->cgroup_exec = plan->boot = plan->link = "";
	plan->directory = b->host->tree.path ? b->host->tree.path : "";
	plan->uuid = b->host->tree.machine_id ? b->host->tree.machine_id
		     : spec->uuid             ? spec->uuid
					      : b->host->random_uuid;
	plan->settings =
		text(b, "%s%s%s", spec->conf_file ?: "",
		     spec->conf_file && spec->settings_file ? ", " : "", spec->settings_file ?: "");
	plan->title = title(b);
}

/* The order of the parts is the order of the ops within each phase. */
static int build(struct builder *b)
{
	static int (*const parts[])(struct builder *) = {
		plan_user,
		plan_cgroup,
		plan_devices,
		plan_net,
	};
	static int (*const inside[])(struct builder *) = {
		plan_root,  plan_api,     plan_custom,      plan_store,
		plan_files, plan_journal, plan_environment,
	};
	int r = check_namespaces(b);

	plan_claims(b);
	plan_directories(b);
	plan_namespaces(b);
	plan_enter(b);
	plan_base(b);
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = parts[i](b);
	if (r < 0)
		return r;
	plan_arrival(b);
	for (size_t i = 0; r == 0 && i < sizeof(inside) / sizeof(inside[0]); i++)
		r = inside[i](b);
	if (r < 0)
		return r;
	plan_finish(b);
	return plan_process(b);
}

/* By phase, keeping the order within: the phases are few, so one pass for each does. */
static int sort_ops(struct plan *plan)
{
	struct op *sorted = arena_alloc(&plan->arena, (plan->op_count + 1) * sizeof(*sorted));
	size_t count = 0;

	if (!sorted)
		return -ENOMEM;
	for (int phase = 0; phase < PHASE_COUNT; phase++) {
		for (size_t i = 0; i < plan->op_count; i++) {
			if (plan->ops[i].phase == (enum op_phase)phase)
				sorted[count++] = plan->ops[i];
		}
	}
	plan->ops = sorted;
	return 0;
}

static int refuse_clamps(struct builder *b)
{
	for (size_t i = 0; b->spec->strict && i < b->plan->note_count; i++) {
		if (b->plan->notes[i].clamp)
			return err_set(
				b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
				"cannot give all that was asked for, as --strict demands: %s",
				b->plan->notes[i].text);
	}
	return 0;
}

int plan_make(struct plan *plan, const struct spec *spec, const struct host *host,
	      struct floe_error *error)
{
	struct builder b = {.plan = plan, .spec = spec, .host = host, .error = error};
	int r;

	plan->name = arena_strdup(&plan->arena, spec->name);
	b.state = text(&b, "%s/%s", host->run_dir, plan->name);
	b.own_net = spec->network == SPEC_NETWORK_PRIVATE;
	b.dev_slot = -1;
	b.root_slot = -1;
	b.store_layer = -1;
	for (size_t i = 0; i < spec->note_count; i++)
		note_add(&b, false, "%s", spec->notes[i]);
	decide_console(&b);
	copy_decisions(&b);
	r = build(&b);
	if (r == 0)
		r = refuse_clamps(&b);
	if (r == 0)
		r = sort_ops(plan);
	if (r == -ENOMEM || arena_failed(&plan->arena))
		return err_errno(error, ENOMEM, "cannot plan the start of %s", spec->name);
	return r;
}

bool plan_has_op(const struct plan *plan, enum op_kind kind)
{
	for (size_t i = 0; i < plan->op_count; i++) {
		if (plan->ops[i].kind == kind)
			return true;
	}
	return false;
}

void plan_free(struct plan *plan)
{
	arena_free(&plan->arena);
	*plan = (struct plan){0};
}
