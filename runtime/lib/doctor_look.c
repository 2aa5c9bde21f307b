/* SPDX-License-Identifier: MIT */
/* What the doctor looks at for itself: where images are, modules, programs, machined. */
#include "doctor.h"

#include "../base/cleanup.h"
#include "../image/image.h"
#include "module.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define XFS_MAGIC 0x58465342 /* fs/xfs/libxfs/xfs_format.h */

/* Less than this is no room for a system. */
#define LITTLE ((uint64_t)2 << 30)

/* ---- Images ---- */

/* Where images are, or would be: the nearest directory above that exists. */
static const char *image_place(char path[static sizeof(IMAGE_ROOT)])
{
	strcpy(path, IMAGE_ROOT);
	while (path[1] && access(path, F_OK) < 0)
		*(strrchr(path, '/') == path ? path + 1 : strrchr(path, '/')) = '\0';
	return path;
}

static const char *kind_of_filesystem(long magic, bool *clones)
{
	*clones = magic == BTRFS_SUPER_MAGIC || magic == XFS_MAGIC;
	switch (magic) {
	case BTRFS_SUPER_MAGIC:
		return "btrfs: clones are snapshots, instant";
	case XFS_MAGIC:
		return "xfs: clones share blocks";
	case EXT4_SUPER_MAGIC:
		return "ext4: clones are copies";
	case TMPFS_MAGIC:
		return "tmpfs: clones are copies, and images are gone after a reboot";
	default:
		return "clones may be copies";
	}
}

static void look_at_images(struct doctor *doctor)
{
	char path[sizeof(IMAGE_ROOT)], text[128];
	struct statvfs room;
	struct statfs system;
	const char *kind;
	bool clones;

	image_place(path);
	if (statfs(path, &system) < 0 || statvfs(path, &room) < 0) {
		doctor_limited(doctor, "images", "cannot look at " IMAGE_ROOT, NULL);
		return;
	}
	kind = kind_of_filesystem((long)system.f_type, &clones);
	if (clones)
		doctor_fine(doctor, "images", IMAGE_ROOT " is on %s", kind);
	else
		doctor_limited(doctor, "images", kind,
			       "put " IMAGE_ROOT " on btrfs or xfs where clones are to be cheap");
	snprintf(text, sizeof(text), "only %llu MiB are free for images",
		 (unsigned long long)room.f_bavail * room.f_frsize >> 20);
	if ((uint64_t)room.f_bavail * room.f_frsize < LITTLE)
		doctor_limited(doctor, "space", text, "\"floe clean\" deletes leftovers");
	else
		doctor_fine(doctor, "space", "%s", text + strlen("only "));
}

/* ---- Modules and programs ---- */

static void look_at_module(struct doctor *doctor, const char *name, const void *table,
			   const struct floe_error *error)
{
	if (table)
		doctor_fine(doctor, name, "loaded");
	else
		doctor_limited(doctor, name, error->message, NULL);
}

static void look_at_modules(struct doctor *doctor)
{
	struct floe_error errors[3] = {0};
	const void *image = module_image(&errors[0]);
	const void *pull = module_pull(&errors[1]);
	const void *seccomp = module_seccomp(&errors[2]);

	look_at_module(doctor, "module-image", image, &errors[0]);
	look_at_module(doctor, "module-pull", pull, &errors[1]);
	look_at_module(doctor, "module-seccomp", seccomp, &errors[2]);
}

static bool exists_in(const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (access(paths[i], F_OK) == 0)
			return true;
	return false;
}

static void look_at_programs(struct doctor *doctor)
{
	static const char *const gpgv[] = {"/usr/bin/gpgv", "/bin/gpgv", "/usr/local/bin/gpgv",
					   "/run/current-system/sw/bin/gpgv"};

	if (exists_in(gpgv, ARRAY_SIZE(gpgv)))
		doctor_fine(doctor, "gpgv", "verifies signatures");
	else
		doctor_limited(doctor, "gpgv", "pull-tar cannot verify signatures",
			       "install it (Debian: gpgv)");
}

/* ---- Beside floe ---- */

static void look_at_neighbours(struct doctor *doctor)
{
	static const char *const bus[] = {"/run/dbus/system_bus_socket"};
	static const char *const machined[] = {
		"/usr/share/dbus-1/system-services/org.freedesktop.machine1.service",
		"/run/current-system/sw/share/dbus-1/system-services/"
		"org.freedesktop.machine1.service"};

	if (exists_in(bus, ARRAY_SIZE(bus)) && exists_in(machined, ARRAY_SIZE(machined)))
		doctor_fine(doctor, "machined", "installed, and D-Bus runs");
	else
		doctor_limited(doctor, "machined",
			       "machinectl does not know machines; floe's verbs do without", NULL);
	if (access("/nix/store", F_OK) == 0)
		doctor_fine(doctor, "nix-store",
			    "the host has one, --store and --system can use it");
	else
		doctor_limited(doctor, "nix-store",
			       "the host has no /nix/store: --store and --system have nothing to "
			       "show; images with their own work",
			       NULL);
}

void doctor_look(struct doctor *doctor)
{
	look_at_images(doctor);
	look_at_modules(doctor);
	look_at_programs(doctor);
	look_at_neighbours(doctor);
}
