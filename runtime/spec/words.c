/* SPDX-License-Identifier: MIT */
/* The words of options that take one of a few. */
#include "words.h"

#include "spec.h"

#include <errno.h>
#include <string.h>

#define TABLE(table, bare_value, ...)                                                              \
	const struct word_table table = {(const struct word[]){__VA_ARGS__, {NULL, 0}}, bare_value}

/* clang-format off */
TABLE(words_start, SPEC_START_COMMAND,
	{ "command", SPEC_START_COMMAND },
	{ "pid2", SPEC_START_PID2 },
	{ "boot", SPEC_START_BOOT });

TABLE(words_userns, SPEC_USERNS_OWNER,
	{ "pick", SPEC_USERNS_PICK },
	{ "no", SPEC_USERNS_NO },
	{ "identity", SPEC_USERNS_IDENTITY },
	{ "fixed", SPEC_USERNS_FIXED },
	{ "yes", SPEC_USERNS_OWNER });

TABLE(words_ownership, SPEC_OWNERSHIP_AUTO,
	{ "auto", SPEC_OWNERSHIP_AUTO },
	{ "off", SPEC_OWNERSHIP_OFF },
	{ "map", SPEC_OWNERSHIP_MAP },
	{ "chown", SPEC_OWNERSHIP_CHOWN });

TABLE(words_volatile, SPEC_VOLATILE_YES,
	{ "no", SPEC_VOLATILE_NO },
	{ "yes", SPEC_VOLATILE_YES },
	{ "state", SPEC_VOLATILE_STATE },
	{ "overlay", SPEC_VOLATILE_OVERLAY });

TABLE(words_ephemeral, SPEC_EPHEMERAL_OVERLAY,
	{ "no", SPEC_EPHEMERAL_NO },
	{ "overlay", SPEC_EPHEMERAL_OVERLAY },
	{ "snapshot", SPEC_EPHEMERAL_SNAPSHOT },
	{ "copy", SPEC_EPHEMERAL_COPY });

TABLE(words_settings, SPEC_SETTINGS_YES,
	{ "yes", SPEC_SETTINGS_YES },
	{ "no", SPEC_SETTINGS_NO },
	{ "override", SPEC_SETTINGS_OVERRIDE },
	{ "trusted", SPEC_SETTINGS_TRUSTED });

TABLE(words_network, SPEC_NETWORK_PRIVATE,
	{ "host", SPEC_NETWORK_HOST },
	{ "private", SPEC_NETWORK_PRIVATE },
	{ "path", SPEC_NETWORK_PATH });

TABLE(words_dhcp, SPEC_DHCP_YES,
	{ "auto", SPEC_DHCP_AUTO },
	{ "yes", SPEC_DHCP_YES },
	{ "no", SPEC_DHCP_NO });

TABLE(words_link, SPEC_LINK_VETH,
	{ "veth", SPEC_LINK_VETH },
	{ "interface", SPEC_LINK_MOVE },
	{ "macvlan", SPEC_LINK_MACVLAN },
	{ "ipvlan", SPEC_LINK_IPVLAN });

TABLE(words_console, SPEC_CONSOLE_AUTO,
	{ "auto", SPEC_CONSOLE_AUTO },
	{ "interactive", SPEC_CONSOLE_INTERACTIVE },
	{ "read-only", SPEC_CONSOLE_READ_ONLY },
	{ "passive", SPEC_CONSOLE_PASSIVE },
	{ "pipe", SPEC_CONSOLE_PIPE },
	{ "autopipe", SPEC_CONSOLE_AUTOPIPE });

TABLE(words_resolv, SPEC_RESOLV_AUTO,
	{ "auto", SPEC_RESOLV_AUTO },
	{ "off", SPEC_RESOLV_OFF },
	{ "copy-host", SPEC_RESOLV_COPY_HOST },
	{ "copy-static", SPEC_RESOLV_COPY_STATIC },
	{ "copy-uplink", SPEC_RESOLV_COPY_UPLINK },
	{ "copy-stub", SPEC_RESOLV_COPY_STUB },
	{ "replace-host", SPEC_RESOLV_REPLACE_HOST },
	{ "replace-static", SPEC_RESOLV_REPLACE_STATIC },
	{ "replace-uplink", SPEC_RESOLV_REPLACE_UPLINK },
	{ "replace-stub", SPEC_RESOLV_REPLACE_STUB },
	{ "bind-host", SPEC_RESOLV_BIND_HOST },
	{ "bind-static", SPEC_RESOLV_BIND_STATIC },
	{ "bind-uplink", SPEC_RESOLV_BIND_UPLINK },
	{ "bind-stub", SPEC_RESOLV_BIND_STUB },
	{ "delete", SPEC_RESOLV_DELETE });

TABLE(words_timezone, SPEC_TIMEZONE_AUTO,
	{ "auto", SPEC_TIMEZONE_AUTO },
	{ "off", SPEC_TIMEZONE_OFF },
	{ "copy", SPEC_TIMEZONE_COPY },
	{ "bind", SPEC_TIMEZONE_BIND },
	{ "symlink", SPEC_TIMEZONE_SYMLINK },
	{ "delete", SPEC_TIMEZONE_DELETE });

TABLE(words_journal, SPEC_JOURNAL_AUTO,
	{ "auto", SPEC_JOURNAL_AUTO },
	{ "no", SPEC_JOURNAL_NO },
	{ "host", SPEC_JOURNAL_HOST },
	{ "try-host", SPEC_JOURNAL_TRY_HOST },
	{ "guest", SPEC_JOURNAL_GUEST },
	{ "try-guest", SPEC_JOURNAL_TRY_GUEST });

TABLE(words_store, SPEC_STORE_PRIVATE,
	{ "private", SPEC_STORE_PRIVATE },
	{ "ro", SPEC_STORE_RO },
	{ "rw", SPEC_STORE_RW },
	{ "overlay", SPEC_STORE_OVERLAY },
	{ "closure", SPEC_STORE_CLOSURE },
	{ "closure+overlay", SPEC_STORE_CLOSURE_OVERLAY });

TABLE(words_nix_daemon, SPEC_NIX_DAEMON_NONE,
	{ "none", SPEC_NIX_DAEMON_NONE },
	{ "private", SPEC_NIX_DAEMON_PRIVATE },
	{ "host", SPEC_NIX_DAEMON_HOST });

TABLE(words_mount, SPEC_MOUNT_BIND,
	{ "bind", SPEC_MOUNT_BIND },
	{ "tmpfs", SPEC_MOUNT_TMPFS },
	{ "overlay", SPEC_MOUNT_OVERLAY },
	{ "inaccessible", SPEC_MOUNT_INACCESSIBLE });

TABLE(words_idmap, SPEC_IDMAP_NONE,
	{ "noidmap", SPEC_IDMAP_NONE },
	{ "idmap", SPEC_IDMAP_IDMAP },
	{ "rootidmap", SPEC_IDMAP_ROOT },
	{ "owneridmap", SPEC_IDMAP_OWNER });
/* clang-format on */

const char *word_of(const struct word_table *table, int value)
{
	for (const struct word *word = table->words; word->name; word++)
		if (word->value == value)
			return word->name;
	return NULL;
}

int word_find(const struct word_table *table, const char *name, int *value)
{
	for (const struct word *word = table->words; word->name; word++) {
		if (strcmp(word->name, name) == 0) {
			*value = word->value;
			return 0;
		}
	}
	return -EINVAL;
}
