/* SPDX-License-Identifier: MIT */
/* floe completion: scripts for shells, made of the tables of verbs and options. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* Calls FUNCTION for each option of VERB: its own, those of the library, help. */
typedef void (*option_function)(const struct verb *verb, const struct floe_option *option);

static void for_each_option(const struct verb *verb, option_function function)
{
	size_t count = 0;
	const struct floe_option *library = verb->runs ? floe_options(&count) : NULL;

	for (size_t i = 0; i < verb->option_count; i++)
		function(verb, &verb->options[i]);
	for (size_t i = 0; i < count; i++)
		function(verb, &library[i]);
	function(verb, &help_option);
}

static void for_each_verb_option(option_function function)
{
	for (size_t i = 0; i < verb_count; i++)
		for_each_option(&verbs[i], function);
}

static bool needs_value(const struct floe_option *option)
{
	return option->argument && !option->optional;
}

/* TEXT in single quotes of a shell. */
static void print_quoted(const char *text)
{
	for (putchar('\''); *text; text++)
		fputs(*text == '\'' ? "'\\''" : (const char[]){*text, '\0'}, stdout);
	putchar('\'');
}

static void print_verb_names(void)
{
	for (size_t i = 0; i < verb_count; i++)
		printf("%s%s", i ? " " : "", verbs[i].name);
}

/* ---- bash ------------------------------------------------------------------------------------- */

static const char bash_head[] =
	"# Completion of floe(1) for bash, printed by `floe completion bash`.\n"
	"\n"
	"# Fills COMPREPLY with what KIND (words, or @file and the like) offers for the word.\n"
	"_floe_offer() {\n"
	"	local kind=$1 word=$2\n"
	"	case $kind in\n"
	"	@file) COMPREPLY=($(compgen -f -- \"$word\")); compopt -o filenames ;;\n"
	"	@directory) COMPREPLY=($(compgen -d -- \"$word\")); compopt -o filenames ;;\n"
	"	@image) COMPREPLY=($(compgen -W \"$(floe list --images --no-legend 2>/dev/null |\n"
	"		cut -d' ' -f1)\" -- \"$word\")) ;;\n"
	"	@machine) COMPREPLY=($(compgen -W \"$(floe list --no-legend 2>/dev/null |\n"
	"		cut -d' ' -f1)\" -- \"$word\")) ;;\n"
	"	@link) COMPREPLY=($(compgen -W \"$(ls /sys/class/net)\" -- \"$word\")) ;;\n"
	"	@verb) COMPREPLY=($(compgen -W \"$_floe_verbs\" -- \"$word\")) ;;\n"
	"	*) COMPREPLY=($(compgen -W \"$kind\" -- \"$word\")) ;;\n"
	"	esac\n"
	"	[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
	"	return 0\n"
	"}\n\n";

static const char bash_tail[] =
	"_floe() {\n"
	"	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"	local verb=${COMP_WORDS[1]} option=\n"
	"	COMPREPLY=()\n"
	"	if ((COMP_CWORD == 1)); then\n"
	"		_floe_offer \"$_floe_verbs --help --version\" \"$word\"\n"
	"		return\n"
	"	fi\n"
	"	# \"=\" is a word of its own here, see COMP_WORDBREAKS in bash(1).\n"
	"	if [[ $word == = ]]; then\n"
	"		option=$before word=\n"
	"	elif [[ $before == = ]]; then\n"
	"		option=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"	elif _floe_needs_value \"$verb:$before\"; then\n"
	"		option=$before\n"
	"	fi\n"
	"	if [[ -n $option ]]; then\n"
	"		_floe_value \"$verb:$option\" \"$word\"\n"
	"	elif [[ $word == -* ]]; then\n"
	"		_floe_offer \"$(_floe_options \"$verb\")\" \"$word\"\n"
	"	else\n"
	"		_floe_operand \"$verb\" \"$word\"\n"
	"	fi\n"
	"}\n"
	"complete -F _floe floe\n";

static void bash_option_names(const struct verb *verb, const struct floe_option *option)
{
	(void)verb;
	if (option->name)
		printf(" --%s%s", option->name, needs_value(option) ? "=" : "");
	if (option->letter)
		printf(" -%c", option->letter);
}

static void bash_pattern(const struct verb *verb, const struct floe_option *option)
{
	if (option->name)
		printf("%s:--%s", verb->name, option->name);
	if (option->letter)
		printf("%s%s:-%c", option->name ? " | " : "", verb->name, option->letter);
}

