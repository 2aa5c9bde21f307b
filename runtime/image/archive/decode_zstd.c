/* SPDX-License-Identifier: MIT */
/* zstd streams: any number of frames. */
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"
#include "decode.h"

struct zstd {
	ZSTD_DStream *stream;
	ZSTD_inBuffer input;
	struct source *source;
	struct ring *ring;
	const struct decode_limits *limits;
	char *buffer;
	size_t wanted; /* 0 between frames */
	bool at_end;
};

static int zstd_error(const struct zstd *zstd, size_t code, struct floe_error *error)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return err_errno(error, ENOMEM, "cannot decompress %s", zstd->source->name);
	case ZSTD_error_frameParameter_windowTooLarge:
		return decode_error_memory(zstd->source, "zstd", zstd->limits, error);
	case ZSTD_error_prefix_unknown:
		return decode_error_garbage(zstd->source, "zstd", error);
	default:
		return decode_error_damaged(zstd->source, "zstd", ZSTD_getErrorName(code), error);
	}
}

/* The window is what a decompressor's memory goes to: the largest power of two that is allowed. */
static int window_log(uint64_t memory)
{
	int log = 10;

	while (log < 31 && ((uint64_t)2 << log) <= memory)
		log++;
	return log;
}

static int zstd_fill(struct zstd *zstd, struct floe_error *error)
{
	ssize_t result;

	if (zstd->input.pos < zstd->input.size)
		return 0;
	result = source_read(zstd->source, zstd->buffer, ZSTD_DStreamInSize(), error);
	if (result < 0)
		return (int)result;
	zstd->input = (ZSTD_inBuffer){.src = zstd->buffer, .size = (size_t)result};
	zstd->at_end = result == 0;
	return 0;
}

/* Fills one buffer of the ring. Returns 1 at the end of the source. */
static int zstd_fill_slot(struct zstd *zstd, struct floe_error *error)
{
	ZSTD_outBuffer out = {.dst = ring_reserve(zstd->ring), .size = RING_SLOT_SIZE};
	size_t before, code;
	int result;

	if (!out.dst)
		return -ECANCELED;
	while (out.pos < out.size) {
		result = zstd_fill(zstd, error);
		if (result < 0)
			return result;
		/* What is buffered inside comes out also without more input. */
		if (zstd->at_end && zstd->wanted == 0)
			break;
		before = out.pos;
		code = ZSTD_decompressStream(zstd->stream, &out, &zstd->input);

		if (ZSTD_isError(code))
			return zstd_error(zstd, code, error);
		if (zstd->at_end && code != 0 && out.pos == before)
			return decode_error_truncated(zstd->source, "zstd", error);
		zstd->wanted = code;
	}
	ring_publish(zstd->ring, out.pos);
	return zstd->at_end && zstd->wanted == 0;
}

static int zstd_run(struct zstd *zstd, struct floe_error *error)
{
	int result = 0;

	if (!zstd->stream || !zstd->buffer)
		return err_errno(error, ENOMEM, "cannot decompress %s", zstd->source->name);
	ZSTD_DCtx_setParameter(zstd->stream, ZSTD_d_windowLogMax, window_log(zstd->limits->memory));
	while (result == 0)
		result = zstd_fill_slot(zstd, error);
	return result < 0 ? result : 0;
}

int decode_zstd(struct source *source, struct ring *ring, const struct decode_limits *limits,
		struct floe_error *error)
{
	CLEANUP_FREE char *buffer = malloc(ZSTD_DStreamInSize());
	struct zstd zstd = {
		.stream = ZSTD_createDStream(),
		.source = source,
		.ring = ring,
		.limits = limits,
		.buffer = buffer,
	};
	int result = zstd_run(&zstd, error);

	ZSTD_freeDStream(zstd.stream);
	return result;
}
