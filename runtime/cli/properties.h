/* SPDX-License-Identifier: MIT */
/* What is known of a machine, under the names it has in JSON and for floe show. */
#ifndef FLOE_CLI_PROPERTIES_H
#define FLOE_CLI_PROPERTIES_H

#include "cli.h"

#include <jansson.h>

/* The names of all properties, NULL-terminated, in the order in which they are shown. */
extern const char *const property_names[];

/* The value of property NAME; JSON null when it is not known, NULL for no such property. */
json_t *property_value(const struct floe_machine_status *status, const char *name);

/* Which parts of a status those of NAMES need, for struct floe_status_options. */
unsigned property_parts(const char *const *names);

/* An object of those of NAMES, or of all for NULL. NULL: out of memory. */
json_t *properties_object(const struct floe_machine_status *status, const char *const *names);

#endif