static void bash_needs_value(const struct verb *verb, const struct floe_option *option)
{
	if (!needs_value(option))
		return;
	putchar('\t');
	bash_pattern(verb, option);
	fputs(") ;;\n", stdout);
}

static void bash_value(const struct verb *verb, const struct floe_option *option)
{
	if (!option->words)
		return;
	putchar('\t');
	bash_pattern(verb, option);
	fputs(") _floe_offer ", stdout);
	print_quoted(option->words);
	fputs(" \"$2\" ;;\n", stdout);
}

static void print_bash(void)
{
	fputs(bash_head, stdout);
	fputs("_floe_verbs='", stdout);
	print_verb_names();
	fputs("'\n\n_floe_options() {\n\tcase $1 in\n", stdout);
	for (size_t i = 0; i < verb_count; i++) {
		printf("\t%s) echo '", verbs[i].name);
		for_each_option(&verbs[i], bash_option_names);
		fputs("' ;;\n", stdout);
	}
	fputs("\tesac\n}\n\n_floe_needs_value() {\n\tcase $1 in\n", stdout);
	for_each_verb_option(bash_needs_value);
	fputs("\t*) return 1 ;;\n\tesac\n}\n\n_floe_value() {\n\tcase $1 in\n", stdout);
	for_each_verb_option(bash_value);
	fputs("\tesac\n}\n\n_floe_operand() {\n\tcase $1 in\n", stdout);
	for (size_t i = 0; i < verb_count; i++)
		if (verbs[i].words)
			printf("\t%s) _floe_offer '%s' \"$2\" ;;\n", verbs[i].name, verbs[i].words);
	fputs("\tesac\n}\n\n", stdout);
	fputs(bash_tail, stdout);
}

/* ---- zsh -------------------------------------------------------------------------------------- */

static const char zsh_head[] =
	"#compdef floe\n"
	"# Completion of floe(1) for zsh, printed by `floe completion zsh`.\n"
	"\n"
	"_floe_machines() { compadd -- ${(f)\"$(floe list --no-legend 2>/dev/null | cut -d' ' "
	"-f1)\"} }\n"
	"_floe_links() { compadd -- /sys/class/net/*(:t) }\n"
	"_floe_images() {\n"
	"	compadd -- ${(f)\"$(floe list --images --no-legend 2>/dev/null | cut -d' ' "
	"-f1)\"}\n"
	"}\n\n";

/* The part of a specification of _arguments that completes values. */
static void zsh_action(const char *words)
{
	static const struct {
		const char *kind, *action;
	} actions[] = {
		{"@file", "_files"},        {"@directory", "_files -/"},
		{"@image", "_floe_images"}, {"@machine", "_floe_machines"},
		{"@verb", "_floe_verbs"},   {"@link", "_floe_links"},
	};

	for (size_t i = 0; words && i < ROW_COUNT(actions); i++)
		if (strcmp(words, actions[i].kind) == 0)
			fputs(actions[i].action, stdout);
	if (words && *words != '@')
		printf("(%s)", words);
	else if (!words)
		putchar(' ');
}

/* Brackets and colons mean something to _arguments. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		else if (strchr("[]:\\", *text))
			putchar('\\');
		putchar(*text);
	}
}

/* One form of an option: '--name=[help]:ARGUMENT:action'. An optional value has two colons. */
static void zsh_form(const struct floe_option *option, const char *form, const char *joint)
{
	printf("\t\t'%s%s%s[", option->repeatable ? "*" : "", form, option->argument ? joint : "");
	zsh_text(option->help);
	putchar(']');
	if (option->argument) {
		fputs(option->optional ? "::" : ":", stdout);
		zsh_text(option->argument);
		putchar(':');
		zsh_action(option->words);
	}
	fputs("' \\\n", stdout);
}

/* A letter with an optional value never takes one (see floe_option_next()). */
static void zsh_option(const struct verb *verb, const struct floe_option *option)
{
	const char letter[] = {'-', option->letter, '\0'};
	struct floe_option bare = *option;
	char name[64];

	(void)verb;
	if (option->name) {
		snprintf(name, sizeof(name), "--%s", option->name);
		zsh_form(option, name, option->optional ? "=-" : "=");
	}
	if (option->optional)
		bare.argument = NULL;
	if (option->letter)
		zsh_form(&bare, letter, "+");
}

