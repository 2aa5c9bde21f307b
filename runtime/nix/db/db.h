/* SPDX-License-Identifier: MIT */
/* Nix's database, opened for reading; private to this module. */
#ifndef FLOE_NIX_DB_DB_H
#define FLOE_NIX_DB_DB_H

#include "../nix.h"

#include <sqlite3.h>
#include <sys/stat.h>

struct db {
	sqlite3 *handle;
	const char *path;
	bool alone; /* nobody had it open for writing */
	struct stat before;
};

/* Opens; db_close() in any case. 0 or a negative errno with ERROR set. */
int db_open(struct db *db, const char *path, struct floe_error *error);
void db_close(struct db *db);

/* Whether what was read may have changed under the reading: then it is to be read again. */
bool db_changed(const struct db *db);

/* Puts SQLite's message for CODE into ERROR; returns -EIO. */
int db_fail(const struct db *db, int code, struct floe_error *error);

#endif
