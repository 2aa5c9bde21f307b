/* SPDX-License-Identifier: MIT */
/* The file systems every machine has: /proc, /sys, /dev, /run, /tmp. nspawn.md 3.2 and 3.3. */
#include "builder.h"

#include <string.h>
#include <sys/stat.h>

static void stage_special(struct builder *b, const char *type, uint64_t attributes, int *slot,
			  const char *why)
{
	struct op *op = op_add(b, OP_STAGE_NEW, PHASE_STAGE, why);

	op->type = type;
	op->attributes = attributes;
	op->slot = *slot = slot_new(b);
}

/*
 * The kernel lets a new user namespace mount proc or sysfs only where a fully visible one is there
 * already (fs/namespace.c, mount_too_revealing): these are, and go with the base.
 */
static void stage_vouchers(struct builder *b)
{
	int slot;

	if (!b->plan->user_namespace)
		return;
	stage_special(b, "proc", ATTR_API, &slot, "vouches for the machine's own /proc");
	if (b->own_net)
		stage_special(b, "sysfs", ATTR_API, &slot, "vouches for the machine's own /sys");
}

static bool wants_masks(const struct builder *b)
{
	return b->spec->masks || !b->plan->user_namespace;
}

/*
 * Where /proc and /sys are masked, nested sandboxes (Nix's builder) could mount neither. Spares
 * that show nothing, of namespaces that are gone, vouch for them from beneath an empty cover.
 */
static void add_spares(struct builder *b)
{
	static const char *const types[] = {"proc", "sysfs"};

	add_directory(b, "/run/host/.api", 0700, "spares for nested sandboxes");
	for (size_t i = 0; i < 2; i++) {
		struct op *op = op_add(b, OP_STAGE_DEAD, PHASE_STAGE,
				       "nested sandboxes may then mount their own");
		int slot = op->slot = slot_new(b);
		const char *target = text(b, "/run/host/.api/%s", types[i]);

		op->type = types[i];
		op->attributes = ATTR_API;
		add_directory(b, target, 0555, "a mount point");
		add_bind(b, slot, "", target, "vouches for nested ones");
	}
	add_mount(b, "tmpfs", "/run/host/.api", "mode=0000,size=4k", ATTR_API | MOUNT_ATTR_RDONLY,
		  "nobody reaches the spares by path");
}

static bool has_proc(const struct builder *b, const char *name)
{
	for (const char *const *at = b->host->proc_paths; at && *at; at++) {
		if (strcmp(*at, name) == 0)
			return true;
	}
	return false;
}

static void mask_read_only(struct builder *b, const char *path, const char *why)
{
	struct op *op = op_add(b, OP_BIND_INSIDE, PHASE_INSIDE, why);

	op->source = op->target = path;
	op->recursive = true;
	op->attributes = ATTR_API | MOUNT_ATTR_RDONLY;
}

static void mask_hidden(struct builder *b, const char *path)
{
	struct op *op = op_add(b, OP_BIND_INSIDE, PHASE_INSIDE, "of no business to the machine");

	op->source = "/run/host/inaccessible/reg";
	op->target = path;
	op->attributes = ATTR_API | MOUNT_ATTR_RDONLY;
}

/* A reboot inside is another boot for the journal and for services. Only where /proc is masked
 * anyway: a file over it would keep nested user namespaces from mounting their own. */
static void add_boot_id(struct builder *b)
{
	struct op *op;

	add_write(b, "/run/host/boot-id", 0444, text(b, "%s\n", b->host->boot_id),
		  "an id of this start");
	op = op_add(b, OP_BIND_INSIDE, PHASE_INSIDE, "this start, not the host's");
	op->source = "/run/host/boot-id";
	op->target = "/proc/sys/kernel/random/boot_id";
	op->attributes = ATTR_API | MOUNT_ATTR_RDONLY;
}

