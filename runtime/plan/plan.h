/* SPDX-License-Identifier: MIT */
/*
 * Every act of a start, in order, nothing left to decide.
 * plan_make() is pure: the same spec and host give the same plan, and nothing is touched.
 */
#ifndef FLOE_PLAN_PLAN_H
#define FLOE_PLAN_PLAN_H

#include "../base/arena.h"
#include "../base/device.h"
#include "../base/err.h"
#include "../spec/spec.h"
#include "host.h"
#include "op_net.h"

#include <stdio.h>

/*
 * Who acts, and when.
 * The monitor creates a stager (own mount namespace, the monitor's privileges), and the stager
 * creates the leader (all namespaces, later PID 1 inside). What needs the host's privileges or
 * paths is staged below a small private tmpfs; the leader, with the container's privileges only,
 * assembles the tree from there. So no path of the container's tree is ever resolved with more
 * privileges than the container has.
 */
enum op_phase {
	PHASE_BEFORE, /* monitor, before there is a child */
	PHASE_ENTER,  /* stager, before it creates the leader: what the leader inherits */
	PHASE_HOST,   /* monitor, while the others go on: what needs nothing of theirs */
	PHASE_STAGE,  /* stager: host privileges, a mount namespace of its own */
	PHASE_MIDDLE, /* stager, on the waiting leader */
	PHASE_NETWORK, /* monitor, while the others go on: what needs the leader's network namespace */
	PHASE_INSIDE, /* leader: all namespaces, container privileges */
	PHASE_LATE,   /* leader, after the monitor recorded and registered it */
	PHASE_COUNT,
};

enum op_kind {
	/* before */
	OP_CLAIM_NAME, /* text: machine name; takes the state directory */
	OP_LOCK_IMAGE, /* source: path, exclusive unless read_only */
	OP_LOCK_UIDS,  /* id: base of the range */
	OP_MAKE_DIR,   /* source: host path, mode, id: owner, flags: 1: an existing one is kept */
	OP_COPY_TREE,  /* source -> target: host paths, sharing blocks where possible */
	OP_SNAPSHOT_TREE, /* source -> target: btrfs snapshot */
	OP_CHOWN_TREE,    /* source: host path, id: base of the range it is shifted to */
	OP_READ_SECRET,   /* source: host path, slot: index of the secret */
	OP_CGROUP_MOUNT,  /* source: host directory made for a private cgroup2 mount */
	OP_CGROUP_MAKE,   /* source: host path of the directory */
	OP_CGROUP_SET,    /* source: host path of the file, text: what is written */
	OP_CGROUP_JOIN,   /* source: host path of the directory the monitor itself moves to */
	OP_CGROUP_OWN,    /* source: host path of the directory, id: owner of its delegated files */
	OP_DEVICES_V1,    /* source: host path of the devices cgroup; plan's device rules */
	OP_DEVICES_BPF,   /* source: host path of the cgroup2 directory; plan's device rules */
	OP_LINK_JOURNAL,  /* source: host path of the link, text: what it points to */
	OP_NET_CLAIM,     /* net->member: its ports and addresses are nobody else's from here on */
	OP_NET_KEEP,      /* source: host file, text: which of the addresses of its name it has */

	/* enter and stage */
	OP_LEAVE_PEERS, /* enter: mounts made here are not seen by the host, nor the other way */
	OP_CGROUP_ENTER, /* enter: source: version 1 directory the stager moves to, and so the leader */
	OP_CGROUP_INTO, /* enter: source: cgroup2 directory the leader is created in */
	OP_JOIN_NETNS, /* enter: source: host path of the namespace file, inherited by the leader */
	OP_STAGE_BASE, /* source: host directory that the private tmpfs covers */
	OP_STAGE_POINT, /* source: tree, target: directory made in it (flags: S_IFREG: a file) */
	OP_STAGE_TREE,  /* source: host path, target: below it as root, or NULL -> slot */
	OP_STAGE_COVER, /* slot: staged tree, target: path in it, flags: S_IFDIR or S_IFREG */
	OP_STAGE_NEW,   /* slot, type, options: a new file system made with host privileges */
	OP_STAGE_DEAD,  /* slot, type: proc or sysfs of a namespace that is gone */
	OP_STAGE_CLOSURE, /* slot, id: owner, flags: how many: a layer that shows plan's store paths and no others */
	OP_STAGE_OVERLAY, /* slot; layers, upper: slots, id: owner; made with host privileges */

	/* middle */
	OP_RLIMIT,    /* text: name, flags: RLIMIT_*, number[]: soft and hard */
	OP_OOM_SCORE, /* text: the adjustment of the leader */

