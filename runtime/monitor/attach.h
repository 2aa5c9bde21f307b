/* SPDX-License-Identifier: MIT */
/*
 * Where others reach the monitor of a detached machine: a socket in its state directory. They see
 * and use its console, several at once, and ask for a restart.
 */
#ifndef FLOE_MONITOR_ATTACH_H
#define FLOE_MONITOR_ATTACH_H

#include "console.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* The socket's name in the state directory. Packets (SOCK_SEQPACKET) from a client begin with one
 * of these bytes; those to a client are what the machine puts out. */
#define ATTACH_SOCKET "control"

enum attach_packet {
	ATTACH_VIEW = 'v',    /* struct attach_size: show me the console, from its last lines on */
	ATTACH_SIZE = 's',    /* struct attach_size: my window has another size now */
	ATTACH_KEYS = 'k',    /* what was typed, at most ATTACH_KEYS_MAX bytes */
	ATTACH_LIMIT = 'l',   /* text such as "memory=2G": for the next start */
	ATTACH_RESTART = 'r', /* end the machine in order, and start it again */
};

#define ATTACH_KEYS_MAX 1024

struct attach_size {
	uint16_t rows, columns; /* 0: not known */
};

#define ATTACH_CLIENTS 16
#define ATTACH_POLLS   (1 + ATTACH_CLIENTS)

struct attach_client {
	int fd; /* -1: nobody */
	bool views;
	bool behind; /* some output did not reach it */
	struct attach_size size;
};

/* Survives a reboot of the machine: only the socket is made anew. */
struct attach {
	int listener;                                         /* -1: none */
	void (*limit)(void *context, const char *assignment); /* for ATTACH_LIMIT */
	void *context;
	struct attach_client clients[ATTACH_CLIENTS];
};

/* Nobody is there; LIMIT is called with CONTEXT and what clients send for it. */
void attach_init(struct attach *attach, void (*limit)(void *context, const char *assignment),
		 void *context);

/* Makes the socket in the directory DIRECTORY. 0 or a negative errno. */
int attach_listen(struct attach *attach, int directory);
void attach_unlisten(struct attach *attach);

void attach_close(struct attach *attach);

/* As console_poll(): what is waited for. */
void attach_poll(const struct attach *attach, struct console *console,
		 struct pollfd polls[static ATTACH_POLLS]);

/* Does what clients want of CONSOLE. True: one of them asks for a restart. Never blocks. */
bool attach_handle(struct attach *attach, struct console *console,
		   const struct pollfd polls[static ATTACH_POLLS]);

/* Shows SIZE bytes to all who view; one that does not take them misses them. CONTEXT is the
 * struct attach. */
void attach_show(void *context, const char *data, size_t size);

#endif
