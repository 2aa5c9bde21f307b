/* SPDX-License-Identifier: MIT */
/* What is found out about trees: their inits, shapes, users; and trees made to mislead. */
#include "../../runtime/plan/host.h"
#include "../../runtime/plan/host_parts.h"

#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "unit.h"

#define TOPLEVEL "/nix/store/abc-nixos-system-web"
#define SCRIPT   "#!/nix/store/def-bash/bin/sh\nexec true\n"
#define PROGRAM  "\177ELF, as far as its first bytes tell"

/* Files and links of a tree, each with its parent directories made. A text that begins with '>' is
 * what a link says; the mode of files is 0755 unless the path ends with '-'. */
struct item {
	const char *path;
	const char *text;
};

static void make_parents(const char *path)
{
	char copy[256];

	assert_true(strlen(path) < sizeof(copy));
	strcpy(copy, path);
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
}

static void make_item(const struct item *item)
{
	char path[256];
	size_t length = (size_t)snprintf(path, sizeof(path), "tree%s", item->path);
	bool plain = path[length - 1] == '-';

	if (plain)
		path[length - 1] = '\0';
	make_parents(path);
	if (item->text[0] == '>') {
		assert_return_code(symlink(item->text + 1, path), errno);
		return;
	}
	scratch_write(path, item->text, strlen(item->text));
	assert_return_code(chmod(path, plain ? 0644 : 0755), errno);
}

#define make_tree(...)                                                                             \
	do {                                                                                       \
		const struct item items_[] = {__VA_ARGS__};                                        \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(items_); i_++)                                 \
			make_item(&items_[i_]);                                                    \
	} while (0)

static void probe(struct host *host, struct spec *spec)
{
	struct floe_error error = {0};

	memset(host, 0, sizeof(*host));
	if (mkdir("tree", 0755) < 0)
		assert_int_equal(errno, EEXIST);
	if (!spec->directory)
		spec->directory = (char *)"tree";
	if (host_probe(host, spec, &error) < 0)
		fail_msg("%s", error.message);
}

static void probe_boot(struct host *host)
{
	struct spec spec = {.start = SPEC_START_BOOT, .userns = SPEC_USERNS_NO};

	probe(host, &spec);
}

static const struct host_init *find_init(const struct host *host, const char *path)
{
	for (size_t i = 0; i < host->tree.init_count; i++) {
		if (strcmp(host->tree.inits[i].path, path) == 0)
			return &host->tree.inits[i];
	}
	fail_msg("%s was not looked at", path);
	return NULL;
}

static const char *first_usable(const struct host *host)
{
	for (size_t i = 0; i < host->tree.init_count; i++) {
		if (host->tree.inits[i].usable)
			return host->tree.inits[i].path;
	}
	return "none";
}

static void assert_why(const struct host *host, const char *path, bool usable, const char *why)
{
	const struct host_init *init = find_init(host, path);

	assert_string_equal(init->why, why);
	assert_int_equal(init->usable, usable);
}

