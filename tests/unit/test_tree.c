/* SPDX-License-Identifier: MIT */
/* Copying whole trees: what is kept, what is shared, and that a failure leaves nothing. */
#include "../../runtime/sys/tree_copy.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "../../runtime/sys/tree.h"
#include "scratch.h"
#include "unit.h"

#define MIB (1024 * 1024)

static void assert_content(const char *path, const char *wanted)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t size;

	assert_return_code(fd, errno);
	size = read(fd, text, sizeof(text) - 1);
	assert_true(size >= 0);
	text[size] = '\0';
	assert_string_equal(text, wanted);
}

static void assert_absent(const char *path)
{
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
}

static void assert_alike(const char *left, const char *right)
{
	struct stat one = scratch_stat(left), two = scratch_stat(right);

	assert_int_equal(one.st_mode, two.st_mode);
	assert_int_equal(one.st_uid, two.st_uid);
	assert_int_equal(one.st_gid, two.st_gid);
	assert_int_equal(one.st_rdev, two.st_rdev);
	assert_int_equal(one.st_mtim.tv_sec, two.st_mtim.tv_sec);
	assert_int_equal(one.st_mtim.tv_nsec, two.st_mtim.tv_nsec);
	assert_int_equal(one.st_nlink, two.st_nlink);
	if (!S_ISDIR(one.st_mode))
		assert_int_equal(one.st_size, two.st_size);
}

static void assert_attribute_alike(const char *name, const char *left, const char *right)
{
	char one[256], two[256];
	ssize_t size = lgetxattr(left, name, one, sizeof(one));

	assert_true(size > 0);
	assert_int_equal(lgetxattr(right, name, two, sizeof(two)), size);
	assert_memory_equal(one, two, size);
}

/* Gives PATH an owner, a mode and a time that nothing has by itself. */
static void mark(const char *path, mode_t mode)
{
	const struct timespec times[] = {{1000000, 123456789}, {2000000, 987654321}};

	assert_return_code(lchown(path, 1234, 4321), errno);
	if (!S_ISLNK(scratch_stat(path).st_mode))
		assert_return_code(chmod(path, mode), errno);
	assert_return_code(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), errno);
}

static void every_type_and_its_owner_mode_and_time_are_kept(void **state)
{
	static const char *const names[] = {"",      "/file",  "/link", "/fifo",
					    "/null", "/white", "/d",    "/d/inside"};

	(void)state;
	scratch_directory("source");
	scratch_write("source/file", "hello", 5);
	assert_return_code(symlink("/etc/passwd", "source/link"), errno);
	assert_return_code(mkfifo("source/fifo", 0600), errno);
	assert_return_code(mknod("source/null", S_IFCHR | 0600, makedev(1, 3)), errno);
	assert_return_code(mknod("source/white", S_IFCHR, makedev(0, 0)), errno);
	scratch_directory("source/d");
	scratch_write("source/d/inside", "deeper", 6);
	mark("source/file", 06755);
	mark("source/link", 0777);
	mark("source/fifo", 0642);
	mark("source/null", 0666);
	mark("source/white", 0);
	mark("source/d/inside", 0);
	mark("source/d", 03511);
	mark("source", 01751);
	assert_int_equal(tree_copy("source", "target", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char left[64], right[64];

		snprintf(left, sizeof(left), "source%s", names[i]);
		snprintf(right, sizeof(right), "target%s", names[i]);
		assert_alike(left, right);
	}
	assert_content("target/file", "hello");
	assert_content("target/d/inside", "deeper");
}

static void attributes_are_kept(void **state)
{
	/* version 2; user::rw-, user:1234:r--, group::r--, mask::r--, other::--- (acl(5)) */
	static const char acl[] = "\2\0\0\0"
				  "\1\0\6\0\377\377\377\377\2\0\4\0\322\4\0\0"
				  "\4\0\4\0\377\377\377\377\20\0\4\0\377\377\377\377"
				  "\40\0\0\0\377\377\377\377";
	const struct vfs_cap_data caps = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					  {{1 << CAP_NET_RAW, 0}, {0, 0}}};

	(void)state;
	scratch_directory("source");
	scratch_write("source/ping", "", 0);
	assert_return_code(chown("source/ping", 5, 6), errno);
	assert_return_code(chmod("source/ping", 04711), errno);
	assert_int_equal(setxattr("source/ping", "security.capability", &caps, sizeof(caps), 0), 0);
	assert_int_equal(setxattr("source/ping", "user.colour", "blue", 4, 0), 0);
	assert_int_equal(setxattr("source", "trusted.overlay.opaque", "y", 1, 0), 0);
	scratch_write("source/shared", "", 0);
	assert_int_equal(
		setxattr("source/shared", "system.posix_acl_access", acl, sizeof(acl) - 1, 0), 0);
	assert_int_equal(setxattr("source", "system.posix_acl_default", acl, sizeof(acl) - 1, 0),
			 0);
	assert_return_code(symlink("x", "source/link"), errno);
	assert_int_equal(lsetxattr("source/link", "trusted.mark", "1", 1, 0), 0);

	assert_int_equal(tree_copy("source", "target", NULL), 0);
	assert_attribute_alike("security.capability", "source/ping", "target/ping");
	assert_attribute_alike("user.colour", "source/ping", "target/ping");
	assert_attribute_alike("trusted.overlay.opaque", "source", "target");
	assert_attribute_alike("system.posix_acl_access", "source/shared", "target/shared");
	assert_attribute_alike("system.posix_acl_default", "source", "target");
	assert_attribute_alike("trusted.mark", "source/link", "target/link");
	assert_alike("source/ping", "target/ping");
	assert_alike("source/shared", "target/shared");
	/* What lay in the directory before it had a default ACL did not get one. */
	assert_int_equal(getxattr("target/ping", "system.posix_acl_access", NULL, 0), -1);
}

