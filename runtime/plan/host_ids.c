/* SPDX-License-Identifier: MIT */
/* Ranges of user ids that others use: machines, by their locks, and users, by the host's files. */
#include "host_parts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "../base/cleanup.h"
#include "../sys/path.h"

/* Shared with systemd-nspawn: a file named by its base for every range, locked while in use. */
#define LOCK_DIRECTORY "/run/systemd/nspawn-uid"
#define RANGE_SIZE     UINT64_C(0x10000)
#define RANGE_MASK     UINT32_C(0xffff0000)
#define FILE_LIMIT     ((size_t)16 << 20)

/* From where to where systemd and we pick: what is taken elsewhere does not matter. */
#define PICK_MIN UINT64_C(0x00080000)
#define PICK_MAX UINT64_C(0x6fffffff)

static void add_base(struct host *host, uint32_t base)
{
	uint32_t *added;

	if (base < PICK_MIN || base > PICK_MAX)
		return;
	/* Neighbouring lines mostly speak of the same range. */
	if (host->uid_taken_count > 0 && host->uid_taken[host->uid_taken_count - 1] == base)
		return;
	added = ARENA_APPEND(&host->arena, host->uid_taken, host->uid_taken_count);
	if (added)
		*added = base;
}

/* The whole number between START and END; false when there is something else. */
static bool parse_number(const char *start, const char *end, uint64_t *number)
{
	*number = 0;
	if (start == end || end - start > 10)
		return false;
	for (const char *at = start; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		*number = *number * 10 + (uint64_t)(*at - '0');
	}
	return true;
}

/* Field INDEX of the line that begins at LINE, fields separated by ':'. */
static bool field_number(const char *line, int index, uint64_t *number)
{
	while (index-- > 0) {
		line += strcspn(line, ":\n");
		if (*line++ != ':')
			return false;
	}
	return parse_number(line, line + strcspn(line, ":\n"), number);
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

void host_parse_ids(struct host *host, const char *text)
{
	uint64_t id;

	for (const char *line = text; *line; line = next_line(line)) {
		if (field_number(line, 2, &id) && id <= UINT32_MAX)
			add_base(host, (uint32_t)id & RANGE_MASK);
	}
}

void host_parse_subids(struct host *host, const char *text)
{
	uint64_t first, count;

	for (const char *line = text; *line; line = next_line(line)) {
		/* What is set aside for root is for machines of root: ours. */
		if (strncmp(line, "root:", 5) == 0 || strncmp(line, "0:", 2) == 0)
			continue;
		if (!field_number(line, 1, &first) || !field_number(line, 2, &count) || !count)
			continue;
		for (uint64_t id = (first < PICK_MIN ? PICK_MIN : first) & RANGE_MASK;
		     id < first + count && id <= PICK_MAX; id += RANGE_SIZE)
			add_base(host, (uint32_t)id);
	}
}

/* A lock that can be had for a moment is none; a range being taken right now is noticed by who
 * takes it. */
static bool is_locked(int directory, const char *name)
{
	CLEANUP_FD int fd =
		openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static void add_locked(struct host *host)
{
	CLEANUP_DIR DIR *locks = opendir(LOCK_DIRECTORY);
	struct dirent *entry;
	uint64_t base;

	while (locks && (entry = readdir(locks))) {
		const char *name = entry->d_name;

		if (parse_number(name, name + strlen(name), &base) && base <= UINT32_MAX &&
		    is_locked(dirfd(locks), name))
			add_base(host, (uint32_t)base & RANGE_MASK);
	}
}

static void add_file(struct host *host, const char *path,
		     void (*parse)(struct host *host, const char *text))
{
	CLEANUP_FREE char *text = NULL;
	size_t size;

	if (file_read_all(path, FILE_LIMIT, &text, &size) == 0)
		parse(host, text);
}

static int compare_bases(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void sort_taken(struct host *host)
{
	size_t used = 0;

	if (host->uid_taken_count == 0)
		return;
	qsort(host->uid_taken, host->uid_taken_count, sizeof(*host->uid_taken), compare_bases);
	for (size_t i = 0; i < host->uid_taken_count; i++) {
		if (i == 0 || host->uid_taken[i] != host->uid_taken[used - 1])
			host->uid_taken[used++] = host->uid_taken[i];
	}
	host->uid_taken_count = used;
}

int host_ids(struct host *host, const struct spec *spec, struct floe_error *error)
{
	(void)error;
	if (spec->userns != SPEC_USERNS_PICK)
		return 0;
	add_locked(host);
	/* As text: NSS would load modules and ask the network. */
	add_file(host, "/etc/passwd", host_parse_ids);
	add_file(host, "/etc/group", host_parse_ids);
	add_file(host, "/etc/subuid", host_parse_subids);
	add_file(host, "/etc/subgid", host_parse_subids);
	sort_taken(host);
	return 0;
}
