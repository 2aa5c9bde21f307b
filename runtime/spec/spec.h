/* SPDX-License-Identifier: MIT */
/*
 * What the user wants of a machine: pure data, no host knowledge.
 * Every front end (verbs, .nspawn files, NixOS .conf, OCI, library setters) fills one of these.
 * All strings and arrays live in the spec's arena.
 */
#ifndef FLOE_SPEC_SPEC_H
#define FLOE_SPEC_SPEC_H

#include "../base/arena.h"
#include "../base/err.h"
#include "../base/names.h"
#include "network.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* An option that was not given; the default is decided in one place, spec_resolve(). */
#define TRISTATE_UNSET (-1)

enum spec_start {
	SPEC_START_COMMAND, /* the command itself is PID 1 */
	SPEC_START_PID2,    /* -a: our stub is PID 1, the command PID 2 */
	SPEC_START_BOOT,    /* -b: the tree's own init is PID 1 */
};

enum spec_userns {
	SPEC_USERNS_PICK,     /* a free range of 65536, hashed from the name */
	SPEC_USERNS_NO,       /* none: root inside is root outside */
	SPEC_USERNS_IDENTITY, /* 0:65536 onto itself */
	SPEC_USERNS_FIXED,    /* uid_base and uid_count */
	SPEC_USERNS_OWNER,    /* base from the owner of the tree (bare --private-users, =yes) */
};

enum spec_ownership {
	SPEC_OWNERSHIP_AUTO, /* map where the kernel can, else chown */
	SPEC_OWNERSHIP_OFF,
	SPEC_OWNERSHIP_MAP,
	SPEC_OWNERSHIP_CHOWN,
};

enum spec_volatile {
	SPEC_VOLATILE_NO,
	SPEC_VOLATILE_YES,
	SPEC_VOLATILE_STATE,
	SPEC_VOLATILE_OVERLAY,
};

enum spec_ephemeral {
	SPEC_EPHEMERAL_NO,
	SPEC_EPHEMERAL_OVERLAY,  /* private upper layer, removed at stop */
	SPEC_EPHEMERAL_SNAPSHOT, /* btrfs snapshot */
	SPEC_EPHEMERAL_COPY,     /* copy sharing blocks by reflink where the file system can */
};

/* Whether a settings file is read, and who wins (systemd-nspawn(1), --settings=). */
enum spec_settings {
	SPEC_SETTINGS_YES, /* options win; of a file that came with the image only what is harmless */
	SPEC_SETTINGS_NO,
	SPEC_SETTINGS_OVERRIDE, /* the file wins */
	SPEC_SETTINGS_TRUSTED,  /* options win; every file is the administrator's */
};

enum spec_console {
	SPEC_CONSOLE_AUTO, /* interactive on a terminal, else read-only */
	SPEC_CONSOLE_INTERACTIVE,
	SPEC_CONSOLE_READ_ONLY,
	SPEC_CONSOLE_PASSIVE,
	SPEC_CONSOLE_PIPE,
	SPEC_CONSOLE_AUTOPIPE, /* interactive on a terminal, else pipe */
};

enum spec_resolv {
	SPEC_RESOLV_AUTO,
	SPEC_RESOLV_OFF,
	SPEC_RESOLV_COPY_HOST,
	SPEC_RESOLV_COPY_STATIC,
	SPEC_RESOLV_COPY_UPLINK,
	SPEC_RESOLV_COPY_STUB,
	SPEC_RESOLV_REPLACE_HOST,
	SPEC_RESOLV_REPLACE_STATIC,
	SPEC_RESOLV_REPLACE_UPLINK,
	SPEC_RESOLV_REPLACE_STUB,
	SPEC_RESOLV_BIND_HOST,
	SPEC_RESOLV_BIND_STATIC,
	SPEC_RESOLV_BIND_UPLINK,
	SPEC_RESOLV_BIND_STUB,
	SPEC_RESOLV_DELETE,
};

enum spec_timezone {
	SPEC_TIMEZONE_AUTO,
	SPEC_TIMEZONE_OFF,
	SPEC_TIMEZONE_COPY,
	SPEC_TIMEZONE_BIND,
	SPEC_TIMEZONE_SYMLINK,
	SPEC_TIMEZONE_DELETE,
};

