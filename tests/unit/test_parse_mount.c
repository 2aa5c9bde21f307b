/* SPDX-License-Identifier: MIT */
/* The values of --bind, --bind-ro, --tmpfs, --overlay, --overlay-ro and --inaccessible. */
#include "spec_words.h"

#include <limits.h>
#include <string.h>

#include "unit.h"

/* The only mount that OPTION with VALUE makes; *HANDLE is to be freed. */
static const struct spec_mount *mount_of(struct floe_spec **handle, const char *option,
					 const char *value)
{
	struct floe_error error = {0};

	assert_int_equal(floe_spec_new(handle, &error), 0);
	if (floe_spec_set(*handle, option, value, &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal((*handle)->spec.mount_count, 1);
	return (*handle)->spec.mounts;
}

static void assert_text(const char *text, const char *expected)
{
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

static void binds_are_read(void **state)
{
	static const struct {
		const char *value, *source, *target;
		bool in_tree, recursive;
		enum spec_idmap idmap;
	} rows[] = {
		{"/a", "/a", "/a", false, true, SPEC_IDMAP_NONE},
		{"/a:/b", "/a", "/b", false, true, SPEC_IDMAP_NONE},
		{"/a:/b:", "/a", "/b", false, true, SPEC_IDMAP_NONE},
		{"/a:/b:norbind", "/a", "/b", false, false, SPEC_IDMAP_NONE},
		{"/a:/b:norbind,rbind", "/a", "/b", false, true, SPEC_IDMAP_NONE},
		{"/a:/b:idmap", "/a", "/b", false, true, SPEC_IDMAP_IDMAP},
		{"/a:/b:rootidmap,norbind", "/a", "/b", false, false, SPEC_IDMAP_ROOT},
		{"/a:/b:owneridmap", "/a", "/b", false, true, SPEC_IDMAP_OWNER},
		{"/a:/b:idmap,noidmap", "/a", "/b", false, true, SPEC_IDMAP_NONE},
		{"//a/./b/:/c//d/", "/a/b", "/c/d", false, true, SPEC_IDMAP_NONE},
		{"/a\\:b:/c\\:d", "/a:b", "/c:d", false, true, SPEC_IDMAP_NONE},
		{"/a\\\\b:/c", "/a\\b", "/c", false, true, SPEC_IDMAP_NONE},
		{"/a/../b:/c", "/a/../b", "/c", false, true, SPEC_IDMAP_NONE},
		{"+/usr:/mnt", "/usr", "/mnt", true, true, SPEC_IDMAP_NONE},
		{"+usr:/mnt", "/usr", "/mnt", true, true, SPEC_IDMAP_NONE},
		{"+/usr", "/usr", "/usr", true, true, SPEC_IDMAP_NONE},
		{":/b", NULL, "/b", false, true, SPEC_IDMAP_NONE},
		{":/b:norbind", NULL, "/b", false, false, SPEC_IDMAP_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle;
		const struct spec_mount *mount = mount_of(&handle, "bind", rows[i].value);

		assert_int_equal(mount->kind, SPEC_MOUNT_BIND);
		assert_text(mount->source, rows[i].source);
		assert_text(mount->target, rows[i].target);
		assert_int_equal(mount->source_in_tree, rows[i].in_tree);
		assert_int_equal(mount->recursive, rows[i].recursive);
		assert_int_equal(mount->idmap, rows[i].idmap);
		assert_false(mount->read_only);
		floe_spec_free(handle);
	}
}

static void relative_sources_begin_here(void **state)
{
	char here[PATH_MAX], expected[PATH_MAX + 8];
	struct floe_spec *handle;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(expected, sizeof(expected), "%s/data", here);
	assert_string_equal(mount_of(&handle, "bind-ro", "./data:/data")->source, expected);
	assert_true(handle->spec.mounts->read_only);
	floe_spec_free(handle);
}

static void bad_binds_are_refused(void **state)
{
	static const struct {
		const char *value, *reason;
	} rows[] = {
		{"a", "place inside"},
		{"/a:b", "place inside"},
		{"/a:", "place inside"},
		{":", "place inside"},
		{"/a:/b/../c", "place inside"},
		{"/a:/..", "place inside"},
		{"/a/../b", "place inside"},
		{"/a:/", "over the root"},
		{"/a:///.", "over the root"},
		{"+/:/", "over the root"},
		{"/a:/b:x", "'x' is no bind option"},
		{"/a:/b:rbind,", "'' is no bind option"},
		{"/a:/b:rbind:ro", "'rbind:ro' is no bind option"},
		{"/a:/b:rbind:", "no bind option"},
		{"/a:/b:aVeryLongWordThatIsNoOptionOfABindMountAtAllAndGoesOnAndOn", "no bind"},
		{"/a\\", "backslash"},
		{"/a:/b\\", "backslash"},
		{"/a\n:/b", "control characters"},
		{"/a:/b\n", "control characters"},
		{"+/../etc:/b", "no '..'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		option_refuse_value("bind", rows[i].value, rows[i].reason);
		option_refuse_value("bind-ro", rows[i].value, rows[i].reason);
	}
}

static void tmpfs_is_read(void **state)
{
	static const struct {
		const char *value, *target, *options;
	} rows[] = {
		{"/var", "/var", NULL},
		{"/var:", "/var", NULL},
		{"//var/./x/", "/var/x", NULL},
		{"/var:size=10%,mode=0700,nosuid", "/var", "size=10%,mode=0700,nosuid"},
		{"/v\\:r:mode=1777", "/v:r", "mode=1777"},
		{"/var:mpol=bind:0", "/var", "mpol=bind:0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle;
		const struct spec_mount *mount = mount_of(&handle, "tmpfs", rows[i].value);

		assert_int_equal(mount->kind, SPEC_MOUNT_TMPFS);
		assert_text(mount->target, rows[i].target);
		assert_text(mount->options, rows[i].options);
		floe_spec_free(handle);
	}
	option_refuse_value("tmpfs", "/", "over the root");
	option_refuse_value("tmpfs", "var", "place inside");
	option_refuse_value("tmpfs", "/var:sizes=1", "'sizes=1' is no option of a tmpfs");
	option_refuse_value("tmpfs", "/var:size=1,", "'' is no option of a tmpfs");
	option_refuse_value("tmpfs", "/var:size=1\n", "control characters");
	option_refuse_value("tmpfs", "/var:lowerdir=/", "no option of a tmpfs");
}

static void overlays_are_read(void **state)
{
	static const struct {
		const char *value, *layers[3], *upper, *target;
		bool in_tree;
	} rows[] = {
		{"/a:/u:/t", {"/a"}, "/u", "/t", false},
		{"/a:/b:/c:/u:/t", {"/a", "/b", "/c"}, "/u", "/t", false},
		{"/a::/t", {"/a"}, NULL, "/t", false},
		{"/a:/u", {"/a"}, "/u", "/u", false},
		{"+/a:+/u", {"/a"}, "/u", "/u", true},
		{"+/a::/a", {"/a"}, NULL, "/a", true},
		{"+a:+b:+u:/t", {"/a", "/b"}, "/u", "/t", true},
		{"/a\\:b:/u:/t", {"/a:b"}, "/u", "/t", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle;
		const struct spec_mount *mount = mount_of(&handle, "overlay", rows[i].value);
		size_t count = 0;

		assert_int_equal(mount->kind, SPEC_MOUNT_OVERLAY);
		for (; count < 3 && rows[i].layers[count]; count++)
			assert_string_equal(mount->layers[count], rows[i].layers[count]);
		assert_int_equal(mount->layer_count, count);
		assert_text(mount->upper, rows[i].upper);
		assert_text(mount->target, rows[i].target);
		assert_int_equal(mount->source_in_tree, rows[i].in_tree);
		floe_spec_free(handle);
	}
}

/* Nothing is written to a read-only one: its upper directory is the topmost lower layer. */
static void read_only_overlays_have_lower_layers_alone(void **state)
{
	struct floe_spec *handle;
	const struct spec_mount *mount = mount_of(&handle, "overlay-ro", "/a:/b:/u:/t");

	(void)state;
	assert_true(mount->read_only);
	assert_null(mount->upper);
	assert_int_equal(mount->layer_count, 3);
	assert_string_equal(mount->layers[2], "/u");
	floe_spec_free(handle);
	mount = mount_of(&handle, "overlay-ro", "/a::/t");
	assert_int_equal(mount->layer_count, 1);
	floe_spec_free(handle);
}

static void bad_overlays_are_refused(void **state)
{
	static const struct {
		const char *value, *reason;
	} rows[] = {
		{"/a", "expected LOWER"},
		{"/a:", "place inside"},
		{":/u:/t", "lower layer is empty"},
		{"/a::/u:/t", "lower layer is empty"},
		{"/a:/u:t", "place inside"},
		{"/a:/u:/", "over the root"},
		{"/a:/u:/t/../x", "place inside"},
		{"/a:+/u:/t", "either all layers"},
		{"+/a:/b:/u:/t", "either all layers"},
		{"/a:/u:/t\\", "backslash"},
		{"/a\x01:/u:/t", "control characters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		option_refuse_value("overlay", rows[i].value, rows[i].reason);
		option_refuse_value("overlay-ro", rows[i].value, rows[i].reason);
	}
}

static void covered_paths_are_read(void **state)
{
	struct floe_spec *handle;
	const struct spec_mount *mount = mount_of(&handle, "inaccessible", "/proc//x/");

	(void)state;
	assert_int_equal(mount->kind, SPEC_MOUNT_INACCESSIBLE);
	assert_string_equal(mount->target, "/proc/x");
	floe_spec_free(handle);
	option_refuse_value("inaccessible", "/", "over the root");
	option_refuse_value("inaccessible", "x", "place inside");
}

static void mounts_keep_their_order(void **state)
{
	struct floe_spec *handle =
		line_accept("--tmpfs=/b --bind=/x:/a --inaccessible=/c --overlay=/l:/u:/0");
	static const char *const targets[] = {"/b", "/a", "/c", "/0"};

	(void)state;
	assert_int_equal(handle->spec.mount_count, ARRAY_SIZE(targets));
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		assert_string_equal(handle->spec.mounts[i].target, targets[i]);
	floe_spec_free(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_are_read),
		cmocka_unit_test(relative_sources_begin_here),
		cmocka_unit_test(bad_binds_are_refused),
		cmocka_unit_test(tmpfs_is_read),
		cmocka_unit_test(overlays_are_read),
		cmocka_unit_test(read_only_overlays_have_lower_layers_alone),
		cmocka_unit_test(bad_overlays_are_refused),
		cmocka_unit_test(covered_paths_are_read),
		cmocka_unit_test(mounts_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
