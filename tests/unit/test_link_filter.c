/* SPDX-License-Identifier: MIT */
/* The verdicts of the filter that the process of a link runs under. */
#include "../../runtime/link/link_filter.h"

#include "bpf_interpreter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "unit.h"

#define ALLOW SECCOMP_RET_ALLOW
#define KILL  SECCOMP_RET_KILL_PROCESS

#ifdef __x86_64__
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

static uint64_t verdict(bool dns, struct seccomp_data data)
{
	struct sock_filter filter[LINK_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};

	program.len = (unsigned short)link_filter_build(dns, filter);
	assert_in_range(program.len, 1, LINK_FILTER_MAX);
	return bpf_run(&program, &data);
}

static void calls_are_judged(void **state)
{
	static const struct {
		int call;
		uint64_t arguments[3];
		uint32_t with_dns, without;
	} rows[] = {
		{SYS_ppoll, {0}, ALLOW, ALLOW},
		{SYS_recvmsg, {0}, ALLOW, ALLOW},
		{SYS_sendto, {0}, ALLOW, ALLOW},
		{SYS_exit_group, {0}, ALLOW, ALLOW},
		{SYS_restart_syscall, {0}, ALLOW, ALLOW},
		{SYS_connect, {0}, ALLOW, KILL},
		{SYS_accept4, {0}, ALLOW, KILL},
		{SYS_read, {0}, ALLOW, KILL},
		{SYS_getdents64, {0}, ALLOW, KILL},
		{SYS_socket, {AF_INET}, ALLOW, KILL},
		{SYS_socket, {AF_INET6}, ALLOW, KILL},
		{SYS_socket, {AF_UNIX}, KILL, KILL},
		{SYS_socket, {AF_NETLINK}, KILL, KILL},
		{SYS_socket, {AF_PACKET}, KILL, KILL},
		{SYS_ioctl, {3, SIOCGIFFLAGS}, ALLOW, ALLOW},
		{SYS_ioctl, {3, SIOCGIFINDEX}, ALLOW, ALLOW},
		{SYS_ioctl, {3, SIOCSIFFLAGS}, KILL, KILL},
		{SYS_ioctl, {3, TIOCSTI}, KILL, KILL},
		{SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW}, ALLOW, KILL},
		{SYS_openat, {0, 0, O_RDONLY | O_DIRECTORY}, ALLOW, KILL},
		{SYS_openat, {0, 0, O_WRONLY}, KILL, KILL},
		{SYS_openat, {0, 0, O_RDWR}, KILL, KILL},
		{SYS_openat, {0, 0, O_RDONLY | O_CREAT}, KILL, KILL},
		{SYS_openat, {0, 0, O_RDONLY | O_TRUNC}, KILL, KILL},
		{SYS_openat, {0, 0, O_TMPFILE | O_RDWR}, KILL, KILL},
		{SYS_fcntl, {3, F_SETFD}, ALLOW, KILL},
		{SYS_fcntl, {3, F_SETOWN}, KILL, KILL},
		{SYS_bind, {0}, KILL, KILL},
		{SYS_setsockopt, {0}, KILL, KILL},
		{SYS_sendmsg, {0}, KILL, KILL},
		{SYS_mmap, {0}, KILL, KILL},
		{SYS_mprotect, {0}, KILL, KILL},
		{SYS_clone, {0}, KILL, KILL},
		{SYS_clone3, {0}, KILL, KILL},
		{SYS_execve, {0}, KILL, KILL},
		{SYS_ptrace, {0}, KILL, KILL},
		{SYS_kill, {0}, KILL, KILL},
		{SYS_pidfd_send_signal, {0}, KILL, KILL},
		{SYS_unlinkat, {0}, KILL, KILL},
		{SYS_setuid, {0}, KILL, KILL},
		{SYS_io_uring_setup, {0}, KILL, KILL},
		{SYS_openat2, {0}, KILL, KILL},
		{-1, {0}, KILL, KILL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seccomp_data data = {.nr = rows[i].call, .arch = OWN_ARCH};

		memcpy(data.args, rows[i].arguments, sizeof(rows[i].arguments));
		if (verdict(true, data) != rows[i].with_dns ||
		    verdict(false, data) != rows[i].without)
			fail_msg("row %zu, call %d, is judged otherwise", i, rows[i].call);
	}
}

/* Of all the numbers that there are, and some that there are not. */
static void few_calls_are_allowed(void **state)
{
	unsigned int with_dns = 0, without = 0;

	(void)state;
	for (int call = 0; call < 1024; call++) {
		struct seccomp_data data = {.nr = call, .arch = OWN_ARCH};

		with_dns += verdict(true, data) == ALLOW;
		without += verdict(false, data) == ALLOW;
	}
	assert_in_range(with_dns, 20, 32);
	assert_in_range(without, 10, 16);
}

/* The same numbers mean other calls there. */
static void other_architectures_are_refused(void **state)
{
	static const uint32_t others[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_RISCV64, 0,
					  UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		for (int call = 0; call < 512; call++)
			assert_int_equal(
				verdict(true, (struct seccomp_data){.nr = call, .arch = others[i]}),
				KILL);
	for (int call = 0; call < 1024; call++) { /* x32 */
		struct seccomp_data data = {.nr = call | 0x40000000, .arch = OWN_ARCH};

		assert_int_equal(verdict(true, data), KILL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_judged),
		cmocka_unit_test(few_calls_are_allowed),
		cmocka_unit_test(other_architectures_are_refused),
	};

	return cmocka_run_group_tests_name("link filter", tests, NULL, NULL);
}
