/* SPDX-License-Identifier: MIT */
/* Setting in a spec what a settings file says, by the option table. */
#include "nspawn_set.h"

#include "text.h"

#include <errno.h>
#include <string.h>

static int refuse(struct setter *setter, const struct setting *setting, const char *reason)
{
	finding_add(setter->findings, setting->line, true, "%s=: %s", setting->key.name, reason);
	return -EINVAL;
}

/* Sets one value of the option. */
static int set_value(struct setter *setter, const struct setting *setting, const char *value)
{
	const struct floe_option *option = option_find(setting->key.option);
	struct floe_error error = {0};

	if (++setter->values > SETTINGS_ENTRIES_MAX)
		return refuse(setter, setting, "the file sets too many values");
	if (option_apply(setter->spec, option, value, &error) < 0)
		return refuse(setter, setting, error.message);
	return 0;
}

static int read_truth(struct setter *setter, const struct setting *setting, bool *truth)
{
	if (text_to_bool(setting->value, truth) < 0)
		return refuse(setter, setting, "expected yes or no");
	return 0;
}

static int set_plain(struct setter *setter, const struct setting *setting)
{
	const struct floe_option *option = option_find(setting->key.option);
	bool truth;

	if (option->argument)
		return set_value(setter, setting, setting->value);
	if (read_truth(setter, setting, &truth) < 0)
		return -EINVAL;
	if (truth)
		return set_value(setter, setting, NULL);
	option_clear(setter->spec, option);
	return 0;
}

/* YES and NO: the value of the option that a truth value stands for. */
static int set_truth(struct setter *setter, const struct setting *setting, const char *yes,
		     const char *no)
{
	bool truth;

	if (read_truth(setter, setting, &truth) < 0)
		return -EINVAL;
	return set_value(setter, setting, truth ? yes : no);
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

static int set_words_of(struct setter *setter, const struct setting *setting)
{
	const char *rest = setting->value;
	char *word;
	int r;

	while ((r = ini_word(&setter->spec->arena, &rest, &word)) > 0) {
		/* A name alone would hand the caller's variable to whoever wrote the file. */
		if (setting->key.value == VALUE_VARIABLES && !strchr(word, '='))
			return refuse(setter, setting,
				      "expected NAME=VALUE, in quotes if it holds blanks");
		if (set_value(setter, setting, word) < 0)
			return -EINVAL;
		if (setting->key.value == VALUE_VARIABLES && !setter->trusted)
			mark_untrusted(setter->spec, word);
	}
	return r < 0 ? refuse(setter, setting, "a quote is not closed") : 0;
}

static int collect_command(struct setter *setter, const struct setting *setting)
{
	struct arena *arena = &setter->spec->arena;
	const char *rest = setting->value;
	char *word, **slot;
	int r;

	while ((r = ini_word(arena, &rest, &word)) > 0) {
		slot = ARENA_APPEND(arena, setter->command, setter->command_count);
		if (slot)
			*slot = word;
	}
	return r < 0 ? refuse(setter, setting, "a quote is not closed") : 0;
}

static int set_limit(struct setter *setter, const struct setting *setting)
{
	const char *resource = setting->key.name + strlen("Limit");

	return set_value(setter, setting,
			 arena_printf(&setter->spec->arena, "%s=%s", resource, setting->value));
}

/* Where the program was called from says nothing to a file, so no path begins there. */
static int set_path(struct setter *setter, const struct setting *setting)
{
	if (*setting->value != '/')
		return refuse(setter, setting, "expected an absolute path");
	return set_value(setter, setting, setting->value);
}

/* The parts up to the last of an overlay, the first of a bind. */
static int set_mount(struct setter *setter, const struct setting *setting)
{
	bool overlay = strncmp(setting->key.option, "overlay", 7) == 0;
	const char *p = setting->value;

	do {
		if (!strchr("/+:", *p))
			return refuse(setter, setting,
				      "expected absolute paths, or with '+' before them paths "
				      "in the tree");
		while (*p && *p != ':')
			p += p[0] == '\\' && p[1] ? 2 : 1;
		p += *p == ':';
	} while (overlay && *p);
	return set_value(setter, setting, setting->value);
}

/* Saying no to what we do not have asks for nothing. */
static int refuse_absent(struct setter *setter, const struct setting *setting)
{
	bool truth;

	if (text_to_bool(setting->value, &truth) == 0 && !truth)
		return 0;
	finding_add(setter->findings, setting->line, true,
		    "%s=: floe cannot do this yet, it has no option --%s", setting->key.name,
		    setting->key.option);
	return -EINVAL;
}

int setting_apply(struct setter *setter, const struct setting *setting)
{
	if (!setting->key.option)
		return collect_command(setter, setting);
	if (!option_find(setting->key.option))
		return refuse_absent(setter, setting);
	switch (setting->key.value) {
	case VALUE_PLAIN:
	case VALUE_FILTER:
	case VALUE_COLLECTED:
		return set_plain(setter, setting);
	case VALUE_BARE:
		return set_truth(setter, setting, NULL, "no");
	case VALUE_CHOWN:
		return set_truth(setter, setting, "chown", "off");
	case VALUE_WORDS:
	case VALUE_VARIABLES:
		return set_words_of(setter, setting);
	case VALUE_LIMIT:
		return set_limit(setter, setting);
	case VALUE_PATH:
		return set_path(setter, setting);
	case VALUE_MOUNT:
	case VALUE_COMMAND: /* has no option */
		break;
	}
	return set_mount(setter, setting);
}

void setting_finish(struct setter *setter)
{
	struct spec *spec = setter->spec;
	size_t count = setter->command_count;
	char **copy;

	if (count == 0)
		return;
	copy = arena_alloc(&spec->arena, (count + 1) * sizeof(*copy));
	if (!copy)
		return;
	memcpy(copy, setter->command, count * sizeof(*copy));
	spec->arguments = copy;
	spec->argument_count = count;
}
