// Gets the real bootgen 2022.2, xclbinutil 2.25 and aiebu-asm 1.0 for the checks that hold our writers against them.
//
//   node scripts/get-packaging-tools.mjs [FOLDER]       default .cache/packaging-tools; programs are then in FOLDER/bin
//
// Debian 13 has the first, its backports the others; all need a newer C library than many systems have. Their packages
// are unpacked into FOLDER (scripts/debian-packages.mjs) and started through the C library beside them.
// Exit code 1 with one line that says why, where they cannot be had; the same line is left in FOLDER/unavailable.txt.
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { backports, leaveReason, makeFolderOfPackages, runnerUntil, suite } from "./debian-packages.mjs";

const programs = ["bootgen", "xclbinutil", "aiebu-asm"];
// The programs' packages, and what they load: `ldd` of both.
const packages = [
  ...["libc6", "libstdc++6", "libgcc-s1", "libssl3t64", "zlib1g", "libzstd1", "libuuid1"].map(
    (name) => `${name}/${suite}`,
  ),
  ...["libboost-filesystem1.83.0", "libboost-program-options1.83.0", "xilinx-bootgen"].map(
    (name) => `${name}/${suite}`,
  ),
  ...["libxrt2", "libxrt-utils", "libxrt-utils-npu"].map((name) => `${name}/${backports}`),
];

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] ?? join(root, ".cache/packaging-tools"));
const run = runnerUntil(180);

try {
  if (!works(folder)) install();
  console.log(`packaging tools: ${versions(folder).join(", ")} in ${join(folder, "bin")}`);
} catch (error) {
  const reason = error.message.split("\n")[0];
  leaveReason(folder, reason);
  console.log(`packaging tools cannot be had here: ${reason}`);
  process.exitCode = 1;
}

function install() {
  console.log(`unpacking ${programs.join(", ")} of Debian ${suite} into ${folder} (12 MB of packages)`);
  makeFolderOfPackages({ folder, packages, architectures: ["amd64", "arm64"], arrange, run });
  if (!works(folder)) throw new Error(`${join(folder, "bin")}: the programs were unpacked but do not start`);
}

/** Programs and libraries only: documentation has links to packages that are not here. */
function arrange(work, layout) {
  for (const part of [layout.libraries, ...programs.map((program) => `usr/bin/${program}`)]) {
    mkdirSync(dirname(join(work, "root", part)), { recursive: true });
    renameSync(join(work, "unpacked", part), join(work, "root", part));
  }
  mkdirSync(join(work, "bin"));
  for (const program of programs) {
    const starter = join(work, "bin", program);
    writeFileSync(starter, starterOf(program, layout));
    chmodSync(starter, 0o755);
  }
}

/** Finds its own folder, so that the folder may be moved. */
function starterOf(program, { loader, libraries }) {
  return `#!/bin/sh
root="$(dirname "$(dirname "$(readlink -f "$0")")")/root"
exec "$root/${loader}" --library-path "$root/${libraries}" "$root/usr/bin/${program}" "$@"
`;
}

function works(where) {
  return (
    programs.every((program) => existsSync(join(where, "bin", program))) && versions(where).length === programs.length
  );
}

/** What the programs say of themselves; fewer than there are programs where one does not start. */
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
  const aiebu = ask("aiebu-asm", ["--version"], /AIEBU Build Version:\s*(\S+)/);
  return [
    bootgen && `bootgen ${bootgen}`,
    xclbinutil && `xclbinutil ${xclbinutil}`,
    aiebu && `aiebu-asm ${aiebu}`,
  ].filter(Boolean);
}
