/* SPDX-License-Identifier: MIT */
/* The record of a machine: claiming a name, what others see, and cleaning up after the dead. */
#include "../../runtime/state/state.h"

#include "../../runtime/base/cleanup.h"
#include "../../runtime/state/identity.h"
#include "../../runtime/sys/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit.h"

static char root[] = "/tmp/floe-test-state-XXXXXX";
static char records[64];

static int make_root(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(records, sizeof(records), "%s/run", root);
	state_root_use(records);
	return 0;
}

static int remove_root(void **state)
{
	CLEANUP_FD int place = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	return tree_remove(place, strrchr(root, '/') + 1);
}

static bool exists(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return access(path, F_OK) == 0;
}

/* Everything a record can hold. */
static struct state full_state(struct state_trace *traces, const char *const *filter)
{
	return (struct state){
		.name = "web",
		.phase = STATE_READY,
		.leader = getppid(),
		.monitor = getpid(),
		.directory = "/var/lib/machines/web",
		.boot = "/sbin/init",
		.status = "Running \"all\" of it.",
		.uuid = "0123456789abcdef0123456789abcdef",
		.cgroup = "/sys/fs/cgroup/floe/web",
		.cgroup_exec = "/sys/fs/cgroup/floe/web/exec",
		.log = "/var/log/floe/web.log",
		.tree = "volatile",
		.store = "ro",
		.uid_base = 1878917120,
		.uid_count = 65536,
		.since_usec = 1700000000123456,
		.keep_unit = true,
		.traces = traces,
		.trace_count = 2,
		.seccomp = true,
		.capabilities = UINT64_C(0x1fdecafe123),
		.syscall_filter = filter,
		.syscall_filter_count = 2,
	};
}

static void a_record_comes_back_as_written(void **unused)
{
	static const char *const filter[] = {"@keyring", "~ptrace"};
	struct state_trace traces[] = {{"tree", "/run/floe/x"}, {"cgroup", "/sys/fs/cgroup/y"}};
	struct state written = full_state(traces, filter), found;
	struct floe_error error = {0};
	uint64_t start;
	int fd;

	(void)unused;
	assert_int_equal(state_claim("web", &fd, &error), 0);
	assert_int_equal(state_write(fd, &written, &error), 0);
	assert_int_equal(state_read("web", &found, &error), 0);
	assert_int_equal(found.phase, STATE_READY);
	assert_int_equal(found.leader, getppid());
	assert_int_equal(identity_start(getppid(), &start), 0);
	assert_int_equal(found.leader_start, start);
	assert_int_equal(identity_start(getpid(), &start), 0);
	assert_int_equal(found.monitor_start, start);
	assert_string_equal(found.status, written.status);
	assert_string_equal(found.cgroup_exec, written.cgroup_exec);
	assert_string_equal(found.log, written.log);
	assert_string_equal(found.tree, "volatile");
	assert_string_equal(found.store, "ro");
	assert_int_equal(found.uid_base, written.uid_base);
	assert_int_equal(found.since_usec, written.since_usec);
	assert_true(found.keep_unit && found.seccomp);
	assert_int_equal(found.capabilities, written.capabilities);
	assert_int_equal(found.trace_count, 2);
	assert_string_equal(found.traces[1].kind, "cgroup");
	assert_string_equal(found.traces[1].path, "/sys/fs/cgroup/y");
	assert_int_equal(found.syscall_filter_count, 2);
	assert_string_equal(found.syscall_filter[1], "~ptrace");
	state_free(&found);
	assert_int_equal(state_release(fd, "web", &error), 0);
	assert_false(exists("run"));
}

static void text_that_is_no_utf8_does_not_spoil_a_record(void **unused)
{
	struct state written = {.name = "odd", .monitor = getpid(), .status = "\xff\xfe"}, found;
	int fd;

	(void)unused;
	assert_int_equal(state_claim("odd", &fd, NULL), 0);
	assert_int_equal(state_write(fd, &written, NULL), 0);
	assert_int_equal(state_read("odd", &found, NULL), 0);
	assert_string_equal(found.status, "");
	state_free(&found);
	assert_int_equal(state_release(fd, "odd", NULL), 0);
}

static void a_name_is_taken_once(void **unused)
{
	struct state written = {.name = "one", .monitor = getpid()};
	struct floe_error error = {0};
	int fd, other;

	(void)unused;
	assert_int_equal(state_claim("one", &fd, NULL), 0);
	assert_int_equal(state_write(fd, &written, NULL), 0);
	assert_int_equal(state_claim("one", &other, &error), -EBUSY);
	assert_int_equal(error.code, FLOE_ERROR_BUSY);
	assert_non_null(strstr(error.message, "monitor process"));
	assert_int_equal(state_clean("one", NULL), 0);
	assert_true(exists("run/one"));
	assert_int_equal(state_release(fd, "one", NULL), 0);
	assert_int_equal(state_claim("one", &other, NULL), 0);
	assert_int_equal(state_release(other, "one", NULL), 0);
}

