/* SPDX-License-Identifier: MIT */
/* Plans as text: tests/unit/golden/NAME.txt is what a row of the table has to print. */

/*
 * FLOE_UPDATE_GOLDEN=1 rewrites the files; git diff then shows what a change of the planner does.
 * Behind the printed plan they hold what else was decided, so that nothing changes unseen.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/spec/names.h"
#include "fake_plan.h"
#include "unit.h"

#define GOLDEN "tests/unit/golden"
#define ZONES  "--timezone off --resolv-conf off "

/* clang-format off */
static const struct row {
	const char *name;
	const char *variants;
	const char *line;
} rows[] = {
	/* What is run. */
	{"command", "", "-D /srv/debian --private-network /bin/true"},
	{"shell", "", "-D /srv/debian"},
	{"pid2", "", "-D /srv/debian -a /bin/sh -c id"},
	{"user", "", "-D /srv/debian -u alice -E LANG=de_DE.UTF-8 -E EMPTY= /usr/bin/id"},
	{"boot", "", "-D /srv/debian -b"},
	{"boot-network", "", "-D /srv/debian -b --private-network --uuid "
		"6a2f41a3c54fce0a0e0e4f5d6c7b8a99 --hostname web.example -M web verbose=1"},
	{"sockets", "sockets no-terminal", "-D /srv/debian -b --notify-ready no"},
	{"pipe", "no-terminal", "-D /srv/debian -P --private-time /bin/cat"},

	/* NixOS. */
	{"nixos", "nixos", "-D /var/lib/machines/nixos -b --private-network"},
	{"nixos-no-userns", "nixos", "-D /var/lib/machines/nixos -b --private-network "
		"--private-users=no"},
	{"nixos-shell", "nixos", "-D /var/lib/machines/nixos"},
	{"system", "empty-tree store", "-D /srv/web --system /nix/store/abc-nixos-system-web-24.11 "
		"--private-network"},
	{"system-memory", "store no-terminal bare", "-M web --system /run/current-system "
		"--private-network"},
		{"store-ro-no-userns", "empty-tree store", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --private-users=no"},
	{"store-ro-database", "empty-tree closure", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --nix-daemon private"},
	{"store-host-daemon", "nixos store", "-D /srv/web -b --private-network --store ro "
		"--nix-daemon host"},
	{"store-rw", "nixos store", "-D /var/lib/machines/nixos -b --store rw"},
		{"store-rw-no-state", "nixos store no-state", "-D /srv/web -b --private-network --store rw"},
	{"store-rw-host-daemon", "nixos store", "-D /srv/web -b --private-network --store rw "
		"--nix-daemon host --private-users=no"},
	{"store-overlay", "empty-tree closure", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store overlay"},
	{"store-overlay-again", "empty-tree closure layer", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store overlay"},
	{"store-overlay-ephemeral", "empty-tree closure layer", "-D /srv/web -M web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store overlay -x"},
	{"store-overlay-nested", "nixos closure nested hybrid", "-D /srv/web --private-users=no "
		"--store overlay /bin/true"},
	{"store-closure", "empty-tree closure", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store closure"},
	{"store-closure-database", "empty-tree closure", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store closure "
		"--nix-daemon private --private-users=no"},
	{"store-closure-overlay", "empty-tree closure", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store closure+overlay"},
	{"store-no-loader", "empty-tree closure no-loader", "-D /srv/web --system "
		"/nix/store/abc-nixos-system-web-24.11 --private-network --store closure+overlay "
		"-x -M web"},

	/* Containers that NixOS has written down in texts of conf_texts[]. */
	{"conf-declared", "store empty-tree no-terminal", ""},
	{"conf-bridge", "store empty-tree no-terminal", ""},
	{"conf-imperative", "store empty-tree no-terminal networkd", ""},
	{"conf-ephemeral", "store empty-tree no-terminal", "-E A=1"},

	/* Users. */
	{"no-userns", "", "-D /srv/debian --private-users=no /bin/true"},
	{"identity", "", "-D /srv/debian --private-users=identity /bin/true"},
	{"range-chown", "", "-D /srv/debian --private-users=1000013824 "
		"--private-users-ownership chown /bin/true"},
	{"owner", "shifted", "-D /srv/debian --private-users /bin/true"},
	{"shifted", "shifted", "-D /srv/debian /bin/true"},
	{"not-mappable", "tree-not-mappable", "-D /srv/debian /bin/true"},
	{"nested", "nested hybrid", "-D /srv/debian --private-users=no /bin/true"},

	/* The tree. */
	{"ephemeral", "", "-D /srv/debian -M web -x -b"},
	{"ephemeral-copy", "", "-D /srv/debian -M web --ephemeral=copy /bin/true"},
	{"ephemeral-snapshot", "subvolume", "-D /srv/debian -M web --ephemeral=snapshot /bin/true"},
	{"volatile-yes", "", "-D /srv/debian --volatile /bin/true"},
	{"volatile-state", "", "-D /srv/debian --volatile=state /bin/true"},
	{"volatile-overlay", "nixos", "-D /srv/debian --volatile=overlay -b"},
	{"read-only", "", "-D /srv/debian --read-only --bind /srv/data:/mnt/data /bin/true"},
	{"read-only-empty", "empty-tree", "-D /srv/busybox --read-only /bin/true"},
	{"squashfs", "tree-read-only", "-D /srv/debian -b"},

	/* Mounts. */
	{"binds", "", "-D /srv/debian " ZONES "--bind /srv/data --bind-ro /srv/app.conf:/etc/app.conf "
		"--bind /srv/alice:/home/alice:rootidmap --bind /srv/data:/a/b:idmap,norbind "
		"--bind /srv/alice:/home/bob:owneridmap --bind-ro +/opt:/a "
		"--bind :/var/scratch --bind /dev/sda --bind-ro /dev/kvm /bin/true"},
	{"mounts", "", "-D /srv/debian " ZONES "--tmpfs /var/tmp:size=1G,noexec --tmpfs /scratch "
		"--overlay /srv/low:/srv/mid:/srv/top:/mnt/over --overlay-ro /srv/low:/srv/ro "
		"--overlay /srv/low::/mnt/thrown-away --overlay-ro +/opt:+/opt2:/mnt/in-tree --overlay-ro /srv/low::/mnt/alone "
		"--inaccessible /etc/shadow --inaccessible /srv /bin/true"},

	/* Files. */
	{"credentials", "", "-D /srv/debian -b --load-credential token:/srv/app.conf "
		"--set-credential motd:hello"},
	{"resolv-replace", "", "-D /srv/debian --resolv-conf replace-uplink --timezone copy /bin/true"},
	{"resolv-bind", "plain-resolv", "-D /srv/debian --resolv-conf bind-host --timezone bind "
		"/bin/true"},
	{"bare-host", "bare no-machine-id", "-D /srv/busybox /bin/sh"},
	{"journal-host", "journal", "-D /srv/debian -b --link-journal host"},
	{"journal-guest", "journal", "-D /srv/debian -b -j"},
	{"journal-auto", "journal-kept", "-D /srv/debian -b"},

	/* Networks. */
	{"net", "", "-D /srv/debian -n -p 8080:80 -p udp:127.0.0.1:53-55 /bin/true"},
	{"net-boot", "", "-D /srv/debian -M web -b -n --hosts-entry"},
	{"net-networkd", "networkd", "-D /srv/debian -M web -b -n -p 80"},
	{"net-long-name", "forwarding", "-D /srv/debian -M a-machine-with-a-long-name -n /bin/true"},
	{"net-small", "no-ipv6 no-nftables arranged", "-D /srv/debian -M web -n /bin/true"},
	{"net-zone", "other-choice", "-D /srv/debian -M web -b --network-zone lan -p 80"},
	{"net-zone-networkd", "networkd", "-D /srv/debian -M web -b --network-zone lan"},
	{"net-bridge", "", "-D /srv/debian -M web --network-bridge br0 -p 80 /bin/true"},
	{"net-bridge-address", "", "-D /srv/debian -M web --network-bridge br0 --address "
		"192.0.2.9/24 --gateway 192.0.2.1 --dns 192.0.2.2 -p 80 /bin/true"},
	{"net-address", "old-forwarding", "-D /srv/debian -M web -n --address 10.1.1.2/24 --address "
		"10.1.1.3/24 --address fd00::2/64,fd00::9 --gateway no --dns no --mtu 1400 --mac "
		"02:00:00:12:34:56 --isolate --rate 10M --masquerade no /bin/true"},
	{"net-routed", "", "-D /srv/debian -M web -n --address 10.233.1.2,10.233.1.1 /bin/true"},
	{"net-link-name", "", "-D /srv/debian -M web --network-bridge br0 --link-name eth0 /bin/true"},
	{"net-ends", "", "-D /srv/debian -M web -n --link-name eth0 --mac 02:00:00:12:34:56 --address "
		"10.1.1.2/24,10.9.9.9/32 --address fd00::2/64,no /bin/true"},
	{"net-nixos", "", "-D /srv/debian -M web -n -E PRIVATE_NETWORK=1 -E HOST_ADDRESS=10.233.1.1 "
		"-E LOCAL_ADDRESS=10.233.1.2 -E HOST_ADDRESS6=fc00::1 -E LOCAL_ADDRESS6=fc00::2 "
		"/init"},
	{"net-dhcp-yes", "networkd", "-D /srv/debian -M web -n --dhcp yes /bin/true"},
	{"net-local-dns", "local-dns firewall", "-D /srv/debian -M web -n /bin/true"},
	{"net-links", "", "-D /srv/debian -M web --network-veth-extra a:b --network-veth-extra c "
		"--network-interface eth7:lan --network-interface eth8 --network-macvlan "
		"a-very-long-link --network-macvlan eth0:m --network-ipvlan eth0 /bin/true"},
	{"net-read-only", "", "-D /srv/debian -M web --read-only -n /bin/true"},

	/* Confinement and limits. */
	{"capabilities", "", "-D /srv/debian --capability CAP_SYS_TIME,CAP_NET_BIND_SERVICE "
		"--drop-capability CAP_MKNOD --ambient-capability CAP_SYS_TIME "
		"--no-new-privileges yes --system-call-filter @clock -u alice /bin/date"},
	{"masks", "", "-D /srv/debian --masks --private-network /bin/true"},
	{"limits", "", "-D /srv/debian --rlimit NOFILE=64:128 --rlimit CORE=infinity "
		"--oom-score-adjust 500 --cpu-affinity 0,2-3 --personality x86 --tasks-max 100 "
		"--kill-signal SIGUSR1 /bin/true"},
	{"limits-v2", "", "-D /srv/debian --memory 2G --cpu 150% --io 10M:infinity --tasks-max infinity "
		"/bin/true"},
	{"limits-v1", "hybrid", "-D /srv/debian --memory infinity --cpu 0.25 --io 10M /bin/true"},
	{"limits-unit", "unit", "-D /srv/debian --keep-unit --memory 64K --cpu infinity /bin/true"},
	{"limits-missing", "no-pids diskless", "-D /srv/debian --io 10M --tasks-max 5 /bin/true"},
	{"clamped", "no-resource", "-D /srv/debian --private-users=no --rlimit NOFILE=8192 "
		"--capability CAP_SYS_TIME /bin/true"},

	/* Hosts. */
	{"hybrid", "hybrid", "-D /srv/debian -b --private-network"},
	{"v1", "v1", "-D /srv/debian -b --private-network"},
	{"no-cgroups", "no-cgroups", "-D /srv/debian /bin/true"},
	{"no-pids", "no-pids no-device-policy", "-D /srv/debian --tasks-max 100 /bin/true"},
	{"keep-unit", "unit", "-D /srv/debian -b --keep-unit --network-namespace-path /run/netns/x"},
	{"small-kernel", "small-kernel", "-D /srv/debian /bin/true"},
	{"no-userns-host", "no-userns small-kernel", "-D /srv/debian --private-users=no /bin/true"},
};
/* clang-format on */

static const struct {
	const char *name, *text;
} conf_texts[] = {
	{"conf-declared", "SYSTEM_PATH=/nix/store/abc-nixos-system-web-24.11\nCOPY_RESOLV_CONF=0\n"
			  "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\n"
			  "HOST_ADDRESS6=fc00::1\nLOCAL_ADDRESS6=fc00::2\nHOST_PORT=tcp:8080:80\n"
			  "PRIVATE_USERS=pick\nINTERFACES=\nMACVLANS=\nAUTO_START=1\n"
			  "EXTRA_NSPAWN_FLAGS=--bind=/srv/data:/data\n"},
	{"conf-bridge", "PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\nLOCAL_ADDRESS=192.0.2.9/24\n"
			"HOST_ADDRESS=192.0.2.1\nPRIVATE_USERS=no\nCOPY_RESOLV_CONF=1\n"
			"MACVLANS=eth1\n"},
	{"conf-imperative", "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.2.1\n"
			    "LOCAL_ADDRESS=10.233.2.2\nHOST_BRIDGE=\nHOST_PORT=\n"
			    "AUTO_START=0\nFLAKE=\n"},
	{"conf-ephemeral", "PRIVATE_USERS=655360\nEXTRA_NSPAWN_FLAGS=--ephemeral "
			   "--tmpfs=/var/cache --capability=CAP_SYS_TIME\n"},
};

/* What NixOS has written down of the row's container; NULL: it is none. */
static const char *conf_of(const struct row *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(conf_texts); i++)
		if (strcmp(conf_texts[i].name, row->name) == 0)
			return conf_texts[i].text;
	return NULL;
}

static void print_capabilities(FILE *stream, const char *what, uint64_t set)
{
	fprintf(stream, "%s:", what);
	for (int i = 0; i < 64; i++) {
		const char *name = set >> i & 1 ? capability_name(i) : NULL;

		if (name)
			fprintf(stream, " %s", name + strlen("CAP_"));
	}
	fputs("\n", stream);
}

static void print_list(FILE *stream, const char *what, char *const *items)
{
	fprintf(stream, "%s:\n", what);
	for (; items && *items; items++)
		fprintf(stream, "  %s\n", *items);
}

static const char *console_name(enum spec_console console)
{
	static const char *const names[] = {
		[SPEC_CONSOLE_INTERACTIVE] = "interactive",
		[SPEC_CONSOLE_READ_ONLY] = "read-only",
		[SPEC_CONSOLE_PASSIVE] = "passive",
		[SPEC_CONSOLE_PIPE] = "pipe",
	};

	assert_true(console < ARRAY_SIZE(names) && names[console]);
	return names[console];
}

static void print_devices(const struct plan *plan, FILE *stream)
{
	fputs("devices:\n", stream);
	for (size_t i = 0; i < plan->device_count; i++) {
		const struct device_rule *rule = &plan->devices[i];

		fprintf(stream, "  %c %d:%d %s (%s)\n", rule->type, rule->major, rule->minor,
			rule->access, rule->why);
	}
}

/* What the printed plan leaves out, or says in fewer words. */
static void print_decisions(const struct plan *plan, FILE *stream)
{
	char signal[SIGNAL_NAME_MAX] = "none";

	fputs("\n---- decided ----\n", stream);
	fprintf(stream, "name: %s\nuuid: %s\nprogram: %s\nboot: %s\n", plan->name, plan->uuid,
		plan->program, plan->boot);
	print_list(stream, "arguments", plan->arguments);
	print_list(stream, "environment", plan->environment);
	print_capabilities(stream, "bounding", plan->caps_bounding);
	print_capabilities(stream, "permitted", plan->caps_permitted);
	print_capabilities(stream, "ambient", plan->caps_ambient);
	fprintf(stream, "groups:");
	for (size_t i = 0; i < plan->group_count; i++)
		fprintf(stream, " %u", plan->groups[i]);
	print_devices(plan, (fputs("\n", stream), stream));
	fprintf(stream, "console: %s\nkill signal: %s\nready: %s\nfilter: %s\nsockets: %d\n",
		console_name(plan->console),
		plan->kill_signal ? signal_name(plan->kill_signal, signal) : signal,
		plan->notify_ready ? "when it says so" : "when it is started",
		plan->seccomp ? "yes" : "no", plan->listen_fds);
	fprintf(stream, "groups of control: %s %s\n", plan->cgroup, plan->cgroup_exec);
}

/* An op more would change the numbers of all that follow: they are left out. */
static void strip_numbers(char *text)
{
	char *to = text;

	for (char *line = text; *line;) {
		size_t length = strcspn(line, "\n") + 1;
		size_t number = strspn(line, " 0123456789");

		if (line[0] == ' ' && strncmp(line + number, ". ", 2) == 0) {
			line += number;
			length -= number;
			*line = '-';
		}
		memmove(to, line, length);
		to += length;
		line += length;
	}
	*to = '\0';
}

static char *render(const struct row *row)
{
	struct fake_plan fake;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *conf = conf_of(row);

	assert_non_null(stream);
	if (conf)
		fprintf(stream, "%s\nfloe start foo %s\n", conf, row->line);
	else
		fprintf(stream, "floe run %s\n", row->line);
	fprintf(stream, "on: %s\n\n", *row->variants ? row->variants : "debian");
	if (fake_plan_make_conf(&fake, conf, row->line, row->variants) < 0)
		fail_msg("%s: %s", row->name, fake.error.message);
	assert_int_equal(plan_print(&fake.plan, stream), 0);
	print_decisions(&fake.plan, stream);
	fake_plan_free(&fake);
	fclose(stream);
	strip_numbers(text);
	return text;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static char *read_golden(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static void write_golden(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void print_lines(const char *text, size_t length, const char *prefix)
{
	while (length > 0) {
		size_t line = strcspn(text, "\n");

		if (line > length)
			line = length;
		print_error("%s%.*s\n", prefix, (int)line, text);
		line += line < length;
		text += line;
		length -= line;
	}
}

/* What is left of both texts without their equal first and last lines. */
static void print_difference(const char *old, const char *new)
{
	size_t start = 0, old_end = strlen(old), new_end = strlen(new), line = 1;

	for (size_t i = 0; old[i] && old[i] == new[i]; i++) {
		if (old[i] == '\n') {
			start = i + 1;
			line++;
		}
	}
	for (size_t i = 1; i <= old_end - start && i <= new_end - start; i++) {
		const char *a = old + strlen(old) - i, *b = new + strlen(new) - i;

		if (*a != *b)
			break;
		if (*a == '\n' && i > 1) {
			old_end = strlen(old) - i + 1;
			new_end = strlen(new) - i + 1;
		}
	}
	print_error("from line %zu on\n", line);
	print_lines(old + start, old_end > start ? old_end - start : 0, "- ");
	print_lines(new + start, new_end > start ? new_end - start : 0, "+ ");
}

static void plan_is_golden(void **state)
{
	const struct row *row = *state;
	CLEANUP_FREE char *text = render(row);
	CLEANUP_FREE char *path = NULL;
	CLEANUP_FREE char *golden = NULL;

	assert_true(asprintf(&path, GOLDEN "/%s.txt", row->name) > 0);
	if (getenv("FLOE_UPDATE_GOLDEN")) {
		write_golden(path, text);
		return;
	}
	golden = read_golden(path);
	if (!golden) {
		fail_msg("cannot read %s (%s); run this from the top directory", path,
			 strerror(errno));
		return;
	}
	if (strcmp(golden, text) == 0)
		return;
	print_error("%s differs ", path);
	print_difference(golden, text);
	fail_msg("if the new plan is right, FLOE_UPDATE_GOLDEN=1 %s writes it there", __FILE__);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(rows)];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = plan_is_golden,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
