/* SPDX-License-Identifier: MIT */
/* Specs made of what NixOS writes down of containers. */
#include "conf_text.h"

const struct nixos_host conf_host = {
	.name = "foo",
	.root = "/var/lib/nixos-containers/foo",
	.has_profile = true,
	.has_database = true,
	.has_daemon = true,
	.may_name = true,
};

void conf_read_text(struct spec *spec, const char *text, size_t size, const struct nixos_host *host,
		    struct findings *findings)
{
	struct nixos_conf conf;

	findings->arena = &spec->arena;
	nixos_conf_read(text, size, &conf, findings);
	nixos_conf_apply(spec, &conf, host, findings);
}
