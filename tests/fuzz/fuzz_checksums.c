/* SPDX-License-Identifier: MIT */
/* Lists of checksums from anywhere: what is found is in them. */
#include "../../runtime/image/checksums.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1], *text = malloc(size + 1);
	int result;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	result = checksums_find(text, size, "file", digest);
	if (result == 0) {
		require(memmem(text, size, "file", 4) != NULL);
		for (size_t i = 0; i < size; i++)
			text[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 32 : text[i]);
		require(memmem(text, size, checksum_text(digest, hex), 2 * SHA256_SIZE) != NULL);
	}
	free(text);
	return 0;
}
