/* SPDX-License-Identifier: MIT */
/* Building a plan op by op. */
#include "builder.h"

#include <stdarg.h>

/* What is handed out when memory ran out: written to by the caller and then forgotten, the plan
 * being refused as a whole. Per thread, for embedders that plan in several. */
static struct op *spare_op(void)
{
	static _Thread_local struct op spare;

	spare = (struct op){0};
	return &spare;
}

struct op *op_add(struct builder *b, enum op_kind kind, enum op_phase phase, const char *why)
{
	struct plan *plan = b->plan;
	struct op *op = ARENA_APPEND(&plan->arena, plan->ops, plan->op_count);

	if (!op)
		op = spare_op();
	op->kind = kind;
	op->phase = phase;
	op->why = why;
	op->slot = -1;
	op->upper = -1;
	return op;
}

int slot_new(struct builder *b)
{
	return b->plan->slot_count++;
}

void note_add(struct builder *b, bool clamp, const char *format, ...)
{
	struct plan *plan = b->plan;
	struct plan_note *note = ARENA_APPEND(&plan->arena, plan->notes, plan->note_count);
	va_list arguments;

	if (!note)
		return;
	va_start(arguments, format);
	note->text = arena_vprintf(&plan->arena, format, arguments);
	va_end(arguments);
	note->clamp = clamp;
}

void trace_add(struct builder *b, enum plan_trace_kind kind, const char *path)
{
	struct plan *plan = b->plan;
	struct plan_trace *trace = ARENA_APPEND(&plan->arena, plan->traces, plan->trace_count);

	if (trace)
		*trace = (struct plan_trace){.kind = kind, .path = path};
}

void device_add(struct builder *b, char type, int major, int minor, const char *access,
		const char *why)
{
	struct plan *plan = b->plan;
	struct device_rule *device = ARENA_APPEND(&plan->arena, plan->devices, plan->device_count);

	if (!device)
		return;
	device->type = type;
	device->major = major;
	device->minor = minor;
	device->access = access;
	device->why = why;
}

const char *text(struct builder *b, const char *format, ...)
{
	va_list arguments;
	const char *result;

	va_start(arguments, format);
	result = arena_vprintf(&b->plan->arena, format, arguments);
	va_end(arguments);
	return result;
}

void add_directory(struct builder *b, const char *target, uint32_t mode, const char *why)
{
	struct op *op = op_add(b, OP_DIRECTORY, PHASE_INSIDE, why);

	op->target = target;
	op->mode = mode;
}

void add_symlink(struct builder *b, const char *target, const char *content, const char *why)
{
	struct op *op = op_add(b, OP_SYMLINK, PHASE_INSIDE, why);

	op->target = target;
	op->text = content;
}

void add_mount(struct builder *b, const char *type, const char *target, const char *options,
	       uint64_t attributes, const char *why)
{
	struct op *op = op_add(b, OP_MOUNT, PHASE_INSIDE, why);

	op->type = type;
	op->target = target;
	op->options = options;
	op->attributes = attributes;
}

void add_write(struct builder *b, const char *target, uint32_t mode, const char *content,
	       const char *why)
{
	struct op *op = op_add(b, OP_WRITE, PHASE_INSIDE, why);

	op->target = target;
	op->mode = mode;
	op->text = content;
}

int add_stage(struct builder *b, const char *source, uint64_t attributes, bool recursive,
	      enum op_idmap idmap, const char *why)
{
	struct op *op = op_add(b, OP_STAGE_TREE, PHASE_STAGE, why);

	op->slot = slot_new(b);
	op->source = source;
	op->attributes = attributes;
	op->recursive = recursive;
	op->idmap = idmap;
	return op->slot;
}

void add_bind(struct builder *b, int slot, const char *source, const char *target, const char *why)
{
	struct op *op = op_add(b, OP_BIND, PHASE_INSIDE, why);

	op->slot = slot;
	op->source = source;
	op->target = target;
}
