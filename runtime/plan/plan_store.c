/* SPDX-License-Identifier: MIT */
/*
 * What /nix/store is inside, when it is not the tree's own.
 *
 * All of it is staged with the host's privileges, so that a layer means the same whatever user
 * namespace a machine has: attributes of overlayfs are in trusted.*, where nobody inside can write
 * them. What is shown read-only has to stay so. In a user namespace the kernel locks a read-only
 * bind; without one root inside could remount it, but not an overlay that has no upper layer, whose
 * file system itself is read-only (fs/overlayfs/super.c, ovl_force_readonly()).
 */
#include "builder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_closure(const struct builder *b)
{
	return b->spec->store == SPEC_STORE_CLOSURE || b->spec->store == SPEC_STORE_CLOSURE_OVERLAY;
}

static bool is_layered(const struct builder *b)
{
	return b->spec->store == SPEC_STORE_OVERLAY || b->spec->store == SPEC_STORE_CLOSURE_OVERLAY;
}

/*
 * Whether a read-only store is an overlay without an upper layer. Nix lifts the read-only flag of
 * the mount before it looks at its store, and gives up where that is locked; the file system's own
 * it does not mind.
 */
static bool is_sealed(const struct builder *b)
{
	return b->spec->store == SPEC_STORE_RO &&
	       (!b->plan->user_namespace || b->spec->nix_daemon == SPEC_NIX_DAEMON_PRIVATE);
}

/* Whether the host's state directory comes with its store. */
static bool shares_state(const struct builder *b)
{
	return b->spec->store == SPEC_STORE_RW && b->host->store.state.exists &&
	       b->spec->nix_daemon == SPEC_NIX_DAEMON_PRIVATE;
}

static bool uses_overlay(const struct builder *b)
{
	return is_closure(b) || is_layered(b) || is_sealed(b);
}

static bool maps_ids(const struct builder *b)
{
	return b->plan->uid_base != 0;
}

static enum op_idmap store_idmap(const struct builder *b)
{
	return maps_ids(b) ? OP_IDMAP_RANGE : OP_IDMAP_NONE;
}

static int unsupported(struct builder *b, const char *what)
{
	return err_set(b->error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
		       "cannot show the host's /nix/store: %s", what);
}

static int check_overlay(struct builder *b)
{
	const struct host *host = b->host;

	if (!host->has_overlay && is_sealed(b) && !b->plan->user_namespace)
		return unsupported(b, "this kernel has no overlayfs, and without a user namespace "
				      "root inside could make anything else writable; use "
				      "--store=rw where that is meant");
	if (!host->has_overlay)
		return unsupported(b, "this kernel has no overlayfs");
	/* ovl_workdir_ok() and ovl_get_fsid(): mapped layers came with Linux 5.19. */
	if (maps_ids(b) && host->kernel_major == 5 && host->kernel_minor < 19)
		return unsupported(b, "layers with mapped ids take Linux 5.19; use "
				      "--private-users=no or identity");
	if (is_closure(b) && !host->initial_user_namespace)
		return unsupported(b, "a closure takes attributes that only the host's root can "
				      "set, and floe runs in a user namespace; use --store=ro or "
				      "overlay");
	return 0;
}

static int check_keeper(struct builder *b)
{
	const struct host_store *store = &b->host->store;

	if (!is_layered(b))
		return 0;
	if (!store->layer && host_keeps_layer(b->host, b->spec))
		return unsupported(b, "this tree has no place beside it for a layer of its own");
	if (maps_ids(b) && !store->keeper.idmappable)
		return unsupported(b, "what the machine writes would lie on a file system without "
				      "id-mapped mounts; use --private-users=no or identity");
	return 0;
}

static int check_host(struct builder *b)
{
	const struct host_store *store = &b->host->store;
	int r;

	if (!store->source.exists)
		return err_set(b->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			       "cannot show the host's /nix/store: there is none");
	if (maps_ids(b) && !store->source.idmappable)
		return unsupported(b, "its file system has no id-mapped mounts; use "
				      "--private-users=no or identity");
	r = uses_overlay(b) ? check_overlay(b) : 0;
	return r < 0 ? r : check_keeper(b);
}

/* ---- layers ---- */

static struct op *make_dir(struct builder *b, const char *path, uint32_t mode, const char *why)
{
	struct op *op = op_add(b, OP_MAKE_DIR, PHASE_BEFORE, why);

	op->source = path;
	op->mode = mode;
	return op;
}

/* One that may be there from earlier starts, and that goes if nothing was ever put into it. */
static void keep_dir(struct builder *b, const char *path, uint32_t mode, const char *why)
{
	trace_add(b, TRACE_DIRECTORY, path);
	make_dir(b, path, mode, why)->flags = 1;
}

