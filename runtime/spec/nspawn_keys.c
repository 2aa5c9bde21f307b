/* SPDX-License-Identifier: MIT */
/* The keys of settings files: those of systemd.nspawn(5), and our own in [X-...] sections, which
 * systemd-nspawn skips (systemd.syntax(7)). */
#include "nspawn_keys.h"

#include "../base/cleanup.h"
#include "names.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

#define EXEC    "Exec"
#define FILES   "Files"
#define NETWORK "Network"
#define X_NET   "X-Network"
#define X_NIX   "X-Nix"
#define X_FLOE  "X-Floe"

#define ANY     FROM_ANYBODY
#define ADMIN   FROM_ADMINISTRATOR

/* clang-format off */
const struct nspawn_key nspawn_keys[] = {
	{ EXEC, "Boot", "boot", VALUE_PLAIN, ANY },
	{ EXEC, "ProcessTwo", "as-pid2", VALUE_PLAIN, ANY },
	{ EXEC, "Parameters", NULL, VALUE_COMMAND, ANY },
	{ EXEC, "Ephemeral", "ephemeral", VALUE_BARE, ANY },
	{ EXEC, "Environment", "setenv", VALUE_VARIABLES, ANY },
	{ EXEC, "User", "user", VALUE_PLAIN, ANY },
	{ EXEC, "WorkingDirectory", "chdir", VALUE_PLAIN, ANY },
	{ EXEC, "PivotRoot", "pivot-root", VALUE_PLAIN, ANY },
	{ EXEC, "Capability", "capability", VALUE_WORDS, ADMIN },
	{ EXEC, "DropCapability", "drop-capability", VALUE_WORDS, ANY },
	{ EXEC, "AmbientCapability", "ambient-capability", VALUE_WORDS, ADMIN },
	{ EXEC, "NoNewPrivileges", "no-new-privileges", VALUE_PLAIN, ANY },
	{ EXEC, "KillSignal", "kill-signal", VALUE_PLAIN, ANY },
	{ EXEC, "Personality", "personality", VALUE_PLAIN, ANY },
	{ EXEC, "MachineID", "uuid", VALUE_PLAIN, ADMIN },
	{ EXEC, "PrivateUsers", "private-users", VALUE_PLAIN, ADMIN },
	{ EXEC, "NotifyReady", "notify-ready", VALUE_PLAIN, ANY },
	{ EXEC, "SystemCallFilter", "system-call-filter", VALUE_FILTER, ANY },
	{ EXEC, "LimitCPU", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitFSIZE", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitDATA", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitSTACK", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitCORE", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitRSS", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitNOFILE", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitAS", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitNPROC", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitMEMLOCK", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitLOCKS", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitSIGPENDING", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitMSGQUEUE", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitNICE", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitRTPRIO", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "LimitRTTIME", "rlimit", VALUE_LIMIT, ADMIN },
	{ EXEC, "OOMScoreAdjust", "oom-score-adjust", VALUE_PLAIN, ADMIN },
	{ EXEC, "CPUAffinity", "cpu-affinity", VALUE_COLLECTED, ADMIN },
	{ EXEC, "Hostname", "hostname", VALUE_PLAIN, ANY },
	{ EXEC, "ResolvConf", "resolv-conf", VALUE_PLAIN, ANY },
	{ EXEC, "Timezone", "timezone", VALUE_PLAIN, ANY },
	{ EXEC, "LinkJournal", "link-journal", VALUE_PLAIN, ADMIN },
	{ EXEC, "SuppressSync", "suppress-sync", VALUE_PLAIN, ANY },

	{ FILES, "ReadOnly", "read-only", VALUE_PLAIN, ANY },
	{ FILES, "Volatile", "volatile", VALUE_PLAIN, ANY },
	{ FILES, "Bind", "bind", VALUE_MOUNT, ADMIN },
	{ FILES, "BindReadOnly", "bind-ro", VALUE_MOUNT, ADMIN },
	{ FILES, "BindUser", "bind-user", VALUE_WORDS, ADMIN },
	{ FILES, "TemporaryFileSystem", "tmpfs", VALUE_PLAIN, ADMIN },
	{ FILES, "Inaccessible", "inaccessible", VALUE_PLAIN, ADMIN },
	{ FILES, "Overlay", "overlay", VALUE_MOUNT, ADMIN },
	{ FILES, "OverlayReadOnly", "overlay-ro", VALUE_MOUNT, ADMIN },
	{ FILES, "PrivateUsersOwnership", "private-users-ownership", VALUE_PLAIN, ADMIN },
	{ FILES, "PrivateUsersChown", "private-users-ownership", VALUE_CHOWN, ADMIN },

	{ NETWORK, "Private", "private-network", VALUE_PLAIN, ADMIN },
	{ NETWORK, "VirtualEthernet", "network-veth", VALUE_PLAIN, ADMIN },
	{ NETWORK, "VirtualEthernetExtra", "network-veth-extra", VALUE_PLAIN, ADMIN },
	{ NETWORK, "Interface", "network-interface", VALUE_WORDS, ADMIN },
	{ NETWORK, "MACVLAN", "network-macvlan", VALUE_WORDS, ADMIN },
	{ NETWORK, "IPVLAN", "network-ipvlan", VALUE_WORDS, ADMIN },
	{ NETWORK, "Bridge", "network-bridge", VALUE_PLAIN, ADMIN },
	{ NETWORK, "Zone", "network-zone", VALUE_PLAIN, ADMIN },
	{ NETWORK, "Port", "port", VALUE_PLAIN, ADMIN },
	{ NETWORK, "NamespacePath", "network-namespace-path", VALUE_PATH, ADMIN },

	{ X_NET, "Address", "address", VALUE_WORDS, ADMIN },
	{ X_NET, "Gateway", "gateway", VALUE_WORDS, ADMIN },
	{ X_NET, "DNS", "dns", VALUE_WORDS, ADMIN },
	{ X_NET, "HostsEntry", "hosts-entry", VALUE_PLAIN, ADMIN },
	{ X_NET, "LinkName", "link-name", VALUE_PLAIN, ADMIN },
	{ X_NET, "MTU", "mtu", VALUE_PLAIN, ADMIN },
	{ X_NET, "MAC", "mac", VALUE_PLAIN, ADMIN },
	{ X_NET, "Masquerade", "masquerade", VALUE_PLAIN, ADMIN },
	{ X_NET, "Isolate", "isolate", VALUE_PLAIN, ADMIN },
	{ X_NET, "DHCP", "dhcp", VALUE_PLAIN, ADMIN },
	{ X_NET, "Rate", "rate", VALUE_PLAIN, ADMIN },

	{ X_NIX, "Store", "store", VALUE_PLAIN, ADMIN },
	{ X_NIX, "System", "system", VALUE_PATH, ADMIN },
	{ X_NIX, "NixDaemon", "nix-daemon", VALUE_PLAIN, ADMIN },

	{ X_FLOE, "Directory", "directory", VALUE_PATH, ADMIN },
	{ X_FLOE, "Ephemeral", "ephemeral", VALUE_PLAIN, ANY },
};
/* clang-format on */

