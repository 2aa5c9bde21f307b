/* SPDX-License-Identifier: MIT */
/* Which machines are started with the host: an empty file for each in /etc/floe/enabled. */
#include "../base/arena.h"
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../image/image.h"
#include "../sys/path.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ENABLED_DIRECTORY "/etc/floe/enabled"

/* What a booted systemd looks at, systemd.unit(5); the link stands for "systemctl enable". */
#define WANTS_DIRECTORY "/etc/systemd/system/machines.target.wants"

static const char *const unit_directories[] = {
	"/etc/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
};

struct places {
	char mark[PATH_MAX];
	char link[PATH_MAX]; /* of the unit */
};

static int find_places(struct places *places, const char *name, struct floe_error *error)
{
	if (!machine_name_valid(name))
		return err_usage(error, "\"%.100s\" is no valid machine name", name);
	snprintf(places->mark, sizeof(places->mark), ENABLED_DIRECTORY "/%s", name);
	/* Names of machines have no characters that systemd escapes but the dash, which a
	 * %i keeps as it is. */
	snprintf(places->link, sizeof(places->link), WANTS_DIRECTORY "/floe@%s.service", name);
	return 0;
}

static int make_mark(const char *path)
{
	int r = path_make_parents(path, 0755);
	int fd = r < 0 ? r : open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return r < 0 ? r : -errno;
	close(fd);
	return 0;
}

/* Only where systemd is at home and the unit is installed. */
static int make_link(const char *path)
{
	char unit[PATH_MAX];

	if (access("/etc/systemd/system", F_OK) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(unit_directories); i++) {
		int r;

		snprintf(unit, sizeof(unit), "%s/floe@.service", unit_directories[i]);
		if (access(unit, F_OK) < 0)
			continue;
		r = path_make_parents(path, 0755);
		if (r == 0 && symlink(unit, path) < 0 && errno != EEXIST)
			r = -errno;
		return r;
	}
	return 0;
}

int floe_enable(const char *name, struct floe_error *error)
{
	struct arena arena = {0};
	struct places places;
	struct image image;
	int r = find_places(&places, name, error);

	if (r == 0)
		r = image_find(NULL, name, &arena, &image, error);
	arena_free(&arena);
	if (r < 0)
		return r;
	r = make_mark(places.mark);
	if (r < 0)
		return err_errno(error, -r, "cannot create %s", places.mark);
	r = make_link(places.link);
	return r < 0 ? err_errno(error, -r, "cannot create %s", places.link) : 0;
}

static int remove_file(const char *path, struct floe_error *error)
{
	if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_errno(error, errno, "cannot remove %s", path);
}

int floe_disable(const char *name, struct floe_error *error)
{
	struct places places;
	int r = find_places(&places, name, error);

	if (r == 0)
		r = remove_file(places.mark, error);
	if (r == 0)
		r = remove_file(places.link, error);
	return r;
}

static int is_machine(const struct dirent *entry)
{
	return machine_name_valid(entry->d_name);
}

int floe_enabled_list(floe_name_function function, void *context, struct floe_error *error)
{
	struct dirent **entries = NULL;
	int count = scandir(ENABLED_DIRECTORY, &entries, is_machine, alphasort), r = 0;

	if (count < 0)
		return errno == ENOENT ? 0
				       : err_errno(error, errno, "cannot list " ENABLED_DIRECTORY);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = function(context, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r;
}
