/* SPDX-License-Identifier: MIT */
/* Whatever an archive holds, it becomes a whole image or nothing, and changes nothing beside it. */
#include "../../runtime/image/image.h"
#include "../../runtime/sys/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "secret\n"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int scratch;
static int input;

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	abort();
}

/* A small file system of our own hides all others' /tmp; it ends with the process. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	int fd;

	(void)count;
	(void)arguments;
	require(unshare(CLONE_NEWNS) == 0, "this fuzz target needs root: unshare");
	require(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	require(mount("tmpfs", "/mnt", "tmpfs", MS_NODEV | MS_NOSUID, "size=80m") == 0, "tmpfs");
	scratch = open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(scratch >= 0 && mkdirat(scratch, "images", 0700) == 0, "directory");
	fd = openat(scratch, "secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	require(fd >= 0 && write(fd, SECRET, strlen(SECRET)) == (ssize_t)strlen(SECRET), "secret");
	close(fd);
	input = memfd_create("archive", MFD_CLOEXEC);
	require(input >= 0, "memfd_create");
	return 0;
}

static unsigned int count_entries(const char *name)
{
	DIR *dir = fdopendir(openat(scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unsigned int count = 0;

	require(dir, name);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2; /* . and .. */
}

static void require_untouched(void)
{
	char content[16] = "";
	int fd = openat(scratch, "secret", O_RDONLY | O_CLOEXEC);
	struct stat status;

	require(fd >= 0 && fstat(fd, &status) == 0 && status.st_nlink == 1 &&
			(status.st_mode & 07777) == 0600,
		"the file beside the images is as it was");
	require(read(fd, content, sizeof(content)) == (ssize_t)strlen(SECRET) &&
			strncmp(content, SECRET, strlen(SECRET)) == 0,
		"its content");
	close(fd);
	require(count_entries(".") == 2, "nothing beside the images");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_import request = {
		.source = "input",
		.source_open = true,
		.source_fd = input,
		.name = "image",
		.directory = "/mnt/images",
		.no_sync = true,
		.max_bytes = 1 << 20,
		.max_entries = 1000,
		.memory = 32 << 20,
		.threads = 1,
	};
	struct floe_error error = {0};
	struct image_report report;
	int result;

	require(ftruncate(input, 0) == 0 && pwrite(input, data, size, 0) == (ssize_t)size &&
			lseek(input, 0, SEEK_SET) == 0,
		"the input");
	result = floe_module_image.import_tar(&request, &report, &error);
	require(result == 0 || (result < 0 && error.message[0]), "a failure has a message");
	require(count_entries("images") == (result == 0), "the image or nothing");
	if (result == 0)
		require(tree_remove(scratch, "images/image") == 0, "deleting the image");
	require_untouched();
	return 0;
}
