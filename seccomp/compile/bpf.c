/* SPDX-License-Identifier: MIT */
/* From verdicts on numbers to one BPF program. */
#include "bpf.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

/*
 * Why not libseccomp's generator: it compares call by call. For x86-64, x32 and i386 together its
 * binary tree has 1483 instructions and loads in 300 us, its linear form 1185 and 760 us, one tree
 * an architecture 1491 and 320 us; runs of equal verdict take 275 and load in 100 us. The kernel
 * checks and compiles the program and runs it once a call to fill its cache: length and depth both
 * count. libseccomp's output is what the tests compare this one with.
 *
 * Jumps in BPF lead forward only. So the program is made from its end: whatever a jump leads to
 * exists already, and equal returns are shared as far as the 8-bit offsets reach. A label is the
 * index of an instruction counted from the end.
 */
struct maker {
	const struct policy *policy;
	struct arena *arena;
	struct sock_filter *code; /* reversed */
	size_t count;
	size_t returns[ACTION_COUNT + 1]; /* label + 1 of the last return of each kind */
};

/* Besides the actions: the answer for the audit socket. */
#define RETURN_AUDIT ACTION_COUNT

/* Leaves room for the jumps that put() may still have to insert. */
#define REACH 250

static size_t put(struct maker *maker, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
	struct sock_filter *insn = ARENA_APPEND(maker->arena, maker->code, maker->count);

	if (!insn)
		return 0;
	*insn = (struct sock_filter){.code = code, .jt = (uint8_t)jt, .jf = (uint8_t)jf, .k = k};
	return maker->count - 1;
}

static size_t put_load(struct maker *maker, size_t offset)
{
	return put(maker, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static uint32_t return_value(const struct policy *policy, unsigned int kind)
{
	switch (kind) {
	case ACTION_OTHERWISE:
		return SECCOMP_RET_ERRNO | (uint32_t)policy->errno_otherwise;
	case ACTION_REFUSE:
		return SECCOMP_RET_ERRNO | (uint32_t)policy->errno_refuse;
	case RETURN_AUDIT:
		return SECCOMP_RET_ERRNO | (uint32_t)policy->errno_audit;
	default:
		return SECCOMP_RET_ALLOW;
	}
}

static size_t put_return(struct maker *maker, unsigned int kind)
{
	size_t last = maker->returns[kind];

	if (last == 0 || maker->count - (last - 1) > REACH) {
		last = put(maker, BPF_RET | BPF_K, return_value(maker->policy, kind), 0, 0) + 1;
		maker->returns[kind] = last;
	}
	return last - 1;
}

/* A label for LABEL that a jump put here can reach: itself, or a jump to it. */
static size_t reachable(struct maker *maker, size_t label)
{
	if (maker->count - label <= REACH)
		return label;
	return put(maker, BPF_JMP | BPF_JA, (uint32_t)(maker->count - label - 1), 0, 0);
}

/* The comparison TEST (BPF_JGE or BPF_JEQ) of the accumulator with K. */
static size_t put_jump(struct maker *maker, uint16_t test, uint32_t k, size_t yes, size_t no)
{
	size_t near_yes = reachable(maker, yes);
	size_t near_no = reachable(maker, no);

	return put(maker, BPF_JMP | test | BPF_K, k, maker->count - near_yes - 1,
		   maker->count - near_no - 1);
}

/* The kernel takes both arguments as int: their low halves decide, whatever is in the high ones. */
static size_t low_half(size_t argument)
{
	size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? offset + sizeof(uint32_t) : offset;
}

static size_t put_audit_check(struct maker *maker)
{
	size_t refuse = put_return(maker, RETURN_AUDIT);
	size_t allow = put_return(maker, ACTION_ALLOW);

	put_jump(maker, BPF_JEQ, NETLINK_AUDIT, refuse, allow);
	refuse = put_load(maker, low_half(2));
	put_jump(maker, BPF_JEQ, AF_NETLINK, refuse, put_return(maker, ACTION_ALLOW));
	return put_load(maker, low_half(0));
}

static size_t put_leaf(struct maker *maker, enum action action)
{
	if (action == ACTION_ALLOW_BUT_AUDIT)
		return put_audit_check(maker);
	return put_return(maker, action);
}

/* One number between two runs of the same verdict takes one comparison instead of two. */
static bool is_exception(const struct number_run *runs, size_t count)
{
	return count == 3 && runs[0].action == runs[2].action && runs[2].start == runs[1].start + 1;
}

/* Depth is the logarithm of COUNT, which is below 1000. */
static size_t put_search(struct maker *maker, const struct number_run *runs, size_t count)
{
	size_t half = count / 2;
	size_t low, high;

	if (count == 1)
		return put_leaf(maker, runs[0].action);
	if (is_exception(runs, count)) {
		low = put_leaf(maker, runs[0].action);
		high = put_leaf(maker, runs[1].action);
		return put_jump(maker, BPF_JEQ, runs[1].start, high, low);
	}
	high = put_search(maker, runs + half, count - half);
	low = put_search(maker, runs, half);
	return put_jump(maker, BPF_JGE, runs[half].start, high, low);
}

static size_t put_table(struct maker *maker, const struct number_table *table, size_t other)
{
	size_t entry = put_search(maker, table->runs, table->run_count);

	/* Falls through from the load into the search, which is rarely what was put last. */
	if (entry != maker->count - 1)
		put(maker, BPF_JMP | BPF_JA, (uint32_t)(maker->count - entry - 1), 0, 0);
	entry = put_load(maker, offsetof(struct seccomp_data, nr));
	return put_jump(maker, BPF_JEQ, table->audit_arch, entry, other);
}

static struct sock_filter *reversed(const struct maker *maker)
{
	struct sock_filter *code = arena_alloc(maker->arena, maker->count * sizeof(*code));

	for (size_t i = 0; code && i < maker->count; i++)
		code[i] = maker->code[maker->count - 1 - i];
	return code;
}

int bpf_make(const struct policy *policy, const struct number_table *tables, size_t count,
	     struct arena *arena, struct sock_fprog *out)
{
	struct maker maker = {.policy = policy, .arena = arena};
	size_t entry = put_return(&maker, ACTION_OTHERWISE);

	while (count > 0)
		entry = put_table(&maker, &tables[--count], entry);
	put_load(&maker, offsetof(struct seccomp_data, arch));
	if (arena_failed(arena))
		return -ENOMEM;
	if (maker.count > BPF_MAXINSNS)
		return -E2BIG;
	*out = (struct sock_fprog){.len = (unsigned short)maker.count, .filter = reversed(&maker)};
	return out->filter ? 0 : -ENOMEM;
}
