/* SPDX-License-Identifier: MIT */
/* floe shell, exec and login: a command, a login shell or a getty in a running machine. */
#include "cli.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct floe_option shell_options[3] = {
	{.name = "user",
	 .letter = 'u',
	 .argument = "USER",
	 .group = "Execution",
	 .help = "run as this user of the machine"},
	{.name = "setenv",
	 .letter = 'E',
	 .argument = "NAME[=VALUE]",
	 .repeatable = true,
	 .group = "Execution",
	 .help = "pass an environment variable"},
	{.name = "chdir",
	 .argument = "PATH",
	 .group = "Execution",
	 .help = "working directory inside"},
};

/* NAME=VALUE strings, ended by NULL; owned. */
struct environment {
	char **variables;
	size_t count;
};

static bool add_variable(struct environment *environment, const char *name, const char *value)
{
	size_t count = environment->count;
	char **grown = realloc(environment->variables, (count + 2) * sizeof(*grown));
	char *text = NULL;

	if (grown)
		environment->variables = grown;
	if (!grown || asprintf(&text, "%s=%s", name, value) < 0) {
		say_failure("out of memory");
		return false;
	}
	grown[count] = text;
	grown[count + 1] = NULL;
	environment->count++;
	return true;
}

static void environment_free(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->variables[i]);
	free(environment->variables);
}

/* NAME=VALUE, or NAME for what is here. */
static bool read_variable(struct environment *environment, const char *text)
{
	size_t length = strcspn(text, "=");
	char *name = strndup(text, length);
	bool good;

	if (length == 0) {
		say_failure("--setenv=%.100s: expected NAME=VALUE or NAME", text);
		good = false;
	} else if (!name) {
		say_failure("out of memory");
		good = false;
	} else {
		good = add_variable(environment, name,
				    text[length] ? text + length + 1 : getenv(name) ?: "");
	}
	free(name);
	return good;
}

static int read_options(struct arguments *arguments, struct floe_exec_options *options,
			struct environment *environment)
{
	struct floe_match match;
	int r;

	while ((r = arguments_next(arguments, &match)) > 0) {
		if (match_is(&match, "user"))
			options->user = match.value;
		if (match_is(&match, "chdir"))
			options->directory = match.value;
		if (match_is(&match, "setenv") && !read_variable(environment, match.value))
			return -1;
	}
	if (options->directory && *options->directory != '/') {
		say_failure("--chdir=%.200s: expected an absolute path inside", options->directory);
		return -1;
	}
	return r;
}

/* The exit status of the command, or 1. */
static int run_inside(const char *name, struct floe_exec_options *options)
{
	struct floe_error error = {0};
	int status = EXIT_FAILURE;

	options->signal_fd = signals_take();
	if (options->signal_fd < 0)
		return EXIT_FAILURE;
	if (floe_exec(name, options, &status, &error) < 0)
		status = say_error(&error);
	close(options->signal_fd);
	return status;
}

/* USER@NAME, as machinectl(1) and ssh(1) have it. The part after the last @. */
static const char *split_user(char *operand, struct floe_exec_options *options)
{
	char *at = strrchr(operand, '@');

	if (!at)
		return operand;
	*at = '\0';
	options->user = *operand ? operand : options->user;
	return at + 1;
}

static int enter(const struct verb *verb, size_t count, char *const words[], bool terminal,
		 size_t min)
{
	struct arguments arguments;
	struct environment environment = {0};
	struct floe_exec_options options = {
		.size = sizeof(options),
		.terminal = terminal,
		.input = STDIN_FILENO,
		.output = STDOUT_FILENO,
		.error_output = STDERR_FILENO,
	};
	const char *type = getenv("TERM");
	int status;

	if (!arguments_begin(&arguments, verb, count, words) ||
	    (terminal && type && !add_variable(&environment, "TERM", type)) ||
	    read_options(&arguments, &options, &environment) < 0 ||
	    !operands_check(&arguments, min, SIZE_MAX)) {
		status = arguments.status;
	} else {
		options.environment = environment.variables;
		if (arguments.operand_count > 1)
			options.arguments = arguments.operands + 1;
		status = run_inside(split_user(arguments.operands[0], &options), &options);
	}
	environment_free(&environment);
	arguments_free(&arguments);
	return status;
}

int verb_shell(const struct verb *verb, size_t count, char *const words[])
{
	return enter(verb, count, words, isatty(STDIN_FILENO), 1);
}

int verb_exec(const struct verb *verb, size_t count, char *const words[])
{
	return enter(verb, count, words, false, 2);
}

int verb_login(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct environment environment = {0};
	struct floe_match match;
	struct floe_exec_options options = {
		.size = sizeof(options),
		.terminal = true,
		.login = true,
		.directory = "/",
		.input = STDIN_FILENO,
		.output = STDOUT_FILENO,
		.error_output = STDERR_FILENO,
	};
	const char *type = getenv("TERM");
	int status;

	if (!arguments_begin(&arguments, verb, count, words) ||
	    arguments_next(&arguments, &match) < 0 || !operands_check(&arguments, 1, 1) ||
	    (type && !add_variable(&environment, "TERM", type))) {
		status = arguments.status;
	} else {
		options.environment = environment.variables;
		status = run_inside(arguments.operands[0], &options);
	}
	environment_free(&environment);
	arguments_free(&arguments);
	return status;
}
