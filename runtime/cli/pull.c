/* SPDX-License-Identifier: MIT */
/* floe pull-tar: an archive on a server becomes an image. */
#include "images.h"

#include <stdlib.h>
#include <string.h>

const struct floe_option pull_options[10] = {
	{.name = "verify",
	 .argument = "MODE",
	 .group = "Fetching",
	 .help = "what to check before the image gets its name, the signature if not given",
	 .words = "signature checksum no"},
	{.name = "keyring",
	 .argument = "FILE",
	 .group = "Fetching",
	 .help = "whose signatures count",
	 .words = "@file"},
	{.name = "proxy",
	 .argument = "URL",
	 .group = "Fetching",
	 .help = "proxy to use, that of the environment if not given"},
	{.name = "timeout",
	 .argument = "SECONDS",
	 .group = "Fetching",
	 .help = "how long the server may be silent, 30 if not given"},
	IMPORT_OPTIONS,
};

static bool read_verify(const char *text, enum floe_verify *verify)
{
	static const char *const words[] = {
		[FLOE_VERIFY_SIGNATURE] = "signature",
		[FLOE_VERIFY_CHECKSUM] = "checksum",
		[FLOE_VERIFY_NO] = "no",
	};

	for (size_t i = 0; i < ROW_COUNT(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*verify = (enum floe_verify)i;
			return true;
		}
	say_failure("--verify=%.64s: expected signature, checksum or no", text);
	return false;
}

static bool take_option(struct floe_pull_options *options, struct floe_import_options *import,
			const struct floe_match *match)
{
	unsigned milliseconds;

	if (match_is(match, "verify"))
		return read_verify(match->value, &options->verify);
	if (match_is(match, "keyring"))
		options->keyring = match->value;
	else if (match_is(match, "proxy"))
		options->proxy = match->value;
	else if (match_is(match, "timeout")) {
		if (!read_timeout(match, &milliseconds))
			return false;
		options->timeout_s = milliseconds < 1000 ? 1 : milliseconds / 1000;
	}
	return import_take_option(import, match);
}

static int pull(const struct arguments *arguments, const struct floe_pull_options *options,
		const struct floe_import_options *import)
{
	struct floe_import_options watched = *import;
	const char *name = arguments->operand_count > 1 ? arguments->operands[1] : NULL;
	struct floe_error error = {0};
	struct progress progress;
	int r;

	if (!progress_begin(&progress))
		return EXIT_FAILURE;
	watched.progress = progress_show;
	watched.note = progress_note;
	watched.context = &progress;
	r = floe_pull_tar(arguments->operands[0], name, options, &watched, &error);
	progress_end(&progress);
	return r < 0 ? say_error(&error) : EXIT_SUCCESS;
}

int verb_pull_tar(const struct verb *verb, size_t count, char *const words[])
{
	struct floe_pull_options options = {.size = sizeof(options)};
	struct floe_import_options import = {.size = sizeof(import)};
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			if (!take_option(&options, &import, &match)) {
				r = -1;
				break;
			}
	status = r == 0 && operands_check(&arguments, 1, 2) ? pull(&arguments, &options, &import)
							    : arguments.status;
	arguments_free(&arguments);
	return status;
}
