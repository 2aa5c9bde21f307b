/* SPDX-License-Identifier: MIT */
/* The loadable module: filters that were not made at build time. */
#include "../module.h"

#include "../../runtime/base/err.h"
#include "../compile/compile.h"
#include "entries.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

static int module_compile(const struct seccomp_request *request, struct arena *arena,
			  struct seccomp_compiled *out, struct floe_error *error)
{
	struct sock_fprog *program = arena_alloc(arena, sizeof(*program));
	struct policy *policy = arena_alloc(arena, sizeof(*policy));
	enum verdict *verdicts;
	int r;

	memset(out, 0, sizeof(*out));
	if (!program || !policy)
		return err_errno(error, ENOMEM, "cannot compile the system call filter");
	r = policy_parse(request->policy, arena, policy, error);
	if (r < 0)
		return r;
	verdicts = entries_apply(policy, request, out, error);
	if (!verdicts)
		return arena_failed(arena) ? -ENOMEM : -EINVAL;
	r = policy_compile(policy, verdicts, seccomp_arch_native(), arena, program, error);
	if (r < 0)
		return r;
	out->filters = (struct seccomp_filters){.programs = program, .count = 1};
	return 0;
}

const struct seccomp_module floe_module_seccomp = {
	.compile = module_compile,
};