enum spec_journal {
	SPEC_JOURNAL_AUTO,
	SPEC_JOURNAL_NO,
	SPEC_JOURNAL_HOST,
	SPEC_JOURNAL_TRY_HOST,
	SPEC_JOURNAL_GUEST,
	SPEC_JOURNAL_TRY_GUEST,
};

enum spec_store {
	SPEC_STORE_PRIVATE,         /* the tree's own /nix/store, if it has one */
	SPEC_STORE_RO,              /* the host's, read-only for good */
	SPEC_STORE_RW,              /* the host's, writable, with its database */
	SPEC_STORE_OVERLAY,         /* the host's below a writable layer of the machine's own */
	SPEC_STORE_CLOSURE,         /* of the host's only what the system and further roots need */
	SPEC_STORE_CLOSURE_OVERLAY, /* the same below a writable layer */
};

/* Who answers for the paths of /nix/store inside. */
enum spec_nix_daemon {
	SPEC_NIX_DAEMON_NONE,    /* nobody: paths are there, and no database of them */
	SPEC_NIX_DAEMON_PRIVATE, /* Nix inside, on a database of what is visible */
	SPEC_NIX_DAEMON_HOST,    /* the host's daemon, whose socket and database are bound */
};

enum spec_mount_kind {
	SPEC_MOUNT_BIND,
	SPEC_MOUNT_TMPFS,
	SPEC_MOUNT_OVERLAY,
	SPEC_MOUNT_INACCESSIBLE,
};

/* How ids on a bind's source appear inside; only with a user namespace. */
enum spec_idmap {
	SPEC_IDMAP_NONE,  /* as they are: mostly nobody */
	SPEC_IDMAP_IDMAP, /* id N on disk is id N inside */
	SPEC_IDMAP_ROOT,  /* the source's owner is root inside */
	SPEC_IDMAP_OWNER, /* the source's owner is the owner of the mount point inside */
};

/* One of --bind, --bind-ro, --tmpfs, --overlay, --overlay-ro, --inaccessible, in given order. */
struct spec_mount {
	enum spec_mount_kind kind;
	enum spec_idmap idmap;
	bool read_only;
	bool recursive;      /* bind: sub-mounts of the source too (rbind, the default) */
	bool source_in_tree; /* bind, overlay: the source began with '+': relative to the tree */
	char *source;  /* bind: host path; NULL: a throw-away directory. overlay: see layers */
	char *target;  /* absolute path inside */
	char *options; /* tmpfs: mount options, NULL for the default mode=0755 */
	char **layers; /* overlay: lower layers as given, topmost last; absolute host paths */
	size_t layer_count;
	char *upper; /* overlay: NULL for a throw-away one; with read_only always NULL, it is the
		      * last of the layers then */
};

struct spec_variable {
	const char *name;
	const char *value;
	bool untrusted; /* it came with an image: for the machine alone, the host does not heed it */
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	rlim_t soft;  /* RLIM_INFINITY for none */
	rlim_t hard;
};

/* A credential: exactly one of path and data is set. */
struct spec_credential {
	char *id;
	char *path;
	uint8_t *data;
	size_t size;
};

/* A directory of the host that is made when it is missing, and goes again if nothing was ever put
 * into it. */
struct spec_directory {
	char *path; /* its parent is there, or before it in the list */
	uint32_t mode;
};

struct spec {
	struct arena arena;

	/* image */
	char *name;      /* machine name; NULL until spec_resolve() or the image lookup sets it */
	char *directory; /* the tree: absolute host path; NULL: look NAME up in the image path */
	char *system;    /* --system: a toplevel in the host's /nix/store to boot */
	enum spec_store store;
	enum spec_nix_daemon nix_daemon; /* decided by spec_resolve() when it is not given */
	char **store_roots; /* --store-root: whose closures are visible besides the system's */
	size_t store_root_count;
	char *store_closure; /* --store-closure: a list of paths or a registration, for the host's
			      * database; NULL: that */
	enum spec_ephemeral ephemeral;
	enum spec_volatile volatile_mode;
	bool read_only;
	enum spec_settings settings;
	const char *conf_file;     /* of NixOS that it was made of, for show; NULL: none */
	const char *settings_file; /* the one that was read, for show; NULL: none */

