/* SPDX-License-Identifier: MIT */
/* A spec as JSON: every field, by the names of docs/spec.schema.json. */
#include "json.h"

#include "../base/cleanup.h"
#include "names.h"
#include "text.h"
#include "words.h"

#include <stddef.h>
#include <string.h>

enum field_kind {
	FIELD_TEXT,
	FIELD_FLAG,
	FIELD_TRISTATE,
	FIELD_WORD,
	FIELD_CAPABILITIES,
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	const struct word_table *words;
};

#define TEXT(key, member)                                                                          \
	{                                                                                          \
		key, FIELD_TEXT, offsetof(struct spec, member), NULL                               \
	}
#define FLAG(key, member)                                                                          \
	{                                                                                          \
		key, FIELD_FLAG, offsetof(struct spec, member), NULL                               \
	}
#define TRISTATE(key, member)                                                                      \
	{                                                                                          \
		key, FIELD_TRISTATE, offsetof(struct spec, member), NULL                           \
	}
#define WORD(key, member, set)                                                                     \
	{                                                                                          \
		key, FIELD_WORD, offsetof(struct spec, member), &(set)                             \
	}
#define CAPABILITIES(key, member)                                                                  \
	{                                                                                          \
		key, FIELD_CAPABILITIES, offsetof(struct spec, member), NULL                       \
	}

/* clang-format off */
static const struct field fields[] = {
	TEXT("machine", name),
	TEXT("directory", directory),
	TEXT("system", system),
	WORD("store", store, words_store),
	WORD("nix_daemon", nix_daemon, words_nix_daemon),
	TEXT("store_closure", store_closure),
	WORD("ephemeral", ephemeral, words_ephemeral),
	WORD("volatile", volatile_mode, words_volatile),
	FLAG("read_only", read_only),
	WORD("settings", settings, words_settings),
	TEXT("conf_file", conf_file),
	TEXT("settings_file", settings_file),
	WORD("start", start, words_start),
	TEXT("user", user),
	TEXT("chdir", chdir),
	TRISTATE("notify_ready", notify_ready),
	FLAG("no_new_privileges", no_new_privileges),
	FLAG("private_time", time_namespace),
	TEXT("hostname", hostname),
	TEXT("uuid", uuid),
	WORD("private_users", userns, words_userns),
	WORD("private_users_ownership", ownership, words_ownership),
	WORD("network", network, words_network),
	TEXT("network_namespace_path", network_path),
	CAPABILITIES("capability", capabilities_add),
	CAPABILITIES("drop_capability", capabilities_drop),
	CAPABILITIES("ambient_capability", capabilities_ambient),
	FLAG("masks", masks),
	TEXT("cpu_affinity", cpu_affinity),
	TEXT("personality", personality),
	WORD("resolv_conf", resolv, words_resolv),
	WORD("timezone", timezone, words_timezone),
	WORD("link_journal", journal, words_journal),
	WORD("console", console, words_console),
	FLAG("quiet", quiet),
	FLAG("keep_unit", keep_unit),
	FLAG("strict", strict),
};
/* clang-format on */

/* Commands may hold any bytes, JSON only UTF-8: what is none shows as '?'. */
json_t *json_text(const char *text)
{
	CLEANUP_FREE char *copy = NULL;

	if (!text)
		return json_null();
	if (text_is_utf8(text))
		return json_string(text);
	copy = strdup(text);
	for (char *p = copy; p && *p; p++)
		if (*p & 0x80)
			*p = '?';
	return copy ? json_string(copy) : NULL;
}

static json_t *json_capabilities(uint64_t set)
{
	json_t *array = json_array();

	for (int i = 0; i < 64; i++)
		if ((set >> i & 1) && capability_name(i))
			json_array_append_new(array, json_string(capability_name(i)));
	return array;
}

static json_t *json_field(const struct spec *spec, const struct field *field)
{
	const void *value = (const char *)spec + field->offset;
	int number = 0;

	if (field->kind == FIELD_WORD || field->kind == FIELD_TRISTATE)
		memcpy(&number, value, sizeof(number));
	switch (field->kind) {
	case FIELD_TEXT:
		return json_text(*(char *const *)value);
	case FIELD_FLAG:
		return json_boolean(*(const bool *)value);
	case FIELD_TRISTATE:
		return number == TRISTATE_UNSET ? json_null() : json_boolean(number);
	case FIELD_WORD:
		return json_string(word_of(field->words, number));
	case FIELD_CAPABILITIES:
		break;
	}
	return json_capabilities(*(const uint64_t *)value);
}

static json_t *json_texts(char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_text(texts[i]));
	return array;
}

static json_t *json_environment(const struct spec *spec)
{
	json_t *object = json_object();

	for (size_t i = 0; i < spec->environment_count; i++)
		json_object_set_new(object, spec->environment[i].name,
				    json_text(spec->environment[i].value));
	return object;
}

/* NULL stands for no limit: JSON numbers end before RLIM_INFINITY. */
static json_t *json_limit(rlim_t value)
{
	return value > INT64_MAX ? json_null() : json_integer((json_int_t)value);
}

