/* SPDX-License-Identifier: MIT */
/* floe import-tar: an archive becomes an image. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

const struct floe_option import_options[2] = {
	{.name = "image-root",
	 .argument = "PATH",
	 .group = "Importing",
	 .help = "where images live, /var/lib/machines if not given",
	 .words = "@directory"},
	{.name = "max-size",
	 .argument = "BYTES",
	 .group = "Importing",
	 .help = "refuse to unpack more than this"},
};

#define NAME_SIZE 65

struct progress {
	bool shown; /* on a terminal */
	bool drawn;
	int signal_fd;
	uint64_t last_msec;
	bool quiet;
};

static uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whether the user wants it to end. A window that changes its size does not count. */
static bool is_interrupted(int signal_fd)
{
	struct signalfd_siginfo signal;

	while (read(signal_fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal))
		if (signal.ssi_signo == SIGINT || signal.ssi_signo == SIGTERM ||
		    signal.ssi_signo == SIGHUP)
			return true;
	return false;
}

/* "####....  42%  123 MiB  4567 files", drawn over itself. */
static void draw(uint64_t bytes, uint64_t total, uint64_t entries)
{
	static const char full[] = "########################", empty[] = "........................";
	const unsigned width = sizeof(full) - 1;
	unsigned percent = total ? (unsigned)(bytes * 100 / total) : 0;
	unsigned filled = (percent > 100 ? 100 : percent) * width / 100;

	if (total)
		fprintf(stderr, "\r%.*s%.*s %3u%%", (int)filled, full, (int)(width - filled), empty,
			percent > 100 ? 100 : percent);
	else
		fputc('\r', stderr);
	fprintf(stderr, "  %" PRIu64 " MiB read, %" PRIu64 " files\033[K", bytes >> 20, entries);
	fflush(stderr);
}

static int show_progress(void *context, uint64_t bytes, uint64_t total, uint64_t entries)
{
	const uint64_t interval_msec = 100;
	struct progress *progress = context;
	uint64_t now = now_msec();

	if (is_interrupted(progress->signal_fd))
		return 1;
	if (!progress->shown || (progress->drawn && now - progress->last_msec < interval_msec))
		return 0;
	draw(bytes, total, entries);
	progress->drawn = true;
	progress->last_msec = now;
	return 0;
}

static void note(void *context, const char *text)
{
	struct progress *progress = context;

	if (progress->drawn)
		fputs("\r\033[K", stderr);
	say_note(&progress->quiet, text);
}

static int import(int archive, const char *file, const char *name,
		  const struct floe_import_options *given)
{
	struct floe_import_options options = *given;
	struct floe_error error = {0};
	struct progress progress = {
		.shown = use_colours(stderr),
		.signal_fd = signals_take(),
	};
	int r;

	if (progress.signal_fd < 0)
		return EXIT_FAILURE;
	options.progress = show_progress;
	options.note = note;
	options.context = &progress;
	r = floe_import_tar(archive, file, name, &options, &error);
	if (progress.drawn)
		fputs("\r\033[K", stderr);
	close(progress.signal_fd);
	if (r < 0)
		return say_error(&error);
	if (progress.shown && !options.root)
		fprintf(stderr, "Imported %s; `floe start %s` boots it.\n", name, name);
	return EXIT_SUCCESS;
}

/* The name as given or as the file's suggests; NULL after an error was printed. */
static const char *choose_name(const struct arguments *arguments, char buffer[static NAME_SIZE])
{
	const char *file = arguments->operands[0];

	if (arguments->operand_count > 1)
		return arguments->operands[1];
	if (strcmp(file, "-") != 0 && floe_image_name(file, buffer, NAME_SIZE) == 0)
		return buffer;
	say_failure("import-tar: no image name can be made of '%s'; give one after it", file);
	return NULL;
}

static int import_file(const struct arguments *arguments, const struct floe_import_options *options)
{
	const char *file = arguments->operands[0];
	bool standard = strcmp(file, "-") == 0;
	char buffer[NAME_SIZE];
	const char *name = choose_name(arguments, buffer);
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

int verb_import_tar(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_import_options options = {.size = sizeof(options)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			if (match_is(&match, "image-root"))
				options.root = match.value;
			if (match_is(&match, "max-size") &&
			    !read_size(&match, &options.max_bytes)) {
				r = -1;
				break;
			}
		}
	status = r == 0 && operands_check(&arguments, 1, 2) ? import_file(&arguments, &options)
							    : arguments.status;
	arguments_free(&arguments);
	return status;
}
