/* SPDX-License-Identifier: MIT */
/* Reading the policy text. */
#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/err.h"
#include "policy.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

struct parser {
	struct policy *policy;
	struct policy_set *set; /* that takes the indented lines, NULL when none does */
	size_t line;
	struct floe_error *error;
};

static const struct {
	const char *name;
	int value;
} errnos[] = {
	{"EACCES", EACCES},
	{"EAFNOSUPPORT", EAFNOSUPPORT},
	{"ENOSYS", ENOSYS},
	{"EPERM", EPERM},
};

/* The capabilities that decide about system calls as a whole. */
static const struct {
	const char *name;
	int value;
} capabilities[] = {
	{"CAP_IPC_LOCK", CAP_IPC_LOCK},
	{"CAP_SYSLOG", CAP_SYSLOG},
	{"CAP_SYS_BOOT", CAP_SYS_BOOT},
	{"CAP_SYS_MODULE", CAP_SYS_MODULE},
	{"CAP_SYS_PACCT", CAP_SYS_PACCT},
	{"CAP_SYS_PTRACE", CAP_SYS_PTRACE},
	{"CAP_SYS_RAWIO", CAP_SYS_RAWIO},
	{"CAP_SYS_TIME", CAP_SYS_TIME},
	{"CAP_SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG},
};

static int parse_error(struct parser *parser, const char *what, const char *word)
{
	return err_set(parser->error, FLOE_ERROR_CONTENT, EINVAL,
		       "system call policy, line %zu: %s '%s'", parser->line, what,
		       word ? word : "");
}

static int parse_errno(struct parser *parser, const char *word, int *out)
{
	for (size_t i = 0; word && i < ARRAY_SIZE(errnos); i++) {
		if (strcmp(errnos[i].name, word) == 0) {
			*out = errnos[i].value;
			return 0;
		}
	}
	return parse_error(parser, "no errno known as", word);
}

static int parse_capability(struct parser *parser, const char *word, uint64_t *out)
{
	for (size_t i = 0; word && i < ARRAY_SIZE(capabilities); i++) {
		if (strcmp(capabilities[i].name, word) == 0) {
			*out = UINT64_C(1) << capabilities[i].value;
			return 0;
		}
	}
	return parse_error(parser, "no capability that rules may depend on:", word);
}

static int head_group(struct parser *parser, char **rest)
{
	const char *name = strtok_r(NULL, " \t", rest);
	struct policy *policy = parser->policy;
	struct policy_set *group;

	if (!name || name[0] != '@' || policy_group_find(policy, name) >= 0)
		return parse_error(parser, "a group needs a new name that starts with '@', not",
				   name);
	group = ARENA_APPEND(policy->arena, policy->groups, policy->group_count);
	if (!group)
		return -ENOMEM;
	group->name = arena_strdup(policy->arena, name);
	parser->set = group;
	return 0;
}

static struct policy_rule *rule_add(struct parser *parser, enum verdict verdict)
{
	struct policy *policy = parser->policy;
	struct policy_rule *rule = ARENA_APPEND(policy->arena, policy->rules, policy->rule_count);

	if (rule) {
		rule->verdict = verdict;
		parser->set = &rule->set;
	}
	return rule;
}

static int head_allow(struct parser *parser, char **rest)
{
	struct policy_rule *rule = rule_add(parser, VERDICT_ALLOW);
	const char *word = strtok_r(NULL, " \t", rest);

	if (!rule)
		return -ENOMEM;
	if (!word)
		return 0;
	if (strcmp(word, "with") != 0)
		return parse_error(parser, "expected 'with', not", word);
	return parse_capability(parser, strtok_r(NULL, " \t", rest), &rule->capabilities);
}

static int head_refuse(struct parser *parser, char **rest)
{
	int old = parser->policy->errno_refuse;
	int r = parse_errno(parser, strtok_r(NULL, " \t", rest), &parser->policy->errno_refuse);

	if (r < 0)
		return r;
	if (old && old != parser->policy->errno_refuse)
		return parse_error(parser, "all calls are refused with one errno, not also", *rest);
	return rule_add(parser, VERDICT_REFUSE) ? 0 : -ENOMEM;
}

static int head_otherwise(struct parser *parser, char **rest)
{
	return parse_errno(parser, strtok_r(NULL, " \t", rest), &parser->policy->errno_otherwise);
}

static int head_audit(struct parser *parser, char **rest)
{
	return parse_errno(parser, strtok_r(NULL, " \t", rest), &parser->policy->errno_audit);
}

static const struct {
	const char *word;
	int (*parse)(struct parser *parser, char **rest);
} heads[] = {
	{"group", head_group},         {"allow", head_allow},         {"refuse", head_refuse},
	{"otherwise", head_otherwise}, {"netlink-audit", head_audit},
};

static int parse_head(struct parser *parser, char *line)
{
	char *rest;
	const char *word = strtok_r(line, " \t", &rest);

	parser->set = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		int r;

		if (strcmp(heads[i].word, word) != 0)
			continue;
		r = heads[i].parse(parser, &rest);
		if (r < 0)
			return r;
		word = strtok_r(NULL, " \t", &rest);
		return word ? parse_error(parser, "too much:", word) : 0;
	}
	return parse_error(parser, "no rule starts with", word);
}

static int parse_member(struct parser *parser, const char *word)
{
	struct policy *policy = parser->policy;
	bool is_group = word[0] == '@';
	ssize_t index =
		is_group ? policy_group_find(policy, word) : policy_call_intern(policy, word);
	struct policy_member *member;

	/* The group being read stands in the table already: it must not hold itself. */
	if (is_group && (index < 0 || &policy->groups[index] == parser->set))
		return parse_error(parser, "no group stands above as", word);
	if (index < 0)
		return (int)index;
	member = ARENA_APPEND(policy->arena, parser->set->members, parser->set->member_count);
	if (!member)
		return -ENOMEM;
	*member = (struct policy_member){.is_group = is_group, .index = (size_t)index};
	return 0;
}

static int parse_members(struct parser *parser, char *line)
{
	char *rest;

	if (!parser->set)
		return parse_error(parser, "no rule for the members", line);
	for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		int r = parse_member(parser, word);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_line(struct parser *parser, char *line)
{
	bool indented = line[0] == '\t' || line[0] == ' ';

	line[strcspn(line, "#")] = '\0';
	if (line[strspn(line, " \t")] == '\0')
		return 0;
	return indented ? parse_members(parser, line) : parse_head(parser, line);
}

int policy_parse(const char *text, struct arena *arena, struct policy *out,
		 struct floe_error *error)
{
	struct parser parser = {.policy = out, .error = error};

	memset(out, 0, sizeof(*out));
	out->arena = arena;
	for (size_t length; *text; text += length + (text[length] == '\n')) {
		int r;

		length = strcspn(text, "\n");
		parser.line++;
		r = parse_line(&parser, arena_strndup(arena, text, length));
		if (r == -ENOMEM)
			break;
		if (r < 0)
			return r;
	}
	if (arena_failed(arena))
		return err_errno(error, ENOMEM, "cannot read the system call policy");
	if (!out->errno_otherwise || !out->errno_refuse)
		return parse_error(
			&parser, "a rule is missing:", out->errno_refuse ? "otherwise" : "refuse");
	return 0;
}
