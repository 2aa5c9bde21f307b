/* SPDX-License-Identifier: MIT */
/* What ps(1) shows of a cloned process. */
#include "title.h"

#include "path.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Fields of /proc/PID/stat, counted from 1: proc_pid_stat(5). */
#define FIELD_AFTER_NAME 3
#define FIELD_ARG_START  48
#define FIELD_ARG_END    49

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* The number in FIELD of TEXT, which begins with FIELD_AFTER_NAME; 0 when there is none. */
static uintptr_t find_number(const char *text, int field)
{
	uintptr_t number = 0;

	for (int i = FIELD_AFTER_NAME; i < field; i++) {
		text = strchr(text, ' ');
		if (!text)
			return 0;
		text++;
	}
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uintptr_t)(*text - '0');
	return number;
}

/* The name, in parentheses, may have any characters: also these. */
static int find_arguments(uintptr_t *start, uintptr_t *end)
{
	char text[2048];
	const char *name_end;
	ssize_t size = file_read("/proc/self/stat", text, sizeof(text));

	if (size < 0)
		return (int)size;
	name_end = strrchr(text, ')');
	if (!name_end || name_end[1] != ' ')
		return -EBADMSG;
	*start = find_number(name_end + 2, FIELD_ARG_START);
	*end = find_number(name_end + 2, FIELD_ARG_END);
	return *start != 0 && *start < *end ? 0 : -ENODATA;
}

int title_set(const char *title)
{
	uintptr_t start, end, page = (uintptr_t)sysconf(_SC_PAGESIZE), first;
	size_t length = strlen(title);
	int r = find_arguments(&start, &end);

	if (r < 0)
		return r;
	first = start & ~(page - 1);
	if (mmap((void *)first, end - first, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return -errno;
	memcpy((void *)start, title, length < end - start ? length : end - start - 1);
	return 0;
}
