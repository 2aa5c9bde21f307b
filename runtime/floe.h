/* SPDX-License-Identifier: MIT */
/*
 * libfloe: machines made of Linux namespaces.
 *
 * Every function returns 0 (or a count) on success and a negative errno on failure, and then fills
 * the error object it was given (which may be NULL). Nothing here prints, exits, changes the
 * working directory, the umask or signal handling of the caller.
 * Strings and descriptors given stay the caller's; what is handed out says who releases it.
 */
#ifndef FLOE_H
#define FLOE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLOE_PUBLIC __attribute__((visibility("default")))

enum floe_error_code {
	FLOE_ERROR_NONE,
	FLOE_ERROR_USAGE,       /* the request makes no sense; nothing was touched */
	FLOE_ERROR_NOT_FOUND,   /* no such machine, image or file */
	FLOE_ERROR_BUSY,        /* the name, image or uid range is in use */
	FLOE_ERROR_PERMISSION,  /* the caller may not do this */
	FLOE_ERROR_UNSUPPORTED, /* this kernel or host cannot do this */
	FLOE_ERROR_CONTENT,     /* an image or file is damaged or refused */
	FLOE_ERROR_SYSTEM,      /* a kernel act failed: see errnum */
	FLOE_ERROR_PAYLOAD,     /* the machine's own program failed early */
};

/* What failed. Zero-initialise before use; it then holds the first failure. No allocation. */
struct floe_error {
	enum floe_error_code code;
	int errnum;         /* positive errno, 0 when none applies */
	char step[64];      /* phase or verb, may be empty */
	char message[1024]; /* one line: what was being done, to what, why it failed, what helps */
};

/* ---- What a machine shall be ------------------------------------------------------------- */

/* An opaque wish, filled option by option with the names and values of the command line. */
struct floe_spec;

/* One row of the option table: what `floe run` accepts and floe_spec_set() takes. */
struct floe_option {
	const char *name;     /* long name, without dashes; NULL: only a letter (-U, -j) */
	char letter;          /* short name, '\0' for none */
	const char *argument; /* what the value is called in help, NULL: takes none */
	bool optional;        /* the value may be left out (then only --name=VALUE gives one) */
	bool repeatable;
	const char *group; /* heading in help */
	const char *help;  /* one line */
	const char *
		words; /* completion: space-separated values, @file, @directory, @image, @machine, @link */
	const void *action; /* the library's own; NULL in the tables of others */
};

/* The table, in the order of help. Static; never NULL. */
FLOE_PUBLIC const struct floe_option *floe_options(size_t *count);

/* Where a command line is being read: start with the words after the program's name, rest zero. */
struct floe_cursor {
	char *const *arguments;
	size_t count;
	size_t next;         /* the first word not read yet */
	const char *cluster; /* what is left of a word of letters such as -bD */
};

/* An option met on the command line. VALUE points into the words; NULL: none was given. */
struct floe_match {
	const struct floe_option *option;
	const char *value;
};

/*
 * Reads the next option of TABLE: --name=VALUE, --name VALUE, unambiguous beginnings of names,
 * letters alone and in clusters. Returns 1 with *MATCH filled; 0 at the first word that is no
 * option (a "--" before it is consumed), where CURSOR->next then stands; -EINVAL on a bad word.
 */
FLOE_PUBLIC int floe_option_next(const struct floe_option *table, size_t count,
				 struct floe_cursor *cursor, struct floe_match *match,
				 struct floe_error *error);

/* *SPEC is the caller's to release with floe_spec_free(). */
FLOE_PUBLIC int floe_spec_new(struct floe_spec **spec, struct floe_error *error);
FLOE_PUBLIC void floe_spec_free(struct floe_spec *spec);

/* Sets one option by its long name, or its letter; VALUE is NULL for an option without one. */
FLOE_PUBLIC int floe_spec_set(struct floe_spec *spec, const char *option, const char *value,
			      struct floe_error *error);

/* The command (PID 1 or 2), or with --boot further arguments of init. Copied. */
FLOE_PUBLIC int floe_spec_set_command(struct floe_spec *spec, size_t count, char *const arguments[],
				      struct floe_error *error);

