/* SPDX-License-Identifier: MIT */
/* Specs made of settings files, for the tests of everything that reads them. */
#ifndef FLOE_TESTS_SETTINGS_TEXT_H
#define FLOE_TESTS_SETTINGS_TEXT_H

#include "../../runtime/lib/internal.h"
#include "../../runtime/spec/nspawn_file.h"

struct settings_read {
	struct floe_spec *handle;
	struct findings findings;
};

enum settings_kind {
	SETTINGS_TRUSTED,
	SETTINGS_UNTRUSTED,
	SETTINGS_OVERRIDE,
};

/* TEXT of SIZE bytes read over a spec that LINE, words of `floe run`, has made. Free with
 * settings_free(). */
struct settings_read settings_read_text(const char *text, size_t size, enum settings_kind kind,
					const char *line);
void settings_free(struct settings_read *read);

/* The findings have to be those of SAYS: a line each of "LINE error|warning WORDS", WORDS being in
 * the finding. "" for none. */
void settings_check_findings(const struct settings_read *read, const char *text, const char *says);

/* The spec has to be the one that LINE makes; CONTEXT is for the message. */
void settings_check_spec(const struct settings_read *read, const char *context, const char *line);

/* LINE split at blanks; 'a b' keeps blanks and \n stands for a new line. The spec of its words. */
struct floe_spec *settings_line(const char *line);

#endif
