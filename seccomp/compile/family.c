/* SPDX-License-Identifier: MIT */
/* The architectures whose system calls one kernel answers. */
#include "family.h"

#include "../../runtime/base/cleanup.h"

#include <seccomp.h>

static const struct seccomp_family families[] = {
	{.arches = {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, .count = 3},
	{.arches = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM}, .count = 2},
	{.arches = {SCMP_ARCH_S390X, SCMP_ARCH_S390}, .count = 2},
	{.arches = {SCMP_ARCH_PPC64, SCMP_ARCH_PPC}, .count = 2},
};

struct seccomp_family seccomp_family_of(uint32_t native)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].arches[0] == native)
			return families[i];
	return (struct seccomp_family){.arches = {native}, .count = 1};
}

uint32_t seccomp_family_audit_arch(uint32_t arch)
{
	/* libseccomp's other values are the kernel's. */
	return arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch;
}
