/* SPDX-License-Identifier: MIT */
/* What a parsed policy says: look-up of names, and the verdict on each. */
#include "policy.h"

#include <errno.h>
#include <string.h>

/* FNV-1a: names are few and trusted, any even hash does. */
static size_t name_bucket(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash % POLICY_BUCKETS;
}

ssize_t policy_call_find(const struct policy *policy, const char *name)
{
	size_t entry = policy->buckets[name_bucket(name)];

	while (entry) {
		if (strcmp(policy->calls[entry - 1].name, name) == 0)
			return (ssize_t)(entry - 1);
		entry = policy->calls[entry - 1].next;
	}
	return -ENOENT;
}

ssize_t policy_call_intern(struct policy *policy, const char *name)
{
	size_t *bucket = &policy->buckets[name_bucket(name)];
	ssize_t found = policy_call_find(policy, name);
	struct policy_call *call;

	if (found >= 0)
		return found;
	call = ARENA_APPEND(policy->arena, policy->calls, policy->call_count);
	if (!call)
		return -ENOMEM;
	call->name = arena_strdup(policy->arena, name);
	call->next = *bucket;
	*bucket = policy->call_count;
	return (ssize_t)(policy->call_count - 1);
}

ssize_t policy_group_find(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->group_count; i++)
		if (strcmp(policy->groups[i].name, name) == 0)
			return (ssize_t)i;
	return -ENOENT;
}

uint64_t policy_capabilities(const struct policy *policy)
{
	uint64_t all = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		all |= policy->rules[i].capabilities;
	return all;
}

/* Groups hold only groups that stand above them in the text, so this ends. */
void policy_set_apply(const struct policy *policy, const struct policy_set *set,
		      enum verdict verdict, enum verdict *verdicts)
{
	for (size_t i = 0; i < set->member_count; i++) {
		const struct policy_member *member = &set->members[i];

		if (member->is_group)
			policy_set_apply(policy, &policy->groups[member->index], verdict, verdicts);
		else
			verdicts[member->index] = verdict;
	}
}

void policy_apply(const struct policy *policy, uint64_t capabilities, enum verdict *verdicts)
{
	memset(verdicts, 0, policy->call_count * sizeof(*verdicts));
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (!rule->capabilities || (rule->capabilities & capabilities))
			policy_set_apply(policy, &rule->set, rule->verdict, verdicts);
	}
}
