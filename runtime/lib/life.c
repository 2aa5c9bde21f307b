/* SPDX-License-Identifier: MIT */
/* The life of a machine, from the wish to the last trace, over reboots. */
#include "life.h"

#include "../base/cleanup.h"
#include "../launch/launch.h"
#include "../monitor/monitor.h"
#include "../monitor/notify.h"
#include "../plan/host.h"
#include "../plan/plan.h"
#include "../spec/words.h"
#include "../state/network.h"
#include "../state/state.h"
#include "../sys/clock.h"
#include "ending.h"
#include "filters.h"
#include "limits_api.h"
#include "module.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

/* How often a start is planned anew because its uid range was taken in between. */
#define PLAN_TRIES 10

/* From one start of the leader to its end. */
struct cycle {
	const struct life *life;
	struct attach *attach;   /* of a detached machine; NULL: none */
	bool noted;              /* the notes were passed on */
	bool told;               /* the caller knows that it is ready */
	uint64_t ready_deadline; /* 0: none, or told */
	struct host host;        /* the plan speaks of it */
	struct plan plan;
	struct arena arena; /* of compiled filters */
	struct seccomp_filters filters;
	struct launch *launch;
	struct monitor *monitor;
	struct state state;
	struct ending ending;
};

/* ---- planning ---- */

static int pass_notes(const struct cycle *cycle, struct floe_error *error)
{
	const struct life *life = cycle->life;

	for (size_t i = 0; i < cycle->plan.note_count; i++) {
		const struct plan_note *note = &cycle->plan.notes[i];

		if (note->clamp && life->spec->strict)
			return err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
				       "%s, which --strict does not allow", note->text);
		if (life->note && !cycle->noted && !life->spec->quiet)
			life->note(life->note_context, note->text);
	}
	return 0;
}

static int make_plan(struct cycle *cycle, struct floe_error *error)
{
	int r = host_probe(&cycle->host, cycle->life->spec, error);

	if (r == 0)
		r = host_store(&cycle->host, cycle->life->spec, module_nixdb, error);
	return r < 0 ? r : plan_make(&cycle->plan, cycle->life->spec, &cycle->host, error);
}

static int find_filters(struct cycle *cycle, struct floe_error *error)
{
	const struct life *life = cycle->life;
	const struct plan *plan = &cycle->plan;

	if (!plan->seccomp)
		return 0;
	return filters_find(plan->caps_bounding, (const char *const *)plan->syscall_filter,
			    plan->syscall_filter_count, &cycle->arena, &cycle->filters,
			    cycle->noted || life->spec->quiet ? NULL : life->note,
			    life->note_context, error);
}

static int begin_once(struct cycle *cycle, struct floe_error *error)
{
	struct launch_io io = {
		.input = cycle->life->input,
		.output = cycle->life->output,
		.error_output = cycle->life->error_output,
		.signal_fd = cycle->life->signal_fd,
	};
	int r = make_plan(cycle, error);

	if (r == 0)
		r = pass_notes(cycle, error);
	if (r == 0)
		r = find_filters(cycle, error);
	if (r < 0)
		return r;
	cycle->noted = true;
	io.filters = cycle->plan.seccomp ? &cycle->filters : NULL;
	return launch_begin(&cycle->launch, &cycle->plan, &io, error);
}

static void forget_plan(struct cycle *cycle)
{
	plan_free(&cycle->plan);
	host_free(&cycle->host);
	arena_free(&cycle->arena);
	memset(&cycle->plan, 0, sizeof(cycle->plan));
	memset(&cycle->host, 0, sizeof(cycle->host));
}

static int begin(struct cycle *cycle, struct floe_error *error)
{
	int r = -EAGAIN;

	for (int i = 0; i < PLAN_TRIES && r == -EAGAIN; i++) {
		memset(error, 0, sizeof(*error));
		forget_plan(cycle);
		r = begin_once(cycle, error);
	}
	return r;
}

/* ---- running ---- */

static uint64_t now_real_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* What becomes of changes to the tree. */
static const char *tree_mode(const struct spec *spec)
{
	if (spec->ephemeral != SPEC_EPHEMERAL_NO)
		return "ephemeral";
	if (spec->volatile_mode != SPEC_VOLATILE_NO)
		return "volatile";
	return spec->read_only ? "read-only" : "writable";
}

/* What the launch recorded when it claimed the name, and what is known since. */
static int record(struct cycle *cycle, const struct log *log, struct floe_error *error)
{
	const struct plan *plan = &cycle->plan;
	struct state *state = &cycle->state;
	int r = state_read(plan->name, state, error);

	if (r < 0)
		return r;
	state->phase = STATE_STARTING;
	state->leader = launch_leader(cycle->launch);
	state->since_usec = now_real_usec();
	state->log = cycle->life->detached ? log->path : "";
	state->tree = tree_mode(cycle->life->spec);
	state->store = word_of(&words_store, (int)cycle->life->spec->store);
	state->boot = plan->boot;
	state->uuid = plan->uuid;
	state->cgroup = plan->cgroup;
	state->cgroup_exec = plan->cgroup_exec;
	state->uid_base = plan->user_namespace ? plan->uid_base : 0;
	state->uid_count = plan->user_namespace ? plan->uid_count : 0;
	state->keep_unit = plan->keep_unit;
	state->notify_ready = plan->notify_ready;
	state->seccomp = plan->seccomp;
	state->capabilities = plan->caps_bounding;
	state->link = plan->link;
	state_set_addresses(state, plan->address);
	state_set_ports(state, plan->ports, plan->port_count);
	state->syscall_filter = (const char *const *)plan->syscall_filter;
	state->syscall_filter_count = plan->syscall_filter_count;
	return state_write(launch_state_fd(cycle->launch), state, error);
}

