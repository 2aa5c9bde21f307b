/* SPDX-License-Identifier: MIT */
/* Settings files of machines: finding the one that counts, reading and checking them. */
#include "settings.h"

#include "../base/cleanup.h"
#include "../image/image.h"
#include "../spec/text.h"
#include "../sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The administrator's, the first hit counts; the last two are nspawn's. No leading slash: they are
 * looked up below the root. */
static const char *const trusted_directories[] = {
	"etc/floe",
	"etc/systemd/nspawn",
	"run/systemd/nspawn",
};

/* Reads what is open at FD; 1, or an error. */
static int read_open(int fd, struct settings_file *file, struct floe_error *error)
{
	char opened[32];
	int r;

	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	r = file_read_all(opened, SETTINGS_SIZE_MAX, &file->text, &file->size);
	if (r == -EFBIG)
		return err_usage(error, "the settings file %s is larger than %d KiB", file->path,
				 SETTINGS_SIZE_MAX / 1024);
	return r < 0 ? err_errno(error, -r, "cannot read the settings file %s", file->path) : 1;
}

static int fail_to_open(int r, const struct settings_file *file, struct floe_error *error)
{
	if (r == -ENOENT)
		return 0;
	err_errno(error, -r, "cannot read the settings file %s", file->path);
	if (r == -EINVAL || r == -EISDIR)
		err_hint(error, "settings are read from regular files only");
	return r;
}

int settings_read(int root, const char *path, struct settings_file *file, struct floe_error *error)
{
	CLEANUP_FD int fd = path_open_file_in(root, path);

	return fd < 0 ? fail_to_open(fd, file, error) : read_open(fd, file, error);
}

static void add_note(struct spec *spec, const char *text)
{
	char **note = ARENA_APPEND(&spec->arena, spec->notes, spec->note_count);

	if (note)
		*note = arena_strdup(&spec->arena, text);
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

/* The directory that the tree at PLACE lies in, by the kernel's "..", or the disk image, by its name
 * PATH: a link that is followed to the tree does not make its own directory count. */
static int open_parent(int place, const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *directory = NULL;
	int parent = openat(place, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (parent >= 0 || errno != ENOTDIR)
		return parent < 0 ? -errno : parent;
	directory = strndup(path, slash > path ? (size_t)(slash - path) : 1);
	parent = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	return parent < 0 ? -errno : parent;
}

/* The path of a directory that is open, for messages; "" for the root. */
static const char *path_of(struct spec *spec, int fd)
{
	char name[32], path[PATH_MAX] = "";
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, path, sizeof(path) - 1);
	if (length == 1)
		return "";
	return path_is_sane(path) ? arena_strdup(&spec->arena, path) : "/...";
}

/* Where everybody may write, such as in /tmp, anybody may have put a file beside the tree. */
static bool is_by_stranger(int fd, int place)
{
	struct stat file, tree;

	if (fstat(fd, &file) < 0 || fstat(place, &tree) < 0)
		return true;
	return file.st_uid != 0 && file.st_uid != geteuid() && file.st_uid != tree.st_uid;
}

/* Reads the file in PARENT: below it, so that links in it reach nothing elsewhere. */
static int read_beside(struct spec *spec, int place, int parent, const char *name,
		       struct settings_file *found, struct floe_error *error)
{
	CLEANUP_FD int fd = path_open_file_in(parent, name);

	found->path = arena_printf(&spec->arena, "%s/%s", path_of(spec, parent), name);
	if (fd < 0)
		return fail_to_open(fd, found, error);
	if (!is_by_stranger(fd, place))
		return read_open(fd, found, error);
	add_note(spec, arena_printf(&spec->arena,
				    "the settings file %s is neither root's nor the caller's nor "
				    "the tree's owner's; ignored",
				    found->path));
	return 0;
}

static int find_beside(struct spec *spec, const char *name, struct settings_file *found,
		       struct floe_error *error)
{
	const char *path = image_path(spec, name);
	CLEANUP_FD int place = path ? open(path, O_PATH | O_CLOEXEC) : -1;
	CLEANUP_FD int parent = -1;

	/* That the tree is not there is somebody else's error. */
	if (place < 0)
		return 0;
	found->trusted = false;
	parent = open_parent(place, path);
	if (parent < 0)
		return err_errno(error, -parent, "cannot open the directory of %s", path);
	return read_beside(spec, place, parent, arena_printf(&spec->arena, "%s.nspawn", name),
			   found, error);
}

/* The first reason not to go on; the rest are notes. */
static int judge(struct spec *spec, const char *path, const struct findings *findings,
		 struct floe_error *error)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (!finding->fatal) {
			add_note(spec, arena_printf(&spec->arena, "%s:%u: %s", path, finding->line,
						    finding->text));
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

int settings_find(struct spec *spec, const char *name, struct settings_file *found,
		  struct floe_error *error)
{
	int r = find_trusted(spec, name, found, error);

	return r == 0 ? find_beside(spec, name, found, error) : r;
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
		r = settings_find(spec, name, &found, error);
	if (r > 0)
		r = use(spec, &found, error);
	free(found.text);
	return r;
}
