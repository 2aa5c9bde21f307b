/* SPDX-License-Identifier: MIT */
/* Shifting whole trees to the user range of a machine. */
#include "../../runtime/sys/tree_chown.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "../../runtime/sys/tree.h"
#include "scratch.h"
#include "unit.h"

#define BASE  0x80000u
#define OTHER 0x90000u

static void make_owned(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	scratch_write(path, "", 0);
	assert_return_code(chown(path, uid, gid), errno);
	assert_return_code(chmod(path, mode), errno);
}

static void assert_owned(const char *path, uid_t uid, gid_t gid)
{
	struct stat status = scratch_stat(path);

	assert_int_equal(status.st_uid, uid);
	assert_int_equal(status.st_gid, gid);
}

static void the_low_half_of_ids_is_kept(void **state)
{
	(void)state;
	scratch_directory("tree");
	scratch_directory("tree/d");
	make_owned("tree/d/user", 1000, 65534, 0640);
	make_owned("tree/strange", OTHER + 7, 3, 0600);
	assert_return_code(symlink("/etc/passwd", "tree/link"), errno);
	assert_return_code(mkfifo("tree/fifo", 0600), errno);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_owned("tree", BASE, BASE);
	assert_owned("tree/d", BASE, BASE);
	assert_owned("tree/d/user", BASE + 1000, BASE + 65534);
	assert_owned("tree/strange", BASE + 7, BASE + 3);
	assert_owned("tree/link", BASE, BASE);
	assert_owned("tree/fifo", BASE, BASE);
	assert_owned("/etc/passwd", 0, 0);
	assert_int_equal(scratch_stat("tree/d/user").st_mode & 07777, 0640);
	assert_int_equal(tree_shift("tree", OTHER, NULL), 0);
	assert_owned("tree/d/user", OTHER + 1000, OTHER + 65534);
	assert_int_equal(tree_shift("tree", 0, NULL), 0);
	assert_owned("tree/d/user", 1000, 65534);
}

static void set_id_bits_survive(void **state)
{
	(void)state;
	scratch_directory("tree");
	make_owned("tree/su", 0, 0, 04755);
	make_owned("tree/wall", 0, 5, 02755);
	make_owned("tree/both", 1, 1, 06511);
	assert_return_code(chmod("tree", 03775), errno);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_int_equal(scratch_stat("tree/su").st_mode & 07777, 04755);
	assert_int_equal(scratch_stat("tree/wall").st_mode & 07777, 02755);
	assert_int_equal(scratch_stat("tree/both").st_mode & 07777, 06511);
	assert_int_equal(scratch_stat("tree").st_mode & 07777, 03775);
}

static void capabilities_survive_and_belong_to_the_range(void **state)
{
	const struct vfs_cap_data caps = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					  {{1 << CAP_NET_RAW, 0}, {0, 0}}};
	struct vfs_ns_cap_data found;

	(void)state;
	scratch_directory("tree");
	scratch_write("tree/ping", "", 0);
	assert_int_equal(setxattr("tree/ping", "security.capability", &caps, sizeof(caps), 0), 0);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_int_equal(getxattr("tree/ping", "security.capability", &found, sizeof(found)),
			 sizeof(found));
	assert_int_equal(found.magic_etc, VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE);
	assert_int_equal(found.data[0].permitted, 1 << CAP_NET_RAW);
	assert_int_equal(found.rootid, BASE);
	assert_int_equal(tree_shift("tree", 0, NULL), 0);
	assert_int_equal(getxattr("tree/ping", "security.capability", &found, sizeof(found)),
			 sizeof(caps));
	assert_memory_equal(&found, &caps, sizeof(caps));
}

