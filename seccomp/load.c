/* SPDX-License-Identifier: MIT */
/* Choosing among the filters made at build time, and loading filters. */
#include "module.h"
#include "seccomp.h"
#include "tables.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t seccomp_policy_capabilities(void)
{
	return seccomp_table_capabilities;
}

const char *seccomp_policy_text(void)
{
	return seccomp_table_policy;
}

int seccomp_policy_find(uint64_t capabilities, struct seccomp_filters *out)
{
	uint64_t wanted = capabilities & seccomp_table_capabilities;

	for (size_t i = 0; i < seccomp_table_count; i++) {
		if (seccomp_tables[i].capabilities != wanted)
			continue;
		*out = (struct seccomp_filters){.programs = &seccomp_tables[i].program, .count = 1};
		return 0;
	}
	return -ENOENT;
}

int seccomp_filters_load(const struct seccomp_filters *filters)
{
	/* glibc has no wrapper (seccomp(2)). No flags: the child has one thread, and speculation
	 * stays as the host decided. */
	for (size_t i = 0; i < filters->count; i++)
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filters->programs[i]) < 0)
			return -errno;
	return 0;
}

bool seccomp_available(void)
{
	/* A program at no address: a kernel with filters tries to read it, one without answers
	 * EINVAL or ENOSYS at once (seccomp(2), "Checking for support"). */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno == EFAULT;
}
