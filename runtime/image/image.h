/* SPDX-License-Identifier: MIT */
/* Machine images: names, finding, listing, locking, removing; and importing archives. */
#ifndef FLOE_IMAGE_IMAGE_H
#define FLOE_IMAGE_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "../base/arena.h"
#include "../floe.h"

/* Where images are imported to; the one writable directory of the search path. */
#define IMAGE_ROOT "/var/lib/machines"

/* Unfinished work in an image directory: hidden from every listing, recognised by image_gc(). */
#define IMAGE_STAGING_PREFIX ".#floe-import-"
#define IMAGE_REMOVE_PREFIX  ".#floe-remove-"

struct tree_stop;

enum image_kind {
	IMAGE_DIRECTORY,
	IMAGE_SUBVOLUME, /* a btrfs subvolume */
	IMAGE_RAW,       /* NAME.raw, a regular file */
	IMAGE_BLOCK,     /* a block device */
};

struct image {
	const char *name;
	const char *path; /* absolute when the directory searched is */
	enum image_kind kind;
	bool read_only; /* immutable directory, read-only subvolume or file without write bits */
	struct timespec created;  /* birth time; zero where the file system keeps none */
	struct timespec modified; /* of the tree's root or the file */
};

/* "directory", "subvolume", "raw" or "block". */
const char *image_kind_name(enum image_kind kind);

/*
 * Derives an image name from the name of an archive: its directory and the suffixes of archive
 * formats (.tar.xz, .tgz, …) are cut off, and characters a name cannot have are dropped.
 * NAME has room for MACHINE_NAME_MAX + 1 bytes. Returns 0 or -EINVAL when nothing is left.
 */
int image_name_from_file(const char *path, char *name);

/* The directories nspawn's -M searches, first match wins; ends with NULL. */
extern const char *const image_search_path[];

/*
 * Lists images in DIRECTORIES (ends with NULL; NULL itself means image_search_path), sorted by
 * name; of images with one name the first found counts, directories that do not exist are empty.
 * *IMAGES and all it points to live in ARENA. Returns the number of images or a negative errno.
 */
ssize_t image_list(const char *const *directories, struct arena *arena, struct image **images,
		   struct floe_error *error);

/* The image called NAME, looked for as image_list() does. -ENOENT with a message when there is
 * none. */
int image_find(const char *const *directories, const char *name, struct arena *arena,
	       struct image *image, struct floe_error *error);

/*
 * Takes the lock that nspawn and machined take for the image at PATH: the file ".#NAME.lck" beside
 * it, by an open file description lock. SHARED is for readers. Returns a descriptor that holds the
 * lock until it is given to image_unlock(), or -EBUSY with a message when another holds it.
 */
int image_lock(const char *path, bool shared, struct floe_error *error);

/* Releases FD (negative is allowed) and deletes the lock file of PATH. */
void image_unlock(const char *path, int fd);

/* The image at a path, kept from others: from nspawn and machined by the lock file, from floe's
 * machines by flock(2) on the tree. */
struct image_hold {
	const char *path; /* the caller's */
	int file;         /* negative: there is none on a read-only file system */
	int tree;         /* the image, open for reading */
};

/* Takes both locks; SHARED is for readers. -EBUSY with a message when a machine runs on it. */
int image_hold(struct image_hold *hold, const char *path, bool shared, struct floe_error *error);
void image_release(struct image_hold *hold);

/* Makes the image open at FD read-only, or writable again: subvolumes by their property, other
 * directories by the immutable flag (of the top alone), files by their mode; as machined does. */
int image_mark(int fd, bool read_only);

/*
 * Deletes an image, whatever its kind: it disappears under its name at once (rename), its content
 * after that. A symbolic link is removed, not what it points to. -EBUSY when it is in use.
 */
int image_remove(const struct image *image, struct floe_error *error);

/* A copy of IMAGE as NAME in DIRECTORY (NULL: IMAGE_ROOT): whole or not at all. */
struct image_clone {
	const char *name;
	const char *directory;
	bool read_only;
	struct tree_stop *stop; /* may be NULL */
};

/*
 * A btrfs snapshot where source and target are subvolumes of one file system, instant and possible
 * while a machine runs on it. Else a copy, which shares blocks where the file system can; then
 * -EBUSY when a machine writes to it. The settings file NAME.nspawn is copied along.
 */
int image_clone(const struct image *image, const struct image_clone *clone,
		struct floe_error *error);

/* The same from a directory that is no image; its settings are none of it. */
int image_import_fs(const char *source, const struct image_clone *clone, struct floe_error *error);

/* Gives IMAGE another name where it is, its settings file too. */
int image_rename(const struct image *image, const char *name, struct floe_error *error);

/* As image_mark(), when no machine runs on it. */
int image_set_read_only(const struct image *image, bool read_only, struct floe_error *error);

/* Limits what IMAGE may take on the disk; UINT64_MAX: no limit. Only for btrfs subvolumes where
 * quotas are enabled. */
int image_set_limit(const struct image *image, uint64_t bytes, struct floe_error *error);

#define IMAGE_OS_MAX 128