/* Reads options as `floe run` does, up to the first word that is none; what follows becomes the
 * command. ARGUMENTS has no program name. */
FLOE_PUBLIC int floe_spec_parse(struct floe_spec *spec, size_t count, char *const arguments[],
				struct floe_error *error);

/* Makes SPEC what `floe start NAME` boots: the image NAME, private network, its own init. Without
 * such an image, the container NAME that NixOS has written down in /etc/nixos-containers. */
FLOE_PUBLIC int floe_spec_for_image(struct floe_spec *spec, const char *name,
				    struct floe_error *error);

/* Makes SPEC whole (settings file, defaults, what follows from what was set; contradictions are refused) and shows
 * it as JSON, see docs/spec.schema.json. Secrets are left out, variables are not. For use instead
 * of floe_run() and the like, not before them. *TEXT is the caller's to free(). */
FLOE_PUBLIC int floe_spec_json(struct floe_spec *spec, char **text, struct floe_error *error);

/* ---- Settings files ------------------------------------------------------------------------ */

/* What is to be said about a settings file. */
struct floe_finding {
	const char *file;
	unsigned line; /* from 1; 0: the file as a whole */
	bool fatal; /* no machine is run with such a file; otherwise something in it is ignored */
	const char *text;
};

/* Valid only during the call; return non-zero to end with that value. */
typedef int (*floe_finding_function)(void *context, const struct floe_finding *finding);

struct floe_settings_options {
	size_t size;
	bool untrusted; /* judge it as one that came with an image, see floe.nspawn(5) */
};

/* Reads the settings file at PATH as if for a machine and calls FUNCTION for each thing that is
 * wrong with it, in order. OPTIONS may be NULL. Returns 0 when it was read, whatever was found. */
FLOE_PUBLIC int floe_settings_check(const char *path, const struct floe_settings_options *options,
				    floe_finding_function function, void *context,
				    struct floe_error *error);

/*
 * The settings file that counts for machine NAME: its *PATH and *TEXT, the caller's to free(). Where
 * there is none, *TEXT is NULL and *PATH where one would be written.
 */
FLOE_PUBLIC int floe_settings_read(const char *name, char **path, char **text,
				   struct floe_error *error);

/*
 * Makes TEXT the settings of machine NAME, in the file of /etc that counts, or one that does from then
 * on. It is checked before, as floe_settings_check() does, and refused with -EINVAL if no machine
 * could be run with it. FUNCTION may be NULL.
 */
FLOE_PUBLIC int floe_settings_write(const char *name, const char *text,
				    floe_finding_function function, void *context,
				    struct floe_error *error);

/* The same for some limits, as floe_set() takes them: the rest of the file stays as it is. */
FLOE_PUBLIC int floe_settings_save(const char *name, const char *const assignments[], size_t count,
				   struct floe_error *error);

/* ---- What would be done ------------------------------------------------------------------- */

enum floe_format {
	FLOE_FORMAT_TEXT,
	FLOE_FORMAT_JSON,
};

/* The plan of SPEC on this host, nothing done. *TEXT is the caller's to free(). */
FLOE_PUBLIC int floe_plan(struct floe_spec *spec, enum floe_format format, char **text,
			  struct floe_error *error);

/* ---- Running ------------------------------------------------------------------------------- */

/* Called for each clamp, fallback or note, in order, before anything is done. */
typedef void (*floe_note_function)(void *context, const char *text);

struct floe_run_options {
	size_t size; /* sizeof(struct floe_run_options) */
	int input;   /* descriptors of the console's outside; -1: none */
	int output;
	int error_output; /* pipe mode: the payload's descriptor 2 */
	int signal_fd; /* a signalfd of the caller's blocked TERM INT HUP WINCH RTMIN+18; -1: none */
	floe_note_function note;
	void *context;
};

/*
 * Runs SPEC in the foreground, the caller's process being its monitor, until the machine ends.
 * *STATUS is what the caller should exit with: the payload's status, 133 for a reboot under
 * --keep-unit, 0 for a power-off, 1 for a payload killed by a signal.
 *
 * Blocks the calling thread; several threads may run machines of different names. The kernel tells
 * the caller of the machine's end by SIGCHLD. A caller that ignores SIGCHLD, or reaps children that
 * are not its own, takes the status away: Linux 6.15 and newer still know it, else -ECHILD is
 * returned. -ECANCELED: a signal came before the payload was started.
 */
