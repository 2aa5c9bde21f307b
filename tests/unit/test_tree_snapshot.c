/* SPDX-License-Identifier: MIT */
/* Snapshots and deletion of btrfs subvolumes. */
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../runtime/sys/subvolume.h"
#include "../../runtime/sys/tree.h"
#include "../../runtime/sys/tree_copy.h"
#include "scratch.h"
#include "unit.h"

#define MIB (1024 * 1024)

static int setup(void **state)
{
	if (scratch_enter(state) < 0)
		return -1;
	scratch_mount("btrfs", "disk", 200L * MIB);
	return chdir("disk");
}

static void make_subvolume(const char *parent, const char *name)
{
	CLEANUP_FD int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct btrfs_ioctl_vol_args arguments = {0};

	strcpy(arguments.name, name);
	assert_return_code(ioctl(fd, BTRFS_IOC_SUBVOL_CREATE, &arguments), errno);
}

/* A system with its store, and a store within that, in subvolumes of their own. */
static void make_system(void)
{
	make_subvolume(".", "system");
	scratch_directory("system/nix");
	make_subvolume("system/nix", "store");
	scratch_directory("system/nix/store/inner");
	make_subvolume("system/nix/store/inner", "most");
	make_subvolume("system", "home");
	scratch_write("system/file", "file", 4);
	scratch_write("system/nix/store/path", "path", 4);
	scratch_write("system/nix/store/inner/most/leaf", "leaf", 4);
}

static int check(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_return_code(fd, errno);
	return subvolume_check(fd);
}

static void a_snapshot_has_all_that_is_nested(void **state)
{
	static const char *const volumes[] = {"copy", "copy/nix/store", "copy/nix/store/inner/most",
					      "copy/home"};

	(void)state;
	make_system();
	assert_int_equal(tree_snapshot("system", "copy"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++)
		assert_int_equal(check(volumes[i]), 0);
	assert_int_equal(scratch_stat("copy/nix/store/path").st_size, 4);
	assert_int_equal(scratch_stat("copy/nix/store/inner/most/leaf").st_size, 4);
	scratch_write("copy/nix/store/path", "changed", 7);
	assert_int_equal(scratch_stat("system/nix/store/path").st_size, 4);
}

static void what_is_no_subvolume_is_refused(void **state)
{
	(void)state;
	make_system();
	assert_int_equal(tree_snapshot("system/nix", "copy"), -EINVAL);
	assert_int_equal(tree_snapshot("..", "copy"), -ENOTTY);
	assert_int_equal(tree_snapshot("missing", "copy"), -ENOENT);
	assert_int_equal(tree_snapshot("system", "../copy"), -EXDEV);
	assert_int_equal(access("copy", F_OK), -1);
	assert_int_equal(access("../copy", F_OK), -1);
	scratch_directory("copy");
	assert_int_equal(tree_snapshot("system", "copy"), -EEXIST);
	assert_int_equal(rmdir("copy"), 0);
}

static void subvolumes_are_deleted_with_all_in_them(void **state)
{
	CLEANUP_FD int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	make_system();
	assert_int_equal(tree_remove(here, "system"), 0);
	assert_int_equal(access("system", F_OK), -1);
	scratch_directory("plain");
	make_subvolume("plain", "volume");
	scratch_write("plain/volume/file", "", 0);
	assert_int_equal(tree_remove(here, "plain"), 0);
	assert_int_equal(access("plain", F_OK), -1);
}

static void nested_subvolumes_are_copied_as_directories(void **state)
{
	(void)state;
	make_system();
	assert_int_equal(tree_copy("system", "copy", NULL), 0);
	assert_int_equal(scratch_stat("copy/nix/store/inner/most/leaf").st_size, 4);
	assert_int_equal(check("copy/nix/store"), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_has_all_that_is_nested),
		TEST(what_is_no_subvolume_is_refused),
		TEST(subvolumes_are_deleted_with_all_in_them),
		TEST(nested_subvolumes_are_copied_as_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
