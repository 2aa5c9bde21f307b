/* SPDX-License-Identifier: MIT */
/* A limit to how often something is done. */
#include "token_bucket.h"

uint64_t token_bucket_next(const struct token_bucket *bucket, uint64_t now_usec)
{
	uint64_t slack = (bucket->burst - 1) * bucket->interval_usec;

	return bucket->full_usec > now_usec + slack ? bucket->full_usec - slack : now_usec;
}

bool token_bucket_take(struct token_bucket *bucket, uint64_t now_usec)
{
	if (token_bucket_next(bucket, now_usec) > now_usec)
		return false;
	if (bucket->full_usec < now_usec)
		bucket->full_usec = now_usec;
	bucket->full_usec += bucket->interval_usec;
	return true;
}
