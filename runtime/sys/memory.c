/* SPDX-License-Identifier: MIT */
/* Letting go of memory that a cloned process has from its parent and does not need. */
#include "memory.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Around the thread's own data: its C library's variables and what describes it there. */
#define THREAD_MARGIN 16384

/* AddressSanitizer looks up every access in memory of its own, which looks like any other. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define KEEPS_ALL 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define KEEPS_ALL 1
#endif
#ifndef KEEPS_ALL
#define KEEPS_ALL 0
#endif

struct range {
	uintptr_t start, end;
};

/* A line of /proc/self/maps, proc_pid_maps(5). */
struct mapping {
	struct range range;
	bool shared;
	bool file;
	char name[8]; /* the beginning of it */
};

/* ---- reading ---- */

static uintptr_t parse_hex(const char **text)
{
	uintptr_t number = 0;

	for (;; ++*text) {
		char c = **text;

		if (c >= '0' && c <= '9')
			number = number * 16 + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number = number * 16 + (uintptr_t)(c - 'a' + 10);
		else
			return number;
	}
}

static const char *skip_field(const char *text)
{
	while (*text && *text != ' ')
		text++;
	while (*text == ' ')
		text++;
	return text;
}

/* "start-end perms offset device inode     name"; LINE ends with a NUL byte. */
static struct mapping parse_line(const char *line)
{
	struct mapping mapping = {0};

	mapping.range.start = parse_hex(&line);
	line++;
	mapping.range.end = parse_hex(&line);
	line = skip_field(line);
	mapping.shared = strlen(line) > 3 && line[3] == 's';
	for (int i = 0; i < 3; i++)
		line = skip_field(line);
	mapping.file = *line != '0';
	line = skip_field(line);
	strncpy(mapping.name, line, sizeof(mapping.name) - 1);
	return mapping;
}

/* ---- deciding ---- */

static bool has_prefix(const struct mapping *mapping, const char *prefix)
{
	return strncmp(mapping->name, prefix, strlen(prefix)) == 0;
}

/* What the kernel put there for calls and the clock, e.g. [vdso]. */
static bool is_kernels(const struct mapping *mapping)
{
	return has_prefix(mapping, "[") && !has_prefix(mapping, "[heap") &&
	       !has_prefix(mapping, "[stack") && !has_prefix(mapping, "[anon");
}

/* Variables without a value in the file follow those that have one. BEFORE is where the last
 * mapping of a file ended. */
static bool is_needed(const struct mapping *mapping, uintptr_t before)
{
	if (mapping->shared)
		return false;
	return mapping->file || is_kernels(mapping) || mapping->range.start == before;
}

/* Unmaps what of RANGE is in none of the COUNT ranges of KEPT, which are sorted. */
static void unmap_around(struct range range, const struct range kept[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (kept[i].end <= range.start || kept[i].start >= range.end)
			continue;
		if (kept[i].start > range.start)
			munmap((void *)range.start, kept[i].start - range.start);
		if (kept[i].end >= range.end)
			return;
		range.start = kept[i].end;
	}
	munmap((void *)range.start, range.end - range.start);
}

/* ---- */

struct walk {
	struct range kept[2]; /* sorted */
	uintptr_t file_end;
};

static void handle_line(struct walk *walk, const char *line)
{
	struct mapping mapping = parse_line(line);

	if (!is_needed(&mapping, walk->file_end))
		unmap_around(mapping.range, walk->kept, ARRAY_SIZE(walk->kept));
	walk->file_end = mapping.file && !mapping.shared ? mapping.range.end : 0;
}

/* The kernel goes on after the last line that it gave, by its address: unmapping does not disturb
 * it. Lines longer than the buffer are none of a mapping's but its path. */
static int walk_maps(struct walk *walk, int fd)
{
	char buffer[4096 + 1];
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, buffer + used, sizeof(buffer) - 1 - used)) > 0) {
		char *line = buffer, *newline;

		used += (size_t)n;
		buffer[used] = '\0';
		while ((newline = strchr(line, '\n')) != NULL) {
			*newline = '\0';
			handle_line(walk, line);
			line = newline + 1;
		}
		used -= (size_t)(line - buffer);
		if (used == sizeof(buffer) - 1)
			return -ENAMETOOLONG;
		memmove(buffer, line, used);
	}
	return n < 0 ? -errno : 0;
}

static struct range whole_pages(uintptr_t start, uintptr_t end)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	return (struct range){start & ~(page - 1), (end + page - 1) & ~(page - 1)};
}

/* In every C library the thread is known by the address of what describes it. */
static struct range thread_range(void)
{
	uintptr_t one = (uintptr_t)pthread_self(), other = (uintptr_t)&errno;

	if (one > other) {
		uintptr_t swap = one;

		one = other;
		other = swap;
	}
	return whole_pages(one - THREAD_MARGIN, other + THREAD_MARGIN);
}

int memory_keep_only(const void *kept, size_t size)
{
	CLEANUP_FD int fd = KEEPS_ALL ? -1 : open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct range own = whole_pages((uintptr_t)kept, (uintptr_t)kept + size);
	struct range thread = thread_range();
	struct walk walk = {{own, thread}, 0};

	if (KEEPS_ALL)
		return 0;
	if (fd < 0)
		return -errno;
	if (thread.start < own.start) {
		walk.kept[0] = thread;
		walk.kept[1] = own;
	}
	return walk_maps(&walk, fd);
}
