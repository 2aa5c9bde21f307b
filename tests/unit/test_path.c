/* SPDX-License-Identifier: MIT */
/* Opening and reading below a root: what is found, what is refused, what is never opened. */
#include "../../runtime/sys/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "scratch.h"
#include "unit.h"

static int root = -1;

static int enter(void **state)
{
	int r = scratch_enter(state);

	if (r < 0)
		return r;
	scratch_write("secret", "outside", 7);
	scratch_directory("root");
	scratch_directory("root/dir");
	scratch_write("root/dir/file", "inside\n", 7);
	root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int leave(void **state)
{
	close(root);
	return scratch_leave(state);
}

static void files_are_read(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(path_read_in(root, "dir/file", text, sizeof(text)), 7);
	assert_string_equal(text, "inside\n");
	assert_int_equal(path_read_in(root, "/dir/./file", text, sizeof(text)), 7);
	assert_int_equal(path_read_in(root, "/nothing", text, sizeof(text)), -ENOENT);
	assert_int_equal(path_read_in(root, "", text, sizeof(text)), -ENOENT);
	assert_int_equal(path_read_in(root, "dir", text, sizeof(text)), -EISDIR);
	assert_int_equal(path_read_in(root, "/", text, sizeof(text)), -EISDIR);
}

static void files_that_do_not_fit_are_refused(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(path_read_in(root, "dir/file", text, 8), 7);
	assert_int_equal(path_read_in(root, "dir/file", text, 7), -EFBIG);
}

static void links_stay_inside(void **state)
{
	static const char *const targets[] = {"../secret", "/secret", "../../../secret",
					      "/proc/self/cwd/secret", "dir/../../secret"};
	char text[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		assert_return_code(symlink(targets[i], "root/link"), errno);
		assert_int_equal(path_read_in(root, "link", text, sizeof(text)), -ENOENT);
		assert_return_code(unlink("root/link"), errno);
	}
	assert_int_equal(path_read_in(root, "../secret", text, sizeof(text)), -ENOENT);
	assert_return_code(symlink("/dir/file", "root/dir/link"), errno);
	assert_int_equal(path_read_in(root, "dir/link", text, sizeof(text)), 7);
}

static void magic_links_are_refused(void **state)
{
	CLEANUP_FD int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(path_open_in(top, "/proc/self/cwd", O_PATH, 0), -ELOOP);
	assert_int_equal(path_open_in(top, "/proc/self/fd/0", O_RDONLY, 0), -ELOOP);
}

/* A fifo would block, a device would act. */
static void only_regular_files_are_opened(void **state)
{
	char text[16];

	(void)state;
	assert_return_code(mkfifo("root/fifo", 0600), errno);
	assert_return_code(mknod("root/null", S_IFCHR | 0666, makedev(1, 3)), errno);
	assert_int_equal(path_read_in(root, "fifo", text, sizeof(text)), -EINVAL);
	assert_int_equal(path_read_in(root, "null", text, sizeof(text)), -EINVAL);
}

static void descriptors_end_with_exec(void **state)
{
	CLEANUP_FD int fd = path_open_in(root, "new", O_CREAT | O_EXCL | O_WRONLY, 0640);

	(void)state;
	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(scratch_stat("root/new").st_mode & 0137, 0);
}

static void links_are_read(void **state)
{
	char text[16];

	(void)state;
	assert_return_code(symlink("/a/b", "root/link"), errno);
	assert_int_equal(path_readlink_in(root, "/link", text, sizeof(text)), 4);
	assert_string_equal(text, "/a/b");
	assert_int_equal(path_readlink_in(root, "link", text, 4), -ENAMETOOLONG);
	assert_int_equal(path_readlink_in(root, "dir/file", text, sizeof(text)), -EINVAL);
	assert_int_equal(path_readlink_in(root, "dir", text, sizeof(text)), -EINVAL);
	assert_int_equal(path_readlink_in(root, "none", text, sizeof(text)), -ENOENT);
}

static void large_files_are_read_up_to_a_limit(void **state)
{
	CLEANUP_FREE char *big = calloc(1, 100000);
	CLEANUP_FREE char *text = NULL;
	size_t size;

	(void)state;
	assert_non_null(big);
	big[99999] = 'x';
	scratch_write("root/big", big, 100000);
	assert_int_equal(path_read_all_in(root, "big", 99999, &text, &size), -EFBIG);
	assert_null(text);
	assert_int_equal(path_read_all_in(root, "big", 100000, &text, &size), 0);
	assert_int_equal(size, 100000);
	assert_int_equal(text[99999], 'x');
	assert_int_equal(text[100000], '\0');
}

static void files_of_proc_are_read_whole(void **state)
{
	CLEANUP_FREE char *text = NULL;
	char start[64];
	size_t size;

	(void)state;
	assert_int_equal(file_read_all("/proc/self/maps", 1 << 20, &text, &size), 0);
	assert_int_equal(strlen(text), size);
	assert_non_null(strstr(text, "[stack]"));
	assert_true(file_read("/proc/self/comm", start, sizeof(start)) > 0);
	assert_int_equal(file_read("/no/such/file", start, sizeof(start)), -ENOENT);
	assert_int_equal(file_read("/proc/self/maps", start, sizeof(start)), -EFBIG);
}

#define path_test(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		path_test(files_are_read),
		path_test(files_that_do_not_fit_are_refused),
		path_test(links_stay_inside),
		path_test(magic_links_are_refused),
		path_test(only_regular_files_are_opened),
		path_test(descriptors_end_with_exec),
		path_test(links_are_read),
		path_test(large_files_are_read_up_to_a_limit),
		path_test(files_of_proc_are_read_whole),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
