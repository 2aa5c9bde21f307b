/* SPDX-License-Identifier: MIT */
/* Decompression in a thread of its own, told by the first bytes. */
#include "decode.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/err.h"

#define ALL                                                                                        \
	{                                                                                          \
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff                                     \
	}

/* The last row matches everything: whether that is a tar archive, libarchive finds out. */
static const struct decoder decoders[] = {
	{"xz", {0xfd, '7', 'z', 'X', 'Z', 0x00}, ALL, 6, decode_xz},
	{"zstd", {0x28, 0xb5, 0x2f, 0xfd}, ALL, 4, decode_zstd},
	/* A skippable frame (RFC 8878, 3.1.2), with which pzstd's files begin. */
	{"zstd", {0x50, 0x2a, 0x4d, 0x18}, {0xf0, 0xff, 0xff, 0xff}, 4, decode_zstd},
	{"gzip", {0x1f, 0x8b}, ALL, 2, decode_gzip},
	{"bzip2", {'B', 'Z', 'h'}, ALL, 3, decode_bzip2},
	{"plain", {0}, {0}, 0, decode_plain},
};

static bool decoder_matches(const struct decoder *decoder, const unsigned char *data, size_t size)
{
	if (size < decoder->length)
		return false;
	for (size_t i = 0; i < decoder->length; i++)
		if ((data[i] & decoder->mask[i]) != decoder->magic[i])
			return false;
	return true;
}

const struct decoder *decoder_find(const unsigned char *data, size_t size)
{
	const struct decoder *decoder = decoders;

	while (!decoder_matches(decoder, data, size))
		decoder++;
	return decoder;
}

int decode_plain(struct source *source, struct ring *ring, const struct decode_limits *limits,
		 struct floe_error *error)
{
	ssize_t result = 1;

	(void)limits;
	while (result > 0) {
		char *out = ring_reserve(ring);

		if (!out)
			return -ECANCELED;
		result = source_read(source, out, RING_SLOT_SIZE, error);
		if (result > 0)
			ring_publish(ring, (size_t)result);
	}
	return (int)result;
}

int decode_error_truncated(const struct source *source, const char *format,
			   struct floe_error *error)
{
	err_set(error, FLOE_ERROR_CONTENT, EBADMSG,
		"the archive ends early: %s stops in the middle of its %s stream", source->name,
		format);
	err_hint(error, "fetch or make it again");
	return -EBADMSG;
}

int decode_error_damaged(const struct source *source, const char *format, const char *why,
			 struct floe_error *error)
{
	return err_set(error, FLOE_ERROR_CONTENT, EBADMSG, "the %s stream of %s is damaged: %s",
		       format, source->name, why);
}

int decode_error_garbage(const struct source *source, const char *format, struct floe_error *error)
{
	return err_set(error, FLOE_ERROR_CONTENT, EBADMSG,
		       "the archive is damaged: after its %s stream, %s has something else", format,
		       source->name);
}

int decode_error_memory(const struct source *source, const char *format,
			const struct decode_limits *limits, struct floe_error *error)
{
	return err_set(error, FLOE_ERROR_UNSUPPORTED, E2BIG,
		       "decompressing the %s stream of %s takes more than the %llu MiB of memory "
		       "allowed",
		       format, source->name, (unsigned long long)(limits->memory >> 20));
}

static void *decode_main(void *argument)
{
	struct decode_thread *thread = argument;
	struct floe_error error = {0};
	int result = thread->decoder->run(thread->source, thread->ring, &thread->limits, &error);

	ring_end(thread->ring, result, &error);
	return NULL;
}

int decode_start(struct decode_thread *thread, struct floe_error *error)
{
	sigset_t all, before;
	int result;

	/* Signals stay the business of the caller's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread->thread, NULL, decode_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result)
		return err_errno(error, result, "cannot start a thread for decompression");
	return 0;
}

void decode_join(struct decode_thread *thread)
{
	pthread_join(thread->thread, NULL);
}
