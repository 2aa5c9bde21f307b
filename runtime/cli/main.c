/* SPDX-License-Identifier: MIT */
/* The command line of floe: finds the verb and hands it its words. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int unknown_verb(const char *name)
{
	const char *near = verb_suggest(name);

	if (near)
		return say_failure("there is no verb '%.64s'; did you mean '%s'?", name, near);
	return say_failure("there is no verb '%.64s'; see `floe --help`", name);
}

/* --help and --version stand for the verbs; no other option comes before a verb. */
static const char *verb_of_option(const char *word)
{
	static const struct {
		const char *word, *verb;
	} options[] = {
		{"--help", "help"},
		{"-h", "help"},
		{"--version", "version"},
	};

	for (size_t i = 0; i < ROW_COUNT(options); i++)
		if (strcmp(options[i].word, word) == 0)
			return options[i].verb;
	return word;
}

/* What was printed and did not arrive is a failure. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		say_failure("cannot write to standard output: %s", strerror(errno));
	return status ?: EXIT_FAILURE;
}

/* Started with closed standard descriptors, messages would go to whatever is opened first, a
 * machine's record perhaps. Where there is no /dev/null all stays as it is. */
static void occupy_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int count, char *words[])
{
	const struct verb *verb;
	const char *name;

	occupy_stdio();
	if (count < 2) {
		print_help(stderr, NULL);
		return EXIT_FAILURE;
	}
	name = verb_of_option(words[1]);
	verb = verb_find(name);
	if (!verb && *name == '-')
		return say_failure("there is no option %.64s before a verb; options of a verb "
				   "follow it, see `floe --help`",
				   name);
	if (!verb)
		return unknown_verb(name);
	return finish(verb->main(verb, (size_t)count - 2, words + 2));
}