static void hard_links_stay_links(void **state)
{
	struct stat first, second;

	(void)state;
	scratch_directory("source");
	scratch_directory("source/a");
	scratch_directory("source/b");
	scratch_write("source/a/one", "same", 4);
	assert_return_code(link("source/a/one", "source/b/two"), errno);
	assert_return_code(link("source/a/one", "outside"), errno);
	assert_return_code(symlink("there", "source/a/link"), errno);
	assert_return_code(link("source/a/link", "source/b/link"), errno);
	assert_int_equal(tree_copy("source", "target", NULL), 0);
	first = scratch_stat("target/a/one");
	second = scratch_stat("target/b/two");
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(first.st_nlink, 2);
	assert_true(first.st_ino != scratch_stat("outside").st_ino);
	assert_alike("source/a/link", "target/a/link");
	assert_int_equal(scratch_stat("target/a/link").st_ino,
			 scratch_stat("target/b/link").st_ino);
	/* What helped to find them is gone: "a" and "b" are the only directories. */
	assert_int_equal(scratch_stat("target").st_nlink, 4);
}

static void write_holes(const char *path)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(pwrite(fd, "begin", 5, 0), 5);
	assert_int_equal(pwrite(fd, "middle", 6, 64 * MIB), 6);
	assert_return_code(ftruncate(fd, 256L * MIB), errno);
}

static void assert_holes(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status = scratch_stat(path);
	char text[7] = "";

	assert_int_equal(status.st_size, 256L * MIB);
	assert_in_range(status.st_blocks, 1, MIB / 512);
	assert_int_equal(pread(fd, text, 6, 64 * MIB), 6);
	assert_string_equal(text, "middle");
	assert_int_equal(pread(fd, text, 6, 0), 6);
	assert_memory_equal(text, "begin", 6);
}

static void holes_stay_holes(void **state)
{
	(void)state;
	scratch_mount("tmpfs", "other", 4 * MIB);
	scratch_directory("source");
	write_holes("source/file");
	assert_int_equal(tree_copy("source", "target", NULL), 0);
	assert_holes("target/file");
	assert_int_equal(tree_copy("source", "other/target", NULL), 0);
	assert_holes("other/target/file");
	assert_int_equal(tree_copy("other/target", "back", NULL), 0);
	assert_holes("back/file");
}

static void links_and_mounts_lead_nowhere(void **state)
{
	(void)state;
	scratch_directory("elsewhere");
	scratch_write("elsewhere/secret", "secret", 6);
	scratch_directory("source");
	scratch_directory("source/point");
	scratch_write("source/file", "under", 5);
	assert_return_code(symlink("../elsewhere", "source/link"), errno);
	assert_return_code(mount("elsewhere", "source/point", NULL, MS_BIND, NULL), errno);
	assert_return_code(mount("elsewhere/secret", "source/file", NULL, MS_BIND, NULL), errno);
	assert_int_equal(tree_copy("source", "target", NULL), 0);
	assert_true(S_ISLNK(scratch_stat("target/link").st_mode));
	assert_true(S_ISDIR(scratch_stat("target/point").st_mode));
	assert_absent("target/point/secret");
	assert_content("target/file", "");
}

static void sockets_and_flags_are_left_out(void **state)
{
	struct sockaddr_un address = {AF_UNIX, "source/socket"};
	CLEANUP_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP_FD int file = -1;

	(void)state;
	scratch_directory("source");
	scratch_directory("source/empty");
	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), errno);
	file = open("source/empty", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tree_set_flags(file, FS_IMMUTABLE_FL, 0), 0);
	assert_int_equal(tree_copy("source", "target", NULL), 0);
	assert_absent("target/socket");
	scratch_write("target/empty/file", "", 0);
}

#define DEPTH 120

