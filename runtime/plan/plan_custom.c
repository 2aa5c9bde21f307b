/* SPDX-License-Identifier: MIT */
/* The mounts the user asked for, parents before children. */
#include "../base/cleanup.h"
#include "builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A mount with what the host knows of its source, so that sorting keeps them together. */
struct item {
	const struct spec_mount *mount;
	const struct host_source *source;
	const struct host_source *layers;
	size_t order;
};

/* By path, component-wise: "/a" before "/a/b" and "/a/b" before "/a-b". Equal ones as given. */
static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	const unsigned char *x = (const unsigned char *)a->mount->target;
	const unsigned char *y = (const unsigned char *)b->mount->target;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	if (*x == *y)
		return a->order < b->order ? -1 : 1;
	if (*x == '\0' || *y == '\0')
		return *x == '\0' ? -1 : 1;
	if (*x == '/' || *y == '/')
		return *x == '/' ? -1 : 1;
	return *x < *y ? -1 : 1;
}

static const char *tree_path(struct builder *b, const struct spec_mount *mount, const char *path)
{
	return mount->source_in_tree ? text(b, "%s%s", b->host->tree.path, path) : path;
}

static const char *throw_away_dir(struct builder *b)
{
	const char *parent = text(b, "%s/machines", b->host->state_dir);
	const char *path = text(b, "%s/%s-%.8s-%d", parent, b->plan->name, b->host->random_uuid,
				b->plan->slot_count);
	struct op *op = op_add(b, OP_MAKE_DIR, PHASE_BEFORE, "a throw-away directory");

	op->source = path;
	op->mode = 0755;
	op->id = b->plan->uid_base;
	trace_add(b, TRACE_DIRECTORY, parent);
	trace_add(b, TRACE_TREE, path);
	return path;
}

static void add_point(struct builder *b, const char *target, bool directory, const char *tree)
{
	enum op_kind kind = directory ? OP_DIRECTORY : OP_FILE;
	struct op *op;

	/* In a read-only tree a missing point is made before it is covered by that mode. */
	if (b->spec->read_only && tree && !b->host->tree.read_only) {
		op = op_add(b, OP_STAGE_POINT, PHASE_STAGE, "a mount point in a read-only tree");
		op->source = tree;
		op->target = target;
		op->mode = directory ? 0755 : 0644;
		op->flags = directory ? 0 : S_IFREG;
	}
	op = op_add(b, kind, PHASE_INSIDE, "a mount point");
	op->target = target;
	op->mode = directory ? 0755 : 0644;
}

static int refuse_source(struct builder *b, const struct host_source *source, const char *path)
{
	return err_errno(b->error, source->errnum ? source->errnum : ENOENT,
			 "cannot use %s as a mount source", path);
}

/* The id mapping of a staged bind; sets up OP for it. */
static int choose_idmap(struct builder *b, struct op *op, const struct item *item)
{
	enum spec_idmap wanted = item->mount->idmap;

	if (wanted == SPEC_IDMAP_NONE || b->plan->uid_base == 0)
		return 0;
	if (!item->source->idmappable)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot map the ids of %s: its file system has no id-mapped mounts",
			       op->source);
	op->idmap = wanted == SPEC_IDMAP_IDMAP ? OP_IDMAP_RANGE : OP_IDMAP_OWNER;
	op->number[0] = item->source->uid;
	op->number[1] = item->source->gid;
	op->id = b->plan->uid_base;
	if (wanted == SPEC_IDMAP_OWNER)
		op->id += item->source->target_uid;
	return 0;
}

static void allow_device(struct builder *b, const struct host_source *source, bool read_only)
{
	char type = S_ISBLK(source->mode) ? 'b' : 'c';

	if (S_ISBLK(source->mode) || S_ISCHR(source->mode))
		device_add(b, type, (int)major(source->rdev), (int)minor(source->rdev),
			   read_only ? "r" : "rw", "bound by the user");
}

static int add_custom_bind(struct builder *b, const struct item *item)
{
	const struct spec_mount *mount = item->mount;
	struct op *op;
	const char *source;
	int slot, r;

	if (mount->source && !item->source->exists)
		return refuse_source(b, item->source, tree_path(b, mount, mount->source));
	source = mount->source ? tree_path(b, mount, mount->source) : throw_away_dir(b);
	op = op_add(b, OP_STAGE_TREE, PHASE_STAGE, "asked for");
	slot = op->slot = slot_new(b);
	op->source = source;
	op->recursive = mount->recursive;
	op->attributes = mount->read_only ? MOUNT_ATTR_RDONLY : 0;
	if (mount->source_in_tree) {
		op->source = b->host->tree.path;
		op->target = mount->source;
	}
	r = mount->source ? choose_idmap(b, op, item) : 0;
	if (r < 0)
		return r;
	add_point(b, mount->target, !mount->source || S_ISDIR(item->source->mode),
		  b->host->tree.path);
	if (mount->source)
		allow_device(b, item->source, mount->read_only);
	op = op_add(b, OP_BIND, PHASE_INSIDE, "asked for");
	op->slot = slot;
	op->source = "";
	op->target = mount->target;
	op->recursive = mount->recursive;
	return 0;
}

