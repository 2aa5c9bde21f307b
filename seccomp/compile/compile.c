/* SPDX-License-Identifier: MIT */
/* From verdicts on names to a program. */
#include "compile.h"

#include "../../runtime/base/err.h"
#include "bpf.h"
#include "numbers.h"

int policy_compile(const struct policy *policy, const enum verdict *verdicts, uint32_t native,
		   struct arena *arena, struct sock_fprog *out, struct floe_error *error)
{
	struct number_table tables[4];
	int r = number_tables_make(policy, verdicts, native, arena, tables);

	if (r >= 0)
		r = bpf_make(policy, tables, (size_t)r, arena, out);
	if (r < 0)
		return err_errno(error, -r, "cannot compile the system call filter");
	return 0;
}
