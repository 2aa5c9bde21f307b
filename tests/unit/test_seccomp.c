/* SPDX-License-Identifier: MIT */
/* The compiled system call filters decide what the policy says, on every number. */
#include "bpf_interpreter.h"
#include "bpf_reference.h"
#include "seccomp/compile/compile.h"
#include "seccomp/compile/family.h"
#include "seccomp/module.h"
#include "seccomp/seccomp.h"
#include "unit.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>

#define BIT(capability) (UINT64_C(1) << (capability))
#define DEFAULT_SET                                                                                \
	(BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_BOOT) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_TTY_CONFIG))
#define X32          UINT32_C(0x40000000)

#define ALLOW        SECCOMP_RET_ALLOW
#define EPERM_RET    (SECCOMP_RET_ERRNO | EPERM)
#define ENOSYS_RET   (SECCOMP_RET_ERRNO | ENOSYS)
#define NO_AUDIT_RET (SECCOMP_RET_ERRNO | EAFNOSUPPORT)

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

static enum verdict *verdicts_of(uint64_t capabilities)
{
	enum verdict *verdicts = arena_alloc(&arena, policy.call_count * sizeof(*verdicts));

	assert_non_null(verdicts);
	policy_apply(&policy, capabilities, verdicts);
	return verdicts;
}

static struct sock_fprog compile(uint64_t capabilities, uint32_t native)
{
	struct floe_error error = {0};
	struct sock_fprog program;

	assert_int_equal(policy_compile(&policy, verdicts_of(capabilities), native, &arena,
					&program, &error),
			 0);
	return program;
}

static uint64_t run(const struct sock_fprog *program, uint32_t arch, uint32_t number)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch};

	return bpf_run(program, &data);
}

static void assert_same(const struct sock_fprog *ours, const struct sock_fprog *theirs,
			uint32_t arch, uint32_t number)
{
	uint64_t want = run(theirs, arch, number);
	uint64_t have = run(ours, arch, number);

	if (want == BPF_INVALID || have != want)
		fail_msg("arch %#x call %#x: %#llx, libseccomp says %#llx", arch, number,
			 (unsigned long long)have, (unsigned long long)want);
}

/* Where ranges of numbers begin and end, of architectures and of integers. */
static const uint32_t edges[] = {0,          0x0f0000,   X32,        0x7fffffff,
				 0x80000000, 0xfffff000, 0xffffffff, 0xc0000000};

static void compare(const struct sock_fprog *ours, const struct sock_fprog *theirs, uint32_t native)
{
	struct seccomp_family family = seccomp_family_of(native);

	for (size_t i = 0; i < family.count; i++) {
		uint32_t arch = seccomp_family_audit_arch(family.arches[i]);

		for (size_t edge = 0; edge < ARRAY_SIZE(edges); edge++)
			for (uint32_t number = 0; number < 1024; number++) {
				assert_same(ours, theirs, arch, edges[edge] + number);
				assert_same(ours, theirs, arch, edges[edge] - number);
			}
	}
	assert_same(ours, theirs, AUDIT_ARCH_S390X, 1);
	assert_same(ours, theirs, 0, 1);
}

/* The default set with what does not matter added, all, none: those that are made at build time. */
static const uint64_t built_sets[] = {DEFAULT_SET, DEFAULT_SET | BIT(CAP_NET_ADMIN), UINT64_MAX, 0,
				      BIT(CAP_NET_RAW)};

static void test_built_programs_decide_like_libseccomp(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(built_sets); i++) {
		struct seccomp_filters filters;
		struct sock_fprog theirs =
			reference_make(&policy, verdicts_of(built_sets[i]), seccomp_arch_native());

		assert_int_equal(seccomp_policy_find(built_sets[i], &filters), 0);
		assert_int_equal(filters.count, 1);
		compare(&filters.programs[0], &theirs, seccomp_arch_native());
		free(theirs.filter);
	}
}

static void test_each_capability_decides_like_libseccomp(void **state)
{
	static const uint32_t natives[] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_RISCV64};
	uint64_t matter = seccomp_policy_capabilities();

	(void)state;
	assert_int_equal(__builtin_popcountll(matter), 9);
	for (size_t n = 0; n < ARRAY_SIZE(natives); n++) {
		for (unsigned int bit = 0; bit <= CAP_LAST_CAP; bit++) {
			struct sock_fprog ours, theirs;

			if (!(matter & BIT(bit)))
				continue;
			ours = compile(BIT(bit), natives[n]);
			theirs = reference_make(&policy, verdicts_of(BIT(bit)), natives[n]);
			compare(&ours, &theirs, natives[n]);
			free(theirs.filter);
		}
	}
}

