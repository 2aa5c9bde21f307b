/* SPDX-License-Identifier: MIT */
/* Containers that NixOS has written down, for programs: listing them, reloading one. */
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../image/image.h"
#include "nixos.h"
#include "options.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Listing ------------------------------------------------------------------------------------- */

struct listing {
	struct arena arena;
	char **names;
	size_t count;
};

static bool is_listed(const struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->names[i], name) == 0)
			return true;
	return false;
}

static void list_name(struct listing *listing, const char *file)
{
	size_t length = strlen(file), suffix = strlen(".conf");
	char **slot, *name;

	if (length <= suffix || strcmp(file + length - suffix, ".conf") != 0)
		return;
	name = arena_strndup(&listing->arena, file, length - suffix);
	if (!machine_name_valid(name) || is_listed(listing, name))
		return;
	slot = ARENA_APPEND(&listing->arena, listing->names, listing->count);
	if (slot)
		*slot = name;
}

static int list_place(struct listing *listing, const char *path, struct floe_error *error)
{
	CLEANUP_DIR DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!directory)
		return err_errno(error, errno, "cannot list the containers in %s", path);
	while (errno = 0, (entry = readdir(directory)))
		list_name(listing, entry->d_name);
	return errno ? err_errno(error, errno, "cannot read the directory %s", path) : 0;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* What is wrong with a file is said when the container is started. */
static int show(struct arena *arena, const char *name, floe_container_function function,
		void *context, struct floe_error *error)
{
	struct findings findings = {.arena = arena};
	struct nixos_file file;
	int r = nixos_find(arena, name, &file, &findings, error);
	const char *system;
	struct floe_container_info info;

	if (r <= 0)
		return r;
	system = file.conf.value[NIXOS_SYSTEM_PATH];
	info = (struct floe_container_info){
		.name = name,
		.file = file.path,
		.root = file.root,
		.system = *system ? system : nixos_profile(arena, name),
		.auto_start = nixos_conf_truth(&file.conf, NIXOS_AUTO_START),
	};
	return function(context, &info);
}

FLOE_PUBLIC int floe_container_list(floe_container_function function, void *context,
				    struct floe_error *error)
{
	struct listing listing = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < NIXOS_PLACES; i++)
		r = list_place(&listing, nixos_places[i].files, error);
	if (r == 0 && listing.count > 0)
		qsort(listing.names, listing.count, sizeof(*listing.names), compare_names);
	for (size_t i = 0; r == 0 && i < listing.count; i++)
		r = show(&listing.arena, listing.names[i], function, context, error);
	if (r == 0 && arena_failed(&listing.arena))
		r = err_errno(error, ENOMEM, "cannot list containers");
	arena_free(&listing.arena);
	return r;
}

/* ---- Reloading ------------------------------------------------------------------------------------ */

/* What a running container is to become: the system that its file names now, or that of the profile
 * inside. */
static int system_inside(struct arena *arena, const char *name, const char **system,
			 struct floe_error *error)
{
	struct findings findings = {.arena = arena};
	struct image image;
	struct nixos_file file;
	int r = nixos_find(arena, name, &file, &findings, error);

	*system = "/nix/var/nix/profiles/system";
	if (r > 0 && *file.conf.value[NIXOS_SYSTEM_PATH] &&
	    image_find(NULL, name, arena, &image, NULL) < 0)
		*system = file.conf.value[NIXOS_SYSTEM_PATH];
	return r < 0 ? r : 0;
}

FLOE_PUBLIC int floe_reload(const char *name, const struct floe_exec_options *given, int *status,
			    struct floe_error *error)
{
	struct floe_exec_options options = {
		.input = -1, .output = -1, .error_output = -1, .signal_fd = -1};
	struct arena arena = {0};
	const char *system = NULL;
	char action[] = "test", *arguments[] = {NULL, action, NULL};
	int r = OPTIONS_TAKE(options, given, error);

	*status = 1;
	if (r == 0 && !machine_name_valid(name))
		r = err_usage(error, "\"%.64s\" is no name of a machine", name);
	if (r == 0)
		r = system_inside(&arena, name, &system, error);
	if (r == 0) {
		arguments[0] = arena_printf(&arena, "%s/bin/switch-to-configuration", system);
		options.size = sizeof(options);
		options.arguments = arguments;
		r = floe_exec(name, &options, status, error);
	}
	arena_free(&arena);
	return r;
}