static int open_monitor(struct cycle *cycle, struct log *log, struct floe_error *error)
{
	const struct life *life = cycle->life;
	struct monitor_setup setup = {
		.launch = cycle->launch,
		.plan = &cycle->plan,
		.state = &cycle->state,
		.input = life->input,
		.output = life->detached ? -1 : life->output,
		.log = life->detached ? log : NULL,
		.attach = cycle->attach,
		.signal_fd = life->signal_fd,
		.ready_deadline = cycle->ready_deadline,
		.detached = life->detached,
		.started_is_ready = life->started_is_ready,
		.ready = cycle->told ? NULL : life->ready,
		.context = life->ready_context,
	};

	return monitor_open(&cycle->monitor, &setup, error);
}

static int go(struct cycle *cycle, struct floe_error *error)
{
	const struct life *life = cycle->life;
	int r = launch_go(cycle->launch, error);
	const char *note = r == 0 ? launch_server_note(cycle->launch) : NULL;

	if (note && life->note && !cycle->told)
		life->note(life->note_context, note);
	return r;
}

static int listen_for_others(struct cycle *cycle, struct floe_error *error)
{
	int r = cycle->attach ? attach_listen(cycle->attach, launch_state_fd(cycle->launch)) : 0;

	return r < 0 ? err_errno(error, -r, "cannot make a socket in the record of %s",
				 cycle->plan.name)
		     : 0;
}

static int run(struct cycle *cycle, struct log *log, struct floe_error *error)
{
	int r = begin(cycle, error);

	if (r == 0 && cycle->life->detached && log->fd < 0)
		r = log_open(log, cycle->plan.name, error);
	if (r == 0)
		r = record(cycle, log, error);
	if (r == 0)
		r = listen_for_others(cycle, error);
	if (r == 0)
		r = launch_assembled(cycle->launch, error);
	if (r == 0)
		r = open_monitor(cycle, log, error);
	if (r == 0)
		r = go(cycle, error);
	if (r == 0)
		r = monitor_run(cycle->monitor, &cycle->ending.result, error);
	cycle->ending.lived = r == 0;
	if (cycle->monitor)
		monitor_last_lines(cycle->monitor, cycle->ending.last_lines,
				   sizeof(cycle->ending.last_lines));
	return r;
}

/* Whatever happened, everything is undone; the first failure is what counts. */
static int finish(struct cycle *cycle, int r, struct floe_error *error)
{
	struct floe_error undo = {0};
	int undone;

	monitor_close(cycle->monitor);
	if (cycle->attach)
		attach_unlisten(cycle->attach);
	cycle->ending.wait_status = 0;
	if (r < 0 || (cycle->life->must_be_ready && !cycle->told && !cycle->ending.result.ready))
		launch_failed(cycle->launch);
	undone = launch_end(cycle->launch, &cycle->ending.wait_status, &undo);
	if (r == 0 && undone < 0) {
		r = undone;
		*error = undo;
	}
	return r;
}

/* What became of the machine, in the words of its plan. */
static int judge(struct cycle *cycle, struct floe_error *error)
{
	struct ending *ending = &cycle->ending;

	ending->name = cycle->plan.name;
	ending->booted = cycle->plan.boot && *cycle->plan.boot;
	ending->asks_ready = cycle->plan.notify_ready;
	ending->keep_unit = cycle->plan.keep_unit;
	ending->must_be_ready = cycle->life->must_be_ready && !cycle->told;
	ending->timeout_us = cycle->life->ready_timeout_us;
	return ending_judge(ending, error);
}

static int run_cycle(struct cycle *cycle, struct log *log, struct floe_error *error)
{
	int r = run(cycle, log, error);

	r = finish(cycle, r, error);
	if (cycle->ending.lived) {
		int judged = judge(cycle, error);

		r = r < 0 ? r : judged;
	}
	if (log->fd >= 0 && r < 0)
		log_note(log, "%s", error->message);
	else if (log->fd >= 0)
		log_note(log, "%s", cycle->ending.text);
	state_free(&cycle->state);
	forget_plan(cycle);
	return r;
}

/* After a reboot: who waits for the machine to be ready goes on waiting. */
static struct cycle next_cycle(const struct cycle *last)
{
	bool told = last->told || last->ending.result.ready || last->life->started_is_ready;

	return (struct cycle){
		.life = last->life,
		.attach = last->attach,
		.noted = true,
		.told = told,
		.ready_deadline = told ? 0 : last->ready_deadline,
	};
}

static void keep_limit(void *context, const char *assignment)
{
	limits_keep(context, assignment);
}

int life_run(const struct life *life, int *status, struct floe_error *error)
{
	struct floe_error own = {0};
	struct log log = {.fd = -1};
	struct attach attach = {0};
	struct cycle cycle = {.life = life, .attach = life->detached ? &attach : NULL};
	int r;

	/* What is noted in the log and sent upward is needed even if the caller wants no text. */
	error = error ? error : &own;
	attach_init(&attach, keep_limit, life->spec);
	if (life->ready_timeout_us > 0)
		cycle.ready_deadline = clock_usec() + life->ready_timeout_us;
	do {
		r = run_cycle(&cycle, &log, error);
		*status = cycle.ending.lived ? cycle.ending.status : 1;
		if (r < 0 || !cycle.ending.restart)
			break;
		notify_send("STATUS=Restarting...");
		cycle = next_cycle(&cycle);
	} while (true);
	if (r < 0)
		notify_send("STOPPING=1\nSTATUS=%s\nERRNO=%d", error->message, error->errnum);
	else
		notify_send("STOPPING=1\nSTATUS=Container %s.\nEXIT_STATUS=%d", cycle.ending.text,
			    *status);
	attach_close(&attach);
	log_close(&log);
	return r;
}
