/* SPDX-License-Identifier: MIT */
/* A user's terminal in raw mode, and back, also when the process in between is killed. */
#ifndef FLOE_MONITOR_RAW_H
#define FLOE_MONITOR_RAW_H

#include <termios.h>

struct raw {
	int fd; /* the terminal, the caller's; -1: nothing is to be restored */
	struct termios saved;
	int channel; /* to the process that restores it when nobody else can, -1: there is none */
	int guard;   /* pidfd of that */
};

/* Puts the terminal FD into raw mode; what is no terminal is left alone. 0 or a negative errno. */
int raw_enter(struct raw *raw, int fd);

/* Puts it back. Can be called twice. */
void raw_leave(struct raw *raw);

#endif
