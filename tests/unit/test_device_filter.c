/* SPDX-License-Identifier: MIT */
/* Device programs, run by an interpreter of the few instructions they consist of. */
#include "../../runtime/sys/device_filter.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define MKNOD BPF_DEVCG_ACC_MKNOD
#define READ  BPF_DEVCG_ACC_READ
#define WRITE BPF_DEVCG_ACC_WRITE

static const struct device_rule rules[] = {
	{'c', 1, 3, "rwm", "null"}, {'c', 136, -1, "rw", "pts"},   {'c', 5, 2, "r", "ptmx"},
	{'c', 5, 2, "w", "ptmx"},   {'b', -1, -1, "m", "any"},     {'b', 7, -1, "r", "loop"},
	{'c', -1, 99, "r", "odd"},  {'c', 1048575, 0, "rwm", "x"},
};

static uint32_t load(const struct bpf_cgroup_dev_ctx *context, int offset)
{
	uint32_t value;

	assert_in_range(offset, 0, sizeof(*context) - sizeof(value));
	memcpy(&value, (const char *)context + offset, sizeof(value));
	return value;
}

/* The upper halves of registers are cleared by 32-bit instructions (bpf instruction set). */
static uint64_t compute(const struct bpf_insn *at, const uint64_t *registers)
{
	uint32_t from = (uint32_t)registers[at->src_reg], to = (uint32_t)registers[at->dst_reg];

	switch (at->code) {
	case BPF_ALU64 | BPF_MOV | BPF_K:
		return (uint64_t)(int64_t)at->imm;
	case BPF_ALU | BPF_MOV | BPF_X:
		return from;
	case BPF_ALU | BPF_AND | BPF_K:
		return to & (uint32_t)at->imm;
	case BPF_ALU | BPF_RSH | BPF_K:
		return to >> at->imm;
	}
	fail_msg("instruction 0x%02x is not known", at->code);
	return 0;
}

/* Runs the program from its first instruction; each is reached at most once. */
static uint64_t run(const struct bpf_insn *program, int length,
		    const struct bpf_cgroup_dev_ctx *context)
{
	uint64_t registers[11] = {0};

	for (int i = 0; i < length; i++) {
		const struct bpf_insn *at = &program[i];

		if (at->code == (BPF_JMP | BPF_EXIT))
			return registers[0];
		if (at->code == (BPF_JMP | BPF_JNE | BPF_K)) {
			assert_true(at->off > 0);
			if (registers[at->dst_reg] != (uint64_t)(int64_t)at->imm)
				i += at->off;
		} else if (at->code == (BPF_LDX | BPF_MEM | BPF_W)) {
			assert_int_equal(at->src_reg, BPF_REG_1);
			registers[at->dst_reg] = load(context, at->off);
		} else {
			registers[at->dst_reg] = compute(at, registers);
		}
	}
	fail_msg("the program runs over its end");
	return 0;
}

static bool allows_by(const struct device_rule *list, size_t count, char type, uint32_t major,
		      uint32_t minor, uint32_t access)
{
	struct bpf_insn program[DEVICE_FILTER_SIZE(ARRAY_SIZE(rules))];
	struct bpf_cgroup_dev_ctx context = {
		.access_type = access << 16 |
			       (uint32_t)(type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK),
		.major = major,
		.minor = minor,
	};
	int length = device_filter_make(list, count, program);

	assert_in_range(length, 1, DEVICE_FILTER_SIZE(count));
	return run(program, length, &context) != 0;
}

static bool allows(char type, uint32_t major, uint32_t minor, uint32_t access)
{
	return allows_by(rules, ARRAY_SIZE(rules), type, major, minor, access);
}

static void named_nodes_are_allowed(void **state)
{
	(void)state;
	assert_true(allows('c', 1, 3, READ));
	assert_true(allows('c', 1, 3, READ | WRITE));
	assert_true(allows('c', 1, 3, READ | WRITE | MKNOD));
	assert_true(allows('c', 1048575, 0, WRITE));
	assert_false(allows('b', 1, 3, READ));
	assert_false(allows('c', 1, 4, READ));
	assert_false(allows('c', 2, 3, READ));
	assert_false(allows('c', 65537, 3, READ));
}

static void any_number_is_allowed(void **state)
{
	(void)state;
	assert_true(allows('c', 136, 0, READ | WRITE));
	assert_true(allows('c', 136, 1048575, READ));
	assert_false(allows('c', 136, 7, MKNOD));
	assert_false(allows('c', 137, 7, READ));
	assert_true(allows('b', 8, 1, MKNOD));
	assert_false(allows('b', 8, 1, READ));
	assert_true(allows('b', 7, 4, READ));
	assert_true(allows('c', 77, 99, READ));
}

static void access_is_allowed_whole_by_one_rule(void **state)
{
	(void)state;
	assert_true(allows('c', 5, 2, READ));
	assert_true(allows('c', 5, 2, WRITE));
	assert_false(allows('c', 5, 2, READ | WRITE));
	assert_false(allows('b', 7, 0, READ | MKNOD));
}

static void no_rules_allow_nothing(void **state)
{
	(void)state;
	assert_false(allows_by(NULL, 0, 'c', 1, 3, READ));
	assert_false(allows_by(NULL, 0, 'b', 0, 0, MKNOD));
}

static void senseless_rules_are_refused(void **state)
{
	static const struct device_rule bad[] = {
		{'x', 1, 3, "rwm", ""}, {'c', -2, 3, "rwm", ""}, {'c', 1, -2, "rwm", ""},
		{'c', 1, 3, "", ""},    {'c', 1, 3, "rx", ""},   {'\0', 1, 3, "r", ""},
	};
	struct bpf_insn program[DEVICE_FILTER_SIZE(1)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(device_filter_make(&bad[i], 1, program), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_nodes_are_allowed),
		cmocka_unit_test(any_number_is_allowed),
		cmocka_unit_test(access_is_allowed_whole_by_one_rule),
		cmocka_unit_test(no_rules_allow_nothing),
		cmocka_unit_test(senseless_rules_are_refused),
	};

	return cmocka_run_group_tests_name("device_filter", tests, NULL, NULL);
}
