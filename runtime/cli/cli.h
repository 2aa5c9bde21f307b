/* SPDX-License-Identifier: MIT */
/* What the verbs of the command line share. They use nothing of the library but floe.h. */
#ifndef FLOE_CLI_CLI_H
#define FLOE_CLI_CLI_H

#include "../floe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ROW_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Verbs: one row each, from which dispatch, help, completion and manual check follow ------ */

struct verb {
	const char *name;
	const char *group;    /* heading in help */
	const char *operands; /* what follows the options, for help */
	const char *help;     /* one line */
	const char *words;    /* completion of operands, as in struct floe_option */
	bool runs;            /* takes the options of floe_options() too */
	int leading;          /* operands that options may follow: the rest is a command; -1: any */
	const struct floe_option *options;
	size_t option_count;
	int (*main)(const struct verb *verb, size_t count, char *const words[]);
};

extern const struct verb verbs[];
extern const size_t verb_count;

/* The row of NAME, or NULL. */
const struct verb *verb_find(const char *name);

/* The verb nearest to a mistyped one, or NULL when none is near. */
const char *verb_suggest(const char *name);

/* Each returns the exit status. WORDS: what follows the verb. */
int verb_run(const struct verb *verb, size_t count, char *const words[]);
int verb_start(const struct verb *verb, size_t count, char *const words[]);
int verb_plan(const struct verb *verb, size_t count, char *const words[]);
int verb_shell(const struct verb *verb, size_t count, char *const words[]);
int verb_reload(const struct verb *verb, size_t count, char *const words[]);
int verb_stop(const struct verb *verb, size_t count, char *const words[]);
int verb_terminate(const struct verb *verb, size_t count, char *const words[]);
int verb_status(const struct verb *verb, size_t count, char *const words[]);
int verb_show(const struct verb *verb, size_t count, char *const words[]);
int verb_kill(const struct verb *verb, size_t count, char *const words[]);
int verb_pause(const struct verb *verb, size_t count, char *const words[]);
int verb_resume(const struct verb *verb, size_t count, char *const words[]);
int verb_reboot(const struct verb *verb, size_t count, char *const words[]);
int verb_restart(const struct verb *verb, size_t count, char *const words[]);
int verb_console(const struct verb *verb, size_t count, char *const words[]);
int verb_login(const struct verb *verb, size_t count, char *const words[]);
int verb_logs(const struct verb *verb, size_t count, char *const words[]);
int verb_set(const struct verb *verb, size_t count, char *const words[]);
int verb_top(const struct verb *verb, size_t count, char *const words[]);
int verb_bind(const struct verb *verb, size_t count, char *const words[]);
int verb_copy_to(const struct verb *verb, size_t count, char *const words[]);
int verb_copy_from(const struct verb *verb, size_t count, char *const words[]);
int verb_enable(const struct verb *verb, size_t count, char *const words[]);
int verb_disable(const struct verb *verb, size_t count, char *const words[]);
int verb_cat(const struct verb *verb, size_t count, char *const words[]);
int verb_edit(const struct verb *verb, size_t count, char *const words[]);
int verb_wait(const struct verb *verb, size_t count, char *const words[]);
int verb_events(const struct verb *verb, size_t count, char *const words[]);
int verb_exec(const struct verb *verb, size_t count, char *const words[]);
int verb_list(const struct verb *verb, size_t count, char *const words[]);
int verb_check_config(const struct verb *verb, size_t count, char *const words[]);
int verb_gc(const struct verb *verb, size_t count, char *const words[]);
int verb_completion(const struct verb *verb, size_t count, char *const words[]);
int verb_help(const struct verb *verb, size_t count, char *const words[]);
int verb_version(const struct verb *verb, size_t count, char *const words[]);

/* Options of the verbs' own. */
extern const struct floe_option check_options[1];
extern const struct floe_option start_options[3], plan_options[2], shell_options[3],
	stop_options[2], list_options[3], status_options[2], show_options[3], kill_options[3],
	reboot_options[2], wait_options[3], events_options[1], restart_options[2],
	console_options[1], logs_options[3], top_options[4], bind_options[4], copy_options[1],
	set_options[1];

/* ---- Reading the words of a verb -------------------------------------------------------------- */

/* The option every verb has. */
extern const struct floe_option help_option;

