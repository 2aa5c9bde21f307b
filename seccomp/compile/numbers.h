/* SPDX-License-Identifier: MIT */
/* From verdicts on names to verdicts on numbers: what one architecture's program decides. */
#ifndef FLOE_SECCOMP_COMPILE_NUMBERS_H
#define FLOE_SECCOMP_COMPILE_NUMBERS_H

#include "policy.h"

/* What happens from number START up to the next run's. */
enum action {
	ACTION_OTHERWISE,
	ACTION_REFUSE,
	ACTION_ALLOW,
	ACTION_ALLOW_BUT_AUDIT, /* socket: allowed but for NETLINK_AUDIT */
	ACTION_COUNT,
};

struct number_run {
	uint32_t start;
	enum action action;
};

/* All numbers from 0 to UINT32_MAX of one AUDIT_ARCH_* value, sorted, neighbours differ. */
struct number_table {
	uint32_t audit_arch;
	struct number_run *runs;
	size_t run_count;
};

/*
 * Makes the tables for a kernel whose native architecture is NATIVE (SCMP_ARCH_*), at most four.
 * VERDICTS has one entry for each call of POLICY. Names that an architecture lacks, or that
 * libseccomp does not know, are left out. Memory is ARENA's. Returns how many, or -ENOMEM.
 */
int number_tables_make(const struct policy *policy, const enum verdict *verdicts, uint32_t native,
		       struct arena *arena, struct number_table tables[static 4]);

#endif
