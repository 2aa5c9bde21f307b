/* SPDX-License-Identifier: MIT */
/* floe list: machines or images. */
#include "images.h"
#include "properties.h"

#include <inttypes.h>
#include <stdlib.h>

const struct floe_option list_options[3] = {
	{.name = "images", .group = "Listing", .help = "list images, not machines"},
	{.name = "json", .group = "Listing", .help = "print a JSON array"},
	{.name = "no-legend", .group = "Listing", .help = "leave the heading out"},
};

struct listing {
	bool images, json, legend;
	size_t count;
	struct text_table table;
};

/* Begins an object of the array; KEY begins a member. */
static void begin_object(struct listing *listing)
{
	fputs(listing->count++ ? ",\n  { " : "[\n  { ", stdout);
}

static void print_text(const char *key, const char *text)
{
	print_json_text(stdout, key);
	fputs(": ", stdout);
	if (text && *text)
		print_json_text(stdout, text);
	else
		fputs("null", stdout);
}

/* Numbers of which zero means none. */
static void print_number(const char *key, uint64_t number)
{
	fputs(", ", stdout);
	print_json_text(stdout, key);
	if (number)
		printf(": %" PRIu64, number);
	else
		fputs(": null", stdout);
}

static void print_texts(const char *key, const char *const *texts, size_t count)
{
	fputs(", ", stdout);
	print_json_text(stdout, key);
	fputs(": [", stdout);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			fputs(", ", stdout);
		print_json_text(stdout, texts[i]);
	}
	putchar(']');
}

static void print_machine(struct listing *listing, const struct floe_machine_info *info)
{
	begin_object(listing);
	print_text("name", info->name);
	fputs(", ", stdout);
	print_text("state", state_name(info->state));
	print_number("leader", (uint64_t)info->leader);
	print_number("monitor", (uint64_t)info->monitor);
	fputs(", ", stdout);
	print_text("directory", info->directory);
	fputs(", ", stdout);
	print_text("status", info->status);
	print_number("uid_base", info->uid_count ? info->uid_base : 0);
	print_number("uid_count", info->uid_count);
	print_number("since_usec", info->since_usec);
	fputs(", ", stdout);
	print_text("log", info->log);
	fputs(", ", stdout);
	print_text("link", info->link);
	print_texts("addresses", info->addresses, info->address_count);
	print_texts("ports", info->ports, info->port_count);
	printf(", \"paused\": %s", info->paused ? "true" : "false");
	fputs(" }", stdout);
}

static int add_machine(void *context, const struct floe_machine_info *info)
{
	struct listing *listing = context;
	const char *address = info->address_count > 0 ? info->addresses[0] : "-";
	char leader[16] = "-", users[24] = "-";

	if (listing->json) {
		print_machine(listing, info);
		return 0;
	}
	if (info->leader > 0)
		snprintf(leader, sizeof(leader), "%d", (int)info->leader);
	if (info->uid_count > 0)
		snprintf(users, sizeof(users), "%" PRIu32, info->uid_base);
	table_add(&listing->table,
		  (const char *const[]){info->name,
					info->paused ? "paused" : state_name(info->state), leader,
					users, address, info->directory ?: "-"});
	return 0;
}

static int list(struct listing *listing)
{
	static const char *const machines[] = {"NAME", "STATE",   "LEADER",
					       "UIDS", "ADDRESS", "DIRECTORY"};
	struct floe_error error = {0};
	int r, status;

	if (listing->images)
		return images_print(listing->json, listing->legend, true);
	listing->table.columns = ROW_COUNT(machines);
	table_add(&listing->table, machines);
	r = floe_machine_list(add_machine, listing, &error);
	if (listing->json && r >= 0)
		fputs(listing->count ? "\n]\n" : "[]\n", stdout);
	status = table_print(&listing->table, !listing->json && listing->legend && r >= 0);
	return r < 0 ? say_error(&error) : status;
}

int verb_list(const struct verb *verb, size_t count, char *const words[])
{
	struct listing listing = {.legend = true};
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			listing.images |= match_is(&match, "images");
			listing.json |= match_is(&match, "json");
			listing.legend &= !match_is(&match, "no-legend");
		}
	status = r == 0 && operands_check(&arguments, 0, 0) ? list(&listing) : arguments.status;
	arguments_free(&arguments);
	return status;
}
