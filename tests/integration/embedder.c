/* SPDX-License-Identifier: MIT */
/*
 * A program with threads and a SIGCHLD handler of its own that runs machines by libfloe:
 * embedder MODE TREE [COMMAND...]. Prints what it saw; tests/integration/embed.sh judges.
 */
#include "../../runtime/floe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4

static volatile sig_atomic_t children;
static const char *console = "interactive";

static void on_child(int signal)
{
	(void)signal;
	children++;
}

static int count_fds(void)
{
	DIR *list = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(list))
		count++;
	closedir(list);
	return count;
}

/* Runs one machine and returns its status, -1 for an error, which is printed. */
static int run_machine(const char *tree, const char *name, char *const command[], size_t count)
{
	struct floe_run_options options = {.size = sizeof(options),
					   .input = -1,
					   .output = -1,
					   .error_output = -1,
					   .signal_fd = -1};
	struct floe_error error = {0};
	struct floe_spec *spec;
	int status = -1, r;

	r = floe_spec_new(&spec, &error);
	if (r == 0)
		r = floe_spec_set(spec, "directory", tree, &error);
	if (r == 0)
		r = floe_spec_set(spec, "machine", name, &error);
	if (r == 0)
		r = floe_spec_set(spec, "read-only", NULL, &error);
	if (r == 0)
		r = floe_spec_set(spec, "console", console, &error);
	if (r == 0)
		r = floe_spec_set_command(spec, count, command, &error);
	if (r == 0)
		r = floe_run(spec, &options, &status, &error);
	if (r < 0) {
		printf("error %d code %d: %s\n", r, (int)error.code, error.message);
		status = -1;
	}
	floe_spec_free(spec);
	return status;
}

struct job {
	pthread_t thread;
	const char *tree;
	char name[32];
	int number;
	int wrong;
};

static void *run_job(void *context)
{
	struct job *job = context;
	char script[32];
	char *command[] = {"/bin/sh", "-c", script};

	for (int i = 0; i < 3; i++) {
		snprintf(script, sizeof(script), "exit %d", job->number * 10 + i);
		job->wrong += run_machine(job->tree, job->name, command, 3) != job->number * 10 + i;
	}
	return NULL;
}

static int run_threads(const char *tree)
{
	struct job jobs[THREADS];
	int wrong = 0, before;

	run_machine(tree, "warm", (char *[]){"/bin/true"}, 1); /* loads what is loaded once */
	before = count_fds();
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){.tree = tree, .number = i + 1};
		snprintf(jobs[i].name, sizeof(jobs[i].name), "embedded-%d-%d", (int)getpid(), i);
		pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(jobs[i].thread, NULL);
		wrong += jobs[i].wrong;
	}
	printf("wrong %d descriptors %+d\n", wrong, count_fds() - before);
	return wrong > 0;
}

/* Everything about the process that the library promises to leave alone. */
static void print_process(const char *when)
{
	struct sigaction action;
	char directory[4096];
	sigset_t mask;
	mode_t mode = umask(0);
	int blocked = 0;

	umask(mode);
	sigaction(SIGCHLD, NULL, &action);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < 65; i++)
		blocked += sigismember(&mask, i) == 1;
	printf("%s: %s umask %03o handler %s blocked %d\n", when,
	       getcwd(directory, sizeof(directory)), (unsigned)mode,
	       action.sa_handler == on_child ? "ours" : "changed", blocked);
}

static int run_observed(const char *tree, char *command[], size_t count)
{
	struct sigaction action = {.sa_handler = on_child};
	int status;

	sigaction(SIGCHLD, &action, NULL);
	umask(027);
	print_process("before");
	status = run_machine(tree, "observed", command, count);
	print_process("after");
	printf("status %d, left to wait for: %s\n", status,
	       waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD ? "none" : "some");
	return 0;
}

static int run_ignoring(const char *tree, char *command[], size_t count)
{
	signal(SIGCHLD, SIG_IGN);
	printf("status %d\n", run_machine(tree, "ignoring", command, count));
	return 0;
}

/* As a daemon may be: descriptors 0 to 2 are whatever is opened next. */
static int run_closed(const char *tree, char *command[], size_t count)
{
	int out = fcntl(1, F_DUPFD_CLOEXEC, 10), status;

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	console = "pipe";
	status = run_machine(tree, "closed", command, count);
	for (int fd = 0; fd < 3; fd++)
		dprintf(out, "%d %s\n", fd, fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
	dup2(out, 1);
	printf("status %d\n", status);
	return 0;
}

static int show_plan(const char *tree, char *command[], size_t count)
{
	struct floe_error error = {0};
	struct floe_spec *spec;
	char *words[16] = {"-D", (char *)(size_t)tree}, *text = NULL;
	int r = floe_spec_new(&spec, &error);

	for (size_t i = 0; i < count && i < 14; i++)
		words[2 + i] = command[i];
	if (r == 0)
		r = floe_spec_parse(spec, 2 + count, words, &error);
	if (r == 0)
		r = floe_plan(spec, FLOE_FORMAT_TEXT, &text, &error);
	printf("%s\n", r == 0 ? text : error.message);
	free(text);
	floe_spec_free(spec);
	return r < 0;
}

int main(int count, char *words[])
{
	char **command = words + 3;
	size_t length;

	if (count < 3)
		return 2;
	length = (size_t)count - 3;
	if (strcmp(words[1], "threads") == 0)
		return run_threads(words[2]);
	if (strcmp(words[1], "observed") == 0)
		return run_observed(words[2], command, length);
	if (strcmp(words[1], "ignoring") == 0)
		return run_ignoring(words[2], command, length);
	if (strcmp(words[1], "closed") == 0)
		return run_closed(words[2], command, length);
	if (strcmp(words[1], "plan") == 0)
		return show_plan(words[2], command, length);
	return 2;
}
