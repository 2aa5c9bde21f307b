/* SPDX-License-Identifier: MIT */
/* Turning a failed op into words. */
#include "report.h"

#include "../base/cleanup.h"
#include "context.h"

#include <errno.h>
#include <string.h>

struct hint {
	enum op_kind kind; /* OP_COUNT: any */
	int errnum;
	const char *text;
};

/* What people can do about it, where experience tells. The first match is given. */
static const struct hint hints[] = {
	{OP_EXEC, ENOENT, "is it in the tree, and its interpreter or loader too?"},
	{OP_EXEC, EACCES, "it must be an executable file the user may run"},
	{OP_EXEC, ENOEXEC, "it is no program for this machine; scripts need a #! line"},
	{OP_EXEC, EPERM, "does the system call filter leave execve?"},
	{OP_LOCK_IMAGE, EWOULDBLOCK,
	 "another machine runs from it; use --ephemeral or --read-only to share it"},
	{OP_STAGE_TREE, EINVAL,
	 "this file system may not support id-mapped mounts; "
	 "use --private-users-ownership=chown or --private-users=no"},
	{OP_STAGE_BASE, EPERM, "floe needs root, or CAP_SYS_ADMIN, to make mounts"},
	{OP_DIRECTORY, EROFS, "the tree is read-only and lacks this mount point; create it"},
	{OP_FILE, EROFS, "the tree is read-only and lacks this mount point; create it"},
	{OP_DIRECTORY, ENOTDIR, "a part of the path is no directory in the tree"},
	{OP_DIRECTORY, ENOENT, "a part of the path is a link that leads nowhere in the tree"},
	{OP_DIRECTORY, EACCES, "is the tree owned by root or by the machine's uid range?"},
	{OP_OVERLAY, EINVAL, "the layers' file system may not be usable in an overlay"},
	{OP_STAGE_OVERLAY, EINVAL,
	 "one of the layers' file systems may not be usable in an overlay; dmesg tells more"},

	{OP_MOUNT, EPERM, "inside another container /proc and /sys must be fully visible"},
	{OP_SECCOMP, EACCES, "use --no-new-privileges, or keep CAP_SYS_ADMIN"},
	{OP_LINK_INSIDE, EPERM, "has the machine CAP_NET_ADMIN over its network?"},
	{OP_SYSCTL, EROFS, "/proc/sys is read-only here; floe needs it writable for this"},
	{OP_JOIN_NETNS, EINVAL, "is it the file of a network namespace?"},
};

static void add_hint(struct floe_error *error, const struct op *op, int errnum)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
		if (hints[i].kind == op->kind && hints[i].errnum == errnum) {
			err_hint(error, "%s", hints[i].text);
			return;
		}
	}
}

static const char *step_text(int step)
{
	switch (step) {
	case FAILED_CLONE:
		return "cannot create the machine's namespaces";
	case FAILED_UID_MAP:
		return "cannot map the ids of the user namespace";
	case FAILED_NAMESPACE:
		return "cannot open the machine's user namespace";
	default:
		return "cannot speak to the monitor";
	}
}

/* The last line of what nix-store said, without what a terminal would obey. */
static const char *last_words(int fd, char text[static SAID_MAX + 1])
{
	ssize_t length = pread(fd, text, SAID_MAX, 0);
	char *line = text;

	text[length < 0 ? 0 : length] = '\0';
	for (size_t end = strlen(text); end > 0 && text[end - 1] == '\n'; end--)
		text[end - 1] = '\0';
	for (char *at = text; *at; at++) {
		if (*at == '\n')
			line = at + 1;
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	}
	return line;
}

int report_late(struct floe_error *error, const struct context *context, int index, int errnum)
{
	const struct plan *plan = context->plan;
	char text[768], said[SAID_MAX + 1];

	if (index < 0 || plan->ops[index].kind != OP_LOAD_STORE || errnum != ECANCELED)
		return report_op(error, plan, index, errnum);
	err_set(error, FLOE_ERROR_CONTENT, errnum, "cannot %s: %s",
		op_describe(&plan->ops[index], text, sizeof(text)),
		last_words(context->said_fd, said));
	return err_step(error, op_phase_name(PHASE_LATE));
}

int report_op(struct floe_error *error, const struct plan *plan, int index, int errnum)
{
	const struct op *op;
	char text[768];

	if (!error || error->code != FLOE_ERROR_NONE)
		return -errnum;
	if (index < 0 || (size_t)index >= plan->op_count)
		return err_errno(error, errnum, "%s", step_text(index));
	op = &plan->ops[index];
	err_errno(error, errnum, "cannot %s", op_describe(op, text, sizeof(text)));
	add_hint(error, op, errnum);
	err_step(error, op_phase_name(op->phase));
	return -errnum;
}
