/* SPDX-License-Identifier: MIT */
/* From verdicts on names to a program: shared by the build-time generator and the module. */
#ifndef FLOE_SECCOMP_COMPILE_COMPILE_H
#define FLOE_SECCOMP_COMPILE_COMPILE_H

#include "policy.h"

#include <linux/filter.h>

/*
 * Makes the program of VERDICTS (one for each call of POLICY) for the kernel whose native
 * architecture is NATIVE (SCMP_ARCH_*). The code is ARENA's. 0 or a negative errno.
 */
int policy_compile(const struct policy *policy, const enum verdict *verdicts, uint32_t native,
		   struct arena *arena, struct sock_fprog *out, struct floe_error *error);

#endif
