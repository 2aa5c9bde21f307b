/* SPDX-License-Identifier: MIT */
/* Every key of what NixOS writes down of containers, against the options that say the same, and what
 * is said of odd ones. */
#include "conf_text.h"
#include "settings_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* What every container is, but for its system and network. */
#define ALWAYS                                                                                     \
	"-M foo -b --notify-ready=yes -j --store=ro "                                              \
	"--bind-ro=/nix/var/nix/db:/nix/var/nix/db:idmap "                                         \
	"--bind-ro=/nix/var/nix/daemon-socket:/nix/var/nix/daemon-socket:idmap "                   \
	"--bind=/nix/var/nix/profiles/per-container/foo:/nix/var/nix/profiles:idmap "              \
	"--bind=/nix/var/nix/gcroots/per-container/foo:/nix/var/nix/gcroots:idmap "
#define ROOT    "-D /var/lib/nixos-containers/foo "
#define PROFILE "--system=/nix/var/nix/profiles/per-container/foo/system "
#define USUAL   ALWAYS ROOT PROFILE
#define ALONE   USUAL "--private-network=no --network-veth=no "
/* A link of the container's own, with what NixOS leaves to the host. */
#define LINK USUAL "--private-network -n --link-name=eth0 --masquerade=no --dns=no "

