/* SPDX-License-Identifier: MIT */
/* floe top: what machines use, again and again. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DELAY_MS 2000

const struct floe_option top_options[4] = {
	{.name = "iterations",
	 .letter = 'n',
	 .argument = "NUMBER",
	 .group = "Showing",
	 .help = "end after so many tables"},
	{.name = "delay",
	 .letter = 'd',
	 .argument = "SECONDS",
	 .group = "Showing",
	 .help = "time between tables, 2 if not given"},
	{.name = "json", .group = "Showing", .help = "print each table as a JSON array, a line"},
	{.name = "no-legend", .group = "Showing", .help = "leave the heading out"},
};

struct sample {
	char name[65];
	const char *state;
	struct floe_usage usage;
	double cpu;           /* CPUs used since the sample before; negative: not known yet */
	double read, written; /* bytes a second */
};

struct table {
	struct sample *samples;
	size_t count;
	uint64_t time_usec;
};

struct top {
	unsigned iterations, delay_ms;
	bool json, legend, full; /* full: of a terminal, redrawn */
	struct table now, before;
};

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- sampling ---- */

static const struct sample *find_sample(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->samples[i].name, name) == 0)
			return &table->samples[i];
	return NULL;
}

/* A counter that went back is that of another machine of the name. */
static double rate(uint64_t now, uint64_t before, uint64_t usec)
{
	if (now == UINT64_MAX || before == UINT64_MAX || now < before || usec == 0)
		return -1;
	return (double)(now - before) * 1e6 / (double)usec;
}

static void compare(struct sample *sample, const struct top *top)
{
	const struct sample *old = find_sample(&top->before, sample->name);
	uint64_t usec = top->now.time_usec - top->before.time_usec;

	sample->cpu = sample->read = sample->written = -1;
	if (!old)
		return;
	sample->cpu = rate(sample->usage.cpu_usec, old->usage.cpu_usec, usec) / 1e6;
	sample->read = rate(sample->usage.io_read_bytes, old->usage.io_read_bytes, usec);
	sample->written = rate(sample->usage.io_write_bytes, old->usage.io_write_bytes, usec);
}

static int add_sample(void *context, const struct floe_machine_status *status)
{
	struct top *top = context;
	struct sample *grown =
		realloc(top->now.samples, (top->now.count + 1) * sizeof(*top->now.samples));
	struct sample *sample;

	if (!grown)
		return 1;
	top->now.samples = grown;
	sample = &grown[top->now.count++];
	*sample = (struct sample){
		.state = status->info->paused ? "paused" : state_name(status->info->state),
		.usage = status->usage,
	};
	snprintf(sample->name, sizeof(sample->name), "%s", status->info->name);
	compare(sample, top);
	return 0;
}

/* Who uses most comes first. */
static int compare_samples(const void *left, const void *right)
{
	const struct sample *a = left, *b = right;

	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? 1 : -1;
	return strcmp(a->name, b->name);
}

static int take_table(struct top *top)
{
	const struct floe_status_options options = {.size = sizeof(options),
						    .parts = FLOE_STATUS_USAGE};
	struct floe_error error = {0};
	int r;

	free(top->before.samples);
	top->before = top->now;
	top->now = (struct table){.time_usec = clock_now()};
	r = floe_machine_status(NULL, &options, add_sample, top, &error);
	if (r > 0)
		return say_failure("out of memory");
	if (r < 0)
		return say_error(&error);
	if (top->now.count > 0)
		qsort(top->now.samples, top->now.count, sizeof(*top->now.samples), compare_samples);
	return EXIT_SUCCESS;
}

/* ---- showing ---- */

static const char *format_rate(double bytes, char text[static AMOUNT_SIZE])
{
	return bytes < 0 ? strcpy(text, "-") : format_bytes((uint64_t)bytes, text);
}

static void add_row(struct text_table *table, const struct sample *sample)
{
	char cpu[16] = "-", tasks[24] = "-", memory[AMOUNT_SIZE], used[AMOUNT_SIZE];
	char reads[AMOUNT_SIZE], writes[AMOUNT_SIZE];

	if (sample->cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%.1f", sample->cpu * 100);
	if (sample->usage.tasks != UINT64_MAX)
		snprintf(tasks, sizeof(tasks), "%" PRIu64, sample->usage.tasks);
	table_add(table, (const char *const[]){sample->name, sample->state, tasks, cpu,
					       format_time(sample->usage.cpu_usec, used),
					       format_bytes(sample->usage.memory_bytes, memory),
					       format_rate(sample->read, reads),
					       format_rate(sample->written, writes)});
}

static size_t rows_of_terminal(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 2)
		return SIZE_MAX;
	return (size_t)size.ws_row - 2;
}

