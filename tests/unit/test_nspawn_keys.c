/* SPDX-License-Identifier: MIT */
/* Every key of settings files, against the options that say the same. */
#include "../../runtime/spec/nspawn_keys.h"
#include "settings_text.h"

#include <string.h>
#include <strings.h>

#include "unit.h"

/* An assignment, and the words of the command line that it stands for. NULL: floe has no such
 * option, and says so. A key stands once here, or oftener. */
static const struct golden {
	const char *section, *key, *value, *line;
} goldens[] = {
	{"Exec", "Boot", "yes", "--boot"},
	{"Exec", "Boot", "no", "--boot=no"},
	{"Exec", "ProcessTwo", "true", "--as-pid2"},
	{"Exec", "ProcessTwo", "off", ""},
	{"Exec", "Ephemeral", "yes", "--ephemeral"},
	{"Exec", "Ephemeral", "no", "--ephemeral=no"},
	{"Exec", "Environment", "A=1", "-E A=1"},
	{"Exec", "Environment", "A=1 'B=2 3' C=\"4 5\"", "-E A=1 -E 'B=2 3' -E 'C=4 5'"},
	{"Exec", "User", "joe", "--user=joe"},
	{"Exec", "WorkingDirectory", "/srv//x", "--chdir=/srv/x"},
	{"Exec", "PivotRoot", "/new:/old", NULL},
	{"Exec", "Capability", "CAP_SYS_TIME CAP_KILL", "--capability=CAP_SYS_TIME,CAP_KILL"},
	{"Exec", "Capability", "all", "--capability=all"},
	{"Exec", "DropCapability", "CAP_KILL", "--drop-capability=CAP_KILL"},
	{"Exec", "AmbientCapability", "CAP_KILL", "--ambient-capability=CAP_KILL"},
	{"Exec", "NoNewPrivileges", "1", "--no-new-privileges=yes"},
	{"Exec", "KillSignal", "SIGRTMIN+3", "--kill-signal=SIGRTMIN+3"},
	{"Exec", "Personality", "x86", "--personality=x86"},
	{"Exec", "MachineID", "0123456789abcdef0123456789abcdef",
	 "--uuid=01234567-89ab-cdef-0123-456789abcdef"},
	{"Exec", "PrivateUsers", "pick", "--private-users=pick"},
	{"Exec", "PrivateUsers", "65536:131072", "--private-users=65536:131072"},
	{"Exec", "PrivateUsers", "0", "--private-users=0"},
	{"Exec", "PrivateUsers", "no", "--private-users=no"},
	{"Exec", "PrivateUsers", "identity", "--private-users=identity"},
	{"Exec", "NotifyReady", "yes", "--notify-ready=yes"},
	{"Exec", "SystemCallFilter", "@keyring bpf", "'--system-call-filter=@keyring bpf'"},
	{"Exec", "SystemCallFilter", "~@swap kexec_load",
	 "'--system-call-filter=~@swap kexec_load'"},
	{"Exec", "LimitCPU", "1min:2min", "--rlimit=CPU=1min:2min"},
	{"Exec", "LimitFSIZE", "1G", "--rlimit=FSIZE=1G"},
	{"Exec", "LimitDATA", "1G:2G", "--rlimit=DATA=1G:2G"},
	{"Exec", "LimitSTACK", "8M", "--rlimit=STACK=8M"},
	{"Exec", "LimitCORE", "infinity", "--rlimit=CORE=infinity"},
	{"Exec", "LimitRSS", "1", "--rlimit=RSS=1"},
	{"Exec", "LimitNOFILE", "1024:4096", "--rlimit=NOFILE=1024:4096"},
	{"Exec", "LimitAS", "1T", "--rlimit=AS=1T"},
	{"Exec", "LimitNPROC", "7", "--rlimit=NPROC=7"},
	{"Exec", "LimitMEMLOCK", "64K", "--rlimit=MEMLOCK=64K"},
	{"Exec", "LimitLOCKS", "5", "--rlimit=LOCKS=5"},
	{"Exec", "LimitSIGPENDING", "5", "--rlimit=SIGPENDING=5"},
	{"Exec", "LimitMSGQUEUE", "5", "--rlimit=MSGQUEUE=5"},
	{"Exec", "LimitNICE", "-10", "--rlimit=NICE=-10"},
	{"Exec", "LimitRTPRIO", "5", "--rlimit=RTPRIO=5"},
	{"Exec", "LimitRTTIME", "5ms", "--rlimit=RTTIME=5ms"},
	{"Exec", "OOMScoreAdjust", "-100", "--oom-score-adjust=-100"},
	{"Exec", "CPUAffinity", "0-3 5", "--cpu-affinity=0-3,5"},
	{"Exec", "Hostname", "other", "--hostname=other"},
	{"Exec", "ResolvConf", "bind-stub", "--resolv-conf=bind-stub"},
	{"Exec", "Timezone", "symlink", "--timezone=symlink"},
	{"Exec", "LinkJournal", "try-host", "--link-journal=try-host"},
	{"Exec", "SuppressSync", "yes", NULL},
	{"Exec", "SuppressSync", "no", ""},
	{"Files", "ReadOnly", "yes", "--read-only"},
	{"Files", "ReadOnly", "no", ""},
	{"Files", "Volatile", "yes", "--volatile=yes"},
	{"Files", "Volatile", "state", "--volatile=state"},
	{"Files", "Volatile", "false", "--volatile=no"},
	{"Files", "Bind", "/a", "--bind=/a"},
	{"Files", "Bind", "/a:/b:norbind,idmap", "--bind=/a:/b:norbind,idmap"},
	{"Files", "Bind", ":/b", "--bind=:/b"},
	{"Files", "Bind", "+a\\:b:/c", "--bind=+a\\:b:/c"},
	{"Files", "BindReadOnly", "/a:/b", "--bind-ro=/a:/b"},
	{"Files", "BindUser", "joe", NULL},
	{"Files", "TemporaryFileSystem", "/t:size=1M", "--tmpfs=/t:size=1M"},
	{"Files", "Inaccessible", "/x", "--inaccessible=/x"},
	{"Files", "Overlay", "/a:/b:/c:/d", "--overlay=/a:/b:/c:/d"},
	{"Files", "Overlay", "+/a:+/b", "--overlay=+/a:+/b"},
	{"Files", "Overlay", "/a::/c", "--overlay=/a::/c"},
	{"Files", "OverlayReadOnly", "/a:/b:/c", "--overlay-ro=/a:/b:/c"},
	{"Files", "PrivateUsersOwnership", "map", "--private-users-ownership=map"},
	{"Files", "PrivateUsersChown", "yes", "--private-users-ownership=chown"},
	{"Files", "PrivateUsersChown", "no", "--private-users-ownership=off"},
	{"Network", "Private", "yes", "--private-network"},
	{"Network", "Private", "no", "--private-network=no"},
	{"Network", "NamespacePath", "/run/netns/x", "--network-namespace-path=/run/netns/x"},
	{"Network", "VirtualEthernet", "yes", "-n"},
	{"Network", "VirtualEthernet", "no", "--network-veth=no"},
	{"Network", "VirtualEthernetExtra", "a:b", "--network-veth-extra=a:b"},
	{"Network", "Interface", "eth1 eth2:lan",
	 "--network-interface=eth1 --network-interface=eth2:lan"},
	{"Network", "MACVLAN", "eth1:x eth2", "--network-macvlan=eth1:x --network-macvlan=eth2"},
	{"Network", "IPVLAN", "eth1", "--network-ipvlan=eth1"},
	{"Network", "Bridge", "br0", "--network-bridge=br0"},
	{"Network", "Zone", "lan", "--network-zone=lan"},
	{"Network", "Port", "udp:53:5353", "--port=udp:53:5353"},
	{"X-Network", "Address", "10.0.0.2/24,10.0.0.1 fd00::2/64",
	 "--address=10.0.0.2/24,10.0.0.1 --address=fd00::2/64"},
	{"X-Network", "Gateway", "10.0.0.1 fd00::1", "--gateway=10.0.0.1 --gateway=fd00::1"},
	{"X-Network", "Gateway", "no", "--gateway=no"},
	{"X-Network", "DNS", "9.9.9.9 149.112.112.112", "--dns=9.9.9.9 --dns=149.112.112.112"},
	{"X-Network", "HostsEntry", "yes", "--hosts-entry"},
	{"X-Network", "LinkName", "eth0", "--link-name=eth0"},
	{"X-Network", "MTU", "1400", "--mtu=1400"},
	{"X-Network", "MAC", "02:00:00:12:34:56", "--mac=02:00:00:12:34:56"},
	{"X-Network", "Masquerade", "no", "--masquerade=no"},
	{"X-Network", "Isolate", "yes", "--isolate"},
	{"X-Network", "DHCP", "no", "--dhcp=no"},
	{"X-Network", "Rate", "10M", "--rate=10M"},
	{"X-Nix", "Store", "rw", "--store=rw"},
	{"X-Nix", "System", "/nix/store/s", "--system=/nix/store/s"},
	{"X-Nix", "NixDaemon", "host", "--nix-daemon=host"},
	{"X-Floe", "Directory", "/srv/web", "--directory=/srv/web"},
	{"X-Floe", "Ephemeral", "copy", "--ephemeral=copy"},
	{"X-Floe", "PrivateTime", "yes", "--private-time"},
	{"X-Floe", "Masks", "yes", "--masks"},
	{"X-Floe", "Strict", "yes", "--strict"},
	{"X-Floe", "Strict", "no", ""},
	/* by the rule, without a row of their own */
	{"X-Floe", "TasksMax", "7", "--tasks-max=7"},
	{"X-Floe", "KeepUnit", "yes", "--keep-unit"},
	{"X-Floe", "Console", "passive", "--console=passive"},
	{"X-Floe", "Quiet", "on", "--quiet"},
	{"X-Floe", "Register", "no", "--register=no"},
	{"X-Floe", "LoadCredential", "a:/x", "--load-credential=a:/x"},
	{"X-Floe", "SetCredential", "a:b c", "'--set-credential=a:b c'"},
};

