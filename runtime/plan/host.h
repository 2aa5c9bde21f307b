/* SPDX-License-Identifier: MIT */
/* What was found out about the host and the tree, once. Pure data; tests fill it by hand. */
#ifndef FLOE_PLAN_HOST_H
#define FLOE_PLAN_HOST_H

#include "../base/arena.h"
#include "../base/err.h"
#include "../nix/nix.h"
#include "../spec/spec.h"
#include "host_net.h"

#include <sys/stat.h>

/* Device nodes every payload may use, below /dev. */
#define HOST_DEVICE_NODES "null", "zero", "full", "random", "urandom", "tty"

/* What masks cover below /proc: files by an empty one, directories read-only. */
#define HOST_PROC_PATHS                                                                            \
	"kallsyms", "kcore", "keys", "kmsg", "sysrq-trigger", "timer_list", "acpi", "apm",         \
		"asound", "bus", "fs", "irq", "scsi", "sys"

enum host_cgroup_layout {
	HOST_CGROUP_NONE,
	HOST_CGROUP_V1,     /* controllers of version 1, no cgroup2 mounted */
	HOST_CGROUP_HYBRID, /* the same with a cgroup2 tree beside them */
	HOST_CGROUP_V2,
};

/* One cgroup hierarchy: where it is mounted and where the caller is in it. */
struct host_hierarchy {
	const char *controllers; /* "pids", "cpu,cpuacct", "name=systemd"; "" for cgroup2 */
	const char *mount;       /* mount point on the host */
	const char *own;         /* the caller's cgroup below it, "/" at the top */
};

/* A bind or layer source. */
struct host_source {
	bool exists;
	mode_t mode; /* st_mode of what it resolves to */
	uint32_t uid;
	uint32_t gid;
	uint64_t rdev;
	uint32_t
		target_uid; /* owner on disk of a bind's target in the tree, 0 when it is missing */
	bool idmappable;
	int errnum; /* why it could not be looked at, when !exists */
};

/* A user of the tree, looked up in its own /etc/passwd and /etc/group. */
struct host_user {
	bool found;
	bool has_home; /* its directory is there */
	uint32_t uid;
	uint32_t gid;
	const char *name;
	const char *home;
	const char *shell;
	uint32_t *groups;
	size_t group_count;
};

/* What could be booted, in the order looked at. */
struct host_init {
	const char *path; /* path inside */
	bool usable;      /* an executable regular file after resolution inside the root */
	const char *why;  /* what it is, or why it is not usable */
};

/* A store path as it lies on the host. */
struct host_store_path {
	const char *name;
	mode_t mode; /* a directory, a regular file or a link */
	uint64_t size;
	uint64_t time;    /* of its last change, in seconds */
	const char *link; /* what the link says */
};

/* The host's store and what of it a machine is to see and to know. */
struct host_store {
	struct host_source source; /* /nix/store */
	struct host_source state;  /* /nix/var/nix, with the host's database */
	bool has_socket;           /* of the host's daemon */

	struct host_store_path *paths; /* a closure: what of it is visible */
	size_t path_count;
	struct nix_set set;   /* what its database is to know */
	struct nix_set known; /* what it was given before */
	bool has_known;
	const char *loader; /* nix-store inside; NULL: none found */

	const char *layer;            /* directory of the machine's own layer beside the tree */
	bool has_layer, has_layer_db; /* something was written to it, a database is in it */
	struct host_source keeper;    /* what holds it, or what holds throw-away ones */
	bool tree_registers;          /* the tree has a registration that nobody loaded yet */
};

struct host_tree {
	const char *path; /* absolute, resolved */
	struct stat status;
	unsigned long magic; /* statfs f_type */
	bool read_only;      /* the file system is */
	bool idmappable;
	bool shifted; /* owned by a range base already (uid & 0xffff == 0 and not 0) */
	bool has_usr;
	bool merged_usr;
	bool has_nix_store;
	bool has_os_release;
	bool etc_writable; /* a directory on a writable file system, or absent in one */
	bool btrfs_subvolume;
	bool is_mount_point;
	const char *disk;        /* "MAJOR:MINOR" of its disk; looked at only for --io */
	const char *machine_id;  /* 32 hex digits; NULL: none, empty or uninitialized */
	const char *resolv_link; /* /etc/resolv.conf is a link saying this; NULL: it is none */
	bool has_resolv;
	bool has_localtime;
	bool has_zone; /* the host's zone exists below /usr/share/zoneinfo of the tree */
	struct host_init *inits;
	size_t init_count;
};

