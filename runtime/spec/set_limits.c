/* SPDX-License-Identifier: MIT */
/* Setting what the payload may use of the machine. */
#include "option.h"

#include "names.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* RLIMIT_NICE holds 20 minus the nice level (getrlimit(2)): a signed value is a level. */
static int read_nice(const char *text, rlim_t *value)
{
	bool below = *text == '-';
	uint64_t level;

	if (!below && *text != '+')
		return text_to_unsigned(text, 40, value);
	if (text_to_unsigned(text + 1, below ? 20 : 19, &level) < 0)
		return -EINVAL;
	*value = below ? 20 + level : 20 - level;
	return 0;
}

/* Part of a second counts as a whole one, so that no limit becomes tighter than asked. */
static int read_seconds(const char *text, rlim_t *value)
{
	const uint64_t second = 1000000;
	uint64_t usec;
	int r = text_to_usec(text, second, &usec);

	if (r == 0)
		*value = usec / second + (usec % second != 0);
	return r;
}

static int read_limit(const char *text, int resource, rlim_t *value)
{
	if (strcmp(text, "infinity") == 0) {
		*value = RLIM_INFINITY;
		return 0;
	}
	switch (rlimit_unit(resource)) {
	case RLIMIT_UNIT_BYTES:
		return text_to_size(text, value);
	case RLIMIT_UNIT_SECONDS:
		return read_seconds(text, value);
	case RLIMIT_UNIT_MICROSECONDS:
		return text_to_usec(text, 1, value);
	case RLIMIT_UNIT_NICE:
		return read_nice(text, value);
	case RLIMIT_UNIT_COUNT:
		break;
	}
	return text_to_unsigned(text, RLIM_INFINITY - 1, value);
}

static const char *limit_accepted(int resource)
{
	static const char *const accepted[] = {
		[RLIMIT_UNIT_COUNT] = "a number or infinity",
		[RLIMIT_UNIT_BYTES] = "bytes, with K, M, G or T for powers of 1024, or infinity",
		[RLIMIT_UNIT_SECONDS] = "seconds, or with s, min, h or d, or infinity",
		[RLIMIT_UNIT_MICROSECONDS] = "microseconds, or with us, ms, s or min, or infinity",
		[RLIMIT_UNIT_NICE] = "0 to 40, a nice level from -20 to +19, or infinity",
	};

	return accepted[rlimit_unit(resource)];
}

static struct spec_rlimit *slot_of_limit(struct spec *spec, int resource)
{
	for (size_t i = 0; i < spec->rlimit_count; i++)
		if (spec->rlimits[i].resource == resource)
			return &spec->rlimits[i];
	return ARENA_APPEND(&spec->arena, spec->rlimits, spec->rlimit_count);
}

/* NAME=SOFT[:HARD]; the last one of a resource counts. */
int set_rlimit(const struct option_call *call)
{
	struct spec_rlimit limit = {0}, *slot;
	size_t length = strcspn(call->value, "=");
	const char *rest = call->value + length;
	char *soft, *hard;

	limit.resource = rlimit_from_name(call->value, length);
	if (limit.resource < 0 || !*rest)
		return option_refuse(call, "expected NAME=SOFT[:HARD], NAME one of %s",
				     rlimit_words);
	rest++;
	soft = text_split(&call->spec->arena, &rest, ':');
	hard = rest ? arena_strdup(&call->spec->arena, rest) : soft;
	if (!soft || read_limit(soft, limit.resource, &limit.soft) < 0 ||
	    read_limit(hard, limit.resource, &limit.hard) < 0)
		return option_refuse(call, "expected %s", limit_accepted(limit.resource));
	if (limit.soft > limit.hard)
		return option_refuse(call, "the soft limit is above the hard one");
	slot = slot_of_limit(call->spec, limit.resource);
	if (slot)
		*slot = limit;
	return 0;
}

int set_oom_score(const struct option_call *call)
{
	bool below = *call->value == '-';
	uint64_t score;

	if (text_to_unsigned(call->value + below, 1000, &score) < 0)
		return option_refuse(call, "expected a number from -1000 to 1000");
	call->spec->oom_score_adjust = below ? -(int)score : (int)score;
	call->spec->oom_score_set = true;
	return 0;
}

/* The most CPUs that Linux can be built for (NR_CPUS of arch/x86/Kconfig with MAXSMP). */
#define CPUS_MAX 8192