static void names_that_are_none_are_refused(void **unused)
{
	static const char *const names[] = {"", ".", "..", "../etc", "a/b", "-x"};
	struct state found;
	int fd;

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(state_claim(names[i], &fd, NULL), -EINVAL);
		assert_int_equal(state_read(names[i], &found, NULL), -ENOENT);
		assert_int_equal(state_clean(names[i], NULL), -EINVAL);
	}
	assert_int_equal(state_read("nobody", &found, NULL), -ENOENT);
}

static void write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A monitor that makes a tree and a file, records them and is killed. */
static void die_as_monitor(const char *tree, const char *file, pid_t leader)
{
	struct state_trace traces[] = {{"tree", tree}, {"file", file}, {"file", "/nonexistent/x"}};
	struct state written = {
		.name = "dead", .leader = leader, .traces = traces, .trace_count = 3};
	char inner[300];
	int fd;

	written.monitor = getpid();
	if (state_claim("dead", &fd, NULL) < 0 || state_write(fd, &written, NULL) < 0)
		_exit(1);
	mkdir(tree, 0700);
	snprintf(inner, sizeof(inner), "%s/below", tree);
	mkdir(inner, 0);
	write_file(file);
	raise(SIGKILL);
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void what_a_killed_monitor_left_is_cleaned(void **unused)
{
	char tree[256], file[256];
	struct state found;
	pid_t leader, monitor;

	(void)unused;
	snprintf(tree, sizeof(tree), "%s/dead.tree", root);
	snprintf(file, sizeof(file), "%s/dead.file", root);
	leader = fork();
	if (leader == 0)
		for (;;)
			pause();
	monitor = fork();
	if (monitor == 0)
		die_as_monitor(tree, file, leader);
	assert_int_equal(WTERMSIG(status_of(monitor)), SIGKILL);
	assert_int_equal(state_read("dead", &found, NULL), 0);
	assert_int_equal(found.phase, STATE_DEAD);
	state_free(&found);
	assert_int_equal(state_clean("dead", NULL), 1);
	assert_int_equal(WTERMSIG(status_of(leader)), SIGKILL);
	assert_false(exists("run/dead"));
	assert_false(exists("dead.tree"));
	assert_false(exists("dead.file"));
	assert_int_equal(state_clean("dead", NULL), 0);
}

static void a_claim_cleans_up_first(void **unused)
{
	char tree[256], file[256];
	pid_t monitor;
	int fd;

	(void)unused;
	snprintf(tree, sizeof(tree), "%s/dead.tree", root);
	snprintf(file, sizeof(file), "%s/dead.file", root);
	monitor = fork();
	if (monitor == 0)
		die_as_monitor(tree, file, 0);
	assert_int_equal(WTERMSIG(status_of(monitor)), SIGKILL);
	assert_int_equal(state_claim("dead", &fd, NULL), 0);
	assert_false(exists("dead.tree"));
	assert_false(exists("dead.file"));
	assert_false(exists("run/dead/state.json"));
	assert_int_equal(state_release(fd, "dead", NULL), 0);
}

/* A process that has the pid of the leader, but was started at another time, is left alone. */
static void another_process_with_the_pid_is_not_killed(void **unused)
{
	struct state written = {.name = "reused", .leader_start = 1, .monitor = 1};
	pid_t other = fork();
	int fd, status;

	(void)unused;
	if (other == 0)
		for (;;)
			pause();
	written.leader = other;
	written.monitor_start = 1; /* of another process: a dead monitor's record */
	assert_int_equal(state_claim("reused", &fd, NULL), 0);
	assert_int_equal(state_write(fd, &written, NULL), 0);
	close(fd);
	assert_int_equal(state_clean("reused", NULL), 1);
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	kill(other, SIGKILL);
	status_of(other);
}

/* A newer floe finds machines that an older one started. */
static void a_record_of_an_older_version_is_read(void **unused)
{
	struct state_trace traces[] = {{"tree", "/run/floe/x"}, {"cgroup", "/sys/fs/cgroup/y"}};
	static const char *const filter[] = {"@keyring", "~ptrace"};
	struct state written = full_state(traces, filter), found;
	char path[256], text[4096];
	char *line;
	FILE *stream;
	int fd;

	(void)unused;
	snprintf(path, sizeof(path), "%s/run/web/state.json", root);
	assert_int_equal(state_claim("web", &fd, NULL), 0);
	assert_int_equal(state_write(fd, &written, NULL), 0);
	stream = fopen(path, "r+");
	assert_non_null(stream);
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	line = strstr(text, "\"tree\": ");
	assert_non_null(line);
	memcpy(line, "\"eert\"", 6);
	rewind(stream);
	fputs(text, stream);
	fclose(stream);
	assert_int_equal(state_read("web", &found, NULL), 0);
	assert_string_equal(found.tree, "");
	assert_string_equal(found.store, "ro");
	state_free(&found);
	assert_int_equal(state_release(fd, "web", NULL), 0);
}

static void a_damaged_record_is_an_error_and_stays(void **unused)
{
	static const char *const texts[] = {"", "{", "[]", "{\"phase\": \"ready\"}", "\"x\""};
	struct floe_error error;
	struct state found;
	char path[256];
	int fd;

	(void)unused;
	snprintf(path, sizeof(path), "%s/run/bad/state.json", root);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		FILE *stream;

		error = (struct floe_error){0};
		assert_int_equal(state_claim("bad", &fd, NULL), 0);
		close(fd);
		stream = fopen(path, "w");
		assert_non_null(stream);
		fputs(texts[i], stream);
		fclose(stream);
		assert_int_equal(state_read("bad", &found, &error), -EBADMSG);
		assert_int_equal(error.code, FLOE_ERROR_CONTENT);
		state_free(&found);
		assert_int_equal(state_clean("bad", NULL), -EBADMSG);
		assert_true(exists("run/bad/state.json"));
		unlink(path);
		assert_int_equal(state_clean("bad", NULL), 1);
	}
}

