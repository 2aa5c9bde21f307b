/* SPDX-License-Identifier: MIT */
/* Values of the options about the payload: limits, users, capabilities, variables, credentials. */
#include "spec_words.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>

#include "unit.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* A spec with one option set. */
static struct floe_spec *spec_with(const char *option, const char *value)
{
	struct floe_error error = {0};
	struct floe_spec *handle;

	assert_int_equal(floe_spec_new(&handle, &error), 0);
	if (floe_spec_set(handle, option, value, &error) < 0)
		fail_msg("%s", error.message);
	return handle;
}

static void limits_are_read(void **state)
{
	static const struct {
		const char *value;
		int resource;
		rlim_t soft, hard;
	} rows[] = {
		{"NOFILE=1024", RLIMIT_NOFILE, 1024, 1024},
		{"RLIMIT_NOFILE=1024:4096", RLIMIT_NOFILE, 1024, 4096},
		{"nofile=1:infinity", RLIMIT_NOFILE, 1, RLIM_INFINITY},
		{"NPROC=infinity", RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY},
		{"CORE=0:4G", RLIMIT_CORE, 0, UINT64_C(4) << 30},
		{"AS=1K", RLIMIT_AS, 1024, 1024},
		{"CPU=90", RLIMIT_CPU, 90, 90},
		{"CPU=1min:2h", RLIMIT_CPU, 60, 7200},
		{"CPU=1500ms", RLIMIT_CPU, 2, 2},
		{"RTTIME=5ms", RLIMIT_RTTIME, 5000, 5000},
		{"RTTIME=7", RLIMIT_RTTIME, 7, 7},
		{"NICE=30", RLIMIT_NICE, 30, 30},
		{"NICE=+19", RLIMIT_NICE, 1, 1},
		{"NICE=-20", RLIMIT_NICE, 40, 40},
		{"NICE=+0", RLIMIT_NICE, 20, 20},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = spec_with("rlimit", rows[i].value);
		const struct spec_rlimit *limit = handle->spec.rlimits;

		assert_int_equal(handle->spec.rlimit_count, 1);
		assert_int_equal(limit->resource, rows[i].resource);
		assert_int_equal(limit->soft, rows[i].soft);
		assert_int_equal(limit->hard, rows[i].hard);
		floe_spec_free(handle);
	}
}

