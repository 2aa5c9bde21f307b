/* SPDX-License-Identifier: MIT */
/* Settings files as text: sections and assignments, by the rules of systemd.syntax(7). */
#ifndef FLOE_SPEC_NSPAWN_INI_H
#define FLOE_SPEC_NSPAWN_INI_H

#include "../base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* A file larger than this, or with more assignments or findings, is no settings file. */
#define SETTINGS_SIZE_MAX     (1024 * 1024)
#define SETTINGS_ENTRIES_MAX  8192
#define SETTINGS_FINDINGS_MAX 128

/* What is to be said about a line. One that is fatal keeps the file from being used. */
struct finding {
	unsigned line; /* from 1; 0: the file as a whole */
	bool fatal;
	const char *text;
};

/* All in the arena. */
struct findings {
	struct arena *arena;
	struct finding *list;
	size_t count;
	size_t fatal_count;
};

/* Appends a finding; control characters of quoted names and values become '?'. What exceeds
 * SETTINGS_FINDINGS_MAX is left out after one last, fatal finding. */
void finding_add(struct findings *findings, unsigned line, bool fatal, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A heading (no key) or an assignment of the section of that heading. */
struct ini_entry {
	unsigned line; /* where it begins */
	const char *section;
	const char *key;
	const char *value; /* without blanks around it */
};

struct ini {
	struct ini_entry *entries;
	size_t count;
};

/*
 * Splits the SIZE bytes of TEXT, at most SETTINGS_SIZE_MAX, which may be anything. Lines that are
 * none are findings: nothing is dropped without a word but what stands below a bad heading.
 */
void ini_read(const char *text, size_t size, struct ini *ini, struct findings *findings);

/*
 * The next word of *CURSOR, which moves behind it: words are separated by blanks, and quotes of
 * either kind keep blanks together, also within a word. Backslashes are nothing special.
 * Returns 1 with *WORD in the arena, 0 at the end, -EINVAL where a quote is not closed.
 */
int ini_word(struct arena *arena, const char **cursor, char **word);

#endif