/* The layer that lives with the tree, beside it. */
static const char *kept_layer(struct builder *b)
{
	const char *layer = b->host->store.layer;

	keep_dir(b, text(b, "%.*s", (int)(strrchr(layer, '/') - layer), layer), 0700,
		 "the machine's own layers of the store live with its tree");
	keep_dir(b, layer, 0755, "the one for this mode");
	keep_dir(b, text(b, "%s/upper", layer), 0755, "what it writes to the store");
	keep_dir(b, text(b, "%s/upper/store", layer), 0755, "what it writes to the store");
	keep_dir(b, text(b, "%s/db", layer), 0755, "the database of its store");
	keep_dir(b, text(b, "%s/work", layer), 0700, "overlayfs works there");
	/* Made by overlayfs itself. */
	trace_add(b, TRACE_DIRECTORY, text(b, "%s/work/work", layer));
	return layer;
}

static const char *thrown_layer(struct builder *b)
{
	const char *parent = text(b, "%s/machines", b->host->state_dir);
	const char *layer =
		text(b, "%s/%s-%.8s-store", parent, b->plan->name, b->host->random_uuid);
	struct op *op;

	trace_add(b, TRACE_DIRECTORY, parent);
	trace_add(b, TRACE_TREE, layer);
	make_dir(b, layer, 0700, "what the machine writes to its store, until it ends");
	make_dir(b, text(b, "%s/upper", layer), 0755, "what it writes to the store");
	make_dir(b, text(b, "%s/upper/store", layer), 0755, "what it writes to the store");
	make_dir(b, text(b, "%s/work", layer), 0700, "overlayfs works there");
	if (!b->host->store.has_layer_db) {
		make_dir(b, text(b, "%s/db", layer), 0755, "the database of its store");
		return layer;
	}
	op = op_add(b, OP_COPY_TREE, PHASE_BEFORE, "the database of what the tree's layer holds");
	op->source = text(b, "%s/db", b->host->store.layer);
	op->target = text(b, "%s/db", layer);
	return layer;
}

static void add_layer(struct op *overlay, int *layers, int slot)
{
	layers[overlay->layer_count++] = slot;
}

static void stage_own_layer(struct builder *b, struct op *overlay, int *layers)
{
	bool kept = host_keeps_layer(b->host, b->spec);
	const char *directory = kept ? kept_layer(b) : thrown_layer(b);

	overlay->upper = b->store_layer = add_stage(b, directory, MOUNT_ATTR_NODEV, false,
						    store_idmap(b), "the machine's own layer");
	overlay->source = is_closure(b) ? "upper" : "upper/store";
	overlay->text = "work";
	/* Of what is thrown away nothing has to reach the disk (overlayfs.rst). */
	if (!kept)
		overlay->options =
			overlay->options ? text(b, "%s,volatile", overlay->options) : "volatile";
	if (kept || !b->host->store.has_layer)
		return;
	add_layer(overlay, layers,
		  add_stage(b, b->host->store.layer, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, false,
			    store_idmap(b), "what the tree's own layer holds already"));
	b->plan->ops[b->plan->op_count - 1].target = is_closure(b) ? "/upper" : "/upper/store";
}

static int stage_closure(struct builder *b)
{
	struct op *op = op_add(b, OP_STAGE_CLOSURE, PHASE_STAGE, "no other paths are there inside");

	op->slot = slot_new(b);
	op->flags = b->host->store.path_count;
	op->id = b->plan->uid_base;
	b->plan->store_paths = b->host->store.paths;
	b->plan->store_path_count = b->host->store.path_count;
	return op->slot;
}

/* The kernel takes no overlay of one directory alone (ovl_get_lowerstack()). And Nix would give up
 * on a store that is not of the build group's and that it cannot change. */
static int stage_empty(struct builder *b)
{
	struct op *op = op_add(b, OP_STAGE_NEW, PHASE_STAGE, "an empty layer");

	op->slot = slot_new(b);
	op->type = "tmpfs";
	op->options = text(b, "mode=1775,uid=%u,gid=%u,size=4k", b->plan->uid_base,
			   b->plan->uid_base + NIX_BUILD_GROUP);
	return op->slot;
}

static int stage_host(struct builder *b)
{
	return add_stage(b, NIX_STORE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
			 false, store_idmap(b), "the host's store, read-only for good");
}

/* Without an upper layer nothing is written, and what the layers say is only followed; with one the
 * kernel takes both only together (ovl_fs_params_verify()). */
