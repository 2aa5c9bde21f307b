/* SPDX-License-Identifier: MIT */
/* The user's --system-call-filter entries, applied to the policy. */
#ifndef FLOE_SECCOMP_MODULE_ENTRIES_H
#define FLOE_SECCOMP_MODULE_ENTRIES_H

#include "../compile/policy.h"
#include "../module.h"

/*
 * Gives the verdicts of POLICY for REQUEST, one for each call: the policy's own, then allowed
 * entries, then refused ones. POLICY takes up calls that only an entry names. Warnings are appended
 * to OUT. Memory is the policy's arena's. NULL on failure, with ERROR filled.
 */
enum verdict *entries_apply(struct policy *policy, const struct seccomp_request *request,
			    struct seccomp_compiled *out, struct floe_error *error);

#endif
