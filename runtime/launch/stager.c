/* SPDX-License-Identifier: MIT */
/*
 * The stager: a short-lived child with the monitor's privileges and a mount namespace of its own.
 * It creates the leader, puts everything that needs the host's paths or privileges below a small
 * tmpfs, sets what takes the host's rights to set, and tells the leader to assemble the tree. It
 * touches no path of a tree but by a descriptor of it.
 * Async-signal-safe throughout.
 */
#include "../base/cleanup.h"
#include "../sys/caps.h"
#include "../sys/cgroup.h"
#include "../sys/mount.h"
#include "../sys/path.h"
#include "../sys/place.h"
#include "../sys/process.h"
#include "../sys/userns.h"
#include "closure.h"
#include "context.h"
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* "/7" or "7": where slot 7 is below the base. */
static const char *slot_name(int slot, char text[static 16])
{
	char *end = text + 15;

	*end = '\0';
	do {
		*--end = (char)('0' + slot % 10);
		slot /= 10;
	} while (slot > 0);
	return end;
}

/* Makes the mount point of a slot: a directory, or a file when what is staged is none. */
static int slot_make(struct context *context, int slot, bool directory)
{
	char text[16];
	const char *name = slot_name(slot, text);
	int fd;

	if (directory) {
		if (mkdirat(context->base_fd, name, 0755) < 0)
			return -errno;
		fd = openat(context->base_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else {
		fd = openat(context->base_fd, name, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0644);
	}
	return fd < 0 ? -errno : fd;
}

static int slot_attach(struct context *context, int slot, int mount)
{
	struct stat status;
	int target, r;

	if (fstat(mount, &status) < 0)
		return -errno;
	target = slot_make(context, slot, S_ISDIR(status.st_mode));
	if (target < 0)
		return target;
	r = mount_attach(mount, target);
	close(target);
	return r;
}

static int leave_peers(struct context *context, const struct op *op)
{
	(void)context;
	(void)op;
	return mount_propagation("/", MS_PRIVATE);
}

static int enter_cgroup(struct context *context, const struct op *op)
{
	(void)context;
	return cgroup_enter_v1(op->source);
}

static int into_cgroup(struct context *context, const struct op *op)
{
	context->cgroup_fd = cgroup_open(op->source);
	return context->cgroup_fd < 0 ? context->cgroup_fd : 0;
}

static int join_netns(struct context *context, const struct op *op)
{
	int fd = open(op->source, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	(void)context;
	if (fd < 0)
		return -errno;
	r = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int stage_base(struct context *context, const struct op *op)
{
	int target = open(op->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int mount, r;

	if (target < 0)
		return -errno;
	mount = mount_new("tmpfs", op->options, op->attributes);
	r = mount < 0 ? mount : mount_attach(mount, target);
	close(target);
	if (r < 0)
		return r;
	context->base_fd = mount;
	/* Where the leader attaches the root to be. */
	return mkdirat(mount, "root", 0755) < 0 ? -errno : 0;
}

static int owner_map(const struct op *op)
{
	struct id_map users = {(uint32_t)op->number[0], op->id, 1};
	struct id_map groups = {(uint32_t)op->number[1], op->id, 1};

	return userns_create(users, groups);
}

/* The id mapping OP asks for: a descriptor, -1 for none. *OWNED: it is to be closed. */
static int idmap_open(struct context *context, const struct op *op, bool *owned)
{
	*owned = op->idmap == OP_IDMAP_OWNER;
	if (op->idmap == OP_IDMAP_RANGE)
		return context->userns_fd;
	if (op->idmap == OP_IDMAP_OWNER)
		return owner_map(op);
	return -1;
}

static int tree_change(struct context *context, const struct op *op, int mount)
{
	bool owned;
	int userns = idmap_open(context, op, &owned);
	int r = 0;

	if (userns < -1)
		return userns;
	if (op->attributes || op->clear || userns >= 0)
		r = mount_change(mount, op->attributes, op->clear, MS_PRIVATE, op->recursive,
				 userns);
	if (owned)
		close(userns);
	return r;
}

/* What OP names: a host path, or a path in a tree that must not lead out of it. */
static int tree_clone(const struct op *op)
{
	int root, place, mount;

	if (!op->target)
		return mount_clone(AT_FDCWD, op->source, op->recursive);
	root = open(op->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	place = path_open_in(root, op->target, O_PATH, 0);
	close(root);
	if (place < 0)
		return place;
	mount = mount_clone(place, "", op->recursive);
	close(place);
	return mount;
}

static int stage_point(struct context *context, const struct op *op)
{
	int root = open(op->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	(void)context;
	if (root < 0)
		return -errno;
	r = op->flags == S_IFREG ? place_file(root, op->target, op->mode)
				 : place_directory(root, op->target, op->mode);
	close(root);
	return r;
}

static int stage_tree(struct context *context, const struct op *op)
{
	int mount = tree_clone(op);
	int r;

	if (mount < 0)
		return mount;
	r = tree_change(context, op, mount);
	if (r == 0)
		r = slot_attach(context, op->slot, mount);
	close(mount);
	return r;
}

/* An empty thing nobody has a right to, of the base's own file system. */
static int clone_cover(struct context *context, bool directory)
{
	const char *name = directory ? "cover-dir" : "cover-reg";
	int mount, r;

	r = directory ? mkdirat(context->base_fd, name, 0)
		      : mknodat(context->base_fd, name, S_IFREG, 0);
	if (r < 0 && errno != EEXIST)
		return -errno;
	mount = mount_clone(context->base_fd, name, false);
	if (mount < 0)
		return mount;
	r = mount_change(mount, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, false, -1);
	if (r == 0)
		return mount;
	close(mount);
	return r;
}

static int stage_cover(struct context *context, const struct op *op)
{
	char text[16];
	int tree = openat(context->base_fd, slot_name(op->slot, text),
			  O_PATH | O_DIRECTORY | O_CLOEXEC);
	int place, cover, r;

	if (tree < 0)
		return -errno;
	place = path_open_in(tree, op->target, O_PATH, 0);
	close(tree);
	if (place < 0)
		return place;
	cover = clone_cover(context, op->flags == S_IFDIR);
	r = cover < 0 ? cover : mount_attach(cover, place);
	if (cover >= 0)
		close(cover);
	close(place);
	return r;
}

static int stage_new(struct context *context, const struct op *op)
{
	int mount = mount_new(op->type, op->options, op->attributes);
	int r;

	if (mount < 0)
		return mount;
	r = slot_attach(context, op->slot, mount);
	close(mount);
	return r;
}

/* Carries OP out in a process of its own, with new namespaces FLAGS. */
static int stage_in_child(struct context *context, const struct op *op, uint64_t flags,
			  op_function act)
{
	int pidfd = -1, status = 0, r;
	pid_t pid = process_clone(flags, &pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		_exit(-act(context, op));
	r = process_wait(pidfd, &status);
	close(pidfd);
	if (r < 0)
		return r;
	return status == 0 ? 0 : -(status >> 8 ? status >> 8 : ECANCELED);
}

/* A helper process enters a namespace nobody else will ever be in and makes the mount there. */
static int stage_dead(struct context *context, const struct op *op)
{
	uint64_t flags = strcmp(op->type, "proc") == 0 ? CLONE_NEWPID : CLONE_NEWNET;

	return stage_in_child(context, op, flags, stage_new);
}

/*
 * Files are made as user and group OP->id, with the rights of root: what mapped layers do not map
 * cannot make any in them (EOVERFLOW), and overlayfs acts as who mounted it. Raw calls, that the C
 * library's other threads are not asked.
 */
static int act_as_owner(const struct op *op)
{
	syscall(SYS_setfsgid, op->id);
	syscall(SYS_setfsuid, op->id);
	return caps_raise_permitted();
}

static int make_closure(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;
	int mount, r = act_as_owner(op);

	if (r < 0)
		return r;
	mount = closure_layer(plan->store_paths, plan->store_path_count, op->id);
	return mount < 0 ? mount : slot_attach(context, op->slot, mount);
}

static int stage_closure(struct context *context, const struct op *op)
{
	return stage_in_child(context, op, 0, make_closure);
}

/* Layers are named by paths from the base. */
static int make_overlay(struct context *context, const struct op *op)
{
	char options[MOUNT_OPTIONS_MAX];
	int mount, r = overlay_options(options, sizeof(options), op);

	if (r == 0)
		r = act_as_owner(op);
	if (r < 0)
		return r;
	if (fchdir(context->base_fd) < 0)
		return -errno;
	mount = mount_new("overlay", options, op->attributes);
	return mount < 0 ? mount : slot_attach(context, op->slot, mount);
}

static int stage_overlay(struct context *context, const struct op *op)
{
	return stage_in_child(context, op, 0, make_overlay);
}

/* The leader could not raise its hard limits itself: that takes the host's CAP_SYS_RESOURCE. */
static int set_rlimit(struct context *context, const struct op *op)
{
	struct rlimit limit = {.rlim_cur = op->number[0], .rlim_max = op->number[1]};

	if (prlimit(context->leader, (__rlimit_resource_t)op->flags, &limit, NULL) < 0)
		return -errno;
	return 0;
}

static int oom_score(struct context *context, const struct op *op)
{
	char path[64];

	return file_write(process_path(path, context->leader, "/oom_score_adj"), op->text);
}

op_function stage_function(enum op_kind kind)
{
	static const op_function functions[OP_COUNT] = {
		[OP_LEAVE_PEERS] = leave_peers,     [OP_JOIN_NETNS] = join_netns,
		[OP_CGROUP_ENTER] = enter_cgroup,   [OP_CGROUP_INTO] = into_cgroup,
		[OP_STAGE_BASE] = stage_base,       [OP_STAGE_POINT] = stage_point,
		[OP_STAGE_TREE] = stage_tree,       [OP_STAGE_NEW] = stage_new,
		[OP_STAGE_COVER] = stage_cover,     [OP_STAGE_DEAD] = stage_dead,
		[OP_RLIMIT] = set_rlimit,           [OP_OOM_SCORE] = oom_score,
		[OP_STAGE_CLOSURE] = stage_closure, [OP_STAGE_OVERLAY] = stage_overlay,
	};

	return functions[kind];
}

/* A monitor that cannot be told hears of our end instead, and ends the leader. */
static void tell(int channel, enum message_type type, int value)
{
	struct message message = {.type = type, .value = value};

	if (message_send(channel, &message, -1) < 0)
		_exit(1);
}

_Noreturn static void fail(int channel, int value, int errnum)
{
	struct message message = {.type = MESSAGE_FAILED, .value = value, .errnum = errnum};

	message_send(channel, &message, -1);
	_exit(1);
}

static void map_ids(struct context *context, int channel)
{
	const struct plan *plan = context->plan;
	struct id_map map = {0, plan->uid_base, plan->uid_count};
	int r = userns_map(context->leader, map, map);

	if (r < 0)
		fail(channel, FAILED_UID_MAP, -r);
	context->userns_fd = userns_open(context->leader);
	if (context->userns_fd < 0)
		fail(channel, FAILED_NAMESPACE, -context->userns_fd);
}

static void run_phase(struct context *context, enum op_phase phase, int channel)
{
	int failed = 0;
	int r = ops_run(context, phase, stage_function, &failed);

	if (r < 0)
		fail(channel, failed, -r);
}

/* Locks and channels of the monitor, and of other machines that an embedder's threads attend, must
 * not live on in our copies. Passed sockets (sd_listen_fds(3)) come first. */
static void close_others(const struct context *context, int stager_channel, const int leader[2])
{
	int kept[] = {stager_channel,     leader[0],         leader[1],
		      context->notify_fd, context->stub_fd,  context->stdio[0],
		      context->stdio[1],  context->stdio[2], context->registration_fd,
		      context->said_fd};

	process_close_others(3 + (unsigned)context->plan->listen_fds, kept, ARRAY_SIZE(kept));
}

/* What is opened from here on is above 2, where the payload's descriptors do not overwrite it. */
static void occupy_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
	while (fd >= 0 && fd < 3);
	if (fd >= 0)
		close(fd);
}

_Noreturn void stager_run(struct context *context, int stager_channel, const int leader[2])
{
	struct message message = {.type = MESSAGE_READY};
	pid_t pid;
	int fd, r;

	/* Nothing of ours may be looked into or left behind: see docs/security.md. */
	prctl(PR_SET_DUMPABLE, 0);
	tie_to_monitor();
	umask(022);
	close_others(context, stager_channel, leader);
	occupy_stdio();
	run_phase(context, PHASE_ENTER, stager_channel);
	/* CLONE_PARENT: the leader is the monitor's child, and outlives the stager. */
	pid = process_clone_into(context->plan->clone_flags | CLONE_PARENT, context->cgroup_fd,
				 NULL);
	if (pid < 0)
		fail(stager_channel, FAILED_CLONE, -pid);
	if (pid == 0) {
		close(stager_channel);
		close(leader[0]);
		leader_run(context, leader[1]);
	}
	context->leader = pid;
	tell(stager_channel, MESSAGE_CLONED, pid);
	if (context->plan->user_namespace)
		map_ids(context, stager_channel);
	close(leader[1]);
	run_phase(context, PHASE_STAGE, stager_channel);
	run_phase(context, PHASE_MIDDLE, stager_channel);
	/* The leader begins while the monitor still hears of it. One that is gone said why. */
	r = message_send(leader[0], &message, -1);
	if (r < 0 && r != -EPIPE)
		fail(stager_channel, FAILED_CHANNEL, -r);
	close(leader[0]);
	tell(stager_channel, MESSAGE_STAGED, pid);
	/* Until the leader has a copy of this mount namespace: see launch_assembled(). */
	message_receive(stager_channel, &message, &fd);
	_exit(0);
}
