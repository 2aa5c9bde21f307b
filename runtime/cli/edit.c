/* SPDX-License-Identifier: MIT */
/* floe cat and edit: the settings file of a machine. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int cat_one(const void *context, const char *name, struct floe_error *error)
{
	char *path, *text;
	int r = floe_settings_read(name, &path, &text, error);

	(void)context;
	if (r == 0 && text)
		printf("# %s\n%s", path, text);
	if (r == 0 && !text) {
		snprintf(error->message, sizeof(error->message),
			 "%s has no settings file; \"floe edit %s\" begins one in %s", name, name,
			 path);
		r = -ENOENT;
	}
	free(path);
	free(text);
	return r;
}

int verb_cat(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		r = arguments_next(&arguments, &match);
	status = r == 0 && operands_check(&arguments, 1, SIZE_MAX)
			 ? act_on_each(&arguments, cat_one, NULL)
			 : arguments.status;
	arguments_free(&arguments);
	return status;
}

/* ---- edit ---- */

#define TEMPLATE                                                                                   \
	"# Settings of a machine, see floe.nspawn(5).\n"                                           \
	"\n"                                                                                       \
	"[Exec]\n"                                                                                 \
	"\n"                                                                                       \
	"[Network]\n"                                                                              \
	"\n"                                                                                       \
	"[X-Floe]\n"

/* As sudoedit(8) and systemctl(1) choose it. It may be a command with arguments. */
static const char *editor(void)
{
	static const char *const names[] = {"SYSTEMD_EDITOR", "VISUAL", "EDITOR"};

	for (size_t i = 0; i < ROW_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return "vi";
}

/* By the shell, which knows what words of a command are; the file is an argument of its own. */
static int run_editor(const char *file)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char *command = NULL;

		if (asprintf(&command, "exec %s \"$1\"", editor()) > 0)
			execl("/bin/sh", "sh", "-c", command, "sh", file, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return say_failure("cannot run an editor: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return EXIT_SUCCESS;
	return say_failure("the editor \"%s\" failed; nothing was changed", editor());
}

static char *read_back(const char *file)
{
	FILE *stream = fopen(file, "re");
	char *text = NULL;
	size_t size = 0;

	/* A NUL byte ends the text: no settings file has one. */
	if (stream && getdelim(&text, &size, '\0', stream) < 0 && text)
		text[0] = '\0';
	if (stream)
		fclose(stream);
	return text;
}

static int print_finding(void *context, const struct floe_finding *finding)
{
	(void)context;
	fprintf(stderr, "%s:%u: %s: %s\n", finding->file, finding->line,
		finding->fatal ? "error" : "warning", finding->text);
	return 0;
}

/* What was written is kept where it was when it cannot be used. */
static int save(const char *name, const char *file, const char *before)
{
	struct floe_error error = {0};
	char *text = read_back(file);
	int status = EXIT_SUCCESS;

	if (!text)
		return say_failure("cannot read %s back: %s", file, strerror(errno));
	if (strcmp(text, before) == 0) {
		unlink(file);
	} else if (floe_settings_write(name, text, print_finding, NULL, &error) < 0) {
		say_error(&error);
		status = say_failure("what was written is in %s", file);
	} else {
		unlink(file);
	}
	free(text);
	return status;
}

static int write_copy(int fd, const char *text)
{
	FILE *stream = fdopen(fd, "we");
	bool good = stream && fputs(text, stream) >= 0;

	if (stream && fclose(stream) != 0)
		good = false;
	return good ? EXIT_SUCCESS
		    : say_failure("cannot write a copy to edit: %s", strerror(errno));
}

/* A copy of its own: an editor that is killed has changed nothing. */
static int edit(const char *name)
{
	char file[] = "/tmp/floe-edit-XXXXXX.nspawn";
	struct floe_error error = {0};
	char *path = NULL, *text = NULL;
	int status, fd;

	if (floe_settings_read(name, &path, &text, &error) < 0)
		return say_error(&error);
	fd = mkostemps(file, (int)strlen(".nspawn"), O_CLOEXEC);
	status = fd < 0 ? say_failure("cannot create %s: %s", file, strerror(errno))
			: write_copy(fd, text ? text : TEMPLATE);
	if (status == EXIT_SUCCESS) {
		status = run_editor(file);
		if (status == EXIT_SUCCESS)
			status = save(name, file, text ? text : TEMPLATE);
		else
			unlink(file);
	}
	free(path);
	free(text);
	return status;
}

int verb_edit(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		r = arguments_next(&arguments, &match);
	status = r == 0 && operands_check(&arguments, 1, 1) ? edit(arguments.operands[0])
							    : arguments.status;
	arguments_free(&arguments);
	return status;
}
