/* SPDX-License-Identifier: MIT */
/* Feeds command lines, their words separated by NUL, to the option reader. */
#include "../../runtime/lib/internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was refused says why; what was accepted can be shown. */
static void check(struct floe_spec *handle, int r, const struct floe_error *error)
{
	json_t *json;

	if (r < 0) {
		if (!error->message[0] || strpbrk(error->message, "\n\r\033"))
			abort();
		return;
	}
	json = spec_to_json(&handle->spec);
	if (!json || !handle->spec.name)
		abort();
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct floe_error error = {0};
	struct floe_spec *handle;
	char *copy = malloc(size + 1), *words[WORDS_MAX];
	size_t count = 0;
	int r;

	if (!copy || floe_spec_new(&handle, &error) < 0)
		abort();
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (char *word = copy; word <= copy + size && count < WORDS_MAX; word += strlen(word) + 1)
		words[count++] = word;
	r = floe_spec_parse(handle, count, words, &error);
	if (r == 0)
		r = spec_resolve(&handle->spec, &error);
	check(handle, r, &error);
	floe_spec_free(handle);
	free(copy);
	return 0;
}