static void names_are_listed_in_order(void **unused)
{
	struct arena arena = {0};
	char **names;
	int b, a;

	(void)unused;
	assert_int_equal(state_names(&arena, &names, NULL), 0);
	assert_null(names[0]);
	assert_int_equal(state_claim("b", &b, NULL), 0);
	assert_int_equal(state_claim("a", &a, NULL), 0);
	assert_int_equal(state_names(&arena, &names, NULL), 0);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_null(names[2]);
	state_release(a, "a", NULL);
	state_release(b, "b", NULL);
	arena_free(&arena);
}

/* Several processes take and give up one name: never two at once, and each gets it in the end. */
static void contenders_take_turns(void **unused)
{
	char marker[256];
	pid_t children[6];

	(void)unused;
	snprintf(marker, sizeof(marker), "%s/marker", root);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		for (int turns = 0; turns < 20;) {
			struct state mine = {.name = "turns", .monitor = getpid()};
			int fd;

			if (state_claim("turns", &fd, NULL) < 0)
				continue;
			if (mkdir(marker, 0700) < 0 || state_write(fd, &mine, NULL) < 0 ||
			    rmdir(marker) < 0 || state_release(fd, "turns", NULL) < 0)
				_exit(1);
			turns++;
		}
		_exit(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		assert_int_equal(status_of(children[i]), 0);
	assert_false(exists("run/turns"));
}

static void traces_are_removed_by_their_kind(void **unused)
{
	struct floe_error error = {0};
	char path[256];

	(void)unused;
	snprintf(path, sizeof(path), "%s/full", root);
	write_file(path);
	assert_int_equal(trace_remove("spell", "/x", &error), -EINVAL);
	assert_int_equal(trace_remove("tree", "relative", NULL), -EINVAL);
	assert_int_equal(trace_remove("tree", "/", NULL), -EINVAL);
	assert_int_equal(trace_remove("file", "/nonexistent/file", NULL), 0);
	assert_int_equal(trace_remove("directory", "/nonexistent", NULL), 0);
	assert_int_equal(trace_remove("directory", root, NULL), 0);
	assert_true(exists("full"));
	assert_int_equal(trace_remove("file", path, NULL), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(trace_remove("directory", path, NULL), 0);
	assert_false(exists("full"));
}

static void processes_are_told_apart(void **unused)
{
	uint64_t start;
	int fd;

	(void)unused;
	assert_int_equal(identity_start(getpid(), &start), 0);
	fd = identity_open(getpid(), start);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(identity_open(getpid(), start + 1), -ESRCH);
	assert_int_equal(identity_open(0, 0), -ESRCH);
	assert_int_equal(identity_start(0x3fffffff, &start), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back_as_written),
		cmocka_unit_test(text_that_is_no_utf8_does_not_spoil_a_record),
		cmocka_unit_test(a_name_is_taken_once),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(what_a_killed_monitor_left_is_cleaned),
		cmocka_unit_test(a_claim_cleans_up_first),
		cmocka_unit_test(another_process_with_the_pid_is_not_killed),
		cmocka_unit_test(a_record_of_an_older_version_is_read),
		cmocka_unit_test(a_damaged_record_is_an_error_and_stays),
		cmocka_unit_test(names_are_listed_in_order),
		cmocka_unit_test(contenders_take_turns),
		cmocka_unit_test(traces_are_removed_by_their_kind),
		cmocka_unit_test(processes_are_told_apart),
	};

	return cmocka_run_group_tests_name("state", tests, make_root, remove_root);
}
