# SPDX-License-Identifier: MIT
# The package set and the NixOS-shaped systems. Arguments are paths and words of build.sh.
{ bootstrap # directory with BusyBox, patchelf and their libraries: all that a build needs
, generated # packages.nix as written by donor.sh
, programs # directory with the test programs that go inside
, version
}:
let
  system = builtins.currentSystem;
  boot = builtins.path { name = "bootstrap"; path = bootstrap; };

  # A derivation whose builder is a BusyBox shell with BusyBox' applets as its PATH.
  run = name: script: variables: derivation ({
    inherit name system boot;
    builder = "${boot}/bin/busybox";
    args = [ "sh" script ];
    PATH = "${boot}/bin";
    functions = ./functions.sh;
  } // variables);

  package = { pname, version, source, deps }: run "${pname}-${version}" ./package.sh {
    inherit pname deps;
    source = builtins.path { name = "${pname}-source"; path = source; };
    glibc = if pname == "glibc" then "" else packages.pkg_glibc;
  };

  packages = import generated { inherit package; };

  tools = run "floe-test-tools-${version}" ./tools.sh {
    programs = builtins.path { name = "floe-test-programs"; path = programs; };
    inherit (packages) pkg_bash;
  };

  # client: what configures the network of an image, "networkd" or "dhcpcd".
  inSystemPath = client: with packages; [
    pkg_bash pkg_coreutils pkg_util_linux pkg_iproute2 pkg_systemd pkg_dbus pkg_nix pkg_procps
    pkg_iputils_ping pkg_findutils pkg_grep pkg_sed pkg_linux_pam pkg_login pkg_passwd
    pkg_e2fsprogs pkg_glibc pkg_busybox_static tools
  ] ++ (if client == "dhcpcd" then [ pkg_dhcpcd ] else [ ]);

  sw = client: run "system-path" ./system-path.sh { packages = inSystemPath client; };

  # kind: what an image (own store, own nix-daemon) or a container on the host's store is made
  # for. remount: activation remounts the API file systems, as systems do that know only that they
  # are a container, not which manager runs them (boot.isContainer without isNspawnContainer).
  # prepareRoot: as with an initial RAM disk of systemd's, where SYSTEM/init is systemd itself, and
  # what has to run before it is SYSTEM/prepare-root.
  mkSystem = { hostname, kind, generation ? "1", remount ? false, prepareRoot ? false
    , client ? if kind == "image" then "networkd" else "" }:
    let
      settings = packages // {
        inherit hostname kind generation version client;
        dhcpcd = if client == "dhcpcd" then packages.pkg_dhcpcd else "";
        pkg_dhcpcd = ""; # those without it have it not even in their closure
      };
      etc = run "etc" ./etc.sh (settings // {
        files = ./etc;
        units = ./units;
        inherit tools;
      });
    in
    run "nixos-system-${hostname}-${version}" ./toplevel.sh (settings // {
      inherit etc;
      sw = sw client;
      remount = if remount then "1" else "";
      prepareRoot = if prepareRoot then "1" else "";
      stage2 = ./stage-2.sh;
      activate = ./activate.sh;
      switch = ./switch-to-configuration.sh;
    });
in
{
  tarball = mkSystem { hostname = "nixos"; kind = "image"; remount = true; };
  tarball2 = mkSystem { hostname = "nixos"; kind = "image"; remount = true; generation = "2"; };
  dhcpcd = mkSystem { hostname = "nixos"; kind = "image"; remount = true; client = "dhcpcd"; };
  host = mkSystem { hostname = "declared"; kind = "shared"; };
  host2 = mkSystem { hostname = "declared"; kind = "shared"; generation = "2"; };
  prepared = mkSystem { hostname = "prepared"; kind = "shared"; prepareRoot = true; };
}
