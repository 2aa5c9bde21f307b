/* SPDX-License-Identifier: MIT */
/* All that is known of a machine: its record, its groups, its tree, its console. */
#include "../base/cleanup.h"
#include "../base/os_release.h"
#include "../monitor/notify_parse.h"
#include "../monitor/tail.h"
#include "../sys/path.h"
#include "internal.h"
#include "members.h"
#include "options.h"
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define LINES_DEFAULT 10

/* What of a log file is looked at for its last lines. */
#define LOG_TAIL 16384

/* A longer text is cut. */
#define TEXT_SIZE 512

/* Larger os-release files are those of jokers. */
#define OS_RELEASE_SIZE 16384
#define OS_VALUE_SIZE   256

static const char *printable(struct arena *arena, const char *text, size_t size)
{
	char clean[TEXT_SIZE + 1];

	text_clean(text, size, clean, TEXT_SIZE);
	return arena_strdup(arena, clean);
}

/* ---- the tree ---- */

static const char *os_value(struct arena *arena, const char *text, const char *key)
{
	char value[OS_VALUE_SIZE];

	os_release_value(text, key, value, sizeof(value));
	return printable(arena, value, strlen(value));
}

/* The image's own files, whatever the machine has mounted over its root: links end there. */
static void read_os(struct arena *arena, const struct state *state,
		    struct floe_machine_status *status)
{
	static const char *const files[] = {"/etc/os-release", "/usr/lib/os-release"};
	char path[64], text[OS_RELEASE_SIZE] = "";
	CLEANUP_FD int root = -1;
	ssize_t length = -1;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)state->leader);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; root >= 0 && length < 0 && i < ARRAY_SIZE(files); i++)
		length = path_read_in(root, files[i], text, sizeof(text));
	if (length < 0)
		return;
	status->os_name = os_value(arena, text, "PRETTY_NAME");
	status->os_id = os_value(arena, text, "ID");
	status->os_version = os_value(arena, text, "VERSION_ID");
}

/* ---- processes ---- */

static int read_processes(struct arena *arena, const struct state *state,
			  struct floe_machine_status *status)
{
	struct member *members;
	struct floe_process *processes;
	size_t count, used = 0;

	if (state->phase == STATE_DEAD || members_list(state, arena, &members, &count) < 0)
		return state->phase == STATE_DEAD ? 0 : -ENOMEM;
	processes = arena_alloc(arena, (count + 1) * sizeof(*processes));
	for (size_t i = 0; processes && i < count; i++) {
		const char *command = member_command(arena, members[i].pid);

		if (*command)
			processes[used++] = (struct floe_process){
				members[i].pid,
				printable(arena, members[i].cgroup, strlen(members[i].cgroup)),
				command};
	}
	status->processes = processes;
	status->process_count = used;
	return 0;
}

/* ---- the console ---- */

/* The end of the file at PATH: at most SIZE bytes. */
static size_t read_end(const char *path, char *text, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct stat found;
	ssize_t length;
	off_t start;

	if (fd < 0 || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode))
		return 0;
	start = found.st_size > (off_t)size ? found.st_size - (off_t)size : 0;
	length = pread(fd, text, size, start);
	return length > 0 ? (size_t)length : 0;
}

/* From the end back: lines with something in them. */
static void read_console(struct arena *arena, const struct state *state, unsigned wanted,
			 struct floe_machine_status *status)
{
	char text[LOG_TAIL], line[LINE_MAX_SIZE];
	size_t end = read_end(state->log, text, sizeof(text));
	const char **lines = arena_alloc(arena, wanted * sizeof(*lines));
	size_t first = wanted;

	while (lines && end > 0 && first > 0) {
		size_t begin = end;

		while (begin > 0 && text[begin - 1] != '\n')
			begin--;
		if (line_clean(text + begin, end - begin, line, sizeof(line) - 1) > 0)
			lines[--first] = arena_strdup(arena, line);
		end = begin > 0 ? begin - 1 : 0;
	}
	status->lines = lines ? lines + first : NULL;
	status->line_count = lines ? wanted - first : 0;
}

/* ---- together ---- */

static int fill(struct arena *arena, const struct state *state,
		const struct floe_status_options *options, struct floe_machine_status *status)
{
	unsigned parts = options->parts ? options->parts : FLOE_STATUS_ALL;
	int r = 0;

	*status = (struct floe_machine_status){
		.init = state->boot,
		.uuid = state->uuid,
		.tree = state->tree,
		.store = state->store,
		.cgroup = state->cgroup,
		.os_name = "",
		.os_id = "",
		.os_version = "",
	};
	memset(&status->usage, 0xff, sizeof(status->usage));
	if (parts & FLOE_STATUS_USAGE)
		usage_of(state, &status->usage);
	if ((parts & FLOE_STATUS_OS) && state->leader > 0 && state->phase != STATE_DEAD)
		read_os(arena, state, status);
	if (parts & FLOE_STATUS_PROCESSES)
		r = read_processes(arena, state, status);
	if ((parts & FLOE_STATUS_CONSOLE) && *state->log)
		read_console(arena, state, options->lines ? options->lines : LINES_DEFAULT, status);
	return r < 0 || arena_failed(arena) ? -ENOMEM : 0;
}

/* -ENOENT: there is no such machine. */
static int show_one(const char *name, const struct floe_status_options *options,
		    floe_status_function function, void *context, struct floe_error *error)
{
	struct floe_machine_status status;
	struct floe_machine_info info;
	struct arena arena = {0};
	struct state state;
	int r = state_read(name, &state, error);

	if (r == 0) {
		info = machine_info(name, &state);
		r = fill(&arena, &state, options, &status);
		if (r < 0)
			err_errno(error, -r, "cannot look at the machine %s", name);
		status.info = &info;
	}
	if (r == 0)
		r = function(context, &status);
	arena_free(&arena);
	state_free(&state);
	return r;
}

static int show_all(const struct floe_status_options *options, floe_status_function function,
		    void *context, struct floe_error *error)
{
	struct arena arena = {0};
	char **names;
	int r = state_names(&arena, &names, error);

	for (char **name = names; r == 0 && *name; name++) {
		struct floe_error own = {0};

		r = show_one(*name, options, function, context, &own);
		if (r == -ENOENT) /* it ended just now */
			r = 0;
		else if (r < 0 && error && error->code == FLOE_ERROR_NONE)
			*error = own;
	}
	arena_free(&arena);
	return r;
}

int floe_machine_status(const char *name, const struct floe_status_options *given,
			floe_status_function function, void *context, struct floe_error *error)
{
	struct floe_status_options options = {0};
	int r = OPTIONS_TAKE(options, given, error);

	if (r < 0)
		return r;
	return name ? show_one(name, &options, function, context, error)
		    : show_all(&options, function, context, error);
}
