/* SPDX-License-Identifier: MIT */
/*
 * The table of options: it drives parsing, help, completion and the check of the manual.
 * Names and meanings are those of systemd-nspawn(1) where it has the option.
 */
#include "option.h"

#include "../base/cleanup.h"
#include "names.h"
#include "text.h"

#include <errno.h>
#include <string.h>

#define GROUP_IMAGE       "Image"
#define GROUP_EXECUTION   "Execution"
#define GROUP_IDENTITY    "Identity"
#define GROUP_USERS       "User namespace"
#define GROUP_NETWORK     "Network"
#define GROUP_SECURITY    "Security"
#define GROUP_RESOURCES   "Resources"
#define GROUP_MOUNTS      "Mounts"
#define GROUP_INTEGRATION "Integration"
#define GROUP_OUTPUT      "Input and output"

#define YES_NO            "yes no"

#define ACTION(...)                                                                                \
	&(const struct option_action)                                                              \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define CALL(setter)          ACTION(.set = setter)
#define FIELD(setter, member) ACTION(.set = setter, .offset = offsetof(struct spec, member))
#define WORDS(member, table)                                                                       \
	ACTION(.set = set_word, .offset = offsetof(struct spec, member), .words = &(table))
#define CONSTANT(member, number)                                                                   \
	ACTION(.set = set_constant, .offset = offsetof(struct spec, member), .constant = number)
#define CAPABILITIES(member, all)                                                                  \
	ACTION(.set = set_capabilities, .offset = offsetof(struct spec, member), .constant = all)
#define LINK(link_kind)          ACTION(.set = set_other_link, .constant = link_kind)
#define MOUNT(setter, read_only) ACTION(.set = setter, .constant = read_only)

