/* SPDX-License-Identifier: MIT */
/* SHA-256, lists of checksums, os-release files, inodes that were met. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/sha256.h"
#include "../../runtime/image/checksums.h"
#include "../../runtime/image/inodes.h"

#define ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NOT_HEX "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* DATA is added in pieces of STEP bytes. */
static void assert_digest(const char *data, size_t size, size_t step, const char *wanted)
{
	unsigned char digest[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];
	struct sha256 sha;

	sha256_begin(&sha);
	for (size_t at = 0; at < size; at += step)
		sha256_add(&sha, data + at, size - at < step ? size - at : step);
	sha256_end(&sha, digest);
	assert_string_equal(checksum_text(digest, text), wanted);
}

/* The examples of FIPS 180-2, appendix B, and the empty text. */
static void digests(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char *million = malloc(1000000);

	(void)state;
	assert_non_null(million);
	memset(million, 'a', 1000000);
	assert_digest("", 0, 1, EMPTY);
	assert_digest("abc", 3, 3, ABC);
	for (size_t step = 1; step < 60; step++)
		assert_digest(two_blocks, 56, step,
			      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	for (size_t step = 61; step < 1000000; step = 3 * step + 1)
		assert_digest(million, 1000000, step,
			      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

static int find(const char *list, const char *name)
{
	unsigned char digest[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];
	int result = checksums_find(list, strlen(list), name, digest);

	if (result == 0)
		assert_string_equal(checksum_text(digest, text), ABC);
	return result;
}

static void listed(void **state)
{
	(void)state;
	assert_int_equal(find(ABC "  file", "file"), 0);
	assert_int_equal(find(ABC " *file\n", "file"), 0);
	assert_int_equal(find(ABC "  ./file\r\n", "file"), 0);
	assert_int_equal(find("SHA256 (file) = " ABC "\n", "file"), 0);
	assert_int_equal(find("SHA256 (a) = b) = " ABC "\n", "a) = b"), 0);
	assert_int_equal(find("# text\n\n" EMPTY "  other\n" ABC "  file\n", "file"), 0);
	assert_int_equal(find(ABC "  file\n" ABC " *file\n", "file"), 0);
	assert_int_equal(find(ABC "  two words\n", "two words"), 0);
}

static void not_listed(void **state)
{
	(void)state;
	assert_int_equal(find("", "file"), -ENOENT);
	assert_int_equal(find(ABC, "file"), -ENOENT);
	assert_int_equal(find(ABC "  ", ""), -ENOENT);
	assert_int_equal(find(ABC "  file", ""), -ENOENT);
	assert_int_equal(find(ABC "  files\n" ABC "  fil\n" ABC "  a/file\n", "file"), -ENOENT);
	assert_int_equal(find("x" ABC "  file\n", "file"), -ENOENT);
	assert_int_equal(find(ABC "\tfile\n" ABC " file\n", "file"), -ENOENT);
	assert_int_equal(find("SHA512 (file) = " ABC "\n"
			      "SHA256 (file) = abc\n",
			      "file"),
			 -ENOENT);
	assert_int_equal(find(NOT_HEX "  file", "file"), -ENOENT);
	assert_int_equal(find(ABC "  file\n" EMPTY "  file\n", "file"), -EBADMSG);
}

static void inodes_are_known_again(void **state)
{
	struct inodes inodes = {0};
	const char *known = "unset", *first = "first";

	(void)state;
	assert_int_equal(inodes_add(&inodes, 7, first, &known), 1);
	for (ino_t i = 1000; i < 6000; i++)
		assert_int_equal(inodes_add(&inodes, i << 20, NULL, &known), 1);
	for (ino_t i = 1000; i < 6000; i++)
		assert_int_equal(inodes_add(&inodes, i << 20, "other", &known), 0);
	assert_null(known);
	assert_int_equal(inodes_add(&inodes, 7, "other", &known), 0);
	assert_ptr_equal(known, first);
	inodes_free(&inodes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(listed),
		cmocka_unit_test(not_listed),
		cmocka_unit_test(inodes_are_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
