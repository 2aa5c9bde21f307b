/* SPDX-License-Identifier: MIT */
/* The host's store: what of it a machine is to see, and what its database is to know. */
#include "host_parts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/names.h"
#include "../sys/path.h"

#define PROFILE NIX_STATE "/profiles/system"

/* A registration or list of more is none of a machine's. */
#define LIST_MAX (256 * 1024 * 1024)

struct look {
	struct host *host;
	const struct spec *spec;
	host_database database;
	struct floe_error *error;
	int tree; /* -1: none */
};

static bool is_closure(const struct spec *spec)
{
	return spec->store == SPEC_STORE_CLOSURE || spec->store == SPEC_STORE_CLOSURE_OVERLAY;
}

static bool is_layered(const struct spec *spec)
{
	return spec->store == SPEC_STORE_OVERLAY || spec->store == SPEC_STORE_CLOSURE_OVERLAY;
}

/* A database of the machine's own, which has to be told what is visible. */
static bool has_database(const struct spec *spec)
{
	return spec->nix_daemon == SPEC_NIX_DAEMON_PRIVATE && spec->store != SPEC_STORE_RW;
}

/* ---- the roots of a closure ---- */

static int append_root(struct look *look, const char ***roots, size_t *count, const char *path)
{
	struct arena *arena = &look->host->arena;
	const char *name = nix_name(arena, path);
	const char **root;

	if (!name)
		return -EINVAL;
	root = ARENA_APPEND(arena, *roots, *count);
	if (!root)
		return err_errno(look->error, ENOMEM, "cannot look at the store");
	*root = arena_printf(arena, NIX_STORE "/%s", name);
	return 0;
}

/* Where the links of PATH lead, but no further than into the store: a path there may be a link. */
static char *store_path(const char *path)
{
	static const char store[] = NIX_STORE "/";
	char link[PATH_MAX];
	ssize_t length = readlink(path, link, sizeof(link) - 1);

	if (strncmp(path, store, sizeof(store) - 1) == 0)
		return strdup(path);
	link[length < 0 ? 0 : length] = '\0';
	if (strncmp(link, store, sizeof(store) - 1) == 0)
		return strdup(link);
	return realpath(path, NULL);
}

static int append_asked(struct look *look, const char ***roots, size_t *count, const char *path)
{
	CLEANUP_FREE char *real = store_path(path);

	if (!real)
		return err_errno(look->error, errno, "cannot use %s as a root of the closure",
				 path);
	if (append_root(look, roots, count, real) == -EINVAL)
		return err_usage(look->error,
				 "--store-root=%s: a root lies in /nix/store, this one is %s", path,
				 real);
	return 0;
}

/* What the tree boots by itself: its system profile and its init, where they are links to the
 * store. */
static int append_tree(struct look *look, const char ***roots, size_t *count)
{
	static const char *const names[] = {PROFILE, "/sbin/init", "/init"};
	char link[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && look->tree >= 0 && i < ARRAY_SIZE(names); i++) {
		if (!host_link_end(look->tree, names[i], link))
			continue;
		r = append_root(look, roots, count, link);
		if (r == -EINVAL)
			r = 0;
	}
	return r;
}

static int find_roots(struct look *look, const char ***roots, size_t *count)
{
	const struct spec *spec = look->spec;
	int r = spec->system ? append_root(look, roots, count, look->host->system_real)
			     : append_tree(look, roots, count);

	for (size_t i = 0; r == 0 && i < spec->store_root_count; i++)
		r = append_asked(look, roots, count, spec->store_roots[i]);
	if (r < 0 || *count > 0)
		return r;
	return err_usage(look->error,
			 "--store=closure: the tree has no system profile, so nothing says what is "
			 "to be visible; give --system, --store-root or --store-closure");
}

/* ---- what is visible, and what is known of it ---- */

static int read_database(struct look *look, const struct nix_query *query, struct nix_set *set)
{
	const struct nixdb_module *module = look->database(look->error);
	int r;

	if (!module)
		return -ENOENT;
	r = module->read(NIX_DATABASE, query, &look->host->arena, set, look->error);
	if (r == -ENOENT)
		err_hint(look->error, "--store-closure reads the closure from a file");
	return r;
}

/* "store-paths" and "registration" are what pkgs.closureInfo makes of a closure. */
static int open_list(const char *path)
{
	static const char *const names[] = {"registration", "store-paths"};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fd < 0 ? -errno : fd;
	for (size_t i = 0; S_ISDIR(status.st_mode) && i < ARRAY_SIZE(names); i++) {
		int file = openat(fd, names[i], O_RDONLY | O_CLOEXEC | O_NOCTTY);

		if (file < 0)
			continue;
		close(fd);
		return file;
	}
	return fd;
}

static int read_list(struct look *look, struct nix_set *set)
{
	const char *path = look->spec->store_closure;
	CLEANUP_FD int fd = open_list(path);
	CLEANUP_FREE char *text = NULL;
	char name[32];
	size_t size;
	int r;

	if (fd < 0)
		return err_errno(look->error, -fd, "cannot read the closure from %s", path);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	r = file_read_all(name, LIST_MAX, &text, &size);
	if (r < 0)
		return err_errno(look->error, -r, "cannot read the closure from %s", path);
	return nix_parse(set, text, size, &look->host->arena, path, look->error);
}

