/* SPDX-License-Identifier: MIT */
/* Specs made of what NixOS writes down of containers, for the tests of everything that reads it. */
#ifndef FLOE_TESTS_CONF_TEXT_H
#define FLOE_TESTS_CONF_TEXT_H

#include "../../runtime/spec/nixos_conf.h"

#define CONF_PATH "/etc/nixos-containers/foo.conf"

/* A host that has all there can be; the container is called foo. */
extern const struct nixos_host conf_host;

/* TEXT of SIZE bytes read as the container of HOST into SPEC. */
void conf_read_text(struct spec *spec, const char *text, size_t size, const struct nixos_host *host,
		    struct findings *findings);

#endif
