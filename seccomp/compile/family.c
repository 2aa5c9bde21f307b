/* SPDX-License-Identifier: MIT */
/* The architectures whose system calls one kernel answers. */
#include "family.h"

#include "../../runtime/base/cleanup.h"

#include <seccomp.h>
#include <string.h>

static const struct seccomp_family families[] = {
	{.arches = {SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, .count = 3},
	{.arches = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM}, .count = 2},
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

/*
 * i386 has socket and IPC calls twice: inside socketcall and ipc, and since Linux 3.0, 4.3 and 5.1
 * under numbers of their own (arch/x86/entry/syscalls/syscall_32.tbl). libseccomp answers a name
 * with a negative number for the first; these are the second.
 */
static const struct {
	const char *name;
	int number;
} direct_i386[] = {
	{"socket", 359},      {"socketpair", 360},  {"bind", 361},       {"connect", 362},
	{"listen", 363},      {"accept4", 364},     {"getsockopt", 365}, {"setsockopt", 366},
	{"getsockname", 367}, {"getpeername", 368}, {"sendto", 369},     {"sendmsg", 370},
	{"recvfrom", 371},    {"recvmsg", 372},     {"shutdown", 373},   {"semget", 393},
	{"semctl", 394},      {"shmget", 395},      {"shmctl", 396},     {"shmat", 397},
	{"shmdt", 398},       {"msgget", 399},      {"msgsnd", 400},     {"msgrcv", 401},
	{"msgctl", 402},      {"recvmmsg", 337},    {"sendmmsg", 345},
};

int seccomp_family_number(uint32_t arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	if (number >= 0 || arch != SCMP_ARCH_X86)
		return number;
	for (size_t i = 0; i < ARRAY_SIZE(direct_i386); i++)
		if (strcmp(direct_i386[i].name, name) == 0)
			return direct_i386[i].number;
	return number;
}
