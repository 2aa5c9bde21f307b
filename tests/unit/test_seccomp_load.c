/* SPDX-License-Identifier: MIT */
/* Filters loaded for real: what system calls then answer. */
#include "seccomp/seccomp.h"
#include "unit.h"

#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Runs CHECK in a child under the filters of CAPABILITIES; gives what it returned, an errno. */
static int under_filter(uint64_t capabilities, int (*check)(void))
{
	struct seccomp_filters filters;
	int status;
	pid_t pid;

	assert_int_equal(seccomp_policy_find(capabilities, &filters), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

		if (r == 0)
			r = seccomp_filters_load(&filters);
		_exit(r < 0 ? 200 : check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int errno_of(long result)
{
	return result < 0 ? errno : 0;
}

static int check_keyctl(void)
{
	return errno_of(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1));
}

static int check_bpf(void)
{
	return errno_of(syscall(SYS_bpf, -1, NULL, 0));
}

static int check_unknown(void)
{
	return errno_of(syscall(1000));
}

static int check_audit(void)
{
	return errno_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT));
}

static int check_route(void)
{
	return errno_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

/* A clock that does not exist: past the filter the kernel says EINVAL, and no clock is set. */
static int check_clock(void)
{
	struct timespec time = {0};

	return errno_of(syscall(SYS_clock_settime, 12345, &time));
}

/* No such request: past the filter the kernel looks for process 0 and answers ESRCH. */
static int check_ptrace(void)
{
	return errno_of(syscall(SYS_ptrace, -1, 0, 0, 0));
}

static int check_fork_exec(void)
{
	char *const argv[] = {(char *)"true", NULL};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : ECHILD;
}

#if defined(__x86_64__)
/* getpid of i386 and an unknown number, by the old entry: the same program decides. */
static int i386_call(int number)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number) : "memory");
	return result;
}

static int check_i386(void)
{
	if (i386_call(20) != getpid())
		return 1;
	if (i386_call(288) != -EPERM) /* keyctl */
		return 2;
	return i386_call(600) == -ENOSYS ? 0 : 3;
}

/* Without CONFIG_IA32_EMULATION the instruction is a fault. */
static bool has_i386(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(i386_call(20) == getpid() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void test_i386_entry(void **state)
{
	(void)state;
	if (!has_i386()) {
		print_message("this kernel has no i386 entry to test\n");
		skip();
	}
	assert_int_equal(under_filter(0, check_i386), 0);
}
#endif

static void test_refused_and_unknown(void **state)
{
	(void)state;
	assert_int_equal(under_filter(UINT64_MAX, check_keyctl), EPERM);
	assert_int_equal(under_filter(UINT64_MAX, check_bpf), EPERM);
	assert_int_equal(under_filter(UINT64_MAX, check_unknown), ENOSYS);
}

static void test_audit_socket(void **state)
{
	(void)state;
	assert_int_equal(under_filter(0, check_audit), EAFNOSUPPORT);
	assert_int_equal(under_filter(0, check_route), 0);
}

static void test_capabilities_open_calls(void **state)
{
	(void)state;
	assert_int_equal(under_filter(0, check_clock), EPERM);
	assert_int_equal(under_filter(UINT64_MAX, check_clock), EINVAL);
	assert_int_equal(under_filter(0, check_ptrace), EPERM);
	assert_int_equal(under_filter(UINT64_MAX, check_ptrace), ESRCH);
}

static void test_programs_still_run(void **state)
{
	(void)state;
	assert_int_equal(under_filter(0, check_fork_exec), 0);
}

static void test_filter_that_is_no_program_fails(void **state)
{
	struct sock_filter code = {.code = BPF_RET | BPF_A};
	struct sock_fprog program = {.len = 0, .filter = &code};
	struct seccomp_filters filters = {.programs = &program, .count = 1};
	struct seccomp_filters none = {0};

	(void)state;
	assert_int_equal(seccomp_filters_load(&filters), -EINVAL);
	assert_int_equal(seccomp_filters_load(&none), 0);
}

static void test_available_here(void **state)
{
	(void)state;
	assert_true(seccomp_available());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_and_unknown),
		cmocka_unit_test(test_audit_socket),
		cmocka_unit_test(test_capabilities_open_calls),
		cmocka_unit_test(test_programs_still_run),
		cmocka_unit_test(test_filter_that_is_no_program_fails),
		cmocka_unit_test(test_available_here),
#if defined(__x86_64__)
		cmocka_unit_test(test_i386_entry),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
