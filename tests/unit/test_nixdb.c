/* SPDX-License-Identifier: MIT */
/* Nix's database is read as it is, beside who writes to it, and without leaving a mark. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/nix/db/db.h"
#include "scratch.h"
#include "unit.h"

#define S "/nix/store/"

/* As Nix makes it (src/libstore/schema.sql), without what is not looked at. */
static const char schema[] =
	"PRAGMA journal_mode = wal;"
	"CREATE TABLE ValidPaths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
	" path TEXT UNIQUE NOT NULL, hash TEXT NOT NULL, registrationTime INTEGER NOT NULL,"
	" deriver TEXT, narSize INTEGER);"
	"CREATE TABLE Refs (referrer INTEGER NOT NULL, reference INTEGER NOT NULL,"
	" PRIMARY KEY (referrer, reference));";

static sqlite3 *writer(void)
{
	sqlite3 *handle;

	assert_int_equal(sqlite3_open("db.sqlite", &handle), SQLITE_OK);
	return handle;
}

static void write_sql(sqlite3 *handle, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

static void add_path(sqlite3 *handle, int id, const char *name)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO ValidPaths VALUES (%d, '" S "%s', 'sha256:%d', 1, NULL, %d);", id,
		 name, id, 100 * id);
	write_sql(handle, sql);
}

/* "top" needs "middle", which needs "bottom" and itself; "other" needs nothing. */
static int make_database(void **state)
{
	sqlite3 *handle;

	if (scratch_enter(state) < 0)
		return -1;
	handle = writer();
	write_sql(handle, schema);
	add_path(handle, 1, "bottom");
	add_path(handle, 20, "middle");
	add_path(handle, 300, "top");
	add_path(handle, 4000, "other");
	write_sql(handle, "INSERT INTO Refs VALUES (300, 20), (20, 1), (20, 20);"
			  "UPDATE ValidPaths SET deriver = '" S "top.drv' WHERE id = 300;");
	sqlite3_close(handle);
	return 0;
}

static int read_roots(const char *const *roots, size_t count, bool registered, struct arena *arena,
		      struct nix_set *set, struct floe_error *error)
{
	const struct nix_query query = {
		.roots = roots, .root_count = count, .registered = registered};

	return floe_module_nixdb.read("db.sqlite", &query, arena, set, error);
}

static const struct nix_query all;

