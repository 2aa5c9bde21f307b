/* SPDX-License-Identifier: MIT */
/* What the parts of setting a NixOS container's spec share; private to nixos_*.c. */
#ifndef FLOE_SPEC_NIXOS_APPLY_H
#define FLOE_SPEC_NIXOS_APPLY_H

#include "nixos_conf.h"

struct nixos_apply {
	struct spec *spec;
	const struct nixos_conf *conf;
	const struct nixos_host *host;
	struct findings *findings;
	size_t values; /* set so far */
};

bool nixos_has(const struct nixos_apply *apply, enum nixos_key key);
const char *nixos_value(const struct nixos_apply *apply, enum nixos_key key);

/* "KEY=: REASON" as a finding of the key's line; fatal, or not. */
void nixos_refuse(struct nixos_apply *apply, enum nixos_key key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void nixos_warn(struct nixos_apply *apply, enum nixos_key key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets an option for the sake of KEY. */
void nixos_set(struct nixos_apply *apply, enum nixos_key key, const char *option,
	       const char *value);

/* The next word of *REST, in the arena; NULL at the end. */
char *nixos_word(struct nixos_apply *apply, const char **rest, const char *separators);

/* nixos_network.c */
void nixos_set_network(struct nixos_apply *apply);

#endif