FLOE_PUBLIC int floe_run(struct floe_spec *spec, const struct floe_run_options *options,
			 int *status, struct floe_error *error);

struct floe_start_options {
	size_t size;
	unsigned timeout_ms; /* for readiness; 0: the default of 90 s; then the machine is ended */
	bool no_wait;        /* return when the payload is started, ready or not */
	floe_note_function note;
	void *context;
};

/* Starts SPEC detached, with a monitor process of its own, and returns when it is ready. */
FLOE_PUBLIC int floe_start(struct floe_spec *spec, const struct floe_start_options *options,
			   struct floe_error *error);

/* Has image NAME started with the host, or no longer: by "floe start --all-enabled", or by systemd
 * where that is and floe's unit is installed. */
FLOE_PUBLIC int floe_enable(const char *name, struct floe_error *error);
FLOE_PUBLIC int floe_disable(const char *name, struct floe_error *error);

/* Valid only during the call; return non-zero to end with that value. */
typedef int (*floe_name_function)(void *context, const char *name);

/* Calls FUNCTION for each that is enabled, sorted by name. */
FLOE_PUBLIC int floe_enabled_list(floe_name_function function, void *context,
				  struct floe_error *error);

struct floe_exec_options {
	size_t size;
	const char *user;      /* name or number inside; NULL: root */
	const char *directory; /* absolute path inside; NULL: the user's home */
	char *const
		*environment; /* NULL-terminated NAME=VALUE, added to the login set; may be NULL */
	char *const *arguments; /* NULL-terminated; NULL: the user's login shell */
	bool terminal;          /* a pty of the machine's own between the descriptors and it */
	int input;              /* descriptors for the command */
	int output;
	int error_output;
	int signal_fd; /* as in floe_run_options */
	bool login;    /* on a terminal: the tree's getty or login asks who it is; no arguments */
};

/* Runs a command in all namespaces of machine NAME; *STATUS is its exit status, 128+N when a
 * signal N killed it. */
FLOE_PUBLIC int floe_exec(const char *name, const struct floe_exec_options *options, int *status,
			  struct floe_error *error);

struct floe_stop_options {
	size_t size;
	unsigned timeout_ms; /* for an orderly end; 0: the default of 90 s; then it is killed */
	bool kill;           /* at once, no orderly shutdown */
};

/* Ends machine NAME and returns when it and all it used are gone. */
FLOE_PUBLIC int floe_stop(const char *name, const struct floe_stop_options *options,
			  struct floe_error *error);

struct floe_kill_options {
	size_t size;
	const char *signal; /* name or number; NULL: TERM */
	bool leader;        /* PID 1 inside alone, else every process of the machine */
};

/* Sends a signal to the processes of machine NAME. PID 1 gets it only if it has a handler, but for
 * KILL and STOP (pid_namespaces(7)). */
FLOE_PUBLIC int floe_kill(const char *name, const struct floe_kill_options *options,
			  struct floe_error *error);

/* Stops every process of machine NAME where it is, or lets all go on; returns when that is so. */
FLOE_PUBLIC int floe_pause(const char *name, struct floe_error *error);
FLOE_PUBLIC int floe_resume(const char *name, struct floe_error *error);

struct floe_reboot_options {
	size_t size;
	unsigned timeout_ms; /* until it is back; 0: the default of 90 s; nothing is killed then */
	bool no_wait;        /* return when its init was asked */
};

/* Asks the init of machine NAME to reboot, and waits until the machine is ready again. */
FLOE_PUBLIC int floe_reboot(const char *name, const struct floe_reboot_options *options,
			    struct floe_error *error);

/* Ends machine NAME as floe_stop() does and starts it again as it was started, by its own monitor:
 * only what runs in the background has one that can. Returns when it is ready. */
struct floe_restart_options {
	size_t size;
	unsigned stop_timeout_ms; /* as in floe_stop_options */
	unsigned timeout_ms;      /* until it is ready again; 0: the default of 90 s */
};

FLOE_PUBLIC int floe_restart(const char *name, const struct floe_restart_options *options,
			     struct floe_error *error);