struct arguments {
	const struct verb *verb;
	struct floe_option *table; /* all rows the verb takes */
	size_t rows;
	struct floe_cursor cursor;
	int leading;     /* as in struct verb, may be changed before reading */
	char **operands; /* the words that are no options, leading ones and the command */
	size_t operand_count;
	bool only_operands; /* a "--" was met */
	int status;         /* what to exit with when reading stopped */
};

/* Starts reading; false when out of memory. Release with arguments_free() in any case. */
bool arguments_begin(struct arguments *arguments, const struct verb *verb, size_t count,
		     char *const words[]);
void arguments_free(struct arguments *arguments);

/* Back to the first word. */
void arguments_rewind(struct arguments *arguments);

/* The next option in *MATCH: 1. All words read: 0, and operands are complete. -1: exit with
 * arguments->status; help was printed or an error. Options called help, and values that are
 * "help" where the table knows words, are answered here. */
int arguments_next(struct arguments *arguments, struct floe_match *match);

/* Whether MATCH is of the option NAME of the verb's own. */
bool match_is(const struct floe_match *match, const char *name);

/* Checks that between MIN and MAX operands were given; prints what is wrong if not. */
bool operands_check(const struct arguments *arguments, size_t min, size_t max);

/* Calls FUNCTION for every operand, whatever becomes of those before it. An exit status. */
typedef int (*operand_function)(const void *context, const char *name, struct floe_error *error);
int act_on_each(const struct arguments *arguments, operand_function function, const void *context);

/* Fills SPEC with the options read, and the operands from SKIP on as command. As
 * arguments_next(): 0 or -1. *QUIET is set when notes are not wanted; may be NULL. */
int arguments_to_spec(struct arguments *arguments, struct floe_spec *spec, size_t skip,
		      bool *quiet);

/* "yes", "no" and what else systemd takes for them, as the value of NAME; prints what is wrong. */
bool read_bool(const char *name, const char *text, bool *value);

/* Digits with K, M, G or T for bytes, seconds for milliseconds, a plain number; print what is
 * wrong. */
bool read_size(const struct floe_match *match, uint64_t *bytes);
bool read_timeout(const struct floe_match *match, unsigned *milliseconds);
bool read_count(const struct floe_match *match, unsigned *count);

/* ---- Saying ----------------------------------------------------------------------------------- */

/* "floe: MESSAGE" on standard error; returns the exit status of a failure, 1. */
int say_error(const struct floe_error *error);
int say_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A floe_note_function; CONTEXT is a bool: whether to be quiet. */
void say_note(void *context, const char *text);

/* Whether to use colours on STREAM: a terminal, and NO_COLOR is not set (no-color.org). */
bool use_colours(FILE *stream);

/* TEXT as a JSON string, with its quotes. */
void print_json_text(FILE *stream, const char *text);

/* Starts what is enabled and does not run, all at a time. An exit status. */
int start_enabled(const struct floe_start_options *options);

/* Prints help on VERB, or on floe when it is NULL. */
void print_help(FILE *stream, const struct verb *verb);

/* "1.5G" for bytes, "2min 3s" for microseconds, into TEXT; "-" for UINT64_MAX, which is unknown. */
#define AMOUNT_SIZE 32
const char *format_bytes(uint64_t bytes, char text[static AMOUNT_SIZE]);
const char *format_time(uint64_t usec, char text[static AMOUNT_SIZE]);

/* Prints the machines named by ARGUMENTS, or all, as a JSON array. An exit status. */
int show_json(const struct arguments *arguments);

/* The word for a state. */
const char *state_name(enum floe_machine_state state);

/* ---- Tables of text --------------------------------------------------------------------------- */

#define COLUMNS_MAX 8

struct text_table {
	size_t columns;
	size_t widths[COLUMNS_MAX];
	char **cells;
	size_t cell_count;
	bool failed; /* out of memory */
};

/* One row of TABLE->columns cells, copied. */
void table_add(struct text_table *table, const char *const cells[]);

/* Prints the rows aligned; the first one is a heading unless LEGEND is false. Frees the table.
 * Returns an exit status. */
int table_print(struct text_table *table, bool legend);

/* ---- Signals ---------------------------------------------------------------------------------- */

/* Blocks the signals that the library handles for us and gives a signalfd of them, or -1 after
 * an error was printed. SIGPIPE is ignored. */
int signals_take(void);

#endif