/* clang-format off */
static const struct floe_option options[] = {
	{ .group = GROUP_IMAGE, .name = "directory", .letter = 'D', .argument = "PATH",
	  .help = "the tree to use as root", .words = "@directory",
	  .action = FIELD(set_host_path, directory) },
	{ .group = GROUP_IMAGE, .name = "system", .argument = "PATH",
	  .help = "boot this NixOS system of the host's store", .words = "@directory",
	  .action = FIELD(set_host_path, system) },
	{ .group = GROUP_IMAGE, .name = "store", .argument = "MODE",
	  .help = "what /nix/store is inside",
	  .words = "private ro rw overlay closure closure+overlay",
	  .action = WORDS(store, words_store) },
	{ .group = GROUP_IMAGE, .name = "store-root", .argument = "PATH", .repeatable = true,
	  .help = "show the closure of this store path too", .words = "@file",
	  .action = CALL(set_store_root) },
	{ .group = GROUP_IMAGE, .name = "store-closure", .argument = "FILE",
	  .help = "read the closure from a list of paths or a registration", .words = "@file",
	  .action = FIELD(set_host_path, store_closure) },
	{ .group = GROUP_IMAGE, .name = "nix-daemon", .argument = "WHOSE",
	  .help = "whose daemon and database Nix has inside", .words = "host private none",
	  .action = WORDS(nix_daemon, words_nix_daemon) },
	{ .group = GROUP_IMAGE, .name = "ephemeral", .letter = 'x', .argument = "KIND",
	  .optional = true, .help = "run on a copy that is removed at the end",
	  .words = "overlay snapshot copy no", .action = WORDS(ephemeral, words_ephemeral) },
	{ .group = GROUP_IMAGE, .name = "read-only",
	  .help = "mount the tree read-only", .action = FIELD(set_flag, read_only) },
	{ .group = GROUP_IMAGE, .name = "volatile", .argument = "MODE", .optional = true,
	  .help = "keep changes in memory only", .words = "yes state overlay no",
	  .action = WORDS(volatile_mode, words_volatile) },
	{ .group = GROUP_IMAGE, .name = "settings", .argument = "MODE",
	  .help = "what a settings file may say, see floe.nspawn(5)",
	  .words = "yes no override trusted", .action = WORDS(settings, words_settings) },

	{ .group = GROUP_EXECUTION, .name = "boot", .letter = 'b', .argument = "BOOL",
	  .optional = true, .help = "run the init of the tree as PID 1", .words = YES_NO,
	  .action = CALL(set_boot) },
	{ .group = GROUP_EXECUTION, .name = "as-pid2", .letter = 'a',
	  .help = "run the command as PID 2 below a small init",
	  .action = CALL(set_as_pid2) },
	{ .group = GROUP_EXECUTION, .name = "user", .letter = 'u', .argument = "USER",
	  .help = "run as this user of the tree", .action = CALL(set_user) },
	{ .group = GROUP_EXECUTION, .name = "chdir", .argument = "PATH",
	  .help = "working directory inside", .action = FIELD(set_inside_path, chdir) },
	{ .group = GROUP_EXECUTION, .name = "setenv", .letter = 'E', .argument = "NAME[=VALUE]",
	  .repeatable = true, .help = "pass an environment variable",
	  .action = CALL(set_environment) },
	{ .group = GROUP_EXECUTION, .name = "kill-signal", .argument = "SIGNAL",
	  .help = "what SIGTERM becomes for PID 1 inside", .words = signal_words,
	  .action = CALL(set_kill_signal) },
	{ .group = GROUP_EXECUTION, .name = "notify-ready", .argument = "BOOL",
	  .help = "ready only when PID 1 inside says so", .words = YES_NO,
	  .action = FIELD(set_tristate, notify_ready) },
	{ .group = GROUP_EXECUTION, .name = "private-time",
	  .help = "a time namespace of its own", .action = FIELD(set_flag, time_namespace) },
	{ .group = GROUP_EXECUTION, .name = "keep-unit",
	  .help = "stay in the caller's cgroup and unit", .action = FIELD(set_flag, keep_unit) },
	{ .group = GROUP_EXECUTION, .name = "register", .argument = "BOOL",
	  .help = "register with systemd-machined: only no", .words = "no",
	  .action = CALL(set_register) },

	{ .group = GROUP_IDENTITY, .name = "machine", .letter = 'M', .argument = "NAME",
	  .help = "name of the machine", .words = "@image",
	  .action = FIELD(set_host_name, name) },
	{ .group = GROUP_IDENTITY, .name = "hostname", .argument = "NAME",
	  .help = "host name inside, if it is not the machine's",
	  .action = FIELD(set_host_name, hostname) },
	{ .group = GROUP_IDENTITY, .name = "uuid", .argument = "UUID",
	  .help = "machine id, where the tree has none", .action = CALL(set_uuid) },

	{ .group = GROUP_USERS, .name = "private-users", .argument = "RANGE", .optional = true,
	  .help = "ids on the host: pick, no, yes, identity, FIRST[:COUNT]",
	  .words = "pick no yes identity", .action = CALL(set_private_users) },
	{ .group = GROUP_USERS, .name = "private-users-ownership", .argument = "HOW",
	  .help = "how the tree's owners fit the range", .words = "auto off map chown",
	  .action = WORDS(ownership, words_ownership) },
	{ .group = GROUP_USERS, .letter = 'U',
	  .help = "--private-users=pick --private-users-ownership=auto",
	  .action = CALL(set_pick) },

	{ .group = GROUP_NETWORK, .name = "private-network", .argument = "BOOL",
	  .optional = true, .help = "a network of its own, only lo in it", .words = YES_NO,
	  .action = CALL(set_private_network) },
	{ .group = GROUP_NETWORK, .name = "network-namespace-path", .argument = "PATH",
	  .help = "join this network namespace", .words = "@file",
	  .action = FIELD(set_network_path, network_path) },
	{ .group = GROUP_NETWORK, .name = "network-veth", .letter = 'n', .argument = "BOOL",
	  .optional = true, .help = "a link to the host of the machine's own", .words = YES_NO,
	  .action = CALL(set_veth) },
	{ .group = GROUP_NETWORK, .name = "network-bridge", .argument = "LINK",
	  .help = "the same, as a port of this bridge", .words = "@link",
	  .action = CALL(set_bridge) },
	{ .group = GROUP_NETWORK, .name = "network-zone", .argument = "ZONE",
	  .help = "the same, on a bridge for all machines of the zone",
	  .action = CALL(set_zone) },
	{ .group = GROUP_NETWORK, .name = "link-name", .argument = "NAME",
	  .help = "what its link is called inside, if not host0",
	  .action = CALL(set_link_name) },
	{ .group = GROUP_NETWORK, .name = "network-veth-extra", .argument = "HOST[:INSIDE]",
	  .repeatable = true, .help = "a further pair of links", .action = LINK(SPEC_LINK_VETH) },
	{ .group = GROUP_NETWORK, .name = "network-interface", .argument = "LINK[:INSIDE]",
	  .repeatable = true, .help = "give a link of the host to the machine",
	  .words = "@link", .action = LINK(SPEC_LINK_MOVE) },
	{ .group = GROUP_NETWORK, .name = "network-macvlan", .argument = "LINK[:INSIDE]",
	  .repeatable = true, .help = "share a link of the host, with a MAC of its own",
	  .words = "@link", .action = LINK(SPEC_LINK_MACVLAN) },
	{ .group = GROUP_NETWORK, .name = "network-ipvlan", .argument = "LINK[:INSIDE]",
	  .repeatable = true, .help = "share a link of the host and its MAC",
	  .words = "@link", .action = LINK(SPEC_LINK_IPVLAN) },
	{ .group = GROUP_NETWORK, .name = "port", .letter = 'p',
	  .argument = "[PROTOCOL:][ADDRESS:]HOST[-LAST][:MACHINE[-LAST]]", .repeatable = true,
	  .help = "ports of the host that lead into the machine", .action = CALL(set_port) },
	{ .group = GROUP_NETWORK, .name = "address", .argument = "MACHINE[/PREFIX][,HOST[/PREFIX]]",
	  .repeatable = true, .help = "addresses of both ends of the machine's link",
	  .action = CALL(set_address) },
	{ .group = GROUP_NETWORK, .name = "gateway", .argument = "ADDRESS", .repeatable = true,
	  .help = "its way out, or no", .words = "no", .action = CALL(set_gateway) },
	{ .group = GROUP_NETWORK, .name = "dns", .argument = "ADDRESS", .repeatable = true,
	  .help = "its name servers, or no", .words = "no", .action = CALL(set_dns) },
	{ .group = GROUP_NETWORK, .name = "dhcp", .argument = "WHEN",
	  .help = "offer addresses on its link: auto, yes, no", .words = "auto yes no",
	  .action = WORDS(links.dhcp, words_dhcp) },
	{ .group = GROUP_NETWORK, .name = "masquerade", .argument = "BOOL",
	  .help = "let it speak to the outside by the host's address", .words = YES_NO,
	  .action = FIELD(set_switch, links.masquerade) },
	{ .group = GROUP_NETWORK, .name = "isolate", .argument = "BOOL", .optional = true,
	  .help = "no traffic from and to other machines", .words = YES_NO,
	  .action = FIELD(set_switch, links.isolate) },
	{ .group = GROUP_NETWORK, .name = "hosts-entry", .argument = "BOOL", .optional = true,
	  .help = "keep its name in the host's /etc/hosts", .words = YES_NO,
	  .action = FIELD(set_switch, links.hosts_entry) },
	{ .group = GROUP_NETWORK, .name = "mtu", .argument = "BYTES",
	  .help = "the longest packet of its link", .action = CALL(set_mtu) },
	{ .group = GROUP_NETWORK, .name = "mac", .argument = "MAC",
	  .help = "Ethernet address of its link", .action = CALL(set_mac) },
	{ .group = GROUP_NETWORK, .name = "rate", .argument = "BITS",
	  .help = "most bits a second over its link, each way, such as 10M",
	  .action = CALL(set_rate) },

	{ .group = GROUP_SECURITY, .name = "capability", .argument = "NAME[,NAME...]",
	  .repeatable = true, .help = "keep these capabilities too", .words = capability_words,
	  .action = CAPABILITIES(capabilities_add, true) },
	{ .group = GROUP_SECURITY, .name = "drop-capability", .argument = "NAME[,NAME...]",
	  .repeatable = true, .help = "take these capabilities away", .words = capability_words,
	  .action = CAPABILITIES(capabilities_drop, true) },
	{ .group = GROUP_SECURITY, .name = "ambient-capability", .argument = "NAME[,NAME...]",
	  .repeatable = true, .help = "hand these to the command whoever runs it",
	  .words = capability_words + sizeof("all"),
	  .action = CAPABILITIES(capabilities_ambient, false) },
	{ .group = GROUP_SECURITY, .name = "no-new-privileges", .argument = "BOOL",
	  .help = "set-user-id bits and file capabilities do nothing", .words = YES_NO,
	  .action = FIELD(set_bool, no_new_privileges) },
	{ .group = GROUP_SECURITY, .name = "system-call-filter", .argument = "LIST",
	  .repeatable = true, .help = "allow more system calls, or with ~ fewer",
	  .action = CALL(set_syscall_filter) },
	{ .group = GROUP_SECURITY, .name = "masks",
	  .help = "cover sensitive files of /proc and /sys", .action = FIELD(set_flag, masks) },

	{ .group = GROUP_RESOURCES, .name = "rlimit", .argument = "NAME=SOFT[:HARD]",
	  .repeatable = true, .help = "limit a resource, see setrlimit(2)",
	  .words = rlimit_words, .action = CALL(set_rlimit) },
	{ .group = GROUP_RESOURCES, .name = "oom-score-adjust", .argument = "NUMBER",
	  .help = "from -1000 to 1000, see proc(5)", .action = CALL(set_oom_score) },
	{ .group = GROUP_RESOURCES, .name = "cpu-affinity", .argument = "LIST",
	  .help = "run on these CPUs only, such as 0-3,5",
	  .action = CALL(set_cpu_affinity) },
	{ .group = GROUP_RESOURCES, .name = "personality", .argument = "NAME",
	  .help = "architecture that uname says", .words = "x86 x86-64",
	  .action = CALL(set_personality) },
	{ .group = GROUP_RESOURCES, .name = "tasks-max", .argument = "NUMBER",
	  .help = "processes and threads at most, or infinity", .words = "infinity",
	  .action = CALL(set_tasks_max) },
	{ .group = GROUP_RESOURCES, .name = "memory", .argument = "BYTES",
	  .help = "memory at most, such as 2G, or infinity", .words = "infinity",
	  .action = CALL(set_memory) },
	{ .group = GROUP_RESOURCES, .name = "cpu", .argument = "NUMBER",
	  .help = "time of so many CPUs at most, such as 1.5 or 150%, or infinity",
	  .words = "infinity", .action = CALL(set_cpu) },
	{ .group = GROUP_RESOURCES, .name = "io", .argument = "BYTES[:BYTES]",
	  .help = "read from and written to the tree's disk a second at most, or infinity",
	  .words = "infinity", .action = CALL(set_io) },
	{ .group = GROUP_RESOURCES, .name = "strict",
	  .help = "fail where a limit would be lowered to what is possible",
	  .action = FIELD(set_flag, strict) },

	{ .group = GROUP_MOUNTS, .name = "bind", .argument = "SOURCE[:TARGET[:WORDS]]",
	  .repeatable = true, .help = "show a file or directory of the host inside",
	  .words = "@file", .action = MOUNT(set_bind, false) },
	{ .group = GROUP_MOUNTS, .name = "bind-ro", .argument = "SOURCE[:TARGET[:WORDS]]",
	  .repeatable = true, .help = "the same, read-only",
	  .words = "@file", .action = MOUNT(set_bind, true) },
	{ .group = GROUP_MOUNTS, .name = "tmpfs", .argument = "TARGET[:OPTIONS]",
	  .repeatable = true, .help = "an empty file system in memory",
	  .action = CALL(set_tmpfs) },
	{ .group = GROUP_MOUNTS, .name = "overlay", .argument = "LOWER[:LOWER...]:UPPER:TARGET",
	  .repeatable = true, .help = "directories over one another, writes go to UPPER",
	  .words = "@directory", .action = MOUNT(set_overlay, false) },
	{ .group = GROUP_MOUNTS, .name = "overlay-ro", .argument = "LOWER[:LOWER...]:UPPER:TARGET",
	  .repeatable = true, .help = "the same, read-only",
	  .words = "@directory", .action = MOUNT(set_overlay, true) },
	{ .group = GROUP_MOUNTS, .name = "inaccessible", .argument = "PATH",
	  .repeatable = true, .help = "cover a path inside so that it cannot be used",
	  .action = CALL(set_inaccessible) },

	{ .group = GROUP_INTEGRATION, .name = "resolv-conf", .argument = "MODE",
	  .help = "what /etc/resolv.conf becomes",
	  .words = "auto off copy-host copy-static copy-uplink copy-stub replace-host "
		   "replace-static replace-uplink replace-stub bind-host bind-static "
		   "bind-uplink bind-stub delete",
	  .action = WORDS(resolv, words_resolv) },
	{ .group = GROUP_INTEGRATION, .name = "timezone", .argument = "MODE",
	  .help = "what /etc/localtime becomes", .words = "auto off copy bind symlink delete",
	  .action = WORDS(timezone, words_timezone) },
	{ .group = GROUP_INTEGRATION, .name = "link-journal", .argument = "MODE",
	  .help = "let the host see the journal",
	  .words = "auto no host try-host guest try-guest",
	  .action = WORDS(journal, words_journal) },
	{ .group = GROUP_INTEGRATION, .letter = 'j', .help = "--link-journal=try-guest",
	  .action = CONSTANT(journal, SPEC_JOURNAL_TRY_GUEST) },
	{ .group = GROUP_INTEGRATION, .name = "load-credential", .argument = "ID:PATH",
	  .repeatable = true, .help = "hand in a secret from a file",
	  .action = CALL(set_credential_path) },
	{ .group = GROUP_INTEGRATION, .name = "set-credential", .argument = "ID:VALUE",
	  .repeatable = true, .help = "hand in a secret; escapes as in C",
	  .action = CALL(set_credential_data) },

	{ .group = GROUP_OUTPUT, .name = "console", .argument = "MODE",
	  .help = "how the console is connected",
	  .words = "auto interactive read-only passive pipe autopipe",
	  .action = WORDS(console, words_console) },
	{ .group = GROUP_OUTPUT, .name = "pipe", .letter = 'P', .help = "--console=pipe",
	  .action = CONSTANT(console, SPEC_CONSOLE_PIPE) },
	{ .group = GROUP_OUTPUT, .name = "quiet", .letter = 'q',
	  .help = "no notes of our own", .action = FIELD(set_flag, quiet) },
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(options) <= 8 * sizeof(((struct spec *)NULL)->given),
	       "one bit for each option");

