/* SPDX-License-Identifier: MIT */
/* What the doctor says about hosts that exist on paper only. */
#include "unit.h"

#include <string.h>

#include "../../runtime/lib/doctor.h"
#include "../../runtime/spec/spec.h"
#include "fake_host.h"

struct visit {
	struct spec spec;
	struct host host;
	struct doctor doctor;
};

static void examine(struct visit *visit, const char *variants)
{
	*visit = (struct visit){0};
	spec_init(&visit->spec);
	visit->spec.directory = arena_strdup(&visit->spec.arena, "/srv/tree");
	fake_host(&visit->host, &visit->spec, variants);
	visit->host.net.has_nftables = true;
}

static void end(struct visit *visit)
{
	arena_free(&visit->doctor.arena);
	host_free(&visit->host);
	spec_free(&visit->spec);
}

static const struct floe_condition *find(const struct visit *visit, const char *name)
{
	for (size_t i = 0; i < visit->doctor.count; i++)
		if (strcmp(visit->doctor.findings[i].name, name) == 0)
			return &visit->doctor.findings[i];
	fail_msg("nothing was said about %s", name);
	return NULL;
}

static void assert_state(const char *variants, const char *name, enum floe_condition_state state,
			 bool can_boot)
{
	struct visit visit;

	examine(&visit, variants);
	doctor_judge_host(&visit.doctor, &visit.host);
	assert_int_equal(find(&visit, name)->state, state);
	assert_int_equal(doctor_can_boot(&visit.doctor), can_boot);
	end(&visit);
}

static void each_lack_is_noticed(void **state)
{
	(void)state;
	assert_state("", "kernel", FLOE_CONDITION_FINE, true);
	assert_state("no-userns", "user-namespaces", FLOE_CONDITION_LIMITED, true);
	assert_state("no-netns", "network-namespaces", FLOE_CONDITION_LIMITED, true);
	assert_state("no-timens", "time-namespaces", FLOE_CONDITION_LIMITED, true);
	assert_state("no-overlay", "overlay", FLOE_CONDITION_LIMITED, true);
	assert_state("no-device-policy", "device-policy", FLOE_CONDITION_LIMITED, true);
	assert_state("no-pids", "cgroups", FLOE_CONDITION_LIMITED, true);
	assert_state("hybrid", "cgroups", FLOE_CONDITION_FINE, true);
	assert_state("", "privileges", FLOE_CONDITION_FINE, true);
}

static void what_is_needed_ends_it(void **state)
{
	struct visit visit;

	(void)state;
	examine(&visit, "");
	visit.host.kernel_major = 5;
	visit.host.kernel_minor = 11;
	visit.host.capabilities &= ~UINT64_C(1);
	visit.host.has_cgroup2 = false;
	doctor_judge_host(&visit.doctor, &visit.host);
	assert_int_equal(find(&visit, "kernel")->state, FLOE_CONDITION_MISSING);
	assert_non_null(strstr(find(&visit, "kernel")->help, "5.12"));
	assert_int_equal(find(&visit, "privileges")->state, FLOE_CONDITION_MISSING);
	assert_non_null(strstr(find(&visit, "privileges")->detail, "lacks CAP_CHOWN"));
	assert_int_equal(find(&visit, "cgroup2")->state, FLOE_CONDITION_MISSING);
	assert_false(doctor_can_boot(&visit.doctor));
	end(&visit);
}

static void every_limit_says_what_does_not_work(void **state)
{
	struct visit visit;

	(void)state;
	examine(&visit, "small-kernel no-cgroups");
	visit.host.net.firewall = "docker drops forwarded packets";
	visit.host.net.firewall_help = "let them pass";
	doctor_judge_host(&visit.doctor, &visit.host);
	for (size_t i = 0; i < visit.doctor.count; i++) {
		assert_true(strlen(visit.doctor.findings[i].detail) > 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(visit.doctor.findings[i].name,
						visit.doctor.findings[j].name);
	}
	assert_int_equal(find(&visit, "mqueue")->state, FLOE_CONDITION_LIMITED);
	assert_non_null(strstr(find(&visit, "cgroups")->detail, "pids memory cpu"));
	if (visit.host.has_net_namespace)
		assert_string_equal(find(&visit, "forwarding")->detail,
				    "docker drops forwarded packets");
	end(&visit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lack_is_noticed),
		cmocka_unit_test(what_is_needed_ends_it),
		cmocka_unit_test(every_limit_says_what_does_not_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