const size_t nspawn_key_count = ARRAY_SIZE(nspawn_keys);

bool nspawn_section_known(const char *section)
{
	for (size_t i = 0; i < nspawn_key_count; i++)
		if (strcmp(nspawn_keys[i].section, section) == 0)
			return true;
	return false;
}

bool nspawn_option_unkeyed(const char *option)
{
	return strcmp(option, "machine") == 0 || strcmp(option, "settings") == 0;
}

static bool has_explicit_key(const char *option)
{
	for (size_t i = 0; i < nspawn_key_count; i++)
		if (nspawn_keys[i].option && strcmp(nspawn_keys[i].option, option) == 0)
			return true;
	return false;
}

/* Whether KEY is OPTION with capitals for the beginnings of its words. */
static bool is_in_capitals(const char *key, const char *option)
{
	bool begin = true;

	for (; *option; option++) {
		if (*option == '-') {
			begin = true;
			continue;
		}
		if (*key++ != (begin ? toupper((unsigned char)*option) : *option))
			return false;
		begin = false;
	}
	return *key == '\0';
}

/* Options that have no key of their own yet. */
static const struct floe_option *find_keyless(const char *name)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);

	for (size_t i = 0; i < count; i++)
		if (rows[i].name && is_in_capitals(name, rows[i].name) &&
		    !nspawn_option_unkeyed(rows[i].name) && !has_explicit_key(rows[i].name))
			return &rows[i];
	return NULL;
}

bool nspawn_key_find(const char *section, const char *name, struct nspawn_key *key)
{
	const struct floe_option *row;

	for (size_t i = 0; i < nspawn_key_count; i++) {
		if (strcmp(nspawn_keys[i].section, section) == 0 &&
		    strcmp(nspawn_keys[i].name, name) == 0) {
			*key = nspawn_keys[i];
			return true;
		}
	}
	row = strcmp(section, X_FLOE) == 0 ? find_keyless(name) : NULL;
	if (row)
		*key = (struct nspawn_key){X_FLOE, name, row->name, VALUE_PLAIN, ADMIN};
	return row != NULL;
}

const char *nspawn_key_section(const char *name)
{
	for (size_t i = 0; i < nspawn_key_count; i++)
		if (strcmp(nspawn_keys[i].name, name) == 0)
			return nspawn_keys[i].section;
	return find_keyless(name) ? X_FLOE : NULL;
}

