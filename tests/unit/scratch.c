/* SPDX-License-Identifier: MIT */
/* A directory of a test's own on the disk, things in it, and file systems mounted there. */
#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../../runtime/sys/tree.h"
#include "unit.h"

static char directory[] = "/var/tmp/floe-unit.XXXXXX";

int scratch_enter(void **state)
{
	(void)state;
	strcpy(directory, "/var/tmp/floe-unit.XXXXXX");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_error("a mount namespace of the test's own needs root: %s\n",
			    strerror(errno));
		return -1;
	}
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

/* Mounts made by the test are in its way: they go first, the newest first. */
static void unmount_all(void)
{
	CLEANUP_FILE FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[4096], points[16][PATH_MAX];
	int count = 0;

	assert_non_null(mounts);
	while (fgets(line, sizeof(line), mounts))
		if (count < 16 && sscanf(line, "%*s %4095s", points[count]) == 1 &&
		    strncmp(points[count], directory, strlen(directory)) == 0)
			count++;
	while (count-- > 0)
		umount2(points[count], MNT_DETACH);
}

int scratch_leave(void **state)
{
	CLEANUP_FD int parent = open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	unmount_all();
	return chdir("/") < 0 ? -1 : tree_remove(parent, strrchr(directory, '/') + 1);
}

void scratch_write(const char *path, const void *data, size_t size)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
}

void scratch_directory(const char *path)
{
	assert_return_code(mkdir(path, 0755), errno);
}

struct stat scratch_stat(const char *path)
{
	struct stat status;

	assert_return_code(lstat(path, &status), errno);
	return status;
}

static void make_file_system(const char *type, const char *image)
{
	char program[32];
	char *const arguments[] = {program, (char *)"-q", (char *)image, NULL};
	posix_spawn_file_actions_t quietly;
	int status;
	pid_t pid;

	assert_int_equal(posix_spawn_file_actions_init(&quietly), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&quietly, 1, "/dev/null", O_WRONLY, 0),
			 0);
	snprintf(program, sizeof(program), "mkfs.%s", type);
	assert_int_equal(setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1), 0);
	assert_int_equal(posix_spawnp(&pid, program, &quietly, NULL, arguments, environ), 0);
	posix_spawn_file_actions_destroy(&quietly);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Between asking for a free device and taking it another process may have taken it. Returns a
 * descriptor: the device lets go of its file at the last close. */
static int attach_loop(const char *image, char device[static 32])
{
	CLEANUP_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	CLEANUP_FD int file = open(image, O_RDWR | O_CLOEXEC);
	struct loop_config config = {.fd = (unsigned int)file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};

	assert_true(control >= 0 && file >= 0);
	for (int attempt = 0; attempt < 32; attempt++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), loop;

		assert_return_code(number, errno);
		snprintf(device, 32, "/dev/loop%d", number);
		loop = open(device, O_RDWR | O_CLOEXEC);
		assert_return_code(loop, errno);
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
			return loop;
		assert_int_equal(errno, EBUSY);
		close(loop);
	}
	fail_msg("no free loop device");
	return -1;
}

void scratch_mount(const char *type, const char *path, size_t size)
{
	char image[PATH_MAX], device[32], options[64];
	CLEANUP_FD int loop = -1;

	scratch_directory(path);
	if (strcmp(type, "tmpfs") == 0) {
		snprintf(options, sizeof(options), "size=%zu", size);
		assert_return_code(mount(type, path, type, 0, options), errno);
		return;
	}
	snprintf(image, sizeof(image), "%s.image", path);
	scratch_write(image, "", 0);
	assert_return_code(truncate(image, (off_t)size), errno);
	make_file_system(type, image);
	loop = attach_loop(image, device);
	assert_return_code(loop, errno);
	assert_return_code(mount(device, path, type, 0, NULL), errno);
}

void scratch_unmount(const char *path)
{
	assert_return_code(umount2(path, MNT_DETACH), errno);
}
