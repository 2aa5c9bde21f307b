/* SPDX-License-Identifier: MIT */
/* The record of a machine as JSON: one table says how both ways go. */
#include "../base/cleanup.h"
#include "../base/names.h"
#include "../sys/path.h"
#include "identity.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD     "state.json"
#define RECORD_NEW "state.json.new"

enum field_type {
	FIELD_TEXT,
	FIELD_BOOL,
	FIELD_PID,
	FIELD_U32,
	FIELD_U64,
};

#define FIELD(member, type)                                                                        \
	{                                                                                          \
#member, type, offsetof(struct state, member), false                               \
	}

/* Records of machines that an older version started lack it: then it is zero or "". */
#define FIELD_LATER(member, type)                                                                  \
	{                                                                                          \
#member, type, offsetof(struct state, member), true                                \
	}

static const struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	bool later;
} fields[] = {
	FIELD(name, FIELD_TEXT),         FIELD(leader, FIELD_PID),
	FIELD(leader_start, FIELD_U64),  FIELD(monitor, FIELD_PID),
	FIELD(monitor_start, FIELD_U64), FIELD(directory, FIELD_TEXT),
	FIELD(boot, FIELD_TEXT),         FIELD(status, FIELD_TEXT),
	FIELD(uuid, FIELD_TEXT),         FIELD(cgroup, FIELD_TEXT),
	FIELD(cgroup_exec, FIELD_TEXT),  FIELD(log, FIELD_TEXT),
	FIELD(uid_base, FIELD_U32),      FIELD(uid_count, FIELD_U32),
	FIELD(since_usec, FIELD_U64),    FIELD(keep_unit, FIELD_BOOL),
	FIELD(seccomp, FIELD_BOOL),      FIELD(capabilities, FIELD_U64),
	FIELD_LATER(link, FIELD_TEXT),   FIELD_LATER(tree, FIELD_TEXT),
	FIELD_LATER(store, FIELD_TEXT),  FIELD_LATER(notify_ready, FIELD_BOOL),
};

static const char *const phases[] = {
	[STATE_STARTING] = "starting",
	[STATE_RUNNING] = "running",
	[STATE_READY] = "ready",
	[STATE_STOPPING] = "stopping",
};

/* ---- writing ---- */

/* What a machine sends need not be UTF-8, which JSON is. */
static json_t *text_to_json(const char *text)
{
	json_t *value = json_string(text ? text : "");

	return value ? value : json_string("");
}

static json_t *field_to_json(const struct field *field, const struct state *state)
{
	const void *member = (const char *)state + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		return text_to_json(*(const char *const *)member);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)member);
	case FIELD_PID:
		return json_integer(*(const pid_t *)member);
	case FIELD_U32:
		return json_integer(*(const uint32_t *)member);
	case FIELD_U64:
		return json_integer((json_int_t) * (const uint64_t *)member);
	}
	return NULL;
}

static json_t *traces_to_json(const struct state *state)
{
	json_t *array = json_array();

	for (size_t i = 0; i < state->trace_count; i++) {
		const struct state_trace *trace = &state->traces[i];

		json_array_append_new(
			array, json_pack("{s:s, s:s}", "kind", trace->kind, "path", trace->path));
	}
	return array;
}

static json_t *strings_to_json(const char *const *strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_to_json(strings[i]));
	return array;
}

/* A value that could not be made is NULL: setting it fails, and so does the whole. */
static json_t *record_to_json(const struct state *state)
{
	json_t *record = json_object();
	int r = json_object_set_new(record, "phase", json_string(phases[state->phase]));

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		r |= json_object_set_new(record, fields[i].name, field_to_json(&fields[i], state));
	r |= json_object_set_new(record, "traces", traces_to_json(state));
	r |= json_object_set_new(
		record, "syscall_filter",
		strings_to_json(state->syscall_filter, state->syscall_filter_count));
	r |= json_object_set_new(record, "addresses",
				 strings_to_json(state->addresses, state->address_count));
	r |= json_object_set_new(record, "ports", strings_to_json(state->ports, state->port_count));
	if (r == 0 && json_array_size(json_object_get(record, "traces")) == state->trace_count)
		return record;
	json_decref(record);
	return NULL;
}

