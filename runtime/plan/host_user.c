/* SPDX-License-Identifier: MIT */
/* The payload's user, out of the tree's own passwd and group: no NSS, nothing of the tree runs. */
#include "host_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/passwd.h"
#include "../sys/path.h"

/* Far more than any machine has; a tree is not trusted to be reasonable. */
#define PASSWD_LIMIT ((size_t)16 << 20)

static void add_groups(struct host *host, const char *text, size_t size,
		       const struct passwd_entry *entry)
{
	struct host_user *user = &host->user;
	size_t room = 32;

	/* A second time only for who is in more than 32 groups. */
	for (;;) {
		user->groups = arena_alloc(&host->arena, room * sizeof(*user->groups));
		if (!user->groups)
			return;
		if (group_find_members(text, size, entry->name, entry->gid, user->groups, room,
				       &user->group_count) == 0)
			return;
		room = user->group_count;
	}
}

static void take_entry(struct host *host, const struct passwd_entry *entry)
{
	struct host_user *user = &host->user;

	user->found = true;
	user->uid = entry->uid;
	user->gid = entry->gid;
	user->name = arena_strdup(&host->arena, entry->name);
	user->home = arena_strdup(&host->arena, entry->home);
	user->shell = arena_strdup(&host->arena, entry->shell);
}

/* A file that is not there is as good as an empty one. */
static int read_database(int root, const char *path, char **text, size_t *size,
			 struct floe_error *error)
{
	int r = path_read_all_in(root, path, PASSWD_LIMIT, text, size);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	return r < 0 ? err_errno(error, -r, "cannot read %s of the tree", path) : 0;
}

static bool has_directory(int root, const char *path)
{
	CLEANUP_FD int fd = path_open_in(root, path, O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

int host_user(struct host *host, const struct spec *spec, int root, struct floe_error *error)
{
	CLEANUP_FREE char *users = NULL;
	CLEANUP_FREE char *groups = NULL;
	size_t users_size = 0, groups_size = 0;
	struct passwd_entry entry;
	int r;

	if (!spec->user)
		return 0;
	host->user.name = arena_strdup(&host->arena, spec->user);
	passwd_parse_id(spec->user, &host->user.uid);
	if (root < 0)
		return 0;
	r = read_database(root, "/etc/passwd", &users, &users_size, error);
	if (r == 0)
		r = read_database(root, "/etc/group", &groups, &groups_size, error);
	if (r < 0 || !users)
		return r;
	if (passwd_find_user(users, users_size, spec->user, &entry) < 0)
		return 0;
	take_entry(host, &entry);
	host->user.has_home = has_directory(root, host->user.home);
	add_groups(host, groups ? groups : "", groups_size, &entry);
	return 0;
}
