/* SPDX-License-Identifier: MIT */
/* Writing the entries of a tree to an archive. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "../../sys/tree_walk.h"
#include "attributes.h"
#include "export.h"
#include "name.h"

static int fail(struct export *export, const char *name, int errnum)
{
	char shown[NAME_SHOWN];

	return err_errno(export->error, errnum, "cannot export \"%s\"", name_show(name, shown));
}

static int check(struct export *export)
{
	const struct image_export *request = export->request;

	if (!request->progress ||
	    request->progress(request->context, export->bytes, 0, export->entries) == 0)
		return 0;
	return err_set(export->error, FLOE_ERROR_SYSTEM, ECANCELED, "the export was cancelled");
}

/* ---- Content ---- */

static int write_data(struct export *export, const char *data, size_t size)
{
	while (size) {
		ssize_t written = archive_write_data(export->archive, data, size);

		if (written <= 0)
			return export_error(export);
		data += written;
		size -= (size_t)written;
		export->bytes += (uint64_t)written;
	}
	return check(export);
}

/* libarchive leaves holes out, but wants to be given their zeros. */
static int write_hole(struct export *export, off_t size)
{
	size_t step = EXPORT_BUFFER;
	int result = 0;

	memset(export->buffer, 0, EXPORT_BUFFER);
	while (size > 0 && result == 0) {
		if ((off_t)step > size)
			step = (size_t)size;
		result = write_data(export, export->buffer, step);
		size -= (off_t)step;
	}
	return result;
}

static int write_range(struct export *export, const char *name, int fd, off_t from, off_t to)
{
	int result = 0;

	while (from < to && result == 0) {
		size_t wanted =
			to - from > (off_t)EXPORT_BUFFER ? EXPORT_BUFFER : (size_t)(to - from);
		ssize_t size = pread(fd, export->buffer, wanted, from);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return fail(export, name, errno);
		if (size == 0)
			return fail(export, name, EIO);
		result = write_data(export, export->buffer, (size_t)size);
		from += size;
	}
	return result;
}

static int write_content(struct export *export, struct archive_entry *entry, const char *name,
			 int fd)
{
	la_int64_t from, length, size = archive_entry_size(entry), at = 0;
	int result = 0;

	if (archive_entry_sparse_reset(entry) == 0)
		return write_range(export, name, fd, 0, size);
	while (result == 0 && archive_entry_sparse_next(entry, &from, &length) == ARCHIVE_OK) {
		result = write_hole(export, from - at);
		if (result == 0)
			result = write_range(export, name, fd, from, from + length);
		at = from + length;
	}
	return result == 0 ? write_hole(export, size - at) : result;
}

/* Notes where data is, if anywhere is none. */
static void find_holes(struct archive_entry *entry, int fd, const struct stat *status)
{
	off_t from = 0, to;

	if ((off_t)status->st_blocks * 512 >= status->st_size)
		return;
	while (from < status->st_size) {
		from = lseek(fd, from, SEEK_DATA);
		to = from < 0 ? -1 : lseek(fd, from, SEEK_HOLE);
		if (to < 0)
			break;
		if (to > status->st_size)
			to = status->st_size;
		archive_entry_sparse_add_entry(entry, from, to - from);
		from = to;
	}
	/* Without data at all the end is marked, so that the rest is known to be a hole. */
	if (archive_entry_sparse_count(entry) == 0)
		archive_entry_sparse_add_entry(entry, status->st_size, 0);
}

/* ---- Entries ---- */

static int fill_entry(struct archive_entry *entry, const char *name, int fd,
		      const struct stat *status, char *buffer)
{
	char path[TREE_PATH_MAX], text[PATH_MAX];
	ssize_t size;

	archive_entry_copy_stat(entry, status);
	archive_entry_unset_ctime(entry);
	archive_entry_unset_atime(entry);
	archive_entry_unset_birthtime(entry);
	archive_entry_copy_pathname(entry, name);
	if (S_ISLNK(status->st_mode)) {
		size = readlinkat(fd, "", text, sizeof(text) - 1);
		if (size < 0)
			return -errno;
		text[size] = '\0';
		archive_entry_copy_symlink(entry, text);
	}
	/* The way through /proc leads to the link itself. */
	return attributes_read(tree_path(fd, path), entry, buffer);
}

