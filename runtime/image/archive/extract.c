/* SPDX-License-Identifier: MIT */
/* Unpacking the entries of a tar archive below a directory. */
#include "extract.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/err.h"
#include "name.h"

#define TELL_INTERVAL_MSEC 100

void extract_lost(void *context, const char *attribute)
{
	struct extract *extract = context;
	struct image_report *report = extract->report;

	if (report->attributes_lost++ > 0)
		return;
	snprintf(report->first_lost, sizeof(report->first_lost), "%.80s: %.40s",
		 extract->name ?: "/", attribute);
}

int extract_expect_directory(void *context, const char *path)
{
	struct extract *extract = context;
	struct meta meta = {
		.uid = geteuid(),
		.gid = getegid(),
		.mode = 0755,
		.times = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}},
	};

	if (later_directory(&extract->later, path, &meta) < 0)
		return err_errno(extract->error, ENOMEM, "cannot unpack the archive");
	return 0;
}

static int64_t msec_between(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

static int tell_progress(struct extract *extract)
{
	struct image_progress progress = {
		.bytes_read = extract->source->bytes_read,
		.bytes_total = extract->source->total,
		.entries = extract->report->entries,
		.bytes_written = extract->report->bytes_written,
	};

	return extract->request->progress(extract->request->context, &progress);
}

int extract_check(struct extract *extract, bool now)
{
	const struct image_import *request = extract->request;
	bool cancelled = request->cancel && atomic_load(request->cancel);
	struct timespec time;

	if (!cancelled && request->progress) {
		clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
		if (now || msec_between(&extract->told, &time) >= TELL_INTERVAL_MSEC) {
			extract->told = time;
			cancelled = tell_progress(extract) != 0;
		}
	}
	if (cancelled)
		return err_set(extract->error, FLOE_ERROR_SYSTEM, ECANCELED,
			       "the import of %s was cancelled; nothing of it is left",
			       extract->source->name);
	return 0;
}

static int make_root(struct extract *extract, struct archive_entry *entry)
{
	struct meta meta;
	int result;

	if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry))
		return refuse(extract->error, "the entry for its root is no directory");
	result = meta_read(entry, "/", &extract->later.arena, &meta, extract->error);
	if (result < 0)
		return result;
	if (later_directory(&extract->later, "", &meta) < 0)
		return err_errno(extract->error, ENOMEM, "cannot unpack the archive");
	return 0;
}

static int extract_entry(struct extract *extract, struct archive_entry *entry)
{
	const char *raw = archive_entry_pathname(entry);
	char name[PATH_MAX];
	int result;

	if (++extract->report->entries > extract->max_entries)
		return err_set(extract->error, FLOE_ERROR_CONTENT, E2BIG,
			       "%s has more than %llu entries", extract->source->name,
			       (unsigned long long)extract->max_entries);
	if (!raw)
		return refuse(extract->error, "its entry %llu has no name",
			      (unsigned long long)extract->report->entries);
	result = name_clean(raw, name, extract->error);
	if (result < 0)
		return result;
	extract->name = name;
	result = name[0] ? entry_make(extract, entry) : make_root(extract, entry);
	extract->name = NULL;
	arena_free(&extract->scratch);
	return result;
}

/*
 * tar's end is marked by zeros. Without them a plain archive that was cut between two entries would
 * pass for a whole one: if libarchive looked for a header where the stream had already ended, there
 * were none.
 */
static int check_end(struct extract *extract)
{
	int64_t last = archive_read_header_position(extract->archive);

	if (extract->report->entries == 0)
		return err_set(extract->error, FLOE_ERROR_CONTENT, EBADMSG, "%s has no entries",
			       extract->source->name);
	if (extract->stream_over && extract->stream_bytes <= (uint64_t)last)
		return err_set(extract->error, FLOE_ERROR_CONTENT, EBADMSG,
			       "the archive ends early: %s has no end mark", extract->source->name);
	return 0;
}

static int extract_entries(struct extract *extract)
{
	struct archive_entry *entry;
	int result = 0;

	while (result == 0) {
		int status = archive_read_next_header(extract->archive, &entry);

		if (status == ARCHIVE_EOF)
			return check_end(extract);
		/* A warning is about a name that is no UTF-8, which is then taken as it is. */
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			return stream_error(extract);
		result = extract_check(extract, false);
		if (result == 0)
			result = extract_entry(extract, entry);
		/* Writing stopped because reading did. */
		if (extract->failure)
			result = extract->failure;
	}
	return result;
}

static int finish(struct extract *extract)
{
	int result = stream_drain(extract);

	if (result == 0)
		result = link_make_late(extract);
	if (result == 0)
		result = later_apply_directories(&extract->later, &extract->walk, extract_lost,
						 extract, extract->error);
	return result;
}

static int extract_with_locale(struct extract *extract)
{
	/* An archive may say nothing about its root. */
	int result = extract_expect_directory(extract, "");

	if (result == 0)
		result = stream_open(extract);
	if (result == 0)
		result = extract_entries(extract);
	if (result == 0)
		result = finish(extract);
	return result;
}

int extract_all(struct extract *extract)
{
	/* In any other locale libarchive would convert names: an image has those of its archive. */
	locale_t plain = newlocale(LC_CTYPE_MASK, "C", (locale_t)0), before;
	int result;

	if (!plain)
		return err_errno(extract->error, errno, "cannot unpack the archive");
	before = uselocale(plain);
	walk_init(&extract->walk, extract->root);
	walk_init(&extract->targets, extract->root);
	result = extract_with_locale(extract);
	archive_read_free(extract->archive);
	walk_close(&extract->walk);
	walk_close(&extract->targets);
	later_free(&extract->later);
	arena_free(&extract->scratch);
	uselocale(before);
	freelocale(plain);
	return result;
}