struct host {
	struct arena arena;

	/* kernel */
	unsigned kernel_major, kernel_minor;
	bool has_user_namespace;
	bool initial_user_namespace; /* the caller's: device nodes can be made */
	bool has_cgroup_namespace;
	bool has_time_namespace;
	bool has_ipc_namespace;
	bool has_net_namespace;
	bool has_seccomp;
	bool has_overlay;
	bool has_mqueue;
	bool has_devpts;
	bool has_fuse; /* /dev/fuse is there */
	bool has_cgroup2;
	bool has_bpf_devices;  /* BPF_CGROUP_DEVICE programs can be attached */
	uint64_t capabilities; /* effective and bounding set of the caller */
	uint64_t nr_open;
	struct rlimit limits[RLIM_NLIMITS]; /* the caller's */
	struct rlimit
		init_limits[RLIM_NLIMITS]; /* of the host's PID 1: RLIMIT_NPROC and _SIGPENDING */
	unsigned last_cpu;                 /* looked at only for a --cpu-affinity */

	/* cgroups */
	enum host_cgroup_layout cgroup_layout;
	struct host_hierarchy *hierarchies; /* version 1 controllers */
	size_t hierarchy_count;
	struct host_hierarchy unified; /* mount "" when there is none */
	const char
		*unified_controllers; /* what its top can give to groups below, space-separated */

	/* identity and files */
	const char *hostname;
	const char *machine_id;       /* NULL: none */
	const char *random_uuid;      /* 32 hex digits */
	const char *boot_id;          /* dashed, fresh for this start */
	const char *os_release;       /* path; NULL: the host has none */
	struct spec_variable *os_ids; /* ID-like keys of it, lower-case names */
	size_t os_id_count;
	const char *resolv_stub; /* path of resolved's stub file; NULL: none */
	const char *resolv_uplink;
	const char *resolv_static;
	const char *resolv_host;    /* "/etc/resolv.conf" when it exists */
	const char *localtime_zone; /* "Europe/Berlin" */
	const char *localtime_file; /* "/etc/localtime" when it exists */
	const char *term;           /* TERM */
	bool stdin_tty, stdout_tty;
	int listen_fds; /* passed by the service manager to us */
	bool has_tun;
	const char *const *device_nodes; /* of null zero … those the host has, NULL-terminated */
	const char *journal_dir;         /* "/var/log/journal" when it exists */
	mode_t journal_mode;             /* lstat of the tree's machine-id in it, 0: missing */

	/* uid ranges in use by others, sorted bases */
	uint32_t *uid_taken;
	size_t uid_taken_count;
	uint32_t uid_random; /* a random number for the fallback pick */

	/* what the spec speaks of */
	struct host_tree tree;
	struct host_source *mounts;  /* one for each spec mount: its source or upper */
	struct host_source **layers; /* one array for each spec mount */
	struct host_source system;   /* --system */
	struct host_store store;
	const char *system_init; /* what to run in it */
	const char *system_real; /* the toplevel resolved into /nix/store */
	struct host_user user;
	const char *const
		*proc_paths;   /* what exists of HOST_PROC_PATHS below /proc, NULL-terminated; NULL
				where nothing is masked */
	struct host_net net;   /* looked at only for links */
	const char *run_dir;   /* "/run/floe" */
	const char *state_dir; /* "/var/lib/floe" */
};

/* Looks. Changes nothing. HOST must be zero; release with host_free() whatever is returned. */
int host_probe(struct host *host, const struct spec *spec, struct floe_error *error);

/* Looks at the store, for a spec that shows the host's. DATABASE gives the reader of Nix's database,
 * which is a module, or NULL with ERROR set; it is called only when that is needed. */
typedef const struct nixdb_module *(*host_database)(struct floe_error *error);
int host_store(struct host *host, const struct spec *spec, host_database database,
	       struct floe_error *error);

/* Whether the spec leaves what is written below the tree: the machine's layer is kept then. */
bool host_keeps_layer(const struct host *host, const struct spec *spec);

void host_free(struct host *host);

/* Whether floe gives the machine's own link its addresses: not on a bridge of others, and not where
 * systemd-networkd does unless that is asked for. */
bool net_is_managed(const struct spec *spec, const struct host_net *net);

#endif
