/* SPDX-License-Identifier: MIT */
/* Settings files (systemd.nspawn(5)) as a front end: their text fills a spec. */
#ifndef FLOE_SPEC_NSPAWN_FILE_H
#define FLOE_SPEC_NSPAWN_FILE_H

#include "nspawn_ini.h"
#include "spec.h"

struct nspawn_file {
	const char *text; /* anything, SIZE bytes of it */
	size_t size;
	bool trusted;   /* the administrator's, not one that came with the image */
	bool overrides; /* goes before what SPEC has been told by name, not after it */
};

/*
 * Sets in SPEC what the file says, by the option table. What SPEC has been told by name stays, in
 * groups as with nspawn: all mounts, all of [Network] but Port=, each limit by itself.
 * FINDINGS, whose arena has to be SPEC's, gets what is to be said; SPEC is of no use any more
 * when some of it is fatal.
 */
void nspawn_file_apply(struct spec *spec, const struct nspawn_file *file,
		       struct findings *findings);

#endif
