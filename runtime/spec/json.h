/* SPDX-License-Identifier: MIT */
/* Parts of spec_to_json(); private to json*.c. All give references of the caller's. */
#ifndef FLOE_SPEC_JSON_H
#define FLOE_SPEC_JSON_H

#include "spec.h"

#include <jansson.h>

/* TEXT as JSON's UTF-8, NULL as null. */
json_t *json_text(const char *text);

json_t *json_links(const struct spec_links *links);

#endif