	/* execution */
	enum spec_start start;
	char **arguments; /* the command, or further arguments of init; NULL-terminated */
	size_t argument_count;
	char *user;  /* name or number; NULL: root */
	char *chdir; /* absolute; NULL: home for a shell, else / */
	struct spec_variable *environment;
	size_t environment_count;
	int kill_signal;  /* 0: none given */
	int notify_ready; /* tristate */
	bool no_new_privileges;
	bool time_namespace; /* --private-time */

	/* identity */
	char *hostname; /* NULL: the machine name */
	char *uuid;     /* 32 lower-case hex digits; NULL: the tree's machine-id or random */

	/* users */
	enum spec_userns userns;
	uint32_t uid_base;
	uint32_t uid_count;
	enum spec_ownership ownership;

	/* network */
	enum spec_network network;
	char *network_path;
	struct spec_links links;

	/* security */
	uint64_t capabilities_add; /* masks of 1 << CAP_* */
	uint64_t capabilities_drop;
	uint64_t capabilities_ambient;
	char **syscall_filter; /* entries as given: "name", "@group", with a leading '~' to deny */
	size_t syscall_filter_count;
	bool masks; /* --masks: cover sensitive files in /proc and /sys even in a user namespace */

	/* resources */
	struct spec_rlimit *rlimits;
	size_t rlimit_count;
	bool oom_score_set;
	int oom_score_adjust;
	char *cpu_affinity;   /* a list of ranges "0-3,5", normalised; NULL: as the caller */
	char *personality;    /* "x86", "x86-64" or NULL */
	uint64_t tasks_max;   /* 0: the default of 16384; UINT64_MAX: no limit */
	uint64_t memory_max;  /* bytes; of this and those below 0 is not given, UINT64_MAX none */
	uint64_t cpu_max;     /* thousandths of a CPU */
	uint64_t io_read_max; /* bytes a second, of the tree's disk; both given or neither */
	uint64_t io_write_max;

	/* files */
	struct spec_mount *mounts;
	size_t mount_count;
	struct spec_directory *directories; /* no option sets these */
	size_t directory_count;
	struct spec_credential *credentials;
	size_t credential_count;
	enum spec_resolv resolv;
	enum spec_timezone timezone;
	enum spec_journal journal;

	/* running */
	enum spec_console console;
	bool quiet;
	bool keep_unit; /* stay in the caller's cgroup, exit 133 for a reboot */
	bool strict;    /* a clamp is an error */
	char **notes;   /* what the user is to know of what was read */
	size_t note_count;

	/* One bit for each row of the option table that was set by name: what a user said himself
	 * goes before what a front end or a file presumes. Ask with spec_given(). */
	uint64_t given[2];
};

/* Sets every default. No host knowledge; cannot fail. */
void spec_init(struct spec *spec);

/* Releases the arena; the spec is zero again. */
void spec_free(struct spec *spec);

/* Whether PATH is among the directories that are made when they are missing. */
bool spec_makes(const struct spec *spec, const char *path);

/* Whether OPTION (long name or letter) was set by name, not by a default. */
bool spec_given(const struct spec *spec, const char *option);

/* The machine's name without what makes copies of a tree differ: the name given, or the last part of
 * the directory. Returns 0, or a negative errno with ERROR. */
int spec_base_name(const struct spec *spec, char name[static MACHINE_NAME_MAX + 1],
		   struct floe_error *error);

/* Refuses combinations that make no sense (nspawn.md 1.2), derives what follows from what was
 * given (machine name from the directory, kill signal and notify defaults of -b), as one whole.
 * Call it once, after the last front end. Returns 0 or -EINVAL with the reason in ERROR. */
int spec_resolve(struct spec *spec, struct floe_error *error);

/* The spec as a JSON object (jansson reference, the caller's to decref); NULL: out of memory. */
struct json_t;
struct json_t *spec_to_json(const struct spec *spec);

#endif
