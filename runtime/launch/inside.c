/* SPDX-License-Identifier: MIT */
/*
 * What the leader does inside its namespaces: assembling the tree from what was staged. It holds
 * the container's privileges only, so whatever a hostile tree makes a path resolve to, nothing
 * beyond the container can be reached. Async-signal-safe throughout.
 */
#include "../sys/mount.h"
#include "../sys/path.h"
#include "../sys/place.h"
#include "context.h"
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static int slot_clone(int slot, const char *name, bool recursive)
{
	char path[64];
	int r = slot_path(path, sizeof(path), slot, name);

	return r < 0 ? r : mount_clone(AT_FDCWD, path, recursive);
}

/* A trusted path of the host, while the leader still has the right to go there. */
static int go_to_base(struct context *context, const struct op *op)
{
	(void)context;
	return chdir(op->source) < 0 ? -errno : 0;
}

static int become_root(struct context *context, const struct op *op)
{
	(void)context;
	(void)op;
	/* Raw calls: glibc's wrappers signal all threads of the process, whose list is stale here. */
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
	    syscall(SYS_setresuid, 0, 0, 0) < 0)
		return -errno;
	tie_to_monitor();
	return 0;
}

static int do_unshare(struct context *context, const struct op *op)
{
	(void)context;
	return unshare((int)op->flags) < 0 ? -errno : 0;
}

/* Takes a detached mount as the root to be; it needs a place in the namespace to be pivoted to. */
static int root_attach(struct context *context, int mount)
{
	int target = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (target < 0)
		return -errno;
	r = mount_attach(mount, target);
	close(target);
	if (r == 0)
		context->root_fd = mount;
	return r;
}

/* A copy: mounts that came from a more privileged namespace cannot be moved or pivoted to. */
static int take_root(struct context *context, const struct op *op)
{
	int mount = slot_clone(op->slot, "", true);

	return mount < 0 ? mount : root_attach(context, mount);
}

static int mount_root(struct context *context, const struct op *op)
{
	int mount = mount_new(op->type, op->options, op->attributes);

	return mount < 0 ? mount : root_attach(context, mount);
}

/* Attaches MOUNT on TARGET below the root to be, and closes it. */
static int attach_at(struct context *context, int mount, const char *target)
{
	int place = path_open_in(context->root_fd, target, O_PATH, 0);
	int r = place < 0 ? place : mount_attach(mount, place);

	if (place >= 0)
		close(place);
	close(mount);
	return r;
}

static int mount_fs(struct context *context, const struct op *op)
{
	int mount = mount_new(op->type, op->options, op->attributes);

	return mount < 0 ? mount : attach_at(context, mount, op->target);
}

static int overlay(struct context *context, const struct op *op)
{
	char options[MOUNT_OPTIONS_MAX];
	int r = overlay_options(options, sizeof(options), op);
	int mount;

	if (r < 0)
		return r;
	mount = mount_new("overlay", options, op->attributes);
	if (mount < 0)
		return mount;
	if (op->target[0] == '\0')
		return root_attach(context, mount);
	return attach_at(context, mount, op->target);
}

static int attach_changed(struct context *context, const struct op *op, int mount)
{
	int r = 0;

	if (mount < 0)
		return mount;
	if (op->attributes || op->clear)
		r = mount_change(mount, op->attributes, op->clear, 0, op->recursive, -1);
	if (r < 0) {
		close(mount);
		return r;
	}
	return attach_at(context, mount, op->target);
}

static int bind_slot(struct context *context, const struct op *op)
{
	return attach_changed(context, op, slot_clone(op->slot, op->source, op->recursive));
}

static int bind_inside(struct context *context, const struct op *op)
{
	int source = path_open_in(context->root_fd, op->source, O_PATH, 0);
	int mount;

	if (source < 0)
		return source;
	mount = mount_clone(source, "", op->recursive);
	close(source);
	return attach_changed(context, op, mount);
}

static int change_attributes(struct context *context, const struct op *op)
{
	int place = path_open_in(context->root_fd, op->target, O_PATH, 0);
	int r;

	if (place < 0)
		return place;
	r = mount_change(place, op->attributes, op->clear, 0, op->recursive, -1);
	close(place);
	return r;
}

static int make_directory(struct context *context, const struct op *op)
{
	return place_directory(context->root_fd, op->target, op->mode);
}

static int make_file(struct context *context, const struct op *op)
{
	return place_file(context->root_fd, op->target, op->mode);
}

static int make_symlink(struct context *context, const struct op *op)
{
	return place_symlink(context->root_fd, op->target, op->text);
}