/* ---- What replaces what ------------------------------------------------------------------------ */

static void reset_start(struct spec *spec)
{
	spec->start = SPEC_START_COMMAND;
	spec->arguments = NULL;
	spec->argument_count = 0;
}

static void reset_environment(struct spec *spec)
{
	spec->environment = NULL;
	spec->environment_count = 0;
}

static void reset_users(struct spec *spec)
{
	spec->userns = SPEC_USERNS_PICK;
	spec->uid_base = spec->uid_count = 0;
	spec->ownership = SPEC_OWNERSHIP_AUTO;
}

static void reset_filter(struct spec *spec)
{
	spec->syscall_filter = NULL;
	spec->syscall_filter_count = 0;
}

static void reset_mounts(struct spec *spec)
{
	spec->mounts = NULL;
	spec->mount_count = 0;
}

static void reset_network(struct spec *spec)
{
	spec->network = SPEC_NETWORK_HOST;
	spec->network_path = NULL;
	spec->links.veth = TRISTATE_UNSET;
	spec->links.bridge = spec->links.zone = NULL;
	spec->links.others = NULL;
	spec->links.other_count = 0;
}

static void reset_ports(struct spec *spec)
{
	spec->links.ports = NULL;
	spec->links.port_count = 0;
}

static void reset_addresses(struct spec *spec)
{
	spec->links.addresses = NULL;
	spec->links.address_count = 0;
}

static void reset_gateways(struct spec *spec)
{
	memset(spec->links.gateway, 0, sizeof(spec->links.gateway));
	spec->links.no_gateway = false;
}

static void reset_servers(struct spec *spec)
{
	spec->links.dns = NULL;
	spec->links.dns_count = 0;
	spec->links.no_dns = false;
}

static void reset_credentials(struct spec *spec)
{
	spec->credentials = NULL;
	spec->credential_count = 0;
}

/* Capabilities add up, as in nspawn, so nothing is taken back of them. */
const struct nspawn_group nspawn_groups[] = {
	{"boot as-pid2", "system", reset_start},
	{"setenv", NULL, reset_environment},
	{"capability drop-capability ambient-capability", NULL, NULL},
	{"private-users private-users-ownership", "U", reset_users},
	{"system-call-filter", NULL, reset_filter},
	{"link-journal", "j", NULL},
	{"bind bind-ro tmpfs overlay overlay-ro inaccessible", NULL, reset_mounts},
	{"private-network network-veth network-veth-extra network-bridge network-zone "
	 "network-interface network-macvlan network-ipvlan network-namespace-path",
	 NULL, reset_network},
	{"port", NULL, reset_ports},
	{"address", NULL, reset_addresses},
	{"gateway", NULL, reset_gateways},
	{"dns", NULL, reset_servers},
	{"load-credential set-credential", NULL, reset_credentials},
	{"console", "pipe", NULL},
};

const size_t nspawn_group_count = ARRAY_SIZE(nspawn_groups);

static const struct nspawn_group *group_with(const char *option)
{
	for (size_t i = 0; i < nspawn_group_count; i++)
		if (text_has_word(nspawn_groups[i].members, option, strlen(option)))
			return &nspawn_groups[i];
	return NULL;
}

const struct nspawn_group *nspawn_group_of(const struct nspawn_key *key)
{
	return group_with(key->option ?: "boot");
}

/* Whether one of the options in LIST, which may be NULL, was said. */
static bool any_given(const struct spec *spec, const char *list)
{
	char name[64];

	while (list && *(list += strspn(list, " "))) {
		size_t length = strcspn(list, " ");

		if (length < sizeof(name)) {
			memcpy(name, list, length);
			name[length] = '\0';
			if (spec_given(spec, name))
				return true;
		}
		list += length;
	}
	return false;
}

static bool limit_given(const struct spec *spec, const char *resource)
{
	int number = rlimit_from_name(resource, strlen(resource));

	for (size_t i = 0; i < spec->rlimit_count; i++)
		if (spec->rlimits[i].resource == number)
			return true;
	return false;
}

bool nspawn_key_masked(const struct spec *before, const struct nspawn_key *key)
{
	const struct nspawn_group *group = nspawn_group_of(key);
	const struct nspawn_group *network = group_with("private-network");

	if (key->value == VALUE_LIMIT)
		return limit_given(before, key->name + strlen("Limit"));
	if (key->option && spec_given(before, key->option))
		return true;
	/* Words that are no option are the command, or with --boot its arguments. */
	if (group && group->reset == reset_start && before->argument_count > 0)
		return true;
	if (strcmp(key->section, X_NET) == 0 && any_given(before, network->members))
		return true;
	return group && (any_given(before, group->members) || any_given(before, group->also));
}
