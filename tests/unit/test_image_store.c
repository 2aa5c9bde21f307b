/* SPDX-License-Identifier: MIT */
/* Images on the disk: listing, finding, locking, removing, cleaning; deleting odd trees. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/image/image.h"
#include "../../runtime/sys/tree.h"

/* Two image directories, "high" before "low" in the search path; and something outside. */
struct store {
	char top[64];
	char high[80], low[80];
	const char *path[3];
	int dirfd; /* of low */
	struct arena arena;
};

static void make_file(int dirfd, const char *name, mode_t mode)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int setup(void **state)
{
	struct store *store = calloc(1, sizeof(*store));

	strcpy(store->top, "/tmp/floe-unit-XXXXXX");
	assert_non_null(mkdtemp(store->top));
	snprintf(store->high, sizeof(store->high), "%s/high", store->top);
	snprintf(store->low, sizeof(store->low), "%s/low", store->top);
	assert_int_equal(mkdir(store->high, 0700), 0);
	assert_int_equal(mkdir(store->low, 0700), 0);
	store->path[0] = store->high;
	store->path[1] = store->low;
	store->dirfd = open(store->low, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(store->dirfd >= 0);
	*state = store;
	return 0;
}

static int teardown(void **state)
{
	struct store *store = *state;
	CLEANUP_FD int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(store->dirfd);
	arena_free(&store->arena);
	assert_int_equal(tree_remove(parent, strrchr(store->top, '/') + 1), 0);
	free(store);
	return 0;
}

static bool is_there(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_list(void **state)
{
	struct store *store = *state;
	struct image *images;

	assert_int_equal(mkdirat(store->dirfd, "tree", 0755), 0);
	assert_int_equal(mkdirat(store->dirfd, ".#floe-import-half-0", 0755), 0);
	assert_int_equal(mkdirat(store->dirfd, "no name", 0755), 0);
	make_file(store->dirfd, "disk.raw", 0444);
	make_file(store->dirfd, ".#tree.lck", 0600);
	make_file(store->dirfd, "notes.txt", 0600);
	assert_int_equal(mkdirat(store->dirfd, "both", 0755), 0);
	assert_int_equal(mkdirat(AT_FDCWD, strcat(store->high, "/both"), 0755), 0);
	store->high[strlen(store->high) - 5] = '\0';

	assert_int_equal(image_list(store->path, &store->arena, &images, NULL), 3);
	assert_string_equal(images[0].name, "both");
	assert_memory_equal(images[0].path, store->high, strlen(store->high));
	assert_string_equal(images[1].name, "disk");
	assert_int_equal(images[1].kind, IMAGE_RAW);
	assert_true(images[1].read_only);
	assert_string_equal(images[2].name, "tree");
	assert_string_equal(image_kind_name(images[2].kind), "directory");
	assert_false(images[2].read_only);
	assert_true(images[2].modified.tv_sec > 0);
}

static void test_list_of_nothing(void **state)
{
	struct store *store = *state;
	const char *const nowhere[] = {"/nowhere/at/all", NULL};
	struct image *images;

	assert_int_equal(image_list(nowhere, &store->arena, &images, NULL), 0);
}

static void test_find(void **state)
{
	struct store *store = *state;
	struct floe_error error = {0};
	struct image image;

	make_file(store->dirfd, "disk.raw", 0600);
	assert_int_equal(image_find(store->path, "disk", &store->arena, &image, NULL), 0);
	assert_int_equal(image.kind, IMAGE_RAW);
	assert_string_equal(image.name, "disk");
	assert_int_equal(image_find(store->path, "none", &store->arena, &image, &error), -ENOENT);
	assert_int_equal(error.code, FLOE_ERROR_NOT_FOUND);
	assert_non_null(strstr(error.message, "\"none\""));
	assert_int_equal(image_find(store->path, "../low", &store->arena, &image, NULL), -EINVAL);
}

static struct image find_tree(struct store *store)
{
	struct image image;

	assert_int_equal(image_find(store->path, "tree", &store->arena, &image, NULL), 0);
	return image;
}

static void test_remove(void **state)
{
	struct store *store = *state;
	struct image image;

	assert_int_equal(mkdirat(store->dirfd, "tree", 0755), 0);
	make_file(store->dirfd, "tree/file", 0400);
	make_file(store->dirfd, "kept", 0600);
	assert_int_equal(symlinkat("../kept", store->dirfd, "tree/link"), 0);
	image = find_tree(store);
	assert_int_equal(image_remove(&image, NULL), 0);
	assert_false(is_there(store->dirfd, "tree"));
	assert_false(is_there(store->dirfd, ".#tree.lck"));
	assert_true(is_there(store->dirfd, "kept"));
}

/* What the machine wrote over the host's store lies beside its tree. */
static void test_remove_takes_the_layer_along(void **state)
{
	struct store *store = *state;
	struct image image;

	assert_int_equal(mkdirat(store->dirfd, "tree", 0755), 0);
	assert_int_equal(mkdirat(store->dirfd, ".#floe-store-tree", 0700), 0);
	make_file(store->dirfd, ".#floe-store-tree/file", 0400);
	assert_int_equal(mkdirat(store->dirfd, ".#floe-store-tree2", 0700), 0);
	image = find_tree(store);
	assert_int_equal(image_remove(&image, NULL), 0);
	assert_false(is_there(store->dirfd, "tree"));
	assert_false(is_there(store->dirfd, ".#floe-store-tree"));
	assert_true(is_there(store->dirfd, ".#floe-store-tree2"));
}

static void test_remove_link_keeps_target(void **state)
{
	struct store *store = *state;
	struct image image;

	assert_int_equal(mkdirat(store->dirfd, "target", 0755), 0);
	make_file(store->dirfd, "target/file", 0600);
	assert_int_equal(symlinkat("target", store->dirfd, "tree"), 0);
	image = find_tree(store);
	assert_int_equal(image_remove(&image, NULL), 0);
	assert_false(is_there(store->dirfd, "tree"));
	assert_true(is_there(store->dirfd, "target/file"));
}

static void test_locked_image_stays(void **state)
{
	struct store *store = *state;
	struct floe_error error = {0};
	struct image image;
	int one, two;

	assert_int_equal(mkdirat(store->dirfd, "tree", 0755), 0);
	image = find_tree(store);
	one = image_lock(image.path, true, NULL);
	two = image_lock(image.path, true, NULL);
	assert_true(one >= 0 && two >= 0);
	assert_int_equal(image_remove(&image, &error), -EBUSY);
	assert_non_null(strstr(error.message, "in use"));
	image_unlock(image.path, one);
	assert_true(is_there(store->dirfd, ".#tree.lck"));
	image_unlock(image.path, two);
	assert_false(is_there(store->dirfd, ".#tree.lck"));
	assert_int_equal(image_remove(&image, NULL), 0);
}

static void test_gc_tells_dead_from_living(void **state)
{
	struct store *store = *state;
	int living;

	assert_int_equal(mkdirat(store->dirfd, ".#floe-import-a-1", 0700), 0);
	make_file(store->dirfd, ".#floe-import-a-1/file", 0600);
	assert_int_equal(mkdirat(store->dirfd, ".#floe-remove-b-2", 0500), 0);
	assert_int_equal(mkdirat(store->dirfd, ".#floe-import-c-3", 0700), 0);
	assert_int_equal(mkdirat(store->dirfd, ".#machine.x", 0700), 0);
	assert_int_equal(mkdirat(store->dirfd, "tree", 0700), 0);
	living = openat(store->dirfd, ".#floe-import-c-3", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(living, LOCK_EX), 0);

	assert_int_equal(image_gc(store->low, NULL), 2);
	assert_true(is_there(store->dirfd, ".#floe-import-c-3"));
	assert_true(is_there(store->dirfd, ".#machine.x"));
	assert_true(is_there(store->dirfd, "tree"));
	close(living);
	assert_int_equal(image_gc(store->low, NULL), 1);
	assert_int_equal(image_gc("/nowhere/at/all", NULL), 0);
}

/* Deeper than any path can name, and than descriptors could follow. */
static void test_remove_deep_tree(void **state)
{
	struct store *store = *state;
	int fd = dup(store->dirfd);

	for (int i = 0; i < 5000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		make_file(fd, "f", 0600);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(tree_remove(store->dirfd, "d"), 0);
	assert_false(is_there(store->dirfd, "d"));
}

static void test_remove_closed_directories(void **state)
{
	struct store *store = *state;

	assert_int_equal(mkdirat(store->dirfd, "tree", 0700), 0);
	assert_int_equal(mkdirat(store->dirfd, "tree/a", 0700), 0);
	make_file(store->dirfd, "tree/a/.floe-deep-0", 0);
	assert_int_equal(fchmodat(store->dirfd, "tree/a", 0, 0), 0);
	assert_int_equal(fchmodat(store->dirfd, "tree", 0500, 0), 0);
	assert_int_equal(tree_remove(store->dirfd, "tree"), 0);
	assert_int_equal(tree_remove(store->dirfd, "tree"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list_of_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_takes_the_layer_along, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_link_keeps_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked_image_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gc_tells_dead_from_living, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_deep_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_closed_directories, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