static void an_ordinary_tree(void **state)
{
	struct host host;

	(void)state;
	make_tree({"/usr/lib/systemd/systemd", PROGRAM}, {"/bin", ">usr/bin"}, {"/lib", ">usr/lib"},
		  {"/sbin/init", ">../lib/systemd/systemd"}, {"/etc/os-release-", "ID=x\n"},
		  {"/etc/machine-id-", "0123456789abcdef0123456789abcdef\n"},
		  {"/etc/resolv.conf", ">../run/resolv.conf"});
	probe_boot(&host);
	assert_string_equal(first_usable(&host), "/usr/lib/systemd/systemd");
	assert_why(&host, "/sbin/init", true, "a program");
	assert_why(&host, "/init", false, "does not exist");
	assert_int_equal(host.tree.init_count, 4);
	assert_true(host.tree.has_usr && host.tree.merged_usr && host.tree.has_os_release);
	assert_true(host.tree.etc_writable && !host.tree.read_only && !host.tree.shifted);
	assert_false(host.tree.has_nix_store || host.tree.has_resolv || host.tree.is_mount_point);
	assert_string_equal(host.tree.machine_id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(host.tree.resolv_link, "../run/resolv.conf");
	assert_int_equal(host.tree.path[0], '/');
	host_free(&host);
}

static void a_nixos_tree(void **state)
{
	struct host host;

	(void)state;
	/* Absolute links into the store dangle on the host and hold in the tree. */
	make_tree({TOPLEVEL "/init", SCRIPT}, {"/nix/store/def-bash/bin/sh", PROGRAM},
		  {"/nix/var/nix/profiles/system", ">" TOPLEVEL},
		  {"/sbin/init", ">/nix/var/nix/profiles/system/init"},
		  {"/usr/lib/systemd/systemd", PROGRAM},
		  {"/etc/os-release", ">/nix/store/def-os/etc/os-release"});
	probe_boot(&host);
	assert_string_equal(first_usable(&host), "/sbin/init");
	assert_why(&host, "/sbin/init", true, "a script for /nix/store/def-bash/bin/sh");
	assert_why(
		&host, "/nix/var/nix/profiles/system/prepare-root", false,
		"link to /nix/store/abc-nixos-system-web/prepare-root, which does not exist in the "
		"tree");
	assert_true(host.tree.has_nix_store);
	assert_false(host.tree.has_os_release);
	host_free(&host);
}

static void prepare_root_goes_before_a_bare_systemd(void **state)
{
	struct host host;

	(void)state;
	make_tree({TOPLEVEL "/init", PROGRAM}, {TOPLEVEL "/prepare-root", SCRIPT},
		  {"/nix/store/def-bash/bin/sh", PROGRAM},
		  {"/nix/var/nix/profiles/system", ">" TOPLEVEL},
		  {"/sbin/init", ">" TOPLEVEL "/init"});
	probe_boot(&host);
	assert_string_equal(first_usable(&host), "/nix/var/nix/profiles/system/prepare-root");
	assert_string_equal(host.tree.inits[0].path, "/nix/var/nix/profiles/system/prepare-root");
	assert_string_equal(host.tree.inits[1].path, "/sbin/init");
	assert_int_equal(host.tree.init_count, 6);
	host_free(&host);
}

static void a_script_is_stage_2_by_itself(void **state)
{
	struct host host;

	(void)state;
	make_tree({"/sbin/init", SCRIPT}, {TOPLEVEL "/prepare-root", SCRIPT},
		  {"/nix/store/def-bash/bin/sh", PROGRAM},
		  {"/nix/var/nix/profiles/system", ">" TOPLEVEL});
	probe_boot(&host);
	assert_string_equal(first_usable(&host), "/sbin/init");
	host_free(&host);
}

static void unusable_inits_say_why(void **state)
{
	struct host host;

	(void)state;
	make_tree({"/nix/store/x", ">y"}, {"/sbin/init", ">/nix/store/gone/init"},
		  {"/nix/var/nix/profiles/system/prepare-root", SCRIPT},
		  {"/nix/var/nix/profiles/system/init-", PROGRAM}, {"/init/file", ""},
		  {"/usr/lib/systemd/systemd", "text\n"}, {"/lib/systemd/systemd", ">systemd"});
	probe_boot(&host);
	assert_string_equal(first_usable(&host), "none");
	assert_why(&host, "/sbin/init", false,
		   "link to /nix/store/gone/init, which does not exist in the tree");
	assert_why(&host, "/nix/var/nix/profiles/system/prepare-root", false,
		   "a script for /nix/store/def-bash/bin/sh, which does not exist in the tree");
	assert_why(&host, "/nix/var/nix/profiles/system/init", false, "is not executable");
	assert_why(&host, "/init", false, "is a directory");
	assert_why(&host, "/usr/lib/systemd/systemd", false, "neither a program nor a script");
	assert_why(&host, "/lib/systemd/systemd", false, "Too many levels of symbolic links");
	host_free(&host);
}

static void links_do_not_lead_out(void **state)
{
	char path[256];
	struct host host;

	(void)state;
	scratch_write("outside", PROGRAM, strlen(PROGRAM));
	assert_return_code(chmod("outside", 0755), errno);
	assert_non_null(getcwd(path, sizeof(path) - 16));
	strcat(path, "/outside");
	make_tree({"/sbin/init", ">../../../../../../../../outside"}, {"/etc", ">/../.."},
		  {"/usr/lib", ">../../../../usr/lib"});
	assert_return_code(symlink(path, "tree/init"), errno);
	assert_return_code(mkfifo("tree/machine-id", 0600), errno);
	probe_boot(&host);
	assert_string_equal(first_usable(&host), "none");
	assert_non_null(strstr(find_init(&host, "/init")->why, "/outside, which does not exist"));
	assert_string_equal(find_init(&host, "/usr/lib/systemd/systemd")->why,
			    "Too many levels of symbolic links");
	/* /etc leads back to the root, where machine-id is a fifo that nobody waits for. */
	assert_null(host.tree.machine_id);
	host_free(&host);
}

static void users_come_from_the_tree(void **state)
{
	struct spec spec = {.user = (char *)"web", .userns = SPEC_USERNS_NO};
	struct host host;

	(void)state;
	make_tree({"/etc/passwd-", "root:x:0:0::/root:/bin/sh\nweb:x:4000:4001::/srv:/bin/ash\n"},
		  {"/etc/group-", "web:x:4001:\ntape:x:7:root,web\n"});
	probe(&host, &spec);
	assert_true(host.user.found);
	assert_int_equal(host.user.uid, 4000);
	assert_int_equal(host.user.gid, 4001);
	assert_string_equal(host.user.home, "/srv");
	assert_string_equal(host.user.shell, "/bin/ash");
	assert_int_equal(host.user.group_count, 2);
	assert_int_equal(host.user.groups[1], 7);
	host_free(&host);
	spec.user = (char *)"77";
	probe(&host, &spec);
	assert_false(host.user.found);
	assert_int_equal(host.user.uid, 77);
	host_free(&host);
}

static void a_user_in_many_groups(void **state)
{
	struct spec spec = {.user = (char *)"web", .userns = SPEC_USERNS_NO};
	char groups[4096];
	size_t used = 0;
	struct host host;

	(void)state;
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(groups + used, sizeof(groups) - used, "g%d:x:%d:web\n", i,
					 5000 + i);
	make_tree({"/etc/passwd-", "web:x:4000:4001::/srv:/bin/ash\n"}, {"/etc/group-", groups});
	probe(&host, &spec);
	assert_int_equal(host.user.group_count, 101);
	assert_int_equal(host.user.groups[100], 5099);
	host_free(&host);
}

static void sources_are_described(void **state)
{
	struct spec_mount mounts[] = {
		{.kind = SPEC_MOUNT_BIND, .source = (char *)"/dev/null"},
		{.kind = SPEC_MOUNT_BIND, .source = (char *)"/srv", .source_in_tree = true},
		{.kind = SPEC_MOUNT_BIND, .source = (char *)"/no/such/place"},
		{.kind = SPEC_MOUNT_TMPFS},
		{.kind = SPEC_MOUNT_OVERLAY,
		 .layers = (char *[]){(char *)"/", (char *)"/no/such/place"},
		 .layer_count = 2,
		 .upper = (char *)"/"},
	};
	struct spec spec = {
		.mounts = mounts, .mount_count = ARRAY_SIZE(mounts), .userns = SPEC_USERNS_NO};
	struct host host;

	(void)state;
	/* Resolved in the tree: the host's /etc is not meant. */
	make_tree({"/srv", ">/etc"}, {"/etc/x", ""});
	assert_return_code(chown("tree/etc", 1234, 5678), errno);
	probe(&host, &spec);
	assert_true(S_ISCHR(host.mounts[0].mode) && host.mounts[0].rdev == 0x103);
	assert_true(S_ISDIR(host.mounts[1].mode) && host.mounts[1].uid == 1234);
	assert_int_equal(host.mounts[1].gid, 5678);
	assert_false(host.mounts[2].exists);
	assert_int_equal(host.mounts[2].errnum, ENOENT);
	assert_true(host.mounts[4].exists && host.layers[4][0].exists);
	assert_false(host.layers[4][1].exists);
	host_free(&host);
}

static int probe_error(struct spec *spec, struct floe_error *error)
{
	struct host host = {0};
	int r;

	memset(error, 0, sizeof(*error));
	r = host_probe(&host, spec, error);
	host_free(&host);
	return r;
}

static void impossible_requests_are_errors(void **state)
{
	struct spec spec = {.directory = (char *)"missing", .userns = SPEC_USERNS_NO};
	struct floe_error error;

	(void)state;
	assert_int_equal(probe_error(&spec, &error), -ENOENT);
	assert_string_equal(error.message,
			    "cannot open the directory missing: No such file or directory");
	scratch_write("missing", "", 0);
	assert_int_equal(probe_error(&spec, &error), -ENOTDIR);
	spec.directory = NULL;
	spec.system = (char *)"/usr";
	assert_int_equal(probe_error(&spec, &error), -EINVAL);
	assert_string_equal(error.message,
			    "--system=/usr: a system lies in /nix/store, this one is /usr");
}

static void shifted_and_mounted_trees(void **state)
{
	struct host host;

	(void)state;
	scratch_mount("tmpfs", "tree", 1024 * 1024);
	assert_return_code(chown("tree", 0x90000, 0x90000), errno);
	probe_boot(&host);
	assert_true(host.tree.shifted && host.tree.is_mount_point && host.tree.etc_writable);
	assert_int_equal(host.tree.magic, TMPFS_MAGIC);
	assert_int_equal(host.tree.idmappable, host_can_idmap(&host, TMPFS_MAGIC));
	host_free(&host);
	scratch_unmount("tree");
}

static void id_mapping_by_kernel(void **state)
{
	struct host host = {.kernel_major = 5, .kernel_minor = 14};

	(void)state;
	assert_true(host_can_idmap(&host, EXT4_SUPER_MAGIC));
	assert_false(host_can_idmap(&host, BTRFS_SUPER_MAGIC));
	assert_false(host_can_idmap(&host, TMPFS_MAGIC));
	host.kernel_minor = 15;
	assert_true(host_can_idmap(&host, BTRFS_SUPER_MAGIC));
	host.kernel_major = 6;
	host.kernel_minor = 2;
	assert_true(host_can_idmap(&host, BTRFS_SUPER_MAGIC));
	assert_false(host_can_idmap(&host, TMPFS_MAGIC));
	host.kernel_minor = 3;
	assert_true(host_can_idmap(&host, TMPFS_MAGIC));
	assert_false(host_can_idmap(&host, OVERLAYFS_SUPER_MAGIC));
	assert_false(host_can_idmap(&host, NFS_SUPER_MAGIC));
}

#define scratch_test(function)                                                                     \
	cmocka_unit_test_setup_teardown(function, scratch_enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(an_ordinary_tree),
		scratch_test(a_nixos_tree),
		scratch_test(prepare_root_goes_before_a_bare_systemd),
		scratch_test(a_script_is_stage_2_by_itself),
		scratch_test(unusable_inits_say_why),
		scratch_test(links_do_not_lead_out),
		scratch_test(users_come_from_the_tree),
		scratch_test(a_user_in_many_groups),
		scratch_test(sources_are_described),
		scratch_test(impossible_requests_are_errors),
		scratch_test(shifted_and_mounted_trees),
		cmocka_unit_test(id_mapping_by_kernel),
	};

	return cmocka_run_group_tests_name("host_tree", tests, NULL, NULL);
}
