/* SPDX-License-Identifier: MIT */
/* floe logs: the console of a machine in the background, or its journal. */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

const struct floe_option logs_options[3] = {
	{.name = "follow", .letter = 'f', .group = "Showing", .help = "go on until it has ended"},
	{.name = "lines",
	 .letter = 'n',
	 .argument = "NUMBER",
	 .group = "Showing",
	 .help = "the last lines only"},
	{.name = "journal",
	 .letter = 'j',
	 .group = "Showing",
	 .help = "the journal of the systemd inside, not the console"},
};

/* By its own program, which knows its journal's format best, and with the machine's rights. */
static int show_journal(const char *name, const struct floe_logs_options *options)
{
	struct floe_error error = {0};
	char program[] = "journalctl", pager[] = "--no-pager", lines[32] = "--lines=all";
	char follow[] = "--follow";
	char *const words[] = {program, pager, lines, options->follow ? follow : NULL, NULL};
	struct floe_exec_options exec = {
		.size = sizeof(exec),
		.arguments = words,
		.input = -1,
		.output = STDOUT_FILENO,
		.error_output = STDERR_FILENO,
		.signal_fd = signals_take(),
	};
	int status = EXIT_FAILURE;

	if (exec.signal_fd < 0)
		return EXIT_FAILURE;
	if (!options->all)
		snprintf(lines, sizeof(lines), "--lines=%llu", (unsigned long long)options->lines);
	if (floe_exec(name, &exec, &status, &error) < 0)
		status = say_error(&error);
	close(exec.signal_fd);
	return status;
}

static bool read_lines(const struct floe_match *match, struct floe_logs_options *options)
{
	unsigned lines;

	if (!read_count(match, &lines))
		return false;
	options->lines = lines;
	options->all = false;
	return true;
}

int verb_logs(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_logs_options options = {
		.size = sizeof(options), .output = STDOUT_FILENO, .all = true};
	struct arguments arguments;
	struct floe_error error = {0};
	struct floe_match match;
	bool journal = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			options.follow |= match_is(&match, "follow");
			journal |= match_is(&match, "journal");
			if (match_is(&match, "lines") && !read_lines(&match, &options)) {
				r = -1;
				break;
			}
		}
	if (r < 0 || !operands_check(&arguments, 1, 1))
		status = arguments.status;
	else if (journal)
		status = show_journal(arguments.operands[0], &options);
	else
		status = floe_logs(arguments.operands[0], &options, &error) < 0 ? say_error(&error)
										: EXIT_SUCCESS;
	arguments_free(&arguments);
	return status;
}