/* Lines of a file, and the words of the command line that they stand for. */
static const struct golden {
	const char *text, *line;
} goldens[] = {
	{"", ALONE},
	{"SYSTEM_PATH=/nix/store/abc-nixos-system-foo", ALWAYS ROOT
	 "--system=/nix/store/abc-nixos-system-foo --private-network=no --network-veth=no"},
	{"FLAKE=/etc/nixos#foo", ALONE},
	{"COPY_RESOLV_CONF=0", ALONE},
	{"COPY_RESOLV_CONF=1", ALONE "--resolv-conf=replace-host"},
	{"AUTO_START=1", ALONE},
	{"AUTO_START=0", ALONE},
	/* users */
	{"PRIVATE_USERS=no", ALONE "--private-users=no"},
	{"PRIVATE_USERS=identity", ALONE "--private-users=identity"},
	{"PRIVATE_USERS=pick", ALONE "--private-users=pick"},
	{"PRIVATE_USERS=655360", ALONE "--private-users=655360"},
	{"PRIVATE_USERS=0", ALONE "--private-users=0"},
	{"PRIVATE_USERS=", ALONE},
	/* network */
	{"PRIVATE_NETWORK=1", USUAL "--private-network --network-veth=no"},
	{"PRIVATE_NETWORK=0", ALONE},
	{"PRIVATE_NETWORK=", ALONE},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2",
	 LINK "--dhcp=no --address=10.233.1.2,10.233.1.1"},
	{"HOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2",
	 LINK "--dhcp=no --address=10.233.1.2,10.233.1.1"},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2/24",
	 LINK "--dhcp=no --address=10.0.0.2/24,10.0.0.1/32"},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS=10.0.0.1/24\nLOCAL_ADDRESS=10.0.0.2/24",
	 LINK "--dhcp=no --address=10.0.0.2/24,10.0.0.1/24"},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS6=fc00::1\nLOCAL_ADDRESS6=fc00::2",
	 LINK "--dhcp=no --address=fc00::2,fc00::1"},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS6=fc00::1\nLOCAL_ADDRESS6=fc00::2/7",
	 LINK "--dhcp=no --address=fc00::2/7,fc00::1/128"},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2\n"
	 "HOST_ADDRESS6=fc00::1\nLOCAL_ADDRESS6=fc00::2",
	 LINK "--dhcp=no --address=10.0.0.2,10.0.0.1 --address=fc00::2,fc00::1"},
	{"PRIVATE_NETWORK=1\nLOCAL_ADDRESS=10.0.0.2", LINK "--dhcp=no --address=10.0.0.2,no"},
	{"PRIVATE_NETWORK=1\nLOCAL_ADDRESS6=fc00::2/64", LINK "--dhcp=no --address=fc00::2/64,no"},
	{"PRIVATE_NETWORK=1\nLOCAL_MAC_ADDRESS=02:00:00:00:00:01",
	 LINK "--dhcp=yes --mac=02:00:00:00:00:01"},
	{"PRIVATE_NETWORK=1\nHOST_BRIDGE=br0", LINK "--dhcp=yes --network-bridge=br0"},
	{"PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_ADDRESS=192.168.0.5/24",
	 LINK "--dhcp=no --network-bridge=br0 --address=192.168.0.5/24"},
	{"PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_ADDRESS=192.168.0.5/24\n"
	 "HOST_ADDRESS=192.168.0.1",
	 LINK "--dhcp=no --network-bridge=br0 --address=192.168.0.5/24 --gateway=192.168.0.1"},
	{"PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_MAC_ADDRESS=02:00:00:00:00:01",
	 LINK "--dhcp=yes --network-bridge=br0 --mac=02:00:00:00:00:01"},
	{"PRIVATE_NETWORK=1\nHOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2\nHOST_PORT=tcp:8080:80",
	 LINK "--dhcp=no --address=10.0.0.2,10.0.0.1 -p tcp:8080:80"},
	{"PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_ADDRESS=10.0.0.2\n"
	 "HOST_PORT=tcp:8080:80,udp:53:5353,",
	 LINK "--dhcp=no --network-bridge=br0 --address=10.0.0.2 -p tcp:8080:80 -p udp:53:5353"},
	{"NETWORK_NAMESPACE_PATH=/run/netns/x",
	 USUAL "--network-veth=no --network-namespace-path=/run/netns/x"},
	{"INTERFACES=", ALONE},
	{"INTERFACES=eth1 eth2\nPRIVATE_NETWORK=1",
	 USUAL "--private-network --network-veth=no --network-interface=eth1 "
	       "--network-interface=eth2"},
	{"MACVLANS= eth1  eth2 \nPRIVATE_NETWORK=1",
	 USUAL "--private-network --network-veth=no --network-macvlan=eth1 --network-macvlan=eth2"},
	{"INTERFACES=eth1",
	 USUAL "--private-network=no --network-veth=no --network-interface=eth1"},
	/* options of nspawn */
	{"EXTRA_NSPAWN_FLAGS=", ALONE},
	{"EXTRA_NSPAWN_FLAGS=--bind=/srv:/data --bind-ro=/etc/x:/x",
	 ALONE "--bind=/srv:/data --bind-ro=/etc/x:/x"},
	{"EXTRA_NSPAWN_FLAGS=\"--bind /srv:/data --capability=CAP_SYS_TIME,CAP_MKNOD\"",
	 ALONE "--bind=/srv:/data --capability=CAP_SYS_TIME,CAP_MKNOD"},
	{"EXTRA_NSPAWN_FLAGS=--tmpfs=/var --tmpfs=/var/log:size=1M\t-q",
	 ALONE "--tmpfs=/var --tmpfs=/var/log:size=1M -q"},
	{"EXTRA_NSPAWN_FLAGS=--network-veth-extra=a:b", ALONE "--network-veth-extra=a:b"},
	{"EXTRA_NSPAWN_FLAGS=-U --private-users=identity", ALONE "-U --private-users=identity"},
	{"EXTRA_NSPAWN_FLAGS=--ephemeral",
	 ALWAYS PROFILE "-D /run/nixos-containers/foo -x --private-network=no --network-veth=no"},
	{"EXTRA_NSPAWN_FLAGS=-D /srv/foo",
	 ALWAYS PROFILE "-D /srv/foo --private-network=no --network-veth=no"},
	{"PRIVATE_USERS=no\nEXTRA_NSPAWN_FLAGS=--private-users=pick --setenv=A=1",
	 ALONE "--private-users=pick -E A=1"},
	{"EXTRA_NSPAWN_FLAGS=--notify-ready=no --kill-signal=SIGTERM",
	 ALONE "--notify-ready=no --kill-signal=SIGTERM"},
	/* the last of a key counts */
	{"AUTO_START=1\nPRIVATE_USERS=no\nPRIVATE_USERS=pick", ALONE "--private-users=pick"},
};

