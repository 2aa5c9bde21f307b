/* SPDX-License-Identifier: MIT */
/* Sets of store paths: from Nix's database, from lists and registrations, and as registrations. */
#ifndef FLOE_NIX_NIX_H
#define FLOE_NIX_NIX_H

#include "../base/arena.h"
#include "../floe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NIX_STORE    "/nix/store"
#define NIX_STATE    "/nix/var/nix"
#define NIX_DATABASE NIX_STATE "/db/db.sqlite"

/* The build group of NixOS (ids.nix), which stage 2 gives the store to. */
#define NIX_BUILD_GROUP 30000

/* A path of the store by its name below /nix/store: one component. */
struct nix_path {
	const char *name;
	const char *hash;    /* of its content: SHA-256 in hexadecimal; NULL: not known */
	uint64_t size;       /* of its content as an archive */
	const char *deriver; /* an absolute path, "" for none */
	const char **needs;  /* names of the paths that it refers to, perhaps its own */
	size_t need_count;
};

struct nix_set {
	struct nix_path *paths; /* sorted by name, each once */
	size_t count;
	bool registered; /* hashes and references are known */
};

/*
 * The name of the store path that PATH is or lies in, in ARENA; NULL when PATH is not below
 * /nix/store. What follows the name is left out.
 */
const char *nix_name(struct arena *arena, const char *path);

/* By binary search; NULL when SET has no path of that name. */
const struct nix_path *nix_find(const struct nix_set *set, const char *name);

/* Sorts, and drops what is there twice. */
void nix_sort(struct nix_set *set);

/*
 * Reads a file's SIZE bytes: one store path a line ("store-paths" of closureInfo, what
 * `nix-store -qR` prints), or a registration ("registration" of closureInfo, what
 * `nix-store --dump-db` prints and `--load-db` reads); which it is its second line tells.
 * Every path has to be of /nix/store, and a registration has to hold what its paths refer to.
 * Strings are in ARENA. FILE is for messages. 0, or -EINVAL with the number of the line.
 */
int nix_parse(struct nix_set *set, const char *text, size_t size, struct arena *arena,
	      const char *file, struct floe_error *error);

/* Whether all that paths of SET refer to is in it; the message names the first that is not. */
int nix_check_closed(const struct nix_set *set, const char *file, struct floe_error *error);

/* What `nix-store --load-db` reads, for the paths of SET that are not in KNOWN (NULL: all). The
 * number of paths is put into *COUNT. NULL when out of memory. */
const char *nix_registration(const struct nix_set *set, const struct nix_set *known,
			     struct arena *arena, size_t *count);

/* The names of SET, one a line; and such a list back, which may have been written by anybody: 0, or
 * -EINVAL when it is none. */
const char *nix_names(const struct nix_set *set, struct arena *arena);
int nix_parse_names(struct nix_set *set, const char *text, size_t size, struct arena *arena);

/* Which paths are wanted of a database, and how much of them. */
struct nix_query {
	const char *const *roots; /* absolute: their closure; NULL: all valid paths */
	size_t root_count;
	const struct nix_set
		*kept;   /* and the closure of those of these that are valid; NULL: none */
	bool registered; /* with hashes and references */
};

/*
 * What modules/nixdb.so offers under the symbol floe_module_nixdb; get it by module_nixdb() of
 * lib/module.h. It is a module because of libsqlite3.
 */
struct nixdb_module {
	/*
	 	 * Reads from the database DATABASE what QUERY asks for. The database is neither written to
	 * nor kept from being written to: see runtime/nix/db/.
	 * -ENOENT: there is no database, or no valid path called like a root.
	 */
	int (*read)(const char *database, const struct nix_query *query, struct arena *arena,
		    struct nix_set *set, struct floe_error *error);
};

extern const struct nixdb_module floe_module_nixdb;

#endif