FLOE_PUBLIC const struct floe_option *floe_options(size_t *count)
{
	*count = ARRAY_SIZE(options);
	return options;
}

static bool is_called(const struct floe_option *option, const char *name)
{
	if (option->name && strcmp(option->name, name) == 0)
		return true;
	return option->letter && name[0] == option->letter && name[1] == '\0';
}

const struct floe_option *option_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (is_called(&options[i], name))
			return &options[i];
	return NULL;
}

bool spec_given(const struct spec *spec, const char *name)
{
	const struct floe_option *option = option_find(name);
	size_t index = option ? (size_t)(option - options) : 0;

	return option && (spec->given[index / 64] >> index % 64 & 1);
}

static void mark_given(struct spec *spec, const struct floe_option *option)
{
	size_t index = (size_t)(option - options);

	spec->given[index / 64] |= UINT64_C(1) << index % 64;
}

void spec_forget(struct spec *spec, const char *names)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *name = options[i].name;

		if (name && text_has_word(names, name, strlen(name)))
			spec->given[i / 64] &= ~(UINT64_C(1) << i % 64);
	}
}

void option_clear(struct spec *spec, const struct floe_option *option)
{
	const struct option_call call = {spec, option, NULL, NULL};

	if (option_action(&call)->set == set_flag)
		*(bool *)option_field(&call) = false;
	else if (option_action(&call)->set == set_as_pid2 && spec->start == SPEC_START_PID2)
		spec->start = SPEC_START_COMMAND;
}

int option_apply(struct spec *spec, const struct floe_option *option, const char *value,
		 struct floe_error *error)
{
	const struct option_call call = {spec, option, value, error};
	int r;

	if (value && !option->argument)
		return option_refuse(&call, "takes no value");
	if (!value && option->argument && !option->optional)
		return option_refuse(&call, "needs a value: %s", option->argument);
	r = option_action(&call)->set(&call);
	if (r < 0)
		return r;
	if (arena_failed(&spec->arena))
		return err_errno(error, ENOMEM, "cannot keep the value of an option");
	mark_given(spec, option);
	return 0;
}