/* The hashes of listed paths, which the host's database knows, and with them whether the list is
 * whole. */
static int complete_list(struct look *look, struct nix_set *set)
{
	const char *path = look->spec->store_closure;
	const char **roots = arena_alloc(&look->host->arena, (set->count + 1) * sizeof(*roots));
	struct nix_set whole = {0};
	size_t kept = 0;
	int r;

	if (!roots)
		return err_errno(look->error, ENOMEM, "cannot look at the store");
	for (size_t i = 0; i < set->count; i++)
		roots[i] = arena_printf(&look->host->arena, NIX_STORE "/%s", set->paths[i].name);
	r = read_database(
		look,
		&(struct nix_query){.roots = roots, .root_count = set->count, .registered = true},
		&whole);
	if (r < 0)
		return r;
	for (size_t i = 0; i < whole.count; i++) {
		if (nix_find(set, whole.paths[i].name))
			whole.paths[kept++] = whole.paths[i];
	}
	whole.count = kept;
	*set = whole;
	return nix_check_closed(set, path, look->error);
}

static int read_listed(struct look *look, struct nix_set *set)
{
	const char *system = look->host->system_real;
	const char *name = system ? nix_name(&look->host->arena, system) : NULL;
	int r = read_list(look, set);

	if (r == 0 && !set->registered && has_database(look->spec))
		r = complete_list(look, set);
	if (r == 0 && name && !nix_find(set, name))
		return err_set(look->error, FLOE_ERROR_CONTENT, EINVAL,
			       "the closure in %s does not have the system %s",
			       look->spec->store_closure, system);
	if (r == 0 && set->count == 0)
		return err_set(look->error, FLOE_ERROR_CONTENT, EINVAL,
			       "the closure in %s is empty", look->spec->store_closure);
	return r;
}

/* What was given to a layer before stays with it, while the host has it: what the machine made of
 * that may need it. */
static int read_closure(struct look *look, struct nix_set *set)
{
	struct nix_query query = {.kept = &look->host->store.known,
				  .registered = has_database(look->spec)};
	const char **roots = NULL;
	int r = find_roots(look, &roots, &query.root_count);

	query.roots = roots;
	return r < 0 ? r : read_database(look, &query, set);
}

static int describe_path(struct look *look, int store, const char *name,
			 struct host_store_path *path)
{
	char link[PATH_MAX];
	struct stat status;
	ssize_t length;

