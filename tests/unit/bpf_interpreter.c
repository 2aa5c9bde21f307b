/* SPDX-License-Identifier: MIT */
/* Runs a seccomp program as the kernel would, without loading it. */
#include "bpf_interpreter.h"

#include <linux/bpf_common.h>
#include <stdbool.h>
#include <string.h>

/* What kernel/seccomp.c (seccomp_check_filter) lets in, as far as our generators make use of it. */
static bool jump_taken(const struct sock_filter *insn, uint32_t accumulator, bool *known)
{
	*known = true;
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return accumulator == insn->k;
	case BPF_JGT:
		return accumulator > insn->k;
	case BPF_JGE:
		return accumulator >= insn->k;
	case BPF_JSET:
		return accumulator & insn->k;
	default:
		*known = false;
		return false;
	}
}

static bool load(const struct sock_filter *insn, const struct seccomp_data *data, uint32_t *out)
{
	if (insn->k % sizeof(*out) != 0 || insn->k > sizeof(*data) - sizeof(*out))
		return false;
	memcpy(out, (const char *)data + insn->k, sizeof(*out));
	return true;
}

uint64_t bpf_run(const struct sock_fprog *program, const struct seccomp_data *data)
{
	uint32_t accumulator = 0;
	bool known;

	for (uint64_t pc = 0; pc < program->len; pc++) {
		const struct sock_filter *insn = &program->filter[pc];

		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (!load(insn, data, &accumulator))
				return BPF_INVALID;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			accumulator &= insn->k;
			break;
		case BPF_RET | BPF_K:
			return insn->k;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		default:
			if (BPF_CLASS(insn->code) != BPF_JMP || BPF_SRC(insn->code) != BPF_K)
				return BPF_INVALID;
			pc += jump_taken(insn, accumulator, &known) ? insn->jt : insn->jf;
			if (!known)
				return BPF_INVALID;
		}
	}
	return BPF_INVALID;
}
