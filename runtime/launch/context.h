/* SPDX-License-Identifier: MIT */
/* What the three processes of a start share: the plan, channels and descriptors. */
#ifndef FLOE_LAUNCH_CONTEXT_H
#define FLOE_LAUNCH_CONTEXT_H

#include "../../netlink/socket.h"
#include "../plan/plan.h"
#include "launch.h"

#include <sys/types.h>

/* Most of what the program of OP_LOAD_STORE may say. */
#define SAID_MAX 16384

struct secret {
	void *data;
	size_t size;
};

struct link_helper;

/* A link of the host that is in the machine for as long as it lives. */
struct moved_link {
	const char *name; /* on the host */
	int index;        /* inside */
};

/*
 * Filled by the monitor before the first clone and then private to each process: what a child
 * sets here its parent does not see. Everything a child needs is allocated before.
 */
struct context {
	const struct plan *plan;
	struct launch_io io;
	struct floe_error *error; /* monitor only: for ops that know more than an errno */
	bool cancelled;           /* monitor only: a signal to end was read */
	bool failed;              /* the start did: its links are waited for at the end */
	struct secret *secrets;   /* plan->secret_count of them */
	int image_lock;           /* held by the monitor while the machine lives */
	int uid_lock;
	int state_fd;        /* locked state directory */
	int notify_fd;       /* datagram socket, unbound until the leader binds it */
	int stub_fd;         /* sealed memory file with our PID 1, -1: none */
	int registration_fd; /* sealed memory file for OP_LOAD_STORE, -1: none */
	int said_fd;         /* memory file with what its program says */
	int net_alive; /* says that the machine on the host's network lives; -1: it is not there */
	struct netlink route;       /* of the host */
	struct netlink filter;      /* nftables of the host */
	struct netlink inside;      /* of the machine's network namespace */
	struct netlink watch;       /* the same, for its changes of addresses */
	struct link_helper *helper; /* serves the machine's link; NULL: nothing does */
	struct moved_link *moved;
	size_t moved_count;
	int stdio[3]; /* of the payload in pipe mode, above 2; -1: none */

	/* stager */
	int cgroup_fd; /* cgroup2 directory the leader is created in, -1: the monitor's */
	int base_fd;   /* the private tmpfs */
	int userns_fd; /* of the leader */
	pid_t leader;

	/* leader */
	int root_fd;      /* root to be */
	int console_fd;   /* pty slave */
	int console_main; /* pty master, on its way to the monitor */
};

/* An executor of one op: 0 or a negative errno. */
typedef int (*op_function)(struct context *context, const struct op *op);

op_function monitor_function(enum op_kind kind);
op_function stage_function(enum op_kind kind);
op_function inside_function(enum op_kind kind);
op_function late_function(enum op_kind kind);

/* What a child tells the monitor. */
enum message_type {
	MESSAGE_CLONED, /* the leader exists; value: its pid */
	MESSAGE_STAGED, /* all is staged, the stager is done */
	MESSAGE_READY,  /* the leader waits to be told to start; comes with the pty master if any */
	MESSAGE_FAILED, /* value: the op, errnum: why */
};

/* In MESSAGE_FAILED: what failed was no op. */
enum failed_step {
	FAILED_CLONE = -1,
	FAILED_UID_MAP = -2,
	FAILED_GID_MAP = -3,
	FAILED_NAMESPACE = -4,
	FAILED_CHANNEL = -5,
};

struct message {
	int type;
	int value;
	int errnum;
};

/* Sends MESSAGE and FD (-1: none). Async-signal-safe. */
int message_send(int channel, const struct message *message, int fd);

/* Receives one; *FD becomes the descriptor that came with it or -1. 0: the other end is closed,
 * 1: received. */
int message_receive(int channel, struct message *message, int *fd);

/* The child dies with the monitor. Forgotten by the kernel at a change of user (prctl(2)), so it
 * is said again after each. */
void tie_to_monitor(void);

/* The children: neither returns. */
_Noreturn void stager_run(struct context *context, int stager_channel, const int leader[2]);
_Noreturn void leader_run(struct context *context, int channel);

/* Runs the ops of PHASE in order; on failure *FAILED is the index of the op. */
int ops_run(struct context *context, enum op_phase phase, op_function (*find)(enum op_kind),
	    int *failed);

#endif
