/* SPDX-License-Identifier: MIT */
/* The plan for people: what will be done, in order, and why. */
#include "plan.h"

#include <linux/sched.h>
#include <string.h>

static const char *const headings[PHASE_COUNT] = {
	[PHASE_BEFORE] = "On the host, before anything runs",
	[PHASE_HOST] = "Meanwhile, on the host: what its network has to know",
	[PHASE_ENTER] = "A helper process with a mount namespace of its own",
	[PHASE_STAGE] = "The helper stages what the machine may use of the host",
	[PHASE_MIDDLE] = "The helper prepares the waiting first process",
	[PHASE_NETWORK] = "Meanwhile, on the host: the machine's network",
	[PHASE_INSIDE] = "The first process, in its namespaces, assembles the machine",
	[PHASE_LATE] = "The first process becomes the payload",
};

static const struct {
	uint64_t flag;
	const char *name;
} namespaces[] = {
	{CLONE_NEWUSER, "user"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWUTS, "uts"},
	{CLONE_NEWIPC, "ipc"},   {CLONE_NEWNET, "net"}, {CLONE_NEWTIME, "time"},
};

/* The namespaces that the first process makes later, when it is where they are to begin. */
static uint64_t plan_unshares(const struct plan *plan)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < plan->op_count; i++)
		flags |= plan->ops[i].kind == OP_UNSHARE ? plan->ops[i].flags : 0;
	return flags;
}

static void print_namespaces(const struct plan *plan, FILE *stream)
{
	fputs("namespaces:", stream);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		if (plan->clone_flags & namespaces[i].flag)
			fprintf(stream, " %s", namespaces[i].name);
	}
	fputs(" mount", stream);
	if (plan_unshares(plan) & CLONE_NEWCGROUP)
		fputs(" cgroup", stream);
	fputs("\n", stream);
	if (plan->user_namespace)
		fprintf(stream, "ids: 0..%u inside are %u..%u on the host\n", plan->uid_count - 1,
			plan->uid_base, plan->uid_base + plan->uid_count - 1);
}

static void print_notes(const struct plan *plan, FILE *stream)
{
	for (size_t i = 0; i < plan->note_count; i++)
		fprintf(stream, "note: %s\n", plan->notes[i].text);
}

/* Reasons stand in one column, unless the act is too long for that. */
#define REASON_COLUMN 64

static void print_op(const struct op *op, FILE *stream, size_t number)
{
	char phrase[768];

	op_describe(op, phrase, sizeof(phrase));
	fprintf(stream, "%4zu. %-*s  %s\n", number, REASON_COLUMN, phrase, op->why);
}

static void print_ops(const struct plan *plan, FILE *stream)
{
	int phase = -1;

	for (size_t i = 0; i < plan->op_count; i++) {
		const struct op *op = &plan->ops[i];

		if ((int)op->phase != phase) {
			phase = (int)op->phase;
			fprintf(stream, "\n%s\n", headings[phase]);
		}
		print_op(op, stream, i + 1);
	}
}

static void print_traces(const struct plan *plan, FILE *stream)
{
	if (plan->trace_count == 0)
		return;
	fputs("\nWhen it ends, the monitor removes\n", stream);
	for (size_t i = plan->trace_count; i > 0; i--) {
		const struct plan_trace *trace = &plan->traces[i - 1];

		fprintf(stream, "      %s%s\n", trace->path,
			trace->kind == TRACE_DIRECTORY ? " (when it is empty by then)" : "");
	}
}

int plan_print(const struct plan *plan, FILE *stream)
{
	fprintf(stream, "%s\n", plan->title);
	if (*plan->settings)
		fprintf(stream, "settings: %s\n", plan->settings);
	print_namespaces(plan, stream);
	print_notes(plan, stream);
	print_ops(plan, stream);
	print_traces(plan, stream);
	return ferror(stream) ? -1 : 0;
}