static const char *overlay_words(const struct builder *b)
{
	if (!is_closure(b))
		return NULL;
	return is_layered(b) ? "redirect_dir=on,metacopy=on" : "redirect_dir=follow,metacopy=on";
}

/* Inside another user namespace trusted.* is not to be had; nobody but its root is inside then. */
static const char *with_userxattr(struct builder *b, const char *options)
{
	if (b->host->initial_user_namespace)
		return options;
	return options ? text(b, "%s,userxattr", options) : "userxattr";
}

static int stage_overlay(struct builder *b)
{
	int *layers = arena_alloc(&b->plan->arena, 4 * sizeof(*layers));
	struct op overlay = {.upper = -1, .options = overlay_words(b)};
	struct op *op;

	if (!layers)
		return -ENOMEM;
	if (is_layered(b))
		stage_own_layer(b, &overlay, layers);
	else if (!is_closure(b))
		add_layer(&overlay, layers, stage_empty(b));
	if (is_closure(b))
		add_layer(&overlay, layers, stage_closure(b));
	add_layer(&overlay, layers, stage_host(b));
	op = op_add(b, OP_STAGE_OVERLAY, PHASE_STAGE,
		    is_layered(b) ? "the host's store stays as it is"
				  : "nobody can make it writable");
	op->slot = slot_new(b);
	op->layers = layers;
	op->layer_count = overlay.layer_count;
	op->upper = overlay.upper;
	op->source = overlay.source;
	op->text = overlay.text;
	op->options = with_userxattr(b, overlay.options);
	op->id = b->plan->uid_base;
	return op->slot;
}

/* ---- the host's own ---- */

/* What locks Nix out of its own store is taken off: NixOS has it mounted read-only. */
static int stage_writable(struct builder *b, const char *path, const char *why)
{
	struct op *op = op_add(b, OP_STAGE_TREE, PHASE_STAGE, why);

	op->slot = slot_new(b);
	op->source = path;
	op->clear = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	op->idmap = store_idmap(b);
	return op->slot;
}

static void bind_point(struct builder *b, int slot, const char *source, const char *target,
		       const char *why)
{
	add_directory(b, target, 0755, "a mount point");
	add_bind(b, slot, source, target, why);
}

static void show_store(struct builder *b)
{
	int slot;

	if (uses_overlay(b)) {
		slot = stage_overlay(b);
		bind_point(b, slot, is_closure(b) ? "store" : "", NIX_STORE,
			   "programs come from the host's store");
		return;
	}
	if (b->spec->store == SPEC_STORE_RW)
		note_add(b, false,
			 "the machine writes to the host's own /nix/store%s: collecting garbage "
			 "inside sees neither what the host's processes use nor results of builds "
			 "outside /nix",
			 shares_state(b) ? " and its database" : "");
	slot = b->spec->store == SPEC_STORE_RW ? stage_writable(b, NIX_STORE, "the host's store")
					       : stage_host(b);
	bind_point(b, slot, "", NIX_STORE, "programs come from the host's store");
}

/* ---- the database and the daemon ---- */

static void add_skeleton(struct builder *b)
{
	static const struct {
		const char *path;
		uint32_t mode;
	} all[] = {
		{"/bin", 0755},
		{"/usr/bin", 0755},
		{"/etc", 0755},
		{"/var/lib", 0755},
		{"/root", 0700},
		{"/home", 0755},
		{"/var/lib/private", 0700},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		add_directory(b, all[i].path, all[i].mode, "stage 2 fills it");
	/* Those of the host's state directory are the host's. */
	if (shares_state(b))
		return;
	add_directory(b, NIX_STATE "/profiles", 0755, "the machine's own profiles");
	add_directory(b, NIX_STATE "/gcroots", 0755, "the machine's own roots");
}

/* Before there was notification, NixOS's script waited at a pipe for a unit of the container, which
 * waits there itself when the pipe is left and nobody reads. Without one it goes on. */
static void remove_pipe(struct builder *b)
{
	if (b->spec->conf_file)
		op_add(b, OP_REMOVE, PHASE_INSIDE, "an old system would wait for a reader")
			->target = "/var/lib/startup-done";
}

static int show_daemon(struct builder *b)
{
	static const struct {
		const char *path, *why;
	} shown[] = {
		{NIX_STATE "/db", "the host's database"},
		{NIX_STATE "/daemon-socket", "the host's daemon answers there"},
	};

	if (!b->host->store.has_socket)
		return err_set(
			b->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			"cannot use --nix-daemon=host: nothing listens on the host's " NIX_STATE
			"/daemon-socket/socket; is its nix-daemon started?");
	if (!b->plan->user_namespace)
		note_add(b, false,
			 "no user namespace: the host's nix-daemon trusts root inside, who is as "
			 "good as root on the host by it");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		int slot = add_stage(b, shown[i].path, ATTR_API | MOUNT_ATTR_RDONLY, false,
				     store_idmap(b), shown[i].why);

		bind_point(b, slot, "", shown[i].path, shown[i].why);
	}
	return 0;
}