static int print_table_of(const struct top *top)
{
	static const char *const heading[] = {"NAME", "STATE",  "TASKS",  "CPU%",
					      "CPU",  "MEMORY", "READ/S", "WRITTEN/S"};
	struct text_table table = {.columns = ROW_COUNT(heading)};
	size_t rows = top->full ? rows_of_terminal() : SIZE_MAX;
	int status;

	table_add(&table, heading);
	for (size_t i = 0; i < top->now.count && i < rows; i++)
		add_row(&table, &top->now.samples[i]);
	if (top->full)
		fputs("\033[H\033[J", stdout);
	status = table_print(&table, top->legend);
	fflush(stdout);
	return status;
}

static void print_json_number(const char *key, uint64_t number)
{
	if (number == UINT64_MAX)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%" PRIu64, key, number);
}

static void print_json_rate(const char *key, double number)
{
	if (number < 0)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%.3f", key, number);
}

static int print_json(const struct top *top)
{
	putchar('[');
	for (size_t i = 0; i < top->now.count; i++) {
		const struct sample *sample = &top->now.samples[i];

		printf("%s{\"name\":\"%s\",\"state\":\"%s\"", i ? "," : "", sample->name,
		       sample->state);
		print_json_number("tasks", sample->usage.tasks);
		print_json_rate("cpus", sample->cpu);
		print_json_number("cpu_usec", sample->usage.cpu_usec);
		print_json_number("memory_bytes", sample->usage.memory_bytes);
		print_json_rate("io_read_rate", sample->read);
		print_json_rate("io_write_rate", sample->written);
		putchar('}');
	}
	puts("]");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the loop ---- */

/* Waits until the next table is due. False: a key or signal ends it. */
static bool pause_until(uint64_t deadline, int signals, bool keys)
{
	struct pollfd polls[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = keys ? STDIN_FILENO : -1, .events = POLLIN},
	};
	struct signalfd_siginfo info;
	uint64_t now = clock_now();
	char key = 0;

	if (now >= deadline)
		return true;
	if (poll(polls, 2, (int)((deadline - now + 999) / 1000)) <= 0)
		return true;
	/* Another window size is reason enough for another table. */
	if (polls[0].revents && read(signals, &info, sizeof(info)) == sizeof(info))
		return info.ssi_signo == SIGWINCH;
	if (polls[1].revents && read(STDIN_FILENO, &key, 1) != 1)
		return false;
	return key != 'q' && key != 'Q' && key != 3;
}

static int run_tables(struct top *top, int signals)
{
	int status = EXIT_SUCCESS;

	for (unsigned i = 0; status == EXIT_SUCCESS; i++) {
		status = take_table(top);
		if (status == EXIT_SUCCESS)
			status = top->json ? print_json(top) : print_table_of(top);
		if ((top->iterations && i + 1 == top->iterations) ||
		    !pause_until(top->now.time_usec + top->delay_ms * UINT64_C(1000), signals,
				 top->full))
			break;
	}
	return status;
}

/* A screen of its own, keys one by one; both are given back. */
static int run_on_terminal(struct top *top, int signals)
{
	struct termios before, changed;
	int status;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return say_failure("top: cannot use the terminal: %s", strerror(errno));
	changed = before;
	changed.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &changed);
	fputs("\033[?1049h\033[?25l", stdout);
	status = run_tables(top, signals);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return status;
}

static int run(struct top *top)
{
	int signals = signals_take(), status;

	if (signals < 0)
		return EXIT_FAILURE;
	top->full = !top->json && !top->iterations && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	status = top->full ? run_on_terminal(top, signals) : run_tables(top, signals);
	close(signals);
	free(top->now.samples);
	free(top->before.samples);
	return status;
}

static bool read_option(struct top *top, const struct floe_match *match)
{
	top->json |= match_is(match, "json");
	top->legend &= !match_is(match, "no-legend");
	if (match_is(match, "iterations"))
		return read_count(match, &top->iterations);
	if (match_is(match, "delay"))
		return read_timeout(match, &top->delay_ms);
	return true;
}

int verb_top(const struct verb *verb, size_t count, char *const words[])
{
	struct top top = {.legend = true, .delay_ms = DELAY_MS};
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			if (!read_option(&top, &match)) {
				r = -1;
				break;
			}
	status = r == 0 && operands_check(&arguments, 0, 0) ? run(&top) : arguments.status;
	arguments_free(&arguments);
	return status;
}
