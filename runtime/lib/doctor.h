/* SPDX-License-Identifier: MIT */
/* What works on this host, what does not, and what would help. */
#ifndef FLOE_LIB_DOCTOR_H
#define FLOE_LIB_DOCTOR_H

#include "../plan/host.h"

struct doctor {
	struct arena arena;
	struct floe_condition *findings;
	size_t count;
};

/* Adds what was found about NAME: fine with what DETAIL says. */
void doctor_fine(struct doctor *doctor, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Or, with DETAIL saying what does not work: LIMITED, or missing where a NixOS container would not
 * boot. HELP may be NULL. */
void doctor_limited(struct doctor *doctor, const char *name, const char *detail, const char *help);
void doctor_missing(struct doctor *doctor, const char *name, const char *detail, const char *help);

/* What follows from a probed host: pure. */
void doctor_judge_host(struct doctor *doctor, const struct host *host);

/* What has to be looked at: modules, programs, the file system of images, machined. */
void doctor_look(struct doctor *doctor);

/* Whether nothing is missing. */
bool doctor_can_boot(const struct doctor *doctor);

#endif
