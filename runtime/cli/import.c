/* SPDX-License-Identifier: MIT */
/* floe import-tar and import-fs: an archive or a directory becomes an image. */
#include "images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct floe_option import_options[6] = {IMPORT_OPTIONS};

const struct floe_option import_fs_options[2] = {IMPORT_OPTION_ROOT, IMPORT_OPTION_READ_ONLY};

#define NAME_SIZE 65

static int finish(struct progress *progress, int r, const struct floe_error *error,
		  const struct floe_import_options *options, const char *name)
{
	bool shown = progress->shown;

	progress_end(progress);
	if (r < 0)
		return say_error(error);
	if (shown && !options->root)
		fprintf(stderr, "Imported %s; `floe start %s` boots it.\n", name, name);
	return EXIT_SUCCESS;
}

static int import(int archive, const char *file, const char *name,
		  const struct floe_import_options *given)
{
	struct floe_import_options options = *given;
	struct floe_error error = {0};
	struct progress progress;
	int r;

	if (!progress_begin(&progress))
		return EXIT_FAILURE;
	options.progress = progress_show;
	options.note = progress_note;
	options.context = &progress;
	r = floe_import_tar(archive, file, name, &options, &error);
	return finish(&progress, r, &error, &options, name);
}

/* The name as given or as the file's suggests; NULL after an error was printed. */
static const char *choose_name(const struct arguments *arguments, const char *file,
			       char buffer[static NAME_SIZE])
{
	if (arguments->operand_count > 1)
		return arguments->operands[1];
	if (strcmp(file, "-") != 0 && floe_image_name(file, buffer, NAME_SIZE) == 0)
		return buffer;
	say_failure("%s: no image name can be made of '%s'; give one after it",
		    arguments->verb->name, file);
	return NULL;
}

static int import_file(const struct arguments *arguments, const struct floe_import_options *options)
{
	const char *file = arguments->operands[0];
	bool standard = strcmp(file, "-") == 0;
	char buffer[NAME_SIZE];
	const char *name = choose_name(arguments, file, buffer);
	int archive, status;

	if (!name)
		return EXIT_FAILURE;
	archive = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (archive < 0)
		return say_failure("cannot open %s: %s", file, strerror(errno));
	status = import(archive, standard ? "standard input" : file, name, options);
	if (!standard)
		close(archive);
	return status;
}

/* yes or no, where the library wants the opposite. */
static bool read_off(const struct floe_match *match, bool *off)
{
	bool on;

	if (!read_bool(match->option->name, match->value, &on))
		return false;
	*off = !on;
	return true;
}

bool import_take_option(struct floe_import_options *options, const struct floe_match *match)
{
	if (match_is(match, "image-root"))
		options->root = match->value;
	else if (match_is(match, "max-size"))
		return read_size(match, &options->max_bytes);
	else if (match_is(match, "memory"))
		return read_size(match, &options->memory);
	else if (match_is(match, "read-only"))
		options->read_only = true;
	else if (match_is(match, "force"))
		options->replace = true;
	else if (match_is(match, "sync"))
		return read_off(match, &options->no_sync);
	return true;
}

static int import_verb(const struct verb *verb, size_t count, char *const words[],
		       int (*import_operands)(const struct arguments *,
					      const struct floe_import_options *))
{
	struct floe_import_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			if (!import_take_option(&options, &match)) {
				r = -1;
				break;
			}
	status = r == 0 && operands_check(&arguments, 1, 2) ? import_operands(&arguments, &options)
							    : arguments.status;
	arguments_free(&arguments);
	return status;
}

int verb_import_tar(const struct verb *verb, size_t count, char *const words[])
{
	return import_verb(verb, count, words, import_file);
}

static int import_directory(const struct arguments *arguments,
			    const struct floe_import_options *given)
{
	struct floe_import_options options = *given;
	char buffer[NAME_SIZE], path[PATH_MAX];
	struct floe_error error = {0};
	struct progress progress;
	const char *name;
	int r;

	/* "." has a name too. */
	if (!realpath(arguments->operands[0], path))
		return say_failure("cannot open %s: %s", arguments->operands[0], strerror(errno));
	name = choose_name(arguments, path, buffer);
	if (!name)
		return EXIT_FAILURE;
	if (!progress_begin(&progress))
		return EXIT_FAILURE;
	options.progress = progress_show;
	options.context = &progress;
	r = floe_import_fs(path, name, &options, &error);
	return finish(&progress, r, &error, &options, name);
}

int verb_import_fs(const struct verb *verb, size_t count, char *const words[])
{
	return import_verb(verb, count, words, import_directory);
}