static int write_entry(struct export *export, struct archive_entry *entry, const char *name, int fd,
		       const struct stat *status)
{
	char path[TREE_PATH_MAX];
	CLEANUP_FD int file = -1;
	bool content = S_ISREG(status->st_mode) && !archive_entry_hardlink(entry);

	if (content) {
		file = open(tree_path(fd, path), O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return fail(export, name, errno);
		find_holes(entry, file, status);
	} else {
		archive_entry_set_size(entry, 0);
	}
	export->entries++;
	if (archive_write_header(export->archive, entry) < ARCHIVE_WARN)
		return export_error(export);
	return content ? write_content(export, entry, name, file) : check(export);
}

/* Later links refer to the first one by its path. */
static int note_link(struct export *export, struct archive_entry *entry, const char *name,
		     const struct stat *status)
{
	const char *first = NULL, *kept;
	int fresh;

	if (S_ISDIR(status->st_mode) || status->st_nlink < 2)
		return 0;
	kept = arena_strdup(&export->arena, name);
	fresh = arena_failed(&export->arena)
			? -ENOMEM
			: inodes_add(&export->links, status->st_ino, kept, &first);
	if (fresh == 0)
		archive_entry_copy_hardlink(entry, first);
	return fresh < 0 ? fresh : 0;
}

static int export_one(struct export *export, const char *name, int fd, const struct stat *status)
{
	struct archive_entry *entry = archive_entry_new();
	int result = entry ? fill_entry(entry, name, fd, status, export->buffer) : -ENOMEM;

	if (result == 0)
		result = note_link(export, entry, name, status);
	result = result < 0 ? fail(export, name, -result)
			    : write_entry(export, entry, name, fd, status);
	archive_entry_free(entry);
	return result;
}

/* ---- The walk ---- */

static int join(const struct export *export, const char *name, char path[static PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/%s", export->path, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int visit_entry(void *context, const struct tree_level *level, const char *name, int fd,
		       const struct stat *status)
{
	struct export *export = context;
	char path[PATH_MAX];

	(void)level;
	/* tar has no sockets, and without the process that listens they mean nothing. */
	if (S_ISSOCK(status->st_mode))
		return 0;
	if (join(export, name, path) < 0)
		return fail(export, name, ENAMETOOLONG);
	return export_one(export, path, fd, status);
}

static int visit_directory(void *context, const struct tree_level *level, const char *name,
			   const struct stat *status, int *mirror)
{
	struct export *export = context;
	char path[PATH_MAX];
	CLEANUP_FD int fd =
		openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	(void)mirror;
	if (fd < 0)
		return fail(export, name, errno);
	if (join(export, name, path) < 0)
		return fail(export, name, ENAMETOOLONG);
	strcpy(export->path, path);
	return export_one(export, path, fd, status);
}

static int leave_directory(void *context, const struct tree_level *level)
{
	struct export *export = context;
	char *slash = strrchr(export->path, '/');

	(void)level;
	if (slash)
		*slash = '\0';
	return 0;
}

/* What is mounted there is none of the image: the mount point is exported, empty. */
static int visit_mount_point(void *context, const struct tree_level *level, const char *name)
{
	struct export *export = context;
	CLEANUP_FD int fd = openat(level->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	char path[PATH_MAX];

	if (fd < 0 || fstat(fd, &status) < 0)
		return fail(export, name, errno);
	status.st_size = 0;
	if (!S_ISDIR(status.st_mode) || join(export, name, path) < 0)
		return 0;
	return export_one(export, path, fd, &status);
}

int export_tree(struct export *export, int root)
{
	static const struct tree_visitor visitor = {
		.entry = visit_entry,
		.enter = visit_directory,
		.leave = leave_directory,
		.mounted = visit_mount_point,
	};
	struct stat status;
	int result;

	strcpy(export->path, ".");
	if (fstat(root, &status) < 0)
		return fail(export, ".", errno);
	result = export_one(export, "./", root, &status);
	if (result == 0)
		result = tree_walk(root, -1, &visitor, export, NULL);
	/* Failures of the walk itself have no words yet; the first message stays. */
	return result < 0
		       ? err_errno(export->error, -result, "cannot export %s", export->image->path)
		       : 0;
}
