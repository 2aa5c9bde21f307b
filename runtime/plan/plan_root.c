/* SPDX-License-Identifier: MIT */
/* What becomes "/": the tree itself, a copy, or layers with a private one on top. */
#include "builder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Attributes of the staged tree. In a user namespace they are locked there for good. Device nodes
 * of an image are never usable then, whatever an archive brought along. */
static uint64_t root_attributes(const struct builder *b)
{
	return (b->plan->user_namespace ? MOUNT_ATTR_NODEV : 0) |
	       (b->spec->read_only ? MOUNT_ATTR_RDONLY : 0);
}

static enum op_idmap root_idmap(const struct builder *b)
{
	return b->idmap_root ? OP_IDMAP_RANGE : OP_IDMAP_NONE;
}

/* Mount points that a read-only tree lacks are made in it before, as nspawn does. */
static void stage_points(struct builder *b, const char *tree)
{
	static const char *const points[] = {"/proc", "/sys", "/dev", "/run", "/tmp"};
	struct op *op;

	if (!b->spec->read_only || b->host->tree.read_only)
		return;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		op = op_add(b, OP_STAGE_POINT, PHASE_STAGE, "a mount point in a read-only tree");
		op->source = tree;
		op->target = points[i];
		op->mode = 0755;
	}
}

static int stage_tree(struct builder *b, const char *tree, uint64_t attributes, const char *why)
{
	return add_stage(b, tree, attributes, true, root_idmap(b), why);
}

static void take_root(struct builder *b, int slot)
{
	struct op *op = op_add(b, OP_TAKE_ROOT, PHASE_INSIDE, "the tree becomes the root");

	op->slot = slot;
	b->root_slot = slot;
}

static void lock_tree(struct builder *b, bool shared)
{
	struct op *op = op_add(b, OP_LOCK_IMAGE, PHASE_BEFORE,
			       shared ? "nobody changes it meanwhile" : "nobody else writes to it");

	op->source = b->host->tree.path;
	op->read_only = shared;
}

/* A directory that lives with the machine, for layers and throw-away sources. */
static const char *private_dir(struct builder *b)
{
	const char *parent = text(b, "%s/machines", b->host->state_dir);
	const char *path = text(b, "%s/%s-%.8s", parent, b->plan->name, b->host->random_uuid);
	struct op *op =
		op_add(b, OP_MAKE_DIR, PHASE_BEFORE, "what the machine writes, until it ends");

	op->source = path;
	op->mode = 0700;
	trace_add(b, TRACE_DIRECTORY, parent);
	trace_add(b, TRACE_TREE, path);
	return path;
}

static void make_dir(struct builder *b, const char *path, uint32_t mode, uint32_t owner,
		     const char *why)
{
	struct op *op = op_add(b, OP_MAKE_DIR, PHASE_BEFORE, why);

	op->source = path;
	op->mode = mode;
	op->id = owner;
}

/* Owner on disk of what shall belong to root inside. */
static uint32_t root_owner(const struct builder *b)
{
	return b->idmap_root ? 0 : b->plan->uid_base;
}

static int stage_upper(struct builder *b, const char *dir)
{
	uint32_t mode = b->host->tree.path ? b->host->tree.status.st_mode & 07777 : 0755;

	make_dir(b, text(b, "%s/upper", dir), mode, root_owner(b), "the private upper layer");
	make_dir(b, text(b, "%s/work", dir), 0700, root_owner(b), "overlayfs works there");
	return add_stage(b, dir, MOUNT_ATTR_NODEV, false, root_idmap(b), "the private upper layer");
}

static void add_overlay_root(struct builder *b, int lower, int upper, const char *why)
{
	int *layers = arena_alloc(&b->plan->arena, sizeof(*layers));
	struct op *op = op_add(b, OP_OVERLAY, PHASE_INSIDE, why);

	if (layers)
		*layers = lower;
	op->layers = layers;
	op->layer_count = layers ? 1 : 0;
	op->upper = upper;
	op->source = "upper";
	op->text = "work";
	op->target = "";
	/* Extended attributes of overlayfs are in user.* there: trusted.* is the host's. What is
	 * thrown away need not reach the disk: without "volatile" its unmounting would wait for
	 * all that the host has to write (overlayfs.rst, "Volatile mount"; Linux 5.10). */
	op->options = b->plan->user_namespace ? "userxattr,volatile" : "volatile";
	op->attributes = root_attributes(b);
}

static int need_overlay(struct builder *b, const char *option)
{
	if (b->host->has_overlay)
		return 0;
	return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
		       "cannot use %s: this kernel has no overlayfs", option);
}

static int root_overlay(struct builder *b, const char *option)
{
	const char *dir;
	int lower, upper;
	int r = need_overlay(b, option);

	if (r < 0)
		return r;
	lock_tree(b, true);
	dir = private_dir(b);
	upper = stage_upper(b, dir);
	lower = stage_tree(b, b->host->tree.path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
			   "the tree stays as it is");
	add_overlay_root(b, lower, upper, "changes go to the private layer");
	return 0;
}