/*
 * A rename over an existing file makes ext4 write the new one out at once (mount option
 * auto_da_alloc), half a millisecond for a record that a reboot makes void. An exchange does not.
 */
static int swap_in(int directory)
{
	if (renameat2(directory, RECORD_NEW, directory, RECORD, RENAME_EXCHANGE) == 0)
		return unlinkat(directory, RECORD_NEW, 0) < 0 ? -errno : 0;
	if (errno != ENOENT && errno != EINVAL)
		return -errno;
	/* There is none yet, or this file system cannot exchange. */
	return renameat(directory, RECORD_NEW, directory, RECORD) < 0 ? -errno : 0;
}

static int replace_file(int directory, const char *data, size_t size)
{
	CLEANUP_FD int fd = openat(directory, RECORD_NEW,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0644) < 0 ? -errno : fd_write_all(fd, data, size);
	return r < 0 ? r : swap_in(directory);
}

static void complete_identity(pid_t pid, uint64_t *start)
{
	if (pid > 0 && *start == 0 && identity_start(pid, start) < 0)
		*start = 0;
}

int state_write(int fd, const struct state *state, struct floe_error *error)
{
	struct state complete = *state;
	CLEANUP_FREE char *text = NULL;
	json_t *record;
	int r;

	complete_identity(complete.monitor, &complete.monitor_start);
	complete_identity(complete.leader, &complete.leader_start);
	record = record_to_json(&complete);
	text = record ? json_dumps(record, JSON_INDENT(1)) : NULL;
	json_decref(record);
	if (!text)
		return err_errno(error, ENOMEM, "cannot record the state of %s", state->name);
	r = replace_file(fd, text, strlen(text));
	return r < 0 ? err_errno(error, -r, "cannot record the state of %s", state->name) : 0;
}

/* ---- reading ---- */

static bool field_from_json(const struct field *field, const json_t *value, struct state *state)
{
	void *member = (char *)state + field->offset;

	if (!value && field->later) {
		if (field->type == FIELD_TEXT)
			*(const char **)member = "";
		return true;
	}
	switch (field->type) {
	case FIELD_TEXT:
		*(const char **)member = arena_strdup(&state->arena, json_string_value(value));
		return json_is_string(value);
	case FIELD_BOOL:
		*(bool *)member = json_is_true(value);
		return json_is_boolean(value);
	case FIELD_PID:
		*(pid_t *)member = (pid_t)json_integer_value(value);
		return json_is_integer(value);
	case FIELD_U32:
		*(uint32_t *)member = (uint32_t)json_integer_value(value);
		return json_is_integer(value);
	case FIELD_U64:
		*(uint64_t *)member = (uint64_t)json_integer_value(value);
		return json_is_integer(value);
	}
	return false;
}

static bool phase_from_json(const json_t *value, enum state_phase *phase)
{
	for (size_t i = 0; json_is_string(value) && i < ARRAY_SIZE(phases); i++) {
		if (strcmp(phases[i], json_string_value(value)) == 0) {
			*phase = (enum state_phase)i;
			return true;
		}
	}
	return false;
}

static bool traces_from_json(json_t *array, struct state *state)
{
	size_t index;
	json_t *value;

	json_array_foreach (array, index, value) {
		struct state_trace *trace =
			ARENA_APPEND(&state->arena, state->traces, state->trace_count);
		const char *kind, *path;

		if (!trace || json_unpack(value, "{s:s, s:s}", "kind", &kind, "path", &path) < 0)
			return false;
		trace->kind = arena_strdup(&state->arena, kind);
		trace->path = arena_strdup(&state->arena, path);
	}
	return json_is_array(array);
}

static bool strings_from_json(json_t *array, struct state *state, const char *const **strings,
			      size_t *count)
{
	const char **texts = NULL;
	size_t index;
	json_t *value;

	json_array_foreach (array, index, value) {
		const char **text = ARENA_APPEND(&state->arena, texts, *count);

		if (!text || !json_is_string(value))
			return false;
		*text = arena_strdup(&state->arena, json_string_value(value));
	}
	*strings = texts;
	return json_is_array(array);
}

