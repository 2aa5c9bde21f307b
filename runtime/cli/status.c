/* SPDX-License-Identifier: MIT */
/* floe status: what is known of machines, for people. */
#include "properties.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct floe_option status_options[2] = {
	{.name = "lines",
	 .letter = 'n',
	 .argument = "NUMBER",
	 .group = "Showing",
	 .help = "how many lines of the console, 10 if not given; 0: none"},
	{.name = "json", .group = "Showing", .help = "print a JSON array"},
};

/* Deeper groups are shown at this depth. */
#define DEPTH_MAX 16

static void print_label(const char *label)
{
	printf("%12s: ", label);
}

static void print_line(const char *label, const char *text)
{
	if (!*text)
		return;
	print_label(label);
	puts(text);
}

/* ---- state ---- */

static const char *state_colour(const struct floe_machine_info *info)
{
	if (!use_colours(stdout))
		return "";
	if (info->state == FLOE_MACHINE_DEAD)
		return "\033[1;31m";
	return info->state == FLOE_MACHINE_READY && !info->paused ? "\033[1;32m" : "\033[1;33m";
}

static void print_since(uint64_t since_usec)
{
	time_t seconds = (time_t)(since_usec / 1000000);
	char date[64], ago[AMOUNT_SIZE];
	struct timespec now;
	struct tm local;
	uint64_t now_usec;

	clock_gettime(CLOCK_REALTIME, &now);
	now_usec = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (!since_usec || !localtime_r(&seconds, &local))
		return;
	strftime(date, sizeof(date), "%a %Y-%m-%d %H:%M:%S %Z", &local);
	/* The clock may have been set back. */
	if (now_usec > since_usec)
		printf(" since %s; %s ago", date, format_time(now_usec - since_usec, ago));
	else
		printf(" since %s", date);
}

static void print_state(const struct floe_machine_info *info)
{
	const char *colour = state_colour(info);

	print_label("State");
	printf("%s%s%s%s", colour, state_name(info->state), info->paused ? ", paused" : "",
	       *colour ? "\033[0m" : "");
	print_since(info->since_usec);
	putchar('\n');
	if (info->state == FLOE_MACHINE_DEAD)
		printf("%12s  its monitor is gone; `floe gc %s` cleans up\n", "", info->name);
}

static const char *command_of(const struct floe_machine_status *status, pid_t pid)
{
	for (size_t i = 0; i < status->process_count; i++)
		if (status->processes[i].pid == pid)
			return status->processes[i].command;
	return "";
}

static void print_processes_of_note(const struct floe_machine_status *status)
{
	const struct floe_machine_info *info = status->info;
	const char *command = command_of(status, info->leader);

	if (info->leader > 0) {
		print_label("Leader");
		printf(*command ? "%d (%s)\n" : "%d\n", (int)info->leader, command);
	}
	if (info->monitor > 0) {
		print_label("Monitor");
		printf("%d\n", (int)info->monitor);
	}
}

static void print_tree(const struct floe_machine_status *status)
{
	const struct floe_machine_info *info = status->info;

	if (info->directory && *info->directory) {
		print_label("Tree");
		printf("%s%s%s%s", info->directory, *status->tree ? " (" : "", status->tree,
		       *status->tree ? ")" : "");
		if (*status->store && strcmp(status->store, "private") != 0)
			printf(", /nix/store of the host: %s", status->store);
		putchar('\n');
	}
	if (info->uid_count > 0) {
		print_label("Users");
		printf("%" PRIu32 " from %" PRIu32 "\n", info->uid_count, info->uid_base);
	}
}

static void print_list(const char *label, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (i == 0)
			print_line(label, texts[i]);
		else
			printf("%12s  %s\n", "", texts[i]);
}

static void print_network(const struct floe_machine_info *info)
{
	print_line("Link", info->link ?: "");
	print_list("Address", info->addresses, info->address_count);
	print_list("Port", info->ports, info->port_count);
}

/* ---- resources ---- */

static void print_limit(const char *text)
{
	if (strcmp(text, "-") != 0)
		printf(" (at most %s)", text);
	putchar('\n');
}

