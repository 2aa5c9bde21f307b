/* SPDX-License-Identifier: MIT */
/* User profiles: entries of --system-call-filter on top of the policy. */
#include "bpf_interpreter.h"
#include "seccomp/module.h"
#include "unit.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>

#define BIT(capability) (UINT64_C(1) << (capability))
#define ALLOW           SECCOMP_RET_ALLOW
#define EPERM_RET       (SECCOMP_RET_ERRNO | EPERM)
#define ENOSYS_RET      (SECCOMP_RET_ERRNO | ENOSYS)

static int compile(const char *const *entries, uint64_t capabilities, struct arena *arena,
		   struct seccomp_compiled *out, struct floe_error *error)
{
	struct seccomp_request request = {
		.policy = seccomp_policy_text(), .capabilities = capabilities, .entries = entries};

	while (entries[request.entry_count])
		request.entry_count++;
	return floe_module_seccomp.compile(&request, arena, out, error);
}

static uint64_t verdict_of(const struct seccomp_compiled *compiled, const char *call)
{
	struct seccomp_data data = {.nr = seccomp_syscall_resolve_name(call),
				    .arch = seccomp_arch_native()};

	assert_true(data.nr >= 0);
	assert_int_equal(compiled->filters.count, 1);
	return bpf_run(compiled->filters.programs, &data);
}

static const struct {
	const char *entries[4];
	uint64_t capabilities;
	const char *call;
	uint64_t verdict;
} cases[] = {
	{{NULL}, 0, "mount", ALLOW},
	{{NULL}, 0, "bpf", EPERM_RET},
	{{"bpf"}, 0, "bpf", ALLOW},
	{{"@keyring"}, 0, "keyctl", ALLOW},
	{{"@keyring"}, 0, "bpf", EPERM_RET},
	{{"~mount"}, 0, "mount", EPERM_RET},
	{{"~mount"}, 0, "umount2", ALLOW},
	{{"~@mount"}, 0, "move_mount", EPERM_RET},
	{{"~@file-system"}, 0, "openat2", EPERM_RET},
	/* Refusing wins, whatever the order and whichever side names the group. */
	{{"keyctl", "~keyctl"}, 0, "keyctl", EPERM_RET},
	{{"~keyctl", "keyctl"}, 0, "keyctl", EPERM_RET},
	{{"~@keyring", "keyctl"}, 0, "keyctl", EPERM_RET},
	{{"@keyring", "~keyctl"}, 0, "keyctl", EPERM_RET},
	{{"@keyring", "~keyctl"}, 0, "add_key", ALLOW},
	/* A call that two allowed groups hold is gone when either group is refused. */
	{{"~@basic-io"}, 0, "close", EPERM_RET},
	/* Capabilities open what they open, entries apply on top. */
	{{NULL}, 0, "clock_settime", EPERM_RET},
	{{NULL}, BIT(CAP_SYS_TIME), "clock_settime", ALLOW},
	{{NULL}, BIT(CAP_SYS_TIME), "reboot", EPERM_RET},
	{{"~@clock"}, BIT(CAP_SYS_TIME), "clock_settime", EPERM_RET},
	{{"reboot"}, 0, "reboot", ALLOW},
	{{"~socket"}, 0, "socket", EPERM_RET},
};

static void test_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_compiled compiled;
		struct floe_error error = {0};
		struct arena arena = {0};

		assert_int_equal(
			compile(cases[i].entries, cases[i].capabilities, &arena, &compiled, &error),
			0);
		if (verdict_of(&compiled, cases[i].call) != cases[i].verdict)
			fail_msg("case %zu: %s", i, cases[i].call);
		assert_int_equal(compiled.warning_count, 0);
		arena_free(&arena);
	}
}

static void test_unknown_name_warns(void **state)
{
	static const char *const entries[] = {"no_such_call", "bpf", "~no_such_either", NULL};
	struct seccomp_compiled compiled;
	struct floe_error error = {0};
	struct arena arena = {0};

	(void)state;
	assert_int_equal(compile(entries, 0, &arena, &compiled, &error), 0);
	assert_int_equal(compiled.warning_count, 2);
	assert_non_null(strstr(compiled.warnings[0], "'no_such_call'"));
	assert_non_null(strstr(compiled.warnings[1], "'no_such_either'"));
	assert_int_equal(verdict_of(&compiled, "bpf"), ALLOW);
	arena_free(&arena);
}

static void test_bad_entries_are_errors(void **state)
{
	static const char *const bad[] = {"@no-such-group", "~@no-such-group", "", "~", "@"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *const entries[] = {bad[i], NULL};
		struct seccomp_compiled compiled;
		struct floe_error error = {0};
		struct arena arena = {0};

		assert_int_equal(compile(entries, 0, &arena, &compiled, &error), -EINVAL);
		assert_int_equal(error.code, FLOE_ERROR_USAGE);
		assert_non_null(strstr(error.message, "system call"));
		arena_free(&arena);
	}
}

/* Without entries and with a usual set, it is the program made at build time. */
static void test_agrees_with_the_build(void **state)
{
	static const char *const none[] = {NULL};
	struct seccomp_compiled compiled;
	struct seccomp_filters built;
	struct floe_error error = {0};
	struct arena arena = {0};

	(void)state;
	assert_int_equal(compile(none, UINT64_MAX, &arena, &compiled, &error), 0);
	assert_int_equal(seccomp_policy_find(UINT64_MAX, &built), 0);
	assert_int_equal(compiled.filters.programs->len, built.programs->len);
	assert_memory_equal(compiled.filters.programs->filter, built.programs->filter,
			    built.programs->len * sizeof(struct sock_filter));
	arena_free(&arena);
}

static void test_faulty_policy_is_refused(void **state)
{
	struct seccomp_request request = {.policy = "allow everything\n"};
	struct seccomp_compiled compiled;
	struct floe_error error = {0};
	struct arena arena = {0};

	(void)state;
	assert_int_equal(floe_module_seccomp.compile(&request, &arena, &compiled, &error), -EINVAL);
	assert_int_equal(error.code, FLOE_ERROR_CONTENT);
	assert_int_equal(compiled.filters.count, 0);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_unknown_name_warns),
		cmocka_unit_test(test_bad_entries_are_errors),
		cmocka_unit_test(test_agrees_with_the_build),
		cmocka_unit_test(test_faulty_policy_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