static void closures_are_whole(void **state)
{
	static const char *const roots[] = {S "top"};
	struct arena arena = {0};
	struct nix_set set;
	const struct nix_path *middle;

	(void)state;
	assert_int_equal(read_roots(roots, 1, true, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 3);
	assert_null(nix_find(&set, "other"));
	assert_string_equal(nix_find(&set, "top")->deriver, S "top.drv");
	middle = nix_find(&set, "middle");
	assert_string_equal(middle->hash, "20");
	assert_int_equal(middle->size, 2000);
	assert_string_equal(middle->deriver, "");
	assert_int_equal(middle->need_count, 2);
	assert_int_equal(nix_check_closed(&set, "it", NULL), 0);
	arena_free(&arena);
}

static void all_paths_can_be_read(void **state)
{
	struct arena arena = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(read_roots(NULL, 0, false, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 4);
	assert_false(set.registered);
	arena_free(&arena);
}

/* What was given once and is still there is part of it, with what that needs. */
static void kept_paths_are_roots_where_they_are_valid(void **state)
{
	static const char *const roots[] = {S "other"};
	struct nix_path paths[] = {{.name = "gone"}, {.name = "middle"}};
	const struct nix_set kept = {paths, ARRAY_SIZE(paths), false};
	const struct nix_query query = {.roots = roots, .root_count = 1, .kept = &kept};
	struct arena arena = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(floe_module_nixdb.read("db.sqlite", &query, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 3);
	assert_non_null(nix_find(&set, "bottom"));
	assert_null(nix_find(&set, "top"));
	arena_free(&arena);
}

static void many_paths_are_found(void **state)
{
	static const char *const roots[] = {S "p0"};
	struct arena arena = {0};
	struct nix_set set;
	sqlite3 *handle = writer();
	char sql[128], name[16];

	(void)state;
	write_sql(handle, "BEGIN");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		add_path(handle, 10000 + i, name);
		snprintf(sql, sizeof(sql), "INSERT INTO Refs VALUES (%d, %d)", 10000 + i,
			 10000 + (i + 1) % 5000);
		write_sql(handle, sql);
	}
	write_sql(handle, "COMMIT");
	sqlite3_close(handle);
	assert_int_equal(read_roots(roots, 1, true, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 5000);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_non_null(nix_find(&set, name));
	}
	arena_free(&arena);
}

static void missing_roots_are_named(void **state)
{
	static const char *const roots[] = {S "top", S "gone"};
	struct arena arena = {0};
	struct floe_error error = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(read_roots(roots, 2, false, &arena, &set, &error), -ENOENT);
	assert_string_equal(error.message, "Nix's database db.sqlite has no valid path " S "gone");
	arena_free(&arena);
}

static void what_is_no_database_is_said(void **state)
{
	struct arena arena = {0};
	struct floe_error error = {0};
	struct nix_set set;
	int r;

	(void)state;
	r = floe_module_nixdb.read("missing", &all, &arena, &set, &error);
	assert_int_equal(r, -ENOENT);
	assert_non_null(strstr(error.message, "cannot read Nix's database missing: No such file"));
	scratch_write("text", "no database at all, by any means", 32);
	memset(&error, 0, sizeof(error));
	r = floe_module_nixdb.read("text", &all, &arena, &set, &error);
	assert_int_equal(r, -EIO);
	assert_non_null(strstr(error.message, "cannot read Nix's database text: file is not"));
	arena_free(&arena);
}

/* Neither files nor a changed time. */
static void reading_leaves_no_mark(void **state)
{
	struct arena arena = {0};
	struct stat before = scratch_stat("db.sqlite"), after;
	struct nix_set set;

	(void)state;
	assert_int_equal(access("db.sqlite-wal", F_OK), -1);
	assert_int_equal(read_roots(NULL, 0, true, &arena, &set, NULL), 0);
	assert_int_equal(access("db.sqlite-wal", F_OK), -1);
	assert_int_equal(access("db.sqlite-shm", F_OK), -1);
	after = scratch_stat("db.sqlite");
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof(before.st_ctim));
	arena_free(&arena);
}

/* A daemon that has written what is only in its log yet, and is about to write more. */
static void a_writer_is_no_hindrance(void **state)
{
	static const char *const roots[] = {S "new"};
	struct arena arena = {0};
	struct nix_set set;
	sqlite3 *handle = writer();

	(void)state;
	add_path(handle, 5000, "new");
	write_sql(handle, "INSERT INTO Refs VALUES (5000, 300)");
	write_sql(handle, "BEGIN IMMEDIATE");
	add_path(handle, 6000, "newer");
	assert_int_equal(access("db.sqlite-wal", F_OK), 0);
	assert_int_equal(read_roots(roots, 1, true, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 4);
	assert_int_equal(read_roots(NULL, 0, true, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 5);
	write_sql(handle, "COMMIT");
	assert_int_equal(read_roots(NULL, 0, true, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 6);
	sqlite3_close(handle);
	arena_free(&arena);
}

/* Opened when nobody had it open; then somebody writes and goes away. */
static void a_change_under_the_reading_is_seen(void **state)
{
	sqlite3 *handle;
	struct db db;

	(void)state;
	assert_int_equal(db_open(&db, "db.sqlite", NULL), 0);
	assert_true(db.alone);
	assert_false(db_changed(&db));
	handle = writer();
	add_path(handle, 5000, "new");
	assert_true(db_changed(&db));
	sqlite3_close(handle);
	assert_int_equal(access("db.sqlite-wal", F_OK), -1);
	assert_true(db_changed(&db));
	db_close(&db);
}

static void names_with_a_meaning_in_uris_are_names(void **state)
{
	struct arena arena = {0};
	struct nix_set set;

	(void)state;
	assert_int_equal(rename("db.sqlite", "a?b#c%41.sqlite"), 0);
	assert_int_equal(floe_module_nixdb.read("a?b#c%41.sqlite", &all, &arena, &set, NULL), 0);
	assert_int_equal(set.count, 4);
	arena_free(&arena);
}

/* What Nix would never write. */
static void foreign_paths_and_hashes_are_refused(void **state)
{
	struct arena arena = {0};
	struct floe_error error = {0};
	struct nix_set set;
	sqlite3 *handle = writer();

	(void)state;
	write_sql(handle, "UPDATE ValidPaths SET path = '/etc/passwd' WHERE id = 1");
	assert_int_equal(read_roots(NULL, 0, false, &arena, &set, &error), -EINVAL);
	assert_non_null(strstr(error.message, "is no path of /nix/store: /etc/passwd"));
	write_sql(handle, "UPDATE ValidPaths SET path = '" S "a', hash = 'md5:1' WHERE id = 1");
	memset(&error, 0, sizeof(error));
	assert_int_equal(read_roots(NULL, 0, false, &arena, &set, &error), 0);
	assert_int_equal(read_roots(NULL, 0, true, &arena, &set, &error), -EINVAL);
	assert_non_null(strstr(error.message, "a hash of a kind that is not known: md5:1"));
	sqlite3_close(handle);
	arena_free(&arena);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_database, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(closures_are_whole),
		TEST(all_paths_can_be_read),
		TEST(kept_paths_are_roots_where_they_are_valid),
		TEST(many_paths_are_found),
		TEST(missing_roots_are_named),
		TEST(what_is_no_database_is_said),
		TEST(reading_leaves_no_mark),
		TEST(a_writer_is_no_hindrance),
		TEST(a_change_under_the_reading_is_seen),
		TEST(names_with_a_meaning_in_uris_are_names),
		TEST(foreign_paths_and_hashes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
