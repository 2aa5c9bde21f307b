/* SPDX-License-Identifier: MIT */
/* What seccomp-gen writes into build/seccomp/tables.c. */
#ifndef FLOE_SECCOMP_TABLES_H
#define FLOE_SECCOMP_TABLES_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_table {
	uint64_t capabilities; /* those that matter, of the payload it is for */
	struct sock_fprog program;
};

extern const struct seccomp_table seccomp_tables[];
extern const size_t seccomp_table_count;

/* All capabilities that some rule of the policy depends on. */
extern const uint64_t seccomp_table_capabilities;

/* The policy files, one after the other. */
extern const char seccomp_table_policy[];

#endif
