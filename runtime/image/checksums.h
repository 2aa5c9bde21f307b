/* SPDX-License-Identifier: MIT */
/* Lists of checksums, as sha256sum(1) writes them. */
#ifndef FLOE_IMAGE_CHECKSUMS_H
#define FLOE_IMAGE_CHECKSUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/sha256.h"

/*
 * Finds NAME in TEXT of SIZE bytes, lines such as "DIGEST  NAME", "DIGEST *NAME" or
 * "SHA256 (NAME) = DIGEST". Returns 0 with the digest, -ENOENT when it is not listed, -EBADMSG when
 * it is listed with two different ones.
 */
int checksums_find(const char *text, size_t size, const char *name,
		   unsigned char digest[static SHA256_SIZE]);

/* DIGEST in hexadecimal. */
const char *checksum_text(const unsigned char digest[static SHA256_SIZE],
			  char text[static 2 * SHA256_SIZE + 1]);

#endif
