/* SPDX-License-Identifier: MIT */
/* xz streams, blocks in parallel where the file has several (xz -T, pixz). */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "decode.h"

#define INPUT_SIZE ((size_t)256 << 10)

/* So long lzma_code() may wait for its workers before it looks whether we were aborted. */
#define TIMEOUT_MSEC 200

struct xz {
	lzma_stream stream;
	struct source *source;
	struct ring *ring;
	const struct decode_limits *limits;
	uint8_t *input;
	bool at_end;
};

static int xz_error(const struct xz *xz, lzma_ret code, struct floe_error *error)
{
	switch (code) {
	case LZMA_MEM_ERROR:
		return err_errno(error, ENOMEM, "cannot decompress %s", xz->source->name);
	case LZMA_MEMLIMIT_ERROR:
		return decode_error_memory(xz->source, "xz", xz->limits, error);
	case LZMA_BUF_ERROR:
		return decode_error_truncated(xz->source, "xz", error);
	case LZMA_OPTIONS_ERROR:
		return decode_error_damaged(xz->source, "xz",
					    "it has a filter or option unknown to liblzma", error);
	default:
		/* liblzma has one code for both (lzma/container.h, LZMA_CONCATENATED). */
		return decode_error_damaged(xz->source, "xz",
					    "its data is corrupt, or something else follows it",
					    error);
	}
}

static int xz_start(struct xz *xz, struct floe_error *error)
{
	/* A block too large to be decompressed beside others is still decompressed alone. */
	lzma_mt options = {
		.flags = LZMA_CONCATENATED,
		.threads = xz->limits->threads,
		.timeout = TIMEOUT_MSEC,
		.memlimit_threading = xz->limits->memory,
		.memlimit_stop = xz->limits->memory,
	};
	lzma_ret code = lzma_stream_decoder_mt(&xz->stream, &options);

	return code == LZMA_OK ? 0 : xz_error(xz, code, error);
}

static int xz_fill(struct xz *xz, struct floe_error *error)
{
	ssize_t result;

	if (xz->stream.avail_in || xz->at_end)
		return 0;
	result = source_read(xz->source, xz->input, INPUT_SIZE, error);
	if (result < 0)
		return (int)result;
	xz->stream.next_in = xz->input;
	xz->stream.avail_in = (size_t)result;
	xz->at_end = result == 0;
	return 0;
}

/* Fills one buffer of the ring. Returns 1 at the end of the stream. */
static int xz_fill_slot(struct xz *xz, struct floe_error *error)
{
	lzma_ret code = LZMA_OK;
	int result;

	xz->stream.next_out = (uint8_t *)ring_reserve(xz->ring);
	xz->stream.avail_out = RING_SLOT_SIZE;
	if (!xz->stream.next_out)
		return -ECANCELED;
	while (code == LZMA_OK && xz->stream.avail_out && !xz->ring->aborted) {
		result = xz_fill(xz, error);
		if (result < 0)
			return result;
		code = lzma_code(&xz->stream, xz->at_end ? LZMA_FINISH : LZMA_RUN);
	}
	ring_publish(xz->ring, RING_SLOT_SIZE - xz->stream.avail_out);
	if (code == LZMA_STREAM_END)
		return 1;
	return code == LZMA_OK ? 0 : xz_error(xz, code, error);
}

int decode_xz(struct source *source, struct ring *ring, const struct decode_limits *limits,
	      struct floe_error *error)
{
	CLEANUP_FREE uint8_t *input = malloc(INPUT_SIZE);
	struct xz xz = {
		.stream = LZMA_STREAM_INIT,
		.source = source,
		.ring = ring,
		.limits = limits,
		.input = input,
	};
	int result;

	if (!input)
		return err_errno(error, ENOMEM, "cannot decompress %s", source->name);
	result = xz_start(&xz, error);
	while (result == 0)
		result = xz_fill_slot(&xz, error);
	lzma_end(&xz.stream);
	return result < 0 ? result : 0;
}
