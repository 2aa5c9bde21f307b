/* SPDX-License-Identifier: MIT */
/* The plan as JSON: docs/plan.schema.json. */
#include "plan.h"

#include <jansson.h>
#include <string.h>

static void set_string(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_string(value));
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	if (value)
		json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *op_to_json(const struct op *op)
{
	json_t *object = json_object();
	char phrase[768];

	set_string(object, "phase", op_phase_name(op->phase));
	set_string(object, "kind", op_kind_name(op->kind));
	set_string(object, "act", op_describe(op, phrase, sizeof(phrase)));
	set_string(object, "why", op->why);
	set_string(object, "source", op->source);
	set_string(object, "target", op->target);
	set_string(object, "type", op->type);
	set_string(object, "options", op->options);
	set_string(object, "text", op->text);
	set_number(object, "attributes", op->attributes);
	set_number(object, "clear", op->clear);
	set_number(object, "mode", op->mode);
	set_number(object, "id", op->id);
	if (op->slot >= 0)
		json_object_set_new(object, "slot", json_integer(op->slot));
	if (op->recursive)
		json_object_set_new(object, "recursive", json_true());
	return object;
}

static json_t *ops_to_json(const struct plan *plan)
{
	json_t *array = json_array();

	for (size_t i = 0; i < plan->op_count; i++)
		json_array_append_new(array, op_to_json(&plan->ops[i]));
	return array;
}

static json_t *notes_to_json(const struct plan *plan)
{
	json_t *array = json_array();

	for (size_t i = 0; i < plan->note_count; i++) {
		json_t *note = json_object();

		set_string(note, "text", plan->notes[i].text);
		json_object_set_new(note, "clamp", json_boolean(plan->notes[i].clamp));
		json_array_append_new(array, note);
	}
	return array;
}

static json_t *traces_to_json(const struct plan *plan)
{
	json_t *array = json_array();

	for (size_t i = 0; i < plan->trace_count; i++)
		json_array_append_new(array, json_string(plan->traces[i].path));
	return array;
}

static json_t *strings_to_json(char *const *strings)
{
	json_t *array = json_array();

	for (; strings && *strings; strings++)
		json_array_append_new(array, json_string(*strings));
	return array;
}

static json_t *ids_to_json(const struct plan *plan)
{
	json_t *object = json_object();

	if (!plan->user_namespace)
		return object;
	json_object_set_new(object, "base", json_integer(plan->uid_base));
	json_object_set_new(object, "count", json_integer(plan->uid_count));
	return object;
}

/* The environment is left out: it may hold what the user considers a secret. */
json_t *plan_to_json(const struct plan *plan)
{
	json_t *object = json_object();

	set_string(object, "name", plan->name);
	set_string(object, "title", plan->title);
	set_string(object, "directory", plan->directory);
	set_string(object, "settings", plan->settings);
	set_string(object, "uuid", plan->uuid);
	set_string(object, "cgroup", plan->cgroup);
	json_object_set_new(object, "ids", ids_to_json(plan));
	json_object_set_new(object, "namespaces", json_integer((json_int_t)plan->clone_flags));
	json_object_set_new(object, "capabilities", json_integer((json_int_t)plan->caps_bounding));
	json_object_set_new(object, "arguments", strings_to_json(plan->arguments));
	json_object_set_new(object, "notes", notes_to_json(plan));
	json_object_set_new(object, "ops", ops_to_json(plan));
	json_object_set_new(object, "traces", traces_to_json(plan));
	return object;
}