static json_t *json_rlimits(const struct spec *spec)
{
	json_t *object = json_object();

	for (size_t i = 0; i < spec->rlimit_count; i++) {
		const struct spec_rlimit *limit = &spec->rlimits[i];

		json_object_set_new(object, rlimit_name(limit->resource),
				    json_pack("{s:o,s:o}", "soft", json_limit(limit->soft), "hard",
					      json_limit(limit->hard)));
	}
	return object;
}

static json_t *json_mount(const struct spec_mount *mount)
{
	json_t *object =
		json_pack("{s:s,s:o,s:b}", "kind", word_of(&words_mount, (int)mount->kind),
			  "target", json_text(mount->target), "read_only", mount->read_only);

	if (mount->kind == SPEC_MOUNT_BIND) {
		json_object_set_new(object, "source", json_text(mount->source));
		json_object_set_new(object, "recursive", json_boolean(mount->recursive));
		json_object_set_new(object, "idmap",
				    json_string(word_of(&words_idmap, (int)mount->idmap)));
	}
	if (mount->kind == SPEC_MOUNT_OVERLAY) {
		json_object_set_new(object, "layers",
				    json_texts(mount->layers, mount->layer_count));
		json_object_set_new(object, "upper", json_text(mount->upper));
	}
	if (mount->kind == SPEC_MOUNT_BIND || mount->kind == SPEC_MOUNT_OVERLAY)
		json_object_set_new(object, "in_tree", json_boolean(mount->source_in_tree));
	if (mount->kind == SPEC_MOUNT_TMPFS)
		json_object_set_new(object, "options", json_text(mount->options));
	return object;
}

static json_t *json_mounts(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->mount_count; i++)
		json_array_append_new(array, json_mount(&spec->mounts[i]));
	return array;
}

static json_t *json_directories(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->directory_count; i++)
		json_array_append_new(array,
				      json_pack("{s:s,s:i}", "path", spec->directories[i].path,
						"mode", (int)spec->directories[i].mode));
	return array;
}

/* Secrets are counted, not shown. */
static json_t *json_credentials(const struct spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; i < spec->credential_count; i++) {
		const struct spec_credential *credential = &spec->credentials[i];

		json_array_append_new(
			array, credential->path ? json_pack("{s:s,s:o}", "id", credential->id,
							    "path", json_text(credential->path))
						: json_pack("{s:s,s:I}", "id", credential->id,
							    "size", (json_int_t)credential->size));
	}
	return array;
}

static json_t *json_kill_signal(const struct spec *spec)
{
	char name[SIGNAL_NAME_MAX];

	return spec->kill_signal ? json_string(signal_name(spec->kill_signal, name)) : json_null();
}

static json_t *json_range(const struct spec *spec)
{
	if (spec->uid_count == 0)
		return json_null();
	return json_pack("{s:I,s:I}", "base", (json_int_t)spec->uid_base, "count",
			 (json_int_t)spec->uid_count);
}

/* "default", "infinity" or the number. */
static json_t *json_tasks(uint64_t limit)
{
	if (limit == 0)
		return json_string("default");
	return limit == UINT64_MAX ? json_string("infinity") : json_integer((json_int_t)limit);
}

/* null, "infinity" or the number. */
static json_t *json_maximum(uint64_t limit)
{
	return limit == 0 ? json_null() : json_tasks(limit);
}

struct json_t *spec_to_json(const struct spec *spec)
{
	json_t *object = json_object();
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		r |= json_object_set_new(object, fields[i].key, json_field(spec, &fields[i]));
	r |= json_object_set_new(object, "command",
				 json_texts(spec->arguments, spec->argument_count));
	r |= json_object_set_new(object, "environment", json_environment(spec));
	r |= json_object_set_new(object, "kill_signal", json_kill_signal(spec));
	r |= json_object_set_new(object, "uid_range", json_range(spec));
	r |= json_object_set_new(object, "system_call_filter",
				 json_texts(spec->syscall_filter, spec->syscall_filter_count));
	r |= json_object_set_new(object, "rlimit", json_rlimits(spec));
	r |= json_object_set_new(object, "oom_score_adjust",
				 spec->oom_score_set ? json_integer(spec->oom_score_adjust)
						     : json_null());
	r |= json_object_set_new(object, "tasks_max", json_tasks(spec->tasks_max));
	r |= json_object_set_new(object, "store_roots",
				 json_texts(spec->store_roots, spec->store_root_count));
	r |= json_object_set_new(object, "links", json_links(&spec->links));
	r |= json_object_set_new(object, "memory", json_maximum(spec->memory_max));
	r |= json_object_set_new(object, "cpu_permille", json_maximum(spec->cpu_max));
	r |= json_object_set_new(object, "io_read", json_maximum(spec->io_read_max));
	r |= json_object_set_new(object, "io_write", json_maximum(spec->io_write_max));
	r |= json_object_set_new(object, "mounts", json_mounts(spec));
	r |= json_object_set_new(object, "directories", json_directories(spec));
	r |= json_object_set_new(object, "credentials", json_credentials(spec));
	if (r == 0)
		return object;
	json_decref(object);
	return NULL;
}