/* Marks "N" or "N-M" in CPUS. RANGE is taken apart. */
static int mark_cpus(char *range, bool cpus[static CPUS_MAX])
{
	char *dash = strchr(range, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';
	if (text_to_unsigned(range, CPUS_MAX - 1, &first) < 0 ||
	    text_to_unsigned(dash ? dash + 1 : range, CPUS_MAX - 1, &last) < 0 || first > last)
		return -EINVAL;
	memset(cpus + first, true, last - first + 1);
	return 0;
}

/* The marked ones as ascending ranges, "0-3,5". */
static char *format_cpus(struct arena *arena, const bool cpus[static CPUS_MAX])
{
	char *text = arena_strdup(arena, "");

	for (size_t first = 0, last; first < CPUS_MAX; first = last + 1) {
		const char *comma = *text ? "," : "";

		for (last = first; cpus[first] && last + 1 < CPUS_MAX && cpus[last + 1];)
			last++;
		if (!cpus[first])
			continue;
		text = last == first ? arena_printf(arena, "%s%s%zu", text, comma, first)
				     : arena_printf(arena, "%s%s%zu-%zu", text, comma, first, last);
	}
	return text;
}

/* A list separated by commas or blanks. */
int set_cpu_affinity(const struct option_call *call)
{
	struct arena *arena = &call->spec->arena;
	char *ranges = arena_strdup(arena, call->value);
	bool cpus[CPUS_MAX] = {false};
	char *position = NULL, *text;

	for (char *range = strtok_r(ranges, ", \t\n", &position); range;
	     range = strtok_r(NULL, ", \t\n", &position))
		if (mark_cpus(range, cpus) < 0)
			return option_refuse(call,
					     "expected CPU numbers below %d and ranges of "
					     "them, such as 0-3,5",
					     CPUS_MAX);
	text = format_cpus(arena, cpus);
	if (!*text)
		return option_refuse(call, "expected at least one CPU, such as 0-3,5");
	call->spec->cpu_affinity = text;
	return 0;
}

int set_personality(const struct option_call *call)
{
	if (strcmp(call->value, "x86") != 0 && strcmp(call->value, "x86-64") != 0)
		return option_refuse(call, "expected x86 or x86-64");
	call->spec->personality = arena_strdup(&call->spec->arena, call->value);
	return 0;
}

int set_tasks_max(const struct option_call *call)
{
	uint64_t limit = UINT64_MAX;

	if (strcmp(call->value, "infinity") != 0 &&
	    (text_to_unsigned(call->value, INT_MAX, &limit) < 0 || limit == 0))
		return option_refuse(call, "expected a number of processes and threads from 1 on, "
					   "or infinity");
	call->spec->tasks_max = limit;
	return 0;
}

/* Less would not hold the page that a process begins with. */
#define MEMORY_MIN 65536

int set_memory(const struct option_call *call)
{
	uint64_t limit = UINT64_MAX;

	if (strcmp(call->value, "infinity") != 0 &&
	    (text_to_size(call->value, &limit) < 0 || limit < MEMORY_MIN || limit > INT64_MAX))
		return option_refuse(call, "expected bytes from 64K on, with K, M, G or T for "
					   "powers of 1024, or infinity");
	call->spec->memory_max = limit;
	return 0;
}

/* "2", "0.5", "1.25", "150%" in thousandths. At least one hundredth: the kernel's smallest quota is
 * a millisecond of the period of a hundred (kernel/sched/core.c, min_cfs_quota_period). */
static int read_cpus(const char *text, uint64_t *thousandths)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t value = 0;
	unsigned scale = 1000;

	if (digits == 0 || digits > 6)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	text += digits;
	value *= 1000;
	if (*text == '.') {
		while (*++text >= '0' && *text <= '9' && scale > 1) {
			scale /= 10;
			value += (uint64_t)(*text - '0') * scale;
		}
		if (scale == 1000)
			return -EINVAL;
	}
	if (strcmp(text, "%") == 0)
		value /= 100;
	else if (*text)
		return -EINVAL;
	*thousandths = value;
	return value < 10 ? -EINVAL : 0;
}

int set_cpu(const struct option_call *call)
{
	uint64_t limit = UINT64_MAX;

	if (strcmp(call->value, "infinity") != 0 && read_cpus(call->value, &limit) < 0)
		return option_refuse(call, "expected a number of CPUs from 0.01 on, such as 1.5, "
					   "or as 150%%, or infinity");
	call->spec->cpu_max = limit;
	return 0;
}

static int read_rate(const char *text, uint64_t *rate)
{
	if (strcmp(text, "infinity") == 0) {
		*rate = UINT64_MAX;
		return 0;
	}
	return text_to_size(text, rate) < 0 || *rate == 0 || *rate > INT64_MAX ? -EINVAL : 0;
}

int set_io(const struct option_call *call)
{
	const char *colon = strchr(call->value, ':');
	char *first = arena_strndup(&call->spec->arena, call->value,
				    colon ? (size_t)(colon - call->value) : strlen(call->value));
	uint64_t to_read, to_write;

	if (read_rate(first, &to_read) < 0 || read_rate(colon ? colon + 1 : first, &to_write) < 0)
		return option_refuse(call, "expected bytes a second, with K, M or G for powers of "
					   "1024, or infinity; for reading and writing, or one "
					   "after the other with a colon between");
	call->spec->io_read_max = to_read;
	call->spec->io_write_max = to_write;
	return 0;
}
