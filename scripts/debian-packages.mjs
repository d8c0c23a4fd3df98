// Unpacks packages of Debian 13 and its backports into a folder: no root, no chroot, nothing installed.
// Needs apt-get, dpkg-deb and Debian's keyring. AIEKIT_DEBIAN_MIRROR names another mirror than the one apt is set up for.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const suite = "trixie";
export const backports = `${suite}-backports`;
/** The release before, for what the newer one has broken. */
export const oldSuite = "bookworm";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** C library's loader and the folder of libraries, below the root of the unpacked packages. */
export const layouts = {
  amd64: { loader: "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", libraries: "usr/lib/x86_64-linux-gnu" },
  arm64: { loader: "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1", libraries: "usr/lib/aarch64-linux-gnu" },
};

/**
 * Makes `folder` afresh: packages unpacked in `work/unpacked`, then `arrange(work, layout)` leaves in `work/` what is
 * wanted, then `work` becomes `folder`. A run that is stopped leaves nothing half there.
 * @throws Error of one line that says why the packages cannot be had.
 */
export function makeFolderOfPackages({ folder, packages, architectures, arrange, run }) {
  for (const needed of ["apt-get", "dpkg-deb", "dpkg"]) {
    if (run("sh", ["-c", `command -v ${needed} || true`]) === "")
      throw new Error(`there is no ${needed} on this system`);
  }
  if (!existsSync(keyring)) throw new Error(`there is no ${keyring} (package debian-archive-keyring)`);
  const architecture = run("dpkg", ["--print-architecture"]);
  if (!architectures.includes(architecture))
    throw new Error(`Debian has them for ${architectures.join(" and ")}, this is ${architecture}`);

  const work = `${folder}.new`;
  rmSync(work, { recursive: true, force: true });
  for (const sub of ["apt/lists/partial", "apt/cache/archives/partial", "debs"]) {
    mkdirSync(join(work, sub), { recursive: true });
  }
  const mirror = process.env.AIEKIT_DEBIAN_MIRROR ?? configuredMirror(run);
  if (mirror === undefined)
    throw new Error("apt knows no mirror of Debian: set AIEKIT_DEBIAN_MIRROR to the address of one");
  const line = (name) => `deb [signed-by=${keyring} arch=${architecture}] ${mirror} ${name} main\n`;
  writeFileSync(join(work, "apt/sources.list"), [suite, backports, oldSuite].map(line).join(""));
  writeFileSync(join(work, "apt/status"), "");
  const apt = (...args) => run("apt-get", [...aptOptions(work), ...args], { cwd: join(work, "debs") });
  apt("update");
  apt("download", ...packages);
  const got = readdirSync(join(work, "debs"))
    .sort()
    .map((deb) => packageOf(join(work, "debs", deb), run));
  for (const line of differencesFromLock(got)) console.log(line);
  for (const deb of readdirSync(join(work, "debs"))) {
    run("dpkg-deb", ["-x", join(work, "debs", deb), join(work, "unpacked")]);
  }
  writeFileSync(join(work, "packages.json"), `${JSON.stringify(got, undefined, 2)}\n`);
  arrange(work, layouts[architecture]);
  for (const sub of ["apt", "debs", "unpacked"]) rmSync(join(work, sub), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(work, folder);
}

function packageOf(path, run) {
  const field = (name) => run("dpkg-deb", ["-f", path, name]);
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { name: field("Package"), version: field("Version"), architecture: field("Architecture"), sha256 };
}

/**
 * Lines on packages that are not those of tools/toolchain.lock.json. Debian replaces versions, and apt has checked its
 * signature, so another version is told and taken; the same version with other bytes is refused.
 * @throws Error of one line that names the package and both hashes.
 */
export function differencesFromLock(packages, locked = lockedPackages()) {
  return packages.flatMap(({ name, version, architecture, sha256 }) => {
    const pinned = locked.find((one) => one.name === name && one.architecture === architecture);
    if (pinned === undefined) return [`${name} ${version} (${architecture}): not in ${lockFile}, sha256 ${sha256}`];
    if (pinned.version !== version) return [`${name}: ${lockFile} has ${pinned.version}, Debian gives ${version}`];
    if (pinned.sha256 === sha256) return [];
    throw new Error(`${name} ${version}: expected sha256 ${pinned.sha256} (${lockFile}), got ${sha256}`);
  });
}

const lockFile = "tools/toolchain.lock.json";

function lockedPackages() {
  const path = join(dirname(fileURLToPath(import.meta.url)), "..", lockFile);
  return JSON.parse(readFileSync(path, "utf8")).debian;
}

/** Removes what was begun and leaves the reason in `folder/unavailable.txt`, where the tests find it. */
export function leaveReason(folder, reason) {
  rmSync(`${folder}.new`, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "unavailable.txt"), `${reason}\n`);
}

/** Runs programs for at most `secondsInAll`, all together. @throws Error of one line: the program's complaint. */
export function runnerUntil(secondsInAll) {
  const deadline = Date.now() + secondsInAll * 1000;
  return (program, args, options = {}) => {
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
        .find((text) => /^E: |error:/i.test(text));
      throw new Error(`${program}: ${complaint ?? error.message.split("\n")[0]}`);
    }
  };
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
function configuredMirror(run) {
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
