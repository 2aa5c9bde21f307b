/* SPDX-License-Identifier: MIT */
/*
 * Times commands against each other: timer ROUNDS PAUSE_MS NAME [-m FILE] WORD... [-- NAME ...]...
 *
 * Each round runs every command once, so that whatever else the machine does falls on all alike.
 * -m FILE runs the command in the mount namespace of that file. The command "@floor PROGRAM" is no
 * program: a child is cloned straight into all namespaces and becomes PROGRAM, which no runtime
 * can do faster. Times are from before the clone until the child is reaped; "cpu" is the median of
 * what it and the children it waited for computed, which other load changes least. A command that
 * fails ends everything.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#define CASES_MAX 16
#define ALL_NAMESPACES                                                                             \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |                 \
	 CLONE_NEWCGROUP | CLONE_NEWUSER)

struct timed_case {
	const char *name;
	char **command;
	int mount_namespace; /* -1: the caller's */
	double *times;       /* milliseconds, of the clock */
	double *computed;    /* milliseconds, of the processor */
};

static int null_fd;

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static bool is_floor(const struct timed_case *timed)
{
	return strcmp(timed->command[0], "@floor") == 0;
}

/* vfork() copies no page table, so the size of this program counts for nothing; the child, which
 * shares all memory until it is another program, makes system calls alone. */
static pid_t start_command(const struct timed_case *timed)
{
	pid_t pid = vfork();

	if (pid == 0) {
		if (timed->mount_namespace >= 0 && setns(timed->mount_namespace, CLONE_NEWNS) < 0)
			_exit(127);
		dup2(null_fd, 0);
		dup2(null_fd, 1);
		execvp(timed->command[0], timed->command);
		_exit(127);
	}
	return pid;
}

static pid_t start_floor(const struct timed_case *timed)
{
	struct clone_args arguments = {.flags = ALL_NAMESPACES, .exit_signal = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid == 0) {
		execv(timed->command[1], timed->command + 1);
		_exit(127);
	}
	return pid;
}

static double milliseconds(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

static void run_once(const struct timed_case *timed, size_t round)
{
	double start = now_ms();
	pid_t pid = is_floor(timed) ? start_floor(timed) : start_command(timed);
	struct rusage usage;
	int status;

	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		give_up(timed->name);
	timed->times[round] = now_ms() - start;
	timed->computed[round] = milliseconds(&usage.ru_utime) + milliseconds(&usage.ru_stime);
	if (status != 0) {
		fprintf(stderr, "%s: ended with status %#x\n", timed->name, (unsigned int)status);
		exit(EXIT_FAILURE);
	}
}

static int time_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct timed_case *cases, size_t count, size_t rounds, long pause_ms)
{
	const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};

	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			run_once(&cases[i], round);
			/* The kernel takes namespaces down later: not at the next one's cost. */
			nanosleep(&pause, NULL);
		}
	}
	for (size_t i = 0; i < count; i++) {
		qsort(cases[i].times, rounds, sizeof(double), time_compare);
		qsort(cases[i].computed, rounds, sizeof(double), time_compare);
	}
}

/* Ratios are of the medians, of the first command to each. */
static void report(const struct timed_case *cases, size_t count, size_t rounds)
{
	size_t median = rounds / 2, ninth = rounds * 9 / 10;

	printf("%-20s %8s %8s %8s %8s   %s\n", "ms", "min", "p50", "p90", "cpu", "ratio of p50");
	for (size_t i = 0; i < count; i++) {
		const double *times = cases[i].times;

		printf("%-20s %8.2f %8.2f %8.2f %8.2f", cases[i].name, times[0], times[median],
		       times[ninth], cases[i].computed[median]);
		if (i > 0)
			printf("   %s/%s = %.3f", cases[0].name, cases[i].name,
			       cases[0].times[median] / times[median]);
		putchar('\n');
	}
}

static void read_case(struct timed_case *timed, char **words, size_t rounds)
{
	timed->name = words[0];
	timed->command = words + 1;
	timed->mount_namespace = -1;
	timed->times = calloc(rounds, sizeof(double));
	timed->computed = calloc(rounds, sizeof(double));
	if (!timed->times || !timed->computed)
		give_up("memory");
	if (timed->command[0] && timed->command[1] && strcmp(timed->command[0], "-m") == 0) {
		timed->mount_namespace = open(timed->command[1], O_RDONLY | O_CLOEXEC);
		if (timed->mount_namespace < 0)
			give_up(timed->command[1]);
		timed->command += 2;
	}
	if (!timed->command[0] || (is_floor(timed) && !timed->command[1])) {
		fprintf(stderr, "%s: no command\n", timed->name);
		exit(EXIT_FAILURE);
	}
}

/* Cuts WORDS at "--" and reads each part. */
static size_t read_cases(struct timed_case *cases, char **words, size_t rounds)
{
	size_t count = 0;

	while (*words && count < CASES_MAX) {
		char **end = words;

		while (*end && strcmp(*end, "--") != 0)
			end++;
		if (*end)
			*end++ = NULL;
		read_case(&cases[count++], words, rounds);
		words = end;
	}
	return count;
}

int main(int argc, char **argv)
{
	struct timed_case cases[CASES_MAX];
	size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, count;

	if (argc < 5 || rounds == 0) {
		fprintf(stderr, "usage: timer ROUNDS PAUSE_MS NAME [-m FILE] WORD... [-- ...]\n");
		return EXIT_FAILURE;
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		give_up("/dev/null");
	count = read_cases(cases, argv + 3, rounds);
	measure(cases, count, rounds, strtol(argv[2], NULL, 10));
	report(cases, count, rounds);
	for (size_t i = 0; i < count; i++) {
		free(cases[i].times);
		free(cases[i].computed);
		cleanup_fd(&cases[i].mount_namespace);
	}
	return EXIT_SUCCESS;
}