static char *assignment(const struct golden *golden)
{
	char *text;

	assert_true(asprintf(&text, "[%s]\n%s = %s\n", golden->section, golden->key,
			     golden->value) > 0);
	return text;
}

static void every_key_does_what_its_option_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		CLEANUP_FREE char *text = assignment(&goldens[i]);
		struct settings_read read =
			settings_read_text(text, strlen(text), SETTINGS_TRUSTED, "");

		if (!goldens[i].line) {
			settings_check_findings(&read, text, "2 error floe cannot do this yet");
		} else {
			settings_check_findings(&read, text, "");
			settings_check_spec(&read, text, goldens[i].line);
		}
		settings_free(&read);
	}
}

static void every_key_has_a_golden_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < nspawn_key_count; i++) {
		const struct nspawn_key *key = &nspawn_keys[i];
		bool found = key->value == VALUE_COMMAND;

		for (size_t j = 0; j < ARRAY_SIZE(goldens); j++)
			found |= strcmp(goldens[j].section, key->section) == 0 &&
				 strcmp(goldens[j].key, key->name) == 0;
		if (!found)
			fail_msg("[%s] %s= has no case", key->section, key->name);
	}
}

/* Which keys nspawn heeds in files that came with an image, and the few of ours. */
static const char harmless[] =
	"Boot ProcessTwo Parameters Ephemeral Environment User WorkingDirectory PivotRoot "
	"DropCapability NoNewPrivileges KillSignal Personality NotifyReady Hostname ResolvConf "
	"Timezone SuppressSync ReadOnly Volatile";

