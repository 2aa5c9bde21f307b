/* SPDX-License-Identifier: MIT */
/* The same policy compiled by libseccomp's own generator, to compare with. */
#include "bpf_reference.h"

#include "seccomp/compile/family.h"
#include "unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static scmp_filter_ctx context_new(const struct policy *policy, uint32_t arch)
{
	uint32_t otherwise = SCMP_ACT_ERRNO((uint32_t)policy->errno_otherwise);
	scmp_filter_ctx context = seccomp_init(otherwise);

	assert_non_null(context);
	if (arch != seccomp_arch_native()) {
		assert_int_equal(seccomp_arch_add(context, arch), 0);
		assert_int_equal(seccomp_arch_remove(context, SCMP_ARCH_NATIVE), 0);
	}
	assert_int_equal(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, otherwise), 0);
	assert_int_equal(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), 0);
	return context;
}

/* Two names of one number give the second time EEXIST. */
static void rule_check(int r)
{
	assert_true(r == 0 || r == -EEXIST);
}

static void add_socket(scmp_filter_ctx context, const struct policy *policy, int call)
{
	uint32_t audit = SCMP_ACT_ERRNO((uint32_t)policy->errno_audit);

	rule_check(seccomp_rule_add_exact(context, SCMP_ACT_ALLOW, call, 1,
					  SCMP_A0(SCMP_CMP_NE, AF_NETLINK, 0)));
	rule_check(seccomp_rule_add_exact(context, SCMP_ACT_ALLOW, call, 2,
					  SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
					  SCMP_A2(SCMP_CMP_NE, NETLINK_AUDIT, 0)));
	rule_check(seccomp_rule_add_exact(context, audit, call, 2,
					  SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
					  SCMP_A2(SCMP_CMP_EQ, NETLINK_AUDIT, 0)));
}

/* On i386 libseccomp's numbers from -100 down are calls inside socketcall (and ipc, from -200):
 * a rule for one covers the call's own number too. */
static bool has_call(uint32_t arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	return number >= 0 || (arch == SCMP_ARCH_X86 && number <= -100 && number > -300);
}

static void add_call(scmp_filter_ctx context, const struct policy *policy, uint32_t arch,
		     const char *name, enum verdict verdict)
{
	uint32_t refuse = SCMP_ACT_ERRNO((uint32_t)policy->errno_refuse);
	int call = seccomp_syscall_resolve_name(name);

	if (verdict == VERDICT_UNKNOWN || !has_call(arch, name))
		return;
	/* On i386 libseccomp mixes socket with socketcall, where no argument can be looked at. */
	if (verdict == VERDICT_ALLOW && strcmp(name, "socket") == 0 && arch != SCMP_ARCH_X86)
		add_socket(context, policy, call);
	else
		rule_check(seccomp_rule_add_exact(
			context, verdict == VERDICT_ALLOW ? SCMP_ACT_ALLOW : refuse, call, 0));
}

static struct sock_fprog context_export(scmp_filter_ctx context)
{
	int fd = memfd_create("reference", MFD_CLOEXEC);
	struct sock_fprog program;
	off_t size;

	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(context, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	program.len = (unsigned short)((size_t)size / sizeof(*program.filter));
	program.filter = malloc((size_t)size);
	assert_non_null(program.filter);
	assert_int_equal(pread(fd, program.filter, (size_t)size, 0), size);
	close(fd);
	return program;
}

struct sock_fprog reference_make(const struct policy *policy, const enum verdict *verdicts,
				 uint32_t native)
{
	struct seccomp_family family = seccomp_family_of(native);
	scmp_filter_ctx all = NULL;
	struct sock_fprog program;

	for (size_t i = 0; i < family.count; i++) {
		scmp_filter_ctx one = context_new(policy, family.arches[i]);

		for (size_t call = 0; call < policy->call_count; call++)
			add_call(one, policy, family.arches[i], policy->calls[call].name,
				 verdicts[call]);
		if (all)
			assert_int_equal(seccomp_merge(all, one), 0);
		else
			all = one;
	}
	program = context_export(all);
	seccomp_release(all);
	return program;
}
