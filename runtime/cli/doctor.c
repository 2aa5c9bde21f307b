/* SPDX-License-Identifier: MIT */
/* floe doctor: what works on this host. */
#include "images.h"

#include <stdlib.h>

const struct floe_option doctor_options[1] = {
	{.name = "json", .group = "Examining", .help = "print a JSON object"},
};

static const char *const states[] = {
	[FLOE_CONDITION_FINE] = "fine",
	[FLOE_CONDITION_LIMITED] = "limited",
	[FLOE_CONDITION_MISSING] = "missing",
};

struct examination {
	bool colours;
	size_t count;
};

static int print_finding(void *context, const struct floe_condition *finding)
{
	static const char *const colours[] = {"\033[32m", "\033[33m", "\033[1;31m"};
	const struct examination *examination = context;

	printf("%s%-7s%s  %-18s  %s\n", examination->colours ? colours[finding->state] : "",
	       states[finding->state], examination->colours ? "\033[0m" : "", finding->name,
	       finding->detail);
	if (finding->help)
		printf("%-27s  -> %s\n", "", finding->help);
	return 0;
}

static int print_finding_json(void *context, const struct floe_condition *finding)
{
	struct examination *examination = context;

	printf("%s\n    { \"name\": ", examination->count++ ? "," : "{\n  \"findings\": [");
	print_json_text(stdout, finding->name);
	printf(", \"state\": \"%s\", \"detail\": ", states[finding->state]);
	print_json_text(stdout, finding->detail);
	fputs(", \"help\": ", stdout);
	if (finding->help)
		print_json_text(stdout, finding->help);
	else
		fputs("null", stdout);
	fputs(" }", stdout);
	return 0;
}

static int examine(bool json)
{
	struct examination examination = {.colours = use_colours(stdout)};
	struct floe_error error = {0};
	int r = floe_doctor(json ? print_finding_json : print_finding, &examination, &error);

	if (r < 0)
		return say_error(&error);
	if (json)
		printf("\n  ],\n  \"can_boot_nixos\": %s\n}\n", r == 0 ? "true" : "false");
	else
		printf("\nA NixOS container %s here.\n", r == 0 ? "can boot" : "cannot boot");
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int verb_doctor(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	bool json = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			json |= match_is(&match, "json");
	status = r == 0 && operands_check(&arguments, 0, 0) ? examine(json) : arguments.status;
	arguments_free(&arguments);
	return status;
}