/* Of what no option says, the expected spec gets what the file's has; it is tested below. */
static void take_unsaid(struct spec *expected, const struct spec *ours)
{
	expected->directories = ours->directories;
	expected->directory_count = ours->directory_count;
	expected->links.containers_entry = ours->links.containers_entry;
	expected->links.host_forwards = ours->links.host_forwards;
	/* --private-network=no leaves traces only where a file's links made it private. */
	expected->ownership = ours->ownership;
}

static void check_spec(const struct spec *spec, const struct golden *golden)
{
	struct floe_spec *expected = settings_line(golden->line);
	json_t *ours = spec_to_json(spec), *theirs;

	take_unsaid(&expected->spec, spec);
	theirs = spec_to_json(&expected->spec);
	if (!ours || !theirs || !json_equal(ours, theirs)) {
		CLEANUP_FREE char *ours_text = json_dumps(ours, JSON_SORT_KEYS);
		CLEANUP_FREE char *theirs_text = json_dumps(theirs, JSON_SORT_KEYS);

		fail_msg("\"%s\" is not \"%s\":\n%s\n%s", golden->text, golden->line, ours_text,
			 theirs_text);
	}
	json_decref(ours);
	json_decref(theirs);
	floe_spec_free(expected);
}

static void keys_are_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		const struct golden *golden = &goldens[i];
		struct findings findings = {0};
		struct floe_error error = {0};
		struct spec spec;

		spec_init(&spec);
		conf_read_text(&spec, golden->text, strlen(golden->text), &conf_host, &findings);
		if (findings.count > 0)
			fail_msg("\"%s\": %s", golden->text, findings.list[0].text);
		check_spec(&spec, golden);
		if (spec_resolve(&spec, &error) < 0)
			fail_msg("\"%s\": %s", golden->text, error.message);
		spec_free(&spec);
	}
}

/* A key that no line above begins with would not be tested. */
static void every_key_is_tested(void **state)
{
	(void)state;
	for (int key = 0; key < NIXOS_KEY_COUNT; key++) {
		const char *name = nixos_key_name((enum nixos_key)key);
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(goldens); i++)
			found |= strstr(goldens[i].text, name) != NULL;
		if (!found)
			fail_msg("%s= is not tested", name);
	}
}

/* ---- What is said ---------------------------------------------------------------------------- */