static void test_net_admin_shares_the_default_filter(void **state)
{
	struct seccomp_filters without, with;

	(void)state;
	assert_int_equal(seccomp_policy_find(DEFAULT_SET, &without), 0);
	assert_int_equal(seccomp_policy_find(DEFAULT_SET | BIT(CAP_NET_ADMIN), &with), 0);
	assert_ptr_equal(without.programs, with.programs);
}

static void test_unusual_set_is_not_built(void **state)
{
	struct seccomp_filters filters;

	(void)state;
	assert_int_equal(seccomp_policy_find(DEFAULT_SET | BIT(CAP_SYS_TIME), &filters), -ENOENT);
}

/* Numbers from the kernel's tables (arch/x86/entry/syscalls), not from libseccomp. */
static const struct {
	uint32_t arch, number;
	uint64_t capability; /* that opens it; 0: none does */
	uint64_t verdict;    /* without that capability */
} expectations[] = {
	{AUDIT_ARCH_X86_64, 165, 0, ALLOW},                           /* mount */
	{AUDIT_ARCH_X86_64, 435, 0, ALLOW},                           /* clone3 */
	{AUDIT_ARCH_X86_64, 437, 0, ALLOW},                           /* openat2 */
	{AUDIT_ARCH_X86_64, 442, 0, ALLOW},                           /* mount_setattr */
	{AUDIT_ARCH_X86_64, 425, 0, ALLOW},                           /* io_uring_setup */
	{AUDIT_ARCH_X86_64, 317, 0, ALLOW},                           /* seccomp */
	{AUDIT_ARCH_X86_64, 444, 0, ALLOW},                           /* landlock_create_ruleset */
	{AUDIT_ARCH_X86_64, 59, 0, ALLOW},                            /* execve */
	{AUDIT_ARCH_X86_64, 250, 0, EPERM_RET},                       /* keyctl */
	{AUDIT_ARCH_X86_64, 321, 0, EPERM_RET},                       /* bpf */
	{AUDIT_ARCH_X86_64, 298, 0, EPERM_RET},                       /* perf_event_open */
	{AUDIT_ARCH_X86_64, 304, 0, EPERM_RET},                       /* open_by_handle_at */
	{AUDIT_ARCH_X86_64, 300, 0, EPERM_RET},                       /* fanotify_init */
	{AUDIT_ARCH_X86_64, 246, 0, EPERM_RET},                       /* kexec_load */
	{AUDIT_ARCH_X86_64, 167, 0, EPERM_RET},                       /* swapon */
	{AUDIT_ARCH_X86_64, 329, 0, EPERM_RET},                       /* pkey_mprotect */
	{AUDIT_ARCH_X86_64, 335, 0, ENOSYS_RET},                      /* no call */
	{AUDIT_ARCH_X86_64, 600, 0, ENOSYS_RET},                      /* no call */
	{AUDIT_ARCH_X86_64, 0xffffffff, 0, ENOSYS_RET},               /* skipped by a tracer */
	{AUDIT_ARCH_X86_64, 169, BIT(CAP_SYS_BOOT), EPERM_RET},       /* reboot */
	{AUDIT_ARCH_X86_64, 227, BIT(CAP_SYS_TIME), EPERM_RET},       /* clock_settime */
	{AUDIT_ARCH_X86_64, 175, BIT(CAP_SYS_MODULE), EPERM_RET},     /* init_module */
	{AUDIT_ARCH_X86_64, 172, BIT(CAP_SYS_RAWIO), EPERM_RET},      /* iopl */
	{AUDIT_ARCH_X86_64, 149, BIT(CAP_IPC_LOCK), EPERM_RET},       /* mlock */
	{AUDIT_ARCH_X86_64, 163, BIT(CAP_SYS_PACCT), EPERM_RET},      /* acct */
	{AUDIT_ARCH_X86_64, 101, BIT(CAP_SYS_PTRACE), EPERM_RET},     /* ptrace */
	{AUDIT_ARCH_X86_64, 103, BIT(CAP_SYSLOG), EPERM_RET},         /* syslog */
	{AUDIT_ARCH_X86_64, 153, BIT(CAP_SYS_TTY_CONFIG), EPERM_RET}, /* vhangup */
	{AUDIT_ARCH_X86_64, X32 | 520, 0, ALLOW},                     /* execve of x32 */
	{AUDIT_ARCH_X86_64, X32 | 521, BIT(CAP_SYS_PTRACE), EPERM_RET}, /* ptrace of x32 */
	{AUDIT_ARCH_X86_64, X32 | 528, 0, EPERM_RET},                   /* kexec_load of x32 */
	{AUDIT_ARCH_X86_64, X32 | 59, 0, ENOSYS_RET},                   /* x86-64's alone */
	{AUDIT_ARCH_I386, 21, 0, ALLOW},                                /* mount */
	{AUDIT_ARCH_I386, 102, 0, ALLOW},                               /* socketcall */
	{AUDIT_ARCH_I386, 117, 0, ALLOW},                               /* ipc */
	{AUDIT_ARCH_I386, 288, 0, EPERM_RET},                           /* keyctl */
	{AUDIT_ARCH_I386, 166, 0, EPERM_RET},                           /* vm86 */
	{AUDIT_ARCH_I386, 88, BIT(CAP_SYS_BOOT), EPERM_RET},            /* reboot */
	{AUDIT_ARCH_I386, 404, BIT(CAP_SYS_TIME), EPERM_RET},           /* clock_settime64 */
	{AUDIT_ARCH_I386, 600, 0, ENOSYS_RET},                          /* no call */
	{AUDIT_ARCH_AARCH64, 63, 0, ENOSYS_RET},                        /* foreign */
};

