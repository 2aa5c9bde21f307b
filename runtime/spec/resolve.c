/* SPDX-License-Identifier: MIT */
/* A spec as a whole: what contradicts itself is refused, what follows is filled in. */
#include "resolve.h"

#include "../base/cleanup.h"
#include "../base/names.h"
#include "names.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

typedef int (*resolve_step)(struct spec *spec, struct floe_error *error);

/* A system of the host's store brings the host's store along and is booted. */
static int resolve_system(struct spec *spec, struct floe_error *error)
{
	if (!spec->system)
		return 0;
	if (spec->start == SPEC_START_PID2 ||
	    (spec->start == SPEC_START_COMMAND && spec_given(spec, "boot")))
		return err_usage(error, "--system boots: it cannot be combined with --as-pid2 or "
					"--boot=no");
	if (spec->store == SPEC_STORE_PRIVATE && spec_given(spec, "store"))
		return err_usage(error, "--system needs the host's store inside: it cannot be "
					"combined with --store=private");
	if (!spec->directory && !spec->name)
		return err_usage(error, "--system needs a directory for what the machine writes: "
					"give --directory, an empty one will do");
	spec->start = SPEC_START_BOOT;
	if (spec->store == SPEC_STORE_PRIVATE)
		spec->store = SPEC_STORE_RO;
	return 0;
}

/* Nix inside is of use where it can write; elsewhere it is there when asked for. */
static void default_daemon(struct spec *spec)
{
	bool read_only = spec->store == SPEC_STORE_RO || spec->store == SPEC_STORE_CLOSURE;

	if (!spec_given(spec, "nix-daemon"))
		spec->nix_daemon = read_only ? SPEC_NIX_DAEMON_NONE : SPEC_NIX_DAEMON_PRIVATE;
}

static bool is_root(const char *user)
{
	return !user || strcmp(user, "root") == 0 || strcmp(user, "0") == 0;
}

static int check_daemon(const struct spec *spec, struct floe_error *error)
{
	enum spec_store store = spec->store;
	bool own_database = store != SPEC_STORE_PRIVATE && store != SPEC_STORE_RW;

	if (spec->nix_daemon == SPEC_NIX_DAEMON_HOST && store != SPEC_STORE_RO &&
	    store != SPEC_STORE_RW)
		return err_usage(error,
				 "--nix-daemon=host builds into the host's store, which only "
				 "--store=ro and rw show as it is");
	if (spec->nix_daemon == SPEC_NIX_DAEMON_PRIVATE && own_database && !is_root(spec->user))
		return err_usage(error,
				 "the database of Nix is loaded by root inside: --user=%s takes "
				 "--nix-daemon=none",
				 spec->user);
	return 0;
}

static int resolve_store(struct spec *spec, struct floe_error *error)
{
	bool closure =
		spec->store == SPEC_STORE_CLOSURE || spec->store == SPEC_STORE_CLOSURE_OVERLAY;

	if (!closure && (spec->store_root_count > 0 || spec->store_closure))
		return err_usage(error, "--store-root and --store-closure say what of the host's "
					"store is visible, which takes --store=closure or "
					"closure+overlay");
	if (spec->store_root_count > 0 && spec->store_closure)
		return err_usage(error, "--store-closure names all that is visible: it cannot be "
					"combined with --store-root");
	default_daemon(spec);
	return check_daemon(spec, error);
}

/* Without a directory and a name the tree is the current directory, as with systemd-nspawn. */
static int resolve_directory(struct spec *spec, struct floe_error *error)
{
	bool kept = spec->ephemeral == SPEC_EPHEMERAL_NO &&
		    spec->volatile_mode != SPEC_VOLATILE_YES &&
		    spec->volatile_mode != SPEC_VOLATILE_STATE;

	if (spec->ephemeral != SPEC_EPHEMERAL_NO && spec->volatile_mode != SPEC_VOLATILE_NO)
		return err_usage(error, "--ephemeral and --volatile both keep the tree as it is: "
					"give one of them");
	if (!spec->directory && !spec->name) {
		spec->directory = path_from_here(&spec->arena, ".");
		if (!spec->directory)
			return err_errno(error, errno, "cannot find out the current directory");
	}
	if (spec->directory && strcmp(spec->directory, "/") == 0 && kept)
		return err_usage(error, "the host's own root cannot be run on directly; use "
					"--ephemeral, --volatile=yes or --volatile=state, or "
					"another --directory");
	return 0;
}

/* Copies of one tree run side by side under names of their own. */
static int add_random_suffix(struct spec *spec, struct floe_error *error)
{
	const int room = MACHINE_NAME_MAX - 17;
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return err_errno(error, errno, "cannot read a random number for the machine name");
	spec->name = arena_printf(&spec->arena, "%.*s-%016" PRIx64, room, spec->name, number);
	return 0;
}

/* The last part of the directory's path, or of the current one's, without a directory. */
static int name_of_directory(const struct spec *spec, char name[static MACHINE_NAME_MAX + 1],
			     struct floe_error *error)
{
	char host[HOST_NAME_MAX + 1] = "";
	CLEANUP_FREE char *here = spec->directory ? NULL : getcwd(NULL, 0);
	const char *path = spec->directory ?: here, *last;

	if (!path)
		return err_errno(error, errno, "cannot find out the current directory");
	last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (!*last) {
		if (gethostname(host, sizeof(host) - 1) < 0)
			return err_errno(error, errno, "cannot find out the host name");
		last = host;
	}
	if (machine_name_clean(last, name) < 0)
		return err_usage(error,
				 "no machine name can be made of %s; give one with "
				 "--machine",
				 path);
	return 0;
}

