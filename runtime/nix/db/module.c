/* SPDX-License-Identifier: MIT */
/*
 * Closures out of Nix's database: the tables ValidPaths (id, path, hash, narSize, deriver) and Refs
 * (referrer, reference), which have been the same since Nix 2.0 (schema 10).
 */
#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "db.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* How often a database is read that is written to meanwhile. */
#define READ_TRIES 10

/* One path on the way: its number in the database and the numbers of those it refers to. */
struct node {
	sqlite3_int64 id;
	size_t *needs; /* indices */
	size_t need_count;
};

struct walk {
	struct db *db;
	struct arena *arena;
	struct floe_error *error;
	struct node *nodes;
	size_t count;
	size_t *table; /* open addressing by id: index + 1, 0 for an empty place */
	size_t room;   /* of the table, a power of two */
};

static void reset_statement(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

#define CLEANUP_STATEMENT CLEANUP(reset_statement)

static int prepare(const struct walk *walk, const char *sql, sqlite3_stmt **statement)
{
	int r = sqlite3_prepare_v2(walk->db->handle, sql, -1, statement, NULL);

	return r == SQLITE_OK ? 0 : db_fail(walk->db, r, walk->error);
}

/* 1: a row, 0: no more. */
static int step(const struct walk *walk, sqlite3_stmt *statement)
{
	int r = sqlite3_step(statement);

	if (r == SQLITE_ROW)
		return 1;
	return r == SQLITE_DONE ? 0 : db_fail(walk->db, r, walk->error);
}

/* ---- numbers to indices ---- */

static size_t *place_of(const struct walk *walk, sqlite3_int64 id)
{
	size_t at = ((size_t)id * 0x9E3779B97F4A7C15U >> 20) & (walk->room - 1);

	while (walk->table[at] && walk->nodes[walk->table[at] - 1].id != id)
		at = (at + 1) & (walk->room - 1);
	return &walk->table[at];
}

static int enlarge(struct walk *walk)
{
	size_t room = walk->room ? 2 * walk->room : 1024;
	size_t *table = arena_alloc(walk->arena, room * sizeof(*table));

	if (!table)
		return -ENOMEM;
	walk->table = table;
	walk->room = room;
	for (size_t i = 0; i < walk->count; i++)
		*place_of(walk, walk->nodes[i].id) = i + 1;
	return 0;
}

/* The index of the path called ID, which becomes one of the walk's if it is not yet. */
static int index_of(struct walk *walk, sqlite3_int64 id, size_t *index)
{
	struct node *node;
	size_t *place;

	if (2 * walk->count >= walk->room && enlarge(walk) < 0)
		return -ENOMEM;
	place = place_of(walk, id);
	if (!*place) {
		node = ARENA_APPEND(walk->arena, walk->nodes, walk->count);
		if (!node)
			return -ENOMEM;
		node->id = id;
		*place = walk->count;
	}
	*index = *place - 1;
	return 0;
}

/* ---- what is in the set ---- */

static int find_root(struct walk *walk, sqlite3_stmt *statement, const char *root)
{
	size_t index;
	int r;

	sqlite3_reset(statement);
	sqlite3_bind_text(statement, 1, root, -1, SQLITE_STATIC);
	r = step(walk, statement);
	if (r == 1)
		return index_of(walk, sqlite3_column_int64(statement, 0), &index);
	if (r < 0)
		return r;
	return err_set(walk->error, FLOE_ERROR_NOT_FOUND, ENOENT,
		       "Nix's database %s has no valid path %s", walk->db->path, root);
}

static int find_kept(struct walk *walk, sqlite3_stmt *statement, const char *name)
{
	char path[sizeof(NIX_STORE) + 1 + NAME_MAX];
	size_t index;
	int r;

	snprintf(path, sizeof(path), NIX_STORE "/%s", name);
	sqlite3_reset(statement);
	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	r = step(walk, statement);
	return r == 1 ? index_of(walk, sqlite3_column_int64(statement, 0), &index) : r;
}

static int find_roots(struct walk *walk, const struct nix_query *query)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	size_t kept = query->kept ? query->kept->count : 0;
	int r = prepare(walk, "SELECT id FROM ValidPaths WHERE path = ?", &statement);

	for (size_t i = 0; r == 0 && i < query->root_count; i++)
		r = find_root(walk, statement, query->roots[i]);
	for (size_t i = 0; r == 0 && i < kept; i++)
		r = find_kept(walk, statement, query->kept->paths[i].name);
	return r;
}

static int find_all(struct walk *walk)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	size_t index;
	int r = prepare(walk, "SELECT id FROM ValidPaths", &statement);

	while (r == 0 && (r = step(walk, statement)) == 1)
		r = index_of(walk, sqlite3_column_int64(statement, 0), &index);
	return r;
}

/* What node I refers to is put at the end of the walk, unless it is there already. */
static int follow(struct walk *walk, sqlite3_stmt *statement, size_t i)
{
	size_t *needs = NULL, count = 0;
	int r;

	sqlite3_reset(statement);
	sqlite3_bind_int64(statement, 1, walk->nodes[i].id);
	while ((r = step(walk, statement)) == 1) {
		size_t *need = ARENA_APPEND(walk->arena, needs, count);

		if (!need)
			return -ENOMEM;
		r = index_of(walk, sqlite3_column_int64(statement, 0), need);
		if (r < 0)
			return r;
	}
	walk->nodes[i].needs = needs;
	walk->nodes[i].need_count = count;
	return r;
}