/* Lines of a file, and what is said: "LINE error|warning WORDS" each. */
static const struct {
	const char *text, *says;
} odd[] = {
	{"NAME=foo", "1 warning there is no key NAME of containers"},
	{"system_path=/x", "1 warning no key system_path"},
	{"SYSTEM_PATH=x", "1 error SYSTEM_PATH=: expected an absolute path"},
	{"SYSTEM_PATH=./x", "1 error expected an absolute path"},
	{"\n\nSYSTEM_PATH=x\n", "3 error absolute path"},
	{"SYSTEM_PATH=/x\x01", "1 error --system=/x"},
	{"COPY_RESOLV_CONF=yes", "1 warning expected 0 or 1; taken for 0"},
	{"PRIVATE_NETWORK=true", "1 warning PRIVATE_NETWORK=true: expected 0 or 1"},
	{"AUTO_START=2", "1 warning AUTO_START=2: expected 0 or 1"},
	{"AUTO_START=01", "1 warning expected 0 or 1"},
	{"AUTO_START", "1 warning 'AUTO_START' is no NAME=VALUE"},
	{"# AUTO_START=2", ""},
	{"PRIVATE_USERS=many", "1 error PRIVATE_USERS=: --private-users=many: expected pick"},
	{"PRIVATE_USERS=4294967295", "1 error --private-users"},
	{"PRIVATE_USERS=-1", "1 error --private-users"},
	{"HOST_ADDRESS=10.0.0.1", "1 warning HOST_ADDRESS=: there is no LOCAL_ADDRESS="},
	{"HOST_ADDRESS6=fc00::1", "1 warning HOST_ADDRESS6=: there is no LOCAL_ADDRESS6="},
	{"LOCAL_ADDRESS=x", "1 error LOCAL_ADDRESS=: --address=x,no: expected the machine's"},
	{"LOCAL_ADDRESS=10.0.0.2/33", "1 error up to 32"},
	{"LOCAL_ADDRESS=10.0.0.256", "1 error expected the machine's address"},
	{"LOCAL_ADDRESS=0.0.0.0", "1 error expected the machine's address"},
	{"LOCAL_ADDRESS=10.0.0.2,", "1 error expected the machine's address"},
	{"LOCAL_ADDRESS=10.0.0.2\nHOST_ADDRESS=fc00::1", "1 error one family"},
	{"LOCAL_ADDRESS=10.0.0.2\nHOST_ADDRESS=10.0.0.2", "1 error different addresses"},
	{"LOCAL_ADDRESS=10.0.0.2\nHOST_ADDRESS=10.0.0.1/99", "1 error up to 32"},
	{"LOCAL_ADDRESS=10.0.0.2\nLOCAL_ADDRESS6=10.0.0.2", "2 error given before"},
	{"HOST_BRIDGE=br0\nLOCAL_ADDRESS=10.0.0.2\nHOST_ADDRESS=x",
	 "3 error HOST_ADDRESS=: --gateway"},
	{"HOST_BRIDGE=a b", "1 error HOST_BRIDGE=: --network-bridge=a b"},
	{"HOST_BRIDGE=a/b", "1 error a bridge of the host"},
	{"LOCAL_MAC_ADDRESS=2", "1 error LOCAL_MAC_ADDRESS=: --mac=2"},
	{"LOCAL_MAC_ADDRESS=01:00:00:00:00:01", "1 error single link"},
	{"HOST_PORT=tcp:80:80", "1 warning HOST_PORT=: the container has no link"},
	{"HOST_PORT=80\nPRIVATE_NETWORK=1", "1 warning no link to the host"},
	{"HOST_BRIDGE=b\nHOST_PORT=x", "2 error HOST_PORT=: --port=x"},
	{"HOST_BRIDGE=b\nHOST_PORT=tcp:80:80,tcp:80:81", "2 error --port=tcp:80:81"},
	{"HOST_BRIDGE=b\nHOST_PORT=tcp:80:80 tcp:81:81", "2 error --port=tcp:80:80 tcp"},
	{"HOST_BRIDGE=b\nHOST_PORT=icmp:1:1", "2 error --port"},
	{"NETWORK_NAMESPACE_PATH=x", "1 error NETWORK_NAMESPACE_PATH=: expected an absolute path"},
	{"INTERFACES=a/b", "1 error INTERFACES=: --network-interface=a/b"},
	{"INTERFACES=a a", "1 error given before"},
	{"MACVLANS=a b:", "1 error MACVLANS=: --network-macvlan=b:"},
	{"MACVLANS=:", "1 error MACVLANS=:"},
	{"EXTRA_NSPAWN_FLAGS=--nonsense",
	 "1 error EXTRA_NSPAWN_FLAGS=: there is no option --nonsense"},
	{"EXTRA_NSPAWN_FLAGS=--bind", "1 error --bind needs a value"},
	{"EXTRA_NSPAWN_FLAGS=--bind=x:y", "1 error --bind=x:y"},
	{"EXTRA_NSPAWN_FLAGS=--bind='/a b'",
	 "1 error EXTRA_NSPAWN_FLAGS=: --bind\n1 error 'b'' is no option"},
	{"EXTRA_NSPAWN_FLAGS=/bin/sh", "1 error '/bin/sh' is no option"},
	{"EXTRA_NSPAWN_FLAGS=-- -q", "1 error '-q' is no option"},
	{"EXTRA_NSPAWN_FLAGS=-q -z", "1 error no option -z"},
	{"EXTRA_NSPAWN_FLAGS=--capability=\"CAP_KILL\"", "1 error --capability"},
	{"EXTRA_NSPAWN_FLAGS=--read-only=maybe", "1 error takes no value"},
	{"EXTRA_NSPAWN_FLAGS=-a", ""},
	{"EXTRA_NSPAWN_FLAGS=--network", "1 error ambiguous"},
	{"EXTRA_NSPAWN_FLAGS=--ephemeral=never", "1 error --ephemeral=never"},
	{"EXTRA_NSPAWN_FLAGS='--bind=/a\n--bind=/b'", ""},
	{"EXTRA_NSPAWN_FLAGS='-q", "1 warning the quote is not closed"},
	{"\xff", "1 warning is no NAME=VALUE"},
	{"FLAKE=\xff", "1 error not UTF-8"},
	{"FLAKE=", ""},
	{"[containers]\nruntime = \"crun\"", "1 warning no NAME=VALUE\n2 warning no key runtime"},
	{"PRIVATE_USERS=x\nHOST_BRIDGE=a b\nA=1",
	 "3 warning no key A\n1 error --private-users\n2 error --network-bridge"},
};