static bool is_harmless(const struct golden *golden)
{
	if (strcmp(golden->key, "SystemCallFilter") == 0)
		return *golden->value == '~';
	for (const char *p = harmless; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (strcspn(p, " ") == strlen(golden->key) &&
		    strncmp(p, golden->key, strlen(golden->key)) == 0)
			return true;
	return false;
}

/* What an image may not say about itself changes nothing, and is said. */
static void untrusted_files_are_heeded_in_part(void **state)
{
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		CLEANUP_FREE char *text = assignment(&goldens[i]);
		struct settings_read read =
			settings_read_text(text, strlen(text), SETTINGS_UNTRUSTED, "");

		if (!is_harmless(&goldens[i])) {
			refused++;
			settings_check_findings(&read, text, "2 warning administrator only");
			settings_check_spec(&read, text, "");
		} else if (goldens[i].line) {
			settings_check_findings(&read, text, "");
			settings_check_spec(&read, text, goldens[i].line);
		}
		settings_free(&read);
	}
	assert_true(refused > 40);
}

/* Whatever is said of a key on the command line, the file does not change it, unless it overrides. */
static void options_win_unless_overridden(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		CLEANUP_FREE char *text = assignment(&goldens[i]);
		struct settings_read read;

		if (!goldens[i].line || !*goldens[i].line)
			continue;
		read = settings_read_text(text, strlen(text), SETTINGS_TRUSTED, goldens[i].line);
		settings_check_findings(&read, text, "");
		settings_check_spec(&read, text, goldens[i].line);
		settings_free(&read);
		read = settings_read_text(text, strlen(text), SETTINGS_OVERRIDE, goldens[i].line);
		settings_check_findings(&read, text, "");
		settings_check_spec(&read, text, goldens[i].line);
		settings_free(&read);
		count++;
	}
	assert_true(count > 70);
}

