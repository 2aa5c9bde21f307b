/* SPDX-License-Identifier: MIT */
/* Specs as a whole: what contradicts itself, what follows, what JSON shows. */
#include "spec_words.h"

#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "../../runtime/base/names.h"
#include "unit.h"

static void contradictions_are_refused(void **state)
{
	static const struct {
		const char *line, *reason;
	} rows[] = {
		{"-D /", "host's own root"},
		{"-D /.// -b", "host's own root"},
		{"-D / --volatile=overlay", "host's own root"},
		{"-D / --read-only", "host's own root"},
		{"-D /x -x --volatile", "give one of them"},
		{"-D /x -x --link-journal=host", "--ephemeral"},
		{"-D /x -x --link-journal=guest", "--ephemeral"},
		{"-D /x --private-users-ownership=chown --read-only", "writes to the tree"},
		{"-D /x --private-users-ownership=chown --volatile", "writes to the tree"},
		{"-D /x --private-users-ownership=chown --volatile=state", "writes to the tree"},
		{"-D /x --private-users-ownership=chown --private-users=100000", "65536"},
		{"-D /x --private-users-ownership=chown --private-users=65536:10", "65536"},
		{"-D /x --private-users=no --bind=/a:/b:rootidmap", "the bind on /b"},
		{"-D /x --private-users=no --bind=/a:/b:owneridmap", "the bind on /b"},
		{"-D /x -b --ambient-capability=CAP_KILL", "--boot"},
		{"-D /x --ambient-capability=CAP_BPF", "CAP_BPF"},
		{"-D /x --ambient-capability=CAP_NET_ADMIN", "CAP_NET_ADMIN"},
		{"-D /x --ambient-capability=CAP_KILL --drop-capability=CAP_KILL", "CAP_KILL"},
		{"-D /x -u joe --set-credential=a:b", "--user=joe"},
		{"-D /x -a -u 7 --load-credential=a:/b", "--user=7"},
		{"--system=/s", "give --directory"},
		{"-D /x --system=/s -a", "--as-pid2"},
		{"-D /x --system=/s --boot=no", "--boot=no"},
		{"-D /x --system=/s --store=private", "--store=private"},
		{"-D /x --store=ro --store-root=/nix/store/x", "--store=closure"},
		{"-D /x --store-closure=/x", "--store=closure"},
		{"-D /x --store=closure --store-root=/a --store-closure=/x", "--store-root"},
		{"-D /x --store=overlay --nix-daemon=host", "--store=ro and rw"},
		{"-D /x --nix-daemon=host", "--store=ro and rw"},
		{"-D /x --store=overlay -u joe", "--nix-daemon=none"},
		{"-D /x --store=ro --nix-daemon=private -u 7", "--nix-daemon=none"},
		{"-D /--- cmd", "--machine"},
		{"-D /x/.. cmd", "--machine"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		line_refuse(rows[i].line, rows[i].reason);
}

/* Combinations close to the refused ones. */
static void sense_is_accepted(void **state)
{
	static const char *const lines[] = {
		"-D / -x -M copy",
		"-D / --volatile",
		"-D / --volatile=state",
		"-D /x -x --link-journal=try-host",
		"-D /x --private-users-ownership=map --read-only",
		"-D /x --private-users-ownership=chown --private-users=131072",
		"-D /x --private-users=no --bind=/a:/b:idmap",
		"-D /x --ambient-capability=CAP_BPF --capability=CAP_BPF",
		"-D /x --ambient-capability=CAP_NET_ADMIN --private-network",
		"-D /x -u root --set-credential=a:b",
		"-D /x -u 0 --set-credential=a:b",
		"-D /x --private-network --network-namespace-path=/run/netns/a",
		"-D /x -a --boot=no",
		"-D /x --system=/s --store=rw -b",
		"-M x --system=/s",
		"-D /x --store=overlay -u joe --nix-daemon=none",
		"-D /x --store=rw -u joe",
		"-D /x --store=private -u joe",
		"-D /x --store=ro --nix-daemon=host -u joe",
		"-D /x --system=/s --store=closure --store-root=/a",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		floe_spec_free(line_resolve(lines[i]));
}

static void names_come_from_directories(void **state)
{
	static const struct {
		const char *line, *name;
	} rows[] = {
		{"-D /srv/web", "web"},        {"-D /srv/web/", "web"},
		{"-D /srv/my+tree", "mytree"}, {"-D /srv/.hidden", "hidden"},
		{"-D /srv/a..b", "a.b"},       {"-D /srv/web -M other", "other"},
		{"-M other", "other"},         {"-M other -x", "other"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = line_resolve(rows[i].line);

		assert_string_equal(handle->spec.name, rows[i].name);
		floe_spec_free(handle);
	}
}

static void nothing_named_is_the_current_directory(void **state)
{
	char here[PATH_MAX];
	struct floe_spec *handle = line_resolve("cmd");

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(handle->spec.directory, here);
	floe_spec_free(handle);
	handle = line_resolve("-M name cmd");
	assert_null(handle->spec.directory);
	floe_spec_free(handle);
}

/* Two copies of one tree have different, valid names of the same beginning. */
static void copies_have_names_of_their_own(void **state)
{
	static const char line[] =
		"-x -D /srv/abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij";
	struct floe_spec *one = line_resolve("-x -D /srv/web"), *two = line_resolve("-xD /srv/web"),
			 *full = line_resolve(line);

	(void)state;
	assert_int_equal(strlen(one->spec.name), strlen("web-") + 16);
	assert_int_equal(strncmp(one->spec.name, "web-", 4), 0);
	assert_string_not_equal(one->spec.name, two->spec.name);
	assert_true(machine_name_valid(one->spec.name));
	assert_true(machine_name_valid(full->spec.name));
	assert_int_equal(strlen(full->spec.name), MACHINE_NAME_MAX);
	floe_spec_free(one);
	floe_spec_free(two);
	floe_spec_free(full);
}

static void the_start_mode_brings_defaults(void **state)
{
	const struct {
		const char *line;
		enum spec_start start;
		int kill_signal, notify_ready;
	} rows[] = {
		{"-D /x", SPEC_START_COMMAND, 0, false},
		{"-D /x -a", SPEC_START_PID2, 0, false},
		{"-D /x -b", SPEC_START_BOOT, SIGRTMIN + 3, false},
		{"-D /x -b --kill-signal=TERM", SPEC_START_BOOT, SIGTERM, false},
		{"-D /x -b --notify-ready=yes", SPEC_START_BOOT, SIGRTMIN + 3, true},
		{"-D /x --notify-ready=yes", SPEC_START_COMMAND, 0, true},
		{"-D /x --kill-signal=SIGRTMIN+3", SPEC_START_COMMAND, SIGRTMIN + 3, false},
		{"-D /x --system=/s", SPEC_START_BOOT, SIGRTMIN + 3, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = line_resolve(rows[i].line);

		assert_int_equal(handle->spec.start, rows[i].start);
		assert_int_equal(handle->spec.kill_signal, rows[i].kill_signal);
		assert_int_equal(handle->spec.notify_ready, rows[i].notify_ready);
		floe_spec_free(handle);
	}
}

static void ownership_follows_the_range(void **state)
{
	static const struct {
		const char *line;
		enum spec_ownership ownership;
	} rows[] = {
		{"-D /x", SPEC_OWNERSHIP_AUTO},
		{"-D /x -U", SPEC_OWNERSHIP_AUTO},
		{"-D /x --private-users=pick", SPEC_OWNERSHIP_AUTO},
		{"-D /x --private-users=131072", SPEC_OWNERSHIP_OFF},
		{"-D /x --private-users", SPEC_OWNERSHIP_OFF},
		{"-D /x --private-users=identity", SPEC_OWNERSHIP_OFF},
		{"-D /x --private-users=131072 --private-users-ownership=auto",
		 SPEC_OWNERSHIP_AUTO},
		{"-D /x --private-users-ownership=off", SPEC_OWNERSHIP_OFF},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = line_resolve(rows[i].line);

		assert_int_equal(handle->spec.ownership, rows[i].ownership);
		floe_spec_free(handle);
	}
}

static void networks_do_not_depend_on_order(void **state)
{
	static const struct {
		const char *line;
		enum spec_network network;
	} rows[] = {
		{"-D /x", SPEC_NETWORK_HOST},
		{"-D /x --private-network", SPEC_NETWORK_PRIVATE},
		{"-D /x --private-network=no", SPEC_NETWORK_HOST},
		{"-D /x --private-network --network-namespace-path=/n", SPEC_NETWORK_PATH},
		{"-D /x --network-namespace-path=/n --private-network", SPEC_NETWORK_PATH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = line_resolve(rows[i].line);

		assert_int_equal(handle->spec.network, rows[i].network);
		floe_spec_free(handle);
	}
}

static void other_things_follow(void **state)
{
	struct floe_spec *handle = line_resolve("-D /x --system=/s");

	(void)state;
	assert_int_equal(handle->spec.store, SPEC_STORE_RO);
	assert_int_equal(handle->spec.nix_daemon, SPEC_NIX_DAEMON_NONE);
	floe_spec_free(handle);
	handle = line_resolve("-D /x --store=closure");
	assert_int_equal(handle->spec.nix_daemon, SPEC_NIX_DAEMON_NONE);
	floe_spec_free(handle);
	handle = line_resolve("-D /x --store=closure+overlay --store-root=/a --store-root=/b");
	assert_int_equal(handle->spec.nix_daemon, SPEC_NIX_DAEMON_PRIVATE);
	assert_int_equal(handle->spec.store_root_count, 2);
	floe_spec_free(handle);
	handle = line_resolve("-D /x --store=rw --nix-daemon=none");
	assert_int_equal(handle->spec.nix_daemon, SPEC_NIX_DAEMON_NONE);
	floe_spec_free(handle);
	handle = line_resolve("-D /x -x -j");
	assert_int_equal(handle->spec.journal, SPEC_JOURNAL_NO);
	floe_spec_free(handle);
	handle = line_resolve("-D /x -P");
	assert_true(handle->spec.quiet);
	floe_spec_free(handle);
	handle = line_resolve("-D /x");
	assert_int_equal(handle->spec.store, SPEC_STORE_PRIVATE);
	assert_false(handle->spec.quiet);
	assert_int_equal(handle->spec.userns, SPEC_USERNS_PICK);
	floe_spec_free(handle);
}

static void an_empty_command_is_refused(void **state)
{
	struct floe_error error = {0};
	struct floe_spec *handle = line_accept("-D /x");
	char empty[] = "", *words[] = {empty};

	(void)state;
	assert_int_equal(floe_spec_set_command(handle, 1, words, &error), 0);
	assert_true(spec_resolve(&handle->spec, &error) < 0);
	assert_int_equal(error.code, FLOE_ERROR_USAGE);
	floe_spec_free(handle);
}

/* A spec for `floe start web LINE`. */
static struct floe_spec *image_spec(const char *option, const char *value)
{
	struct floe_error error = {0};
	struct floe_spec *handle;

	assert_int_equal(floe_spec_new(&handle, &error), 0);
	assert_int_equal(floe_spec_for_image(handle, "web", &error), 0);
	if (option)
		assert_int_equal(floe_spec_set(handle, option, value, &error), 0);
	if (spec_resolve(&handle->spec, &error) < 0)
		fail_msg("%s", error.message);
	return handle;
}

static void images_are_booted_privately(void **state)
{
	struct floe_spec *handle = image_spec(NULL, NULL);
	const struct spec *spec = &handle->spec;

	(void)state;
	assert_string_equal(spec->name, "web");
	assert_null(spec->directory);
	assert_int_equal(spec->start, SPEC_START_BOOT);
	assert_int_equal(spec->network, SPEC_NETWORK_PRIVATE);
	assert_int_equal(spec->notify_ready, true);
	assert_int_equal(spec->kill_signal, SIGRTMIN + 3);
	assert_int_equal(spec->journal, SPEC_JOURNAL_TRY_GUEST);
	assert_int_equal(spec->userns, SPEC_USERNS_PICK);
	floe_spec_free(handle);
}

static void options_go_before_what_start_presumes(void **state)
{
	struct floe_spec *handle = image_spec("private-network", "no");

	(void)state;
	assert_int_equal(handle->spec.network, SPEC_NETWORK_HOST);
	floe_spec_free(handle);
	handle = image_spec("as-pid2", NULL);
	assert_int_equal(handle->spec.start, SPEC_START_PID2);
	assert_int_equal(handle->spec.notify_ready, false);
	assert_int_equal(handle->spec.kill_signal, 0);
	floe_spec_free(handle);
	handle = image_spec("boot", "no");
	assert_int_equal(handle->spec.start, SPEC_START_COMMAND);
	floe_spec_free(handle);
	handle = image_spec("notify-ready", "no");
	assert_int_equal(handle->spec.notify_ready, false);
	floe_spec_free(handle);
}

static void bad_image_names_are_refused(void **state)
{
	static const char *const names[] = {"", ".", "..", "a/b", "../x", "-x", "a b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct floe_error error = {0};
		struct floe_spec *handle;

		assert_int_equal(floe_spec_new(&handle, &error), 0);
		assert_true(floe_spec_for_image(handle, names[i], &error) < 0);
		assert_int_equal(error.code, FLOE_ERROR_USAGE);
		floe_spec_free(handle);
	}
}

static void json_shows_what_was_asked(void **state)
{
	struct floe_spec *handle = line_resolve(
		"-D /x -b -M m -E A=1 --bind-ro=/a:/b:idmap --rlimit=NOFILE=1:infinity "
		"--private-users=65536 --set-credential=k:secret --tasks-max=infinity init-word");
	json_t *json = spec_to_json(&handle->spec);
	const char *start, *name, *variable, *target, *word, *tasks, *signal;
	int soft, base, size, read_only;
	json_t *hard;

	(void)state;
	assert_non_null(json);
	assert_int_equal(json_unpack(json,
				     "{s:s,s:s,s:{s:s},s:[{s:s,s:b}],s:[s],s:s,s:s,s:{s:{s:i,s:o}},"
				     "s:{s:i},s:[{s:i}]}",
				     "start", &start, "machine", &name, "environment", "A",
				     &variable, "mounts", "target", &target, "read_only",
				     &read_only, "command", &word, "tasks_max", &tasks,
				     "kill_signal", &signal, "rlimit", "NOFILE", "soft", &soft,
				     "hard", &hard, "uid_range", "base", &base, "credentials",
				     "size", &size),
			 0);
	assert_string_equal(start, "boot");
	assert_string_equal(name, "m");
	assert_string_equal(variable, "1");
	assert_string_equal(target, "/b");
	assert_true(read_only);
	assert_string_equal(word, "init-word");
	assert_string_equal(tasks, "infinity");
	assert_string_equal(signal, "SIGRTMIN+3");
	assert_int_equal(soft, 1);
	assert_true(json_is_null(hard));
	assert_int_equal(base, 65536);
	assert_int_equal(size, 6);
	json_decref(json);
	floe_spec_free(handle);
}

static void json_holds_no_secret_and_any_bytes(void **state)
{
	struct floe_spec *handle = line_resolve("-D /x --set-credential=k:hunter2 \xff\xfe");
	json_t *json = spec_to_json(&handle->spec);
	CLEANUP_FREE char *text = json_dumps(json, 0);

	(void)state;
	assert_non_null(text);
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "\"command\": [\"??\"]"));
	json_decref(json);
	floe_spec_free(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(sense_is_accepted),
		cmocka_unit_test(names_come_from_directories),
		cmocka_unit_test(nothing_named_is_the_current_directory),
		cmocka_unit_test(copies_have_names_of_their_own),
		cmocka_unit_test(the_start_mode_brings_defaults),
		cmocka_unit_test(ownership_follows_the_range),
		cmocka_unit_test(networks_do_not_depend_on_order),
		cmocka_unit_test(other_things_follow),
		cmocka_unit_test(an_empty_command_is_refused),
		cmocka_unit_test(images_are_booted_privately),
		cmocka_unit_test(options_go_before_what_start_presumes),
		cmocka_unit_test(bad_image_names_are_refused),
		cmocka_unit_test(json_shows_what_was_asked),
		cmocka_unit_test(json_holds_no_secret_and_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
