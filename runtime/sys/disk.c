/* SPDX-License-Identifier: MIT */
/* Which disk a file is on. */
#include "disk.h"

#include "path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../base/cleanup.h"

#define MOUNTINFO_LIMIT ((size_t)64 << 20)

/* The source in a line of mountinfo, if it is of the file system NUMBER: "36 35 0:32 … - type
 * source options" (proc(5)). Cuts the line. */
static const char *source_of(char *line, const char *number)
{
	char *end = strstr(line, " - ");
	char *source = end ? strchr(end + 3, ' ') : NULL;
	char device[DISK_SIZE];

	if (!source || sscanf(line, "%*s %*s %23s", device) != 1 || strcmp(device, number) != 0)
		return NULL;
	source++;
	source[strcspn(source, " ")] = '\0';
	return source;
}

/* Btrfs and the like give each volume a number of its own, and name the disk as their source. */
static int find_source(dev_t device, dev_t *disk)
{
	CLEANUP_FREE char *text = NULL;
	char number[DISK_SIZE], *save;
	struct stat status;
	size_t size;
	int r = file_read_all("/proc/self/mountinfo", MOUNTINFO_LIMIT, &text, &size);

	if (r < 0)
		return r;
	snprintf(number, sizeof(number), "%u:%u", major(device), minor(device));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *source = source_of(line, number);

		if (source && *source == '/' && stat(source, &status) == 0 &&
		    S_ISBLK(status.st_mode)) {
			*disk = status.st_rdev;
			return 0;
		}
	}
	return -ENODEV;
}

/* Of a partition the kernel shows the disk as the directory above (Documentation/ABI/stable/
 * sysfs-block). */
static int find_whole(dev_t device, char number[static DISK_SIZE])
{
	char path[64], text[DISK_SIZE];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device),
		 minor(device));
	if (file_read(path, text, sizeof(text)) < 0) {
		snprintf(number, DISK_SIZE, "%u:%u", major(device), minor(device));
		return 0;
	}
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(device), minor(device));
	length = file_read(path, number, DISK_SIZE);
	if (length < 0)
		return (int)length;
	number[strcspn(number, "\n")] = '\0';
	return 0;
}

int disk_find(int fd, char number[static DISK_SIZE])
{
	struct stat status;
	dev_t disk;
	int r = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	disk = status.st_dev;
	if (major(disk) == 0)
		r = find_source(status.st_dev, &disk);
	return r < 0 ? r : find_whole(disk, number);
}
