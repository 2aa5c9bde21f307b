/* SPDX-License-Identifier: MIT */
/* Which range of user ids a machine gets, and how its tree comes to fit it. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "fake_plan.h"
#include "unit.h"

#define FIRST UINT32_C(0x00080000)
#define LAST  UINT32_C(0x6fff0000)
#define STEP  UINT32_C(0x00010000)

/* A machine called NAME on VARIANTS; the test ends when it cannot be planned. */
static void make(struct fake_plan *fake, const char *name, const char *variants)
{
	char line[128];

	snprintf(line, sizeof(line), "-D /srv/debian -M %s /bin/true", name);
	if (fake_plan_make(fake, line, variants) < 0)
		fail_msg("%s", fake->error.message);
}

static uint32_t base_of(const char *name, const char *variants)
{
	struct fake_plan fake;
	uint32_t base;

	make(&fake, name, variants);
	base = fake.plan.uid_base;
	assert_true(fake.plan.user_namespace);
	assert_true(fake.plan.clone_flags & CLONE_NEWUSER);
	assert_int_equal(fake.plan.uid_count, 65536);
	fake_plan_free(&fake);
	return base;
}

/*
 * Known names: whoever changes the hash moves every machine to other ids. The numbers follow from
 * the SipHash of the name under nspawn's key, computed with OpenSSL:
 *	printf web | openssl mac -macopt size:8 -macopt hexkey:e156e0f0...94ff72 SipHash
 */
static void the_name_decides(void **state)
{
	static const struct {
		const char *name;
		uint32_t base;
	} rows[] = {
		{"web", 1350631424},
		{"debian", 545128448},
		{"nixos", 1488191488},
		{"a", 740950016},
		{"machine-with-a-longer-name", 289931264},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(base_of(rows[i].name, ""), rows[i].base);
}

static void every_base_is_one_of_the_range(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < 500; i++) {
		uint32_t base;

		snprintf(name, sizeof(name), "m%d", i);
		base = base_of(name, "");
		assert_in_range(base, FIRST, LAST);
		assert_int_equal(base % STEP, 0);
	}
}

/* Plans again with BASES taken. */
static uint32_t base_without(const char *name, uint32_t *bases, size_t count)
{
	struct fake_plan fake;
	struct plan plan = {0};
	struct floe_error error = {0};
	uint32_t base;

	make(&fake, name, "");
	fake.host.uid_taken = bases;
	fake.host.uid_taken_count = count;
	assert_int_equal(plan_make(&plan, fake.spec, &fake.host, &error), 0);
	base = plan.uid_base;
	plan_free(&plan);
	fake_plan_free(&fake);
	return base;
}

static void taken_ranges_are_passed_over(void **state)
{
	uint32_t taken[50];

	(void)state;
	taken[0] = base_of("web", "");
	for (size_t count = 1; count < ARRAY_SIZE(taken); count++) {
		uint32_t base = base_without("web", taken, count);

		assert_in_range(base, FIRST, LAST);
		assert_int_equal(base % STEP, 0);
		for (size_t i = 0; i < count; i++)
			assert_int_not_equal(base, taken[i]);
		/* The same host gives the same plan. */
		assert_int_equal(base, base_without("web", taken, count));
		taken[count] = base;
	}
}

static void no_free_range_is_an_error(void **state)
{
	struct fake_plan fake;

	(void)state;
	assert_int_equal(fake_plan_make(&fake, "-D /srv/debian /bin/true", "no-ranges"), -EBUSY);
	assert_int_equal(fake.error.code, FLOE_ERROR_BUSY);
	assert_non_null(strstr(fake.error.message, "--private-users=BASE"));
	fake_plan_free(&fake);
}

static void the_range_is_locked(void **state)
{
	struct fake_plan fake;
	const struct op *lock;
	char path[64];

	(void)state;
	make(&fake, "web", "");
	snprintf(path, sizeof(path), "/run/systemd/nspawn-uid/%u", fake.plan.uid_base);
	lock = fake_plan_find(&fake, OP_LOCK_UIDS);
	assert_non_null(lock);
	assert_string_equal(lock->source, path);
	assert_int_equal(lock->id, fake.plan.uid_base);
	fake_plan_free(&fake);
}

static void the_owner_of_the_tree_goes_first(void **state)
{
	const uint32_t owner = 0x12340000;
	uint32_t taken[] = {owner};
	struct fake_plan fake;
	struct plan plan = {0};

	(void)state;
	make(&fake, "web", "shifted");
	assert_int_equal(fake.plan.uid_base, owner);
	/* Its files fit already: nothing is mapped, nothing changed. */
	assert_null(fake_plan_find(&fake, OP_CHOWN_TREE));
	assert_int_equal(fake_plan_find(&fake, OP_STAGE_TREE)->idmap, OP_IDMAP_NONE);

	/* Another machine runs with these ids: the tree is given to new ones. */
	fake.host.uid_taken = taken;
	fake.host.uid_taken_count = 1;
	assert_int_equal(plan_make(&plan, fake.spec, &fake.host, &fake.error), 0);
	assert_int_not_equal(plan.uid_base, owner);
	plan_free(&plan);

	/* An owner outside of what machines may have says nothing. */
	fake.host.tree.status.st_uid = fake.host.tree.status.st_gid = 1000;
	fake.host.uid_taken_count = 0;
	assert_int_equal(plan_make(&plan, fake.spec, &fake.host, &fake.error), 0);
	assert_int_equal(plan.uid_base, base_of("web", ""));
	plan_free(&plan);
	fake_plan_free(&fake);
}

static void trees_are_mapped_or_given_away(void **state)
{
	struct fake_plan fake;

	(void)state;
	make(&fake, "web", "");
	assert_int_equal(fake_plan_find(&fake, OP_STAGE_TREE)->idmap, OP_IDMAP_RANGE);
	assert_null(fake_plan_find(&fake, OP_CHOWN_TREE));
	assert_int_equal(fake.plan.note_count, 0);
	fake_plan_free(&fake);

	make(&fake, "web", "tree-not-mappable");
	assert_int_equal(fake_plan_find(&fake, OP_STAGE_TREE)->idmap, OP_IDMAP_NONE);
	assert_int_equal(fake_plan_find(&fake, OP_CHOWN_TREE)->id, fake.plan.uid_base);
	/* Changing the user's files is never done silently. */
	assert_int_equal(fake.plan.note_count, 1);
	assert_non_null(strstr(fake.plan.notes[0].text, "/srv/debian"));
	fake_plan_free(&fake);
}

static void without_a_range_nothing_is_mapped(void **state)
{
	static const char *const lines[] = {
		"-D /srv/debian --private-users=no /bin/true",
		"-D /srv/debian --private-users=identity /bin/true",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct fake_plan fake;

		assert_int_equal(fake_plan_make(&fake, lines[i], ""), 0);
		assert_int_equal(fake.plan.uid_base, 0);
		assert_int_equal(fake.plan.user_namespace, i == 1);
		assert_null(fake_plan_find(&fake, OP_LOCK_UIDS));
		assert_int_equal(fake_plan_find(&fake, OP_STAGE_TREE)->idmap, OP_IDMAP_NONE);
		fake_plan_free(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_decides),
		cmocka_unit_test(every_base_is_one_of_the_range),
		cmocka_unit_test(taken_ranges_are_passed_over),
		cmocka_unit_test(no_free_range_is_an_error),
		cmocka_unit_test(the_range_is_locked),
		cmocka_unit_test(the_owner_of_the_tree_goes_first),
		cmocka_unit_test(trees_are_mapped_or_given_away),
		cmocka_unit_test(without_a_range_nothing_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
