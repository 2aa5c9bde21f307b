/* SPDX-License-Identifier: MIT */
/* The decompressed stream as libarchive's input, counted against the limit. */
#include <errno.h>
#include <string.h>

#include "../../base/err.h"
#include "extract.h"

static int error_limit(struct extract *extract)
{
	if (extract->request->max_bytes)
		return err_set(extract->error, FLOE_ERROR_CONTENT, E2BIG,
			       "%s unpacks to more than the limit of %llu bytes",
			       extract->source->name, (unsigned long long)extract->max_bytes);
	return err_set(extract->error, FLOE_ERROR_SYSTEM, ENOSPC,
		       "%s unpacks to more than the %llu MiB that %s has to spare",
		       extract->source->name, (unsigned long long)(extract->max_bytes >> 20),
		       extract->directory);
}

/* The next piece of the stream: its size, 0 at the end or a negative errno. */
static ssize_t stream_take(struct extract *extract, const void **data)
{
	ssize_t result;

	do {
		int check = extract_check(extract, false);

		if (check < 0)
			return check;
		result = ring_take(extract->ring, data, extract->error);
	} while (result == -ETIMEDOUT);
	if (result < 0)
		return result;
	extract->stream_over = result == 0;
	extract->stream_bytes += (uint64_t)result;
	if (extract->stream_bytes > extract->max_bytes)
		return error_limit(extract);
	return result;
}

static ssize_t stream_fill(struct archive *archive, void *context, const void **data)
{
	struct extract *extract = context;
	ssize_t result = stream_take(extract, data);

	if (result >= 0)
		return result;
	extract->failure = (int)result;
	archive_set_error(archive, (int)-result, "cannot read the archive");
	return ARCHIVE_FATAL;
}

/* libarchive's failures, other than those of the stream itself. */
int stream_error(struct extract *extract)
{
	const char *why = archive_error_string(extract->archive);

	if (extract->failure)
		return extract->failure;
	if (archive_errno(extract->archive) == ENOMEM)
		return err_errno(extract->error, ENOMEM, "cannot unpack %s", extract->source->name);
	if (extract->stream_over)
		return err_set(extract->error, FLOE_ERROR_CONTENT, EBADMSG,
			       "the archive ends early: %s stops in the middle of an entry%s%s",
			       extract->source->name, why ? ": " : "", why ?: "");
	return err_set(extract->error, FLOE_ERROR_CONTENT, EBADMSG, "%s is damaged: %s",
		       extract->source->name, why ?: "libarchive cannot read it");
}

int stream_open(struct extract *extract)
{
	extract->archive = archive_read_new();
	if (!extract->archive || archive_read_support_format_tar(extract->archive) != ARCHIVE_OK)
		return err_errno(extract->error, ENOMEM, "cannot unpack %s", extract->source->name);
	if (archive_read_open(extract->archive, extract, NULL, stream_fill, NULL) == ARCHIVE_OK)
		return 0;
	if (extract->failure)
		return extract->failure;
	err_set(extract->error, FLOE_ERROR_CONTENT, EMEDIUMTYPE,
		"%s is not a tar archive, plain or compressed by xz, zstd, gzip or bzip2",
		extract->source->name);
	return -EMEDIUMTYPE;
}

/* After the end of the archive: only what follows tells whether the compressed stream is whole.
 * Other content there is as common as harmless: zeros of tape blocks, the index of pixz. */
int stream_drain(struct extract *extract)
{
	const void *data;
	ssize_t result = 1;

	while (result > 0 && !extract->stream_over)
		result = stream_take(extract, &data);
	return result < 0 ? (int)result : 0;
}
