/* SPDX-License-Identifier: MIT */
/* The table of verbs. */
#include "images.h"

#include <string.h>

#define GROUP_MACHINES "Machines"
#define GROUP_IMAGES   "Images"
#define GROUP_OTHER    "Other"

#define OWN(rows)      .options = (rows), .option_count = ROW_COUNT(rows)

/* clang-format off */
const struct verb verbs[] = {
	{ .name = "run", .group = GROUP_MACHINES, .main = verb_run, .runs = true,
	  .operands = "[OPTION...] [COMMAND [ARGUMENT...]]",
	  .help = "run a machine in the foreground" },
	{ .name = "start", .group = GROUP_MACHINES, .main = verb_start, .runs = true, .leading = 1,
	  .operands = "[OPTION...] NAME [OPTION...] [ARGUMENT...] | --all-enabled",
	  .words = "@image",
	  .help = "boot an image in the background", OWN(start_options) },
	{ .name = "cat", .group = GROUP_MACHINES, .main = verb_cat, .leading = -1,
	  .operands = "NAME...", .words = "@image",
	  .help = "print the settings files of machines" },
	{ .name = "edit", .group = GROUP_MACHINES, .main = verb_edit, .leading = -1,
	  .operands = "NAME", .words = "@image",
	  .help = "edit the settings file of a machine, checked when it is saved" },
	{ .name = "enable", .group = GROUP_MACHINES, .main = verb_enable, .leading = -1,
	  .operands = "NAME...", .words = "@image",
	  .help = "have images started with the host" },
	{ .name = "disable", .group = GROUP_MACHINES, .main = verb_disable, .leading = -1,
	  .operands = "NAME...", .words = "@image",
	  .help = "have them no longer started with the host" },
	{ .name = "plan", .group = GROUP_MACHINES, .main = verb_plan, .runs = true,
	  .operands = "[--json|--spec] [run | start NAME] [OPTION...] [COMMAND [ARGUMENT...]]",
	  .help = "show what run or start would do, and why", .words = "run start",
	  OWN(plan_options) },
	{ .name = "shell", .group = GROUP_MACHINES, .main = verb_shell, .leading = 1,
	  .operands = "[OPTION...] [USER@]NAME [OPTION...] [COMMAND [ARGUMENT...]]", .words = "@machine",
	  .help = "run a command or a login shell in a machine", OWN(shell_options) },
	{ .name = "reload", .group = GROUP_MACHINES, .main = verb_reload, .leading = -1,
	  .operands = "NAME...", .words = "@machine",
	  .help = "switch running NixOS machines to their new system" },
	{ .name = "exec", .group = GROUP_MACHINES, .main = verb_exec, .leading = 1,
	  .operands = "[OPTION...] [USER@]NAME [OPTION...] COMMAND [ARGUMENT...]",
	  .words = "@machine", .help = "run a command in a machine, without a terminal",
	  OWN(shell_options) },
	{ .name = "login", .group = GROUP_MACHINES, .main = verb_login, .leading = -1,
	  .operands = "NAME", .words = "@machine",
	  .help = "log in to a machine, with a user name and password" },
	{ .name = "console", .group = GROUP_MACHINES, .main = verb_console, .leading = -1,
	  .operands = "[OPTION...] NAME", .words = "@machine",
	  .help = "use the console of a machine in the background", OWN(console_options) },
	{ .name = "stop", .group = GROUP_MACHINES, .main = verb_stop, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@machine",
	  .help = "shut machines down in order", OWN(stop_options) },
	{ .name = "poweroff", .group = GROUP_MACHINES, .main = verb_stop, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@machine",
	  .help = "the same as stop", OWN(stop_options) },
	{ .name = "terminate", .group = GROUP_MACHINES, .main = verb_terminate, .leading = -1,
	  .operands = "NAME...", .words = "@machine",
	  .help = "end machines at once" },
	{ .name = "reboot", .group = GROUP_MACHINES, .main = verb_reboot, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@machine",
	  .help = "have the init of machines reboot", OWN(reboot_options) },
	{ .name = "restart", .group = GROUP_MACHINES, .main = verb_restart, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@machine",
	  .help = "shut machines down and start them again", OWN(restart_options) },
	{ .name = "kill", .group = GROUP_MACHINES, .main = verb_kill, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@machine",
	  .help = "send a signal to the processes of machines", OWN(kill_options) },
	{ .name = "bind", .group = GROUP_MACHINES, .main = verb_bind, .leading = -1,
	  .operands = "[OPTION...] NAME SOURCE [TARGET]", .words = "@machine",
	  .help = "mount a file or directory of the host in a running machine",
	  OWN(bind_options) },
	{ .name = "copy-to", .group = GROUP_MACHINES, .main = verb_copy_to, .leading = -1,
	  .operands = "[OPTION...] NAME SOURCE [TARGET]", .words = "@machine",
	  .help = "copy a file or tree of the host into a machine", OWN(copy_options) },
	{ .name = "copy-from", .group = GROUP_MACHINES, .main = verb_copy_from, .leading = -1,
	  .operands = "[OPTION...] NAME SOURCE [TARGET]", .words = "@machine",
	  .help = "copy a file or tree of a machine to the host", OWN(copy_options) },
	{ .name = "set", .group = GROUP_MACHINES, .main = verb_set, .leading = -1,
	  .operands = "[OPTION...] NAME KEY=VALUE...", .words = "@machine",
	  .help = "change the limits of a machine while it runs", OWN(set_options) },
	{ .name = "pause", .group = GROUP_MACHINES, .main = verb_pause, .leading = -1,
	  .operands = "NAME...", .words = "@machine",
	  .help = "stop machines where they are" },
	{ .name = "resume", .group = GROUP_MACHINES, .main = verb_resume, .leading = -1,
	  .operands = "NAME...", .words = "@machine",
	  .help = "let paused machines go on" },
	{ .name = "wait", .group = GROUP_MACHINES, .main = verb_wait, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@machine",
	  .help = "wait until machines are ready, or gone", OWN(wait_options) },
	{ .name = "list", .group = GROUP_MACHINES, .main = verb_list, .leading = -1,
	  .operands = "[OPTION...]",
	  .help = "list machines, or with --images images", OWN(list_options) },
	{ .name = "status", .group = GROUP_MACHINES, .main = verb_status, .leading = -1,
	  .operands = "[OPTION...] [NAME...]", .words = "@machine",
	  .help = "show what is known of machines, for people", OWN(status_options) },
	{ .name = "show", .group = GROUP_MACHINES, .main = verb_show, .leading = -1,
	  .operands = "[OPTION...] [NAME...]", .words = "@machine",
	  .help = "show what is known of machines, for programs", OWN(show_options) },
	{ .name = "top", .group = GROUP_MACHINES, .main = verb_top, .leading = -1,
	  .operands = "[OPTION...]",
	  .help = "show what machines use, again and again", OWN(top_options) },
	{ .name = "logs", .group = GROUP_MACHINES, .main = verb_logs, .leading = -1,
	  .operands = "[OPTION...] NAME", .words = "@machine",
	  .help = "print what a machine put out on its console", OWN(logs_options) },
	{ .name = "events", .group = GROUP_MACHINES, .main = verb_events, .leading = -1,
	  .operands = "[OPTION...]",
	  .help = "print what happens to machines, a JSON object a line", OWN(events_options) },
	{ .name = "import-tar", .group = GROUP_IMAGES, .main = verb_import_tar, .leading = -1,
	  .operands = "[OPTION...] FILE [NAME]", .words = "@file",
	  .help = "make an image of a tar archive", OWN(import_options) },
	{ .name = "pull-tar", .group = GROUP_IMAGES, .main = verb_pull_tar, .leading = -1,
	  .operands = "[OPTION...] URL [NAME]",
	  .help = "make an image of a tar archive on a server", OWN(pull_options) },
	{ .name = "import-fs", .group = GROUP_IMAGES, .main = verb_import_fs, .leading = -1,
	  .operands = "[OPTION...] DIRECTORY [NAME]", .words = "@directory",
	  .help = "make an image of a copy of a directory", OWN(import_fs_options) },
	{ .name = "export-tar", .group = GROUP_IMAGES, .main = verb_export_tar, .leading = -1,
	  .operands = "[OPTION...] NAME [FILE]", .words = "@image",
	  .help = "make a tar archive of an image", OWN(export_options) },
	{ .name = "list-images", .group = GROUP_IMAGES, .main = verb_list_images, .leading = -1,
	  .operands = "[OPTION...]",
	  .help = "list images", OWN(list_images_options) },
	{ .name = "image-status", .group = GROUP_IMAGES, .main = verb_image_status, .leading = -1,
	  .operands = "[OPTION...] NAME...", .words = "@image",
	  .help = "show what is known about images", OWN(image_status_options) },
	{ .name = "clone", .group = GROUP_IMAGES, .main = verb_clone, .leading = -1,
	  .operands = "[OPTION...] NAME NEWNAME", .words = "@image",
	  .help = "make an image of another", OWN(clone_options) },
	{ .name = "rename", .group = GROUP_IMAGES, .main = verb_rename, .leading = -1,
	  .operands = "NAME NEWNAME", .words = "@image",
	  .help = "give an image another name" },
	{ .name = "read-only", .group = GROUP_IMAGES, .main = verb_read_only, .leading = -1,
	  .operands = "NAME [BOOL]", .words = "@image",
	  .help = "mark an image read-only, or writable again" },
	{ .name = "set-limit", .group = GROUP_IMAGES, .main = verb_set_limit, .leading = -1,
	  .operands = "NAME BYTES", .words = "@image",
	  .help = "limit what an image takes on the disk" },
	{ .name = "clean", .group = GROUP_IMAGES, .main = verb_clean, .leading = -1,
	  .operands = "",
	  .help = "delete what killed work on images left" },
	{ .name = "remove", .group = GROUP_IMAGES, .main = verb_remove, .leading = -1,
	  .operands = "NAME...", .words = "@image",
	  .help = "delete images" },
	{ .name = "check-config", .group = GROUP_OTHER, .main = verb_check_config, .leading = -1,
	  .operands = "[--untrusted] FILE...", .words = "@file",
	  .help = "say what is wrong with settings files", OWN(check_options) },
	{ .name = "gc", .group = GROUP_OTHER, .main = verb_gc, .leading = -1,
	  .operands = "[NAME...]",
	  .help = "clean up after killed monitors and imports" },
	{ .name = "doctor", .group = GROUP_OTHER, .main = verb_doctor, .leading = -1,
	  .operands = "[OPTION...]",
	  .help = "say what works on this host, and what would help", OWN(doctor_options) },
	{ .name = "completion", .group = GROUP_OTHER, .main = verb_completion, .leading = -1,
	  .operands = "SHELL", .words = "bash zsh fish",
	  .help = "print completion for bash, zsh or fish" },
	{ .name = "help", .group = GROUP_OTHER, .main = verb_help, .leading = -1,
	  .operands = "[VERB]", .words = "@verb",
	  .help = "print help, on one verb if it is named" },
	{ .name = "version", .group = GROUP_OTHER, .main = verb_version, .leading = -1,
	  .operands = "",
	  .help = "print the version" },
};
/* clang-format on */

const size_t verb_count = ROW_COUNT(verbs);

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

#define WORD_MAX 16

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters have to be changed, added or left out (Levenshtein); words of WORD_MAX. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = smallest(changed, row[j] + 1, row[j - 1] + 1);
		}
	}
	return row[length];
}

const char *verb_suggest(const char *name)
{
	const char *nearest = NULL;
	size_t least = 3;

	if (strlen(name) > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < verb_count; i++) {
		size_t far = distance(verbs[i].name, name);

		if (far < least && far < strlen(name)) {
			nearest = verbs[i].name;
			least = far;
		}
	}
	return nearest;
}
