/* SPDX-License-Identifier: MIT */
/* gzip streams: any number of members. By zlib itself: libarchive does not look at checksums. */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "decode.h"

#define INPUT_SIZE ((size_t)128 << 10)

/* The largest window, and a gzip header is expected (zlib.h, inflateInit2). */
#define WINDOW_GZIP (15 + 16)

struct gzip {
	z_stream stream;
	struct source *source;
	struct ring *ring;
	unsigned char *input;
	bool in_member;
	bool in_padding; /* zeros that fill up a tape block follow the last member */
	bool at_end;
};

static int gzip_error(const struct gzip *gzip, int code, struct floe_error *error)
{
	if (code == Z_MEM_ERROR)
		return err_errno(error, ENOMEM, "cannot decompress %s", gzip->source->name);
	return decode_error_damaged(gzip->source, "gzip", gzip->stream.msg ?: "a wrong header",
				    error);
}

static int gzip_fill(struct gzip *gzip, struct floe_error *error)
{
	ssize_t result;

	if (gzip->stream.avail_in || gzip->at_end)
		return 0;
	result = source_read(gzip->source, gzip->input, INPUT_SIZE, error);
	if (result < 0)
		return (int)result;
	gzip->stream.next_in = gzip->input;
	gzip->stream.avail_in = (unsigned int)result;
	gzip->at_end = result == 0;
	return 0;
}

/* Between members: zeros are skipped, another member is begun. */
static int gzip_between(struct gzip *gzip, struct floe_error *error)
{
	while (gzip->stream.avail_in && *gzip->stream.next_in == 0) {
		gzip->in_padding = true;
		gzip->stream.next_in++;
		gzip->stream.avail_in--;
	}
	if (!gzip->stream.avail_in)
		return 0;
	if (gzip->in_padding || *gzip->stream.next_in != 0x1f)
		return decode_error_garbage(gzip->source, "gzip", error);
	gzip->in_member = true;
	return inflateReset(&gzip->stream) == Z_OK ? 0 : gzip_error(gzip, Z_MEM_ERROR, error);
}

static int gzip_inflate(struct gzip *gzip, struct floe_error *error)
{
	int code = inflate(&gzip->stream, Z_NO_FLUSH);

	if (code == Z_STREAM_END)
		gzip->in_member = false;
	else if (code == Z_BUF_ERROR && gzip->at_end)
		return decode_error_truncated(gzip->source, "gzip", error);
	else if (code != Z_OK && code != Z_BUF_ERROR)
		return gzip_error(gzip, code, error);
	return 0;
}

/* Fills one buffer of the ring. Returns 1 at the end of the source. */
static int gzip_fill_slot(struct gzip *gzip, struct floe_error *error)
{
	int result = 0;

	gzip->stream.next_out = (unsigned char *)ring_reserve(gzip->ring);
	gzip->stream.avail_out = RING_SLOT_SIZE;
	if (!gzip->stream.next_out)
		return -ECANCELED;
	while (result == 0 && gzip->stream.avail_out && (gzip->in_member || !gzip->at_end)) {
		result = gzip_fill(gzip, error);
		if (result == 0)
			result = gzip->in_member ? gzip_inflate(gzip, error)
						 : gzip_between(gzip, error);
	}
	ring_publish(gzip->ring, RING_SLOT_SIZE - gzip->stream.avail_out);
	return result < 0 ? result : gzip->at_end && !gzip->in_member;
}

int decode_gzip(struct source *source, struct ring *ring, const struct decode_limits *limits,
		struct floe_error *error)
{
	CLEANUP_FREE unsigned char *input = malloc(INPUT_SIZE);
	struct gzip gzip = {.source = source, .ring = ring, .input = input, .in_member = true};
	int result = 0;

	(void)limits;
	if (!input || inflateInit2(&gzip.stream, WINDOW_GZIP) != Z_OK)
		return err_errno(error, ENOMEM, "cannot decompress %s", source->name);
	while (result == 0)
		result = gzip_fill_slot(&gzip, error);
	inflateEnd(&gzip.stream);
	return result < 0 ? result : 0;
}
