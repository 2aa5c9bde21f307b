/* SPDX-License-Identifier: MIT */
/* floe list-images and image-status: what images there are, and what is known about one. */
#include "images.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct floe_option list_images_options[3] = {
	{.name = "json", .group = "Listing", .help = "print a JSON array"},
	{.name = "no-legend", .group = "Listing", .help = "leave the heading out"},
	{.name = "no-size",
	 .group = "Listing",
	 .help = "do not add up what images take on the disk, which reads all of them"},
};

const struct floe_option image_status_options[1] = {
	{.name = "json", .group = "Listing", .help = "print a JSON array"},
};

struct image_listing {
	bool json, sizes;
	const char *only; /* this image; NULL: all */
	size_t count;
	struct text_table table;
};

/* ---- JSON: docs/images.schema.json ---- */

static void print_text(const char *key, const char *text)
{
	printf("\"%s\": ", key);
	if (text && *text)
		print_json_text(stdout, text);
	else
		fputs("null", stdout);
}

/* Numbers of which zero means none. */
static void print_number(const char *key, uint64_t number)
{
	if (number)
		printf(", \"%s\": %" PRIu64, key, number);
	else
		printf(", \"%s\": null", key);
}

struct users {
	const char *path;
	bool json;
	size_t count;
};

static int print_user(void *context, const struct floe_machine_info *info)
{
	struct users *users = context;

	if (!info->directory || strcmp(info->directory, users->path) != 0)
		return 0;
	fputs(users->count++ ? ", " : "", stdout);
	if (users->json)
		print_json_text(stdout, info->name);
	else
		fputs(info->name, stdout);
	return 0;
}

/* The machines that run from the image. */
static void print_users(const char *path, bool json)
{
	struct users users = {.path = path, .json = json};

	fputs(json ? ", \"machines\": [" : "    Machines: ", stdout);
	floe_machine_list(print_user, &users, NULL);
	fputs(json ? "]" : users.count ? "\n" : "-\n", stdout);
}

static void print_image_json(const struct image_listing *listing,
			     const struct floe_image_info *info,
			     const struct floe_image_usage *usage)
{
	fputs(listing->count ? ",\n  { " : "[\n  { ", stdout);
	print_text("name", info->name);
	fputs(", ", stdout);
	print_text("path", info->path);
	fputs(", ", stdout);
	print_text("type", info->type);
	printf(", \"read_only\": %s", info->read_only ? "true" : "false");
	print_number("size_bytes", usage->bytes);
	print_number("files", usage->files);
	print_number("limit_bytes", usage->limit);
	print_number("created_usec", info->created_usec);
	print_number("modified_usec", info->modified_usec);
	fputs(", ", stdout);
	print_text("os", usage->os);
	print_users(info->path, true);
	fputs(" }", stdout);
}

/* ---- Text ---- */

static void add_row(struct image_listing *listing, const struct floe_image_info *info,
		    const struct floe_image_usage *usage)
{
	char size[16] = "-", created[32];

	if (usage->bytes)
		size_text(usage->bytes, size, sizeof(size));
	time_text(info->created_usec, created, sizeof(created));
	table_add(&listing->table,
		  (const char *const[]){info->name, info->type, info->read_only ? "yes" : "no",
					size, created, usage->os[0] ? usage->os : "-"});
}

static void print_status(const struct image_listing *listing, const struct floe_image_info *info,
			 const struct floe_image_usage *usage)
{
	char text[32];

	printf("%s%s\n", listing->count ? "\n" : "", info->name);
	printf("        Type: %s\n", info->type);
	printf("        Path: %s\n", info->path);
	printf("          OS: %s\n", usage->os[0] ? usage->os : "-");
	printf("   Read-only: %s\n", info->read_only ? "yes" : "no");
	printf("        Size: %s", size_text(usage->bytes, text, sizeof(text)));
	if (usage->files)
		printf(" in %" PRIu64 " files", usage->files);
	printf("\n       Limit: %s\n",
	       usage->limit ? size_text(usage->limit, text, sizeof(text)) : "-");
	printf("     Created: %s\n", time_text(info->created_usec, text, sizeof(text)));
	printf("    Modified: %s\n", time_text(info->modified_usec, text, sizeof(text)));
	print_users(info->path, false);
}

/* ---- Both ---- */

static int list_image(void *context, const struct floe_image_info *info)
{
	struct image_listing *listing = context;
	struct floe_image_usage usage = {.size = sizeof(usage)};
	struct floe_error error = {0};

	if (listing->only && strcmp(listing->only, info->name) != 0)
		return 0;
	/* One that goes away meanwhile is still listed, without what is no longer known. */
	if (listing->sizes && floe_image_measure(info->name, &usage, &error) < 0)
		say_error(&error);
	if (!listing->sizes)
		floe_image_os(info->name, usage.os, sizeof(usage.os), NULL);
	if (listing->json)
		print_image_json(listing, info, &usage);
	else if (listing->only)
		print_status(listing, info, &usage);
	else
		add_row(listing, info, &usage);
	listing->count++;
	return 0;
}

int images_print(bool json, bool legend, bool sizes)
{
	static const char *const heading[] = {"NAME", "TYPE", "RO", "SIZE", "CREATED", "OS"};
	struct image_listing listing = {.json = json, .sizes = sizes};
	struct floe_error error = {0};
	int r, status;

	listing.table.columns = ROW_COUNT(heading);
	table_add(&listing.table, heading);
	r = floe_image_list(list_image, &listing, &error);
	if (json && r >= 0)
		fputs(listing.count ? "\n]\n" : "[]\n", stdout);
	status = table_print(&listing.table, !json && legend && r >= 0);
	return r < 0 ? say_error(&error) : status;
}

int verb_list_images(const struct verb *verb, size_t count, char *const words[])
{
	bool json = false, legend = true, sizes = true;
	struct arguments arguments;
	struct floe_match match;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0) {
			json |= match_is(&match, "json");
			legend &= !match_is(&match, "no-legend");
			sizes &= !match_is(&match, "no-size");
		}
	status = r == 0 && operands_check(&arguments, 0, 0) ? images_print(json, legend, sizes)
							    : arguments.status;
	arguments_free(&arguments);
	return status;
}

static int show_all(const struct arguments *arguments, bool json)
{
	struct image_listing listing = {.json = json, .sizes = true};
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < arguments->operand_count; i++) {
		struct floe_error error = {0};
		size_t before = listing.count;

		listing.only = arguments->operands[i];
		if (floe_image_list(list_image, &listing, &error) < 0)
			status = say_error(&error);
		else if (listing.count == before)
			status =
				say_failure("there is no image called \"%s\"; \"floe list-images\" "
					    "shows those there are",
					    listing.only);
	}
	if (json)
		fputs(listing.count ? "\n]\n" : "[]\n", stdout);
	return status;
}

int verb_image_status(const struct verb *verb, size_t count, char *const words[])
{
	struct arguments arguments;
	struct floe_match match;
	bool json = false;
	int r = -1, status;

	if (arguments_begin(&arguments, verb, count, words))
		while ((r = arguments_next(&arguments, &match)) > 0)
			json |= match_is(&match, "json");
	status = r == 0 && operands_check(&arguments, 1, SIZE_MAX) ? show_all(&arguments, json)
								   : arguments.status;
	arguments_free(&arguments);
	return status;
}
