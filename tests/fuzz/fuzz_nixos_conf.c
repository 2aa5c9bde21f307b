/* SPDX-License-Identifier: MIT */
/* Feeds what NixOS writes down of containers to its reader; the first byte says what the host has. */
#include "../../runtime/lib/internal.h"
#include "../../runtime/spec/nixos_conf.h"
#include "../../runtime/spec/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Findings can be printed. */
static void check_findings(const struct findings *findings)
{
	if (findings->count > SETTINGS_FINDINGS_MAX)
		abort();
	for (size_t i = 0; i < findings->count; i++)
		if (!*findings->list[i].text || text_has_control(findings->list[i].text) ||
		    !text_is_utf8(findings->list[i].text))
			abort();
}

/* What is not fatal makes a machine that is described as a whole, or that is refused with words. */
static void check_spec(struct spec *spec)
{
	struct floe_error error = {0};
	json_t *json;

	if (!spec->directory || *spec->directory != '/' || !spec->name)
		abort();
	if (spec_resolve(spec, &error) < 0 && !*error.message)
		abort();
	json = spec_to_json(spec);
	if (!json)
		abort();
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t how = size > 0 ? data[0] : 0;
	const struct nixos_host host = {
		.name = "foo",
		.root = "/var/lib/nixos-containers/foo",
		.has_profile = how & 1,
		.has_database = how & 2,
		.has_daemon = how & 2,
		.is_x86 = how & 4,
		.may_name = how & 8,
	};
	struct findings findings = {0};
	struct nixos_conf conf;
	struct spec spec;

	spec_init(&spec);
	findings.arena = &spec.arena;
	nixos_conf_read(size > 0 ? (const char *)data + 1 : "", size > 0 ? size - 1 : 0, &conf,
			&findings);
	nixos_conf_apply(&spec, &conf, &host, &findings);
	check_findings(&findings);
	if (findings.fatal_count == 0)
		check_spec(&spec);
	spec_free(&spec);
	return 0;
}