/* What records of an older version lack: see FIELD_LATER. */
static bool later_from_json(json_t *array, struct state *state, const char *const **strings,
			    size_t *count)
{
	return !array || strings_from_json(array, state, strings, count);
}

static bool record_from_json(const json_t *record, struct state *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!field_from_json(&fields[i], json_object_get(record, fields[i].name), state))
			return false;
	}
	return phase_from_json(json_object_get(record, "phase"), &state->phase) &&
	       traces_from_json(json_object_get(record, "traces"), state) &&
	       strings_from_json(json_object_get(record, "syscall_filter"), state,
				 &state->syscall_filter, &state->syscall_filter_count) &&
	       later_from_json(json_object_get(record, "addresses"), state, &state->addresses,
			       &state->address_count) &&
	       later_from_json(json_object_get(record, "ports"), state, &state->ports,
			       &state->port_count) &&
	       !arena_failed(&state->arena);
}

/* Far more than any record has. */
#define RECORD_LIMIT ((size_t)1 << 20)

int record_read(int directory, const char *name, struct state *state, struct floe_error *error)
{
	CLEANUP_FREE char *text = NULL;
	/* Not json_loadfd(): it reads byte by byte, a thousand system calls of a start. */
	size_t size = 0;
	int r = path_read_all_in(directory, RECORD, RECORD_LIMIT, &text, &size);
	json_error_t where = {0};
	json_t *record;
	bool good;

	if (r < 0)
		return r == -ENOENT ? r
				    : err_errno(error, -r, "cannot read %s/%s/%s", state_root(),
						name, RECORD);
	record = json_loadb(text, size, 0, &where);
	good = record && record_from_json(record, state);
	json_decref(record);
	if (good)
		return 0;
	return err_set(error, FLOE_ERROR_CONTENT, EBADMSG,
		       "the record %s/%s/%s is damaged%s%s; remove what it names by hand",
		       state_root(), name, RECORD, where.text[0] ? ": " : "", where.text);
}

/* Somebody who may open the directory sees whether its lock is held. */
static bool is_held(int root, const char *name)
{
	CLEANUP_FD int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES;
	return flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int no_machine(const char *name, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_NOT_FOUND, ENOENT, "no machine called \"%s\" is running", name);
	err_hint(error, "\"floe list\" shows those that are");
	return -ENOENT;
}

static bool exists(int root, const char *name)
{
	return faccessat(root, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Claimed, and not written down yet. */
static int read_unwritten(const char *name, bool held, struct state *state)
{
	state->name = arena_strdup(&state->arena, name);
	state->directory = state->boot = state->status = state->log = "";
	state->uuid = state->cgroup = state->cgroup_exec = state->link = "";
	state->tree = state->store = "";
	state->phase = held ? STATE_STARTING : STATE_DEAD;
	return 0;
}

int state_read(const char *name, struct state *state, struct floe_error *error)
{
	CLEANUP_FD int root = root_open(false, error);
	CLEANUP_FD int directory = -1;
	bool held;
	int r;

	memset(state, 0, sizeof(*state));
	if (!machine_name_valid(name))
		return no_machine(name, error);
	if (root < 0)
		return root == -ENOENT ? no_machine(name, error) : root;
	directory = openat(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return errno == ENOENT
			       ? no_machine(name, error)
			       : err_errno(error, errno, "cannot open %s/%s", state_root(), name);
	held = is_held(root, name);
	r = record_read(directory, name, state, error);
	if (r == -ENOENT)
		return exists(root, name) ? read_unwritten(name, held, state)
					  : no_machine(name, error);
	if (r == 0 && !(held && monitor_lives(state)))
		state->phase = STATE_DEAD;
	return r;
}

void state_free(struct state *state)
{
	arena_free(&state->arena);
	memset(state, 0, sizeof(*state));
}