static void add_masks(struct builder *b)
{
	static const char *const read_only[] = {"acpi", "apm", "asound", "bus",
						"fs",   "irq", "scsi",   "sys"};
	static const char *const hidden[] = {"kallsyms", "kcore",         "keys",
					     "kmsg",     "sysrq-trigger", "timer_list"};

	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		if (has_proc(b, read_only[i]))
			mask_read_only(b, text(b, "/proc/%s", read_only[i]),
				       "the host's knobs are not the machine's");
	}
	if (b->own_net && has_proc(b, "sys")) {
		struct op *op = op_add(b, OP_BIND_INSIDE, PHASE_INSIDE,
				       "the machine's own network settings stay writable");

		op->source = op->target = "/proc/sys/net";
		op->clear = MOUNT_ATTR_RDONLY;
	}
	if (has_proc(b, "sys"))
		add_boot_id(b);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (has_proc(b, hidden[i]))
			mask_hidden(b, text(b, "/proc/%s", hidden[i]));
	}
}

/*
 * systemd takes a writable /sys for a machine with udev, and waits for a device database that nobody
 * writes: networkd would never take a link over (udev_available(), and CONTAINER_INTERFACE.md). The
 * mount alone is read-only, and not locked: who wants to write may remount it.
 */
static void add_sys(struct builder *b)
{
	int slot;

	add_directory(b, "/sys", 0555, "a mount point");
	if (b->own_net || !b->plan->user_namespace) {
		add_mount(b, "sysfs", "/sys", NULL, ATTR_API | MOUNT_ATTR_RDONLY,
			  "read-only: no device manager is needed inside");
		return;
	}
	stage_special(b, "sysfs", ATTR_API | MOUNT_ATTR_RDONLY, &slot,
		      b->spec->network == SPEC_NETWORK_PATH
			      ? "of the network namespace that it joined"
			      : "of the host's network namespace, which the machine shares");
	add_bind(b, slot, "", "/sys", "read-only for good");
}

static void add_cgroup(struct builder *b)
{
	if (!b->plan->cgroup || !*b->plan->cgroup)
		return;
	add_mount(b, "cgroup2", "/sys/fs/cgroup", NULL, ATTR_API, "its own control groups");
}

static void stage_dev(struct builder *b)
{
	/* In a user namespace nodes cannot be made: the host's are bound one by one. */
	if (!b->plan->user_namespace && b->host->initial_user_namespace) {
		b->dev_slot = -1;
		return;
	}
	b->dev_slot = add_stage(b, "/dev", MOUNT_ATTR_NOEXEC, false, OP_IDMAP_NONE,
				"device nodes are bound from here");
}

struct node {
	const char *name;
	unsigned major, minor;
};

static const struct node *find_node(const char *name)
{
	static const struct node nodes[] = {
		{"null", 1, 3},    {"zero", 1, 5}, {"full", 1, 7},       {"random", 1, 8},
		{"urandom", 1, 9}, {"tty", 5, 0},  {"net/tun", 10, 200}, {"fuse", 10, 229},
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (strcmp(nodes[i].name, name) == 0)
			return &nodes[i];
	}
	return NULL;
}

/* makedev(3) without the C library's macro, which does not fit 32 bits of op->id above 12:20. */
static uint32_t device_number(const struct node *node)
{
	return (node->minor & 0xff) | node->major << 8 | (node->minor & ~0xffU) << 12;
}

static void add_node(struct builder *b, const char *name)
{
	const struct node *node = find_node(name);
	const char *target = text(b, "/dev/%s", name);
	struct op *op;

	if (!node)
		return;
	if (b->dev_slot < 0) {
		op = op_add(b, OP_NODE, PHASE_INSIDE, "a device every program may use");
		op->flags = S_IFCHR;
		op->id = device_number(node);
	} else {
		op = op_add(b, OP_FILE, PHASE_INSIDE, "a mount point");
		op->mode = 0666;
		op->target = target;
		op = op_add(b, OP_BIND, PHASE_INSIDE, "a device every program may use");
		op->slot = b->dev_slot;
		op->source = name;
	}
	op->mode = 0666;
	op->target = target;
}