static void test_x86_expectations(void **state)
{
	struct sock_fprog none = compile(0, SCMP_ARCH_X86_64);
	struct sock_fprog all = compile(UINT64_MAX, SCMP_ARCH_X86_64);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expectations); i++) {
		uint32_t arch = expectations[i].arch, number = expectations[i].number;
		uint64_t capability = expectations[i].capability, want = expectations[i].verdict;
		struct sock_fprog one = compile(capability, SCMP_ARCH_X86_64);
		struct sock_fprog others = compile(~capability, SCMP_ARCH_X86_64);

		assert_int_equal(run(&none, arch, number), want);
		assert_int_equal(run(&others, arch, number), want);
		assert_int_equal(run(&all, arch, number), capability ? ALLOW : want);
		assert_int_equal(run(&one, arch, number), capability ? ALLOW : want);
	}
}

static uint64_t run_socket(const struct sock_fprog *program, uint32_t arch, int number,
			   uint64_t domain, uint64_t protocol)
{
	struct seccomp_data data = {
		.nr = number, .arch = arch, .args = {domain, SOCK_RAW, protocol}};

	return bpf_run(program, &data);
}

static void test_audit_socket(void **state)
{
	static const struct {
		uint32_t arch;
		int number;
	} sockets[] = {
		{AUDIT_ARCH_X86_64, 41}, {AUDIT_ARCH_X86_64, X32 | 41}, {AUDIT_ARCH_I386, 359}};
	struct sock_fprog program = compile(DEFAULT_SET, SCMP_ARCH_X86_64);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		uint32_t arch = sockets[i].arch;
		int nr = sockets[i].number;

		assert_int_equal(run_socket(&program, arch, nr, AF_NETLINK, NETLINK_AUDIT),
				 NO_AUDIT_RET);
		assert_int_equal(run_socket(&program, arch, nr, AF_NETLINK, NETLINK_ROUTE), ALLOW);
		assert_int_equal(run_socket(&program, arch, nr, AF_INET, NETLINK_AUDIT), ALLOW);
		/* The kernel does not look at the high halves, so they must not get past either. */
		assert_int_equal(run_socket(&program, arch, nr, X32 * 8ULL | AF_NETLINK,
					    NETLINK_AUDIT | UINT64_C(1) << 32),
				 NO_AUDIT_RET);
	}
}

static void test_size_stays_small(void **state)
{
	struct sock_fprog program = compile(DEFAULT_SET, SCMP_ARCH_X86_64);
	struct sock_fprog theirs =
		reference_make(&policy, verdicts_of(DEFAULT_SET), SCMP_ARCH_X86_64);

	(void)state;
	/* Loading time goes with the length: the reason for a generator of our own. */
	assert_in_range(program.len, 1, theirs.len / 4);
	free(theirs.filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_programs_decide_like_libseccomp),
		cmocka_unit_test(test_each_capability_decides_like_libseccomp),
		cmocka_unit_test(test_net_admin_shares_the_default_filter),
		cmocka_unit_test(test_unusual_set_is_not_built),
		cmocka_unit_test(test_x86_expectations),
		cmocka_unit_test(test_audit_socket),
		cmocka_unit_test(test_size_stays_small),
	};

	return cmocka_run_group_tests(tests, policy_set_up, policy_tear_down);
}
