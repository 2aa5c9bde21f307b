/* SPDX-License-Identifier: MIT */
/* The architectures whose system calls one kernel answers. */
#ifndef FLOE_SECCOMP_COMPILE_FAMILY_H
#define FLOE_SECCOMP_COMPILE_FAMILY_H

#include <stddef.h>
#include <stdint.h>

/* SCMP_ARCH_* values, the native one first: payloads use it most, so the program asks it first. */
struct seccomp_family {
	uint32_t arches[4];
	size_t count;
};

/* The family of the kernel whose native architecture is NATIVE (an SCMP_ARCH_* value). */
struct seccomp_family seccomp_family_of(uint32_t native);

/* What struct seccomp_data holds in arch: AUDIT_ARCH_*. x32 shares that of x86-64 and marks the
 * number instead. */
uint32_t seccomp_family_audit_arch(uint32_t arch);

/*
 * The number by which ARCH calls NAME, negative if it has no such call of its own: one that i386
 * has only inside socketcall or ipc is decided with those, since a filter cannot see which it is.
 */
int seccomp_family_number(uint32_t arch, const char *name);

#endif
