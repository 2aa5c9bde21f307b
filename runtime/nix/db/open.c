/* SPDX-License-Identifier: MIT */
/*
 * Opening Nix's database without leaving a mark on it. It is one with a write-ahead log
 * (sqlite.org/wal.html): while somebody has it open there are the files db.sqlite-wal and -shm
 * beside it, and reading is safe by SQLite's own locks. When nobody has, those files are gone, and a
 * reader would make them and leave them behind; then the one file is the whole truth until somebody
 * writes again, and is read as immutable. Whether that happened meanwhile is seen afterwards.
 */
#include "db.h"

#include "../../base/cleanup.h"
#include "../../base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* How long to wait for a writer that holds the database for itself. */
#define BUSY_MS 5000

/* Byte 18 of the header, the version for writing: 2 for a database with a write-ahead log
 * (sqlite.org/fileformat.html, section 1.3.3). */
#define AT_VERSION  18
#define VERSION_WAL 2

static bool is_logged(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	unsigned char header[AT_VERSION + 1];

	return fd >= 0 && pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	       header[AT_VERSION] == VERSION_WAL;
}

static bool has_log(const char *path)
{
	char log[PATH_MAX];

	return snprintf(log, sizeof(log), "%s-wal", path) < PATH_MAX && access(log, F_OK) == 0;
}

/* '?', '#' and '%' have a meaning in the URI (sqlite.org/uri.html). */
static int write_uri(char uri[static 3 * PATH_MAX], const char *path, const char *parameters)
{
	static const char *const digits = "0123456789abcdef";
	char *at = uri + sprintf(uri, "file:");

	if (strlen(path) >= PATH_MAX - 64)
		return -ENAMETOOLONG;
	for (; *path; path++) {
		if (!strchr("?#%", *path)) {
			*at++ = *path;
			continue;
		}
		*at++ = '%';
		*at++ = digits[(unsigned char)*path >> 4];
		*at++ = digits[*path & 0xf];
	}
	strcpy(at, parameters);
	return 0;
}

int db_open(struct db *db, const char *path, struct floe_error *error)
{
	char uri[3 * PATH_MAX];
	int r;

	*db = (struct db){.path = path};
	if (stat(path, &db->before) < 0)
		return err_errno(error, errno, "cannot read Nix's database %s", path);
	db->alone = is_logged(path) && !has_log(path);
	r = write_uri(uri, path, db->alone ? "?immutable=1" : "?mode=ro");
	if (r < 0)
		return err_errno(error, -r, "cannot read Nix's database %s", path);
	/* One thread has it, so SQLite need not lock its own memory. */
	r = sqlite3_open_v2(uri, &db->handle,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	if (r != SQLITE_OK)
		return db_fail(db, r, error);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	return 0;
}

bool db_changed(const struct db *db)
{
	struct stat after;

	if (!db->alone)
		return false;
	return has_log(db->path) || stat(db->path, &after) < 0 ||
	       after.st_ino != db->before.st_ino || after.st_size != db->before.st_size ||
	       after.st_mtim.tv_sec != db->before.st_mtim.tv_sec ||
	       after.st_mtim.tv_nsec != db->before.st_mtim.tv_nsec;
}

int db_fail(const struct db *db, int code, struct floe_error *error)
{
	const char *reason = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);

	err_set(error, FLOE_ERROR_CONTENT, EIO, "cannot read Nix's database %s: %s", db->path,
		reason);
	if ((code & 0xff) == SQLITE_BUSY)
		err_hint(error, "another process holds it for itself");
	return -EIO;
}

void db_close(struct db *db)
{
	sqlite3_close(db->handle);
	db->handle = NULL;
}
