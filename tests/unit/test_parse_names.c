/* SPDX-License-Identifier: MIT */
/* Names of capabilities, signals and resource limits, against what the system calls them. */
#include "../../runtime/spec/names.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "unit.h"

static void capabilities_are_named_as_libcap_does(void **state)
{
	(void)state;
	for (int i = 0; i <= CAP_LAST_CAP; i++) {
		char *name = cap_to_name(i);

		assert_non_null(name);
		assert_int_equal(strcasecmp(capability_name(i), name), 0);
		assert_int_equal(capability_from_name(name, strlen(name)), i);
		assert_int_equal(capability_from_name(name + 4, strlen(name) - 4), i);
		cap_free(name);
	}
	assert_null(capability_name(-1));
	assert_null(capability_name(64));
}

static void other_capability_names_are_refused(void **state)
{
	static const char *const names[] = {"",   "CAP_", "CAP_SYS", "SYS_ADMINS", "CAP_CAP_KILL",
					    "21", "all"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(capability_from_name(names[i], strlen(names[i])), -EINVAL);
	assert_int_equal(capability_from_name("kill,", 4), CAP_KILL);
}

/* systemd-nspawn(1), --capability=: the list of what is granted in any way. */
static void the_default_set_is_nspawns(void **state)
{
	static const char list[] =
		"AUDIT_CONTROL AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID "
		"IPC_OWNER KILL LEASE LINUX_IMMUTABLE MKNOD NET_BIND_SERVICE NET_BROADCAST NET_RAW "
		"SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PTRACE "
		"SYS_RESOURCE SYS_TTY_CONFIG";
	uint64_t set = 0;

	(void)state;
	for (const char *name = list; *name; name += strspn(name, " ")) {
		size_t length = strcspn(name, " ");

		set |= UINT64_C(1) << capability_from_name(name, length);
		name += length;
	}
	assert_int_equal(capabilities_default(), set);
}

static void signals_are_known_by_name_and_number(void **state)
{
	const struct {
		const char *name;
		int number;
	} rows[] = {
		{"SIGTERM", SIGTERM},
		{"term", SIGTERM},
		{"15", 15},
		{"SIGRTMIN", SIGRTMIN},
		{"SIGRTMIN+3", SIGRTMIN + 3},
		{"rtmin+0", SIGRTMIN},
		{"RTMAX", SIGRTMAX},
		{"SIGRTMAX-1", SIGRTMAX - 1},
		{"64", 64},
		{"SIGRTMAX-30", SIGRTMIN},
		{"0", -EINVAL},
		{"65", -EINVAL},
		{"SIGRTMIN+31", -EINVAL},
		{"SIGRTMIN-1", -EINVAL},
		{"SIGRTMAX+1", -EINVAL},
		{"SIGRTMIN+", -EINVAL},
		{"SIG", -EINVAL},
		{"", -EINVAL},
		{"SIGSIGTERM", -EINVAL},
		{"-15", -EINVAL},
		{"TERMS", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (signal_from_name(rows[i].name) != rows[i].number)
			fail_msg("%s is %d", rows[i].name, signal_from_name(rows[i].name));
}

static void signals_are_named_as_libc_does(void **state)
{
	char name[SIGNAL_NAME_MAX];

	(void)state;
	for (int i = 1; i < 32; i++) {
		signal_name(i, name);
		assert_int_equal(signal_from_name(name), i);
		if (i != SIGIO) /* libc calls it by its other name, POLL */
			assert_string_equal(name + 3, sigabbrev_np(i));
	}
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		assert_int_equal(signal_from_name(signal_name(i, name)), i);
	assert_string_equal(signal_name(SIGRTMIN + 3, name), "SIGRTMIN+3");
}

static void every_limit_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		const char *name = rlimit_name(i);

		assert_non_null(name);
		assert_int_equal(rlimit_from_name(name, strlen(name)), i);
	}
	assert_null(rlimit_name(-1));
	assert_null(rlimit_name(RLIM_NLIMITS));
	assert_int_equal(rlimit_from_name("RLIMIT_NOFILE", 13), RLIMIT_NOFILE);
	assert_int_equal(rlimit_from_name("nofile=1", 6), RLIMIT_NOFILE);
	assert_int_equal(rlimit_from_name("", 0), -EINVAL);
	assert_int_equal(rlimit_from_name("RLIMIT_", 7), -EINVAL);
	assert_int_equal(rlimit_from_name("FILES", 5), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_named_as_libcap_does),
		cmocka_unit_test(other_capability_names_are_refused),
		cmocka_unit_test(the_default_set_is_nspawns),
		cmocka_unit_test(signals_are_known_by_name_and_number),
		cmocka_unit_test(signals_are_named_as_libc_does),
		cmocka_unit_test(every_limit_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