static void bad_limits_are_refused(void **state)
{
	static const struct {
		const char *value, *reason;
	} rows[] = {
		{"NOFILE", "NAME=SOFT"},
		{"=1", "NAME=SOFT"},
		{"FILES=1", "NAME=SOFT"},
		{"NOFILE=", "a number"},
		{"NOFILE=1:", "a number"},
		{"NOFILE=:1", "a number"},
		{"NOFILE=1K", "a number"},
		{"NOFILE=2:1", "above"},
		{"NOFILE=-1", "a number"},
		{"NOFILE=1:2:3", "number"},
		{"CORE=1KB", "bytes"},
		{"CORE=infinity:1", "above"},
		{"CPU=1x", "seconds"},
		{"RTTIME=1x", "microseconds"},
		{"NICE=41", "nice level"},
		{"NICE=-21", "nice level"},
		{"NICE=+20", "nice level"},
		{"AS=16E", "bytes"},
		{"NOFILE=18446744073709551615", "a number"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		option_refuse_value("rlimit", rows[i].value, rows[i].reason);
}

static void the_last_limit_of_a_kind_counts(void **state)
{
	struct floe_spec *handle = line_accept("--rlimit=CORE=1 --rlimit=AS=2 --rlimit=CORE=3:4");

	(void)state;
	assert_int_equal(handle->spec.rlimit_count, 2);
	assert_int_equal(handle->spec.rlimits[0].resource, RLIMIT_CORE);
	assert_int_equal(handle->spec.rlimits[0].soft, 3);
	assert_int_equal(handle->spec.rlimits[0].hard, 4);
	floe_spec_free(handle);
}

static void cpu_lists_are_normalised(void **state)
{
	static const struct {
		const char *value, *list;
	} rows[] = {
		{"0", "0"},          {"0-3", "0-3"},
		{"3,2,1,0", "0-3"},  {"5,0-3", "0-3,5"},
		{"0 2\t4", "0,2,4"}, {"1-1", "1"},
		{"0-2,1-3", "0-3"},  {",0,,1,", "0-1"},
		{"8191", "8191"},    {"8190-8191", "8190-8191"},
	};
	static const char *const bad[] = {"",    ",",    "a",  "-1",   "1-",    "-",      "3-1",
					  "0x1", "8192", "1.", "1--2", "1-2-3", "0-8192", "1;2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = spec_with("cpu-affinity", rows[i].value);

		assert_string_equal(handle->spec.cpu_affinity, rows[i].list);
		floe_spec_free(handle);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		option_refuse_value("cpu-affinity", bad[i], "CPU");
}

static void numbers_have_bounds(void **state)
{
	struct floe_spec *handle = line_accept("--oom-score-adjust=-1000 --tasks-max=infinity");

	(void)state;
	assert_true(handle->spec.oom_score_set);
	assert_int_equal(handle->spec.oom_score_adjust, -1000);
	assert_true(handle->spec.tasks_max == UINT64_MAX);
	floe_spec_free(handle);
	handle = line_accept("--oom-score-adjust=1000 --tasks-max=1");
	assert_int_equal(handle->spec.oom_score_adjust, 1000);
	assert_int_equal(handle->spec.tasks_max, 1);
	floe_spec_free(handle);
	option_refuse_value("oom-score-adjust", "1001", "-1000 to 1000");
	option_refuse_value("oom-score-adjust", "-1001", "-1000 to 1000");
	option_refuse_value("oom-score-adjust", "--1", "-1000 to 1000");
	option_refuse_value("oom-score-adjust", "x", "-1000 to 1000");
	option_refuse_value("tasks-max", "0", "infinity");
	option_refuse_value("tasks-max", "-1", "infinity");
	option_refuse_value("tasks-max", "2147483648", "infinity");
	option_refuse_value("personality", "arm", "x86 or x86-64");
}

static void assert_cpus(const char *text, uint64_t thousandths)
{
	char line[64];
	struct floe_spec *handle;

	snprintf(line, sizeof(line), "--cpu=%s", text);
	handle = line_accept(line);
	assert_int_equal(handle->spec.cpu_max, thousandths);
	floe_spec_free(handle);
}

static void limits_of_groups_are_read(void **state)
{
	static const char *const no_cpus[] = {"0",   "0.001", "-1",  ".5",   "1.",  "1.2345",
					      "1,5", "%",     "1%%", "0.5%", "1e3", "9999999"};
	static const char *const no_rates[] = {"0", "x", "1M:", ":1M", "1M:2M:3M", "-1", "1M:x"};
	struct floe_spec *handle = line_accept("--memory=64M --io=10M:infinity");

	(void)state;
	assert_int_equal(handle->spec.memory_max, 64 << 20);
	assert_int_equal(handle->spec.io_read_max, 10 << 20);
	assert_true(handle->spec.io_write_max == UINT64_MAX);
	floe_spec_free(handle);
	handle = line_accept("--memory=infinity --io=5K");
	assert_true(handle->spec.memory_max == UINT64_MAX);
	assert_int_equal(handle->spec.io_read_max, 5 << 10);
	assert_int_equal(handle->spec.io_write_max, 5 << 10);
	floe_spec_free(handle);
	assert_cpus("1", 1000);
	assert_cpus("1.5", 1500);
	assert_cpus("0.01", 10);
	assert_cpus("2.125", 2125);
	assert_cpus("150%", 1500);
	assert_cpus("12.5%", 125);
	assert_cpus("infinity", UINT64_MAX);
	option_refuse_value("memory", "65535", "64K");
	option_refuse_value("memory", "1X", "64K");
	option_refuse_value("memory", "16E", "64K");
	for (size_t i = 0; i < ARRAY_SIZE(no_cpus); i++)
		option_refuse_value("cpu", no_cpus[i], "CPUs");
	for (size_t i = 0; i < ARRAY_SIZE(no_rates); i++)
		option_refuse_value("io", no_rates[i], "a second");
}

static void user_ranges_are_read(void **state)
{
	static const struct {
		const char *value;
		enum spec_userns mode;
		uint32_t base, count;
	} rows[] = {
		{NULL, SPEC_USERNS_OWNER, 0, 0},
		{"yes", SPEC_USERNS_OWNER, 0, 0},
		{"true", SPEC_USERNS_OWNER, 0, 0},
		{"no", SPEC_USERNS_NO, 0, 0},
		{"off", SPEC_USERNS_NO, 0, 0},
		{"pick", SPEC_USERNS_PICK, 0, 0},
		{"identity", SPEC_USERNS_IDENTITY, 0, 65536},
		{"0", SPEC_USERNS_FIXED, 0, 65536},
		{"1", SPEC_USERNS_FIXED, 1, 65536},
		{"524288", SPEC_USERNS_FIXED, 524288, 65536},
		{"524288:1000", SPEC_USERNS_FIXED, 524288, 1000},
		{"4294967294:1", SPEC_USERNS_FIXED, 4294967294U, 1},
		{"0:4294967295", SPEC_USERNS_FIXED, 0, 4294967295U},
	};
	static const char *const bad[] = {
		"",      "x",   "fixed",      "-1", "1:",   "1:0",          ":1",
		"1:2:3", "1:x", "4294967295", "1x", "0x10", "4294967294:2", "4294901760:65536"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = spec_with("private-users", rows[i].value);

		assert_int_equal(handle->spec.userns, rows[i].mode);
		assert_int_equal(handle->spec.uid_base, rows[i].base);
		assert_int_equal(handle->spec.uid_count, rows[i].count);
		floe_spec_free(handle);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		option_refuse_value("private-users", bad[i], "");
}

/* A later mode takes the range of an earlier one away. */
static void user_modes_replace_one_another(void **state)
{
	struct floe_spec *handle = line_accept("--private-users=1000:5 -U");

	(void)state;
	assert_int_equal(handle->spec.userns, SPEC_USERNS_PICK);
	assert_int_equal(handle->spec.uid_base, 0);
	assert_int_equal(handle->spec.uid_count, 0);
	floe_spec_free(handle);
}

static void capability_lists_add_up(void **state)
{
	struct floe_spec *handle =
		line_accept("--capability=CAP_SYS_TIME,sys_module --capability=cap_bpf "
			    "--drop-capability=all --ambient-capability=CAP_KILL");

	(void)state;
	assert_true(handle->spec.capabilities_add ==
		    (BIT(CAP_SYS_TIME) | BIT(CAP_SYS_MODULE) | BIT(CAP_BPF)));
	assert_true(handle->spec.capabilities_drop == UINT64_MAX);
	assert_true(handle->spec.capabilities_ambient == BIT(CAP_KILL));
	floe_spec_free(handle);
	option_refuse_value("capability", "CAP_KILL,", "'' is no capability");
	option_refuse_value("capability", ",", "'' is no capability");
	option_refuse_value("capability", "CAP_KILL CAP_BPF", "no capability");
	option_refuse_value("capability", "CAP_NONE", "'CAP_NONE' is no capability");
	option_refuse_value("ambient-capability", "all", "'all' is no capability");
}

static void filters_keep_their_entries(void **state)
{
	static const char *const entries[] = {"@keyring", "bpf", "~ptrace", "~@mount"};
	struct floe_error error = {0};
	struct floe_spec *handle = spec_with("system-call-filter", " @keyring  bpf ");

	(void)state;
	assert_int_equal(floe_spec_set(handle, "system-call-filter", "~ptrace @mount", &error), 0);
	assert_int_equal(handle->spec.syscall_filter_count, ARRAY_SIZE(entries));
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		assert_string_equal(handle->spec.syscall_filter[i], entries[i]);
	assert_int_equal(floe_spec_set(handle, "system-call-filter", "open BAD", NULL), -EINVAL);
	assert_int_equal(handle->spec.syscall_filter_count, ARRAY_SIZE(entries));
	floe_spec_free(handle);
	option_refuse_value("system-call-filter", " ", "expected system calls");
	option_refuse_value("system-call-filter", "~", "expected system calls");
	option_refuse_value("system-call-filter", "@", "no system call");
	option_refuse_value("system-call-filter", "a ~b", "no system call");
	option_refuse_value("system-call-filter", "a,b", "no system call");
}

static void variables_are_read(void **state)
{
	struct floe_spec *handle;

	(void)state;
	assert_int_equal(setenv("FLOE_TEST_HERE", "here", 1), 0);
	assert_int_equal(unsetenv("FLOE_TEST_GONE"), 0);
	handle = line_accept("-E A=1 -E B= -E A=2=3 -E FLOE_TEST_HERE -E FLOE_TEST_GONE");
	assert_int_equal(handle->spec.environment_count, 4);
	assert_string_equal(handle->spec.environment[0].name, "A");
	assert_string_equal(handle->spec.environment[0].value, "2=3");
	assert_string_equal(handle->spec.environment[1].value, "");
	assert_string_equal(handle->spec.environment[2].value, "here");
	assert_string_equal(handle->spec.environment[3].value, "");
	floe_spec_free(handle);
	option_refuse_value("setenv", "=x", "NAME=VALUE");
	option_refuse_value("setenv", "1A=x", "NAME=VALUE");
	option_refuse_value("setenv", "A B=x", "NAME=VALUE");
	option_refuse_value("setenv", "A=\xff", "UTF-8");
}

static void users_are_names_or_numbers(void **state)
{
	static const char *const good[] = {"root", "0", "_apt", "a.b-c", "samba$", "4294967294"};
	static const char *const bad[] = {"-x",  ".x",  "a:b",        "a/b",
					  "a b", "a$b", "4294967295", "$"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct floe_spec *handle = spec_with("user", good[i]);

		assert_string_equal(handle->spec.user, good[i]);
		floe_spec_free(handle);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		option_refuse_value("user", bad[i], "user");
}

static void empty_names_take_earlier_ones_back(void **state)
{
	struct floe_spec *handle =
		line_accept("-M a --hostname=b -u c --machine= --hostname= --user=");

	(void)state;
	assert_null(handle->spec.name);
	assert_null(handle->spec.hostname);
	assert_null(handle->spec.user);
	floe_spec_free(handle);
}

static void credentials_are_unescaped(void **state)
{
	static const struct {
		const char *value, *data;
		size_t size;
	} rows[] = {
		{"a:", "", 0},
		{"a:plain", "plain", 5},
		{"a:with:colon", "with:colon", 10},
		{"a:\\a\\b\\f\\n\\r\\t\\v\\s\\\\\\\"\\'", "\a\b\f\n\r\t\v \\\"'", 11},
		{"a:\\x00\\xff\\x7A", "\0\xff\x7a", 3},
		{"a:\\101\\000", "A\0", 2},
		{"a:\\u00e4\\u20AC\\U0001F600", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9},
		{"a:\\u0000", "\0", 1},
	};
	static const char *const bad[] = {
		"a:\\",   "a:\\q",     "a:\\x1",        "a:\\xg0",      "a:\\400", "a:\\8",
		"a:\\01", "a:\\ud800", "a:\\U00110000", "a:\\U0001f60", "a:\\u12", "a:\\x-1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = spec_with("set-credential", rows[i].value);
		const struct spec_credential *credential = handle->spec.credentials;

		assert_string_equal(credential->id, "a");
		assert_null(credential->path);
		assert_int_equal(credential->size, rows[i].size);
		assert_memory_equal(credential->data, rows[i].data, rows[i].size);
		floe_spec_free(handle);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		option_refuse_value("set-credential", bad[i], "bad escape");
}

static void secrets_stay_out_of_messages(void **state)
{
	static const char *const values[] = {"a:hunter2\\q", "a/b:hunter2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct floe_error error = {0};
		struct floe_spec *handle;

		assert_int_equal(floe_spec_new(&handle, &error), 0);
		assert_true(floe_spec_set(handle, "set-credential", values[i], &error) < 0);
		assert_null(strstr(error.message, "hunter2"));
		floe_spec_free(handle);
	}
}

static void credential_files_are_found(void **state)
{
	struct floe_spec *handle;

	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/creds", 1), 0);
	handle = line_accept("--load-credential=a:/etc//key --load-credential=b:name");
	assert_string_equal(handle->spec.credentials[0].path, "/etc/key");
	assert_string_equal(handle->spec.credentials[1].path, "/run/creds/name");
	assert_null(handle->spec.credentials[1].data);
	floe_spec_free(handle);
	option_refuse_value("load-credential", "a:../x", "absolute");
	option_refuse_value("load-credential", "a:", "absolute");
	option_refuse_value("load-credential", "a:x/y", "absolute");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	option_refuse_value("load-credential", "a:name", "CREDENTIALS_DIRECTORY");
}

static void credential_ids_are_judged(void **state)
{
	static const char *const bad[] = {":x", ".:x", "..:x", "a/b:x", "a b:x", "x", "\xc3\xa4:x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		option_refuse_value("set-credential", bad[i], "expected ID:VALUE");
		option_refuse_value("load-credential", bad[i], "expected ID:PATH");
	}
	line_refuse("--set-credential=a:x --load-credential=a:/x", "a credential a already");
}

static void other_words_are_read(void **state)
{
	struct floe_spec *handle =
		line_accept("--resolv-conf=bind-stub --timezone=symlink -j --console=autopipe "
			    "--volatile=overlay --ephemeral=copy --kill-signal=RTMIN+4 "
			    "--notify-ready=off --uuid=01234567-89AB-cdef-0123-456789abcdef");

	(void)state;
	assert_int_equal(handle->spec.resolv, SPEC_RESOLV_BIND_STUB);
	assert_int_equal(handle->spec.timezone, SPEC_TIMEZONE_SYMLINK);
	assert_int_equal(handle->spec.journal, SPEC_JOURNAL_TRY_GUEST);
	assert_int_equal(handle->spec.console, SPEC_CONSOLE_AUTOPIPE);
	assert_int_equal(handle->spec.volatile_mode, SPEC_VOLATILE_OVERLAY);
	assert_int_equal(handle->spec.ephemeral, SPEC_EPHEMERAL_COPY);
	assert_int_equal(handle->spec.kill_signal, SIGRTMIN + 4);
	assert_int_equal(handle->spec.notify_ready, false);
	assert_string_equal(handle->spec.uuid, "0123456789abcdef0123456789abcdef");
	floe_spec_free(handle);
	option_refuse_value("resolv-conf", "bind", "expected auto, off, copy-host");
	option_refuse_value("register", "yes", "does not register");
	option_refuse_value("chdir", "/a/../b", "absolute path inside");
	option_refuse_value("directory", "/a\nb", "control characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_read),
		cmocka_unit_test(bad_limits_are_refused),
		cmocka_unit_test(the_last_limit_of_a_kind_counts),
		cmocka_unit_test(cpu_lists_are_normalised),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(limits_of_groups_are_read),
		cmocka_unit_test(user_ranges_are_read),
		cmocka_unit_test(user_modes_replace_one_another),
		cmocka_unit_test(capability_lists_add_up),
		cmocka_unit_test(filters_keep_their_entries),
		cmocka_unit_test(variables_are_read),
		cmocka_unit_test(users_are_names_or_numbers),
		cmocka_unit_test(empty_names_take_earlier_ones_back),
		cmocka_unit_test(credentials_are_unescaped),
		cmocka_unit_test(secrets_stay_out_of_messages),
		cmocka_unit_test(credential_files_are_found),
		cmocka_unit_test(credential_ids_are_judged),
		cmocka_unit_test(other_words_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
