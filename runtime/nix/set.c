/* SPDX-License-Identifier: MIT */
/* Sets of store paths: names, order, and whether they are closed. */
#include "nix.h"

#include "../base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX NIX_STORE "/"

const char *nix_name(struct arena *arena, const char *path)
{
	const char *name = path + sizeof(PREFIX) - 1;
	size_t length;

	if (strncmp(path, PREFIX, sizeof(PREFIX) - 1) != 0)
		return NULL;
	length = strcspn(name, "/");
	if (length == 0 || length > NAME_MAX || (name[0] == '.' && length == 1) ||
	    (name[0] == '.' && name[1] == '.' && length == 2))
		return NULL;
	return arena_strndup(arena, name, length);
}

static int compare_paths(const void *left, const void *right)
{
	const struct nix_path *a = left, *b = right;

	return strcmp(a->name, b->name);
}

const struct nix_path *nix_find(const struct nix_set *set, const char *name)
{
	const struct nix_path wanted = {.name = name};

	if (!set || set->count == 0)
		return NULL;
	return bsearch(&wanted, set->paths, set->count, sizeof(wanted), compare_paths);
}

void nix_sort(struct nix_set *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->paths, set->count, sizeof(*set->paths), compare_paths);
	for (size_t i = 1; i < set->count; i++) {
		if (strcmp(set->paths[i].name, set->paths[kept].name) != 0)
			set->paths[++kept] = set->paths[i];
	}
	set->count = kept + 1;
}

int nix_check_closed(const struct nix_set *set, const char *file, struct floe_error *error)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct nix_path *path = &set->paths[i];

		for (size_t k = 0; k < path->need_count; k++) {
			if (nix_find(set, path->needs[k]))
				continue;
			err_set(error, FLOE_ERROR_CONTENT, EINVAL,
				"%s is no whole closure: " PREFIX "%s needs " PREFIX
				"%s, which is not in it",
				file, path->name, path->needs[k]);
			return err_hint(error, "\"nix-store -qR PATH\" lists whole closures");
		}
	}
	return 0;
}
