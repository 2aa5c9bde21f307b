/* SPDX-License-Identifier: MIT */
/* bzip2 streams, by the filter of libarchive, whose libbz2 checks every block. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "decode.h"

#define INPUT_SIZE ((size_t)128 << 10)

struct bzip2 {
	struct source *source;
	struct ring *ring;
	struct floe_error *error;
	char *input;
	int failure; /* of the source */
};

static ssize_t bzip2_fill(struct archive *archive, void *context, const void **data)
{
	struct bzip2 *bzip2 = context;
	ssize_t result = source_read(bzip2->source, bzip2->input, INPUT_SIZE, bzip2->error);

	*data = bzip2->input;
	if (result >= 0)
		return result;
	bzip2->failure = (int)result;
	archive_set_error(archive, (int)-result, "cannot read");
	return ARCHIVE_FATAL;
}

static int bzip2_error(const struct bzip2 *bzip2, struct archive *archive)
{
	const char *why = archive_error_string(archive);

	if (bzip2->failure)
		return bzip2->failure;
	if (archive_errno(archive) == ENOMEM)
		return err_errno(bzip2->error, ENOMEM, "cannot decompress %s", bzip2->source->name);
	return decode_error_damaged(bzip2->source, "bzip2", why ?: "its header is wrong",
				    bzip2->error);
}

static int bzip2_open(struct bzip2 *bzip2, struct archive *archive)
{
	struct archive_entry *entry;

	if (archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
	    archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) != ARCHIVE_OK ||
	    archive_read_open(archive, bzip2, NULL, bzip2_fill, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return bzip2_error(bzip2, archive);
	return 0;
}

static int bzip2_copy(struct bzip2 *bzip2, struct archive *archive)
{
	ssize_t result = 1;

	while (result > 0) {
		char *out = ring_reserve(bzip2->ring);

		if (!out)
			return -ECANCELED;
		result = archive_read_data(archive, out, RING_SLOT_SIZE);
		if (result < 0)
			return bzip2_error(bzip2, archive);
		ring_publish(bzip2->ring, (size_t)result);
	}
	return 0;
}

int decode_bzip2(struct source *source, struct ring *ring, const struct decode_limits *limits,
		 struct floe_error *error)
{
	CLEANUP_FREE char *input = malloc(INPUT_SIZE);
	struct bzip2 bzip2 = {.source = source, .ring = ring, .error = error, .input = input};
	struct archive *archive = archive_read_new();
	int result;

	(void)limits;
	if (!input || !archive)
		result = err_errno(error, ENOMEM, "cannot decompress %s", source->name);
	else
		result = bzip2_open(&bzip2, archive);
	if (result == 0)
		result = bzip2_copy(&bzip2, archive);
	archive_read_free(archive);
	return result;
}
