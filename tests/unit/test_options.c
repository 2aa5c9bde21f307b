/* SPDX-License-Identifier: MIT */
/* The table of options as a whole, and reading a command line by it. */
#include "../../runtime/spec/option.h"
#include "../../runtime/spec/text.h"
#include "spec_words.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "unit.h"

/* What to call a row. */
static const char *row_name(const struct floe_option *row, char letter[static 2])
{
	letter[0] = row->letter;
	letter[1] = '\0';
	return row->name ? row->name : letter;
}

static void rows_are_complete_and_unique(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);
	char letter[2];

	(void)state;
	assert_true(count > 40);
	for (size_t i = 0; i < count; i++) {
		assert_true(rows[i].name || rows[i].letter);
		assert_non_null(rows[i].group);
		assert_non_null(rows[i].help);
		assert_non_null(rows[i].action);
		assert_true(rows[i].argument || !rows[i].optional);
		assert_ptr_equal(option_find(row_name(&rows[i], letter)), &rows[i]);
		for (size_t j = 0; j < i; j++) {
			assert_false(rows[i].letter && rows[i].letter == rows[j].letter);
			assert_false(rows[i].name && rows[j].name &&
				     strcmp(rows[i].name, rows[j].name) == 0);
		}
	}
}

/* Help prints a heading where the group changes. */
static void groups_are_not_torn_apart(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);

	(void)state;
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j + 1 < i && strcmp(rows[i].group, rows[i - 1].group) != 0; j++)
			assert_string_not_equal(rows[i].group, rows[j].group);
}

static void missing_values_are_refused(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);
	char letter[2];

	(void)state;
	for (size_t i = 0; i < count; i++)
		if (rows[i].argument && !rows[i].optional)
			option_refuse_value(row_name(&rows[i], letter), NULL, "needs a value");
}

static void values_of_flags_are_refused(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);
	char letter[2];

	(void)state;
	for (size_t i = 0; i < count; i++)
		if (!rows[i].argument)
			option_refuse_value(row_name(&rows[i], letter), "yes", "takes no value");
}

/* An empty name takes an earlier one back; everything else needs text. */
static void empty_values_are_refused(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);
	char letter[2];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const char *name = row_name(&rows[i], letter);

		if (rows[i].argument && !text_has_word("machine hostname user", name, strlen(name)))
			option_refuse_value(name, "", "");
	}
}

static void garbage_is_refused(void **state)
{
	static const char *const garbage[] = {"\x01\xff", "\xff\xfe=\xff", "%s%n\n", "-1\n\t"};
	size_t count;
	const struct floe_option *rows = floe_options(&count);
	char letter[2];

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; rows[i].argument && j < ARRAY_SIZE(garbage); j++)
			option_refuse_value(row_name(&rows[i], letter), garbage[j], "");
}

static void long_garbage_is_refused(void **state)
{
	size_t count, size = 100000;
	const struct floe_option *rows = floe_options(&count);
	CLEANUP_FREE char *text = malloc(size + 1);
	char letter[2];

	(void)state;
	assert_non_null(text);
	memset(text, '/', size);
	memset(text + 1, '@', size - 1);
	text[size] = '\0';
	for (size_t i = 0; i < count; i++)
		if (rows[i].argument)
			option_refuse_value(row_name(&rows[i], letter), text, "...");
}

/* Sets WORD of LENGTH, made a full value where it is only the beginning of one. */
static void accept_word(const struct floe_option *row, const char *word, size_t length)
{
	struct floe_error error = {0};
	struct floe_spec *spec;
	char value[64];

	snprintf(value, sizeof(value), "%.*s%s", (int)length, word,
		 word[length - 1] == '=' ? "1" : "");
	assert_int_equal(floe_spec_new(&spec, &error), 0);
	if (floe_spec_set(spec, row->name, value, &error) < 0)
		fail_msg("completion offers what is refused: %s", error.message);
	floe_spec_free(spec);
}

static void offered_words_are_accepted(void **state)
{
	size_t count, offered = 0;
	const struct floe_option *rows = floe_options(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const char *word = rows[i].words;

		if (!word || *word == '@')
			continue;
		while (*(word += strspn(word, " "))) {
			accept_word(&rows[i], word, strcspn(word, " "));
			word += strcspn(word, " ");
			offered++;
		}
	}
	assert_true(offered > 100);
}