/* Whether FINDING is "LINE error|warning WORDS", LENGTH bytes. */
static bool is_said(const struct finding *finding, const char *says, size_t length)
{
	char expected[256], kind[16];
	unsigned line;
	int used = 0;

	assert_true(length < sizeof(expected));
	memcpy(expected, says, length);
	expected[length] = '\0';
	assert_int_equal(sscanf(expected, "%u %15s %n", &line, kind, &used), 2);
	return finding->line == line && finding->fatal == (strcmp(kind, "error") == 0) &&
	       strstr(finding->text, expected + used);
}

static void check_findings(const char *text, const struct nixos_host *host, const char *says)
{
	struct findings findings = {0};
	struct spec spec;
	size_t i = 0;

	spec_init(&spec);
	conf_read_text(&spec, text, strlen(text), host, &findings);
	for (; i < findings.count && *says; i++) {
		size_t length = strcspn(says, "\n");
		const struct finding *finding = &findings.list[i];

		if (!is_said(finding, says, length))
			fail_msg("\"%s\": expected \"%.*s\", found \"%u %s %s\"", text, (int)length,
				 says, finding->line, finding->fatal ? "error" : "warning",
				 finding->text);
		says += length + (says[length] == '\n');
	}
	if (*says)
		fail_msg("\"%s\": not said: \"%s\"", text, says);
	if (i < findings.count)
		fail_msg("\"%s\": also said: \"%s\"", text, findings.list[i].text);
	spec_free(&spec);
}

static void odd_lines_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		check_findings(odd[i].text, &conf_host, odd[i].says);
}

static void without_a_system_it_is_said_what_builds_one(void **state)
{
	struct nixos_host host = conf_host;

	(void)state;
	host.has_profile = false;
	check_findings("AUTO_START=1", &host, "0 error \"nixos-container update foo\" builds one");
	check_findings("\nFLAKE=/etc/nixos", &host,
		       "2 error FLAKE=: the system is built of the flake /etc/nixos, and was not");
	check_findings("FLAKE=/etc/nixos\nSYSTEM_PATH=/nix/store/x", &host, "");
}

/* ---- What no option says ----------------------------------------------------------------------- */

