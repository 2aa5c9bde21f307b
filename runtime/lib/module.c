/* SPDX-License-Identifier: MIT */
/* Parts of libfloe that need heavy libraries, loaded when first used. */
#include "module.h"

#include "../../seccomp/module.h"
#include "../base/cleanup.h"
#include "../base/err.h"
#include "../image/image.h"
#include "../nix/nix.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

enum module_id {
	MODULE_IMAGE,
	MODULE_SECCOMP,
	MODULE_NIXDB,
	MODULE_PULL,
};

struct module {
	const char *file;
	const char *symbol;
	const char *purpose;
	const char *needs; /* packages, for the hint */
	const void *table; /* once found */
};

/* A static program has no dynamic loader: its modules are linked in, or were left out. */
#if defined(FLOE_STATIC) && defined(FLOE_HAVE_IMAGE)
#define IMAGE_TABLE (&floe_module_image)
#else
#define IMAGE_TABLE NULL
#endif
#if defined(FLOE_STATIC) && defined(FLOE_HAVE_SECCOMP)
#define SECCOMP_TABLE (&floe_module_seccomp)
#else
#define SECCOMP_TABLE NULL
#endif
#if defined(FLOE_STATIC) && defined(FLOE_HAVE_NIXDB)
#define NIXDB_TABLE (&floe_module_nixdb)
#else
#define NIXDB_TABLE NULL
#endif

static struct module modules[] = {
	[MODULE_IMAGE] = {"image.so", "floe_module_image", "importing images",
			  "libarchive, liblzma, libzstd and zlib", IMAGE_TABLE},
	[MODULE_SECCOMP] = {"seccomp.so", SECCOMP_MODULE_SYMBOL, "compiling system call filters",
			    "libseccomp", SECCOMP_TABLE},
	[MODULE_NIXDB] = {"nixdb.so", "floe_module_nixdb", "reading Nix's database", "libsqlite3",
			  NIXDB_TABLE},
	[MODULE_PULL] = {"pull.so", "floe_module_pull", "pulling images", "libcurl", NULL},
};

static pthread_mutex_t modules_lock = PTHREAD_MUTEX_INITIALIZER;

#ifdef FLOE_STATIC
static const void *module_open(const struct module *module, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_UNSUPPORTED, ENOENT, "this static build has no support for %s",
		module->purpose);
	err_hint(error, "a dynamic build has it where %s are installed", module->needs);
	return NULL;
}
#else
/* "modules/FILE" beside the running program; false when that cannot be told. */
static bool path_beside_program(const char *file, char path[static PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;
	size_t room;

	if (length < 0)
		return false;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	room = (size_t)(path + PATH_MAX - slash);
	return (size_t)snprintf(slash, room, "/modules/%s", file) < room;
}

/* A file that is there but broken is an error of its own, never passed over for another. */
static void *load_candidates(const struct module *module, char path[static PATH_MAX])
{
	if (path_beside_program(module->file, path) && access(path, F_OK) == 0)
		return dlopen(path, RTLD_NOW | RTLD_LOCAL);
	snprintf(path, PATH_MAX, "%s/%s", FLOE_MODULE_DIR, module->file);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static const void *module_open(const struct module *module, struct floe_error *error)
{
	char path[PATH_MAX];
	void *handle = load_candidates(module, path);
	const void *table = handle ? dlsym(handle, module->symbol) : NULL;

	if (table)
		return table;
	/* dlerror() names the file or the library that is missing. */
	err_set(error, FLOE_ERROR_UNSUPPORTED, ENOENT, "cannot load the module %s for %s: %s", path,
		module->purpose, dlerror());
	err_hint(error, "install floe with its modules, and %s", module->needs);
	if (handle)
		dlclose(handle);
	return NULL;
}
#endif

static const void *module_get(enum module_id id, struct floe_error *error)
{
	struct module *module = &modules[id];

	pthread_mutex_lock(&modules_lock);
	if (!module->table)
		module->table = module_open(module, error);
	pthread_mutex_unlock(&modules_lock);
	return module->table;
}

const struct image_module *module_image(struct floe_error *error)
{
	return module_get(MODULE_IMAGE, error);
}

const struct pull_module *module_pull(struct floe_error *error)
{
	return module_get(MODULE_PULL, error);
}

const struct seccomp_module *module_seccomp(struct floe_error *error)
{
	return module_get(MODULE_SECCOMP, error);
}

const struct nixdb_module *module_nixdb(struct floe_error *error)
{
	return module_get(MODULE_NIXDB, error);
}
