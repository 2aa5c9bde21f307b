/* SPDX-License-Identifier: MIT */
/* From a command line and a host on paper to a plan, the way floe goes. */
#ifndef FLOE_TESTS_FAKE_PLAN_H
#define FLOE_TESTS_FAKE_PLAN_H

#include "../../runtime/plan/plan.h"
#include "fake_host.h"

struct fake_plan {
	struct floe_spec *handle;
	struct spec *spec; /* of the handle */
	struct host host;
	struct plan plan;
	struct floe_error error;
};

/* Reads LINE (words separated by blanks, as after `floe run`), resolves it, and plans it on
 * fake_host(VARIANTS). Returns what the first step that fails returns, with FAKE->error filled.
 * Release with fake_plan_free() whatever is returned. */
int fake_plan_make(struct fake_plan *fake, const char *line, const char *variants);

/* The same for the container foo that NixOS has written down in CONF, as after `floe start foo`. */
int fake_plan_make_conf(struct fake_plan *fake, const char *conf, const char *line,
			const char *variants);

void fake_plan_free(struct fake_plan *fake);

/* The first op of KIND, or NULL. */
const struct op *fake_plan_find(const struct fake_plan *fake, enum op_kind kind);

#endif
