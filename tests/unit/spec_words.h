/* SPDX-License-Identifier: MIT */
/* Specs made of command line words, for the tests of everything that reads them. */
#ifndef FLOE_TESTS_SPEC_WORDS_H
#define FLOE_TESTS_SPEC_WORDS_H

#include "../../runtime/lib/internal.h"

#define WORDS_MAX 16

/* LINE split at blanks into words, and these read as `floe run` does. *HANDLE is the caller's to
 * free whatever is returned, which is floe_spec_parse()'s. */
int line_parse(struct floe_spec **handle, const char *line, struct floe_error *error);

/* The same, for a line that has to be good; with it made whole by spec_resolve(). */
struct floe_spec *line_accept(const char *line);
struct floe_spec *line_resolve(const char *line);

/* LINE has to be refused, by reading it or as a whole, with a message that holds REASON. */
void line_refuse(const char *line, const char *reason);

/* One option has to be refused with a message that holds REASON and names the option. */
void option_refuse_value(const char *option, const char *value, const char *reason);

#endif
