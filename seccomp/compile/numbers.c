/* SPDX-License-Identifier: MIT */
/* From verdicts on names to verdicts on numbers. */
#include "numbers.h"

#include "family.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct number {
	uint32_t number;
	enum action action;
};

struct numbers {
	struct number *list;
	size_t count;
};

static enum action action_of(const struct policy *policy, size_t call, enum verdict verdict)
{
	if (verdict == VERDICT_UNKNOWN)
		return ACTION_OTHERWISE;
	if (verdict == VERDICT_REFUSE)
		return ACTION_REFUSE;
	if (policy->errno_audit && strcmp(policy->calls[call].name, "socket") == 0)
		return ACTION_ALLOW_BUT_AUDIT;
	return ACTION_ALLOW;
}

static int numbers_collect(const struct policy *policy, const enum verdict *verdicts, uint32_t arch,
			   struct arena *arena, struct numbers *numbers)
{
	for (size_t i = 0; i < policy->call_count; i++) {
		int nr = seccomp_family_number(arch, policy->calls[i].name);
		struct number *number;

		if (nr < 0)
			continue;
		number = ARENA_APPEND(arena, numbers->list, numbers->count);
		if (!number)
			return -ENOMEM;
		number->number = (uint32_t)nr;
		number->action = action_of(policy, i, verdicts[i]);
	}
	return 0;
}

/* Two names may share a number (fadvise64_64 and arm_fadvise64_64): the milder verdict first. */
static int number_compare(const void *a, const void *b)
{
	const struct number *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (int)y->action - (int)x->action;
}

static int run_add(struct arena *arena, struct number_table *table, uint32_t start,
		   enum action action)
{
	struct number_run *run;

	if (table->run_count > 0 && table->runs[table->run_count - 1].action == action)
		return 0;
	run = ARENA_APPEND(arena, table->runs, table->run_count);
	if (!run)
		return -ENOMEM;
	*run = (struct number_run){.start = start, .action = action};
	return 0;
}

static int table_fill(struct arena *arena, const struct numbers *numbers,
		      struct number_table *table)
{
	uint64_t next = 0; /* the first number not yet decided */
	int r = 0;

	for (size_t i = 0; i < numbers->count && r == 0; i++) {
		const struct number *number = &numbers->list[i];

		if (number->number < next)
			continue;
		if (number->number > next)
			r = run_add(arena, table, (uint32_t)next, ACTION_OTHERWISE);
		if (r == 0)
			r = run_add(arena, table, number->number, number->action);
		next = (uint64_t)number->number + 1;
	}
	if (r == 0 && next <= UINT32_MAX)
		r = run_add(arena, table, (uint32_t)next, ACTION_OTHERWISE);
	return r;
}

/* Architectures with the same AUDIT_ARCH_* value (x86-64 and x32) stand next to each other. */
int number_tables_make(const struct policy *policy, const enum verdict *verdicts, uint32_t native,
		       struct arena *arena, struct number_table tables[static 4])
{
	struct seccomp_family family = seccomp_family_of(native);
	int count = 0;

	for (size_t i = 0; i < family.count;) {
		uint32_t audit_arch = seccomp_family_audit_arch(family.arches[i]);
		struct number_table *table = &tables[count++];
		struct numbers numbers = {0};
		int r = 0;

		*table = (struct number_table){.audit_arch = audit_arch};
		for (; i < family.count && r == 0; i++) {
			if (seccomp_family_audit_arch(family.arches[i]) != audit_arch)
				break;
			r = numbers_collect(policy, verdicts, family.arches[i], arena, &numbers);
		}
		if (r < 0)
			return r;
		if (numbers.list)
			qsort(numbers.list, numbers.count, sizeof(*numbers.list), number_compare);
		r = table_fill(arena, &numbers, table);
		if (r < 0)
			return r;
	}
	return count;
}
