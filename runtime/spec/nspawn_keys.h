/* SPDX-License-Identifier: MIT */
/* The keys of settings files: which option each stands for, how its value becomes the option's. */
#ifndef FLOE_SPEC_NSPAWN_KEYS_H
#define FLOE_SPEC_NSPAWN_KEYS_H

#include "option.h"

enum nspawn_value {
	VALUE_PLAIN,     /* the option's own value; for an option without one, a truth value */
	VALUE_BARE,      /* a truth value: the option without a value, or its "no" */
	VALUE_CHOWN,     /* a truth value: chown or off */
	VALUE_WORDS,     /* words separated by blanks, each a value */
	VALUE_COLLECTED, /* a list that goes on over several assignments */
	VALUE_VARIABLES, /* quoted words NAME=VALUE */
	VALUE_COMMAND,   /* quoted words: the command; no option */
	VALUE_LIMIT,     /* a limit of the resource that the key ends with */
	VALUE_FILTER,    /* system calls; taken from anybody where they are denied */
	VALUE_MOUNT,     /* paths separated by colons, those of the host absolute */
	VALUE_PATH,      /* an absolute path of the host */
};

/* Who may say it: nspawn ignores what reaches beyond the image in files that came with the image
 * (systemd.nspawn(5), ".nspawn file discovery"). */
enum nspawn_trust {
	FROM_ANYBODY,
	FROM_ADMINISTRATOR,
};

struct nspawn_key {
	const char *section;
	const char *name;
	const char *option; /* the row of the option table; NULL: none, see VALUE_COMMAND */
	enum nspawn_value value;
	enum nspawn_trust trust;
};

/* The explicit keys, for tests and messages. Besides these, every option that none of them stands
 * for has a key in [X-Floe], its name in capitals: --tasks-max is TasksMax=. */
extern const struct nspawn_key nspawn_keys[];
extern const size_t nspawn_key_count;

/* Whether SECTION is one whose keys are known. */
bool nspawn_section_known(const char *section);

/* Finds the key NAME of SECTION; false: there is none. */
bool nspawn_key_find(const char *section, const char *name, struct nspawn_key *key);

/* The section that has a key NAME, or NULL. */
const char *nspawn_key_section(const char *name);

/* Options that have no key: they say which file is read. */
bool nspawn_option_unkeyed(const char *option);

/*
 * Options that belong together: one of them on the command line replaces all that a file says of
 * any (nspawn's settings mask). An option that is in no group is one of its own.
 */
struct nspawn_group {
	const char *members; /* names and letters separated by blanks */
	const char *also;    /* other options that replace the group too; may be NULL */
	void (*reset)(struct spec *spec); /* takes back what was said of the group; may be NULL */
};

extern const struct nspawn_group nspawn_groups[];
extern const size_t nspawn_group_count;

/* The group of a key's option, NULL: its own. */
const struct nspawn_group *nspawn_group_of(const struct nspawn_key *key);

/* Whether OPTION was said in BEFORE, or what replaces the same. */
bool nspawn_key_masked(const struct spec *before, const struct nspawn_key *key);

#endif
