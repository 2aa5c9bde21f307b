/* SPDX-License-Identifier: MIT */
/* Runs a seccomp program as the kernel would, without loading it. */
#ifndef FLOE_TESTS_BPF_INTERPRETER_H
#define FLOE_TESTS_BPF_INTERPRETER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/*
 * The verdict (SECCOMP_RET_*) of PROGRAM on DATA. A program that the kernel would not take (a jump
 * or load out of range, an instruction that filters may not hold, no return) gives BPF_INVALID.
 */
#define BPF_INVALID UINT64_MAX
uint64_t bpf_run(const struct sock_fprog *program, const struct seccomp_data *data);

#endif