static void print_usage(const struct floe_usage *usage)
{
	char text[AMOUNT_SIZE], other[AMOUNT_SIZE];

	if (usage->tasks != UINT64_MAX) {
		print_label("Tasks");
		printf("%" PRIu64, usage->tasks);
		snprintf(text, sizeof(text), "%" PRIu64, usage->tasks_max);
		print_limit(usage->tasks_max == UINT64_MAX ? "-" : text);
	}
	if (usage->memory_bytes != UINT64_MAX) {
		print_label("Memory");
		fputs(format_bytes(usage->memory_bytes, text), stdout);
		print_limit(format_bytes(usage->memory_max, text));
	}
	if (usage->cpu_usec != UINT64_MAX) {
		print_label("CPU");
		fputs(format_time(usage->cpu_usec, text), stdout);
		snprintf(text, sizeof(text), "%g CPUs", (double)usage->cpu_max / 1000);
		print_limit(usage->cpu_max == UINT64_MAX ? "-" : text);
	}
	if (usage->io_read_bytes != UINT64_MAX) {
		print_label("IO");
		printf("%s read, %s written\n", format_bytes(usage->io_read_bytes, text),
		       format_bytes(usage->io_write_bytes, other));
	}
}

/* ---- the tree of groups and processes ---- */

/* The length of PATH's first COUNT components. */
static size_t components(const char *path, size_t count)
{
	size_t length = 0;

	while (count-- > 0 && path[length]) {
		length += path[length] == '/';
		length += strcspn(path + length, "/");
	}
	return length;
}

/* Prints what of PATH differs from BEFORE, one component a line. Returns how many PATH has. */
static size_t print_groups(const char *path, const char *before)
{
	size_t depth = 0;
	bool same = true;

	while (components(path, depth) < strlen(path) && depth < DEPTH_MAX) {
		size_t begin = components(path, depth), end = components(path, depth + 1);

		same = same && strncmp(path, before, end) == 0 &&
		       (before[end] == '/' || before[end] == '\0');
		begin += path[begin] == '/';
		if (!same)
			printf("%12s  %*s%.*s\n", "", (int)depth * 2, "", (int)(end - begin),
			       path + begin);
		depth++;
	}
	return depth;
}

static void print_process_tree(const struct floe_machine_status *status)
{
	const char *before = "";

	print_line("Cgroup", status->cgroup);
	for (size_t i = 0; i < status->process_count; i++) {
		const struct floe_process *process = &status->processes[i];
		size_t depth = print_groups(process->cgroup, before);

		printf("%12s  %*s%d %s\n", "", (int)depth * 2, "", (int)process->pid,
		       process->command);
		before = process->cgroup;
	}
}

/* ---- together ---- */

static int print_machine(void *context, const struct floe_machine_status *status)
{
	const struct floe_machine_info *info = status->info;
	bool bold = use_colours(stdout), *first = context;

	printf("%s%s%s%s\n", *first ? "" : "\n", bold ? "\033[1m" : "", info->name,
	       bold ? "\033[0m" : "");
	*first = false;
	print_state(info);
	print_line("Status", info->status ?: "");
	print_processes_of_note(status);
	print_line("OS", status->os_name);
	print_line("Machine ID", status->uuid);
	print_tree(status);
	print_network(info);
	print_usage(&status->usage);
	print_process_tree(status);
	if (status->line_count > 0)
		putchar('\n');
	for (size_t i = 0; i < status->line_count; i++)
		puts(status->lines[i]);
	return 0;
}

static int print_all(const struct arguments *arguments, const struct floe_status_options *options)
{
	int status = EXIT_SUCCESS;
	bool first = true;

	for (size_t i = 0; i < arguments->operand_count || i == 0; i++) {
		const char *name = arguments->operand_count ? arguments->operands[i] : NULL;
		struct floe_error error = {0};

		if (floe_machine_status(name, options, print_machine, &first, &error) < 0)
			status = say_error(&error);
	}
	return status;
}

static bool read_lines(const struct floe_match *match, struct floe_status_options *options)
{
	if (!read_count(match, &options->lines))
		return false;
	options->parts =
		options->lines ? FLOE_STATUS_ALL : FLOE_STATUS_ALL & ~(unsigned)FLOE_STATUS_CONSOLE;
	return true;
}

int verb_status(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_status_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	bool json = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			json |= match_is(&match, "json");
			if (match_is(&match, "lines") && !read_lines(&match, &options)) {
				r = -1;
				break;
			}
		}
	if (r < 0)
		status = arguments.status;
	else
		status = json ? show_json(&arguments) : print_all(&arguments, &options);
	arguments_free(&arguments);
	return status;
}
