/* SPDX-License-Identifier: MIT */
/* A limit to how often something is done: a burst at once, then at a steady rate. Pure. */
#ifndef FLOE_BASE_TOKEN_BUCKET_H
#define FLOE_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Times are microseconds of any clock that never goes back. A new bucket is full: full_usec 0. */
struct token_bucket {
	uint64_t interval_usec; /* a token comes this often */
	unsigned int burst;     /* this many are kept at most */
	uint64_t full_usec;     /* when none would be missing */
};

/* Takes a token; false when there is none. */
bool token_bucket_take(struct token_bucket *bucket, uint64_t now_usec);

/* When there is a token: NOW_USEC or later. */
uint64_t token_bucket_next(const struct token_bucket *bucket, uint64_t now_usec);

#endif