static bool is_offered(const char *words, const char *word)
{
	const char *found = words;
	size_t length = strlen(word);

	while ((found = strstr(found, word))) {
		bool begins = found == words || found[-1] == ' ';

		if (begins && (found[length] == '\0' || found[length] == ' '))
			return true;
		found += length;
	}
	return false;
}

static void accepted_words_are_offered(void **state)
{
	size_t count;
	const struct floe_option *rows = floe_options(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct option_action *action = rows[i].action;

		for (const struct word *word = action->words ? action->words->words : NULL;
		     word && word->name; word++)
			if (!is_offered(rows[i].words, word->name))
				fail_msg("--%s does not offer %s", rows[i].name, word->name);
	}
}

/* One value for each option that says something else than the default. */
static const struct {
	const char *option, *value;
} samples[] = {
	{"directory", "/srv/x"},
	{"system", "/nix/store/x"},
	{"store", "rw"},
	{"store-root", "/nix/store/x"},
	{"store-closure", "/srv/closure"},
	{"nix-daemon", "host"},
	{"ephemeral", NULL},
	{"read-only", NULL},
	{"volatile", NULL},
	{"settings", "no"},
	{"boot", NULL},
	{"as-pid2", NULL},
	{"user", "joe"},
	{"chdir", "/x"},
	{"setenv", "A=1"},
	{"kill-signal", "SIGINT"},
	{"notify-ready", "yes"},
	{"private-time", NULL},
	{"keep-unit", NULL},
	{"machine", "x"},
	{"hostname", "x"},
	{"uuid", "0123456789abcdef0123456789abcdef"},
	{"private-users", "no"},
	{"private-users-ownership", "chown"},
	{"private-network", NULL},
	{"network-namespace-path", "/run/netns/x"},
	{"network-veth", NULL},
	{"network-bridge", "br0"},
	{"network-zone", "z"},
	{"network-veth-extra", "a:b"},
	{"network-interface", "eth7"},
	{"network-macvlan", "eth7"},
	{"network-ipvlan", "eth7:x"},
	{"port", "tcp:80"},
	{"address", "10.0.0.2/24,10.0.0.1"},
	{"gateway", "10.0.0.1"},
	{"dns", "10.0.0.1"},
	{"dhcp", "no"},
	{"masquerade", "no"},
	{"isolate", NULL},
	{"hosts-entry", "yes"},
	{"mtu", "1400"},
	{"mac", "02:00:00:00:00:01"},
	{"link-name", "eth0"},
	{"rate", "10M"},
	{"capability", "CAP_SYS_TIME"},
	{"drop-capability", "CAP_KILL"},
	{"ambient-capability", "CAP_KILL"},
	{"no-new-privileges", "yes"},
	{"system-call-filter", "@keyring"},
	{"masks", NULL},
	{"rlimit", "NOFILE=1"},
	{"oom-score-adjust", "0"},
	{"cpu-affinity", "0"},
	{"personality", "x86"},
	{"tasks-max", "5"},
	{"memory", "1G"},
	{"cpu", "1.5"},
	{"io", "1M:2M"},
	{"strict", NULL},
	{"bind", "/x"},
	{"bind-ro", "/x"},
	{"tmpfs", "/x"},
	{"overlay", "/a:/b:/c"},
	{"overlay-ro", "/a:/b:/c"},
	{"inaccessible", "/x"},
	{"resolv-conf", "off"},
	{"timezone", "off"},
	{"link-journal", "no"},
	{"j", NULL},
	{"load-credential", "a:/x"},
	{"set-credential", "a:x"},
	{"console", "passive"},
	{"pipe", NULL},
	{"quiet", NULL},
};

