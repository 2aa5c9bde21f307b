/* SPDX-License-Identifier: MIT */
/* Fetching over HTTP, and who signed what was fetched. */
#ifndef FLOE_IMAGE_PULL_H
#define FLOE_IMAGE_PULL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/sha256.h"
#include "../floe.h"

/* What a fetch says about itself, for other threads to read. */
struct pull_progress {
	atomic_uint_fast64_t bytes, total; /* total: 0 as long as it is unknown */
	atomic_bool stop;                  /* set by others: the fetch ends with -ECANCELED */
};

struct pull_request {
	const char *url;
	const char *proxy;      /* NULL: of the environment */
	unsigned int timeout_s; /* it may stand still for so long; 0: 30 */
	uint64_t max_bytes;     /* 0: no limit */
	struct pull_progress *progress;
};

/* Called with what came, in order; 0 or a negative errno, which ends the fetch. */
typedef int pull_sink(void *context, const void *data, size_t size);

/*
 * What modules/pull.so offers under the symbol floe_module_pull; a module because libcurl brings
 * along two dozen libraries.
 */
struct pull_module {
	/*
	 * Fetches by http or https, through redirects but never from https to http. A connection
	 * that is cut or stands still is made again, for the rest (RFC 9110, 14.2), unless the file
	 * changed meanwhile. -ENOENT: the server has no such file; -ESTALE: it changed; -E2BIG;
	 * -ECANCELED; what SINK returned; else -EIO, with messages.
	 */
	int (*fetch)(const struct pull_request *request, pull_sink *sink, void *context,
		     struct floe_error *error);
};

extern const struct pull_module floe_module_pull;

/*
 * Whether SIGNATURE is one of DATA by a key of KEYRING, by gpgv(1). Returns 0; -EBADMSG when not;
 * -ENOENT when there is no gpgv or no keyring; with messages. NAME is what is signed, for them.
 * KEYRING NULL: that of floe, else that of systemd's import: see pull_keyring().
 */
struct pull_bytes {
	const void *data;
	size_t size;
};
int pull_verify(const struct pull_bytes *data, const struct pull_bytes *signature,
		const char *keyring, const char *name, struct floe_error *error);

#endif
