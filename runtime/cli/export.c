/* SPDX-License-Identifier: MIT */
/* floe export-tar: an image becomes an archive. */
#include "images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name, *suffix, *short_suffix;
	enum floe_compression compression;
} formats[] = {
	{"none", ".tar", ".tar", FLOE_COMPRESSION_NONE},
	{"xz", ".xz", ".txz", FLOE_COMPRESSION_XZ},
	{"zstd", ".zst", ".tzst", FLOE_COMPRESSION_ZSTD},
	{"gzip", ".gz", ".tgz", FLOE_COMPRESSION_GZIP},
	{"bzip2", ".bz2", ".tbz2", FLOE_COMPRESSION_BZIP2},
};

const struct floe_option export_options[1] = {
	{.name = "format",
	 .argument = "FORMAT",
	 .group = "Exporting",
	 .help = "how to compress, by the file's suffix if not given",
	 .words = "none xz zstd gzip bzip2"},
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), suffix = strlen(end);

	return length > suffix && strcasecmp(text + length - suffix, end) == 0;
}

static enum floe_compression format_of_file(const char *file)
{
	for (size_t i = 0; i < ROW_COUNT(formats); i++)
		if (ends_with(file, formats[i].suffix) || ends_with(file, formats[i].short_suffix))
			return formats[i].compression;
	return FLOE_COMPRESSION_NONE;
}

static bool read_format(const char *text, enum floe_compression *compression)
{
	for (size_t i = 0; i < ROW_COUNT(formats); i++)
		if (strcmp(formats[i].name, text) == 0) {
			*compression = formats[i].compression;
			return true;
		}
	say_failure("--format=%.64s: expected none, xz, zstd, gzip or bzip2", text);
	return false;
}

static int export(const char *name, int fd, const char *target, enum floe_compression compression)
{
	struct floe_export_options options = {
		.size = sizeof(options),
		.compression = compression,
		.progress = progress_show,
	};
	struct floe_error error = {0};
	struct progress progress;
	int r;

	if (!progress_begin(&progress))
		return EXIT_FAILURE;
	options.context = &progress;
	r = floe_export_tar(name, fd, target, &options, &error);
	progress_end(&progress);
	return r < 0 ? say_error(&error) : EXIT_SUCCESS;
}

/* Gives the file its name, on the disk. What is no regular file was written as it is. */
static int settle(int fd, const char *part, const char *file)
{
	if (fsync(fd) == 0 && rename(part, file) == 0)
		return EXIT_SUCCESS;
	return say_failure("cannot write %s: %s", file, strerror(errno));
}

/* The archive grows under another name: what has FILE's is whole. */
static int export_to_file(const char *name, const char *file, enum floe_compression compression)
{
	char part[PATH_MAX];
	int fd, status;

	if (snprintf(part, sizeof(part), "%s.part-%ld", file, (long)getpid()) >= (int)sizeof(part))
		return say_failure("the name of the file is too long");
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_failure("cannot make %s: %s", part, strerror(errno));
	status = export(name, fd, file, compression);
	if (status == EXIT_SUCCESS)
		status = settle(fd, part, file);
	if (status != EXIT_SUCCESS)
		unlink(part);
	close(fd);
	return status;
}

static bool is_special(const char *file)
{
	struct stat status;

	return stat(file, &status) == 0 && !S_ISREG(status.st_mode);
}

static int export_operands(const struct arguments *arguments, enum floe_compression compression,
			   bool given)
{
	const char *name = arguments->operands[0];
	const char *file = arguments->operand_count > 1 ? arguments->operands[1] : "-";
	int fd, status;

	if (strcmp(file, "-") == 0 && isatty(STDOUT_FILENO))
		return say_failure("export-tar: an archive is nothing for a terminal; give a file");
	if (strcmp(file, "-") == 0)
		return export(name, STDOUT_FILENO, "standard output", compression);
	if (!given)
		compression = format_of_file(file);
	if (!is_special(file))
		return export_to_file(name, file, compression);
	fd = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return say_failure("cannot open %s: %s", file, strerror(errno));
	status = export(name, fd, file, compression);
	close(fd);
	return status;
}

int verb_export_tar(const struct verb *verb, size_t count, char *const words[])
{
	enum floe_compression compression = FLOE_COMPRESSION_NONE;
	struct arguments arguments;
	struct floe_match match;
	bool given = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			if (match_is(&match, "format")) {
				given = true;
				if (!read_format(match.value, &compression)) {
					r = -1;
					break;
				}
			}
	status = r == 0 && operands_check(&arguments, 1, 2)
			 ? export_operands(&arguments, compression, given)
			 : arguments.status;
	arguments_free(&arguments);
	return status;
}
