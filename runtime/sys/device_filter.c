/* SPDX-License-Identifier: MIT */
/* BPF programs that decide which device nodes a cgroup may use. */
#include "device_filter.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"

/* Registers, as the program uses them. The context comes in R1 (struct bpf_cgroup_dev_ctx). */
enum {
	RESULT = BPF_REG_0,
	CONTEXT = BPF_REG_1,
	TYPE = BPF_REG_2,
	ACCESS = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5,
};

struct assembler {
	struct bpf_insn *program;
	size_t length;
};

static void emit(struct assembler *out, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
		 int32_t value)
{
	out->program[out->length++] = (struct bpf_insn){
		.code = code, .dst_reg = to, .src_reg = from, .off = offset, .imm = value};
}

static void emit_load(struct assembler *out, uint8_t to, size_t offset)
{
	emit(out, BPF_LDX | BPF_MEM | BPF_W, to, CONTEXT, (int16_t)offset, 0);
}

static void emit_return(struct assembler *out, int32_t value)
{
	emit(out, BPF_ALU64 | BPF_MOV | BPF_K, RESULT, 0, 0, value);
	emit(out, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps to the next rule when FIELD is not VALUE; where that is is filled in later. */
static void emit_unless_equal(struct assembler *out, uint8_t field, int32_t value)
{
	emit(out, BPF_JMP | BPF_JNE | BPF_K, field, 0, 0, value);
}

static int access_mask(const char *access)
{
	static const char letters[] = "mrw"; /* BPF_DEVCG_ACC_MKNOD, _READ, _WRITE: 1, 2, 4 */
	int mask = 0;

	for (const char *at = access; *at; at++) {
		const char *letter = strchr(letters, *at);

		if (!letter)
			return 0;
		mask |= 1 << (letter - letters);
	}
	return mask;
}

/* access_type holds the type in its lower half and the access in its upper half. */
static void emit_fields(struct assembler *out)
{
	emit_load(out, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(out, BPF_ALU | BPF_MOV | BPF_X, ACCESS, TYPE, 0, 0);
	emit(out, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
	emit(out, BPF_ALU | BPF_RSH | BPF_K, ACCESS, 0, 0, 16);
	emit_load(out, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(out, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static bool rule_makes_sense(const struct device_rule *rule)
{
	return (rule->type == 'c' || rule->type == 'b') && rule->major >= -1 && rule->minor >= -1 &&
	       access_mask(rule->access) != 0;
}

static void emit_rule(struct assembler *out, const struct device_rule *rule)
{
	size_t start = out->length;

	emit_unless_equal(out, TYPE, rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	if (rule->major >= 0)
		emit_unless_equal(out, MAJOR, rule->major);
	if (rule->minor >= 0)
		emit_unless_equal(out, MINOR, rule->minor);
	/* Opening for both asks for both at once: a rule has to allow all of it. */
	emit(out, BPF_ALU | BPF_MOV | BPF_X, RESULT, ACCESS, 0, 0);
	emit(out, BPF_ALU | BPF_AND | BPF_K, RESULT, 0, 0, ~access_mask(rule->access));
	emit_unless_equal(out, RESULT, 0);
	emit_return(out, 1);
	for (size_t i = start; i < out->length; i++) {
		if (out->program[i].code == (BPF_JMP | BPF_JNE | BPF_K))
			out->program[i].off = (int16_t)(out->length - i - 1);
	}
}

int device_filter_make(const struct device_rule *rules, size_t count, struct bpf_insn *program)
{
	struct assembler out = {program, 0};

	emit_fields(&out);
	for (size_t i = 0; i < count; i++) {
		if (!rule_makes_sense(&rules[i]))
			return -EINVAL;
		emit_rule(&out, &rules[i]);
	}
	emit_return(&out, 0);
	return (int)out.length;
}

int device_filter_load(const struct bpf_insn *program, size_t length)
{
	/* The licence matters to helpers, of which none is called. */
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)length,
		.insns = (uint64_t)(uintptr_t)program,
		.license = (uint64_t)(uintptr_t) "MIT",
		.prog_name = "floe_devices",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));

	return fd < 0 ? -errno : fd;
}

int device_filter_attach(int program, int cgroup)
{
	union bpf_attr attributes = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	return syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof(attributes)) < 0 ? -errno : 0;
}

bool device_filter_supported(void)
{
	struct bpf_insn program[DEVICE_FILTER_SIZE(0)];
	int length = device_filter_make(NULL, 0, program);
	CLEANUP_FD int fd = device_filter_load(program, (size_t)length);

	return fd >= 0;
}
