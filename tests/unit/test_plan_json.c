/* SPDX-License-Identifier: MIT */
/* docs/plan.schema.json names what there is, and plans as JSON say what they say as text. */
#include <jansson.h>
#include <string.h>

#include "fake_plan.h"
#include "unit.h"

#define SCHEMA "docs/plan.schema.json"

static json_t *load_schema(void)
{
	json_error_t error;
	json_t *schema = json_load_file(SCHEMA, 0, &error);

	if (!schema)
		fail_msg("%s:%d: %s; run this from the top directory", SCHEMA, error.line,
			 error.text);
	return schema;
}

/* The words that the schema allows for MEMBER of an op. */
static json_t *allowed_words(json_t *schema, const char *member)
{
	json_t *op = json_object_get(json_object_get(schema, "$defs"), "op");
	json_t *words =
		json_object_get(json_object_get(json_object_get(op, "properties"), member), "enum");

	assert_true(json_is_array(words));
	return words;
}

static void assert_allowed(const json_t *words, const char *word)
{
	for (size_t i = 0; i < json_array_size(words); i++) {
		if (strcmp(json_string_value(json_array_get(words, i)), word) == 0)
			return;
	}
	fail_msg("%s does not know \"%s\"", SCHEMA, word);
}

static void kinds_and_phases_are_those_of_the_schema(void **state)
{
	json_t *schema = load_schema();
	json_t *kinds = allowed_words(schema, "kind"), *phases = allowed_words(schema, "phase");

	(void)state;
	for (size_t i = 0; i < OP_COUNT; i++)
		assert_allowed(kinds, op_kind_name((enum op_kind)i));
	for (size_t i = 0; i < PHASE_COUNT; i++)
		assert_allowed(phases, op_phase_name((enum op_phase)i));
	/* And no others: what is gone goes from the schema, too. */
	assert_int_equal(json_array_size(kinds), OP_COUNT);
	assert_int_equal(json_array_size(phases), PHASE_COUNT);
	json_decref(schema);
}

static void assert_text(const json_t *object, const char *key, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!expected) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void check_ops(const struct plan *plan, const json_t *ops)
{
	char phrase[768];

	assert_int_equal(json_array_size(ops), plan->op_count);
	for (size_t i = 0; i < plan->op_count; i++) {
		const struct op *op = &plan->ops[i];
		const json_t *object = json_array_get(ops, i);

		assert_text(object, "act", op_describe(op, phrase, sizeof(phrase)));
		assert_text(object, "why", op->why);
		assert_text(object, "kind", op_kind_name(op->kind));
		assert_text(object, "phase", op_phase_name(op->phase));
		assert_text(object, "source", op->source);
		assert_text(object, "target", op->target);
		assert_text(object, "options", op->options);
		assert_int_equal(json_integer_value(json_object_get(object, "mode")), op->mode);
	}
}

static void json_says_what_the_text_says(void **state)
{
	static const struct {
		const char *variants, *line;
	} rows[] = {
		{"", "-D /srv/debian -b --private-network -E SECRET=hunter2"},
		{"nixos hybrid", "-D /srv/web -b --private-users=no"},
		{"no-resource", "-D /srv/debian --rlimit NOFILE=8192 -x /bin/sh -c id"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_plan fake;
		CLEANUP_FREE char *text = NULL;
		json_t *json;

		assert_int_equal(fake_plan_make(&fake, rows[i].line, rows[i].variants), 0);
		json = plan_to_json(&fake.plan);
		assert_non_null(json);
		assert_text(json, "name", fake.plan.name);
		assert_text(json, "title", fake.plan.title);
		assert_int_equal(json_array_size(json_object_get(json, "notes")),
				 fake.plan.note_count);
		assert_int_equal(json_array_size(json_object_get(json, "traces")),
				 fake.plan.trace_count);
		check_ops(&fake.plan, json_object_get(json, "ops"));
		/* The environment may hold secrets and is no part of it. */
		text = json_dumps(json, 0);
		assert_non_null(text);
		assert_null(strstr(text, "hunter2"));
		json_decref(json);
		fake_plan_free(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_phases_are_those_of_the_schema),
		cmocka_unit_test(json_says_what_the_text_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
