/* SPDX-License-Identifier: MIT */
/* Containers that NixOS has written down: finding their files, and looking at the host for what
 * these leave out. */
#include "nixos.h"

#include "../base/cleanup.h"
#include "../image/image.h"
#include "../sys/path.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* The second is of systems before 22.05 (system.stateVersion), and a directory of podman's, too. */
const struct nixos_place nixos_places[NIXOS_PLACES] = {
	{"/etc/nixos-containers", "/var/lib/nixos-containers", false},
	{"/etc/containers", "/var/lib/containers", true},
};

/* ---- Finding ------------------------------------------------------------------------------------ */

/* In a directory that others use, a file without any of the keys is theirs. */
static int read_place(struct arena *arena, size_t place, const char *name, struct nixos_file *file,
		      struct findings *findings, struct floe_error *error)
{
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct settings_file text = {
		.path = arena_printf(arena, "%s/%s.conf", nixos_places[place].files, name)};
	size_t before = findings->count, fatal = findings->fatal_count;
	int r = settings_read(root, text.path, &text, error);

	if (r <= 0)
		return r;
	nixos_conf_read(text.text, text.size, &file->conf, findings);
	free(text.text);
	file->path = text.path;
	file->root = arena_printf(arena, "%s/%s", nixos_places[place].roots, name);
	if (file->conf.any || !nixos_places[place].shared)
		return 1;
	findings->count = before;
	findings->fatal_count = fatal;
	return 0;
}

int nixos_find(struct arena *arena, const char *name, struct nixos_file *file,
	       struct findings *findings, struct floe_error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < NIXOS_PLACES; i++)
		r = read_place(arena, i, name, file, findings, error);
	if (r >= 0 && arena_failed(arena))
		return err_errno(error, ENOMEM, "cannot read what NixOS says of %s", name);
	return r;
}

/* ---- Looking at the host ------------------------------------------------------------------------- */

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The system's own word for what it runs on, where the host could run more. The profile is the
 * container's to write to: what it leads to is read only if it is a file. */
static bool is_x86(struct arena *arena, const char *system)
{
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct utsname host;
	char text[32];

	return uname(&host) == 0 && strcmp(host.machine, "x86_64") == 0 &&
	       path_read_in(root, arena_printf(arena, "%s/system", system), text, sizeof(text)) >
		       0 &&
	       strncmp(text, "i686-linux", strlen("i686-linux")) == 0;
}

/* NixOS has a link into its store there, and has the name in it that would be written. */
static bool may_name(void)
{
	struct stat status;

	return lstat("/etc/hosts", &status) == 0 && S_ISREG(status.st_mode);
}

static struct nixos_host look(struct arena *arena, const char *name, const struct nixos_file *file)
{
	const char *profile = nixos_profile(arena, name);
	const char *declared = file->conf.value[NIXOS_SYSTEM_PATH];
	const char *system = declared && *declared ? declared : profile;

	return (struct nixos_host){
		.name = name,
		.root = file->root,
		.has_profile = exists(profile),
		.has_database = exists("/nix/var/nix/db"),
		.has_daemon = exists("/nix/var/nix/daemon-socket"),
		.is_x86 = is_x86(arena, system),
		.may_name = may_name(),
	};
}

/* ---- Taking -------------------------------------------------------------------------------------- */

static void add_note(struct spec *spec, const char *text)
{
	char **note = ARENA_APPEND(&spec->arena, spec->notes, spec->note_count);

	if (note)
		*note = arena_strdup(&spec->arena, text);
}

/* A finding as people read it: where, what. */
static const char *words_of(struct arena *arena, const char *path, const struct finding *finding)
{
	if (finding->line == 0)
		return arena_printf(arena, "%s: %s", path, finding->text);
	return arena_printf(arena, "%s:%u: %s", path, finding->line, finding->text);
}

/* The first reason not to go on; the rest are notes. */
static int judge(struct spec *spec, const char *path, const struct findings *findings,
		 struct floe_error *error)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		const char *text = words_of(&spec->arena, path, finding);

		if (finding->fatal)
			return err_usage(error, "%s", text);
		add_note(spec, text);
	}
	return 1;
}

static void note_missing(struct spec *spec, const struct nixos_host *host)
{
	if (!host->has_database)
		add_note(spec, "the host has no /nix/var/nix/db: Nix inside knows no path");
	if (!host->has_daemon)
		add_note(spec, "the host has no /nix/var/nix/daemon-socket: Nix inside has no "
			       "daemon");
}

/* Whether an image is called so: it is what the name has always meant to us. */
static bool is_image(struct spec *spec, const char *name, const char *path)
{
	struct image image;

	if (image_find(NULL, name, &spec->arena, &image, NULL) < 0)
		return false;
	add_note(spec,
		 arena_printf(&spec->arena, "%s is passed over: there is an image of that name, %s",
			      path, image.path));
	return true;
}

int nixos_take(struct spec *spec, const char *name, struct floe_error *error)
{
	struct findings findings = {.arena = &spec->arena};
	struct nixos_file file = {0};
	struct nixos_host host;
	int r = nixos_find(&spec->arena, name, &file, &findings, error);

	if (r <= 0 || is_image(spec, name, file.path))
		return r < 0 ? r : 0;
	host = look(&spec->arena, name, &file);
	nixos_conf_apply(spec, &file.conf, &host, &findings);
	spec->conf_file = file.path;
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot keep what %s says", file.path);
	r = judge(spec, file.path, &findings, error);
	if (r > 0)
		note_missing(spec, &host);
	return r;
}
