/* SPDX-License-Identifier: MIT */
/* The system call filters of a machine: made at build time, or compiled by the module. */
#include "filters.h"

#include "../../seccomp/module.h"
#include "module.h"

#include <errno.h>

int filters_find(uint64_t capabilities, const char *const *entries, size_t entry_count,
		 struct arena *arena, struct seccomp_filters *out, floe_note_function note,
		 void *context, struct floe_error *error)
{
	struct seccomp_request request = {
		.policy = seccomp_policy_text(),
		.capabilities = capabilities,
		.entries = entries,
		.entry_count = entry_count,
	};
	struct seccomp_compiled compiled = {0};
	const struct seccomp_module *module;
	int r;

	if (entry_count == 0 && seccomp_policy_find(capabilities, out) == 0)
		return 0;
	module = module_seccomp(error);
	if (!module)
		return -ENOENT;
	r = module->compile(&request, arena, &compiled, error);
	if (r < 0)
		return err_errno(error, -r, "cannot compile the system call filter");
	for (size_t i = 0; note && i < compiled.warning_count; i++)
		note(context, compiled.warnings[i]);
	*out = compiled.filters;
	return 0;
}
