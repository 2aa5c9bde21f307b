/* SPDX-License-Identifier: MIT */
/* The verbs for images and the host, and what they share. */
#ifndef FLOE_CLI_IMAGES_H
#define FLOE_CLI_IMAGES_H

#include "cli.h"

int verb_import_tar(const struct verb *verb, size_t count, char *const words[]);
int verb_pull_tar(const struct verb *verb, size_t count, char *const words[]);
int verb_import_fs(const struct verb *verb, size_t count, char *const words[]);
int verb_export_tar(const struct verb *verb, size_t count, char *const words[]);
int verb_list_images(const struct verb *verb, size_t count, char *const words[]);
int verb_image_status(const struct verb *verb, size_t count, char *const words[]);
int verb_clone(const struct verb *verb, size_t count, char *const words[]);
int verb_rename(const struct verb *verb, size_t count, char *const words[]);
int verb_remove(const struct verb *verb, size_t count, char *const words[]);
int verb_read_only(const struct verb *verb, size_t count, char *const words[]);
int verb_set_limit(const struct verb *verb, size_t count, char *const words[]);
int verb_doctor(const struct verb *verb, size_t count, char *const words[]);
int verb_clean(const struct verb *verb, size_t count, char *const words[]);

extern const struct floe_option import_options[6], pull_options[10], import_fs_options[2],
	export_options[1], list_images_options[3], image_status_options[1], clone_options[1],
	doctor_options[1];

/* Options of what makes images, for the tables of several verbs. */
#define IMPORT_OPTION_ROOT                                                                         \
	{                                                                                          \
		.name = "image-root", .argument = "PATH", .group = "Importing",                    \
		.help = "where images live, /var/lib/machines if not given", .words = "@directory" \
	}
#define IMPORT_OPTION_READ_ONLY                                                                    \
	{                                                                                          \
		.name = "read-only", .group = "Importing", .help = "mark the image read-only"      \
	}
#define IMPORT_OPTIONS                                                                             \
	IMPORT_OPTION_ROOT, IMPORT_OPTION_READ_ONLY,                                               \
		{.name = "max-size",                                                               \
		 .argument = "BYTES",                                                              \
		 .group = "Importing",                                                             \
		 .help = "refuse to unpack more than this"},                                       \
		{.name = "force",                                                                  \
		 .group = "Importing",                                                             \
		 .help = "replace an image of that name, at once and when all is well"},           \
		{.name = "memory",                                                                 \
		 .argument = "BYTES",                                                              \
		 .group = "Importing",                                                             \
		 .help = "what decompression may take, 256M if not given"},                        \
	{                                                                                          \
		.name = "sync", .argument = "BOOL", .group = "Importing",                          \
		.help = "whether data is on the disk before the image gets its name, yes if not "  \
			"given",                                                                   \
		.words = "yes no"                                                                  \
	}

/* Takes MATCH if it is one of these; false after an error was printed. */
bool import_take_option(struct floe_import_options *options, const struct floe_match *match);

/* ---- Progress of work that takes a while ------------------------------------------------------- */

struct progress {
	bool shown; /* on a terminal */
	bool drawn;
	bool quiet;
	int signal_fd; /* negative: progress_begin() failed */
	uint64_t begun_msec, last_msec;
};

/* Takes over signals, see signals_take(). False after an error was printed. */
bool progress_begin(struct progress *progress);
void progress_end(struct progress *progress);

/* A floe_progress_function and a floe_note_function; CONTEXT is a struct progress. */
int progress_show(void *context, uint64_t bytes, uint64_t total, uint64_t entries);
void progress_note(void *context, const char *text);

/* "12.3 MiB"; SIZE: of TEXT, 16 suffice. */
const char *size_text(uint64_t bytes, char *text, size_t size);

/* "2026-01-31 12:00" in local time, "-" for 0. */
const char *time_text(uint64_t usec, char *text, size_t size);

/* ---- Listing ----------------------------------------------------------------------------------- */

/* Prints all images; SIZES: with what they take on the disk. Returns an exit status. */
int images_print(bool json, bool legend, bool sizes);

#endif
