/* SPDX-License-Identifier: MIT */
/* The policy text: what it may say, and groups that hold what systemd's groups hold. */
#include "seccomp/compile/policy.h"
#include "seccomp/module.h"
#include "unit.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

/* The version with whose groups ours must agree in full: Debian 12's. */
#define REFERENCE_VERSION 252

static struct arena arena;
static struct policy policy;

static int policy_set_up(void **state)
{
	struct floe_error error = {0};

	(void)state;
	return policy_parse(seccomp_policy_text(), &arena, &policy, &error);
}

static int policy_tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* What systemd-analyze prints when asked for ARGUMENT. Its warnings go to /dev/null. */
static char *tool_output(const char *argument)
{
	char *argv[] = {(char *)"systemd-analyze", (char *)"--no-pager", (char *)argument, NULL};
	posix_spawn_file_actions_t actions;
	size_t size = 1 << 20, used = 0;
	char *text = arena_alloc(&arena, size);
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	assert_non_null(text);
	assert_int_equal(pipe(ends), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	/* Its absence is a failure: the comparison is the point of the test. */
	assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while ((got = read(ends[0], text + used, size - used - 1)) > 0)
		used += (size_t)got;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return text;
}

static int tool_version(void)
{
	static const char prefix[] = "systemd ";
	const char *text = tool_output("--version");

	assert_int_equal(strncmp(text, prefix, strlen(prefix)), 0);
	return (int)strtol(text + strlen(prefix), NULL, 10);
}

/* One group of the tool's listing. */
struct block {
	const char *name;
	const char *members; /* words, each after a blank */
	bool done;
};

static size_t tool_blocks(struct block *blocks, size_t room)
{
	char *text = tool_output("syscall-filter"), *rest;
	size_t count = 0;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '@') {
			assert_in_range(count, 0, room - 1);
			blocks[count++] = (struct block){.name = line, .members = ""};
		} else if (line[0] == ' ' && count > 0 && !strchr(line, '#')) {
			struct block *block = &blocks[count - 1];

			block->members = arena_printf(&arena, "%s %s", block->members,
						      line + strspn(line, " "));
		}
	}
	return count;
}

static bool block_waits(const struct block *block, const struct block *others, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *word = arena_printf(&arena, " %s ", others[i].name);

		if (!others[i].done && strstr(arena_printf(&arena, "%s ", block->members), word))
			return true;
	}
	return false;
}

/* The tool's groups as a policy: those that hold others moved behind them, as our text wants. */
static void tool_policy(struct policy *out)
{
	const char *text = "refuse EPERM\notherwise ENOSYS\n";
	struct floe_error error = {0};
	struct block blocks[64];
	size_t count = tool_blocks(blocks, ARRAY_SIZE(blocks));

	for (size_t left = count, turn = 0; left > 0; turn++) {
		struct block *block = &blocks[turn % count];

		assert_in_range(turn, 0, count * count);
		if (block->done || block_waits(block, blocks, count))
			continue;
		text = arena_printf(&arena, "%sgroup %s\n %s\n", text, block->name, block->members);
		block->done = true;
		left--;
	}
	if (policy_parse(text, &arena, out, &error) < 0)
		fail_msg("%s", error.message);
}

static bool *group_calls(const struct policy *from, const char *group)
{
	enum verdict *verdicts = arena_alloc(&arena, from->call_count * sizeof(*verdicts));
	bool *held = arena_alloc(&arena, from->call_count * sizeof(*held));
	ssize_t index = policy_group_find(from, group);

	assert_true(index >= 0);
	policy_set_apply(from, &from->groups[index], VERDICT_ALLOW, verdicts);
	for (size_t i = 0; i < from->call_count; i++)
		held[i] = verdicts[i] == VERDICT_ALLOW;
	return held;
}

static bool group_holds(const struct policy *in, const bool *held, const char *call)
{
	ssize_t index = policy_call_find(in, call);

	return index >= 0 && held[index];
}

/* Fails for the first call of GROUP in HAVE that WANT's group lacks, unless EXCEPT holds it. */
static void assert_covered(const struct policy *have, const struct policy *want, const char *group,
			   const bool *except)
{
	bool *having = group_calls(have, group), *wanting = group_calls(want, group);

	for (size_t i = 0; i < have->call_count; i++) {
		const char *call = have->calls[i].name;

		if (having[i] && !group_holds(want, wanting, call) && !(except && except[i]))
			fail_msg("%s: %s holds it, %s does not", call, group,
				 want == &policy ? "our group" : "systemd's");
	}
}