static void print_zsh(void)
{
	fputs(zsh_head, stdout);
	fputs("_floe_verbs() {\n\tlocal -a verbs=(\n", stdout);
	for (size_t i = 0; i < verb_count; i++) {
		printf("\t\t'%s:", verbs[i].name);
		zsh_text(verbs[i].help);
		fputs("'\n", stdout);
	}
	fputs("\t)\n\t_describe verb verbs\n}\n\n", stdout);
	for (size_t i = 0; i < verb_count; i++) {
		printf("_floe_verb_%s() {\n\t_arguments -s -S \\\n", verbs[i].name);
		for_each_option(&verbs[i], zsh_option);
		fputs("\t\t'*: :", stdout);
		zsh_action(verbs[i].words);
		fputs("'\n}\n\n", stdout);
	}
	fputs("_floe() {\n"
	      "\tif ((CURRENT == 2)); then\n\t\t_floe_verbs\n\t\treturn\n\tfi\n"
	      "\tlocal verb=$words[2]\n"
	      "\tshift words\n\t((CURRENT--))\n"
	      "\t(($+functions[_floe_verb_$verb])) && _floe_verb_$verb\n"
	      "}\n\n_floe \"$@\"\n",
	      stdout);
}

/* ---- fish ------------------------------------------------------------------------------------- */

static const char fish_head[] =
	"# Completion of floe(1) for fish, printed by `floe completion fish`.\n"
	"\n"
	"function __floe_machines\n"
	"	floe list --no-legend 2>/dev/null | string replace -r ' .*' ''\n"
	"end\n"
	"function __floe_images\n"
	"	floe list --images --no-legend 2>/dev/null | string replace -r ' .*' ''\n"
	"end\n"
	"complete -c floe -f\n"
	"complete -c floe -n __fish_is_first_arg -l help -s h -d 'print this help'\n"
	"complete -c floe -n __fish_is_first_arg -l version -d 'print the version'\n";

static void fish_values(const char *words)
{
	static const struct {
		const char *kind, *values;
	} values[] = {
		{"@file", "-F"},
		{"@directory", "-a '(__fish_complete_directories)'"},
		{"@image", "-a '(__floe_images)'"},
		{"@machine", "-a '(__floe_machines)'"},
		{"@link", "-a '(ls /sys/class/net)'"},
	};

	for (size_t i = 0; i < ROW_COUNT(values); i++)
		if (strcmp(words, values[i].kind) == 0)
			printf(" %s", values[i].values);
	if (strcmp(words, "@verb") == 0) {
		fputs(" -a '", stdout);
		print_verb_names();
		putchar('\'');
	} else if (*words != '@') {
		printf(" -a '%s'", words);
	}
}

static void fish_option(const struct verb *verb, const struct floe_option *option)
{
	printf("complete -c floe -n '__fish_seen_subcommand_from %s'", verb->name);
	if (option->name)
		printf(" -l %s", option->name);
	if (option->letter)
		printf(" -s %c", option->letter);
	fputs(" -d ", stdout);
	print_quoted(option->help);
	if (needs_value(option))
		fputs(option->words && strcmp(option->words, "@file") == 0 ? " -r" : " -r -f",
		      stdout);
	if (option->words)
		fish_values(option->words);
	putchar('\n');
}

static void print_fish(void)
{
	fputs(fish_head, stdout);
	for (size_t i = 0; i < verb_count; i++) {
		printf("complete -c floe -n __fish_is_first_arg -a %s -d ", verbs[i].name);
		print_quoted(verbs[i].help);
		putchar('\n');
		if (!verbs[i].words)
			continue;
		printf("complete -c floe -n '__fish_seen_subcommand_from %s'", verbs[i].name);
		fish_values(verbs[i].words);
		putchar('\n');
	}
	for_each_verb_option(fish_option);
}

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {
	{"bash", print_bash},
	{"zsh", print_zsh},
	{"fish", print_fish},
};

static int print_completion(const char *shell)
{
	for (size_t i = 0; i < ROW_COUNT(shells); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].print();
			return EXIT_SUCCESS;
		}
	}
	return say_failure("completion: there is none for '%.64s'; expected bash, zsh or fish",
			   shell);
}

int verb_completion(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	int status = EXIT_FAILURE;

	if (!arguments_begin(&arguments, verb, count, words) || arguments_next(&arguments, &match))
		status = arguments.status;
	else if (operands_check(&arguments, 1, 1))
		status = print_completion(arguments.operands[0]);
	arguments_free(&arguments);
	return status;
}
