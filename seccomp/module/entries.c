/* SPDX-License-Identifier: MIT */
/* The user's --system-call-filter entries, applied to the policy. */
#include "entries.h"

#include "../../runtime/base/err.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

struct entries {
	struct policy *policy;
	struct policy_set sets[2]; /* allowed, refused */
	const char **warnings;
	size_t warning_count;
};

static bool is_refused(const char *entry)
{
	return entry[0] == '~';
}

/* Not an error: a profile may name calls of newer kernels, and nspawn takes it so. */
static int entry_warn(struct entries *entries, const char *name)
{
	struct arena *arena = entries->policy->arena;
	const struct scmp_version *version = seccomp_version();
	const char **warning = ARENA_APPEND(arena, entries->warnings, entries->warning_count);

	if (!warning)
		return -ENOMEM;
	*warning = arena_printf(
		arena, "libseccomp %u.%u.%u knows no system call '%s': ignored in the filter",
		version->major, version->minor, version->micro, name);
	return 0;
}

/* The index of what NAME names; -ENOENT for a call that does not exist. */
static ssize_t entry_resolve(struct entries *entries, const char *name, struct floe_error *error)
{
	ssize_t index;

	if (name[0] == '@') {
		index = policy_group_find(entries->policy, name);
		if (index >= 0)
			return index;
		err_usage(error, "no group of system calls is called '%s'", name);
		err_hint(error, "systemd.exec(5) lists the groups, under System Call Filtering");
		return -EINVAL;
	}
	if (name[0] == '\0')
		return err_usage(error, "an entry of the system call filter names no call");
	if (seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR)
		return -ENOENT;
	return policy_call_intern(entries->policy, name);
}

static int entry_add(struct entries *entries, const char *entry, struct floe_error *error)
{
	struct policy_set *set = &entries->sets[is_refused(entry)];
	const char *name = entry + is_refused(entry);
	ssize_t index = entry_resolve(entries, name, error);
	struct policy_member *member;

	if (index == -ENOENT)
		return entry_warn(entries, name);
	if (index < 0)
		return (int)index;
	member = ARENA_APPEND(entries->policy->arena, set->members, set->member_count);
	if (!member)
		return -ENOMEM;
	*member = (struct policy_member){.is_group = name[0] == '@', .index = (size_t)index};
	return 0;
}

enum verdict *entries_apply(struct policy *policy, const struct seccomp_request *request,
			    struct seccomp_compiled *out, struct floe_error *error)
{
	struct entries entries = {.policy = policy};
	enum verdict *verdicts;

	for (size_t i = 0; i < request->entry_count; i++) {
		int r = entry_add(&entries, request->entries[i], error);

		if (r < 0 && r != -ENOMEM)
			return NULL;
	}
	verdicts = arena_alloc(policy->arena, policy->call_count * sizeof(*verdicts));
	if (arena_failed(policy->arena)) {
		err_errno(error, ENOMEM, "cannot read the entries of the system call filter");
		return NULL;
	}
	policy_apply(policy, request->capabilities, verdicts);
	policy_set_apply(policy, &entries.sets[false], VERDICT_ALLOW, verdicts);
	policy_set_apply(policy, &entries.sets[true], VERDICT_REFUSE, verdicts);
	out->warnings = entries.warnings;
	out->warning_count = entries.warning_count;
	return verdicts;
}
