/* SPDX-License-Identifier: MIT */
/*
 * Between a machine's pty and the outside: a relay with bounded buffers both ways. A side that is
 * slow makes the other wait; one that is gone never makes the loop spin.
 */
#ifndef FLOE_MONITOR_CONSOLE_H
#define FLOE_MONITOR_CONSOLE_H

#include "../base/err.h"
#include "log.h"
#include "outside.h"
#include "raw.h"
#include "tail.h"

#include <poll.h>
#include <stdint.h>

/* How many descriptors console_poll() fills in. */
#define CONSOLE_POLLS  3

#define CONSOLE_BUFFER 4096

struct console_buffer {
	size_t start, end;
	char data[CONSOLE_BUFFER];
};

/* Ctrl-] pressed three times within a second. */
#define ESCAPE_KEY       '\x1d'
#define ESCAPE_TIMES     3
#define ESCAPE_TIME_USEC 1000000

struct escape {
	int count;
	uint64_t first_usec;
};

/* What a console connects. Descriptors stay the caller's and must outlive the console. */
struct console_setup {
	int main;        /* pty master, set to O_NONBLOCK; -1: no pty, the console does nothing */
	int input;       /* -1: none; a terminal is put into raw mode */
	int output;      /* -1: none, output is only remembered and logged */
	struct log *log; /* NULL: none */
	bool escape;     /* watch for Ctrl-] three times */
	/* gets what is put out as well; may be NULL */
	void (*copy)(void *context, const char *data, size_t size);
	void *copy_context;
};

struct console {
	int main;
	int peer;            /* of the slave: while it is open the master never hangs up */
	struct raw terminal; /* the caller's */
	struct outside input, output;
	struct log *log;
	void (*copy)(void *context, const char *data, size_t size);
	void *copy_context;
	bool watch_escape;
	bool left;     /* the escape was pressed */
	bool draining; /* the machine is gone: what it wrote is still passed on */
	char last_in, last_out;
	struct escape escape;
	struct console_buffer inward, outward;
	struct tail tail;
};

/* After success, and only then, CONSOLE must be released with console_close(). */
int console_open(struct console *console, const struct console_setup *setup,
		 struct floe_error *error);

/* Fills in what is waited for; entries that are not have the descriptor -1. */
void console_poll(const struct console *console, struct pollfd polls[static CONSOLE_POLLS]);

/* Moves what can be moved after poll(2). Never blocks. */
void console_handle(struct console *console, const struct pollfd polls[static CONSOLE_POLLS]);

/* The size of the outer terminal becomes the machine's; when that changes, it is told. */
void console_resize(struct console *console);

/* The same for a size that somebody else tells. */
void console_set_size(struct console *console, unsigned short rows, unsigned short columns);

/* What somebody else types, if the machine takes that much now; else it is dropped. */
bool console_takes_keys(struct console *console, size_t size);
void console_type(struct console *console, const char *data, size_t size);

/* From now on only what is left of the output is passed on. */
void console_drain(struct console *console);

/* Whether a draining console still has output that somebody takes. */
bool console_pending(const struct console *console);

/* Restores the terminal, and ends a last line that the machine left unfinished on one. */
void console_close(struct console *console);

/* Whether the escape is complete after these bytes, typed at NOW_USEC. */
bool escape_feed(struct escape *escape, const char *data, size_t size, uint64_t now_usec);

#endif
