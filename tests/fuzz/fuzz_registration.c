/* SPDX-License-Identifier: MIT */
/* Lists of store paths and registrations of any content; what is read is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/nix/nix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct nix_set *set, struct arena *arena)
{
	struct nix_set again;
	size_t count;
	const char *text = set->registered ? nix_registration(set, NULL, arena, &count) : "";

	if (set->registered && (nix_parse(&again, text, strlen(text), arena, "", NULL) < 0 ||
				again.count != set->count))
		abort();
	text = nix_names(set, arena);
	if (nix_parse_names(&again, text, strlen(text), arena) < 0 || again.count != set->count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct nix_set set;

	if (nix_parse(&set, (const char *)data, size, &arena, "FILE", NULL) == 0 && set.count > 0)
		check_again(&set, &arena);
	nix_parse_names(&set, (const char *)data, size, &arena);
	arena_free(&arena);
	return 0;
}
