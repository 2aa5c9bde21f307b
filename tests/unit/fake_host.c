/* SPDX-License-Identifier: MIT */
/* Hosts that exist only on paper, for plans that are made without looking at a real one. */
#include "fake_host.h"

#include "fake_host_net.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <string.h>

#include "unit.h"

#define MIB UINT64_C(1048576)

/* makedev(3), which is no constant expression, for small numbers. */
#define RDEV(major, minor) ((major) << 8 | (minor))

/* What lies at the paths that specs of the tests speak of; all else is a directory of root's. */
static const struct {
	const char *path;
	struct host_source source;
} sources[] = {
	{"/srv/app.conf", {.exists = true, .mode = S_IFREG | 0644, .idmappable = true}},
	{"/srv/alice",
	 {.exists = true,
	  .mode = S_IFDIR | 0700,
	  .uid = 1000,
	  .gid = 1001,
	  .target_uid = 500,
	  .idmappable = true}},
	{"/srv/nfs", {.exists = true, .mode = S_IFDIR | 0755}},
	{"/dev/sda", {.exists = true, .mode = S_IFBLK | 0660, .rdev = RDEV(8, 0)}},
	{"/dev/kvm", {.exists = true, .mode = S_IFCHR | 0660, .rdev = RDEV(10, 232)}},
	{"/etc/shadow", {.exists = true, .mode = S_IFREG | 0640, .gid = 42, .idmappable = true}},
	{"/missing", {.errnum = ENOENT}},
	{"/secret", {.errnum = EACCES}},
};

static struct host_source find_source(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (strcmp(sources[i].path, path) == 0)
			return sources[i].source;
	}
	return (struct host_source){.exists = true, .mode = S_IFDIR | 0755, .idmappable = true};
}

static const char *source_path(const struct spec_mount *mount)
{
	switch (mount->kind) {
	case SPEC_MOUNT_OVERLAY:
		return mount->upper;
	case SPEC_MOUNT_BIND:
		return mount->source;
	case SPEC_MOUNT_INACCESSIBLE:
	case SPEC_MOUNT_TMPFS:
		break;
	}
	return mount->target;
}

static void fill_mounts(struct host *host, const struct spec *spec)
{
	size_t count = spec->mount_count;

	host->mounts = arena_alloc(&host->arena, (count + 1) * sizeof(*host->mounts));
	host->layers = arena_alloc(&host->arena, (count + 1) * sizeof(void *));
	for (size_t i = 0; i < count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		const char *path = source_path(mount);

		if (path)
			host->mounts[i] = find_source(path);
		host->layers[i] = arena_alloc(&host->arena,
					      (mount->layer_count + 1) * sizeof(*host->layers[i]));
		for (size_t layer = 0; layer < mount->layer_count; layer++)
			host->layers[i][layer] = find_source(mount->layers[layer]);
	}
}

static struct host_init debian_inits[] = {
	{"/usr/lib/systemd/systemd", true, "a program"},
	{"/lib/systemd/systemd", true, "a program"},
	{"/sbin/init", true, "a program"},
	{"/init", false, "does not exist"},
};

static void fill_tree(struct host *host, const struct spec *spec)
{
	struct host_tree *tree = &host->tree;

	if (!spec->directory)
		return;
	tree->path = arena_strdup(&host->arena, spec->directory);
	tree->disk = "8:0";
	tree->status.st_mode = S_IFDIR | 0755;
	tree->magic = EXT4_SUPER_MAGIC;
	tree->idmappable = true;
	tree->has_usr = tree->merged_usr = true;
	tree->has_os_release = true;
	tree->etc_writable = true;
	tree->machine_id = "5ba1f1f4a3b94bfb8a34f1a5f1a2b3c4";
	tree->has_resolv = tree->has_localtime = tree->has_zone = true;
	if (spec->start == SPEC_START_BOOT) {
		tree->inits = debian_inits;
		tree->init_count = ARRAY_SIZE(debian_inits);
	}
}

static void fill_user(struct host *host, const struct spec *spec)
{
	static uint32_t groups[] = {1000, 27, 100};

	if (!spec->user)
		return;
	host->user.name = spec->user;
	if (strcmp(spec->user, "alice") != 0)
		return;
	host->user = (struct host_user){
		.found = true,
		.uid = 1000,
		.gid = 1000,
		.name = "alice",
		.home = "/home/alice",
		.shell = "/bin/bash",
		.groups = groups,
		.group_count = ARRAY_SIZE(groups),
	};
}