/* Options of mount(8) that are attributes of a mount and not of a file system. */
static const struct {
	const char *word;
	uint64_t set, clear;
} attribute_words[] = {
	{"ro", MOUNT_ATTR_RDONLY, 0},
	{"rw", 0, MOUNT_ATTR_RDONLY},
	{"nosuid", MOUNT_ATTR_NOSUID, 0},
	{"suid", 0, MOUNT_ATTR_NOSUID},
	{"nodev", MOUNT_ATTR_NODEV, 0},
	{"dev", 0, MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC, 0},
	{"exec", 0, MOUNT_ATTR_NOEXEC},
	{"noatime", MOUNT_ATTR_NOATIME, 0},
	{"strictatime", MOUNT_ATTR_STRICTATIME, 0},
	{"relatime", 0, MOUNT_ATTR_STRICTATIME},
};

static bool take_attribute(const char *word, size_t length, uint64_t *attributes)
{
	for (size_t i = 0; i < ARRAY_SIZE(attribute_words); i++) {
		if (strlen(attribute_words[i].word) != length ||
		    strncmp(attribute_words[i].word, word, length) != 0)
			continue;
		*attributes = (*attributes | attribute_words[i].set) & ~attribute_words[i].clear;
		return true;
	}
	return false;
}

/* Splits OPTIONS into attributes and what the file system itself is told. */
static const char *split_options(struct builder *b, const char *options, uint64_t *attributes)
{
	const char *rest = "";

	while (options && *options) {
		size_t length = strcspn(options, ",");

		if (length > 0 && !take_attribute(options, length, attributes))
			rest = text(b, "%s%s%.*s", rest, *rest ? "," : "", (int)length, options);
		options += length;
		options += *options == ',';
	}
	return rest;
}

static void add_custom_tmpfs(struct builder *b, const struct spec_mount *mount)
{
	uint64_t attributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_STRICTATIME;
	const char *options = split_options(b, mount->options, &attributes);

	if (!mount->options || !strstr(options, "mode="))
		options = text(b, "%s%smode=0755", options, *options ? "," : "");
	add_point(b, mount->target, true, b->host->tree.path);
	add_mount(b, "tmpfs", mount->target, options, attributes, "asked for");
}