static int make_node(struct context *context, const struct op *op)
{
	return place_node(context->root_fd, op->target, (mode_t)(op->flags | op->mode), op->id);
}

static int write_content(struct context *context, const struct op *op)
{
	return place_content(context->root_fd, op->target, op->mode, op->text, strlen(op->text));
}

/* Content of at most this size is copied into the tree: resolv.conf, a time zone. */
#define COPY_MAX 65536

static int copy_content(struct context *context, const struct op *op)
{
	char path[64], data[COPY_MAX];
	int r = slot_path(path, sizeof(path), op->slot, "");
	ssize_t size;

	if (r < 0)
		return r;
	size = file_read(path, data, sizeof(data));
	if (size < 0)
		return (int)size;
	return place_content(context->root_fd, op->target, op->mode, data, (size_t)size);
}

static int write_secret(struct context *context, const struct op *op)
{
	const struct secret *secret = &context->secrets[op->slot];

	return place_content(context->root_fd, op->target, op->mode, secret->data, secret->size);
}

static int remove_name(struct context *context, const struct op *op)
{
	return place_remove(context->root_fd, op->target);
}

/* bind(2) knows no directory descriptor: the working directory stands in for one, so that the
 * path is resolved inside the root like all others. */
static int bind_here(int directory, int socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "notify"};

	if (fchdir(directory) < 0 ||
	    bind(socket, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod("notify", 0666) < 0)
		return -errno;
	return 0;
}

static int notify_socket(struct context *context, const struct op *op)
{
	int directory = path_open_in(context->root_fd, op->target, O_PATH | O_DIRECTORY, 0);
	int base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = directory < 0 ? directory : base < 0 ? -errno : 0;

	if (r == 0)
		r = bind_here(directory, context->notify_fd);
	if (base >= 0 && fchdir(base) < 0 && r == 0)
		r = -errno;
	if (base >= 0)
		close(base);
	if (directory >= 0)
		close(directory);
	return r;
}

/* "pts/N" for the pty MASTER. */
static int pty_name(int master, char name[static 32])
{
	char digits[12];
	size_t count = 0, used = 4;
	unsigned number;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return -errno;
	memcpy(name, "pts/", 4);
	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		name[used++] = digits[--count];
	name[used] = '\0';
	return 0;
}

static int make_console(struct context *context, const struct op *op)
{
	int master = path_open_in(context->root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
	int unlocked = 0;
	char name[32];
	int r;

	if (master < 0)
		return master;
	context->console_main = master;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return -errno;
	r = pty_name(master, name);
	if (r < 0)
		return r;
	context->console_fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (context->console_fd < 0)
		return -errno;
	return place_symlink(context->root_fd, op->target, name);
}

static int propagation(struct context *context, const struct op *op)
{
	return mount_change(context->root_fd, 0, 0, op->flags, true, -1);
}

static int pivot(struct context *context, const struct op *op)
{
	(void)op;
	return mount_pivot(context->root_fd);
}

static int set_hostname(struct context *context, const struct op *op)
{
	(void)context;
	return sethostname(op->text, strlen(op->text)) < 0 ? -errno : 0;
}

/* One ioctl of netdevice(7) instead of a netlink conversation: lo only has to be up. */
static int loopback_up(struct context *context, const struct op *op)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = 0;

	(void)context;
	(void)op;
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		r = -errno;
	close(fd);
	return r;
}

op_function inside_function(enum op_kind kind)
{
	static const op_function functions[OP_COUNT] = {
		[OP_GO_TO_BASE] = go_to_base,
		[OP_BECOME_ROOT] = become_root,
		[OP_UNSHARE] = do_unshare,
		[OP_TAKE_ROOT] = take_root,
		[OP_MOUNT_ROOT] = mount_root,
		[OP_MOUNT] = mount_fs,
		[OP_OVERLAY] = overlay,
		[OP_BIND] = bind_slot,
		[OP_BIND_INSIDE] = bind_inside,
		[OP_ATTRIBUTES] = change_attributes,
		[OP_DIRECTORY] = make_directory,
		[OP_FILE] = make_file,
		[OP_SYMLINK] = make_symlink,
		[OP_NODE] = make_node,
		[OP_WRITE] = write_content,
		[OP_COPY] = copy_content,
		[OP_WRITE_SECRET] = write_secret,
		[OP_REMOVE] = remove_name,
		[OP_NOTIFY_SOCKET] = notify_socket,
		[OP_CONSOLE] = make_console,
		[OP_PROPAGATION] = propagation,
		[OP_PIVOT] = pivot,
		[OP_HOSTNAME] = set_hostname,
		[OP_LOOPBACK_UP] = loopback_up,
	};

	return functions[kind];
}