struct floe_console_options {
	size_t size;
	int input;     /* -1: only watch; a terminal is put into raw mode */
	int output;    /* -1: none */
	int signal_fd; /* as in floe_run_options: TERM, INT and HUP leave; -1: none */
};

/*
 * Connects the descriptors to the console of machine NAME, which runs in the background, beginning
 * with its last lines. Several can at a time. Returns 0 when Ctrl-] was pressed three times within
 * a second or a signal came, 1 when the machine ended.
 */
FLOE_PUBLIC int floe_console(const char *name, const struct floe_console_options *options,
			     struct floe_error *error);

/*
 * Changes limits of machine NAME while it runs: ASSIGNMENTS are options of floe_options() with their
 * values, "memory=2G", "cpu=1.5", "io=10M:5M", "tasks-max=500"; "infinity" takes one away. All are
 * checked before one is changed. They hold until the machine ends, and over restarts by its own
 * monitor in the background.
 */
FLOE_PUBLIC int floe_set(const char *name, const char *const assignments[], size_t count,
			 struct floe_error *error);

struct floe_bind_options {
	size_t size;
	const char *target; /* absolute path inside; NULL: that of the source */
	bool read_only;     /* and root inside cannot change that, if it is not root outside */
	bool make;          /* a mount point that is missing, with the directories above it */
	bool not_recursive; /* without what is mounted below the source */
	bool idmap;         /* id N of the source is id N inside */
};

/* Mounts SOURCE, a file or directory of the host, in the running machine NAME. It is there until the
 * machine ends or unmounts it. */
FLOE_PUBLIC int floe_bind(const char *name, const char *source,
			  const struct floe_bind_options *options, struct floe_error *error);

struct floe_copy_options {
	size_t size;
	bool force;    /* replace what is there */
	int signal_fd; /* as in floe_run_options: a signal cancels; -1: none */
	floe_note_function note;
	void *context;
};

/*
 * Copies a file or directory tree from the host into the running machine NAME, or from there to the
 * host: into TARGET if that is a directory, else as that. It is there as a whole or not at all.
 * Owners, permissions and times are kept, ids being those of each side; from a machine come no
 * set-user-id and set-group-id bits. Hard links become files of their own; extended attributes,
 * sockets, devices and what is mounted below are left out.
 */
FLOE_PUBLIC int floe_copy_to(const char *name, const char *source, const char *target,
			     const struct floe_copy_options *options, struct floe_error *error);
FLOE_PUBLIC int floe_copy_from(const char *name, const char *source, const char *target,
			       const struct floe_copy_options *options, struct floe_error *error);

struct floe_logs_options {
	size_t size;
	int output;
	bool all;       /* from the first line that is kept */
	uint64_t lines; /* else: the last ones */
	bool follow;    /* go on until the machine has ended */
};

/* Writes the console log of machine NAME, which need not run any more, to a descriptor. */
FLOE_PUBLIC int floe_logs(const char *name, const struct floe_logs_options *options,
			  struct floe_error *error);

enum floe_wait_for {
	FLOE_WAIT_READY, /* -ESRCH when it ends before; -ENOENT when it is not there */
	FLOE_WAIT_GONE,  /* no process of it is left, nor a monitor that restarts it */
};

struct floe_wait_options {
	size_t size;
	enum floe_wait_for what;
	unsigned timeout_ms; /* 0: no limit; after that -ETIMEDOUT */
};

FLOE_PUBLIC int floe_wait(const char *name, const struct floe_wait_options *options,
			  struct floe_error *error);

/* Cleans what killed monitors and interrupted imports left; NAME: of one machine only, NULL: all.
 * Returns the number of machines and images cleaned. */
FLOE_PUBLIC int floe_gc(const char *name, struct floe_error *error);

enum floe_machine_state {
	FLOE_MACHINE_STARTING,
	FLOE_MACHINE_RUNNING, /* started, not ready yet or readiness not asked for */
	FLOE_MACHINE_READY,
	FLOE_MACHINE_STOPPING,
	FLOE_MACHINE_DEAD, /* its monitor is gone; floe_gc() cleans up */
};