	/* network; source: a link of the host throughout */
	OP_SYSCTL,       /* source: file below /proc/sys, text: value, flags: 1: shared, put back */
	OP_LINK_ZONE,    /* text: zone; net->addrs of a bridge that is made unless it is there */
	OP_LINK_VETH,    /* net->link, net->peer; target: bridge, text: alternative name,
			  * flags: 1: a port that reflects */
	OP_LINK_SHARED,  /* net->shared on it, net->peer inside, text: alternative name */
	OP_LINK_MOVE,    /* net->peer: its name inside; it comes back at the end */
	OP_LINK_ADDRESS, /* net->addrs, net->routes */
	OP_LINK_RATE,    /* number[0]: bits a second to the machine */
	OP_LINK_SERVE,   /* net->service */
	OP_NET_JOIN,     /* net->member: rules, names; flags: 1: there are rules */
	OP_NET_WATCH,    /* the addresses that the machine gives itself are followed */

	/* inside */
	OP_GO_TO_BASE,    /* source: host directory where the base is */
	OP_BECOME_ROOT,   /* user and group 0 of the new user namespace */
	OP_UNSHARE,       /* flags: CLONE_* of namespaces made at this point, text: their names */
	OP_TAKE_ROOT,     /* slot: the staged tree becomes the root to be */
	OP_MOUNT_ROOT,    /* type, options: a new file system becomes the root to be */
	OP_MOUNT,         /* type, options, attributes -> target */
	OP_OVERLAY,       /* layers, upper: slots -> target ("" for the root to be) */
	OP_BIND,          /* slot, source: path below it or "" -> target */
	OP_BIND_INSIDE,   /* source: path inside -> target, both below the root to be */
	OP_ATTRIBUTES,    /* attributes set and cleared on the mount at target, recursive */
	OP_DIRECTORY,     /* target, mode: made with its parents if it is missing */
	OP_FILE,          /* target, mode: made empty if it is missing */
	OP_SYMLINK,       /* text: what it says -> target; an existing name is kept */
	OP_NODE,          /* target, mode, id: device number or 0, flags: S_IFMT type */
	OP_WRITE,         /* target, mode, text: a new file with this content, replacing */
	OP_COPY,          /* slot: a staged file's content -> target, mode, replacing */
	OP_WRITE_SECRET,  /* target, slot: a new file 0400 with a secret's content */
	OP_REMOVE,        /* target: a file or link is removed if it is there */
	OP_NOTIFY_SOCKET, /* target: directory in which the socket "notify" is bound */
	OP_CONSOLE,       /* target: /dev/console becomes a link to a new pty */
	OP_PROPAGATION,   /* the finished tree: flags MS_SHARED, MS_SLAVE or MS_PRIVATE */
	OP_PIVOT,         /* the root to be becomes the root, the base is let go */
	OP_HOSTNAME,      /* text */
	OP_LOOPBACK_UP,   /* lo */

	/* late */
	OP_LINK_INSIDE,  /* target: a link of the machine; net->link, net->addrs, net->routes */
	OP_SESSION,      /* a session of its own with the console as controlling terminal, stdio */
	OP_AFFINITY,     /* text: list of CPUs; plan's cpu set */
	OP_PERSONALITY,  /* text: name, flags */
	OP_SECCOMP,      /* text: which filters */
	OP_USER,         /* id: uid, flags: gid, plan's supplementary groups, text: name */
	OP_CAPABILITIES, /* plan's sets */
	OP_NO_NEW_PRIVILEGES,
	OP_CHDIR,      /* target */
	OP_CLOSE_FDS,  /* flags: how many are kept from 3 on (LISTEN_FDS) */
	OP_LOAD_STORE, /* source: nix-store inside, target: list of the given paths written by it;
			* number[0]: how many, flags: 1: what is gone is forgotten */
	OP_STUB,       /* our stub is PID 1 and starts the command as PID 2 */
	OP_EXEC,       /* plan's arguments and environment */
	OP_COUNT,
};

enum op_idmap {
	OP_IDMAP_NONE,
	OP_IDMAP_RANGE, /* on-disk 0.. is the range's base.. */
	OP_IDMAP_OWNER, /* on-disk user number[0] and group number[1], alone, are id outside */
};

#define OP_LAYERS_MAX 64

struct op {
	enum op_kind kind;
	enum op_phase phase;
	const char *why; /* a short reason for people; never NULL */

	const char *source;
	const char *target;
	const char *type;
	const char *options; /* key[=value] separated by ',', values without ',' */
	const char *text;

	uint64_t attributes; /* MOUNT_ATTR_* to set */
	uint64_t clear;      /* MOUNT_ATTR_* to clear */
	uint64_t flags;
	uint64_t number[2];
	uint32_t id;
	uint32_t mode;
	int slot;
	bool recursive;
	bool read_only;
	enum op_idmap idmap;

