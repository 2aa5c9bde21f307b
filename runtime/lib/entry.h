/* SPDX-License-Identifier: MIT */
/* A command in a running machine: what is found out before, and the process that goes in. */
#ifndef FLOE_LIB_ENTRY_H
#define FLOE_LIB_ENTRY_H

#include "../../seccomp/seccomp.h"
#include "../base/arena.h"
#include "../floe.h"
#include "../state/state.h"

/* Everything the child needs, decided and allocated before it is forked. */
struct entry {
	struct arena arena;
	int leader;          /* pidfd of the machine's PID 1 */
	uint64_t namespaces; /* CLONE_NEW*: those in which it differs from us */
	bool user_namespace;

	const char **cgroups; /* version 1 groups to be joined */
	const char *cgroup;   /* the cgroup2 one, NULL: none */
	const char *helper;   /* that of the helper, if it is another; NULL: the same */
	size_t cgroup_count;

	uint32_t uid, gid;
	const uint32_t *groups;
	size_t group_count;
	uint64_t capabilities; /* bounding set of PID 1 */
	bool no_new_privileges;
	bool filtered;
	struct seccomp_filters filters;
	unsigned long personality;

	const char *directory;      /* working directory */
	const char *last_directory; /* where that is missing; NULL: then it is an error */
	char **candidates;          /* paths of the program, tried in order; NULL-terminated */
	char **arguments;
	char **environment;

	bool terminal;
	int stdio[3]; /* descriptors above 2, or -1 for /dev/null */
};

/* Finds it all out. ENTRY must be zero; release it with entry_free() whatever is returned. */
int entry_prepare(struct entry *entry, const struct state *state,
		  const struct floe_exec_options *options, struct floe_error *error);

void entry_free(struct entry *entry);

/* Moves a descriptor below 3, where standard input and output go, above that. */
int entry_raise(int *fd);

/* What the processes of an entry say to the caller over its channel. */
enum entry_message {
	ENTRY_TERMINAL, /* comes with the pty master */
	ENTRY_FAILED,   /* value: enum entry_step, errnum: why */
	ENTRY_ENDED,    /* value: wait status of the command */
};

enum entry_step {
	ENTRY_CGROUP,
	ENTRY_NAMESPACES,
	ENTRY_FORK,
	ENTRY_BECOME_ROOT,
	ENTRY_PTY,
	ENTRY_SESSION,
	ENTRY_FILTERS,
	ENTRY_USER,
	ENTRY_CAPABILITIES,
	ENTRY_DIRECTORY,
	ENTRY_STDIO,
	ENTRY_EXEC,
};

/*
 * Creates the processes: a helper that stays outside the machine's pid namespace, in a session of
 * its own, and reaps the command whatever the caller's terminal does to the caller (a stopped
 * parent would hang the machine's shutdown); and the command as its child inside. *CHANNEL is the
 * caller's end: messages as above come from it, a message of any type with a signal number as its
 * value sends that signal to the command's process group, closing it kills the command.
 * *HELPER is a pidfd to be reaped after the channel is closed.
 */
int entry_start(const struct entry *entry, int *channel, int *helper, struct floe_error *error);

#endif
