/* SPDX-License-Identifier: MIT */
/* Settings files as a front end: which of their settings count, and setting these. */
#include "nspawn_file.h"

#include "nspawn_set.h"

#include <string.h>

/* What is shown of a name in a finding. */
#define SHOWN_MAX 80

struct reader {
	struct spec *spec;
	const struct nspawn_file *file;
	struct findings *findings;
	struct spec before; /* only for what was said; its arena is not to be used */
	struct setting *settings;
	size_t count;
	uint64_t groups_reset;
};

static bool is_foreign(const char *name)
{
	return strncmp(name, "X-", 2) == 0;
}

static void check_heading(struct reader *reader, const struct ini_entry *entry)
{
	if (!nspawn_section_known(entry->section) && !is_foreign(entry->section))
		finding_add(reader->findings, entry->line, false,
			    "there is no section [%.*s]; ignored", SHOWN_MAX, entry->section);
}

static void say_unknown(struct reader *reader, const struct ini_entry *entry)
{
	const char *other = nspawn_key_section(entry->key);

	if (is_foreign(entry->key))
		return;
	if (other)
		finding_add(reader->findings, entry->line, false,
			    "%.*s= belongs to [%s], not to [%s]; ignored", SHOWN_MAX, entry->key,
			    other, entry->section);
	else
		finding_add(reader->findings, entry->line, false,
			    "there is no setting %.*s= in [%s]; ignored", SHOWN_MAX, entry->key,
			    entry->section);
}

/* An allowed system call reaches further than the image should; a denied one does not. */
static bool is_trusted_with(const struct reader *reader, const struct nspawn_key *key,
			    const char *value)
{
	if (reader->file->trusted)
		return true;
	return key->trust == FROM_ANYBODY && (key->value != VALUE_FILTER || *value == '~');
}

static bool is_same(const struct nspawn_key *one, const struct nspawn_key *other)
{
	return strcmp(one->section, other->section) == 0 && strcmp(one->name, other->name) == 0;
}

/* An empty value takes back what the file said of the key before (systemd.syntax(7)). */
static void revoke_earlier(struct reader *reader, const struct nspawn_key *key)
{
	for (size_t i = 0; i < reader->count; i++)
		if (is_same(&reader->settings[i].key, key))
			reader->settings[i].revoked = true;
}

/* The earlier part of a list that goes on, revoked as such; "" if there is none. */
static const char *take_earlier(struct reader *reader, const struct nspawn_key *key)
{
	for (size_t i = reader->count; i-- > 0;) {
		struct setting *setting = &reader->settings[i];

		if (!setting->revoked && is_same(&setting->key, key)) {
			setting->revoked = true;
			return setting->value;
		}
	}
	return "";
}

static void take_entry(struct reader *reader, const struct ini_entry *entry)
{
	struct arena *arena = &reader->spec->arena;
	const char *value = entry->value;
	struct setting *setting;
	struct nspawn_key key;

	if (!nspawn_key_find(entry->section, entry->key, &key)) {
		say_unknown(reader, entry);
		return;
	}
	if (!is_trusted_with(reader, &key, value)) {
		finding_add(reader->findings, entry->line, false,
			    "%s= is heeded in files of the administrator only; ignored", key.name);
		return;
	}
	if (!*value) {
		revoke_earlier(reader, &key);
		return;
	}
	if (key.value == VALUE_COLLECTED)
		value = arena_printf(arena, "%s %s", take_earlier(reader, &key), value);
	setting = ARENA_APPEND(arena, reader->settings, reader->count);
	if (setting)
		*setting = (struct setting){.key = key, .value = value, .line = entry->line};
}

static void take_entries(struct reader *reader)
{
	struct ini ini;

	ini_read(reader->file->text, reader->file->size, &ini, reader->findings);
	for (size_t i = 0; i < ini.count; i++) {
		const struct ini_entry *entry = &ini.entries[i];

		if (!entry->key)
			check_heading(reader, entry);
		else if (nspawn_section_known(entry->section))
			take_entry(reader, entry);
	}
}

/* systemd-nspawn heeds a command only where the file says how it is started, too. */
static void drop_lone_command(struct reader *reader)
{
	bool start = false;

	for (size_t i = 0; i < reader->count; i++) {
		const struct setting *setting = &reader->settings[i];
		const char *option = setting->key.option;

		if (!setting->revoked && option &&
		    (strcmp(option, "boot") == 0 || strcmp(option, "as-pid2") == 0))
			start = true;
	}
	for (size_t i = 0; !start && i < reader->count; i++) {
		struct setting *setting = &reader->settings[i];

		if (setting->revoked || setting->key.value != VALUE_COMMAND)
			continue;
		setting->revoked = true;
		finding_add(reader->findings, setting->line, false,
			    "%s= is heeded only beside Boot= or ProcessTwo=; ignored",
			    setting->key.name);
	}
}

/* The first setting of a group replaces what was presumed, or said, of the whole group. */
static void reset_group(struct reader *reader, const struct nspawn_key *key)
{
	const struct nspawn_group *group = nspawn_group_of(key);
	uint64_t bit = group ? UINT64_C(1) << (group - nspawn_groups) : 0;

	if (!group || reader->groups_reset & bit)
		return;
	reader->groups_reset |= bit;
	spec_forget(reader->spec, group->members);
	/* What came with an image may deny calls, but not allow those denied by others. */
	if (group->reset && (reader->file->trusted || key->value != VALUE_FILTER))
		group->reset(reader->spec);
}

/* What was found in reading and in setting, by lines. They are few. */
static void sort_findings(struct findings *findings)
{
	struct finding *list = findings->list;

	for (size_t i = 1; i < findings->count; i++) {
		struct finding moved = list[i];
		size_t place = i;

		for (; place > 0 && list[place - 1].line > moved.line; place--)
			list[place] = list[place - 1];
		list[place] = moved;
	}
}

void nspawn_file_apply(struct spec *spec, const struct nspawn_file *file, struct findings *findings)
{
	struct reader reader = {
		.spec = spec,
		.file = file,
		.findings = findings,
		.before = *spec,
	};
	struct setter setter = {.spec = spec, .findings = findings, .trusted = file->trusted};

	take_entries(&reader);
	drop_lone_command(&reader);
	for (size_t i = 0; i < reader.count; i++) {
		const struct setting *setting = &reader.settings[i];
		bool masked = !file->overrides && nspawn_key_masked(&reader.before, &setting->key);

		if (setting->revoked || masked)
			continue;
		reset_group(&reader, &setting->key);
		setting_apply(&setter, setting);
	}
	setting_finish(&setter);
	sort_findings(findings);
}