/* Only these are of options that are still to come. */
static void every_key_names_an_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < nspawn_key_count; i++) {
		const char *option = nspawn_keys[i].option;
		bool absent = option && (strcmp(option, "pivot-root") == 0 ||
					 strcmp(option, "suppress-sync") == 0 ||
					 strcmp(option, "bind-user") == 0 ||
					 strcmp(option, "nix-daemon") == 0);

		if (option && !absent && !option_find(option))
			fail_msg("%s= stands for --%s, which there is not", nspawn_keys[i].name,
				 option);
	}
}

static bool has_key(const char *option)
{
	for (size_t i = 0; i < nspawn_key_count; i++)
		if (nspawn_keys[i].option && strcmp(nspawn_keys[i].option, option) == 0)
			return true;
	return false;
}

/* "tasks-max" as "TasksMax". */
static void in_capitals(const char *option, char name[static 64])
{
	bool begin = true;

	for (; *option; option++) {
		if (*option != '-')
			*name++ = (char)(begin && *option >= 'a' && *option <= 'z' ? *option - 32
										   : *option);
		begin = *option == '-';
	}
	*name = '\0';
}

static void every_option_has_a_key(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);
	struct nspawn_key key;
	char name[64];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (!rows[i].name || nspawn_option_unkeyed(rows[i].name) || has_key(rows[i].name))
			continue;
		in_capitals(rows[i].name, name);
		if (!nspawn_key_find("X-Floe", name, &key))
			fail_msg("--%s has no key %s=", rows[i].name, name);
		assert_string_equal(key.option, rows[i].name);
		assert_int_equal(key.trust, FROM_ADMINISTRATOR);
	}
}