/* What takes more than a look to find out. */
struct image_usage {
	uint64_t bytes;        /* on the disk; each file counted once */
	uint64_t files;        /* entries of the tree; 0 for disk images */
	uint64_t limit;        /* 0: none */
	char os[IMAGE_OS_MAX]; /* PRETTY_NAME of its os-release(5); "" */
};

/* Fills in the os alone, which is quick. */
void image_read_os(const struct image *image, char os[static IMAGE_OS_MAX]);

/* Fills in all of it, by walking the tree. */
int image_measure(const struct image *image, struct image_usage *usage, struct floe_error *error);

/* Settings files of an image, NAME.nspawn in the places systemd-nspawn(1) looks at; PATH is the
 * image's. Existing ones are not overwritten, and what cannot be copied is left: an image is whole
 * without them. Returns the set of those copied. */
unsigned int image_settings_copy(const char *path, const char *name, const char *new_path,
				 const char *new_name);

#define IMAGE_SETTINGS_ALL (~0u)

/* Deletes those in SET. */
void image_settings_remove(const char *path, const char *name, unsigned int set);

/*
 * Deletes what killed imports and removals left in DIRECTORY; what is still being worked on holds
 * a flock(2) and is left alone; and lock files that nobody holds. Returns the number of trees
 * deleted or a negative errno.
 */
int image_gc(const char *directory, struct floe_error *error);

/* The same, telling TOLD (may be NULL) what was deleted and how much it took. */
typedef void image_told_function(void *context, const char *name, uint64_t bytes);
int image_clean(const char *directory, image_told_function *told, void *context,
		struct floe_error *error);

/* What an import says about itself while it runs: bytes of the archive file read, its size (0 when
 * unknown), entries and bytes unpacked so far. */
struct image_progress {
	uint64_t bytes_read;
	uint64_t bytes_total;
	uint64_t entries;
	uint64_t bytes_written;
};

/* What an import did that its user may want to know. */
struct image_report {
	char name[65];            /* of the image made */
	uint64_t entries;         /* in the archive, replaced ones included */
	uint64_t bytes_read;      /* of the archive file */
	uint64_t bytes_written;   /* file content, holes not counted */
	uint64_t device_nodes;    /* character and block devices made */
	uint64_t attributes_lost; /* extended attributes and ACLs the file system refused */
	char first_lost[128];     /* "PATH: ATTRIBUTE" of the first of them, or empty */
	bool looks_usable;        /* has a /nix/store, /usr, /bin, /sbin/init or /init */
};

/* A request to import; zero-initialise, then set what is wanted. Nothing is kept after return. */
struct image_import {
	const char *source;    /* path of the archive, "-" for standard input */
	bool source_open;      /* SOURCE is only a name for messages: read source_fd, from its */
	int source_fd;         /* current offset; it is not closed */
	const char *name;      /* NULL: derived from source */
	const char *directory; /* where the image goes; NULL: IMAGE_ROOT, made if missing */
	bool replace;          /* an existing image of that name is replaced, atomically */
	bool read_only;        /* the image is marked as machinectl read-only does */
	bool no_sync;          /* do not wait until the data is on disk before the rename */
	uint64_t max_bytes;    /* limit of what is unpacked; 0: what the file system has free,
				     less a margin */
	uint64_t max_entries;  /* limit of entries; 0: 16 million */
	uint64_t memory;       /* limit of decompressor and buffers together; 0: 256 MiB */
	unsigned int threads;  /* decompressors; 0: the processors this process may use */
	const atomic_int
		*cancel; /* not NULL: the import is given up, -ECANCELED, when it is not 0 */
	/* Called from the calling thread, at most ten times a second and once at the end; when it
	 * gives other than 0 the import is given up, -ECANCELED. */
	int (*progress)(void *context, const struct image_progress *progress);
	/* Called when all was read and unpacked, before the image gets its name; a negative errno
	 * (with its message) gives the import up. May be NULL. */
	int (*checked)(void *context, struct floe_error *error);
	void *context;
};

/* A request to export. */
struct image_export {
	int descriptor;
	const char *target; /* for messages */
	enum floe_compression compression;
	floe_progress_function progress; /* may be NULL */
	void *context;
};

/*
 * What modules/image.so offers under the symbol floe_module_image; get it by module_image() of
 * lib/module.h. It is a module because libarchive brings a dozen libraries along.
 */
struct image_module {
	/*
	 * Makes an image from a tar archive (ustar, pax, GNU; plain or compressed by xz, zstd, gzip
	 * or bzip2, told by content). Either the whole image appears under its name or nothing is
	 * left. REPORT may be NULL. Besides errors of the system: -EEXIST the name is taken
	 * (nothing was read), -EBADMSG the archive is damaged, ends early or has what would leave
	 * the image, -EMEDIUMTYPE it is no tar archive, -E2BIG over a limit, -ECANCELED.
	 */
	int (*import_tar)(const struct image_import *request, struct image_report *report,
			  struct floe_error *error);

	/* Writes IMAGE as a pax archive. -EBUSY when a machine writes to it and no snapshot can be
	 * made. */
	int (*export_tar)(const struct image *image, const struct image_export *request,
			  struct floe_error *error);
};

extern const struct image_module floe_module_image;

#endif
