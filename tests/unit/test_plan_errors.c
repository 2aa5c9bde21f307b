/* SPDX-License-Identifier: MIT */
/* What cannot be planned, with the words that say why, and what --strict makes an error. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake_plan.h"
#include "unit.h"

#define TREE "-D /srv/debian "

/* clang-format off */
static const struct row {
	const char *variants;
	const char *line;
	int result;
	enum floe_error_code code;
	const char *message; /* all of it */
} rows[] = {
	{"no-userns", TREE "/bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "this kernel has no user namespaces (CONFIG_USER_NS, or user.max_user_namespaces is 0); "
	 "use --private-users=no"},
	{"no-netns", TREE "--private-network /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --private-network: this kernel has no network namespaces"},
	{"no-timens", TREE "--private-time /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --private-time: this kernel has no time namespaces"},

	/* The network. */
	{"no-nftables", TREE "-n -p 80 /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --port: this kernel has no nftables (CONFIG_NF_TABLES_INET)"},
	{"no-nftables", TREE "-n --isolate /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --isolate: this kernel has no nftables (CONFIG_NF_TABLES_INET)"},
	{"no-nftables", TREE "-n --rate 1M /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --rate: this kernel has no nftables (CONFIG_NF_TABLES_INET)"},

	/* The tree. */
	{"no-init", TREE "-b", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot boot /srv/debian: it has no init; /usr/lib/systemd/systemd: does not exist; "
	 "/sbin/init: is not executable"},
	{"no-overlay", TREE "-x /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --ephemeral: this kernel has no overlayfs"},
	{"no-overlay", TREE "--volatile=overlay /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --volatile=overlay: this kernel has no overlayfs"},
	{"no-overlay", TREE "--overlay /a:/b:/c /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use --overlay: this kernel has no overlayfs"},
	{"", TREE "--ephemeral=snapshot /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot snapshot /srv/debian: it is no btrfs subvolume; use --ephemeral or "
	 "--ephemeral=copy"},
	{"unmerged", TREE "--volatile=yes /bin/true", -EINVAL, FLOE_ERROR_USAGE,
	 "--volatile=yes needs a tree whose programs are all in /usr, which /srv/debian is not; use "
	 "--volatile=overlay"},
	{"store", TREE "--store private --system /nix/store/abc /bin/true", -EINVAL, FLOE_ERROR_USAGE,
	 "--system needs the host's store inside: it cannot be combined with --store=private"},
	{"nixos", TREE "--store ro -b", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot show the host's /nix/store: there is none"},
	{"nixos store-not-mappable", TREE "--store ro -b", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot show the host's /nix/store: its file system has no id-mapped mounts; use "
	 "--private-users=no or identity"},

		{"closure no-overlay", TREE "--store overlay /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot show the host's /nix/store: this kernel has no overlayfs"},
	{"closure no-overlay", TREE "--store ro --private-users=no /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot show the host's /nix/store: this kernel has no overlayfs, and without a user "
	 "namespace root inside could make anything else writable; use --store=rw where that is "
	 "meant"},
	{"closure old-kernel", TREE "--store overlay /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot show the host's /nix/store: layers with mapped ids take Linux 5.19; use "
	 "--private-users=no or identity"},
	{"closure layer-not-mappable", TREE "--store overlay /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot show the host's /nix/store: what the machine writes would lie on a file system "
	 "without id-mapped mounts; use --private-users=no or identity"},
	{"closure nested", TREE "--store closure /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot show the host's /nix/store: a closure takes attributes that only the host's root "
	 "can set, and floe runs in a user namespace; use --store=ro or overlay"},
	{"closure pending", TREE "--store overlay /bin/true", -EEXIST, FLOE_ERROR_CONTENT,
	 "cannot give the machine a database of the host's store: the tree has a "
	 "/nix-path-registration of its own store, which it would load into that; boot it once "
	 "with --store=private, or use --nix-daemon=none"},
	{"store no-socket", TREE "--store ro --nix-daemon host /bin/true", -ENOENT,
	 FLOE_ERROR_NOT_FOUND,
	 "cannot use --nix-daemon=host: nothing listens on the host's "
	 "/nix/var/nix/daemon-socket/socket; is its nix-daemon started?"},
	{"store no-state", TREE "--store rw --nix-daemon private /bin/true", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot use --store=rw with a daemon of the machine's own: the host has no /nix/var/nix"},

	/* Owners. */
	{"tree-not-mappable", TREE "--private-users-ownership map /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot map the ids of /srv/debian: its file system has no id-mapped mounts"},
	{"shifted", TREE "--private-users=pick --private-users-ownership map -M x --uuid "
	 "00000000000000000000000000000001 /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot map the ids of /srv/debian: its files belong to another uid range"},
	{"tree-not-mappable", TREE "--read-only --private-users=1000013824 "
	 "--private-users-ownership auto /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot give /srv/debian to the uid range from 1000013824: its file system has no "
	 "id-mapped mounts, and the tree is not to be changed; use --private-users=no, or copy it "
	 "to another file system"},
	{"tree-not-mappable", TREE "--volatile --private-users=1000013824 "
	 "--private-users-ownership auto /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot give /srv/debian to the uid range from 1000013824: its file system has no "
	 "id-mapped mounts, and the tree is not to be changed; use --private-users=no, or copy it "
	 "to another file system"},
	{"tree-not-mappable", TREE "--private-users=1000000 --private-users-ownership auto "
	 "/bin/true", -EINVAL, FLOE_ERROR_USAGE,
	 "--private-users-ownership=chown needs a range of 65536 ids that begins at a multiple of "
	 "65536"},

	/* Mounts. */
	{"", TREE "--bind /missing:/mnt /bin/true", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot use /missing as a mount source: No such file or directory"},
	{"", TREE "--bind /secret:/mnt /bin/true", -EACCES, FLOE_ERROR_PERMISSION,
	 "cannot use /secret as a mount source: Permission denied"},
	{"", TREE "--bind +/missing:/mnt /bin/true", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot use /srv/debian/missing as a mount source: No such file or directory"},
	{"", TREE "--bind /srv/nfs:/mnt:idmap /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot map the ids of /srv/nfs: its file system has no id-mapped mounts"},
	{"", TREE "--overlay /missing:/srv/b:/c /bin/true", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot use /missing as a mount source: No such file or directory"},
	{"", TREE "--overlay /srv/app.conf:/srv/b:/c /bin/true", -ENOTDIR, FLOE_ERROR_SYSTEM,
	 "cannot use /srv/app.conf as an overlay layer: Not a directory"},
	{"", TREE "--overlay +/opt:+/changes:/c /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot use /changes of the tree as the upper layer on /c; give a directory of the host, "
	 "or none for a throw-away one"},
	{"", TREE "--inaccessible /missing /bin/true", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot make /missing inaccessible: No such file or directory"},

	/* The process. */
	{"", TREE "-u bob /bin/true", -ENOENT, FLOE_ERROR_NOT_FOUND,
	 "cannot run as bob: the tree's /etc/passwd has no such user"},
	{"", TREE "--cpu-affinity 64 /bin/true", -EINVAL, FLOE_ERROR_USAGE,
	 "--cpu-affinity=64 names no CPU of this host, whose last is 3"},

	/* The journal. */
	{"journal no-machine-id", TREE "-b --link-journal host", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot link the machine's journal: the tree has no machine-id yet; use --link-journal=no"},
	{"", TREE "-b --link-journal guest", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot link the machine's journal: the host keeps no journal in /var/log/journal; use "
	 "--link-journal=no"},
	{"journal same-machine-id", TREE "-b --link-journal host", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot link the machine's journal: the tree has the host's own machine-id; use "
	 "--link-journal=no"},

	/* --strict: the same without it is planned with a note. */
	{"no-resource", TREE "--private-users=no --strict --rlimit NOFILE=8192 /bin/true",
	 -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot give all that was asked for, as --strict demands: the limit NOFILE is held at "
	 "4096: raising it takes CAP_SYS_RESOURCE"},
	{"no-resource", TREE "--private-users=no --strict --capability CAP_SYS_TIME /bin/true",
	 -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot give all that was asked for, as --strict demands: the caller does not have, and "
	 "cannot give, CAP_SYS_TIME"},
	{"no-pids", TREE "--strict --tasks-max 100 /bin/true", -EOPNOTSUPP, FLOE_ERROR_UNSUPPORTED,
	 "cannot give all that was asked for, as --strict demands: this host has no pids "
	 "controller: the number of tasks is not limited"},
	{"small-kernel", TREE "--strict --system-call-filter @clock /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot give all that was asked for, as --strict demands: this kernel has no system call "
	 "filters (CONFIG_SECCOMP_FILTER)"},
	{"bare", TREE "--strict --resolv-conf copy-host /bin/true", -EOPNOTSUPP,
	 FLOE_ERROR_UNSUPPORTED,
	 "cannot give all that was asked for, as --strict demands: the host has no such "
	 "resolv.conf: the machine's is left as it is"},
};
/* clang-format on */

static void refusals_say_why(void **state)
{
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_plan fake;
		int r = fake_plan_make(&fake, rows[i].line, rows[i].variants);

		if (r != rows[i].result || fake.error.code != rows[i].code ||
		    strcmp(fake.error.message, rows[i].message) != 0) {
			print_error("%s\n  gave %d, code %d: %s\n  instead of %d, code %d: %s\n",
				    rows[i].line, r, fake.error.code, fake.error.message,
				    rows[i].result, rows[i].code, rows[i].message);
			failures++;
		}
		fake_plan_free(&fake);
	}
	assert_int_equal(failures, 0);
}

/* Every row with --strict is planned without it, with that as a clamp. */
static void without_strict_clamps_are_notes(void **state)
{
	int checked = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[256];
		struct fake_plan fake;
		const char *strict = strstr(rows[i].line, "--strict ");
		size_t clamps = 0;

		if (!strict)
			continue;
		snprintf(line, sizeof(line), "%.*s%s", (int)(strict - rows[i].line), rows[i].line,
			 strict + strlen("--strict "));
		if (fake_plan_make(&fake, line, rows[i].variants) < 0)
			fail_msg("%s: %s", line, fake.error.message);
		for (size_t note = 0; note < fake.plan.note_count; note++) {
			clamps += fake.plan.notes[note].clamp;
			if (fake.plan.notes[note].clamp)
				assert_non_null(
					strstr(rows[i].message, fake.plan.notes[note].text));
		}
		assert_int_equal(clamps, 1);
		checked++;
		fake_plan_free(&fake);
	}
	assert_true(checked >= 5);
}

/* What the user did not ask for is no reason to refuse. */
static void strict_lets_defaults_pass(void **state)
{
	static const char *const variants[] = {"no-resource",      "no-pids", "small-kernel",
					       "bare no-terminal", "v1",      "no-cgroups"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		struct fake_plan fake;

		if (fake_plan_make(&fake, TREE "--strict /bin/true", variants[i]) < 0)
			fail_msg("on %s: %s", variants[i], fake.error.message);
		fake_plan_free(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(without_strict_clamps_are_notes),
		cmocka_unit_test(strict_lets_defaults_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