int spec_base_name(const struct spec *spec, char name[static MACHINE_NAME_MAX + 1],
		   struct floe_error *error)
{
	if (!spec->name)
		return name_of_directory(spec, name, error);
	snprintf(name, MACHINE_NAME_MAX + 1, "%s", spec->name);
	return 0;
}

static int resolve_name(struct spec *spec, struct floe_error *error)
{
	char name[MACHINE_NAME_MAX + 1];
	int r;

	if (spec->name)
		return 0;
	r = name_of_directory(spec, name, error);
	if (r < 0)
		return r;
	spec->name = arena_strdup(&spec->arena, name);
	return spec->ephemeral ? add_random_suffix(spec, error) : 0;
}

static int resolve_start(struct spec *spec, struct floe_error *error)
{
	if (spec->argument_count > 0 && !*spec->arguments[0] && spec->start != SPEC_START_BOOT)
		return err_usage(error, "the command to run is empty");
	if (spec->start == SPEC_START_BOOT && spec->kill_signal == 0)
		spec->kill_signal = SIGRTMIN + 3; /* systemd(1), "Signals": orderly power-off */
	/* Only an init says that it is ready; a front end may presume one that is not run. */
	if (spec->notify_ready == TRISTATE_UNSET ||
	    (spec->start != SPEC_START_BOOT && !spec_given(spec, "notify-ready")))
		spec->notify_ready = false;
	if (spec->console == SPEC_CONSOLE_PIPE)
		spec->quiet = true;
	return 0;
}

/* A recursive change of owners shifts whole ranges and writes to the tree. */
static int check_chown(const struct spec *spec, struct floe_error *error)
{
	if (spec->ownership != SPEC_OWNERSHIP_CHOWN)
		return 0;
	if (spec->read_only || spec->volatile_mode != SPEC_VOLATILE_NO)
		return err_usage(error, "--private-users-ownership=chown writes to the tree: it "
					"cannot be combined with --read-only or --volatile");
	if (spec->userns == SPEC_USERNS_FIXED &&
	    (spec->uid_base % 65536 != 0 || spec->uid_count != 65536))
		return err_usage(error,
				 "--private-users-ownership=chown shifts by multiples of "
				 "65536: --private-users=%" PRIu32 ":%" PRIu32
				 " is no such range of 65536",
				 spec->uid_base, spec->uid_count);
	return 0;
}

/* Only a picked range is new to the tree; one that was chosen is expected to fit it. */
static int resolve_users(struct spec *spec, struct floe_error *error)
{
	if (spec->userns != SPEC_USERNS_PICK && !spec_given(spec, "private-users-ownership"))
		spec->ownership = SPEC_OWNERSHIP_OFF;
	return check_chown(spec, error);
}

static int check_mounts(struct spec *spec, struct floe_error *error)
{
	if (spec->userns != SPEC_USERNS_NO)
		return 0;
	for (size_t i = 0; i < spec->mount_count; i++)
		if (spec->mounts[i].idmap > SPEC_IDMAP_IDMAP)
			return err_usage(error,
					 "the bind on %s maps owners, which takes a user "
					 "namespace: rootidmap and owneridmap cannot be combined "
					 "with --private-users=no",
					 spec->mounts[i].target);
	return 0;
}

static int check_ambient(struct spec *spec, struct floe_error *error)
{
	uint64_t network = spec->network == SPEC_NETWORK_HOST ? 0 : UINT64_C(1) << CAP_NET_ADMIN;
	uint64_t kept = (capabilities_default() | spec->capabilities_add | network) &
			~spec->capabilities_drop;
	uint64_t missing = spec->capabilities_ambient & ~kept;

	if (spec->capabilities_ambient && spec->start == SPEC_START_BOOT)
		return err_usage(error, "--ambient-capability is for a command: it cannot be "
					"combined with --boot");
	if (missing)
		return err_usage(error,
				 "--ambient-capability=%s is not among the capabilities kept; add "
				 "it with --capability",
				 capability_name(__builtin_ctzll(missing)));
	return 0;
}

/* A copy is gone before anybody could read its journal. */
static int resolve_journal(struct spec *spec, struct floe_error *error)
{
	if (spec->ephemeral == SPEC_EPHEMERAL_NO)
		return 0;
	if (spec->journal == SPEC_JOURNAL_HOST || spec->journal == SPEC_JOURNAL_GUEST)
		return err_usage(error, "--link-journal=host and guest cannot be combined with "
					"--ephemeral; use try-host or try-guest");
	spec->journal = SPEC_JOURNAL_NO;
	return 0;
}

/* Credentials are files of root inside. A command run as another user could not read them. */
static int check_credentials(struct spec *spec, struct floe_error *error)
{
	if (spec->credential_count > 0 && !is_root(spec->user))
		return err_usage(error,
				 "credentials are readable by root inside alone: they "
				 "cannot be combined with --user=%s",
				 spec->user);
	return 0;
}

int spec_resolve(struct spec *spec, struct floe_error *error)
{
	static const resolve_step steps[] = {
		resolve_system, resolve_store,   resolve_directory, resolve_name,
		resolve_start,  resolve_users,   check_mounts,      resolve_network,
		check_ambient,  resolve_journal, check_credentials,
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](spec, error);

		if (r < 0)
			return r;
	}
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot complete the description of the machine");
	return 0;
}
