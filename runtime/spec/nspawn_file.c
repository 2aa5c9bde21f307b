/* SPDX-License-Identifier: MIT */
/* Settings files as a front end: which of their settings count, and setting these. */
#include "nspawn_file.h"

#include "../base/cleanup.h"
#include "nspawn_keys.h"
#include "text.h"

#include <errno.h>
#include <string.h>

/* What is shown of a name in a finding. */
#define SHOWN_MAX 80

/* An assignment whose key is known. */
struct setting {
	struct nspawn_key key;
	const char *value;
	unsigned line;
	bool revoked; /* by an empty value later in the file */
};

struct reader {
	struct spec *spec;
	const struct nspawn_file *file;
	struct findings *findings;
	struct spec before; /* only for what was said; its arena is not to be used */
	struct setting *settings;
	size_t count;
	size_t values; /* set so far */
	uint64_t groups_reset;
	char **command;
	size_t command_count;
};

/* ---- Which settings count ---------------------------------------------------------------------- */

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

/* ---- Setting them ------------------------------------------------------------------------------- */

static int refuse(struct reader *reader, const struct setting *setting, const char *reason)
{
	finding_add(reader->findings, setting->line, true, "%s=: %s", setting->key.name, reason);
	return -EINVAL;
}

/* Sets one value of the option. */
static int set_value(struct reader *reader, const struct setting *setting, const char *value)
{
	const struct floe_option *option = option_find(setting->key.option);
	struct floe_error error = {0};

	if (++reader->values > SETTINGS_ENTRIES_MAX)
		return refuse(reader, setting, "the file sets too many values");
	if (option_apply(reader->spec, option, value, &error) < 0)
		return refuse(reader, setting, error.message);
	return 0;
}

static int read_truth(struct reader *reader, const struct setting *setting, bool *truth)
{
	if (text_to_bool(setting->value, truth) < 0)
		return refuse(reader, setting, "expected yes or no");
	return 0;
}

static int set_plain(struct reader *reader, const struct setting *setting)
{
	const struct floe_option *option = option_find(setting->key.option);
	bool truth;

	if (option->argument)
		return set_value(reader, setting, setting->value);
	if (read_truth(reader, setting, &truth) < 0)
		return -EINVAL;
	if (truth)
		return set_value(reader, setting, NULL);
	option_clear(reader->spec, option);
	return 0;
}

/* YES and NO: the value of the option that a truth value stands for. */
static int set_truth(struct reader *reader, const struct setting *setting, const char *yes,
		     const char *no)
{
	bool truth;

	if (read_truth(reader, setting, &truth) < 0)
		return -EINVAL;
	return set_value(reader, setting, truth ? yes : no);
}

/* The variable that WORD, which was set, names. */
static void mark_untrusted(struct spec *spec, const char *word)
{
	size_t length = strcspn(word, "=");

	for (size_t i = 0; i < spec->environment_count; i++) {
		struct spec_variable *variable = &spec->environment[i];

		if (strncmp(variable->name, word, length) == 0 && !variable->name[length])
			variable->untrusted = true;
	}
}

static int set_words_of(struct reader *reader, const struct setting *setting)
{
	const char *rest = setting->value;
	char *word;
	int r;

	while ((r = ini_word(&reader->spec->arena, &rest, &word)) > 0) {
		/* A name alone would hand the caller's variable to whoever wrote the file. */
		if (setting->key.value == VALUE_VARIABLES && !strchr(word, '='))
			return refuse(reader, setting,
				      "expected NAME=VALUE, in quotes if it holds blanks");
		if (set_value(reader, setting, word) < 0)
			return -EINVAL;
		if (setting->key.value == VALUE_VARIABLES && !reader->file->trusted)
			mark_untrusted(reader->spec, word);
	}
	return r < 0 ? refuse(reader, setting, "a quote is not closed") : 0;
}

static int collect_command(struct reader *reader, const struct setting *setting)
{
	struct arena *arena = &reader->spec->arena;
	const char *rest = setting->value;
	char *word, **slot;
	int r;

	while ((r = ini_word(arena, &rest, &word)) > 0) {
		slot = ARENA_APPEND(arena, reader->command, reader->command_count);
		if (slot)
			*slot = word;
	}
	return r < 0 ? refuse(reader, setting, "a quote is not closed") : 0;
}

static int set_limit(struct reader *reader, const struct setting *setting)
{
	const char *resource = setting->key.name + strlen("Limit");

	return set_value(reader, setting,
			 arena_printf(&reader->spec->arena, "%s=%s", resource, setting->value));
}

/* Where the program was called from says nothing to a file, so no path begins there. */
static int set_path(struct reader *reader, const struct setting *setting)
{
	if (*setting->value != '/')
		return refuse(reader, setting, "expected an absolute path");
	return set_value(reader, setting, setting->value);
}

/* The parts up to the last of an overlay, the first of a bind. */
static int set_mount(struct reader *reader, const struct setting *setting)
{
	bool overlay = strncmp(setting->key.option, "overlay", 7) == 0;
	const char *p = setting->value;

	do {
		if (!strchr("/+:", *p))
			return refuse(reader, setting,
				      "expected absolute paths, or with '+' before them paths "
				      "in the tree");
		while (*p && *p != ':')
			p += p[0] == '\\' && p[1] ? 2 : 1;
		p += *p == ':';
	} while (overlay && *p);
	return set_value(reader, setting, setting->value);
}

/* Saying no to what we do not have asks for nothing. */
static int refuse_absent(struct reader *reader, const struct setting *setting)
{
	bool truth;

	if (text_to_bool(setting->value, &truth) == 0 && !truth)
		return 0;
	finding_add(reader->findings, setting->line, true,
		    "%s=: floe cannot do this yet, it has no option --%s", setting->key.name,
		    setting->key.option);
	return -EINVAL;
}

static int apply(struct reader *reader, const struct setting *setting)
{
	if (setting->key.option && !option_find(setting->key.option))
		return refuse_absent(reader, setting);
	switch (setting->key.value) {
	case VALUE_PLAIN:
	case VALUE_FILTER:
	case VALUE_COLLECTED:
		return set_plain(reader, setting);
	case VALUE_BARE:
		return set_truth(reader, setting, NULL, "no");
	case VALUE_CHOWN:
		return set_truth(reader, setting, "chown", "off");
	case VALUE_WORDS:
	case VALUE_VARIABLES:
		return set_words_of(reader, setting);
	case VALUE_COMMAND:
		return collect_command(reader, setting);
	case VALUE_LIMIT:
		return set_limit(reader, setting);
	case VALUE_PATH:
		return set_path(reader, setting);
	case VALUE_MOUNT:
		break;
	}
	return set_mount(reader, setting);
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

static void set_command(struct reader *reader)
{
	struct spec *spec = reader->spec;
	size_t count = reader->command_count;
	char **copy;

	if (count == 0)
		return;
	copy = arena_alloc(&spec->arena, (count + 1) * sizeof(*copy));
	if (!copy)
		return;
	memcpy(copy, reader->command, count * sizeof(*copy));
	spec->arguments = copy;
	spec->argument_count = count;
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

	take_entries(&reader);
	drop_lone_command(&reader);
	for (size_t i = 0; i < reader.count; i++) {
		const struct setting *setting = &reader.settings[i];
		bool masked = !file->overrides && nspawn_key_masked(&reader.before, &setting->key);

		if (setting->revoked || masked)
			continue;
		reset_group(&reader, &setting->key);
		apply(&reader, setting);
	}
	set_command(&reader);
	sort_findings(findings);
}
