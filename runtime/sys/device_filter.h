/* SPDX-License-Identifier: MIT */
/* BPF programs that decide which device nodes a cgroup may use. */
#ifndef FLOE_SYS_DEVICE_FILTER_H
#define FLOE_SYS_DEVICE_FILTER_H

#include "../base/device.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

/* Most instructions that the program for COUNT rules has. */
#define DEVICE_FILTER_SIZE(count) (8 + 8 * (count))

/*
 * Pure: writes a BPF_PROG_TYPE_CGROUP_DEVICE program to PROGRAM, which has room for
 * DEVICE_FILTER_SIZE(COUNT). It allows what one of RULES allows whole and refuses the rest with
 * EPERM. Returns how many instructions it has, or -EINVAL for a rule that makes no sense.
 */
int device_filter_make(const struct device_rule *rules, size_t count, struct bpf_insn *program);

/* Loads a program of LENGTH instructions: its descriptor, the caller's to close, or -errno. */
int device_filter_load(const struct bpf_insn *program, size_t length);

/* Attaches it to the cgroup2 directory CGROUP, beside those of the groups above, for as long as
 * the group exists. 0 or -errno. */
int device_filter_attach(int program, int cgroup);

/* Whether the kernel takes such programs from the caller. */
bool device_filter_supported(void);

#endif
