/* SPDX-License-Identifier: MIT */
/* What a start pays for its filter: made at build time, compiled by the module, or by libseccomp. */
#include "seccomp/seccomp.h"
#include "runtime/base/cleanup.h"
#include "seccomp/compile/compile.h"
#include "seccomp/compile/family.h"
#include "seccomp/module.h"

#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS          200

#define BIT(capability) (UINT64_C(1) << (capability))
#define DEFAULT_SET     (BIT(CAP_SYS_BOOT) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_TTY_CONFIG))

static double now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int time_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* A filter cannot be taken off again: each load happens in a child, which reports its time. */
static double load_once(const struct seccomp_filters *filters, double *shared)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		double start;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			_exit(1);
		start = now_us();
		if (seccomp_filters_load(filters) < 0)
			_exit(1);
		*shared = now_us() - start;
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		give_up("loading a filter");
	return *shared;
}

static double load_median(const struct seccomp_filters *filters)
{
	double *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double times[ROUNDS];

	if (shared == MAP_FAILED)
		give_up("mmap");
	for (size_t i = 0; i < ROUNDS; i++)
		times[i] = load_once(filters, shared);
	munmap(shared, sizeof(*shared));
	qsort(times, ROUNDS, sizeof(times[0]), time_compare);
	return times[ROUNDS / 2];
}

/* The same policy by libseccomp alone, as runtimes without a build-time generator do it. */
static struct sock_fprog live_build(const struct policy *policy, const enum verdict *verdicts)
{
	struct seccomp_family family = seccomp_family_of(seccomp_arch_native());
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO((uint32_t)policy->errno_otherwise));
	uint32_t refuse = SCMP_ACT_ERRNO((uint32_t)policy->errno_refuse);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	struct sock_fprog program;
	off_t size;

	for (size_t i = 1; i < family.count; i++)
		seccomp_arch_add(context, family.arches[i]);
	seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < policy->call_count; i++)
		if (verdicts[i] != VERDICT_UNKNOWN)
			seccomp_rule_add(context,
					 verdicts[i] == VERDICT_ALLOW ? SCMP_ACT_ALLOW : refuse,
					 seccomp_syscall_resolve_name(policy->calls[i].name), 0);
	if (fd < 0 || seccomp_export_bpf(context, fd) < 0)
		give_up("libseccomp");
	seccomp_release(context);
	size = lseek(fd, 0, SEEK_END);
	program.len = (unsigned short)((size_t)size / sizeof(*program.filter));
	program.filter = malloc((size_t)size);
	if (!program.filter || pread(fd, program.filter, (size_t)size, 0) != size)
		give_up("reading the filter");
	close(fd);
	return program;
}

static void report(const char *what, double build, double load, unsigned int length, double base)
{
	printf("%-34s build %7.0f us, load %4.0f us, %4u instructions, x%.1f\n", what, build, load,
	       length, (build + load) / base);
}

static void report_module(double base)
{
	struct seccomp_request request = {.policy = seccomp_policy_text(),
					  .capabilities = DEFAULT_SET};
	struct seccomp_compiled compiled;
	struct floe_error error = {0};
	struct arena arena = {0};
	double build = now_us();

	if (floe_module_seccomp.compile(&request, &arena, &compiled, &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		exit(EXIT_FAILURE);
	}
	build = now_us() - build;
	report("compiled by the module", build, load_median(&compiled.filters),
	       compiled.filters.programs->len, base);
	arena_free(&arena);
}

static void report_live(double base)
{
	struct seccomp_filters filters = {.count = 1};
	struct floe_error error = {0};
	struct arena arena = {0};
	struct policy policy;
	struct sock_fprog program;
	enum verdict *verdicts;
	double build;

	if (policy_parse(seccomp_policy_text(), &arena, &policy, &error) < 0)
		give_up("policy");
	verdicts = arena_alloc(&arena, policy.call_count * sizeof(*verdicts));
	if (!verdicts)
		give_up("policy");
	policy_apply(&policy, DEFAULT_SET, verdicts);
	build = now_us();
	program = live_build(&policy, verdicts);
	build = now_us() - build;
	filters.programs = &program;
	report("libseccomp, binary tree", build, load_median(&filters), program.len, base);
	free(program.filter);
	arena_free(&arena);
}

int main(void)
{
	struct seccomp_filters filters;
	double base;

	if (seccomp_policy_find(DEFAULT_SET, &filters) < 0)
		give_up("the default filter");
	base = load_median(&filters);
	report("made at build time", 0, base, filters.programs->len, base);
	report_module(base);
	report_live(base);
	return EXIT_SUCCESS;
}
