/* SPDX-License-Identifier: MIT */
/* Reading and writing the settings file of a machine. */
#include "../base/cleanup.h"
#include "../base/ini_edit.h"
#include "../base/names.h"
#include "../spec/nspawn_keys.h"
#include "../sys/path.h"
#include "internal.h"
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OWN_DIRECTORY "/etc/floe"

/* Only what is in /etc is the administrator's to keep; files of the same name that count less, such
 * as one beside the tree, are covered by a new one. */
static const char *place_of(struct arena *arena, const char *name, const char *found)
{
	if (found && strncmp(found, "/etc/", 5) == 0)
		return found;
	return arena_printf(arena, OWN_DIRECTORY "/%s.nspawn", name);
}

/* 1, 0: there is none, or an error. *PATH in the spec's arena. */
static int find(struct spec *spec, const char *name, struct settings_file *found,
		struct floe_error *error)
{
	if (!machine_name_valid(name)) {
		err_usage(error, "\"%.100s\" is no valid machine name", name);
		return -EINVAL;
	}
	spec->name = arena_strdup(&spec->arena, name);
	return settings_find(spec, name, found, error);
}

int floe_settings_read(const char *name, char **path, char **text, struct floe_error *error)
{
	struct settings_file found = {0};
	struct spec spec;
	int r;

	*path = *text = NULL;
	spec_init(&spec);
	r = find(&spec, name, &found, error);
	if (r >= 0) {
		*path = strdup(found.text ? found.path : place_of(&spec.arena, name, NULL));
		*text = r > 0 ? TAKE_POINTER(found.text) : NULL;
		r = *path ? 0 : err_errno(error, ENOMEM, "cannot read the settings of %s", name);
	}
	free(found.text);
	spec_free(&spec);
	return r;
}

struct judgement {
	floe_finding_function function;
	void *context;
	const char *path; /* where it is to be, for messages */
	char why[512];    /* the first fatal finding */
};

static int judge(void *context, const struct floe_finding *finding)
{
	struct judgement *judgement = context;
	struct floe_finding shown = *finding;

	shown.file = judgement->path;
	if (finding->fatal && !judgement->why[0])
		snprintf(judgement->why, sizeof(judgement->why), "line %u: %s", finding->line,
			 finding->text);
	return judgement->function ? judgement->function(judgement->context, &shown) : 0;
}

static int write_new(const char *path, const char *text)
{
	int r = path_make_parents(path, 0755);
	CLEANUP_FD int fd =
		r < 0 ? r : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return r < 0 ? r : -errno;
	r = fd_write_all(fd, text, strlen(text));
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

/* Beside its place, checked there, and then in it. */
static int replace(const char *path, const char *text, struct judgement *judgement,
		   struct floe_error *error)
{
	char temporary[PATH_MAX];
	int r;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	r = write_new(temporary, text);
	if (r < 0)
		err_errno(error, -r, "cannot write %s", temporary);
	if (r == 0)
		r = floe_settings_check(temporary, NULL, judge, judgement, error);
	if (r == 0 && judgement->why[0])
		r = err_usage(error, "%s is not changed: %s", path, judgement->why);
	if (r == 0 && rename(temporary, path) < 0)
		r = err_errno(error, errno, "cannot replace %s", path);
	if (r != 0)
		unlink(temporary);
	return r;
}

int floe_settings_write(const char *name, const char *text, floe_finding_function function,
			void *context, struct floe_error *error)
{
	struct judgement judgement = {.function = function, .context = context};
	struct settings_file found = {0};
	struct spec spec;
	int r;

	spec_init(&spec);
	r = find(&spec, name, &found, error);
	if (r >= 0) {
		judgement.path = place_of(&spec.arena, name, r > 0 ? found.path : NULL);
		r = replace(judgement.path, text, &judgement, error);
	}
	free(found.text);
	spec_free(&spec);
	return r;
}

/* "tasks-max" is TasksMax: see nspawn_key_find(). */
static char *key_of(struct arena *arena, const char *option, size_t length)
{
	char *key = arena_strndup(arena, option, length), *to = key;
	bool upper = true;

	for (const char *from = key; *from; from++) {
		if (*from == '-') {
			upper = true;
			continue;
		}
		*to++ = upper ? (char)toupper((unsigned char)*from) : *from;
		upper = false;
	}
	*to = '\0';
	return key;
}

static int edit_all(struct arena *arena, const char *const assignments[], size_t count,
		    const char **text, struct floe_error *error)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(assignments[i], "=");
		const char *key = key_of(arena, assignments[i], length);
		const char *section = nspawn_key_section(key);

		if (!assignments[i][length] || !section)
			return err_usage(error, "\"%.100s\" cannot be kept in a settings file",
					 assignments[i]);
		*text = ini_set(arena, *text, section, key, assignments[i] + length + 1);
	}
	return arena_failed(arena) ? err_errno(error, ENOMEM, "cannot change settings") : 0;
}

int floe_settings_save(const char *name, const char *const assignments[], size_t count,
		       struct floe_error *error)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *before = NULL;
	struct arena arena = {0};
	const char *text;
	int r = floe_settings_read(name, &path, &before, error);

	text = before;
	if (r == 0)
		r = edit_all(&arena, assignments, count, &text, error);
	if (r == 0)
		r = text ? floe_settings_write(name, text, NULL, NULL, error)
			 : err_usage(error, "nothing is to be kept for %s", name);
	arena_free(&arena);
	return r;
}