static int root_copy(struct builder *b)
{
	bool snapshot = b->spec->ephemeral == SPEC_EPHEMERAL_SNAPSHOT;
	const struct host_tree *tree = &b->host->tree;
	const char *dir, *copy;
	struct op *op;

	if (snapshot && !tree->btrfs_subvolume)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot snapshot %s: it is no btrfs subvolume; use --ephemeral or "
			       "--ephemeral=copy",
			       tree->path);
	lock_tree(b, true);
	/* Beside the tree: a snapshot or shared blocks need the same file system. */
	dir = text(b, "%s/.#floe-%s-%.8s",
		   text(b, "%.*s", (int)(strrchr(tree->path, '/') - tree->path), tree->path),
		   b->plan->name, b->host->random_uuid);
	make_dir(b, dir, 0700, 0, "holds the copy until the machine ends");
	trace_add(b, TRACE_TREE, dir);
	copy = text(b, "%s/tree", dir);
	op = op_add(b, snapshot ? OP_SNAPSHOT_TREE : OP_COPY_TREE, PHASE_BEFORE,
		    "the machine works on its own copy");
	op->source = tree->path;
	op->target = copy;
	take_root(b, stage_tree(b, copy, root_attributes(b), "the copy, with the machine's ids"));
	return 0;
}

/* --volatile=yes: an empty root with only the tree's /usr below it. */
static int root_volatile(struct builder *b)
{
	struct op *op;
	int slot;

	if (!b->host->tree.has_usr || !b->host->tree.merged_usr)
		return err_usage(
			b->error,
			"--volatile=yes needs a tree whose programs are all in /usr, which "
			"%s is not; use --volatile=overlay",
			b->host->tree.path);
	lock_tree(b, true);
	slot = stage_tree(b, b->host->tree.path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
			  "only its /usr is used");
	op = op_add(b, OP_MOUNT_ROOT, PHASE_INSIDE, "an empty root in memory");
	op->type = "tmpfs";
	op->options = "mode=0755,size=25%";
	add_directory(b, "/usr", 0755, "a mount point");
	add_bind(b, slot, "usr", "/usr", "the programs, read-only");
	for (const char *const *name = (const char *const[]){"bin", "sbin", "lib", "lib64", NULL};
	     *name; name++)
		add_symlink(b, text(b, "/%s", *name), text(b, "usr/%s", *name),
			    "programs are looked for there");
	return 0;
}

static int root_state(struct builder *b)
{
	int slot;

	lock_tree(b, true);
	slot = stage_tree(b, b->host->tree.path, MOUNT_ATTR_RDONLY | root_attributes(b),
			  "the tree, read-only");
	take_root(b, slot);
	add_mount(b, "tmpfs", "/var", "mode=0755,size=25%,nr_inodes=1m",
		  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "state that does not outlive the machine");
	return 0;
}

static int root_memory(struct builder *b)
{
	struct op *op = op_add(b, OP_MOUNT_ROOT, PHASE_INSIDE, "no directory was given");

	op->type = "tmpfs";
	op->options = "mode=0755,size=25%";
	b->root_writable = true;
	return 0;
}

static int root_plain(struct builder *b)
{
	const char *tree = b->host->tree.path;

	lock_tree(b, b->spec->read_only);
	stage_points(b, tree);
	take_root(b, stage_tree(b, tree, root_attributes(b),
				b->idmap_root ? "the tree, with the machine's ids" : "the tree"));
	/* Nix remounts its store with other flags, which is refused while it inherits locked
	 * ones from the root (nix issue 9705): it is a mount of its own without any. */
	if (b->plan->user_namespace && b->host->tree.has_nix_store && !b->spec->read_only &&
	    b->spec->store == SPEC_STORE_PRIVATE) {
		struct op *op = op_add(b, OP_STAGE_TREE, PHASE_STAGE, "Nix changes its flags");

		op->slot = slot_new(b);
		op->source = tree;
		op->target = "/nix/store";
		op->idmap = root_idmap(b);
		add_bind(b, op->slot, "", "/nix/store", "Nix can remount it");
	}
	return 0;
}

static int choose_root(struct builder *b)
{
	const struct spec *spec = b->spec;

	if (!b->host->tree.path)
		return root_memory(b);
	if (spec->ephemeral == SPEC_EPHEMERAL_OVERLAY)
		return root_overlay(b, "--ephemeral");
	if (spec->ephemeral != SPEC_EPHEMERAL_NO)
		return root_copy(b);
	switch (spec->volatile_mode) {
	case SPEC_VOLATILE_YES:
		return root_volatile(b);
	case SPEC_VOLATILE_STATE:
		return root_state(b);
	case SPEC_VOLATILE_OVERLAY:
		return root_overlay(b, "--volatile=overlay");
	case SPEC_VOLATILE_NO:
		break;
	}
	return root_plain(b);
}

/* Whether the tree belongs to ids of the machine, so that its root may write there. */
static bool owner_is_inside(const struct builder *b)
{
	uint32_t owner = (uint32_t)b->host->tree.status.st_uid;
	const struct plan *plan = b->plan;

	if (!plan->user_namespace || b->idmap_root || b->spec->ephemeral != SPEC_EPHEMERAL_NO)
		return true;
	if (plan_has_op(plan, OP_CHOWN_TREE))
		return true;
	return owner >= plan->uid_base && owner - plan->uid_base < plan->uid_count;
}

static bool etc_is_writable(const struct builder *b)
{
	const struct spec *spec = b->spec;

	if (!b->host->tree.path || spec->ephemeral == SPEC_EPHEMERAL_OVERLAY ||
	    spec->volatile_mode == SPEC_VOLATILE_YES ||
	    spec->volatile_mode == SPEC_VOLATILE_OVERLAY)
		return true;
	return owner_is_inside(b) && !spec->read_only && spec->volatile_mode == SPEC_VOLATILE_NO &&
	       (b->host->tree.etc_writable || spec->ephemeral != SPEC_EPHEMERAL_NO);
}

int plan_root(struct builder *b)
{
	b->root_writable = etc_is_writable(b);
	return choose_root(b);
}