static void ids_in_acls_are_shifted(void **state)
{
	/* version 2; user::rw-, user:1234:r--, group::r--, group:5:r--, mask::r--, other::--- */
	static const char acl[] = "\2\0\0\0"
				  "\1\0\6\0\377\377\377\377\2\0\4\0\322\4\0\0"
				  "\4\0\4\0\377\377\377\377\10\0\4\0\5\0\0\0"
				  "\20\0\4\0\377\377\377\377\40\0\0\0\377\377\377\377";
	static const char shifted[] = "\2\0\0\0"
				      "\1\0\6\0\377\377\377\377\2\0\4\0\322\4\10\0"
				      "\4\0\4\0\377\377\377\377\10\0\4\0\5\0\10\0"
				      "\20\0\4\0\377\377\377\377\40\0\0\0\377\377\377\377";
	static const char *const names[] = {"system.posix_acl_access", "system.posix_acl_default"};
	char found[128];

	(void)state;
	scratch_directory("tree");
	scratch_directory("tree/d");
	scratch_write("tree/file", "", 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(setxattr("tree/d", names[i], acl, sizeof(acl) - 1, 0), 0);
	assert_int_equal(setxattr("tree/file", names[0], acl, sizeof(acl) - 1, 0), 0);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(getxattr("tree/d", names[i], found, sizeof(found)),
				 sizeof(shifted) - 1);
		assert_memory_equal(found, shifted, sizeof(shifted) - 1);
	}
	assert_int_equal(getxattr("tree/file", names[0], found, sizeof(found)),
			 sizeof(shifted) - 1);
	assert_memory_equal(found, shifted, sizeof(shifted) - 1);
}

static void immutable_directories_are_shifted_and_stay_so(void **state)
{
	CLEANUP_FD int fd = -1;
	int flags;

	(void)state;
	scratch_directory("tree");
	scratch_directory("tree/empty");
	fd = open("tree/empty", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tree_set_flags(fd, FS_IMMUTABLE_FL, 0), 0);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_owned("tree/empty", BASE, BASE);
	assert_return_code(ioctl(fd, FS_IOC_GETFLAGS, &flags), errno);
	assert_true(flags & FS_IMMUTABLE_FL);
}

static void mounts_are_not_entered(void **state)
{
	(void)state;
	scratch_directory("tree");
	scratch_directory("tree/point");
	scratch_directory("elsewhere");
	scratch_write("elsewhere/file", "", 0);
	assert_return_code(mount("elsewhere", "tree/point", NULL, MS_BIND, NULL), errno);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_owned("elsewhere", 0, 0);
	assert_owned("elsewhere/file", 0, 0);
}

static void the_top_says_whether_it_is_done(void **state)
{
	(void)state;
	scratch_directory("tree");
	make_owned("tree/early", BASE + 1, BASE + 1, 0644);
	make_owned("tree/late", 2, 2, 0644);
	/* An interrupted run: some are done, the top is not. */
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_owned("tree/early", BASE + 1, BASE + 1);
	assert_owned("tree/late", BASE + 2, BASE + 2);
	/* A finished one is not looked at again. */
	assert_return_code(chown("tree/late", 9, 9), errno);
	assert_int_equal(tree_shift("tree", BASE, NULL), 0);
	assert_owned("tree/late", 9, 9);
}

static void a_failure_leaves_the_top_as_it_was(void **state)
{
	(void)state;
	scratch_directory("tree");
	scratch_directory("tree/sub");
	assert_return_code(mount("tree", "tree", NULL, MS_BIND, NULL), errno);
	assert_return_code(mount(NULL, "tree", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
			   errno);
	assert_int_equal(tree_shift("tree", BASE, NULL), -EROFS);
	assert_owned("tree", 0, 0);
}

static void what_is_no_base_is_refused(void **state)
{
	(void)state;
	scratch_directory("tree");
	assert_int_equal(tree_shift("tree", BASE + 1, NULL), -EINVAL);
	assert_int_equal(tree_shift("tree", 0xffff0000u, NULL), -EINVAL);
	assert_int_equal(tree_shift("missing", BASE, NULL), -ENOENT);
	assert_owned("tree", 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_low_half_of_ids_is_kept),
		TEST(set_id_bits_survive),
		TEST(capabilities_survive_and_belong_to_the_range),
		TEST(ids_in_acls_are_shifted),
		TEST(immutable_directories_are_shifted_and_stay_so),
		TEST(mounts_are_not_entered),
		TEST(the_top_says_whether_it_is_done),
		TEST(a_failure_leaves_the_top_as_it_was),
		TEST(what_is_no_base_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
