/* SPDX-License-Identifier: MIT */
/* The words of options that take one of a few: read from the command line, written to JSON. */
#ifndef FLOE_SPEC_WORDS_H
#define FLOE_SPEC_WORDS_H

struct word {
	const char *name;
	int value;
};

/* Ended by a word without a name. */
struct word_table {
	const struct word *words;
	int bare; /* without a value, where that is allowed */
};

extern const struct word_table words_start;
extern const struct word_table words_userns;
extern const struct word_table words_ownership;
extern const struct word_table words_volatile;
extern const struct word_table words_ephemeral;
extern const struct word_table words_settings;
extern const struct word_table words_network;
extern const struct word_table words_dhcp;
extern const struct word_table words_link;
extern const struct word_table words_console;
extern const struct word_table words_resolv;
extern const struct word_table words_timezone;
extern const struct word_table words_journal;
extern const struct word_table words_store;
extern const struct word_table words_nix_daemon;
extern const struct word_table words_mount;
extern const struct word_table words_idmap;

/* The word for VALUE; NULL when the table has none. */
const char *word_of(const struct word_table *table, int value);

/* Finds NAME; 0, or -EINVAL. */
int word_find(const struct word_table *table, const char *name, int *value);

#endif