static void fill_kernel(struct host *host)
{
	host->kernel_major = 6;
	host->kernel_minor = 12;
	host->has_user_namespace = host->initial_user_namespace = true;
	host->has_cgroup_namespace = host->has_time_namespace = true;
	host->has_ipc_namespace = host->has_net_namespace = true;
	host->has_seccomp = host->has_overlay = host->has_mqueue = host->has_devpts = true;
	host->has_fuse = host->has_tun = true;
	host->has_cgroup2 = host->has_bpf_devices = true;
	host->capabilities = (UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1;
	host->nr_open = 1073741816;
	host->last_cpu = 3;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		host->limits[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
		host->init_limits[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	}
	host->limits[RLIMIT_CORE] = (struct rlimit){0, RLIM_INFINITY};
	host->limits[RLIMIT_MEMLOCK] = (struct rlimit){8 * MIB, 8 * MIB};
	host->limits[RLIMIT_MSGQUEUE] = (struct rlimit){819200, 819200};
	host->limits[RLIMIT_NICE] = host->limits[RLIMIT_RTPRIO] = (struct rlimit){0, 0};
	host->limits[RLIMIT_NOFILE] = (struct rlimit){1024, 1048576};
	host->limits[RLIMIT_NPROC] = host->init_limits[RLIMIT_NPROC] =
		(struct rlimit){31337, 31337};
	host->limits[RLIMIT_SIGPENDING] = host->limits[RLIMIT_NPROC];
	host->init_limits[RLIMIT_SIGPENDING] = host->limits[RLIMIT_NPROC];
	host->limits[RLIMIT_STACK] = (struct rlimit){8 * MIB, RLIM_INFINITY};
}

static void fill_cgroup(struct host *host)
{
	host->cgroup_layout = HOST_CGROUP_V2;
	host->unified = (struct host_hierarchy){"", "/sys/fs/cgroup", "/system.slice/ssh.service"};
	host->unified_controllers = "cpuset cpu io memory hugetlb pids rdma misc";
}

static void fill_files(struct host *host)
{
	static struct spec_variable ids[] = {{.name = "id", .value = "debian"},
					     {.name = "version_id", .value = "12"}};
	static const char *const nodes[] = {HOST_DEVICE_NODES, "net/tun", "fuse", NULL};
	static const char *const proc[] = {HOST_PROC_PATHS, NULL};
	static uint32_t taken[] = {524288};

	host->hostname = "workstation";
	host->machine_id = "0123456789abcdef0123456789abcdef";
	host->random_uuid = "9e107d9d372bb6826bd81d3542a419d6";
	host->boot_id = "11111111-2222-4333-8444-555555555555";
	host->os_release = "/etc/os-release";
	host->os_ids = ids;
	host->os_id_count = ARRAY_SIZE(ids);
	host->resolv_stub = "/run/systemd/resolve/stub-resolv.conf";
	host->resolv_uplink = "/run/systemd/resolve/resolv.conf";
	host->resolv_static = "/usr/lib/systemd/resolv.conf";
	host->resolv_host = "/etc/resolv.conf";
	host->localtime_zone = "Europe/Berlin";
	host->localtime_file = "/etc/localtime";
	host->term = "xterm-256color";
	host->stdin_tty = host->stdout_tty = true;
	host->device_nodes = nodes;
	host->proc_paths = proc;
	host->uid_taken = taken;
	host->uid_taken_count = ARRAY_SIZE(taken);
	host->uid_random = 123456789;
	host->run_dir = "/run/floe";
	host->state_dir = "/var/lib/floe";
}

/* ---- Variants of the host -------------------------------------------------------------------- */

static const struct host_hierarchy v1_hierarchies[] = {
	{"pids", "/sys/fs/cgroup/pids", "/"},
	{"devices", "/sys/fs/cgroup/devices", "/"},
	{"cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/"},
	{"memory", "/sys/fs/cgroup/memory", "/"},
	{"blkio", "/sys/fs/cgroup/blkio", "/"},
	{"name=systemd", "/sys/fs/cgroup/systemd", "/"},
};

static void use_v1(struct host *host)
{
	host->cgroup_layout = HOST_CGROUP_V1;
	host->hierarchies = arena_alloc(&host->arena, sizeof(v1_hierarchies));
	memcpy(host->hierarchies, v1_hierarchies, sizeof(v1_hierarchies));
	host->hierarchy_count = ARRAY_SIZE(v1_hierarchies);
	host->unified = (struct host_hierarchy){"", "", "/"};
	host->unified_controllers = "";
	host->has_bpf_devices = false;
}

static void use_hybrid(struct host *host)
{
	use_v1(host);
	host->cgroup_layout = HOST_CGROUP_HYBRID;
	host->unified = (struct host_hierarchy){"", "/sys/fs/cgroup/unified", "/"};
	host->has_bpf_devices = false;
}

static void use_no_cgroups(struct host *host)
{
	host->cgroup_layout = HOST_CGROUP_NONE;
	host->unified = (struct host_hierarchy){"", "", "/"};
	host->unified_controllers = "";
	host->has_cgroup2 = host->has_bpf_devices = host->has_cgroup_namespace = false;
}

static void use_no_disk(struct host *host)
{
	host->tree.disk = NULL;
	host->unified_controllers = "cpu io";
}

static void use_no_pids(struct host *host)
{
	host->unified_controllers = "cpu memory";
}

static void use_unit(struct host *host)
{
	host->unified.own = "/system.slice/floe@web.service";
}

static void use_no_device_policy(struct host *host)
{
	host->has_bpf_devices = false;
}

static void use_no_userns(struct host *host)
{
	host->has_user_namespace = false;
}

static void use_no_netns(struct host *host)
{
	host->has_net_namespace = false;
}

static void use_no_timens(struct host *host)
{
	host->has_time_namespace = false;
}

static void use_no_overlay(struct host *host)
{
	host->has_overlay = false;
}

/* What is configured out of kernels for small devices, but for user namespaces. */
static void use_small_kernel(struct host *host)
{
	static const char *const nodes[] = {"null", "zero", "random", "urandom", "tty", NULL};

	use_no_cgroups(host);
	host->has_ipc_namespace = host->has_time_namespace = false;
	host->has_seccomp = host->has_overlay = host->has_mqueue = host->has_devpts = false;
	host->has_fuse = host->has_tun = false;
	host->device_nodes = nodes;
}

/* A container on a bigger host: root of a user namespace that is not the first. */
static void use_nested(struct host *host)
{
	host->initial_user_namespace = false;
	host->has_bpf_devices = false;
	host->unified.own = "/";
}

/* Root without some capabilities, as in many containers. */
static void use_no_resource(struct host *host)
{
	host->capabilities &= ~((UINT64_C(1) << CAP_SYS_RESOURCE) | (UINT64_C(1) << CAP_SYS_TIME));
	host->limits[RLIMIT_NOFILE] = (struct rlimit){1024, 4096};
	host->limits[RLIMIT_MEMLOCK] = (struct rlimit){65536, 65536};
}

/* No systemd, no configuration: BusyBox and a kernel. */
static void use_bare(struct host *host)
{
	host->machine_id = NULL;
	host->os_release = NULL;
	host->os_id_count = 0;
	host->resolv_stub = host->resolv_uplink = host->resolv_static = host->resolv_host = NULL;
	host->localtime_zone = host->localtime_file = NULL;
	host->term = NULL;
}

static void use_no_terminal(struct host *host)
{
	host->stdin_tty = host->stdout_tty = false;
	host->term = NULL;
}

static void use_sockets(struct host *host)
{
	host->listen_fds = 2;
}

static void use_journal(struct host *host)
{
	host->journal_dir = "/var/log/journal";
}

static void use_journal_kept(struct host *host)
{
	use_journal(host);
	host->journal_mode = S_IFDIR | 02755;
}

static void use_plain_resolv(struct host *host)
{
	host->resolv_stub = host->resolv_uplink = host->resolv_static = NULL;
}

/* Every range that can be picked is in use. */
static void use_no_ranges(struct host *host)
{
	uint32_t first = 0x00080000, last = 0x6fff0000, step = 0x00010000;
	size_t count = (last - first) / step + 1;

	host->uid_taken = arena_alloc(&host->arena, count * sizeof(*host->uid_taken));
	for (size_t i = 0; i < count; i++)
		host->uid_taken[i] = first + (uint32_t)i * step;
	host->uid_taken_count = count;
}

/* ---- Variants of the tree -------------------------------------------------------------------- */

static void use_nixos(struct host *host)
{
	static struct host_init inits[] = {
		{"/sbin/init", true, "a script for /nix/store/bash/bin/bash"},
		{"/nix/var/nix/profiles/system/prepare-root", false, "does not exist"},
		{"/nix/var/nix/profiles/system/init", true,
		 "a script for /nix/store/bash/bin/bash"},
		{"/init", false, "does not exist"},
	};
	struct host_tree *tree = &host->tree;

	tree->has_usr = tree->merged_usr = tree->has_zone = false;
	tree->has_nix_store = true;
	tree->machine_id = NULL;
	tree->resolv_link = "/etc/static/resolv.conf";
	tree->inits = inits;
	tree->init_count = ARRAY_SIZE(inits);
}

static void use_empty_tree(struct host *host)
{
	struct host_tree *tree = &host->tree;

	tree->has_usr = tree->merged_usr = tree->has_zone = tree->has_os_release = false;
	tree->has_resolv = tree->has_localtime = false;
	tree->machine_id = NULL;
	tree->init_count = 0;
}

static void use_no_init(struct host *host)
{
	static struct host_init inits[] = {
		{"/usr/lib/systemd/systemd", false, "does not exist"},
		{"/sbin/init", false, "is not executable"},
	};

	host->tree.inits = inits;
	host->tree.init_count = ARRAY_SIZE(inits);
}

/* The host's /nix/store, and the system in it. */
static void use_store(struct host *host)
{
	struct host_store *store = &host->store;

	store->source = (struct host_source){.exists = true, .mode = S_IFDIR | 01775, .gid = 30000};
	store->source.idmappable = true;
	store->state = store->keeper = host->system = store->source;
	store->has_socket = true;
	host->system_real = "/nix/store/abc-nixos-system-web-24.11";
	host->system_init = "/nix/store/abc-nixos-system-web-24.11/init";
}

static void use_store_not_mappable(struct host *host)
{
	use_store(host);
	host->store.source.idmappable = false;
}

/* What its database knows: a system and what that needs. */
static void use_closure(struct host *host)
{
	static const char *system_needs[] = {"aaa-bash-5.2", "bbb-etc"};
	static struct nix_path paths[] = {
		{"aaa-bash-5.2", "11", 100, "", NULL, 0},
		{"abc-nixos-system-web-24.11", "22", 200, "/nix/store/ddd-system.drv", system_needs,
		 2},
		{"bbb-etc", "33", 300, "", NULL, 0},
	};
	static struct host_store_path shown[] = {
		{"aaa-bash-5.2", S_IFDIR | 0555, 4096, 1, NULL},
		{"abc-nixos-system-web-24.11", S_IFDIR | 0555, 4096, 1, NULL},
		{"bbb-etc", S_IFLNK | 0777, 12, 1, "aaa-bash-5.2"},
	};
	struct host_store *store = &host->store;

	use_store(host);
	store->set = (struct nix_set){paths, ARRAY_SIZE(paths), true};
	store->paths = shown;
	store->path_count = ARRAY_SIZE(shown);
	store->loader = "/nix/store/abc-nixos-system-web-24.11/sw/bin/nix-store";
	if (host->tree.path)
		store->layer = "/srv/.#floe-store-web/overlay";
}

/* One of them is new since the last start, and one that was there is gone. */
static void use_layer(struct host *host)
{
	static struct nix_path known[] = {{.name = "aaa-bash-5.2"},
					  {.name = "abc-nixos-system-web-24.11"},
					  {.name = "ccc-gone"}};
	struct host_store *store = &host->store;

	store->has_layer = store->has_layer_db = store->has_known = true;
	store->known = (struct nix_set){known, ARRAY_SIZE(known), false};
}

static void use_no_loader(struct host *host)
{
	host->store.loader = NULL;
}

static void use_pending(struct host *host)
{
	host->store.tree_registers = true;
}

static void use_layer_not_mappable(struct host *host)
{
	host->store.keeper.idmappable = false;
}

static void use_no_socket(struct host *host)
{
	host->store.has_socket = false;
}

static void use_no_state(struct host *host)
{
	host->store.state.exists = false;
}

static void use_old_kernel(struct host *host)
{
	host->kernel_major = 5;
	host->kernel_minor = 15;
}

static void use_shifted(struct host *host)
{
	host->tree.status.st_uid = host->tree.status.st_gid = 0x12340000;
	host->tree.shifted = true;
}

static void use_tree_not_mappable(struct host *host)
{
	host->tree.magic = NFS_SUPER_MAGIC;
	host->tree.idmappable = false;
}

static void use_tree_read_only(struct host *host)
{
	host->tree.magic = SQUASHFS_MAGIC;
	host->tree.read_only = true;
	host->tree.etc_writable = false;
}

static void use_subvolume(struct host *host)
{
	host->tree.magic = BTRFS_SUPER_MAGIC;
	host->tree.btrfs_subvolume = true;
}

static void use_no_machine_id(struct host *host)
{
	host->tree.machine_id = NULL;
}

static void use_same_machine_id(struct host *host)
{
	host->tree.machine_id = host->machine_id;
}

static void use_unmerged(struct host *host)
{
	host->tree.merged_usr = false;
}

static const struct {
	const char *name;
	void (*change)(struct host *host);
} all_variants[] = {
	{"hybrid", use_hybrid},
	{"v1", use_v1},
	{"no-cgroups", use_no_cgroups},
	{"no-pids", use_no_pids},
	{"unit", use_unit},
	{"diskless", use_no_disk},
	{"no-device-policy", use_no_device_policy},
	{"no-userns", use_no_userns},
	{"no-netns", use_no_netns},
	{"no-timens", use_no_timens},
	{"no-overlay", use_no_overlay},
	{"small-kernel", use_small_kernel},
	{"nested", use_nested},
	{"no-resource", use_no_resource},
	{"bare", use_bare},
	{"no-terminal", use_no_terminal},
	{"sockets", use_sockets},
	{"journal", use_journal},
	{"journal-kept", use_journal_kept},
	{"plain-resolv", use_plain_resolv},
	{"no-ranges", use_no_ranges},
	{"nixos", use_nixos},
	{"empty-tree", use_empty_tree},
	{"no-init", use_no_init},
	{"store", use_store},
	{"store-not-mappable", use_store_not_mappable},
	{"closure", use_closure},
	{"layer", use_layer},
	{"no-loader", use_no_loader},
	{"pending", use_pending},
	{"layer-not-mappable", use_layer_not_mappable},
	{"no-socket", use_no_socket},
	{"no-state", use_no_state},
	{"old-kernel", use_old_kernel},
	{"shifted", use_shifted},
	{"tree-not-mappable", use_tree_not_mappable},
	{"tree-read-only", use_tree_read_only},
	{"subvolume", use_subvolume},
	{"no-machine-id", use_no_machine_id},
	{"same-machine-id", use_same_machine_id},
	{"unmerged", use_unmerged},
	{"networkd", use_networkd},
	{"no-nftables", use_no_nftables},
	{"no-ipv6", use_no_ipv6},
	{"forwarding", use_forwarding},
	{"arranged", use_arranged},
	{"old-forwarding", use_old_forwarding},
	{"local-dns", use_local_dns},
	{"firewall", use_firewall},
	{"other-choice", use_other_choice},
};

static void apply_variant(struct host *host, const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_variants); i++) {
		if (strlen(all_variants[i].name) == length &&
		    strncmp(all_variants[i].name, name, length) == 0) {
			all_variants[i].change(host);
			return;
		}
	}
	fail_msg("there is no variant '%.*s' of a host", (int)length, name);
}

void fake_host(struct host *host, const struct spec *spec, const char *variants)
{
	fill_kernel(host);
	fill_cgroup(host);
	fill_files(host);
	fill_tree(host, spec);
	fill_mounts(host, spec);
	fill_user(host, spec);
	fake_net_fill(host, spec);
	for (const char *at = variants; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		apply_variant(host, at, length);
		at += length;
	}
}
