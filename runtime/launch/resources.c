/* SPDX-License-Identifier: MIT */
/* What the monitor holds for a machine, and how it lets go of it. */
#include "resources.h"

#include "../../init/stub.h"
#include "../base/cleanup.h"
#include "../state/state.h"
#include "../sys/cgroup.h"
#include "../sys/path.h"
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

bool context_cancelled(void *data)
{
	struct context *context = data;
	struct pollfd poll_fd = {.fd = context->io.signal_fd, .events = POLLIN};
	struct signalfd_siginfo info;

	/* One at a time: the descriptor is the caller's and may block. */
	while (!context->cancelled && poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) &&
	       read(poll_fd.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		context->cancelled = info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
				     info.ssi_signo == SIGHUP;
	return context->cancelled;
}

/* The payload's descriptors from copies above 2: none is overwritten on the way to its place. */
static int raise_stdio(struct context *context, struct floe_error *error)
{
	const struct launch_io *io = &context->io;
	const int given[3] = {io->input, io->output, io->error_output};

	for (int i = 0; i < 3; i++) {
		if (given[i] < 0)
			continue;
		context->stdio[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 3);
		if (context->stdio[i] < 0)
			return err_errno(error, errno, "cannot pass descriptor %d to the machine",
					 given[i]);
	}
	return 0;
}

/* A caller may have closed its standard descriptors. What is opened then takes their numbers, and
 * would be overwritten by the payload's. */
int fd_above_stdio(int fd)
{
	int raised = fd;

	if (fd < 0 || fd > 2)
		return fd;
	raised = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	cleanup_fd(&fd);
	return raised;
}

void context_init(struct context *context, const struct plan *plan, const struct launch_io *io)
{
	memset(context, 0, sizeof(*context));
	context->plan = plan;
	context->io = *io;
	context->stdio[0] = context->stdio[1] = context->stdio[2] = -1;
	context->image_lock = context->uid_lock = -1;
	context->state_fd = context->notify_fd = context->stub_fd = -1;
	context->registration_fd = context->said_fd = -1;
	context->cgroup_fd = context->net_alive = -1;
	context->route.fd = context->filter.fd = context->inside.fd = context->watch.fd = -1;
	context->base_fd = context->userns_fd = context->root_fd = -1;
	context->console_fd = context->console_main = -1;
}

static int open_notify(struct context *context)
{
	const int on = 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	context->notify_fd = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

/* A file in memory that nobody can write to any more, above the standard descriptors. */
static int open_sealed(const char *name, const void *data, size_t size)
{
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	CLEANUP_FD int fd = fd_above_stdio(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, size);
	if (r < 0)
		return r;
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : take_fd(&fd);
}

/* What /proc/1/exe of the machine shows is this file and never the runtime's own executable. */
static int open_stub(struct context *context, struct floe_error *error)
{
	int fd = open_sealed("floe-stub", init_stub_image, init_stub_size);

	if (fd < 0)
		return err_errno(error, -fd, "cannot prepare the stub init in memory");
	context->stub_fd = fd;
	return 0;
}

/* A file for a program inside to write to, that it cannot make larger. */
static int open_bounded(const char *name, size_t size)
{
	CLEANUP_FD int fd = fd_above_stdio(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Nobody reads the console yet while the store is loaded: what is said then is kept in memory. */
static int open_registration(struct context *context, struct floe_error *error)
{
	const char *text = context->plan->registration;
	int fd = open_sealed("floe-registration", text, strlen(text));

	if (fd >= 0) {
		context->registration_fd = fd;
		fd = open_bounded("floe-said", SAID_MAX);
	}
	if (fd < 0)
		return err_errno(error, -fd, "cannot prepare the registration of store paths");
	context->said_fd = fd;
	return 0;
}

int resources_open(struct context *context, struct floe_error *error)
{
	int r = open_notify(context);

	if (r < 0)
		return err_errno(error, -r, "cannot create the notification socket");
	r = raise_stdio(context, error);
	if (r < 0)
		return r;
	if (plan_has_op(context->plan, OP_STUB))
		r = open_stub(context, error);
	if (r == 0 && plan_has_op(context->plan, OP_LOAD_STORE))
		r = open_registration(context, error);
	return r;
}

void resources_forget(struct context *context)
{
	for (size_t i = 0; context->secrets && i < context->plan->secret_count; i++) {
		if (context->secrets[i].data)
			explicit_bzero(context->secrets[i].data, context->secrets[i].size);
		free(context->secrets[i].data);
	}
	free(context->secrets);
	context->secrets = NULL;
	netlink_close(&context->route);
	/* What is followed needs it again. */
	if (context->watch.fd < 0)
		netlink_close(&context->filter);
	cleanup_fd(&context->stub_fd);
	context->stub_fd = -1;
	cleanup_fd(&context->registration_fd);
	cleanup_fd(&context->said_fd);
	context->registration_fd = context->said_fd = -1;
	for (int i = 0; i < 3; i++) {
		cleanup_fd(&context->stdio[i]);
		context->stdio[i] = -1;
	}
}

static const char *trace_kind(enum plan_trace_kind kind)
{
	static const char *const names[] = {
		[TRACE_CGROUP] = "cgroup",       [TRACE_TREE] = "tree",
		[TRACE_FILE] = "file",           [TRACE_LOCK] = "lock",
		[TRACE_DIRECTORY] = "directory", [TRACE_MOUNT] = "mount",
		[TRACE_NETWORK] = "network",     [TRACE_LINK] = "link",
	};

	return names[kind];
}

static int remove_traces(const struct plan *plan, bool links, struct floe_error *error)
{
	int first = 0;

	for (size_t i = plan->trace_count; i > 0; i--) {
		const struct plan_trace *trace = &plan->traces[i - 1];
		int r;

		/* It goes with the namespace of the leader, who is dead: deleting it now would only
		 * wait for the same (netdev_run_todo()). Whose start failed is told that nothing is
		 * left: then it is waited for. */
		if (trace->kind == TRACE_LINK && !links)
			continue;
		r = trace_remove(trace_kind(trace->kind), trace->path, error);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

/* Lets go of the lock itself: a child made by another thread may hold a copy of the descriptor for
 * a moment (flock(2)). */
static void unlock_fd(int *fd)
{
	if (*fd >= 0)
		flock(*fd, LOCK_UN);
	cleanup_fd(fd);
	*fd = -1;
}

/* Only what this start claimed is removed: before the claim there is nothing of ours. */
int resources_release(struct context *context, struct floe_error *error)
{
	int r;

	resources_forget(context);
	cleanup_fd(&context->notify_fd);
	if (context->state_fd < 0)
		return 0;
	unlock_fd(&context->uid_lock);
	network_release(context, error);
	r = remove_traces(context->plan, context->failed, error);
	unlock_fd(&context->image_lock);
	if (r == 0)
		return state_release(context->state_fd, context->plan->name, error);
	/* The record stays: it knows what is left. */
	unlock_fd(&context->state_fd);
	err_hint(error, "\"floe gc\" tries again");
	return r;
}

static struct state_trace *traces_of(struct arena *arena, const struct plan *plan)
{
	struct state_trace *traces = arena_alloc(arena, plan->trace_count * sizeof(*traces));

	for (size_t i = 0; traces && i < plan->trace_count; i++) {
		traces[i].kind = trace_kind(plan->traces[i].kind);
		traces[i].path = plan->traces[i].path;
	}
	return traces;
}

/* The name is ours and nobody's record is left, yet somebody lives in a group of that name: a
 * machine of another root directory's floe, or something else. It is not ours to kill. */
static int refuse_foreign_groups(struct context *context, struct floe_error *error)
{
	const struct plan *plan = context->plan;

	for (size_t i = 0; i < plan->trace_count; i++) {
		const struct plan_trace *trace = &plan->traces[i];

		if (trace->kind != TRACE_CGROUP || !cgroup_populated(trace->path))
			continue;
		state_release(context->state_fd, plan->name, NULL);
		context->state_fd = -1;
		return err_set(error, FLOE_ERROR_BUSY, EBUSY,
			       "cannot start %s: processes that are not its own are in the cgroup "
			       "%s; choose another name with --machine=",
			       plan->name, trace->path);
	}
	return 0;
}

int resources_claim(struct context *context, struct floe_error *error)
{
	const struct plan *plan = context->plan;
	struct state state = {.name = plan->name, .phase = STATE_STARTING, .monitor = getpid()};
	int r = state_claim(plan->name, &context->state_fd, error);

	if (r == 0)
		r = refuse_foreign_groups(context, error);
	if (r < 0)
		return r;
	state.directory = plan->directory;
	state.traces = traces_of(&state.arena, plan);
	state.trace_count = state.traces ? plan->trace_count : 0;
	/* Recorded before anything is made: whoever finds a dead monitor's record can clean up. */
	r = state.traces || plan->trace_count == 0
		    ? state_write(context->state_fd, &state, error)
		    : err_errno(error, ENOMEM, "cannot record what %s uses", plan->name);
	arena_free(&state.arena);
	return r;
}