	path->name = name;
	if (fstatat(store, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		err_errno(look->error, errno, "the closure needs " NIX_STORE "/%s", name);
		return err_hint(look->error,
				"\"nix-store --verify --check-contents --repair\" mends a store");
	}
	path->mode = status.st_mode;
	path->size = (uint64_t)status.st_size;
	path->time = (uint64_t)status.st_mtim.tv_sec;
	if (S_ISDIR(path->mode) || S_ISREG(path->mode))
		return 0;
	length = S_ISLNK(path->mode) ? readlinkat(store, name, link, sizeof(link)) : -1;
	if (length < 0 || length == sizeof(link))
		return err_set(look->error, FLOE_ERROR_CONTENT, EINVAL,
			       NIX_STORE "/%s is no directory, file or link", name);
	path->link = arena_strndup(&look->host->arena, link, (size_t)length);
	return 0;
}

static int describe_paths(struct look *look, const struct nix_set *set)
{
	CLEANUP_FD int store = open(NIX_STORE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct host_store *view = &look->host->store;
	int r = 0;

	view->paths = arena_alloc(&look->host->arena, (set->count + 1) * sizeof(*view->paths));
	if (store < 0 || !view->paths)
		return err_errno(look->error, store < 0 ? errno : ENOMEM,
				 "cannot look at " NIX_STORE);
	for (size_t i = 0; r == 0 && i < set->count; i++)
		r = describe_path(look, store, set->paths[i].name, &view->paths[i]);
	view->path_count = set->count;
	return r;
}

static int find_paths(struct look *look)
{
	struct nix_set *set = &look->host->store.set;
	int r;

	if (!is_closure(look->spec) && !has_database(look->spec))
		return 0;
	if (!is_closure(look->spec))
		return read_database(look, &(struct nix_query){.registered = true}, set);
	r = look->spec->store_closure ? read_listed(look, set) : read_closure(look, set);
	return r < 0 ? r : describe_paths(look, set);
}

/* ---- the machine's own layer ---- */

bool host_keeps_layer(const struct host *host, const struct spec *spec)
{
	return host->tree.path && !host->tree.read_only && !spec->read_only &&
	       spec->ephemeral == SPEC_EPHEMERAL_NO && spec->volatile_mode == SPEC_VOLATILE_NO;
}

/* One for each of the modes: what is below them is not the same. */
static const char *layer_path(struct host *host, const struct spec *spec)
{
	const char *tree = host->tree.path;
	const char *name = strrchr(tree, '/') + 1;

	if (!*name)
		return NULL;
	return arena_printf(&host->arena, "%.*s" STORE_LAYER_PREFIX "%s/%s", (int)(name - tree),
			    tree, name, is_closure(spec) ? "closure" : "overlay");
}

/* The file system that PATH is on, or will be. */
static void probe_keeper(struct host *host, const char *path)
{
	char parent[PATH_MAX];
	int fd = -ENOENT;

	snprintf(parent, sizeof(parent), "%s", path);
	while (fd == -ENOENT && parent[1]) {
		char *slash = strrchr(parent, '/');

		slash[slash == parent] = '\0';
		fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	host_describe(host, &host->store.keeper, fd);
	cleanup_fd(&fd);
}

/* Written inside: it is read as what anybody may have written. */
static void probe_known(struct host *host, int layer)
{
	struct host_store *view = &host->store;
	CLEANUP_FREE char *text = NULL;
	struct stat status;
	size_t size;

	if (fstatat(layer, "db/db.sqlite", &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    path_read_all_in(layer, "/db/floe-paths", LIST_MAX, &text, &size) < 0)
		return;
	view->has_known = nix_parse_names(&view->known, text, size, &host->arena) == 0;
	if (!view->has_known)
		view->known = (struct nix_set){0};
}

/* The names are floe's own; what is in them is not. */
static bool has_directory(int layer, const char *name)
{
	struct stat status;

	return layer >= 0 && fstatat(layer, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

static void probe_layer(struct look *look)
{
	struct host *host = look->host;
	CLEANUP_FD int fd = -1;

	host->store.layer = host->tree.path ? layer_path(host, look->spec) : NULL;
	probe_keeper(host, host_keeps_layer(host, look->spec) && host->store.layer
				   ? host->store.layer
				   : host->state_dir);
	if (!host->store.layer)
		return;
	fd = open(host->store.layer, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	host->store.has_layer = has_directory(fd, "upper/store");
	host->store.has_layer_db = has_directory(fd, "db");
	if (host->store.has_layer_db && has_database(look->spec))
		probe_known(host, fd);
}

/* ---- what loads the database ---- */

static const char *system_loader(struct host *host, const char *system)
{
	const char *path = arena_printf(&host->arena, "%s/sw/bin/nix-store", system);

	return access(path, X_OK) == 0 ? path : NULL;
}

static const char *find_loader(struct look *look)
{
	static const char *const names[] = {"/usr/bin/nix-store", "/bin/nix-store"};
	struct host *host = look->host;
	const char *found = host->system_real ? system_loader(host, host->system_real) : NULL;
	char link[PATH_MAX];

	if (!found && look->tree >= 0 && host_link_end(look->tree, PROFILE, link))
		found = system_loader(host, arena_strdup(&host->arena, link));
	for (size_t i = 0; !found && look->tree >= 0 && i < ARRAY_SIZE(names); i++) {
		CLEANUP_FD int fd = path_open_in(look->tree, names[i], O_PATH, 0);

		found = fd >= 0 ? names[i] : NULL;
	}
	return found;
}

/* Whether the tree has a registration of its own store: one of the host's was put there by an
 * earlier start, for want of a loader. */
static bool has_registration(int tree)
{
	CLEANUP_FD int file = path_open_file_in(tree, "/nix-path-registration");
	char path[PATH_MAX] = "";
	CLEANUP_FD int first = -1;

	if (file < 0 || read(file, path, sizeof(path) - 1) <= 0)
		return false;
	path[strcspn(path, "\n")] = '\0';
	first = path_open_in(tree, path, O_PATH | O_NOFOLLOW, 0);
	return first >= 0;
}

/* ---- all of it ---- */

static void probe_path(const struct host *host, struct host_source *source, const char *path)
{
	CLEANUP_FD int fd = open(path, O_PATH | O_CLOEXEC);

	host_describe(host, source, fd < 0 ? -errno : fd);
}

int host_store(struct host *host, const struct spec *spec, host_database database,
	       struct floe_error *error)
{
	struct look look = {host, spec, database, error, -1};
	CLEANUP_FD int tree = -1;
	int r;

	if (spec->store == SPEC_STORE_PRIVATE)
		return 0;
	probe_path(host, &host->store.source, NIX_STORE);
	probe_path(host, &host->store.state, NIX_STATE);
	host->store.has_socket = access(NIX_STATE "/daemon-socket/socket", F_OK) == 0;
	/* Refused when planning. */
	if (!host->store.source.exists)
		return 0;
	if (host->tree.path)
		tree = open(host->tree.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	look.tree = tree;
	if (is_layered(spec))
		probe_layer(&look);
	r = find_paths(&look);
	if (r < 0)
		return r;
	if (has_database(spec)) {
		host->store.loader = find_loader(&look);
		host->store.tree_registers = tree >= 0 && has_registration(tree);
	}
	if (arena_failed(&host->arena))
		return err_errno(error, ENOMEM, "cannot look at the store");
	return 0;
}