struct floe_machine_info {
	const char *name;
	enum floe_machine_state state;
	pid_t leader;  /* PID 1 inside, as seen by the caller; 0: none */
	pid_t monitor; /* 0: none */
	const char *directory;
	const char *status; /* the last STATUS= the machine sent; "" */
	uint32_t uid_base;  /* 0 with uid_count 0: no user namespace */
	uint32_t uid_count;
	uint64_t since_usec;          /* CLOCK_REALTIME of the start */
	const char *log;              /* console log of a detached machine; "" */
	const char *link;             /* the host's end of its own network link; "" */
	const char *const *addresses; /* of the machine's end, where they are known */
	size_t address_count;
	const char *const *ports; /* that lead there: protocol, [address:]port of the host, and of
				   * the machine, such as "tcp 127.0.0.1:8080 80" */
	size_t port_count;
	bool paused; /* all its processes are frozen */
};

/* Valid only during the call; return non-zero to end the listing with that value. */
typedef int (*floe_machine_function)(void *context, const struct floe_machine_info *info);

/* Calls FUNCTION for each machine, sorted by name. */
FLOE_PUBLIC int floe_machine_list(floe_machine_function function, void *context,
				  struct floe_error *error);

/* ---- Containers of NixOS ---------------------------------------------------------------- */

struct floe_container_info {
	const char *name;
	const char *file;   /* NAME.conf, what NixOS says of it */
	const char *root;   /* the directory it lives in */
	const char *system; /* what is booted, a path of the host; that may not be there yet */
	bool auto_start;    /* to be started with the host */
};

/* Valid only during the call; return non-zero to end the listing with that value. */
typedef int (*floe_container_function)(void *context, const struct floe_container_info *info);

/* Calls FUNCTION for each container that NixOS has written down, sorted by name. */
FLOE_PUBLIC int floe_container_list(floe_container_function function, void *context,
				    struct floe_error *error);

/*
 * Makes the running machine NAME the system that its description names now: runs
 * `switch-to-configuration test` of it inside. OPTIONS as for floe_exec(), but for the arguments.
 */
FLOE_PUBLIC int floe_reload(const char *name, const struct floe_exec_options *options, int *status,
			    struct floe_error *error);

/* ---- What happens to machines -------------------------------------------------------------- */

enum floe_event_type {
	FLOE_EVENT_PRESENT, /* it was there when the watch began */
	FLOE_EVENT_ADDED,
	FLOE_EVENT_CHANGED, /* another state, status or first process */
	FLOE_EVENT_REMOVED, /* info is what was known last */
};

struct floe_event {
	enum floe_event_type type;
	uint64_t time_usec; /* CLOCK_REALTIME */
	const struct floe_machine_info *info;
};

/* Valid only during the call; return non-zero to end with that value. */
typedef int (*floe_event_function)(void *context, const struct floe_event *event);

struct floe_watch;

/* Watches all machines. *WATCH is the caller's to close. */
FLOE_PUBLIC int floe_watch_open(struct floe_watch **watch, struct floe_error *error);
FLOE_PUBLIC void floe_watch_close(struct floe_watch *watch);

/* Readable when something happened; stays the watch's. */
FLOE_PUBLIC int floe_watch_fd(const struct floe_watch *watch);

/* Calls FUNCTION for what happened since the last call, at first for every machine. What was undone
 * in between is not told. Never blocks. */
FLOE_PUBLIC int floe_watch_read(struct floe_watch *watch, floe_event_function function,
				void *context, struct floe_error *error);

/* What a machine uses, and may use. UINT64_MAX: that is not known, or there is no limit. */
struct floe_usage {
	uint64_t memory_bytes;
	uint64_t memory_max;
	uint64_t cpu_usec; /* of all CPUs since the start */
	uint64_t cpu_max;  /* in thousandths of a CPU */
	uint64_t tasks;
	uint64_t tasks_max;
	uint64_t io_read_bytes; /* of disks, since the start */
	uint64_t io_write_bytes;
};

struct floe_process {
	pid_t pid;           /* as seen by the caller */
	const char *cgroup;  /* path below the machine's control group; "" for that itself */
	const char *command; /* printable text */
};

