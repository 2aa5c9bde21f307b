/* SPDX-License-Identifier: MIT */
/* What works on this host, what does not, and what would help. */
#include "doctor.h"

#include "../base/err.h"
#include "../spec/resolve.h"
#include "../spec/spec.h"
#include "internal.h"

#include <errno.h>

static void add(struct doctor *doctor, const struct floe_condition *finding)
{
	struct floe_condition *added =
		ARENA_APPEND(&doctor->arena, doctor->findings, doctor->count);

	if (added)
		*added = *finding;
}

void doctor_fine(struct doctor *doctor, const char *name, const char *format, ...)
{
	struct floe_condition finding = {.name = name, .state = FLOE_CONDITION_FINE};
	va_list arguments;

	va_start(arguments, format);
	finding.detail = arena_vprintf(&doctor->arena, format, arguments);
	va_end(arguments);
	add(doctor, &finding);
}

void doctor_limited(struct doctor *doctor, const char *name, const char *detail, const char *help)
{
	const struct floe_condition finding = {name, FLOE_CONDITION_LIMITED,
					       arena_strdup(&doctor->arena, detail), help};

	add(doctor, &finding);
}

void doctor_missing(struct doctor *doctor, const char *name, const char *detail, const char *help)
{
	const struct floe_condition finding = {name, FLOE_CONDITION_MISSING,
					       arena_strdup(&doctor->arena, detail), help};

	add(doctor, &finding);
}

bool doctor_can_boot(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++)
		if (doctor->findings[i].state == FLOE_CONDITION_MISSING)
			return false;
	return true;
}

/* Looks at the host as a start with the given link would. */
static int probe(struct host *host, const char *network, struct floe_error *error)
{
	struct floe_spec *spec;
	int r = floe_spec_new(&spec, error);

	if (r < 0)
		return r;
	r = floe_spec_set(spec, "machine", "floe-doctor", error);
	if (r == 0)
		r = floe_spec_set(spec, "directory", "/usr", error);
	/* Has the kernel load overlayfs, if it is a module. */
	if (r == 0)
		r = floe_spec_set(spec, "ephemeral", "overlay", error);
	if (r == 0)
		r = floe_spec_set(spec, network, NULL, error);
	if (r == 0)
		r = spec_resolve(&spec->spec, error);
	if (r == 0)
		r = host_probe(host, &spec->spec, error);
	floe_spec_free(spec);
	return r;
}

/* A network that cannot be had does not hide the rest. */
static int examine(struct doctor *doctor, struct host *host, struct floe_error *error)
{
	struct floe_error network = {0};
	int r = probe(host, "network-veth", &network);

	if (r < 0) {
		doctor_limited(doctor, "network", network.message, NULL);
		host_free(host);
		*host = (struct host){0};
		r = probe(host, "private-network", error);
	}
	if (r == 0)
		doctor_judge_host(doctor, host);
	return r;
}

static int tell(const struct doctor *doctor, floe_condition_function function, void *context,
		struct floe_error *error)
{
	int r = 0;

	if (arena_failed(&doctor->arena))
		return err_errno(error, ENOMEM, "cannot examine the host");
	for (size_t i = 0; r == 0 && i < doctor->count; i++)
		r = function(context, &doctor->findings[i]);
	return r != 0 ? r : !doctor_can_boot(doctor);
}

int floe_doctor(floe_condition_function function, void *context, struct floe_error *error)
{
	struct doctor doctor = {0};
	struct host host = {0};
	int r = examine(&doctor, &host, error);

	if (r == 0) {
		doctor_look(&doctor);
		r = tell(&doctor, function, context, error);
	}
	host_free(&host);
	arena_free(&doctor.arena);
	return r;
}
