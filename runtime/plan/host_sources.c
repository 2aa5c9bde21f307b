/* SPDX-License-Identifier: MIT */
/* What the spec speaks of on the host: bind sources, overlay layers, the store, a toplevel. */
#include "host_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../sys/path.h"

void host_describe(const struct host *host, struct host_source *source, int fd)
{
	struct statfs filesystem;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		source->errnum = fd < 0 ? -fd : errno;
		return;
	}
	source->exists = true;
	source->mode = status.st_mode;
	source->uid = status.st_uid;
	source->gid = status.st_gid;
	source->rdev = status.st_rdev;
	source->idmappable = fstatfs(fd, &filesystem) == 0 &&
			     host_can_idmap(host, (unsigned long)filesystem.f_type);
}

static int open_source(const char *path, int root, bool in_tree)
{
	int fd;

	if (in_tree)
		return root < 0 ? -ENOENT : path_open_in(root, path, O_PATH, 0);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A directory that is yet to be made: root's, and of the file system it will lie in. */
static void probe_missing(const struct host *host, const struct spec *spec,
			  struct host_source *source, const char *path)
{
	CLEANUP_FD int fd = host_open_place(spec, path);

	if (fd < 0)
		return;
	host_describe(host, source, fd);
	source->mode = S_IFDIR | 0755;
	source->uid = source->gid = 0;
	source->errnum = 0;
}

static void probe_source(const struct host *host, struct host_source *source, const char *path,
			 int root, bool in_tree)
{
	CLEANUP_FD int fd = open_source(path, root, in_tree);

	host_describe(host, source, fd);
}

static void probe_layers(struct host *host, const struct spec_mount *mount, size_t index, int root)
{
	struct host_source *layers =
		arena_alloc(&host->arena, mount->layer_count * sizeof(*layers));

	for (size_t i = 0; layers && i < mount->layer_count; i++)
		probe_source(host, &layers[i], mount->layers[i], root, mount->source_in_tree);
	host->layers[index] = layers;
}

/* Whose the mount point is: what an owner-mapped bind's source will belong to. */
static uint32_t target_owner(const struct spec_mount *mount, int root)
{
	CLEANUP_FD int fd = open_source(mount->target, root, true);
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 ? status.st_uid : 0;
}

static void probe_mount(struct host *host, const struct spec *spec, const struct spec_mount *mount,
			struct host_source *source, int root)
{
	const char *path = mount->kind == SPEC_MOUNT_OVERLAY ? mount->upper : mount->source;

	if (mount->kind == SPEC_MOUNT_INACCESSIBLE)
		probe_source(host, source, mount->target, root, true);
	else if (path)
		probe_source(host, source, path, root, mount->source_in_tree);
	if (path && !source->exists && !mount->source_in_tree)
		probe_missing(host, spec, source, path);
	if (mount->idmap == SPEC_IDMAP_OWNER)
		source->target_uid = target_owner(mount, root);
}

static void probe_mounts(struct host *host, const struct spec *spec, int root)
{
	host->mounts = arena_alloc(&host->arena, spec->mount_count * sizeof(*host->mounts));
	host->layers = arena_alloc(&host->arena, spec->mount_count * sizeof(void *));
	for (size_t i = 0; host->mounts && host->layers && i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		probe_mount(host, spec, mount, &host->mounts[i], root);
		if (mount->layer_count > 0)
			probe_layers(host, mount, i, root);
	}
}

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111);
}

/*
 * With an initrd made of systemd, NixOS has prepare-root as its stage 2, and init is a copy of
 * systemd that expects a prepared root; otherwise init is stage 2 itself.
 */
static int find_system_init(struct host *host, struct floe_error *error)
{
	static const char *const names[] = {"prepare-root", "init"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = arena_printf(&host->arena, "%s/%s", host->system_real, names[i]);

		if (!is_program(path))
			continue;
		host->system_init = path;
		return 0;
	}
	err_set(error, FLOE_ERROR_NOT_FOUND, ENOENT,
		"cannot boot %s: it has neither an executable prepare-root nor init",
		host->system_real);
	return err_hint(error, "a NixOS system is what config.system.build.toplevel builds");
}

/* The store is all that the machine gets of the host, so the system must lie in it. */
static int probe_system(struct host *host, const char *system, struct floe_error *error)
{
	static const char store[] = "/nix/store/";
	CLEANUP_FD int fd = open(system, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(error, errno, "cannot open the system %s", system);
	host_describe(host, &host->system, fd);
	host->system_real = host_descriptor_path(&host->arena, fd);
	if (strncmp(host->system_real, store, sizeof(store) - 1) != 0)
		return err_usage(error, "--system=%s: a system lies in /nix/store, this one is %s",
				 system, host->system_real);
	return find_system_init(host, error);
}

int host_sources(struct host *host, const struct spec *spec, int root, struct floe_error *error)
{
	if (spec->mount_count > 0)
		probe_mounts(host, spec, root);
	return spec->system ? probe_system(host, spec->system, error) : 0;
}
