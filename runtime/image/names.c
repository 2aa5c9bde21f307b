/* SPDX-License-Identifier: MIT */
/* Image names from the names of archives. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../base/cleanup.h"
#include "../base/names.h"
#include "image.h"

/* First match counts: longer suffixes before those they end with. */
static const char *const archive_suffixes[] = {
	".tar.xz", ".tar.zst", ".tar.zstd", ".tar.gz", ".tar.bz2", ".tar",
	".txz",    ".tzst",    ".tgz",      ".tbz2",   ".tbz",
};

static size_t length_without_suffix(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(archive_suffixes); i++) {
		size_t suffix = strlen(archive_suffixes[i]);

		if (length > suffix && strcasecmp(name + length - suffix, archive_suffixes[i]) == 0)
			return length - suffix;
	}
	return length;
}

int image_name_from_file(const char *path, char *name)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	char stem[256];
	size_t length = length_without_suffix(base);

	if (length >= sizeof(stem))
		length = sizeof(stem) - 1;
	memcpy(stem, base, length);
	stem[length] = '\0';
	return machine_name_clean(stem, name);
}
