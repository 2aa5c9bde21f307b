/* SPDX-License-Identifier: MIT */
/* Lists of checksums, as sha256sum(1) writes them. */
#include "checksums.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEX_SIZE ((size_t)2 * SHA256_SIZE)

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool read_digest(const char *text, size_t size, unsigned char digest[static SHA256_SIZE])
{
	if (size < HEX_SIZE)
		return false;
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool is_name(const char *text, size_t size, const char *name)
{
	/* As sha256sum was told the names: "./NAME". */
	if (size > 2 && memcmp(text, "./", 2) == 0) {
		text += 2;
		size -= 2;
	}
	return size == strlen(name) && memcmp(text, name, size) == 0;
}

/* "DIGEST  NAME"; the second blank is a star for binary files. */
static bool read_plain(const char *line, size_t size, const char *name,
		       unsigned char digest[static SHA256_SIZE])
{
	return size > HEX_SIZE + 2 && line[HEX_SIZE] == ' ' &&
	       (line[HEX_SIZE + 1] == ' ' || line[HEX_SIZE + 1] == '*') &&
	       is_name(line + HEX_SIZE + 2, size - HEX_SIZE - 2, name) &&
	       read_digest(line, size, digest);
}

/* "SHA256 (NAME) = DIGEST", as BSD and sha256sum --tag write it. */
static bool read_tagged(const char *line, size_t size, const char *name,
			unsigned char digest[static SHA256_SIZE])
{
	static const char begin[] = "SHA256 (", middle[] = ") = ";
	const size_t before = sizeof(begin) - 1, between = sizeof(middle) - 1;
	size_t length;

	if (size <= before + between + HEX_SIZE || memcmp(line, begin, before) != 0)
		return false;
	length = size - before - between - HEX_SIZE;
	return memcmp(line + before + length, middle, between) == 0 &&
	       is_name(line + before, length, name) &&
	       read_digest(line + size - HEX_SIZE, HEX_SIZE, digest);
}

int checksums_find(const char *text, size_t size, const char *name,
		   unsigned char digest[static SHA256_SIZE])
{
	unsigned char found[SHA256_SIZE];
	int result = -ENOENT;

	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t line = newline ? (size_t)(newline - text) : size, used = line;

		if (used && text[used - 1] == '\r')
			used--;
		if (read_plain(text, used, name, found) || read_tagged(text, used, name, found)) {
			if (result == 0 && memcmp(found, digest, SHA256_SIZE) != 0)
				return -EBADMSG;
			memcpy(digest, found, SHA256_SIZE);
			result = 0;
		}
		text += line + (newline != NULL);
		size -= line + (newline != NULL);
	}
	return result;
}

const char *checksum_text(const unsigned char digest[static SHA256_SIZE],
			  char text[static 2 * SHA256_SIZE + 1])
{
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}