static int follow_all(struct walk *walk)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int r = prepare(walk, "SELECT reference FROM Refs WHERE referrer = ?", &statement);

	for (size_t i = 0; r == 0 && i < walk->count; i++)
		r = follow(walk, statement, i);
	return r;
}

/* ---- what is known of each ---- */

static const char *column_text(const struct walk *walk, sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return arena_strdup(walk->arena, text ? text : "");
}

static int read_details(const struct walk *walk, sqlite3_stmt *statement, struct nix_path *path)
{
	static const char prefix[] = "sha256:";
	const char *hash = column_text(walk, statement, 1);

	if (strncmp(hash, prefix, sizeof(prefix) - 1) != 0)
		return err_set(walk->error, FLOE_ERROR_CONTENT, EINVAL,
			       "Nix's database %s has a hash of a kind that is not known: %s",
			       walk->db->path, hash);
	path->hash = hash + sizeof(prefix) - 1;
	path->size = (uint64_t)sqlite3_column_int64(statement, 2);
	path->deriver = column_text(walk, statement, 3);
	return 0;
}

static int read_path(const struct walk *walk, sqlite3_stmt *statement, const struct node *node,
		     bool registered, struct nix_path *path)
{
	const char *name;
	int r;

	sqlite3_reset(statement);
	sqlite3_bind_int64(statement, 1, node->id);
	r = step(walk, statement);
	if (r < 0)
		return r;
	name = r == 1 ? (const char *)sqlite3_column_text(statement, 0) : NULL;
	path->name = name ? nix_name(walk->arena, name) : NULL;
	if (!path->name)
		return err_set(walk->error, FLOE_ERROR_CONTENT, EINVAL,
			       "Nix's database %s has something that is no path of " NIX_STORE
			       ": %s",
			       walk->db->path, name ? name : "a missing path");
	return registered ? read_details(walk, statement, path) : 0;
}

static int name_needs(const struct walk *walk, const struct node *node, struct nix_path *paths,
		      struct nix_path *path)
{
	path->needs = arena_alloc(walk->arena, (node->need_count + 1) * sizeof(*path->needs));
	if (!path->needs)
		return -ENOMEM;
	for (size_t i = 0; i < node->need_count; i++)
		path->needs[i] = paths[node->needs[i]].name;
	path->need_count = node->need_count;
	return 0;
}

static int read_paths(const struct walk *walk, bool registered, struct nix_set *set)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int r = prepare(walk, "SELECT path, hash, narSize, deriver FROM ValidPaths WHERE id = ?",
			&statement);

	set->paths = arena_alloc(walk->arena, (walk->count + 1) * sizeof(*set->paths));
	if (r == 0 && !set->paths)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < walk->count; i++)
		r = read_path(walk, statement, &walk->nodes[i], registered, &set->paths[i]);
	for (size_t i = 0; r == 0 && registered && i < walk->count; i++)
		r = name_needs(walk, &walk->nodes[i], set->paths, &set->paths[i]);
	set->count = r == 0 ? walk->count : 0;
	set->registered = registered;
	nix_sort(set);
	return r;
}

/* One snapshot: a transaction, for a database that is written to. */
static int read_snapshot(struct walk *walk, const struct nix_query *query, struct nix_set *set)
{
	int r = sqlite3_exec(walk->db->handle, "BEGIN", NULL, NULL, NULL);

	if (r != SQLITE_OK)
		return db_fail(walk->db, r, walk->error);
	r = query->roots ? find_roots(walk, query) : find_all(walk);
	if (r == 0 && (query->roots || query->registered))
		r = follow_all(walk);
	return r < 0 ? r : read_paths(walk, query->registered, set);
}

static int read_once(const char *database, const struct nix_query *query, struct arena *arena,
		     struct nix_set *set, struct floe_error *error)
{
	struct db db;
	struct walk walk = {.db = &db, .arena = arena, .error = error};
	int r = db_open(&db, database, error);

	*set = (struct nix_set){0};
	if (r == 0)
		r = read_snapshot(&walk, query, set);
	if (db_changed(&db))
		r = -EAGAIN;
	db_close(&db);
	return r;
}

static int read_database(const char *database, const struct nix_query *query, struct arena *arena,
			 struct nix_set *set, struct floe_error *error)
{
	struct floe_error last = {0};
	int r = -EAGAIN;

	for (int i = 0; i < READ_TRIES && r == -EAGAIN; i++) {
		memset(&last, 0, sizeof(last));
		r = read_once(database, query, arena, set, &last);
	}
	if (r == -EAGAIN)
		err_errno(&last, EAGAIN,
			  "cannot read Nix's database %s, which changes all the time", database);
	if (r == -ENOMEM)
		err_errno(&last, ENOMEM, "cannot read Nix's database %s", database);
	if (r < 0 && error)
		*error = last;
	return r;
}

const struct nixdb_module floe_module_nixdb = {
	.read = read_database,
};
