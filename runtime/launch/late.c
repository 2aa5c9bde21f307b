/* SPDX-License-Identifier: MIT */
/*
 * The leader's last acts: what turns it into the payload. Async-signal-safe throughout.
 */
#include "../../seccomp/seccomp.h"
#include "../sys/caps.h"
#include "../sys/process.h"
#include "context.h"
#include "load_store.h"
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Makes FROM, which are above 2, the descriptors 0, 1 and 2. Where there is none, the machine's own
 * /dev/null is better than what the caller happens to have there. */
static int set_stdio(const int from[3])
{
	for (int i = 0; i < 3; i++) {
		int fd = from[i] >= 0 ? from[i] : open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);

		if (fd < 0 || (fd == i ? fcntl(fd, F_SETFD, 0) : dup2(fd, i)) < 0)
			return -errno;
	}
	return 0;
}

static int session(struct context *context, const struct op *op)
{
	int console = context->console_fd;
	int terminal[3] = {console, console, console};

	(void)op;
	/* -EPERM: already a session leader, which PID 1 of a restarted machine may be. */
	if (setsid() < 0 && errno != EPERM)
		return -errno;
	if (console < 0)
		return set_stdio(context->stdio);
	if (ioctl(console, TIOCSCTTY, 0) < 0)
		return -errno;
	return set_stdio(terminal);
}

static int set_affinity(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;

	(void)op;
	if (sched_setaffinity(0, plan->cpu_set_size, plan->cpu_set) < 0)
		return -errno;
	return 0;
}

static int set_personality(struct context *context, const struct op *op)
{
	(void)context;
	return personality(op->flags) < 0 ? -errno : 0;
}

static int load_filters(struct context *context, const struct op *op)
{
	(void)op;
	return context->io.filters ? seccomp_filters_load(context->io.filters) : -EINVAL;
}

/* Raw calls: glibc's wrappers would signal the other threads of a process that has none left.
 * Capabilities are kept over the change and settled by the op that follows. */
static int become_user(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;
	gid_t gid = (gid_t)op->flags;

	if (op->id != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	/* So that a user can open /dev/console, as after a login. */
	if (op->id != 0 && context->console_fd >= 0 &&
	    fchown(context->console_fd, op->id, (gid_t)-1) < 0)
		return -errno;
	if (syscall(SYS_setgroups, plan->group_count, plan->groups) < 0 ||
	    syscall(SYS_setresgid, gid, gid, gid) < 0 ||
	    syscall(SYS_setresuid, op->id, op->id, op->id) < 0)
		return -errno;
	tie_to_monitor();
	return caps_raise_permitted();
}

static int set_capabilities(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;
	int r;

	(void)op;
	r = caps_drop_bounding(plan->caps_bounding);
	if (r == 0)
		r = caps_set(plan->caps_permitted, plan->caps_permitted, plan->caps_permitted);
	if (r == 0)
		r = caps_set_ambient(plan->caps_ambient);
	return r;
}

static int no_new_privileges(struct context *context, const struct op *op)
{
	(void)context;
	(void)op;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int change_directory(struct context *context, const struct op *op)
{
	(void)context;
	return chdir(op->target) < 0 ? -errno : 0;
}

/* Marked rather than closed: the channel still has to carry a failed exec. */
static int close_fds(struct context *context, const struct op *op)
{
	unsigned first = 3 + (unsigned)op->flags;

	(void)context;
	if (syscall(SYS_close_range, first, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static int run_stub(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;

	(void)op;
	process_reset_signals();
	syscall(SYS_execveat, context->stub_fd, "", plan->arguments, plan->environment,
		AT_EMPTY_PATH);
	return -errno;
}

/* Tries NAME in one directory of PATH; returns the rest of PATH. */
static const char *exec_in(const struct plan *plan, const char *path)
{
	char file[PATH_MAX];
	const char *end = strchrnul(path, ':');
	size_t directory = (size_t)(end - path), name = strlen(plan->program);

	if (directory > 0 && directory + name + 2 <= sizeof(file)) {
		memcpy(file, path, directory);
		file[directory] = '/';
		memcpy(file + directory + 1, plan->program, name + 1);
		execve(file, plan->arguments, plan->environment);
	} else {
		errno = ENOENT;
	}
	return *end ? end + 1 : end;
}

static int run_program(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;
	const char *path = plan->path;
	int found = ENOENT;

	(void)op;
	process_reset_signals();
	if (strchr(plan->program, '/')) {
		execve(plan->program, plan->arguments, plan->environment);
		return -errno;
	}
	while (*path) {
		path = exec_in(plan, path);
		/* execvp(3): a file that is there and may not be run is the better reason. */
		if (errno != ENOENT && errno != ENOTDIR)
			found = errno;
	}
	return -found;
}

op_function late_function(enum op_kind kind)
{
	static const op_function functions[OP_COUNT] = {
		[OP_LINK_INSIDE] = network_link_inside,
		[OP_SESSION] = session,
		[OP_AFFINITY] = set_affinity,
		[OP_PERSONALITY] = set_personality,
		[OP_SECCOMP] = load_filters,
		[OP_USER] = become_user,
		[OP_CAPABILITIES] = set_capabilities,
		[OP_NO_NEW_PRIVILEGES] = no_new_privileges,
		[OP_CHDIR] = change_directory,
		[OP_CLOSE_FDS] = close_fds,
		[OP_LOAD_STORE] = load_store,
		[OP_STUB] = run_stub,
		[OP_EXEC] = run_program,
	};

	return functions[kind];
}