static void test_groups_are_those_of_systemd(void **state)
{
	bool complete = tool_version() == REFERENCE_VERSION;
	bool *base = group_calls(&policy, "@default");
	bool *sandbox = group_calls(&policy, "@sandbox");
	struct policy theirs;

	(void)state;
	tool_policy(&theirs);
	assert_true(theirs.group_count >= 29);
	for (size_t i = 0; i < theirs.group_count; i++) {
		const char *group = theirs.groups[i].name;
		bool is_known = strcmp(group, "@known") == 0;

		if (complete)
			assert_covered(&theirs, &policy, group, NULL);
		/* @sandbox came after 252; 252's @known misses two calls of its own @default. */
		if (policy_group_find(&policy, group) >= 0)
			assert_covered(&policy, &theirs, group, is_known ? base : sandbox);
	}
}

static void test_every_group_of_ours_exists_there(void **state)
{
	struct policy theirs;

	(void)state;
	tool_policy(&theirs);
	for (size_t i = 0; i < policy.group_count; i++) {
		const char *group = policy.groups[i].name;

		if (strcmp(group, "@sandbox") != 0)
			assert_true(policy_group_find(&theirs, group) >= 0);
	}
}

static const struct {
	const char *text, *message;
} refused[] = {
	{"", "a rule is missing: 'refuse'"},
	{"refuse EPERM\n", "a rule is missing: 'otherwise'"},
	{"otherwise ENOENTRY\n", "line 1: no errno known as 'ENOENTRY'"},
	{"otherwise\n", "line 1: no errno known as ''"},
	{"otherwise ENOSYS now\n", "line 1: too much: 'now'"},
	{"refuse EPERM\nrefuse EACCES\n", "line 2: all calls are refused with one errno"},
	{"\tread\n", "line 1: no rule for the members"},
	{"otherwise ENOSYS\n\tread\n", "line 2: no rule for the members"},
	{"forbid\n", "line 1: no rule starts with 'forbid'"},
	{"allow with CAP_CHOWN\n", "line 1: no capability that rules may depend on: 'CAP_CHOWN'"},
	{"allow without\n", "line 1: expected 'with', not 'without'"},
	{"allow\n\t@none\n", "line 2: no group stands above as '@none'"},
	{"group @a\n\t@a\n", "line 2: no group stands above as '@a'"},
	{"group a\n", "line 1: a group needs a new name that starts with '@', not 'a'"},
	{"group @a\ngroup @a\n", "line 2: a group needs a new name"},
};

static void test_faulty_text_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct floe_error error = {0};
		struct policy parsed;

		assert_int_equal(policy_parse(refused[i].text, &arena, &parsed, &error), -EINVAL);
		assert_non_null(strstr(error.message, refused[i].message));
	}
}

static void test_later_rule_overrides(void **state)
{
	struct floe_error error = {0};
	struct policy parsed;
	enum verdict verdicts[3];

	(void)state;
	assert_int_equal(policy_parse("otherwise ENOSYS\nrefuse EPERM\n\ta b # c\n"
				      "allow\n\tb\nallow with CAP_SYS_BOOT\n\td\n",
				      &arena, &parsed, &error),
			 0);
	assert_int_equal(parsed.call_count, 3);
	policy_apply(&parsed, 0, verdicts);
	assert_int_equal(verdicts[0], VERDICT_REFUSE);
	assert_int_equal(verdicts[1], VERDICT_ALLOW);
	assert_int_equal(verdicts[2], VERDICT_UNKNOWN);
	policy_apply(&parsed, policy_capabilities(&parsed), verdicts);
	assert_int_equal(verdicts[2], VERDICT_ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_are_those_of_systemd),
		cmocka_unit_test(test_every_group_of_ours_exists_there),
		cmocka_unit_test(test_faulty_text_is_refused_with_its_line),
		cmocka_unit_test(test_later_rule_overrides),
	};

	return cmocka_run_group_tests(tests, policy_set_up, policy_tear_down);
}