/* All texts are printable, and "" when that is not known. */
struct floe_machine_status {
	const struct floe_machine_info *info;
	const char *init;   /* path inside of what was booted; "": a command was run */
	const char *uuid;   /* 32 hex digits */
	const char *tree;   /* "writable", "read-only", "ephemeral" or "volatile" */
	const char *store;  /* what /nix/store is inside, as --store: "private", "ro" ... */
	const char *cgroup; /* the control group, a path of the host */
	struct floe_usage usage;
	const char *os_name; /* os-release(5) of its tree: PRETTY_NAME, ID, VERSION_ID */
	const char *os_id;
	const char *os_version;
	const struct floe_process *processes; /* group by group */
	size_t process_count;
	const char *const *lines; /* the last ones of its console log */
	size_t line_count;
};

/* What costs time is only looked at when it is asked for. */
enum floe_status_part {
	FLOE_STATUS_USAGE = 1,
	FLOE_STATUS_OS = 2,
	FLOE_STATUS_PROCESSES = 4,
	FLOE_STATUS_CONSOLE = 8,
	FLOE_STATUS_ALL = 15,
};

/* Valid only during the call; return non-zero to end with that value. */
typedef int (*floe_status_function)(void *context, const struct floe_machine_status *status);

struct floe_status_options {
	size_t size;
	unsigned parts; /* of enum floe_status_part; 0: all */
	unsigned lines; /* of the console log; 0: 10 */
};

/* Calls FUNCTION for machine NAME, or with NULL for each machine, sorted by name. */
FLOE_PUBLIC int floe_machine_status(const char *name, const struct floe_status_options *options,
				    floe_status_function function, void *context,
				    struct floe_error *error);

/* ---- Images -------------------------------------------------------------------------------- */

struct floe_image_info {
	const char *name;
	const char *path;
	bool read_only;
	uint64_t modified_usec;
	const char *type;      /* "directory", "subvolume", "raw" or "block" */
	uint64_t created_usec; /* 0: the file system does not know */
};

typedef int (*floe_image_function)(void *context, const struct floe_image_info *info);

/* Calls FUNCTION for each image in the image path, sorted by name. */
FLOE_PUBLIC int floe_image_list(floe_image_function function, void *context,
				struct floe_error *error);

/* What takes more than a look to find out about an image. */
struct floe_image_usage {
	size_t size;    /* sizeof(struct floe_image_usage), set by the caller */
	uint64_t bytes; /* on the disk, shared blocks included */
	uint64_t files; /* 0 for disk images */
	uint64_t limit; /* 0: none */
	char os[128];   /* PRETTY_NAME of its os-release(5), may be empty */
};

/* Looks at image NAME: one pass through its whole tree. */
FLOE_PUBLIC int floe_image_measure(const char *name, struct floe_image_usage *usage,
				   struct floe_error *error);

/* The os alone, which is quick; "" when it says none. SIZE: of OS. */
FLOE_PUBLIC int floe_image_os(const char *name, char *os, size_t size, struct floe_error *error);

/* Called now and then while work on an image goes on; non-zero ends it with -ECANCELED. */
typedef int (*floe_progress_function)(void *context, uint64_t bytes_read, uint64_t bytes_total,
				      uint64_t entries);

struct floe_import_options {
	size_t size;
	const char *root;   /* where images live; NULL: /var/lib/machines */
	uint64_t max_bytes; /* of unpacked content; 0: what the file system has free */
	floe_progress_function progress;
	floe_note_function note;
	void *context;
	uint64_t memory; /* for decompression and buffers; 0: 256 MiB */
	bool replace;    /* an image of that name is replaced, at once */
	bool read_only;  /* the image is marked read-only */
	bool no_sync;    /* do not wait for the disk: a power cut may leave half an image */
};

/* Imports a tar archive (xz, zstd, gzip, bzip2 or plain) as image NAME, whole or not at all.
 * DESCRIPTOR is read from its current offset; SOURCE names it in messages. */
FLOE_PUBLIC int floe_import_tar(int descriptor, const char *source, const char *name,
				const struct floe_import_options *options,
				struct floe_error *error);

/* Imports a copy of the directory PATH as image NAME. Of OPTIONS root, read_only and progress count,
 * which is told zeros. */
FLOE_PUBLIC int floe_import_fs(const char *path, const char *name,
			       const struct floe_import_options *options, struct floe_error *error);

