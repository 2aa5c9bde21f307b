/* SPDX-License-Identifier: MIT */
/* Feeds settings files to their reader; the first byte says how the file is to be taken. */
#include "../../runtime/lib/internal.h"
#include "../../runtime/spec/nspawn_file.h"
#include "../../runtime/spec/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a command line may have said before. */
static void say_something(struct floe_spec *handle)
{
	static const char *const said[][2] = {
		{"bind", "/a"},
		{"rlimit", "NOFILE=5"},
		{"network-zone", "z"},
		{"setenv", "A=1"},
		{"boot", NULL},
		{"address", "10.0.0.2/24"},
		{"system-call-filter", "bpf"},
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (floe_spec_set(handle, said[i][0], said[i][1], NULL) < 0)
			abort();
}

/* Findings can be printed; what is not fatal makes a spec that can be shown. */
static void check(const struct floe_spec *handle, const struct findings *findings)
{
	json_t *json;

	if (findings->count > SETTINGS_FINDINGS_MAX)
		abort();
	for (size_t i = 0; i < findings->count; i++)
		if (!*findings->list[i].text || text_has_control(findings->list[i].text) ||
		    !text_is_utf8(findings->list[i].text))
			abort();
	json = spec_to_json(&handle->spec);
	if (!json)
		abort();
	json_decref(json);
}

/* A file that came with an image reaches nothing of the host. */
static void check_harmless(const struct spec *spec)
{
	if (spec->mount_count > 0 || spec->capabilities_add || spec->capabilities_ambient ||
	    spec->rlimit_count > 0 || spec->userns != SPEC_USERNS_PICK || spec->system ||
	    spec->directory || spec->network_path || spec->links.other_count > 0 ||
	    spec->links.port_count > 0 || spec->links.bridge || spec->links.zone || spec->store ||
	    spec->credential_count > 0 || spec->network != SPEC_NETWORK_HOST)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nspawn_file file = {.text = (const char *)data};
	struct findings findings;
	struct floe_spec *handle;
	uint8_t how = size > 0 ? data[0] : 0;

	if (size > 0) {
		file.text++;
		file.size = size - 1;
	}
	file.trusted = how & 1;
	file.overrides = how & 2;
	if (floe_spec_new(&handle, NULL) < 0)
		abort();
	if (how & 4)
		say_something(handle);
	findings = (struct findings){.arena = &handle->spec.arena};
	nspawn_file_apply(&handle->spec, &file, &findings);
	check(handle, &findings);
	if (!file.trusted && !(how & 4))
		check_harmless(&handle->spec);
	floe_spec_free(handle);
	return 0;
}