	const int *layers; /* overlay: slots of the lower layers, topmost first */
	size_t layer_count;
	/* overlays: slot holding the upper and work directories source and text, -1: read-only */
	int upper;
	const struct op_net *net;
};

/* A credential's content: read from path by OP_READ_SECRET, or data as given. */
struct plan_secret {
	const char *id;
	const char *path; /* NULL: data */
	const void *data;
	size_t size;
};

/* Something the user should know before the start: a clamp, a replacement, a missing part. */
struct plan_note {
	const char *text;
	bool clamp; /* asked for more than can be had: an error under --strict */
};

/* What is left on the host while the machine lives, and how it goes away. Recorded before it is
 * made, so that a killed monitor's traces can be removed by anybody. */
enum plan_trace_kind {
	TRACE_CGROUP, /* the directory and all below, processes killed first */
	TRACE_TREE,   /* the directory and all below, never across a mount */
	TRACE_FILE,
	TRACE_LOCK,      /* a lock file, removed only by who gets its lock */
	TRACE_DIRECTORY, /* shared by machines, removed when it is empty */
	TRACE_MOUNT,
	TRACE_NETWORK, /* of the machine of that name: net_leave() */
	TRACE_LINK,    /* a link that goes with the machine's network namespace */
};

struct plan_trace {
	enum plan_trace_kind kind;
	const char *path;
};

struct plan {
	struct arena arena;

	const char *name;
	const char *title;     /* one line: what is started from where */
	const char *directory; /* the tree, for the record; "" when there is none on the host */
	const char *settings;  /* the files that were read, for show; "": none */

	struct op *ops; /* sorted by phase, in order within one */
	size_t op_count;
	struct plan_note *notes;
	size_t note_count;
	struct plan_trace *traces;
	size_t trace_count;
	struct device_rule *devices;
	size_t device_count;

	/* creation of the leader */
	uint64_t clone_flags; /* CLONE_NEW* given to clone3 */
	bool user_namespace;
	uint32_t uid_base;
	uint32_t uid_count;

	/* the program */
	const char *program; /* absolute path, or a name looked up in path */
	const char *path;    /* PATH for that */
	char *const *arguments;
	char *const *environment;
	uint64_t caps_bounding;
	uint64_t caps_permitted; /* effective and inheritable too */
	uint64_t caps_ambient;
	const uint32_t *groups;
	size_t group_count;
	const void *cpu_set; /* cpu_set_t */
	size_t cpu_set_size;
	char *const *syscall_filter; /* user entries: the filters come from the seccomp module */
	size_t syscall_filter_count;
	bool seccomp;

	/* the monitor */
	enum spec_console console; /* decided: never AUTO or AUTOPIPE */
	int kill_signal;           /* 0: SIGKILL */
	bool notify_ready;
	bool keep_unit;
	const char
		*cgroup; /* host path of the machine's cgroup that everything inside is below; "" */
	const char *cgroup_exec; /* host path of the cgroup for commands entered later; "" */
	const char *uuid;        /* 32 hex digits */
	const char *boot;        /* what is booted: path of the init inside, "" for commands */
	int listen_fds;          /* descriptors from 3 on that the payload gets */
	const char *link;        /* the host's end of the machine's own link, "" */
	struct ip address[2];    /* the machine's, by family_index(), where they are known */
	const struct spec_port *ports;
	size_t port_count;

	struct plan_secret *secrets;
	size_t secret_count;

	/* the store */
	const struct host_store_path *store_paths; /* of OP_STAGE_CLOSURE */
	size_t store_path_count;
	const char *registration; /* what OP_LOAD_STORE loads (nix-store --load-db); NULL: none */
	size_t registered;        /* how many paths that are */
	const char *store_given;  /* names of all paths that were given by now, one a line */

	int slot_count;
};

/* Decides. PLAN must be zero; free it with plan_free() whatever is returned. */
int plan_make(struct plan *plan, const struct spec *spec, const struct host *host,
	      struct floe_error *error);

void plan_free(struct plan *plan);

bool plan_has_op(const struct plan *plan, enum op_kind kind);

/* One op as a verb phrase: "mount tmpfs on /run (mode=0755, nosuid, nodev)". Used by the printed
 * plan and by error messages: "cannot " + phrase. Writes at most SIZE bytes, returns TEXT. */
const char *op_describe(const struct op *op, char *text, size_t size);

/* The plan for people, and as JSON (docs/plan.schema.json). */
int plan_print(const struct plan *plan, FILE *stream);
struct json_t;
struct json_t *plan_to_json(const struct plan *plan);

const char *op_phase_name(enum op_phase phase);
const char *op_kind_name(enum op_kind kind);

#endif