static int stage_layer(struct builder *b, const struct item *item, const struct host_source *source,
		       const char *path)
{
	bool in_tree = item->mount->source_in_tree;
	bool map = in_tree ? b->idmap_root : b->plan->uid_base != 0 && source->idmappable;
	int slot;

	if (!source->exists)
		return refuse_source(b, source, tree_path(b, item->mount, path));
	if (!S_ISDIR(source->mode))
		return err_errno(b->error, ENOTDIR, "cannot use %s as an overlay layer",
				 tree_path(b, item->mount, path));
	slot = add_stage(b, in_tree ? b->host->tree.path : path, MOUNT_ATTR_RDONLY, false,
			 map ? OP_IDMAP_RANGE : OP_IDMAP_NONE, "a lower layer");
	/* Looked up below the tree, so that its links lead nowhere else. */
	if (in_tree)
		b->plan->ops[b->plan->op_count - 1].target = path;
	return slot;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The directory that overlayfs works in: a hidden sibling of the upper one, made and removed. */
static const char *make_work_dir(struct builder *b, const char *parent, const char *upper, bool map)
{
	const char *name = text(b, ".#floe-%s-%s", b->plan->name, upper);
	struct op *op = op_add(b, OP_MAKE_DIR, PHASE_BEFORE, "overlayfs works there");

	op->source = text(b, "%s/%s", parent, name);
	op->mode = 0700;
	op->id = map ? 0 : b->plan->uid_base;
	trace_add(b, TRACE_TREE, op->source);
	return name;
}

/* Stages what holds both the upper and the work directory: they have to be on one mount. */
static int stage_custom_upper(struct builder *b, const struct item *item, struct op *overlay)
{
	const char *path = item->mount->upper ? item->mount->upper : throw_away_dir(b);
	bool map = b->plan->uid_base != 0 && item->mount->upper && item->source->idmappable;
	const char *name = base_name(path);
	const char *parent = text(b, "%.*s", (int)(name - path - (name - path > 1)), path);

	/* The work directory would be made and removed at a path that the tree decides about. */
	if (item->mount->upper && item->mount->source_in_tree)
		return err_set(
			b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			"cannot use %s of the tree as the upper layer on %s; give a directory "
			"of the host, or none for a throw-away one",
			path, item->mount->target);
	if (item->mount->upper && !item->source->exists)
		return refuse_source(b, item->source, path);
	overlay->source = name;
	overlay->text = make_work_dir(b, parent, name, map);
	overlay->upper = add_stage(b, parent, 0, false, map ? OP_IDMAP_RANGE : OP_IDMAP_NONE,
				   "holds the upper layer");
	return 0;
}

/* The slots of the lower layers, topmost first. */
static int stage_lowers(struct builder *b, const struct item *item, struct op *overlay)
{
	const struct spec_mount *mount = item->mount;
	/* The kernel takes no overlay of one directory alone (ovl_get_lowerstack()). */
	bool lonely = mount->read_only && mount->layer_count == 1;
	size_t count = mount->layer_count + lonely;
	int *layers = arena_alloc(&b->plan->arena, count * sizeof(*layers));

	if (!layers)
		return -ENOMEM;
	if (count > OP_LAYERS_MAX)
		return err_usage(b->error, "the overlay on %s has more than %d layers",
				 mount->target, OP_LAYERS_MAX);
	for (size_t i = 0; i < count; i++) {
		int slot = i < mount->layer_count
				   ? stage_layer(b, item, &item->layers[i], mount->layers[i])
				   : add_stage(b, throw_away_dir(b), MOUNT_ATTR_RDONLY, false,
					       OP_IDMAP_NONE, "an empty layer");

		if (slot < 0)
			return slot;
		layers[count - 1 - i] = slot;
	}
	overlay->layers = layers;
	overlay->layer_count = count;
	return 0;
}

static int add_custom_overlay(struct builder *b, const struct item *item)
{
	const struct spec_mount *mount = item->mount;
	struct op overlay = {.upper = -1};
	struct op *op;
	int r;

	if (!b->host->has_overlay)
		return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot use --overlay: this kernel has no overlayfs");
	r = stage_lowers(b, item, &overlay);
	if (r == 0 && !mount->read_only)
		r = stage_custom_upper(b, item, &overlay);
	if (r < 0)
		return r;
	add_point(b, mount->target, true, b->host->tree.path);
	op = op_add(b, OP_OVERLAY, PHASE_INSIDE, "asked for");
	op->layers = overlay.layers;
	op->layer_count = overlay.layer_count;
	op->upper = overlay.upper;
	op->source = overlay.source;
	op->text = overlay.text;
	op->target = mount->target;
	op->options = b->plan->user_namespace ? "userxattr" : NULL;
	if (!mount->read_only && !mount->upper)
		op->options = b->plan->user_namespace ? "userxattr,volatile" : "volatile";
	return 0;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

/* Whether what is at TARGET is the tree's own, and not below something mounted inside. */
static bool is_of_tree(const struct builder *b, const char *target)
{
	static const char *const api[] = {"/proc", "/sys", "/dev", "/run", "/tmp"};

	if (b->root_slot < 0 || b->spec->volatile_mode != SPEC_VOLATILE_NO)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(api); i++) {
		if (is_below(target, api[i]))
			return false;
	}
	for (size_t i = 0; i < b->spec->mount_count; i++) {
		const struct spec_mount *mount = &b->spec->mounts[i];

		if (mount->kind != SPEC_MOUNT_INACCESSIBLE && is_below(target, mount->target))
			return false;
	}
	return true;
}

static int add_custom_inaccessible(struct builder *b, const struct item *item)
{
	const char *target = item->mount->target;
	struct op *op;

	if (!item->source->exists)
		return err_errno(b->error, item->source->errnum ? item->source->errnum : ENOENT,
				 "cannot make %s inaccessible", target);
	/* What is covered before the tree is staged stays so: in a user namespace the kernel locks
	 * the cover to it. What is only there inside can only be covered there. */
	if (is_of_tree(b, target)) {
		op = op_add(b, OP_STAGE_COVER, PHASE_STAGE, "nobody inside gets at it");
		op->slot = b->root_slot;
		op->target = target;
		op->flags = S_ISDIR(item->source->mode) ? S_IFDIR : S_IFREG;
		return 0;
	}
	note_add(b, false, "root inside can lift the cover of %s, which is made inside", target);
	op = op_add(b, OP_BIND_INSIDE, PHASE_INSIDE, "nobody but root inside gets at it");
	op->source = S_ISDIR(item->source->mode) ? "/run/host/inaccessible/dir"
						 : "/run/host/inaccessible/reg";
	op->target = target;
	op->attributes = MOUNT_ATTR_RDONLY;
	return 0;
}

static int add_item(struct builder *b, const struct item *item)
{
	switch (item->mount->kind) {
	case SPEC_MOUNT_BIND:
		return add_custom_bind(b, item);
	case SPEC_MOUNT_TMPFS:
		add_custom_tmpfs(b, item->mount);
		return 0;
	case SPEC_MOUNT_OVERLAY:
		return add_custom_overlay(b, item);
	case SPEC_MOUNT_INACCESSIBLE:
		return add_custom_inaccessible(b, item);
	}
	return -EINVAL;
}

int plan_custom(struct builder *b)
{
	size_t count = b->spec->mount_count;
	struct item *items = arena_alloc(&b->plan->arena, (count + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		items[i].mount = &b->spec->mounts[i];
		items[i].source = &b->host->mounts[i];
		items[i].layers = b->host->layers ? b->host->layers[i] : NULL;
		items[i].order = i;
	}
	qsort(items, count, sizeof(*items), compare_items);
	for (size_t i = 0; i < count; i++) {
		int r = add_item(b, &items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}
