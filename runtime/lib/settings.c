/* SPDX-License-Identifier: MIT */
/* Settings files of machines: finding the one that counts, reading and checking them. */
#include "settings.h"

#include "../base/cleanup.h"
#include "../image/image.h"
#include "../sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The administrator's, the first hit counts; the last two are nspawn's. No leading slash: they are
 * looked up below the root. */
static const char *const trusted_directories[] = {
	"etc/floe",
	"etc/systemd/nspawn",
	"run/systemd/nspawn",
};

int settings_read(int root, const char *path, struct settings_file *file, struct floe_error *error)
{
	int r = path_read_all_in(root, path, SETTINGS_SIZE_MAX, &file->text, &file->size);

	if (r == 0)
		return 1;
	if (r == -ENOENT)
		return 0;
	if (r == -EFBIG)
		return err_usage(error, "the settings file %s is larger than %d KiB", file->path,
				 SETTINGS_SIZE_MAX / 1024);
	err_errno(error, -r, "cannot read the settings file %s", file->path);
	if (r == -EINVAL || r == -EISDIR)
		err_hint(error, "settings are read from regular files only");
	return r;
}

static int find_trusted(struct spec *spec, const char *name, struct settings_file *found,
			struct floe_error *error)
{
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_errno(error, errno, "cannot open the root directory") : 0;

	found->trusted = true;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(trusted_directories); i++) {
		found->path =
			arena_printf(&spec->arena, "/%s/%s.nspawn", trusted_directories[i], name);
		r = settings_read(root, found->path, found, error);
	}
	return r;
}

/* The path of the tree or image: its parent may hold settings. NULL: there is none. */
static const char *image_path(struct spec *spec, const char *name)
{
	struct arena arena = {0};
	struct image image;
	const char *path = spec->directory;

	if (!path && !spec->name)
		return "."; /* spec_resolve() takes it */
	if (!path && image_find(NULL, name, &arena, &image, NULL) == 0)
		path = arena_strdup(&spec->arena, image.path);
	arena_free(&arena);
	return path;
}

/* The directory that the tree lies in, by the kernel's "..", or a disk image, by its name: a link
 * that is followed to the tree does not make its own directory count. */
static int open_parent(const char *path)
{
	CLEANUP_FD int place = open(path, O_PATH | O_CLOEXEC);
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *directory = NULL;
	int parent;

	if (place < 0)
		return -errno;
	parent = openat(place, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent >= 0 || errno != ENOTDIR)
		return parent < 0 ? -errno : parent;
	directory = strndup(path, slash > path ? (size_t)(slash - path) : 1);
	parent = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	return parent < 0 ? -errno : parent;
}

/* The path of a directory that is open, for messages. */
static const char *path_of(struct spec *spec, int fd)
{
	char name[32], path[PATH_MAX];
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, path, sizeof(path));
	return length <= 0 ? "..." : arena_strndup(&spec->arena, path, (size_t)length);
}

/* The parent is not trusted: nothing outside it is reached by links in it. */
static int find_beside(struct spec *spec, const char *name, struct settings_file *found,
		       struct floe_error *error)
{
	const char *path = image_path(spec, name), *directory;
	CLEANUP_FD int parent = path ? open_parent(path) : -ENOENT;
	char *file = arena_printf(&spec->arena, "%s.nspawn", name);

	/* That the tree is not there is somebody else's error. */
	if (parent < 0)
		return parent == -ENOENT || parent == -ENOTDIR || parent == -EACCES
			       ? 0
			       : err_errno(error, -parent, "cannot open the directory of %s", path);
	directory = path_of(spec, parent);
	found->trusted = false;
	found->path = arena_printf(&spec->arena, "%s/%s", directory[1] ? directory : "", file);
	return settings_read(parent, file, found, error);
}

static void add_note(struct spec *spec, const char *path, const struct finding *finding)
{
	char **note = ARENA_APPEND(&spec->arena, spec->notes, spec->note_count);

	if (note)
		*note = arena_printf(&spec->arena, "%s:%u: %s", path, finding->line, finding->text);
}

/* The first reason not to go on; the rest are notes. */
static int judge(struct spec *spec, const char *path, const struct findings *findings,
		 struct floe_error *error)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (!finding->fatal) {
			add_note(spec, path, finding);
			continue;
		}
		err_usage(error, "%s:%u: %s", path, finding->line, finding->text);
		if (findings->count > 1)
			err_hint(error, "floe check-config %s says what else", path);
		return -EINVAL;
	}
	return 0;
}

static int use(struct spec *spec, const struct settings_file *found, struct floe_error *error)
{
	struct findings findings = {.arena = &spec->arena};
	struct nspawn_file file = {
		.text = found->text,
		.size = found->size,
		.trusted = found->trusted || spec->settings == SPEC_SETTINGS_TRUSTED,
		.overrides = spec->settings == SPEC_SETTINGS_OVERRIDE,
	};

	nspawn_file_apply(spec, &file, &findings);
	spec->settings_file = found->path;
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot keep the settings of %s", found->path);
	return judge(spec, found->path, &findings, error);
}

int settings_apply(struct spec *spec, struct floe_error *error)
{
	char name[MACHINE_NAME_MAX + 1];
	struct settings_file found = {0};
	int r;

	if (spec->settings == SPEC_SETTINGS_NO)
		return 0;
	r = spec_base_name(spec, name, error);
	if (r == 0)
		r = find_trusted(spec, name, &found, error);
	if (r == 0)
		r = find_beside(spec, name, &found, error);
	if (r > 0)
		r = use(spec, &found, error);
	free(found.text);
	return r;
}