static void sections_are_not_confused(void **state)
{
	struct nspawn_key key;

	(void)state;
	assert_false(nspawn_key_find("Files", "Boot", &key));
	assert_false(nspawn_key_find("exec", "Boot", &key));
	assert_false(nspawn_key_find("Exec", "boot", &key));
	assert_false(nspawn_key_find("Exec", "TasksMax", &key));
	assert_false(nspawn_key_find("X-Floe", "Boot", &key));
	assert_false(nspawn_key_find("X-Floe", "Machine", &key));
	assert_false(nspawn_key_find("X-Floe", "Settings", &key));
	assert_false(nspawn_key_find("X-Floe", "Tasks-max", &key));
	assert_false(nspawn_key_find("X-Floe", "TasksMaxx", &key));
	assert_false(nspawn_key_find("X-Floe", "TasksMa", &key));
	assert_false(nspawn_key_find("X-Floe", "", &key));
	assert_string_equal(nspawn_key_section("TasksMax"), "X-Floe");
	assert_string_equal(nspawn_key_section("Bind"), "Files");
	assert_null(nspawn_key_section("Nonsense"));
}

/* The section that a heading of the manual is about, ".Sh [EXEC] SECTION"; "" for others. */
static const char *section_of_heading(const char *line)
{
	for (size_t i = 0; i < nspawn_key_count; i++) {
		size_t length = strlen(nspawn_keys[i].section);

		if (strncasecmp(line, nspawn_keys[i].section, length) == 0 && line[length] == ']')
			return nspawn_keys[i].section;
	}
	return "";
}

/* The keys that head an item, ".It Va Bind= , BindReadOnly=". */
static size_t check_item(const char *section, char *line)
{
	char *position = NULL;
	struct nspawn_key key;
	size_t count = 0;

	for (char *word = strtok_r(line, " ,\n", &position); word;
	     word = strtok_r(NULL, " ,\n", &position)) {
		word[strcspn(word, "=")] = '\0';
		if (!nspawn_key_find(section, word, &key))
			fail_msg("the manual has %s= in [%s]", word, section);
		count++;
	}
	return count;
}

/* As many as there are, all of them keys, so all keys. */
static void the_manual_has_every_key_and_no_other(void **state)
{
	CLEANUP_FILE FILE *manual = fopen("docs/man/floe.nspawn.5", "r");
	const char *section = "";
	size_t count = 0;
	char line[512];

	(void)state;
	assert_non_null(manual);
	while (fgets(line, sizeof(line), manual)) {
		if (strncmp(line, ".Sh [", 5) == 0)
			section = section_of_heading(line + 5);
		else if (strncmp(line, ".Sh", 3) == 0)
			section = "";
		if (*section && strncmp(line, ".It Va ", 7) == 0)
			count += check_item(section, line + 7);
	}
	assert_int_equal(count, nspawn_key_count);
}

/* Every member of a group is an option, or will be: no group loses one by a slip of the pen. */
static void groups_are_of_known_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < nspawn_group_count; i++) {
		char *position = NULL;
		CLEANUP_FREE char *members = strdup(nspawn_groups[i].members);

		for (char *word = strtok_r(members, " ", &position); word;
		     word = strtok_r(NULL, " ", &position)) {
			struct nspawn_key key = {.section = "X-Floe", .option = word};

			if (!option_find(word) && !has_key(word))
				fail_msg("the group of %s is of no option", word);
			assert_ptr_equal(nspawn_group_of(&key), &nspawn_groups[i]);
		}
	}
	assert_true(nspawn_group_count <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_does_what_its_option_does),
		cmocka_unit_test(every_key_has_a_golden_case),
		cmocka_unit_test(untrusted_files_are_heeded_in_part),
		cmocka_unit_test(options_win_unless_overridden),
		cmocka_unit_test(every_key_names_an_option),
		cmocka_unit_test(every_option_has_a_key),
		cmocka_unit_test(sections_are_not_confused),
		cmocka_unit_test(the_manual_has_every_key_and_no_other),
		cmocka_unit_test(groups_are_of_known_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