static void add_dev(struct builder *b)
{
	add_directory(b, "/dev", 0755, "a mount point");
	add_mount(b, "tmpfs", "/dev", "mode=0755,size=4m,nr_inodes=64k",
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, "only the devices listed next");
	add_directory(b, "/dev/pts", 0755, "a mount point");
	add_directory(b, "/dev/shm", 01777, "a mount point");
	add_directory(b, "/dev/mqueue", 0755, "a mount point");
	add_directory(b, "/dev/net", 0755, "for tun");
	for (const char *const *name = b->host->device_nodes; name && *name; name++)
		add_node(b, *name);
	if (b->host->has_devpts)
		add_mount(b, "devpts", "/dev/pts", "ptmxmode=0666,mode=0620,gid=5",
			  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "terminals of its own");
	add_mount(b, "tmpfs", "/dev/shm", "mode=1777,size=10%,nr_inodes=400k",
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME,
		  "shared memory of its own");
	if (b->host->has_mqueue)
		add_mount(b, "mqueue", "/dev/mqueue", NULL, ATTR_API, "its own message queues");
	add_symlink(b, "/dev/ptmx", "pts/ptmx", "new terminals are its own");
	add_symlink(b, "/dev/fd", "/proc/self/fd", "usual name");
	add_symlink(b, "/dev/stdin", "/proc/self/fd/0", "usual name");
	add_symlink(b, "/dev/stdout", "/proc/self/fd/1", "usual name");
	add_symlink(b, "/dev/stderr", "/proc/self/fd/2", "usual name");
	if (has_proc(b, "kcore"))
		add_symlink(b, "/dev/core", "/proc/kcore", "usual name");
}

static void add_inaccessible(struct builder *b)
{
	static const struct {
		const char *target;
		uint32_t type;
	} nodes[] = {
		{"/run/host/inaccessible/reg", S_IFREG},
		{"/run/host/inaccessible/fifo", S_IFIFO},
		{"/run/host/inaccessible/sock", S_IFSOCK},
	};

	add_directory(b, "/run/host/inaccessible", 0755, "covers for other things");
	add_directory(b, "/run/host/inaccessible/dir", 0, "covers a directory");
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct op *op = op_add(b, OP_NODE, PHASE_INSIDE, "covers a thing of this kind");

		op->target = nodes[i].target;
		op->flags = nodes[i].type;
	}
}

static void add_run(struct builder *b)
{
	add_directory(b, "/run", 0755, "a mount point");
	add_mount(b, "tmpfs", "/run", "mode=0755,size=20%,nr_inodes=800k",
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME,
		  "state of this run only");
	add_directory(b, "/run/host", 0755, "a mount point");
	add_mount(b, "tmpfs", "/run/host", "mode=0755,size=4m,nr_inodes=1k", ATTR_API,
		  "what the runtime tells the machine");
	add_inaccessible(b);
	add_directory(b, "/tmp", 01777, "a mount point");
	add_mount(b, "tmpfs", "/tmp", "mode=1777,size=10%,nr_inodes=400k",
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME,
		  "temporary files end with the machine");
}

/* A read-only /sys, inherited by a nested user namespace, vouches for read-only ones there only. This
 * is the machine's own, so nothing has to cover it. */
static void add_sysfs_spare(struct builder *b)
{
	add_directory(b, "/run/host/.api", 0755, "a spare for nested sandboxes");
	add_directory(b, "/run/host/.api/sysfs", 0555, "a mount point");
	add_mount(b, "sysfs", "/run/host/.api/sysfs", NULL, ATTR_API,
		  "nested sandboxes may mount their own");
}

static void add_base_directories(struct builder *b)
{
	static const struct {
		const char *path;
		uint32_t mode;
	} all[] = {{"/etc", 0755}, {"/usr", 0755}, {"/var", 0755}, {"/root", 0750}};

	/* What a system needs of an empty root is plan_store()'s. */
	if (!b->root_writable || b->spec->system)
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		/* A NixOS tree has no /usr and makes what it wants of it. */
		if (strcmp(all[i].path, "/usr") == 0 && b->host->tree.has_nix_store)
			continue;
		add_directory(b, all[i].path, all[i].mode, "expected by most programs");
	}
}

int plan_api(struct builder *b)
{
	stage_vouchers(b);
	stage_dev(b);
	add_base_directories(b);
	add_directory(b, "/proc", 0555, "a mount point");
	add_mount(b, "proc", "/proc", NULL, ATTR_API, "its own processes");
	add_sys(b);
	add_cgroup(b);
	add_dev(b);
	add_run(b);
	if (wants_masks(b)) {
		add_masks(b);
		add_spares(b);
	} else if (b->own_net) {
		add_sysfs_spare(b);
	}
	return 0;
}
