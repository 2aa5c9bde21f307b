/* SPDX-License-Identifier: MIT */
/* The policy text: groups of system calls and rules, by name; and the verdict on every name. */
#ifndef FLOE_SECCOMP_COMPILE_POLICY_H
#define FLOE_SECCOMP_COMPILE_POLICY_H

#include "../../runtime/base/arena.h"
#include "../../runtime/floe.h"

#include <stdint.h>

/*
 * The text, line by line; '#' starts a comment:
 *	group @NAME		members follow, indented: calls, and groups that stand above
 *	otherwise ERRNO		for calls that no rule names
 *	refuse ERRNO		members follow; one errno for all rules of this kind
 *	allow [with CAP_NAME]	members follow
 *	netlink-audit ERRNO	for socket(AF_NETLINK, …, NETLINK_AUDIT) where socket is allowed
 * Rules apply in order: a later one overrides an earlier one.
 */

enum verdict {
	VERDICT_UNKNOWN, /* no rule names it: policy.errno_otherwise */
	VERDICT_REFUSE,  /* policy.errno_refuse */
	VERDICT_ALLOW,
};

/* One name seen in the text or in an entry of the user; the index is its number everywhere. */
struct policy_call {
	const char *name;
	size_t next; /* in the bucket, index + 1; 0 ends */
};

struct policy_member {
	bool is_group;
	size_t index;
};

struct policy_set {
	const char *name; /* of a group, with its '@'; NULL for the members of a rule */
	struct policy_member *members;
	size_t member_count;
};

struct policy_rule {
	enum verdict verdict;
	uint64_t
		capabilities; /* the rule counts only for a payload that holds one of these; 0: always */
	struct policy_set set;
};

#define POLICY_BUCKETS 512

struct policy {
	struct arena *arena;
	struct policy_call *calls;
	size_t call_count;
	size_t buckets[POLICY_BUCKETS]; /* index + 1 of the first call; 0 is empty */
	struct policy_set *groups;
	size_t group_count;
	struct policy_rule *rules;
	size_t rule_count;
	int errno_otherwise;
	int errno_refuse;
	int errno_audit; /* 0: no special treatment */
};

/* Reads TEXT; everything in OUT lives in ARENA. 0 or a negative errno with the line named. */
int policy_parse(const char *text, struct arena *arena, struct policy *out,
		 struct floe_error *error);

/* All capabilities that some rule asks for. */
uint64_t policy_capabilities(const struct policy *policy);

/* The index of the call NAME, or -ENOENT. */
ssize_t policy_call_find(const struct policy *policy, const char *name);

/* The same, adding the name when it is new; -ENOMEM. */
ssize_t policy_call_intern(struct policy *policy, const char *name);

/* The index of group NAME (with its '@'), or -ENOENT. */
ssize_t policy_group_find(const struct policy *policy, const char *name);

/* Sets VERDICTS (one a call) for all of SET, groups in it included. */
void policy_set_apply(const struct policy *policy, const struct policy_set *set,
		      enum verdict verdict, enum verdict *verdicts);

/* Applies the rules for a payload with CAPABILITIES to VERDICTS, policy->call_count of them. */
void policy_apply(const struct policy *policy, uint64_t capabilities, enum verdict *verdicts);

#endif
