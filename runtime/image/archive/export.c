/* SPDX-License-Identifier: MIT */
/* An image as tar archive: what is exported, and how it is compressed. */
#include "export.h"

#include <errno.h>
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "../../sys/tree_copy.h"
#include "../staging.h"

int export_error(struct export *export)
{
	const char *why = archive_error_string(export->archive);
	int errnum = archive_errno(export->archive);

	if (errnum > 0)
		return err_errno(export->error, errnum, "cannot write %s", export->request->target);
	return err_set(export->error, FLOE_ERROR_SYSTEM, EIO, "cannot write %s: %s",
		       export->request->target, why ?: "libarchive cannot");
}

/* Two at least: with one alone liblzma makes a single block, which nobody can read in parallel. */
static void set_threads(struct archive *archive, const char *filter)
{
	cpu_set_t set;
	char text[16];
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	snprintf(text, sizeof(text), "%d", count > 2 ? count : 2);
	/* Older versions of libarchive do not know it for zstd. */
	archive_write_set_filter_option(archive, filter, "threads", text);
}

static int add_filter(struct archive *archive, enum floe_compression compression)
{
	switch (compression) {
	case FLOE_COMPRESSION_XZ:
		return archive_write_add_filter_xz(archive);
	case FLOE_COMPRESSION_ZSTD:
		return archive_write_add_filter_zstd(archive);
	case FLOE_COMPRESSION_GZIP:
		return archive_write_add_filter_gzip(archive);
	case FLOE_COMPRESSION_BZIP2:
		return archive_write_add_filter_bzip2(archive);
	default:
		return archive_write_add_filter_none(archive);
	}
}

int export_open(struct export *export)
{
	struct archive *archive = export->archive = archive_write_new();
	enum floe_compression compression = export->request->compression;

	if (!archive)
		return err_errno(export->error, ENOMEM, "cannot write an archive");
	if (archive_write_set_format_pax(archive) != ARCHIVE_OK ||
	    add_filter(archive, compression) != ARCHIVE_OK)
		return export_error(export);
	/* GNU tar knows this one of the two spellings. */
	archive_write_set_format_option(archive, "pax", "xattrheader", "SCHILY");
	if (compression == FLOE_COMPRESSION_XZ)
		set_threads(archive, "xz");
	if (compression == FLOE_COMPRESSION_ZSTD)
		set_threads(archive, "zstd");
	archive_write_set_bytes_in_last_block(archive, 1);
	if (archive_write_open_fd(archive, export->request->descriptor) != ARCHIVE_OK)
		return export_error(export);
	return 0;
}

static int write_archive(struct export *export, int root)
{
	int result = export_open(export);

	if (result == 0)
		result = export_tree(export, root);
	if (result == 0 && archive_write_close(export->archive) != ARCHIVE_OK)
		result = export_error(export);
	archive_write_free(export->archive);
	return result;
}

static int export_root(struct export *export, int root)
{
	/* Names are bytes, and UTF-8 where they look like it; in the C locale libarchive would
	 * mark each that is not ASCII as binary, at which GNU tar complains. */
	locale_t plain = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = (locale_t)0;
	int result;

	if (plain)
		before = uselocale(plain);
	export->buffer = malloc(EXPORT_BUFFER);
	result = export->buffer ? write_archive(export, root)
				: err_errno(export->error, ENOMEM, "cannot write an archive");
	free(export->buffer);
	inodes_free(&export->links);
	arena_free(&export->arena);
	if (plain) {
		uselocale(before);
		freelocale(plain);
	}
	return result;
}

/* A machine may go on writing to the image while its snapshot is exported. */
static int export_snapshot(struct export *export)
{
	const char *slash = strrchr(export->image->path, '/');
	char directory[PATH_MAX], path[PATH_MAX];
	struct staging staging = {.directory = directory, .name = export->image->name};
	int result;

	snprintf(directory, sizeof(directory), "%.*s",
		 (int)(slash ? slash - export->image->path : 0), export->image->path);
	/* Its name is taken, by the image itself. */
	staging.replace = true;
	result = staging_start(&staging, export->error);
	if (result < 0)
		return result;
	result = staging_path(&staging, path);
	if (result == 0)
		result = tree_snapshot(export->image->path, path);
	if (result < 0)
		err_errno(export->error, -result, "cannot make a snapshot of %s",
			  export->image->path);
	else
		result = staging_open_tree(&staging, export->error);
	if (result == 0)
		result = export_root(export, staging.root);
	staging_discard(&staging);
	return result;
}

int export_tar(const struct image *image, const struct image_export *request,
	       struct floe_error *error)
{
	struct export export = {.image = image, .request = request, .error = error};
	struct floe_error busy = {0};
	struct image_hold hold;
	int result;

	if (image->kind != IMAGE_DIRECTORY && image->kind != IMAGE_SUBVOLUME)
		return err_set(error, FLOE_ERROR_UNSUPPORTED, EOPNOTSUPP,
			       "cannot export %s as tar archive: it is no directory", image->path);
	result = image_hold(&hold, image->path, true, &busy);
	if (result == -EBUSY && image->kind == IMAGE_SUBVOLUME)
		return export_snapshot(&export);
	if (result < 0) {
		if (error && error->code == FLOE_ERROR_NONE)
			*error = busy;
		return result;
	}
	result = export_root(&export, hold.tree);
	image_release(&hold);
	return result;
}
