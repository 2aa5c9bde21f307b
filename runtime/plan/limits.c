/* SPDX-License-Identifier: MIT */
/* Limits of control groups: which file says them, and how. */
#include "limits.h"

#define DEFAULT_TASKS_MAX 16384

/* A tenth of a second, the kernel's own default (cgroup-v2.rst, cpu.max). */
#define CPU_PERIOD_USEC 100000

static const struct {
	const char *option;
	const char *v1, *v2; /* controllers */
} kinds[] = {
	[LIMIT_TASKS] = {"tasks-max", "pids", "pids"},
	[LIMIT_MEMORY] = {"memory", "memory", "memory"},
	[LIMIT_CPU] = {"cpu", "cpu", "cpu"},
	[LIMIT_IO] = {"io", "blkio", "io"},
};

const char *limit_option(enum limit_kind kind)
{
	return kinds[kind].option;
}

const char *limit_controller(enum limit_kind kind, bool unified)
{
	return unified ? kinds[kind].v2 : kinds[kind].v1;
}

bool limit_is_set(const struct spec *spec, enum limit_kind kind)
{
	switch (kind) {
	case LIMIT_TASKS:
		return spec->tasks_max;
	case LIMIT_MEMORY:
		return spec->memory_max;
	case LIMIT_CPU:
		return spec->cpu_max;
	default:
		return spec->io_read_max || spec->io_write_max;
	}
}

static const char *number(struct arena *arena, uint64_t value, const char *unlimited)
{
	if (value == UINT64_MAX)
		return unlimited;
	return arena_printf(arena, "%llu", (unsigned long long)value);
}

static size_t io_writes(const struct spec *spec, bool unified, const char *disk,
			struct arena *arena, struct limit_write *writes)
{
	if (unified) {
		writes[0] = (struct limit_write){
			"io.max", arena_printf(arena, "%s rbps=%s wbps=%s", disk,
					       number(arena, spec->io_read_max, "max"),
					       number(arena, spec->io_write_max, "max"))};
		return 1;
	}
	/* Zero takes a limit away (Documentation/admin-guide/cgroup-v1/blkio-controller.rst). */
	writes[0] = (struct limit_write){
		"blkio.throttle.read_bps_device",
		arena_printf(arena, "%s %s", disk, number(arena, spec->io_read_max, "0"))};
	writes[1] = (struct limit_write){
		"blkio.throttle.write_bps_device",
		arena_printf(arena, "%s %s", disk, number(arena, spec->io_write_max, "0"))};
	return 2;
}

static size_t cpu_writes(const struct spec *spec, bool unified, struct arena *arena,
			 struct limit_write *writes)
{
	uint64_t quota =
		spec->cpu_max == UINT64_MAX ? UINT64_MAX : spec->cpu_max * (CPU_PERIOD_USEC / 1000);

	if (unified) {
		writes[0] = (struct limit_write){
			"cpu.max",
			arena_printf(arena, "%s %d", number(arena, quota, "max"), CPU_PERIOD_USEC)};
		return 1;
	}
	writes[0] = (struct limit_write){"cpu.cfs_period_us", number(arena, CPU_PERIOD_USEC, NULL)};
	writes[1] = (struct limit_write){"cpu.cfs_quota_us", number(arena, quota, "-1")};
	return 2;
}

size_t limit_writes(const struct spec *spec, enum limit_kind kind, bool unified, const char *disk,
		    struct arena *arena, struct limit_write writes[static LIMIT_WRITES])
{
	switch (kind) {
	case LIMIT_TASKS:
		writes[0] = (struct limit_write){
			"pids.max",
			number(arena, spec->tasks_max ? spec->tasks_max : DEFAULT_TASKS_MAX,
			       "max")};
		return 1;
	case LIMIT_MEMORY:
		writes[0] = (struct limit_write){
			unified ? "memory.max" : "memory.limit_in_bytes",
			number(arena, spec->memory_max, unified ? "max" : "-1")};
		return 1;
	case LIMIT_CPU:
		return cpu_writes(spec, unified, arena, writes);
	default:
		return io_writes(spec, unified, disk, arena, writes);
	}
}
