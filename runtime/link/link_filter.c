/* SPDX-License-Identifier: MIT */
/* The system calls of the process that serves a link. */
#include "link_filter.h"

#include "../base/cleanup.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define OWN_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OWN_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define OWN_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define OWN_ARCH AUDIT_ARCH_S390X
#else
#error "name the AUDIT_ARCH_ of this architecture here, see <linux/audit.h>"
#endif

/* What each C library uses for the same: the older call, the newer, or that for 64-bit times. */
static const unsigned int always[] = {
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_ppoll_time64
	SYS_ppoll_time64,
#endif
	SYS_ppoll,
	SYS_restart_syscall,
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
	SYS_clock_gettime,
	SYS_getrandom,
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
#ifdef SYS_send
	SYS_send,
	SYS_recv,
#endif
	SYS_sendto,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_getsockname,
	SYS_write,
	SYS_close,
	SYS_exit,
	SYS_exit_group,
};

static const unsigned int for_dns[] = {
	SYS_connect,    SYS_accept4, SYS_getsockopt, SYS_read, SYS_getdents64,
#ifdef SYS_stat
	SYS_stat,       SYS_fstat,
#endif
#ifdef SYS_stat64
	SYS_stat64,     SYS_fstat64,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_fstatat64
	SYS_fstatat64,
#endif
#ifdef SYS_statx
	SYS_statx,
#endif
};

static const unsigned int requests[] = {SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFINDEX};
static const unsigned int commands[] = {F_SETFD}; /* musl's open() */
static const unsigned int families[] = {AF_INET, AF_INET6};

#define CHANGING_FLAGS                                                                             \
	(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

/* The half of an argument that holds an int. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define ARGUMENT(i) (uint32_t) offsetof(struct seccomp_data, args[i])
#else
#define ARGUMENT(i) (uint32_t)(offsetof(struct seccomp_data, args[i]) + 4)
#endif

#define LOAD(at)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define VERDICT(v)   BPF_STMT(BPF_RET | BPF_K, v)
#define ALLOW        VERDICT(SECCOMP_RET_ALLOW)
#define KILL         VERDICT(SECCOMP_RET_KILL_PROCESS)
#define NUMBER_AT    (uint32_t) offsetof(struct seccomp_data, nr)
#define ARCH_AT      (uint32_t) offsetof(struct seccomp_data, arch)
#define EQUALS(v, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, v, 0, n)

struct writer {
	struct sock_filter *next;
};

static void put(struct writer *writer, struct sock_filter instruction)
{
	*writer->next++ = instruction;
}

/* Allows what equals any of VALUES. */
static void put_values(struct writer *writer, const unsigned int values[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put(writer, (struct sock_filter)EQUALS(values[i], 1));
		put(writer, (struct sock_filter)ALLOW);
	}
}

/* Allows a call with such a value as its argument AT; no other. */
static void put_call_with(struct writer *writer, unsigned int call, uint32_t at,
			  const unsigned int values[], size_t count)
{
	put(writer, (struct sock_filter)EQUALS(call, (uint8_t)(2 * count + 2)));
	put(writer, (struct sock_filter)LOAD(at));
	put_values(writer, values, count);
	put(writer, (struct sock_filter)KILL);
}

/* Allows opening for nothing but reading; the flags are argument AT. */
static void put_open(struct writer *writer, unsigned int call, uint32_t at)
{
	put(writer, (struct sock_filter)EQUALS(call, 4));
	put(writer, (struct sock_filter)LOAD(at));
	put(writer, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
						 (uint32_t)CHANGING_FLAGS, 1, 0));
	put(writer, (struct sock_filter)ALLOW);
	put(writer, (struct sock_filter)KILL);
}

/* Numbers of x32 share the architecture of x86-64, but none of them is in the lists. */
size_t link_filter_build(bool dns, struct sock_filter out[static LINK_FILTER_MAX])
{
	struct writer writer = {out};

	put(&writer, (struct sock_filter)LOAD(ARCH_AT));
	put(&writer, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0));
	put(&writer, (struct sock_filter)KILL);
	put(&writer, (struct sock_filter)LOAD(NUMBER_AT));
	put_values(&writer, always, ARRAY_SIZE(always));
	put_call_with(&writer, SYS_ioctl, ARGUMENT(1), requests, ARRAY_SIZE(requests));
	if (dns) {
		put_values(&writer, for_dns, ARRAY_SIZE(for_dns));
		put_call_with(&writer, SYS_socket, ARGUMENT(0), families, ARRAY_SIZE(families));
		put_call_with(&writer, SYS_fcntl, ARGUMENT(1), commands, ARRAY_SIZE(commands));
#ifdef SYS_fcntl64
		put_call_with(&writer, SYS_fcntl64, ARGUMENT(1), commands, ARRAY_SIZE(commands));
#endif
		put_open(&writer, SYS_openat, ARGUMENT(2));
#ifdef SYS_open
		put_open(&writer, SYS_open, ARGUMENT(1));
#endif
	}
	put(&writer, (struct sock_filter)KILL);
	return (size_t)(writer.next - out);
}

int link_filter_load(const struct sock_filter *filter, size_t count)
{
	const struct sock_fprog program = {
		.len = (unsigned short)count,
		.filter = (struct sock_filter *)filter,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
