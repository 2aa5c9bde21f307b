/* SPDX-License-Identifier: MIT */
/* Containers that NixOS has written down: which file speaks of a name, what it does to a spec. */
#ifndef FLOE_LIB_NIXOS_H
#define FLOE_LIB_NIXOS_H

#include "../floe.h"
#include "../spec/nixos_conf.h"

struct nixos_place {
	const char *files, *roots;
	bool shared; /* others have files there, too */
};

#define NIXOS_PLACES 2
extern const struct nixos_place nixos_places[NIXOS_PLACES];

/* Makes SPEC the container NAME. 1; 0 when NixOS has none of that name, or there is an image that is
 * called so, which goes before; or an error. */
int nixos_take(struct spec *spec, const char *name, struct floe_error *error);

/* The file that speaks of a container. All in an arena. */
struct nixos_file {
	const char *path;
	const char *root; /* of the container */
	struct nixos_conf conf;
};

/* Finds and reads it; 1, 0 if there is none, or an error. */
int nixos_find(struct arena *arena, const char *name, struct nixos_file *file,
	       struct findings *findings, struct floe_error *error);

#endif
