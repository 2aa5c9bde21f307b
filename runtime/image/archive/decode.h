/* SPDX-License-Identifier: MIT */
/* Decompression in a thread of its own, told by the first bytes. */
#ifndef FLOE_IMAGE_ARCHIVE_DECODE_H
#define FLOE_IMAGE_ARCHIVE_DECODE_H

#include <stdint.h>

#include "ring.h"
#include "source.h"

struct decode_limits {
	uint64_t memory; /* bytes a decompressor may use */
	unsigned int threads;
};

/*
 * A decoder reads SOURCE to its end and publishes what it means to RING. Returns 0 when the stream
 * was whole, -ECANCELED when the ring was aborted, or a negative errno with its message.
 */
typedef int decode_function(struct source *source, struct ring *ring,
			    const struct decode_limits *limits, struct floe_error *error);

decode_function decode_xz, decode_zstd, decode_gzip, decode_bzip2, decode_plain;

struct decoder {
	const char *name;
	unsigned char magic[8];
	unsigned char mask[8];
	size_t length;
	decode_function *run;
};

/* The decoder for a stream that begins with the SIZE bytes at DATA; never NULL. */
const struct decoder *decoder_find(const unsigned char *data, size_t size);

/* The usual ends of a stream that cannot be used, worded alike for every format. */
int decode_error_truncated(const struct source *source, const char *format,
			   struct floe_error *error);
int decode_error_damaged(const struct source *source, const char *format, const char *why,
			 struct floe_error *error);
int decode_error_garbage(const struct source *source, const char *format, struct floe_error *error);
int decode_error_memory(const struct source *source, const char *format,
			const struct decode_limits *limits, struct floe_error *error);

/* A running decoder. */
struct decode_thread {
	pthread_t thread;
	struct source *source;
	struct ring *ring;
	const struct decoder *decoder;
	struct decode_limits limits;
};

/* Starts decoding SOURCE into RING; THREAD must live until decode_join(). 0 or a negative errno. */
int decode_start(struct decode_thread *thread, struct floe_error *error);

/* Waits for its end; call ring_abort() before when the rest is not wanted. */
void decode_join(struct decode_thread *thread);

#endif