static void every_option_changes_the_spec(void **state)
{
	struct floe_error error = {0};
	struct floe_spec *plain, *spec;
	json_t *before, *after;

	(void)state;
	assert_int_equal(floe_spec_new(&plain, &error), 0);
	before = spec_to_json(&plain->spec);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		assert_int_equal(floe_spec_new(&spec, &error), 0);
		if (floe_spec_set(spec, samples[i].option, samples[i].value, &error) < 0)
			fail_msg("%s", error.message);
		assert_true(spec_given(&spec->spec, samples[i].option));
		after = spec_to_json(&spec->spec);
		if (json_equal(before, after))
			fail_msg("--%s changes nothing", samples[i].option);
		json_decref(after);
		floe_spec_free(spec);
	}
	json_decref(before);
	floe_spec_free(plain);
}

/* Only -U, which says the default, and --register=no, which asks for nothing, change nothing. */
static void every_option_has_a_sample(void **state)
{
	size_t count;

	(void)state;
	floe_options(&count);
	assert_int_equal(count, ARRAY_SIZE(samples) + 2);
	assert_non_null(option_find("U"));
	assert_non_null(option_find("register"));
}

static void both_forms_of_long_options_are_read(void **state)
{
	struct floe_spec *one = line_accept("--directory=/x --setenv=A=b=c"),
			 *two = line_accept("--directory /x --setenv A=b=c");

	(void)state;
	assert_string_equal(one->spec.directory, "/x");
	assert_string_equal(two->spec.directory, "/x");
	assert_string_equal(one->spec.environment[0].value, "b=c");
	assert_string_equal(two->spec.environment[0].value, "b=c");
	floe_spec_free(one);
	floe_spec_free(two);
}

static void letters_are_read_alone_and_in_clusters(void **state)
{
	static const char *const lines[] = {
		"-b -q -x -D /x -M y",
		"-bqx -D/x -My",
		"-bqxD /x -M y",
		"-qbxD/x --machine y",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct floe_spec *handle = line_accept(lines[i]);
		const struct spec *spec = &handle->spec;

		assert_int_equal(spec->start, SPEC_START_BOOT);
		assert_int_equal(spec->ephemeral, SPEC_EPHEMERAL_OVERLAY);
		assert_true(spec->quiet);
		assert_string_equal(spec->directory, "/x");
		assert_string_equal(spec->name, "y");
		assert_int_equal(spec->argument_count, 0);
		floe_spec_free(handle);
	}
}

static void optional_values_need_an_equals_sign(void **state)
{
	struct floe_spec *handle = line_accept("--volatile state --private-users pick");
	const struct spec *spec = &handle->spec;

	(void)state;
	assert_int_equal(spec->volatile_mode, SPEC_VOLATILE_YES);
	assert_int_equal(spec->argument_count, 3);
	assert_string_equal(spec->arguments[0], "state");
	floe_spec_free(handle);
	handle = line_accept("--volatile=state --private-users=identity");
	assert_int_equal(handle->spec.volatile_mode, SPEC_VOLATILE_STATE);
	assert_int_equal(handle->spec.userns, SPEC_USERNS_IDENTITY);
	floe_spec_free(handle);
}

