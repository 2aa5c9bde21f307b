/* SPDX-License-Identifier: MIT */
/* What a machine uses and may use, as its control groups tell. */
#include "usage.h"

#include "../base/cleanup.h"
#include "../sys/path.h"
#include "members.h"

#include <limits.h>
#include <string.h>

#define UNKNOWN UINT64_MAX

/* "No limit" of memory.limit_in_bytes is the largest number of whole pages in a long
 * (PAGE_COUNTER_MAX). */
#define V1_NO_LIMIT (UINT64_C(1) << 62)

/* Files with a line for each disk may be long. */
#define FILE_SIZE 8192

/* ---- files of the groups ---- */

static ssize_t read_in(const char *group, const char *file, char *text, size_t size)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", group, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return file_read(path, text, size);
}

ssize_t usage_read(const struct state *state, const char *file, char *text, size_t size)
{
	ssize_t length = *state->cgroup ? read_in(state->cgroup, file, text, size) : -ENOENT;

	for (size_t i = 0; length < 0 && i < state->trace_count; i++) {
		if (strcmp(state->traces[i].kind, "cgroup") == 0)
			length = read_in(state->traces[i].path, file, text, size);
	}
	return length < 0 ? -ENOENT : length;
}

static uint64_t read_number(const struct state *state, const char *file)
{
	char text[64];

	if (usage_read(state, file, text, sizeof(text)) <= 0 || text[0] < '0' || text[0] > '9')
		return UNKNOWN;
	return strtoull(text, NULL, 10);
}

/* The sum of the numbers that follow NAME in TEXT. */
static uint64_t sum_of(const char *text, const char *name)
{
	uint64_t sum = 0;

	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
		sum += strtoull(at + strlen(name), NULL, 10);
	return sum;
}

/* ---- what the processes count themselves ---- */

static ssize_t read_process(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return file_read(path, text, size);
}

/* Pages that are in memory and no file's: resident ones but shared ones (proc(5), statm). */
static uint64_t anonymous_memory(pid_t pid)
{
	unsigned long resident = 0, shared = 0;
	char text[128];

	if (read_process(pid, "statm", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%*u %lu %lu", &resident, &shared) != 2 || shared > resident)
		return 0;
	return (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A process has what its children had once it has waited for them (kernel/exit.c). */
static void add_process(struct floe_usage *sum, pid_t pid)
{
	char text[512];

	sum->memory_bytes += anonymous_memory(pid);
	if (read_process(pid, "io", text, sizeof(text)) <= 0)
		return;
	sum->io_read_bytes += sum_of(text, "\nread_bytes: ");
	sum->io_write_bytes += sum_of(text, "\nwrite_bytes: ");
}

static void count_processes(const struct state *state, struct floe_usage *usage)
{
	struct arena arena = {0};
	struct floe_usage sum = {0};
	struct member *members;
	size_t count;

	if (members_list(state, &arena, &members, &count) == 0) {
		for (size_t i = 0; i < count; i++)
			add_process(&sum, members[i].pid);
		if (usage->memory_bytes == UNKNOWN)
			usage->memory_bytes = sum.memory_bytes;
		if (usage->io_read_bytes == UNKNOWN) {
			usage->io_read_bytes = sum.io_read_bytes;
			usage->io_write_bytes = sum.io_write_bytes;
		}
		if (usage->tasks == UNKNOWN)
			usage->tasks = count;
	}
	arena_free(&arena);
}

/* ---- each resource ---- */

static void read_memory(const struct state *state, struct floe_usage *usage)
{
	usage->memory_bytes = read_number(state, "memory.current");
	usage->memory_max = read_number(state, "memory.max");
	if (usage->memory_bytes != UNKNOWN)
		return;
	usage->memory_bytes = read_number(state, "memory.usage_in_bytes");
	usage->memory_max = read_number(state, "memory.limit_in_bytes");
	if (usage->memory_max >= V1_NO_LIMIT)
		usage->memory_max = UNKNOWN;
}

/* "QUOTA PERIOD", or "max PERIOD"; version 1 has a file for each, and -1 for no quota. */
static uint64_t cpu_limit(const struct state *state)
{
	unsigned long long quota, period;
	char text[64], second[32];

	if (usage_read(state, "cpu.max", text, sizeof(text)) <= 0) {
		if (usage_read(state, "cpu.cfs_quota_us", text, 32) <= 0 ||
		    usage_read(state, "cpu.cfs_period_us", second, sizeof(second)) <= 0)
			return UNKNOWN;
		strcat(text, second);
	}
	if (text[0] < '0' || text[0] > '9' || sscanf(text, "%llu %llu", &quota, &period) != 2 ||
	    period == 0)
		return UNKNOWN;
	return quota * 1000 / period;
}

static void read_cpu(const struct state *state, struct floe_usage *usage)
{
	char text[1024];

	usage->cpu_usec = UNKNOWN;
	/* Every group of version 2 has it, with or without the controller. */
	if (usage_read(state, "cpu.stat", text, sizeof(text)) > 0 && strstr(text, "usage_usec "))
		usage->cpu_usec = sum_of(text, "usage_usec ");
	usage->cpu_max = cpu_limit(state);
}

static void read_io(const struct state *state, struct floe_usage *usage)
{
	char text[FILE_SIZE];

	usage->io_read_bytes = usage->io_write_bytes = UNKNOWN;
	if (usage_read(state, "io.stat", text, sizeof(text)) >= 0) {
		usage->io_read_bytes = sum_of(text, " rbytes=");
		usage->io_write_bytes = sum_of(text, " wbytes=");
	} else if (usage_read(state, "blkio.throttle.io_service_bytes_recursive", text,
			      sizeof(text)) >= 0) {
		usage->io_read_bytes = sum_of(text, " Read ");
		usage->io_write_bytes = sum_of(text, " Write ");
	}
}

void usage_of(const struct state *state, struct floe_usage *usage)
{
	memset(usage, 0xff, sizeof(*usage));
	if (state->phase == STATE_DEAD || state->leader == 0)
		return;
	read_memory(state, usage);
	read_cpu(state, usage);
	read_io(state, usage);
	usage->tasks = read_number(state, "pids.current");
	usage->tasks_max = read_number(state, "pids.max");
	if (usage->memory_bytes == UNKNOWN || usage->io_read_bytes == UNKNOWN ||
	    usage->tasks == UNKNOWN)
		count_processes(state, usage);
}

bool usage_paused(const struct state *state)
{
	char text[8];

	return *state->cgroup && state->phase != STATE_DEAD &&
	       read_in(state->cgroup, "cgroup.freeze", text, sizeof(text)) > 0 && text[0] == '1';
}