/* Longer as a path than any system call takes, with fewer descriptors than levels. */
static void depth_is_not_limited(void **state)
{
	struct rlimit before, few;
	char name[101];
	int result;

	(void)state;
	memset(name, 'd', 100);
	name[100] = '\0';
	scratch_directory("source");
	assert_return_code(chdir("source"), errno);
	for (int i = 0; i < DEPTH; i++) {
		scratch_directory(name);
		assert_return_code(chdir(name), errno);
	}
	scratch_write("bottom", "bottom", 6);
	for (int i = 0; i <= DEPTH; i++)
		assert_return_code(chdir(".."), errno);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &before), errno);
	few = (struct rlimit){100, before.rlim_max};
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
	result = tree_copy("source", "target", NULL);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &before), errno);
	assert_int_equal(result, 0);
	assert_return_code(chdir("target"), errno);
	for (int i = 0; i < DEPTH; i++)
		assert_return_code(chdir(name), errno);
	assert_content("bottom", "bottom");
	for (int i = 0; i <= DEPTH; i++)
		assert_return_code(chdir(".."), errno);
}

static void a_failure_leaves_nothing(void **state)
{
	static char data[2 * MIB];

	(void)state;
	memset(data, 'x', sizeof(data));
	scratch_mount("tmpfs", "small", MIB);
	scratch_directory("source");
	scratch_directory("source/d");
	scratch_write("source/d/small", "x", 1);
	scratch_write("source/big", data, sizeof(data));
	assert_int_equal(tree_copy("source", "small/target", NULL), -ENOSPC);
	assert_absent("small/target");
	assert_int_equal(tree_copy("missing", "target", NULL), -ENOENT);
	assert_int_equal(tree_copy("source/big", "target", NULL), -ENOTDIR);
	assert_int_equal(tree_copy("source", "target/..", NULL), -EINVAL);
	assert_absent("target");
	scratch_directory("target");
	scratch_write("target/kept", "kept", 4);
	assert_int_equal(tree_copy("source", "target", NULL), -EEXIST);
	assert_content("target/kept", "kept");
}

static void a_copy_may_lie_in_its_source(void **state)
{
	(void)state;
	scratch_directory("source");
	scratch_directory("source/sub");
	scratch_write("source/file", "file", 4);
	assert_int_equal(tree_copy("source", "source/sub/copy", NULL), 0);
	assert_content("source/sub/copy/file", "file");
	assert_absent("source/sub/copy/sub/copy");
}

static unsigned long used(const char *path)
{
	struct statvfs status;

	sync();
	assert_return_code(statvfs(path, &status), errno);
	return (status.f_blocks - status.f_bfree) * status.f_frsize / MIB;
}

static void write_random(const char *path)
{
	static char data[64 * MIB];
	uint64_t number = 88172645463325252u;

	for (size_t at = 0; at < sizeof(data); at += sizeof(number)) {
		number ^= number << 13;
		number ^= number >> 7;
		number ^= number << 17;
		memcpy(data + at, &number, sizeof(number));
	}
	scratch_write(path, data, sizeof(data));
}

static void assert_shared(const char *type)
{
	unsigned long before;

	scratch_mount(type, "disk", 400L * MIB);
	scratch_directory("disk/source");
	write_random("disk/source/file");
	before = used("disk");
	assert_true(before >= 64);
	assert_int_equal(tree_copy("disk/source", "disk/target", NULL), 0);
	assert_in_range(used("disk"), before, before + 8);
	assert_int_equal(scratch_stat("disk/target/file").st_size, 64 * MIB);
	scratch_unmount("disk");
}

static void blocks_are_shared_on_btrfs(void **state)
{
	(void)state;
	assert_shared("btrfs");
}

static void blocks_are_shared_on_xfs(void **state)
{
	(void)state;
	assert_shared("xfs");
}

static void blocks_without_copy_on_write_are_shared(void **state)
{
	CLEANUP_FD int file = -1;
	unsigned long before;
	int flags;

	(void)state;
	scratch_mount("btrfs", "disk", 400L * MIB);
	scratch_directory("disk/source");
	scratch_write("disk/source/file", "", 0);
	file = open("disk/source/file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tree_set_flags(file, FS_NOCOW_FL, 0), 0);
	write_random("disk/source/file");
	before = used("disk");
	assert_int_equal(tree_copy("disk/source", "disk/target", NULL), 0);
	assert_in_range(used("disk"), before, before + 8);
	cleanup_fd(&file);
	file = open("disk/target/file", O_RDONLY | O_CLOEXEC);
	assert_return_code(ioctl(file, FS_IOC_GETFLAGS, &flags), errno);
	assert_true(flags & FS_NOCOW_FL);
	cleanup_fd(&file);
	file = -1;
	scratch_unmount("disk");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_type_and_its_owner_mode_and_time_are_kept),
		TEST(attributes_are_kept),
		TEST(hard_links_stay_links),
		TEST(holes_stay_holes),
		TEST(links_and_mounts_lead_nowhere),
		TEST(sockets_and_flags_are_left_out),
		TEST(depth_is_not_limited),
		TEST(a_failure_leaves_nothing),
		TEST(a_copy_may_lie_in_its_source),
		TEST(blocks_are_shared_on_btrfs),
		TEST(blocks_are_shared_on_xfs),
		TEST(blocks_without_copy_on_write_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
