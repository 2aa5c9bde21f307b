/* SPDX-License-Identifier: MIT */
/* Specs made of settings files. */
#include "settings_text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define WORDS_MAX 64

struct floe_spec *settings_line(const char *line)
{
	struct arena arena = {0};
	struct floe_error error = {0};
	struct floe_spec *handle;
	char *words[WORDS_MAX];
	size_t count = 0;

	while (ini_word(&arena, &line, &words[count]) > 0)
		assert_true(++count < WORDS_MAX);
	assert_int_equal(floe_spec_new(&handle, &error), 0);
	if (floe_spec_parse(handle, count, words, &error) < 0)
		fail_msg("%s", error.message);
	arena_free(&arena);
	return handle;
}

struct settings_read settings_read_text(const char *text, size_t size, enum settings_kind kind,
					const char *line)
{
	struct settings_read read = {.handle = settings_line(line)};
	struct nspawn_file file = {
		.text = text,
		.size = size,
		.trusted = kind != SETTINGS_UNTRUSTED,
		.overrides = kind == SETTINGS_OVERRIDE,
	};

	read.findings.arena = &read.handle->spec.arena;
	nspawn_file_apply(&read.handle->spec, &file, &read.findings);
	return read;
}

void settings_free(struct settings_read *read)
{
	floe_spec_free(read->handle);
}

/* Whether FINDING is "LINE error|warning WORDS", LENGTH bytes. */
static bool is_said(const struct finding *finding, const char *says, size_t length)
{
	char expected[256], kind[16];
	unsigned line;
	int used = 0;

	assert_true(length < sizeof(expected));
	memcpy(expected, says, length);
	expected[length] = '\0';
	assert_int_equal(sscanf(expected, "%u %15s %n", &line, kind, &used), 2);
	assert_true(expected[used] != '\0');
	return finding->line == line && finding->fatal == (strcmp(kind, "error") == 0) &&
	       strstr(finding->text, expected + used);
}

void settings_check_findings(const struct settings_read *read, const char *text, const char *says)
{
	size_t i = 0;

	for (; i < read->findings.count && *says; i++) {
		size_t length = strcspn(says, "\n");
		const struct finding *finding = &read->findings.list[i];

		if (!is_said(finding, says, length))
			fail_msg("\"%s\": expected \"%.*s\", found \"%u %s %s\"", text, (int)length,
				 says, finding->line, finding->fatal ? "error" : "warning",
				 finding->text);
		says += length + (says[length] == '\n');
	}
	if (*says)
		fail_msg("\"%s\": not said: \"%s\"", text, says);
	if (i < read->findings.count)
		fail_msg("\"%s\": also said: \"%s\"", text, read->findings.list[i].text);
}

void settings_check_spec(const struct settings_read *read, const char *context, const char *line)
{
	struct floe_spec *expected = settings_line(line);
	json_t *ours = spec_to_json(&read->handle->spec), *theirs;

	/* How a file is read is no matter of what it says. */
	expected->spec.settings = read->handle->spec.settings;
	theirs = spec_to_json(&expected->spec);
	if (!ours || !theirs || !json_equal(ours, theirs)) {
		CLEANUP_FREE char *ours_text = json_dumps(ours, JSON_SORT_KEYS);
		CLEANUP_FREE char *theirs_text = json_dumps(theirs, JSON_SORT_KEYS);

		fail_msg("\"%s\" is not \"%s\":\n%s\n%s", context, line, ours_text, theirs_text);
	}
	json_decref(ours);
	json_decref(theirs);
	floe_spec_free(expected);
}
