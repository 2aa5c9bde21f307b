/* SPDX-License-Identifier: MIT */
/* The ops that the monitor itself carries out, before there is a child and while the leader waits. */
#include "../base/cleanup.h"
#include "../sys/cgroup.h"
#include "../sys/device_filter.h"
#include "../sys/mount.h"
#include "../sys/path.h"
#include "../sys/tree_chown.h"
#include "../sys/tree_copy.h"
#include "context.h"
#include "network.h"
#include "resources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a credential may be at most, as systemd limits it (CREDENTIALS_TOTAL_SIZE_MAX). */
#define SECRET_MAX (1024 * 1024)

#define MAKE_TRIES 10

static int claim_name(struct context *context, const struct op *op)
{
	(void)op;
	return resources_claim(context, context->error);
}

/* The lock is on the tree's own directory: nothing is left behind whatever happens. */
static int lock_image(struct context *context, const struct op *op)
{
	int kind = op->read_only ? LOCK_SH : LOCK_EX;
	int fd = open(op->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, kind | LOCK_NB) < 0) {
		cleanup_fd(&fd);
		return -errno;
	}
	context->image_lock = fd;
	return 0;
}

/* Opened and locked, and still the file of that name: its last holder may just remove it. */
static int lock_file(const char *path)
{
	CLEANUP_FD int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat here, there;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (fstat(fd, &here) < 0)
		return -errno;
	if (stat(path, &there) < 0 || here.st_ino != there.st_ino)
		return -EAGAIN;
	return take_fd(&fd);
}

static int lock_uids(struct context *context, const struct op *op)
{
	int r = -ENOENT;

	/* A machine that ends may remove the directory as the last one to use it. */
	for (int tries = 0; r == -ENOENT && tries < 10; tries++) {
		r = path_make_parents(op->source, 0755);
		if (r == 0)
			r = lock_file(op->source);
	}
	if (r == -EAGAIN)
		return err_set(context->error, FLOE_ERROR_BUSY, EAGAIN,
			       "the uid range from %u was just taken by another machine", op->id);
	if (r < 0)
		return r;
	context->uid_lock = r;
	return 0;
}

/* Parents that machines share go with the last of them, perhaps just now. */
static int make_with_parents(const char *path)
{
	int r = -ENOENT;

	for (int i = 0; i < MAKE_TRIES && r == -ENOENT; i++) {
		r = path_make_parents(path, 0755);
		if (r == 0 && mkdir(path, 0700) < 0)
			r = -errno;
	}
	return r;
}

static int make_dir(struct context *context, const struct op *op)
{
	CLEANUP_FD int fd = -1;
	int r = make_with_parents(op->source);

	(void)context;
	if (r == -EEXIST && op->flags)
		return 0;
	if (r < 0)
		return r;
	/* Some are made in directories that others may write to, such as those of overlays. */
	fd = open(op->source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, op->id, op->id) < 0 || fchmod(fd, op->mode) < 0)
		return -errno;
	return 0;
}

static int copy_tree(struct context *context, const struct op *op)
{
	const struct tree_stop stop = {context_cancelled, context};

	return tree_copy(op->source, op->target, &stop);
}

static int snapshot_tree(struct context *context, const struct op *op)
{
	(void)context;
	return tree_snapshot(op->source, op->target);
}

static int chown_tree(struct context *context, const struct op *op)
{
	const struct tree_stop stop = {context_cancelled, context};

	return tree_shift(op->source, op->id, &stop);
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* A credential's source may be a socket that serves it (systemd-nspawn(1), --load-credential). */
static int open_secret(const char *path)
{
	struct stat status;
	int fd;

	if (stat(path, &status) < 0)
		return -errno;
	if (S_ISSOCK(status.st_mode))
		return open_socket(path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int read_into(int fd, struct secret *secret)
{
	char *data = malloc(SECRET_MAX + 1);
	size_t size = 0;
	ssize_t length;

	if (!data)
		return -ENOMEM;
	secret->data = data;
	while ((length = read(fd, data + size, SECRET_MAX + 1 - size)) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		size += (size_t)length;
		if (size > SECRET_MAX)
			return -E2BIG;
	}
	secret->size = size;
	return 0;
}

static int copy_secret(const struct plan_secret *given, struct secret *secret)
{
	secret->data = malloc(given->size + 1);
	if (!secret->data)
		return -ENOMEM;
	memcpy(secret->data, given->data, given->size);
	secret->size = given->size;
	return 0;
}

static int read_secret(struct context *context, const struct op *op)
{
	const struct plan *plan = context->plan;
	CLEANUP_FD int fd = -1;

	if (!context->secrets)
		context->secrets = calloc(plan->secret_count, sizeof(*context->secrets));
	if (!context->secrets)
		return -ENOMEM;
	if (!op->source)
		return copy_secret(&plan->secrets[op->slot], &context->secrets[op->slot]);
	fd = open_secret(op->source);
	return fd < 0 ? fd : read_into(fd, &context->secrets[op->slot]);
}

/* A mount of our own on the host, for as long as the machine lives: a trace like others. */
static int mount_cgroup(struct context *context, const struct op *op)
{
	CLEANUP_FD int target = -1;
	CLEANUP_FD int mount = -1;

	(void)context;
	if (mkdir(op->source, 0700) < 0 && errno != EEXIST)
		return -errno;
	target = open(op->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return -errno;
	mount = mount_new("cgroup2", NULL, op->attributes);
	return mount < 0 ? mount : mount_attach(mount, target);
}

static int make_cgroup(struct context *context, const struct op *op)
{
	(void)context;
	return cgroup_make(op->source);
}

static int set_cgroup(struct context *context, const struct op *op)
{
	(void)context;
	return cgroup_set(op->source, op->text);
}

static int own_cgroup(struct context *context, const struct op *op)
{
	(void)context;
	return cgroup_own(op->source, op->id);
}

static int join_cgroup(struct context *context, const struct op *op)
{
	(void)context;
	return cgroup_join(op->source, 0);
}

static int devices_v1(struct context *context, const struct op *op)
{
	return cgroup_devices_v1(op->source, context->plan->devices, context->plan->device_count);
}

static int devices_bpf(struct context *context, const struct op *op)
{
	return cgroup_devices_bpf(op->source, context->plan->devices, context->plan->device_count);
}

static int link_journal(struct context *context, const struct op *op)
{
	(void)context;
	if (symlink(op->text, op->source) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

op_function monitor_function(enum op_kind kind)
{
	static const op_function functions[OP_COUNT] = {
		[OP_CLAIM_NAME] = claim_name,     [OP_LOCK_IMAGE] = lock_image,
		[OP_LOCK_UIDS] = lock_uids,       [OP_MAKE_DIR] = make_dir,
		[OP_COPY_TREE] = copy_tree,       [OP_SNAPSHOT_TREE] = snapshot_tree,
		[OP_CHOWN_TREE] = chown_tree,     [OP_READ_SECRET] = read_secret,
		[OP_CGROUP_MAKE] = make_cgroup,   [OP_CGROUP_SET] = set_cgroup,
		[OP_CGROUP_OWN] = own_cgroup,     [OP_CGROUP_JOIN] = join_cgroup,
		[OP_DEVICES_V1] = devices_v1,     [OP_DEVICES_BPF] = devices_bpf,
		[OP_LINK_JOURNAL] = link_journal, [OP_CGROUP_MOUNT] = mount_cgroup,
	};

	return functions[kind] ? functions[kind] : network_function(kind);
}