/* With the host's store goes the host's state: its database, its locks, its roots. Only where the
 * daemon listens is the machine's own, or its daemon would take the place of the host's. */
static int share_state(struct builder *b)
{
	int slot;

	if (!b->host->store.state.exists && !spec_given(b->spec, "nix-daemon")) {
		note_add(b, false, "the host has no " NIX_STATE ": Nix has no database inside");
		return 0;
	}
	if (!b->host->store.state.exists)
		return err_set(b->error, FLOE_ERROR_NOT_FOUND, ENOENT,
			       "cannot use --store=rw with a daemon of the machine's own: the host "
			       "has no " NIX_STATE);
	slot = stage_writable(b, NIX_STATE, "the database, locks and roots of the host's store");
	bind_point(b, slot, "", NIX_STATE, "Nix inside is Nix on the host's store");
	add_directory(b, NIX_STATE "/daemon-socket", 0755, "a mount point");
	add_mount(b, "tmpfs", NIX_STATE "/daemon-socket", "mode=0755,size=64k", ATTR_API,
		  "the host's daemon keeps its socket");
	return 0;
}

/* What OP_LOAD_STORE loads: all paths at first, later those that are new. */
static void choose_registration(struct builder *b)
{
	const struct host_store *store = &b->host->store;
	const struct nix_set *known = store->has_known ? &store->known : NULL;
	struct plan *plan = b->plan;

	plan->registration = nix_registration(&store->set, known, &plan->arena, &plan->registered);
	plan->store_given = nix_names(&store->set, &plan->arena);
}

static int own_database(struct builder *b)
{
	if (b->host->store.tree_registers) {
		err_set(b->error, FLOE_ERROR_CONTENT, EEXIST,
			"cannot give the machine a database of the host's store: the tree has a "
			"/nix-path-registration of its own store, which it would load into that");
		return err_hint(b->error, "boot it once with --store=private, or use "
					  "--nix-daemon=none");
	}
	choose_registration(b);
	if (b->store_layer >= 0)
		bind_point(b, b->store_layer, "db", NIX_STATE "/db", "the database of its store");
	else {
		add_directory(b, NIX_STATE "/db", 0755, "a mount point");
		add_mount(b, "tmpfs", NIX_STATE "/db", "mode=0755,size=50%", ATTR_API,
			  "the database of what is visible, made anew at each start");
	}
	/* Who cannot be loaded for loads it in stage 2, as NixOS's images do. */
	if (!b->host->store.loader && b->plan->registered > 0)
		add_write(b, "/nix-path-registration", 0444, b->plan->registration,
			  "stage 2 may load it");
	return 0;
}

static int show_database(struct builder *b)
{
	switch (b->spec->nix_daemon) {
	case SPEC_NIX_DAEMON_HOST:
		return show_daemon(b);
	case SPEC_NIX_DAEMON_PRIVATE:
		return b->spec->store == SPEC_STORE_RW ? share_state(b) : own_database(b);
	case SPEC_NIX_DAEMON_NONE:
		break;
	}
	return 0;
}

/* Whether a path that was given at an earlier start is not there any more. */
static bool lost_paths(const struct host_store *store)
{
	for (size_t i = 0; store->has_known && i < store->known.count; i++) {
		if (!nix_find(&store->set, store->known.paths[i].name))
			return true;
	}
	return false;
}

void plan_load_store(struct builder *b)
{
	const struct host_store *store = &b->host->store;
	bool lost = lost_paths(store);
	struct op *op;

	if (!b->plan->registration || !store->loader || (b->plan->registered == 0 && !lost))
		return;
	op = op_add(b, OP_LOAD_STORE, PHASE_LATE, "its database knows what is visible");
	op->source = store->loader;
	op->target = b->store_layer >= 0 ? NIX_STATE "/db/floe-paths" : NULL;
	op->number[0] = b->plan->registered;
	/* Also what is new may be hidden by what the machine removed earlier. */
	op->flags = lost || (store->has_known && b->plan->registered > 0);
}

int plan_store(struct builder *b)
{
	int r;

	if (b->spec->system)
		add_skeleton(b);
	remove_pipe(b);
	if (b->spec->store == SPEC_STORE_PRIVATE)
		return 0;
	r = check_host(b);
	if (r < 0)
		return r;
	show_store(b);
	return show_database(b);
}
