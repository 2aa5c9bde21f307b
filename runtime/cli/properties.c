/* SPDX-License-Identifier: MIT */
/* What is known of a machine, under the names it has in JSON and for floe show. */
#include "properties.h"

#include <string.h>

const char *state_name(enum floe_machine_state state)
{
	static const char *const names[] = {
		[FLOE_MACHINE_STARTING] = "starting", [FLOE_MACHINE_RUNNING] = "running",
		[FLOE_MACHINE_READY] = "ready",       [FLOE_MACHINE_STOPPING] = "stopping",
		[FLOE_MACHINE_DEAD] = "dead",
	};

	return names[state];
}

static json_t *text_value(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *number_value(uint64_t number)
{
	return number > INT64_MAX ? json_null() : json_integer((json_int_t)number);
}

static json_t *pid_value(pid_t pid)
{
	return pid > 0 ? json_integer(pid) : json_null();
}

static json_t *processes_value(const struct floe_machine_status *status)
{
	json_t *array = json_array();

	for (size_t i = 0; i < status->process_count; i++) {
		const struct floe_process *process = &status->processes[i];

		json_array_append_new(array,
				      json_pack("{s:i,s:s,s:s}", "pid", (int)process->pid, "cgroup",
						process->cgroup, "command", process->command));
	}
	return array;
}

static json_t *texts_value(const char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

enum property {
	NAME,
	STATE,
	PAUSED,
	STATUS,
	SINCE,
	LEADER,
	MONITOR,
	INIT,
	OS_NAME,
	OS_ID,
	OS_VERSION,
	UUID,
	DIRECTORY,
	TREE,
	STORE,
	UID_BASE,
	UID_COUNT,
	LINK,
	ADDRESSES,
	PORTS,
	CGROUP,
	LOG,
	MEMORY,
	MEMORY_MAX,
	CPU,
	CPU_MAX,
	TASKS,
	TASKS_MAX,
	IO_READ,
	IO_WRITE,
	PROCESSES,
	CONSOLE,
	PROPERTY_COUNT,
};

const char *const property_names[PROPERTY_COUNT + 1] = {
	[NAME] = "name",
	[STATE] = "state",
	[PAUSED] = "paused",
	[STATUS] = "status",
	[SINCE] = "since_usec",
	[LEADER] = "leader",
	[MONITOR] = "monitor",
	[INIT] = "init",
	[OS_NAME] = "os_name",
	[OS_ID] = "os_id",
	[OS_VERSION] = "os_version",
	[UUID] = "uuid",
	[DIRECTORY] = "directory",
	[TREE] = "tree",
	[STORE] = "store",
	[UID_BASE] = "uid_base",
	[UID_COUNT] = "uid_count",
	[LINK] = "link",
	[ADDRESSES] = "addresses",
	[PORTS] = "ports",
	[CGROUP] = "cgroup",
	[LOG] = "log",
	[MEMORY] = "memory_bytes",
	[MEMORY_MAX] = "memory_max",
	[CPU] = "cpu_usec",
	[CPU_MAX] = "cpu_max_permille",
	[TASKS] = "tasks",
	[TASKS_MAX] = "tasks_max",
	[IO_READ] = "io_read_bytes",
	[IO_WRITE] = "io_write_bytes",
	[PROCESSES] = "processes",
	[CONSOLE] = "console",
};

static json_t *info_value(const struct floe_machine_info *info, enum property property)
{
	bool users = info->uid_count > 0;

	switch (property) {
	case NAME:
		return json_string(info->name);
	case STATE:
		return json_string(state_name(info->state));
	case PAUSED:
		return json_boolean(info->paused);
	case STATUS:
		return text_value(info->status);
	case SINCE:
		return info->since_usec ? number_value(info->since_usec) : json_null();
	case LEADER:
		return pid_value(info->leader);
	case MONITOR:
		return pid_value(info->monitor);
	case DIRECTORY:
		return text_value(info->directory);
	case UID_BASE:
		return users ? number_value(info->uid_base) : json_null();
	case UID_COUNT:
		return users ? number_value(info->uid_count) : json_null();
	case LINK:
		return text_value(info->link);
	case ADDRESSES:
		return texts_value(info->addresses, info->address_count);
	case PORTS:
		return texts_value(info->ports, info->port_count);
	case LOG:
		return text_value(info->log);
	default:
		return NULL;
	}
}

static json_t *usage_value(const struct floe_usage *usage, enum property property)
{
	switch (property) {
	case MEMORY:
		return number_value(usage->memory_bytes);
	case MEMORY_MAX:
		return number_value(usage->memory_max);
	case CPU:
		return number_value(usage->cpu_usec);
	case CPU_MAX:
		return number_value(usage->cpu_max);
	case TASKS:
		return number_value(usage->tasks);
	case TASKS_MAX:
		return number_value(usage->tasks_max);
	case IO_READ:
		return number_value(usage->io_read_bytes);
	case IO_WRITE:
		return number_value(usage->io_write_bytes);
	default:
		return NULL;
	}
}

static json_t *status_value(const struct floe_machine_status *status, enum property property)
{
	switch (property) {
	case INIT:
		return text_value(status->init);
	case OS_NAME:
		return text_value(status->os_name);
	case OS_ID:
		return text_value(status->os_id);
	case OS_VERSION:
		return text_value(status->os_version);
	case UUID:
		return text_value(status->uuid);
	case TREE:
		return text_value(status->tree);
	case STORE:
		return text_value(status->store);
	case CGROUP:
		return text_value(status->cgroup);
	case PROCESSES:
		return processes_value(status);
	case CONSOLE:
		return texts_value(status->lines, status->line_count);
	default:
		return NULL;
	}
}

json_t *property_value(const struct floe_machine_status *status, const char *name)
{
	for (size_t i = 0; property_names[i]; i++) {
		if (strcmp(property_names[i], name) == 0)
			return info_value(status->info, (enum property)i)
				       ?: usage_value(&status->usage, (enum property)i)
				       ?: status_value(status, (enum property)i);
	}
	return NULL;
}

json_t *properties_object(const struct floe_machine_status *status, const char *const *names)
{
	json_t *object = json_object();
	int r = object ? 0 : -1;

	for (names = names ?: property_names; r == 0 && *names; names++)
		r = json_object_set_new(object, *names, property_value(status, *names));
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}

static unsigned part_of(enum property property)
{
	if (property >= MEMORY && property <= IO_WRITE)
		return FLOE_STATUS_USAGE;
	if (property >= OS_NAME && property <= OS_VERSION)
		return FLOE_STATUS_OS;
	if (property == PROCESSES)
		return FLOE_STATUS_PROCESSES;
	return property == CONSOLE ? FLOE_STATUS_CONSOLE : 0;
}

unsigned property_parts(const char *const *names)
{
	/* With none of them set, all are looked at: the cheapest stands for none. */
	unsigned parts = 0;

	for (; *names; names++)
		for (size_t i = 0; property_names[i]; i++)
			if (strcmp(property_names[i], *names) == 0)
				parts |= part_of((enum property)i);
	return parts ? parts : FLOE_STATUS_OS;
}
