// Gets the real bootgen 2022.2 and xclbinutil 2.25 for the checks that hold our packager against them.
//
//   node scripts/get-packaging-tools.mjs [FOLDER]       default .cache/packaging-tools; programs are then in FOLDER/bin
//
// Debian 13 has the first, its backports the second; both need a newer C library than many systems have. Their packages
// are unpacked into FOLDER and started through the C library beside them: no root, no chroot, nothing installed.
// Needs apt-get, dpkg-deb and Debian's keyring. AIEKIT_DEBIAN_MIRROR names another mirror than the one apt is set up for.
// Exit code 1 with one line that says why, where they cannot be had; the same line is left in FOLDER/unavailable.txt.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const suite = "trixie";
const backports = `${suite}-backports`;
const programs = ["bootgen", "xclbinutil"];
// The programs' packages, and what they load: `ldd` of both.
const packages = [
  ...["libc6", "libstdc++6", "libgcc-s1", "libssl3t64", "zlib1g", "libzstd1", "libuuid1"].map(
    (name) => `${name}/${suite}`,
  ),
  ...["libboost-filesystem1.83.0", "libboost-program-options1.83.0", "xilinx-bootgen"].map(
    (name) => `${name}/${suite}`,
  ),
  ...["libxrt2", "libxrt-utils"].map((name) => `${name}/${backports}`),
];
// C library's loader and the folder of libraries, below the root of the unpacked packages.
const layouts = {
  amd64: { loader: "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", libraries: "usr/lib/x86_64-linux-gnu" },
  arm64: { loader: "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1", libraries: "usr/lib/aarch64-linux-gnu" },
};
const secondsInAll = 180;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] ?? join(root, ".cache/packaging-tools"));
const deadline = Date.now() + secondsInAll * 1000;

try {
  if (!works(folder)) install();
  console.log(`packaging tools: ${versions(folder).join(", ")} in ${join(folder, "bin")}`);
} catch (error) {
  const reason = error.message.split("\n")[0];
  rmSync(`${folder}.new`, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "unavailable.txt"), `${reason}\n`);
  console.log(`packaging tools cannot be had here: ${reason}`);
  process.exitCode = 1;
}

function install() {
  for (const needed of ["apt-get", "dpkg-deb", "dpkg"]) {
    if (run("sh", ["-c", `command -v ${needed} || true`]) === "")
      throw new Error(`there is no ${needed} on this system`);
  }
  if (!existsSync(keyring)) throw new Error(`there is no ${keyring} (package debian-archive-keyring)`);
  const architecture = run("dpkg", ["--print-architecture"]);
  const layout = layouts[architecture];
  if (layout === undefined)
    throw new Error(`Debian has them for ${Object.keys(layouts).join(" and ")}, this is ${architecture}`);

  // Beside the folder and renamed at the end, so that a run that is stopped leaves nothing half there.
  const work = `${folder}.new`;
  rmSync(work, { recursive: true, force: true });
  for (const sub of ["apt/lists/partial", "apt/cache/archives/partial", "debs", "bin"]) {
    mkdirSync(join(work, sub), { recursive: true });
  }
  const mirror = process.env.AIEKIT_DEBIAN_MIRROR ?? configuredMirror();
  if (mirror === undefined)
    throw new Error("apt knows no mirror of Debian: set AIEKIT_DEBIAN_MIRROR to the address of one");
  const line = (name) => `deb [signed-by=${keyring} arch=${architecture}] ${mirror} ${name} main\n`;
  writeFileSync(join(work, "apt/sources.list"), line(suite) + line(backports));
  writeFileSync(join(work, "apt/status"), "");
  console.log(`unpacking ${programs.join(" and ")} of Debian ${suite} into ${folder} (12 MB of packages)`);
  const apt = (...args) => run("apt-get", [...aptOptions(work), ...args], { cwd: join(work, "debs") });
  apt("update");
  apt("download", ...packages);
  for (const deb of readdirSync(join(work, "debs"))) {
    run("dpkg-deb", ["-x", join(work, "debs", deb), join(work, "unpacked")]);
  }
  // Programs and libraries only: documentation has links to packages that are not here.
  for (const part of [layout.libraries, ...programs.map((program) => `usr/bin/${program}`)]) {
    mkdirSync(dirname(join(work, "root", part)), { recursive: true });
    renameSync(join(work, "unpacked", part), join(work, "root", part));
  }
  for (const program of programs) {
    const starter = join(work, "bin", program);
    writeFileSync(starter, starterOf(program, layout));
    chmodSync(starter, 0o755);
  }
  for (const sub of ["apt", "debs", "unpacked"]) rmSync(join(work, sub), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(work, folder);
  if (!works(folder)) throw new Error(`${join(folder, "bin")}: the programs were unpacked but do not start`);
}

/** Finds its own folder, so that the folder may be moved. */
function starterOf(program, { loader, libraries }) {
  return `#!/bin/sh
root="$(dirname "$(dirname "$(readlink -f "$0")")")/root"
exec "$root/${loader}" --library-path "$root/${libraries}" "$root/usr/bin/${program}" "$@"
`;
}

function aptOptions(work) {
  const settings = {
    "Dir::Etc::sourcelist": join(work, "apt/sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State::lists": join(work, "apt/lists"),
    "Dir::State::status": join(work, "apt/status"),
    "Dir::Cache": join(work, "apt/cache"),
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    "Acquire::Retries": "2",
    "Acquire::http::Timeout": "20",
    // Lists that fail to come are an error, not a warning.
    "APT::Update::Error-Mode": "any",
    // Unpacking is not done as root's helper user, which may not read this folder.
    "APT::Sandbox::User": "",
  };
  return ["-q", ...Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

/** The mirror that apt takes Debian's packages from, on a Debian system. */
function configuredMirror() {
  const format = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"];
  try {
    return (
      run("apt-get", ["indextargets", ...format])
        .split("\n")[0]
        ?.replace(/\/$/, "") || undefined
    );
  } catch {
    return undefined;
  }
}

function works(where) {
  return (
    programs.every((program) => existsSync(join(where, "bin", program))) && versions(where).length === programs.length
  );
}

/** What the programs say of themselves; fewer than two where one does not start. */
function versions(where) {
  const ask = (program, args, pattern) => {
    try {
      return run(join(where, "bin", program), args).match(pattern)?.[1];
    } catch {
      return undefined;
    }
  };
  const bootgen = ask("bootgen", [], /Bootgen v(\S+)/);
  const xclbinutil = ask("xclbinutil", ["--version"], /Build Version:\s*(\S+)/);
  return [bootgen && `bootgen ${bootgen}`, xclbinutil && `xclbinutil ${xclbinutil}`].filter(Boolean);
}

function run(program, args, options = {}) {
  const timeout = deadline - Date.now();
  if (timeout <= 0) throw new Error(`no answer within ${secondsInAll} s`);
  try {
    return execFileSync(program, args, {
      ...options,
      encoding: "utf8",
      timeout,
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  } catch (error) {
    if (error.code === "ETIMEDOUT") throw new Error(`${program} ${args.at(-1)}: no answer within ${secondsInAll} s`);
    const complaint = String(error.stderr ?? "")
      .split("\n")
      .find((text) => /^E: /.test(text));
    throw new Error(`${program}: ${complaint ?? error.message.split("\n")[0]}`);
  }
}