enum floe_verify {
	FLOE_VERIFY_SIGNATURE, /* of the list of checksums: SHA256SUMS.gpg or .asc */
	FLOE_VERIFY_CHECKSUM,  /* SHA256SUMS or FILE.sha256 beside the file */
	FLOE_VERIFY_NO,
};

struct floe_pull_options {
	size_t size;
	enum floe_verify verify;
	const char *keyring; /* NULL: floe's own, else those of importctl(1) */
	const char *proxy;   /* NULL: what http_proxy and the like say */
	unsigned timeout_s;  /* the server may be silent for so long; 0: 30 */
};

/* Fetches the tar archive URL (http or https) and imports it while it comes as image NAME (NULL: after
 * the file); it gets its name when all is there and verified. IMPORT may be NULL; its max_bytes limits what is fetched as
 * well, and progress is told bytes that came. */
FLOE_PUBLIC int floe_pull_tar(const char *url, const char *name,
			      const struct floe_pull_options *options,
			      const struct floe_import_options *import, struct floe_error *error);

enum floe_compression {
	FLOE_COMPRESSION_NONE,
	FLOE_COMPRESSION_XZ, /* in blocks, so that imports can decompress them in parallel */
	FLOE_COMPRESSION_ZSTD,
	FLOE_COMPRESSION_GZIP,
	FLOE_COMPRESSION_BZIP2,
};

struct floe_export_options {
	size_t size;
	enum floe_compression compression;
	floe_progress_function progress; /* bytes_read counts file content, bytes_total is 0 */
	void *context;
};

/* Writes image NAME as tar archive to DESCRIPTOR; TARGET names it in messages. Sockets are left out.
 * -EBUSY when a machine writes to it, unless the image is a btrfs subvolume: then a snapshot is
 * exported. What was written is the caller's to delete after a failure. */
FLOE_PUBLIC int floe_export_tar(const char *name, int descriptor, const char *target,
				const struct floe_export_options *options,
				struct floe_error *error);

/* Makes image COPY of image NAME in /var/lib/machines: instant where the file system can. */
FLOE_PUBLIC int floe_image_clone(const char *name, const char *copy, bool read_only,
				 struct floe_error *error);

FLOE_PUBLIC int floe_image_rename(const char *name, const char *new_name, struct floe_error *error);

FLOE_PUBLIC int floe_image_set_read_only(const char *name, bool read_only,
					 struct floe_error *error);

/* What the image may take on the disk; UINT64_MAX: no limit. For btrfs subvolumes. */
FLOE_PUBLIC int floe_image_set_limit(const char *name, uint64_t bytes, struct floe_error *error);

/* Told of each thing deleted. */
typedef void (*floe_cleaned_function)(void *context, const char *name, uint64_t bytes);

/* Deletes what killed imports, pulls, clones and removals left in /var/lib/machines. Returns the
 * number of things deleted. */
FLOE_PUBLIC int floe_image_clean(floe_cleaned_function function, void *context,
				 struct floe_error *error);

FLOE_PUBLIC int floe_image_remove(const char *name, struct floe_error *error);

/* The image name that a file name suggests: "nixos.tar.xz" gives "nixos". SIZE: of NAME. */
FLOE_PUBLIC int floe_image_name(const char *file, char *name, size_t size);

/* ---- The host ------------------------------------------------------------------------------ */

enum floe_condition_state {
	FLOE_CONDITION_FINE,
	FLOE_CONDITION_LIMITED, /* something does not work: see detail */
	FLOE_CONDITION_MISSING, /* without it no NixOS container boots */
};

struct floe_condition {
	const char *name; /* stable */
	enum floe_condition_state state;
	const char *detail; /* what was found, or what does not work */
	const char *help;   /* what to do about it; NULL: nothing known */
};

/* Valid only during the call; return non-zero to end with that value. */
typedef int (*floe_condition_function)(void *context, const struct floe_condition *finding);

/* Examines the host, changing nothing. Returns 0 when a NixOS container can boot, 1 when not. */
FLOE_PUBLIC int floe_doctor(floe_condition_function function, void *context,
			    struct floe_error *error);

FLOE_PUBLIC const char *floe_version(void);

#ifdef __cplusplus
}
#endif

#endif