/* LINE, and how many words of it are the command, which begins with FIRST. */
static void the_first_other_word_ends_options(void **state)
{
	static const struct {
		const char *line, *first;
		size_t count;
	} rows[] = {
		{"-q /bin/sh -q --nonsense", "/bin/sh", 3},
		{"-q -- -q", "-q", 1},
		{"-q -- -- x", "--", 2},
		{"-D -- x", "x", 1}, /* "--" is the value of -D */
		{"- -q", "-", 2},
		{"-q", NULL, 0},
		{"--", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct floe_spec *handle = line_accept(rows[i].line);

		assert_int_equal(handle->spec.argument_count, rows[i].count);
		if (rows[i].first)
			assert_string_equal(handle->spec.arguments[0], rows[i].first);
		assert_null(handle->spec.arguments[rows[i].count]);
		floe_spec_free(handle);
	}
}

static void beginnings_of_names_are_enough(void **state)
{
	struct floe_spec *handle = line_accept("--dir=/x --mach y --ephem --bind=/z --pipe");

	(void)state;
	assert_string_equal(handle->spec.directory, "/x");
	assert_string_equal(handle->spec.name, "y");
	assert_int_equal(handle->spec.ephemeral, SPEC_EPHEMERAL_OVERLAY);
	assert_int_equal(handle->spec.mount_count, 1);
	assert_false(handle->spec.mounts[0].read_only); /* --bind is no beginning of --bind-ro */
	floe_spec_free(handle);
}

static void bad_lines_are_refused(void **state)
{
	static const struct {
		const char *line, *reason;
	} rows[] = {
		{"--nonsense", "no option --nonsense"},
		{"---", "no option ---"},
		{"--=x", "no option --"},
		{"-Y", "no option -Y"},
		{"-bY", "no option -Y"},
		{"-b=yes", "no option -="},
		{"--private", "ambiguous"},
		{"--over", "ambiguous"},
		{"-D", "option -D needs a value: PATH"},
		{"-qD", "option -D needs a value: PATH"},
		{"--directory", "option --directory needs a value: PATH"},
		{"--dir", "option --directory needs a value: PATH"},
		{"--read-only=yes", "--read-only takes no value"},
		{"-b -a", "cannot be combined"},
		{"-a -b", "cannot be combined"},
		{"-ab", "cannot be combined"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		line_refuse(rows[i].line, rows[i].reason);
}

static void unknown_names_are_refused(void **state)
{
	struct floe_error error = {0};
	struct floe_spec *spec;

	(void)state;
	assert_int_equal(floe_spec_new(&spec, &error), 0);
	assert_int_equal(floe_spec_set(spec, "nonsense", NULL, &error), -EINVAL);
	assert_non_null(strstr(error.message, "nonsense"));
	/* A library's caller names options in full. */
	assert_int_equal(floe_spec_set(spec, "direct", "/x", NULL), -EINVAL);
	assert_int_equal(floe_spec_set(spec, "", "/x", NULL), -EINVAL);
	assert_false(spec_given(&spec->spec, "directory"));
	floe_spec_free(spec);
}

static void the_last_one_counts(void **state)
{
	struct floe_spec *handle =
		line_accept("-D /a -D /b -M a -M b --console=pipe --console=passive "
			    "--cpu-affinity=1 --cpu-affinity=2");

	(void)state;
	assert_string_equal(handle->spec.directory, "/b");
	assert_string_equal(handle->spec.name, "b");
	assert_int_equal(handle->spec.console, SPEC_CONSOLE_PASSIVE);
	assert_string_equal(handle->spec.cpu_affinity, "2");
	floe_spec_free(handle);
}

/* The iterator serves tables of others too. */
static void foreign_tables_are_read(void **state)
{
	static const struct floe_option table[] = {
		{.name = "json", .help = "", .group = ""},
		{.name = "user", .letter = 'u', .argument = "USER", .help = "", .group = ""},
	};
	char json[] = "--json", user[] = "-ujoe", name[] = "name";
	char *words[] = {json, user, name, json};
	struct floe_cursor cursor = {.arguments = words, .count = ARRAY_SIZE(words)};
	struct floe_match match;
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(floe_option_next(table, 2, &cursor, &match, &error), 1);
	assert_ptr_equal(match.option, &table[0]);
	assert_null(match.value);
	assert_int_equal(floe_option_next(table, 2, &cursor, &match, &error), 1);
	assert_ptr_equal(match.option, &table[1]);
	assert_string_equal(match.value, "joe");
	assert_int_equal(floe_option_next(table, 2, &cursor, &match, &error), 0);
	assert_int_equal(cursor.next, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete_and_unique),
		cmocka_unit_test(groups_are_not_torn_apart),
		cmocka_unit_test(missing_values_are_refused),
		cmocka_unit_test(values_of_flags_are_refused),
		cmocka_unit_test(empty_values_are_refused),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(long_garbage_is_refused),
		cmocka_unit_test(offered_words_are_accepted),
		cmocka_unit_test(accepted_words_are_offered),
		cmocka_unit_test(every_option_changes_the_spec),
		cmocka_unit_test(every_option_has_a_sample),
		cmocka_unit_test(both_forms_of_long_options_are_read),
		cmocka_unit_test(letters_are_read_alone_and_in_clusters),
		cmocka_unit_test(optional_values_need_an_equals_sign),
		cmocka_unit_test(the_first_other_word_ends_options),
		cmocka_unit_test(beginnings_of_names_are_enough),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(foreign_tables_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