static void directories_are_made(void **state)
{
	static const struct {
		const char *flags, *paths[6];
		uint32_t first_mode;
	} rows[] = {
		{"",
		 {"/nix/var/nix/profiles/per-container", "/nix/var/nix/profiles/per-container/foo",
		  "/nix/var/nix/gcroots/per-container", "/nix/var/nix/gcroots/per-container/foo",
		  "/var/lib/nixos-containers", "/var/lib/nixos-containers/foo"},
		 0755},
		{"EXTRA_NSPAWN_FLAGS=-x",
		 {"/nix/var/nix/profiles/per-container", "/nix/var/nix/profiles/per-container/foo",
		  "/nix/var/nix/gcroots/per-container", "/nix/var/nix/gcroots/per-container/foo",
		  "/run/nixos-containers", "/run/nixos-containers/foo"},
		 0700},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings findings = {0};
		struct spec spec;

		spec_init(&spec);
		conf_read_text(&spec, rows[i].flags, strlen(rows[i].flags), &conf_host, &findings);
		assert_int_equal(spec.directory_count, ARRAY_SIZE(rows[i].paths));
		for (size_t k = 0; k < spec.directory_count; k++)
			assert_string_equal(spec.directories[k].path, rows[i].paths[k]);
		assert_int_equal(spec.directories[4].mode, rows[i].first_mode);
		assert_true(spec_makes(&spec, spec.directory));
		assert_false(spec_makes(&spec, "/nix"));
		spec_free(&spec);
	}
}

static void what_the_host_has_not_is_not_shown(void **state)
{
	static const char text[] = "HOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2";
	struct nixos_host host = conf_host;
	struct findings findings = {0};
	struct spec spec;

	(void)state;
	spec_init(&spec);
	conf_read_text(&spec, text, strlen(text), &host, &findings);
	assert_int_equal(spec.mount_count, 4);
	assert_true(spec.links.containers_entry && spec.links.host_forwards);
	assert_null(spec.personality);
	spec_free(&spec);

	host.has_database = host.has_daemon = host.may_name = false;
	host.is_x86 = true;
	findings = (struct findings){0};
	spec_init(&spec);
	conf_read_text(&spec, text, strlen(text), &host, &findings);
	assert_int_equal(spec.mount_count, 2);
	assert_false(spec.links.containers_entry);
	assert_string_equal(spec.personality, "x86");
	assert_int_equal(spec.ownership, SPEC_OWNERSHIP_AUTO);
	spec_free(&spec);
}

/* A number maps ids, where nspawn would leave the owners as they are. */
static void a_number_of_users_maps_owners(void **state)
{
	static const char text[] = "PRIVATE_USERS=655360";
	struct findings findings = {0};
	struct floe_error error = {0};
	struct spec spec;

	(void)state;
	spec_init(&spec);
	conf_read_text(&spec, text, strlen(text), &conf_host, &findings);
	assert_int_equal(spec_resolve(&spec, &error), 0);
	assert_int_equal(spec.userns, SPEC_USERNS_FIXED);
	assert_int_equal(spec.ownership, SPEC_OWNERSHIP_AUTO);
	spec_free(&spec);
}

/* A file of others has none of the keys. */
static void files_of_containers_are_known_by_their_keys(void **state)
{
	static const struct {
		const char *text;
		bool any;
	} rows[] = {
		{"", false},
		{"[storage]\ndriver = \"overlay\"\n", false},
		{"A=1\nAUTO_START=\n", true},
		{"PRIVATE_NETWORK=1", true},
		{"#PRIVATE_NETWORK=1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena arena = {0};
		struct findings findings = {.arena = &arena};
		struct nixos_conf conf;

		nixos_conf_read(rows[i].text, strlen(rows[i].text), &conf, &findings);
		assert_int_equal(conf.any, rows[i].any);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_options),
		cmocka_unit_test(every_key_is_tested),
		cmocka_unit_test(odd_lines_are_named),
		cmocka_unit_test(without_a_system_it_is_said_what_builds_one),
		cmocka_unit_test(directories_are_made),
		cmocka_unit_test(what_the_host_has_not_is_not_shown),
		cmocka_unit_test(a_number_of_users_maps_owners),
		cmocka_unit_test(files_of_containers_are_known_by_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
