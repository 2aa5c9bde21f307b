/* SPDX-License-Identifier: MIT */
/* System calls and program entry without a C library; see syscall(2) for the conventions. */
#ifndef FLOE_INIT_SYSCALL_H
#define FLOE_INIT_SYSCALL_H

/* Every call returns a negative errno when it fails. */
#if defined(__x86_64__)

static inline long call(long number, long a, long b, long c, long d, long e)
{
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
			 : "rcx", "r11", "memory");
	return result;
}

/* The kernel leaves argc, argv and envp on the stack, which the ABI wants aligned to 16 bytes. */
#define PROGRAM_ENTRY(function)                                                                    \
	__asm__(".globl _start\n"                                                                  \
		"_start:\n"                                                                        \
		"	xor %ebp, %ebp\n"                                                                \
		"	mov %rsp, %rdi\n"                                                                \
		"	and $-16, %rsp\n"                                                                \
		"	call " #function "\n"                                                      \
		"	hlt\n")

#elif defined(__aarch64__)

static inline long call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}

#define PROGRAM_ENTRY(function)                                                                    \
	__asm__(".globl _start\n"                                                                  \
		"_start:\n"                                                                        \
		"	mov x29, #0\n"                                                                   \
		"	mov x30, #0\n"                                                                   \
		"	mov x0, sp\n"                                                                    \
		"	and sp, x0, #-16\n"                                                              \
		"	bl " #function "\n"                                                        \
		"	brk #0\n")

#else
#error "the stub init knows the system call conventions of x86-64 and AArch64"
#endif

#endif
