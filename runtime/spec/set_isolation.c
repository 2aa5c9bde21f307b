/* SPDX-License-Identifier: MIT */
/* Setting what separates the machine: users, capabilities, system calls. */
#include "option.h"

#include "names.h"
#include "text.h"

#include <string.h>

/* 65536: what nspawn gives, all ids of 16 bits. */
#define UID_COUNT_DEFAULT 65536

/* The last id, (uid_t)-1, means "none" to the kernel (chown(2), setresuid(2)). */
#define UID_MAX (UINT32_MAX - 1)

static int set_fixed_users(const struct option_call *call)
{
	struct spec *spec = call->spec;
	const char *rest = call->value;
	const char *base_text = text_split(&spec->arena, &rest, ':');
	uint64_t base, count = UID_COUNT_DEFAULT;

	if (!base_text || text_to_unsigned(base_text, UID_MAX, &base) < 0 ||
	    (rest && text_to_unsigned(rest, UINT32_MAX, &count) < 0))
		return option_refuse(call, "expected pick, no, yes, identity, or the first user id "
					   "on the host and, after a colon, how many");
	if (count == 0 || base + count - 1 > UID_MAX)
		return option_refuse(call, "a range has at least one id and ends at %u or before",
				     UID_MAX);
	spec->userns = SPEC_USERNS_FIXED;
	spec->uid_base = (uint32_t)base;
	spec->uid_count = (uint32_t)count;
	return 0;
}

/* Digits are a range, never a truth value: --private-users=0 and =1 are bases. */
int set_private_users(const struct option_call *call)
{
	struct spec *spec = call->spec;
	bool truth;
	int mode;

	if (!call->value) {
		mode = words_userns.bare;
	} else if (*call->value >= '0' && *call->value <= '9') {
		return set_fixed_users(call);
	} else if (word_find(&words_userns, call->value, &mode) < 0 || mode == SPEC_USERNS_FIXED) {
		if (text_to_bool(call->value, &truth) < 0)
			return set_fixed_users(call);
		mode = truth ? SPEC_USERNS_OWNER : SPEC_USERNS_NO;
	}
	spec->userns = (enum spec_userns)mode;
	spec->uid_base = 0;
	spec->uid_count = mode == SPEC_USERNS_IDENTITY ? UID_COUNT_DEFAULT : 0;
	return 0;
}

/* -U */
int set_pick(const struct option_call *call)
{
	struct spec *spec = call->spec;

	spec->userns = SPEC_USERNS_PICK;
	spec->uid_base = 0;
	spec->uid_count = 0;
	spec->ownership = SPEC_OWNERSHIP_AUTO;
	return 0;
}

/* A comma-separated list of names, or all; each use adds to the set. */
int set_capabilities(const struct option_call *call)
{
	uint64_t *set = option_field(call);
	bool all_allowed = option_action(call)->constant != 0;
	uint64_t added = 0;
	const char *p = call->value;

	while (true) {
		size_t length = strcspn(p, ",");
		int capability = capability_from_name(p, length);

		if (all_allowed && length == 3 && strncmp(p, "all", 3) == 0)
			added = UINT64_MAX;
		else if (capability < 0)
			return option_refuse(call,
					     "'%.*s' is no capability; expected names such as "
					     "CAP_SYS_TIME, separated by commas%s",
					     (int)(length < 64 ? length : 64), p,
					     all_allowed ? ", or all" : "");
		else
			added |= UINT64_C(1) << capability;
		if (!p[length])
			break;
		p += length + 1;
	}
	*set |= added;
	return 0;
}

/* A call or @group as in systemd.exec(5); that the name exists is judged when the filter is
 * compiled. */
static bool filter_entry_valid(const char *entry, size_t length)
{
	const char *name = entry + (*entry == '@');
	size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length <= 64 && ((*name >= 'a' && *name <= 'z') || *name == '_') &&
	       name + good >= entry + length;
}

static void append_entry(struct spec *spec, bool deny, const char *entry, size_t length)
{
	char **slot = ARENA_APPEND(&spec->arena, spec->syscall_filter, spec->syscall_filter_count);

	if (slot)
		*slot = arena_printf(&spec->arena, "%s%.*s", deny ? "~" : "", (int)length, entry);
}

/* A list separated by blanks, with a '~' before it all if these are to be denied. */
int set_syscall_filter(const struct option_call *call)
{
	bool deny = *call->value == '~';
	const char *list = call->value + deny;
	size_t before = call->spec->syscall_filter_count;
	size_t length;

	for (const char *p = list; *(p += strspn(p, " \t\n")); p += length) {
		length = strcspn(p, " \t\n");
		if (!filter_entry_valid(p, length)) {
			call->spec->syscall_filter_count = before;
			return option_refuse(call,
					     "'%.*s' is no system call or @group; expected names "
					     "separated by spaces, all after one '~' to deny them",
					     (int)(length < 64 ? length : 64), p);
		}
		append_entry(call->spec, deny, p, length);
	}
	if (call->spec->syscall_filter_count == before)
		return option_refuse(call, "expected system calls or @groups, separated by spaces");
	return 0;
}
