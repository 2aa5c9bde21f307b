/* SPDX-License-Identifier: MIT */
/* What a caller of the importer can ask for: replacing, read-only, limits, progress, giving up. */
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/image/image.h"
#include "../../runtime/sys/tree.h"

struct fixture {
	char top[64];
	int dirfd;
	int input;
	struct image_import request;
	struct image_report report;
	struct floe_error error;
	unsigned int told; /* calls of progress() */
	struct image_progress last;
};

static void add_file(struct archive *archive, const char *name, const char *content)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0640);
	archive_entry_set_uid(entry, geteuid());
	archive_entry_set_gid(entry, getegid());
	archive_entry_set_size(entry, (int64_t)strlen(content));
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, content, strlen(content)), strlen(content));
	archive_entry_free(entry);
}

/* Makes the input a .tar.xz of the files usr/one, with CONTENT, and usr/two. */
static void write_archive(struct fixture *fixture, const char *content)
{
	struct archive *archive = archive_write_new();

	assert_int_equal(ftruncate(fixture->input, 0), 0);
	assert_int_equal(lseek(fixture->input, 0, SEEK_SET), 0);
	assert_int_equal(archive_write_set_format_pax(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_xz(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_fd(archive, fixture->input), ARCHIVE_OK);
	add_file(archive, "usr/one", content);
	add_file(archive, "usr/two", "2");
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->top, "/var/tmp/floe-unit-XXXXXX");
	assert_non_null(mkdtemp(fixture->top));
	fixture->dirfd = open(fixture->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->input = memfd_create("archive", MFD_CLOEXEC);
	assert_true(fixture->dirfd >= 0 && fixture->input >= 0);
	fixture->request = (struct image_import){
		.source = "test.tar.xz",
		.source_open = true,
		.source_fd = fixture->input,
		.directory = fixture->top,
		.no_sync = true,
	};
	write_archive(fixture, "first");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP_FD int parent = open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(fixture->dirfd);
	close(fixture->input);
	assert_int_equal(tree_remove(parent, strrchr(fixture->top, '/') + 1), 0);
	free(fixture);
	return 0;
}

static int import(struct fixture *fixture)
{
	fixture->error = (struct floe_error){0};
	assert_int_equal(lseek(fixture->input, 0, SEEK_SET), 0);
	return floe_module_image.import_tar(&fixture->request, &fixture->report, &fixture->error);
}

static void assert_content(const struct fixture *fixture, const char *path, const char *content)
{
	char read_back[64] = "";
	CLEANUP_FD int fd = openat(fixture->dirfd, path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, read_back, sizeof(read_back) - 1), strlen(content));
	assert_string_equal(read_back, content);
}

static unsigned int count_entries(const struct fixture *fixture)
{
	CLEANUP_DIR DIR *dir = opendir(fixture->top);
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	return count - 2; /* . and .. */
}

static void test_report(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(import(fixture), 0);
	assert_string_equal(fixture->report.name, "test");
	assert_int_equal(fixture->report.entries, 2);
	assert_int_equal(fixture->report.bytes_written, strlen("first") + 1);
	assert_int_equal(fixture->report.bytes_read, lseek(fixture->input, 0, SEEK_END));
	assert_int_equal(fixture->report.device_nodes, 0);
	assert_true(fixture->report.looks_usable);
	assert_content(fixture, "test/usr/one", "first");
}

static void test_replace(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(import(fixture), 0);
	write_archive(fixture, "second");
	assert_int_equal(import(fixture), -EEXIST);
	assert_content(fixture, "test/usr/one", "first");
	fixture->request.replace = true;
	assert_int_equal(import(fixture), 0);
	assert_content(fixture, "test/usr/one", "second");
	assert_int_equal(count_entries(fixture), 1);
}

static void test_image_in_use_is_not_replaced(void **state)
{
	struct fixture *fixture = *state;
	char path[80];
	int lock;

	assert_int_equal(import(fixture), 0);
	snprintf(path, sizeof(path), "%s/test", fixture->top);
	lock = image_lock(path, true, NULL);
	assert_true(lock >= 0);
	write_archive(fixture, "second");
	fixture->request.replace = true;
	assert_int_equal(import(fixture), -EBUSY);
	assert_content(fixture, "test/usr/one", "first");
	image_unlock(path, lock);
	assert_int_equal(count_entries(fixture), 1);
}

/* Needs CAP_LINUX_IMMUTABLE: reported as skipped without root. */
static void test_read_only(void **state)
{
	struct fixture *fixture = *state;
	const char *const path[] = {fixture->top, NULL};
	struct arena arena = {0};
	struct image image;

	if (geteuid() != 0)
		skip();
	fixture->request.read_only = true;
	assert_int_equal(import(fixture), 0);
	assert_int_equal(image_find(path, "test", &arena, &image, NULL), 0);
	assert_true(image.read_only);
	assert_int_equal(mkdirat(fixture->dirfd, "test/new", 0700), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(image_remove(&image, NULL), 0);
	assert_int_equal(count_entries(fixture), 0);
	arena_free(&arena);
}

static void test_limits(void **state)
{
	struct fixture *fixture = *state;

	fixture->request.max_bytes = 1000;
	assert_int_equal(import(fixture), -E2BIG);
	fixture->request.max_bytes = 0;
	fixture->request.max_entries = 1;
	assert_int_equal(import(fixture), -E2BIG);
	assert_int_equal(count_entries(fixture), 0);
}

static int count_progress(void *context, const struct image_progress *progress)
{
	struct fixture *fixture = context;

	fixture->told++;
	fixture->last = *progress;
	return 0;
}

static void test_progress(void **state)
{
	struct fixture *fixture = *state;

	fixture->request.progress = count_progress;
	fixture->request.context = fixture;
	assert_int_equal(import(fixture), 0);
	assert_true(fixture->told > 0);
	assert_int_equal(fixture->last.entries, 2);
	assert_int_equal(fixture->last.bytes_read, fixture->last.bytes_total);
	assert_int_equal(fixture->last.bytes_total, lseek(fixture->input, 0, SEEK_END));
}

static int refuse_progress(void *context, const struct image_progress *progress)
{
	(void)context;
	return progress->entries > 0;
}

static void test_giving_up(void **state)
{
	struct fixture *fixture = *state;
	const atomic_int cancel = 1;

	fixture->request.progress = refuse_progress;
	assert_int_equal(import(fixture), -ECANCELED);
	assert_non_null(strstr(fixture->error.message, "cancelled"));
	fixture->request.progress = NULL;
	fixture->request.cancel = &cancel;
	assert_int_equal(import(fixture), -ECANCELED);
	assert_int_equal(count_entries(fixture), 0);
}

/* A pipe whose writer never writes: only the wish to end ends it. */
static void test_giving_up_while_waiting(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "usr/not yet a header", 20), 20);
	fixture->request.source_fd = ends[0];
	fixture->request.progress = count_progress;
	fixture->request.context = fixture;
	const atomic_int cancel = 1;
	fixture->request.cancel = &cancel;
	assert_int_equal(import(fixture), -ECANCELED);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(count_entries(fixture), 0);
}

static void test_bad_requests(void **state)
{
	struct fixture *fixture = *state;

	fixture->request.name = "../x";
	assert_int_equal(import(fixture), -EINVAL);
	fixture->request.name = NULL;
	fixture->request.source = "-";
	assert_int_equal(import(fixture), -EINVAL);
	fixture->request.source = "...tar";
	assert_int_equal(import(fixture), -EINVAL);
	assert_int_equal(count_entries(fixture), 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_report),
		WITH_FIXTURE(test_replace),
		WITH_FIXTURE(test_image_in_use_is_not_replaced),
		WITH_FIXTURE(test_read_only),
		WITH_FIXTURE(test_limits),
		WITH_FIXTURE(test_progress),
		WITH_FIXTURE(test_giving_up),
		WITH_FIXTURE(test_giving_up_while_waiting),
		WITH_FIXTURE(test_bad_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
