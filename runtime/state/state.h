/* SPDX-License-Identifier: MIT */
/*
 * The record of a machine: /run/floe/NAME/, held by a lock on the directory's descriptor for as
 * long as its monitor lives. No other record exists.
 */
#ifndef FLOE_STATE_STATE_H
#define FLOE_STATE_STATE_H

#include "../base/arena.h"
#include "../base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Same order as enum floe_machine_state. */
enum state_phase {
	STATE_STARTING,
	STATE_RUNNING,
	STATE_READY,
	STATE_STOPPING,
	STATE_DEAD, /* never written: what a reader concludes from the missing lock */
};

/* What has to be removed when the machine is gone; see plan_trace. */
struct state_trace {
	const char *kind; /* "cgroup", "tree", "file", "lock", "directory", "mount" */
	const char *path;
};

struct state {
	struct arena arena;
	const char *name;
	enum state_phase phase;
	pid_t leader;          /* 0: none yet */
	uint64_t leader_start; /* start time in clock ticks since boot (proc(5) stat field 22) */
	pid_t monitor;
	uint64_t monitor_start;
	const char *directory;
	const char *boot;   /* init inside, "" for a command */
	const char *status; /* last STATUS= */
	const char *uuid;
	const char *cgroup;
	const char *cgroup_exec;
	const char *log;
	const char *tree;  /* "writable", "read-only", "ephemeral" or "volatile" */
	const char *store; /* as the option: "private", "ro" ... */
	uint32_t uid_base, uid_count;
	uint64_t since_usec;
	bool keep_unit;
	bool notify_ready;            /* PID 1 says when it is ready: until then it runs, no more */
	const char *link;             /* the host's end of its own link, "" */
	const char *const *addresses; /* of the machine's end, where they are known */
	size_t address_count;
	const char *const *ports; /* of the host that lead there: "tcp 127.0.0.1:8080 80" */
	size_t port_count;
	struct state_trace *traces;
	size_t trace_count;

	/* what a command entered later gets as well */
	bool seccomp;
	uint64_t capabilities;             /* the payload's bounding set */
	const char *const *syscall_filter; /* user entries the filters were made with */
	size_t syscall_filter_count;
};

/*
 * Takes NAME: creates its directory and locks it. A record left by a dead monitor is cleaned up
 * first. *FD is the locked directory, the caller's to hand to state_release().
 * -EBUSY when a living monitor has it (the message names its pid).
 */
int state_claim(const char *name, int *fd, struct floe_error *error);

/* Writes the record by atomic rename. A monitor or leader without a start time gets the one its
 * process has now. */
int state_write(int fd, const struct state *state, struct floe_error *error);

/* Reads NAME's record; phase is STATE_DEAD when nobody holds the lock. -ENOENT: no machine. */
int state_read(const char *name, struct state *state, struct floe_error *error);
void state_free(struct state *state);

/* Removes the directory with its content and closes FD. */
int state_release(int fd, const char *name, struct floe_error *error);

/* All names with a record, sorted, in ARENA; NULL-terminated. */
int state_names(struct arena *arena, char ***names, struct floe_error *error);

/* Removes what a dead machine left: traces in reverse, then the record. 1: cleaned, 0: alive or
 * not there. */
int state_clean(const char *name, struct floe_error *error);

/* Removes one trace. A path that is gone is no error. */
int trace_remove(const char *kind, const char *path, struct floe_error *error);

/* "/run/floe"; one place for the path. */
const char *state_root(void);

/* Another directory, for tests. PATH must stay valid. */
void state_root_use(const char *path);

#endif
