/* SPDX-License-Identifier: MIT */
/* Setting how the payload is started: mode, user, environment, signals, identity. */
#include "option.h"

#include "names.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* A start mode that a front end presumes gives way to what is said; two that are said clash. */
int set_boot(const struct option_call *call)
{
	struct spec *spec = call->spec;
	bool boot = true;

	if (call->value && text_to_bool(call->value, &boot) < 0)
		return option_refuse(call, "expected yes or no");
	if (boot && spec->start == SPEC_START_PID2)
		return option_refuse(call, "cannot be combined with --as-pid2");
	if (boot)
		spec->start = SPEC_START_BOOT;
	else if (spec->start == SPEC_START_BOOT)
		spec->start = SPEC_START_COMMAND;
	return 0;
}

int set_as_pid2(const struct option_call *call)
{
	struct spec *spec = call->spec;

	if (spec->start == SPEC_START_BOOT && spec_given(spec, "boot"))
		return option_refuse(call, "cannot be combined with --boot");
	spec->start = SPEC_START_PID2;
	return 0;
}

/* What shadow's useradd(8) lets a name consist of, and numbers. */
static bool user_valid(const char *user)
{
	size_t length = strlen(user);
	size_t good = strspn(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-");

	if (length > 256 || *user == '-' || *user == '.')
		return false;
	return good == length || (good > 0 && good == length - 1 && user[good] == '$');
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

int set_user(const struct option_call *call)
{
	uint64_t number;

	if (is_number(call->value) && text_to_unsigned(call->value, UINT32_MAX - 1, &number) < 0)
		return option_refuse(call, "a user number is at most %u", UINT32_MAX - 1);
	if (!user_valid(call->value))
		return option_refuse(call, "expected the name or number of a user inside");
	call->spec->user = *call->value ? arena_strdup(&call->spec->arena, call->value) : NULL;
	return 0;
}

static bool variable_name_valid(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool letter = (name[i] >= 'a' && name[i] <= 'z') ||
			      (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_';

		if (!letter && (i == 0 || name[i] < '0' || name[i] > '9'))
			return false;
	}
	return length > 0;
}

static struct spec_variable *find_variable(struct spec *spec, const char *name, size_t length)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		if (strncmp(spec->environment[i].name, name, length) == 0 &&
		    spec->environment[i].name[length] == '\0')
			return &spec->environment[i];
	return NULL;
}

/* NAME=VALUE, or NAME for what the caller has there, "" if it has none; the later one wins. */
int set_environment(const struct option_call *call)
{
	struct spec *spec = call->spec;
	size_t length = strcspn(call->value, "=");
	const char *value = call->value[length] ? call->value + length + 1 : NULL;
	struct spec_variable *variable;

	if (!variable_name_valid(call->value, length))
		return option_refuse(call, "expected NAME=VALUE or NAME, the name of letters, "
					   "digits and '_' and not beginning with a digit");
	if (!value)
		value = getenv(call->value) ?: "";
	if (!text_is_utf8(value))
		return option_refuse(call, "the value is not UTF-8");
	variable = find_variable(spec, call->value, length);
	if (!variable) {
		variable = ARENA_APPEND(&spec->arena, spec->environment, spec->environment_count);
		if (!variable)
			return 0;
		variable->name = arena_strndup(&spec->arena, call->value, length);
	}
	variable->value = arena_strdup(&spec->arena, value);
	return 0;
}

int set_kill_signal(const struct option_call *call)
{
	int number = signal_from_name(call->value);

	if (number < 0)
		return option_refuse(call, "expected the name or number of a signal, such as "
					   "SIGTERM, SIGRTMIN+3 or 15");
	call->spec->kill_signal = number;
	return 0;
}

int set_uuid(const struct option_call *call)
{
	char uuid[UUID_DIGITS + 1];

	if (text_to_uuid(call->value, uuid) < 0)
		return option_refuse(call, "expected 32 hexadecimal digits, with dashes or "
					   "without, that are not all zero");
	call->spec->uuid = arena_strdup(&call->spec->arena, uuid);
	return 0;
}

/* Accepted so that command lines written for hosts without machined work; the other value would
 * promise what does not happen. */
int set_register(const struct option_call *call)
{
	bool wanted;

	if (text_to_bool(call->value, &wanted) < 0)
		return option_refuse(call, "expected no");
	if (wanted)
		return option_refuse(call, "this version does not register machines with "
					   "systemd-machined; leave the option out or say no");
	return 0;
}
