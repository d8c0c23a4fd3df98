// Gets AMD's real XRT 2.25 with its NPU plug-in, for tests of the `xrt` device that need no NPU.
//
//   node scripts/get-xrt.mjs [FOLDER]                   default .cache/xrt
//
// XRT of Debian's backports needs a newer C library than many systems have, so FOLDER holds, beside XRT and its headers,
// Debian 13's C library and programs whose loader is set to it: FOLDER/bin/node, a copy of the node that runs this, and
// FOLDER/bin/python3 with pyxrt. Nothing is installed and no root is needed (scripts/debian-packages.mjs).
// Exit code 1 with one line that says why, where it cannot be had; the same line is left in FOLDER/unavailable.txt.
import { copyFileSync, existsSync, mkdirSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  backports,
  layouts,
  leaveReason,
  makeFolderOfPackages,
  oldSuite,
  runnerUntil,
  suite,
} from "./debian-packages.mjs";

// XRT, what it loads, what compiles against it (the kernel's header of the amdxdna driver too), and a Python for pyxrt.
const packages = [
  ...["libc6", "libstdc++6", "libgcc-s1", "libatomic1", "libuuid1", "uuid-dev"].map((name) => `${name}/${suite}`),
  ...["python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib", "libexpat1", "zlib1g"].map(
    (name) => `${name}/${suite}`,
  ),
  ...["libxrt2", "libxrt-npu2", "libxrt-dev", "python3-xrt", "linux-libc-dev"].map((name) => `${name}/${backports}`),
  // 0.18 of the newer release writes programs that crash at their start; 0.14 starts with any C library since.
  `patchelf/${oldSuite}`,
];
// The NPU's plug-in is x86 only, as the processors are.
const { loader, libraries } = layouts.amd64;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] ?? join(root, ".cache/xrt"));
const run = runnerUntil(240);

try {
  if (versionsThatStart() === undefined) install();
  const versions = versionsThatStart();
  if (versions === undefined) throw new Error(`${join(folder, "bin")}: the programs were unpacked but do not start`);
  console.log(`XRT for tests: ${versions} in ${folder}`);
} catch (error) {
  const reason = error.message.split("\n")[0];
  leaveReason(folder, reason);
  console.log(`XRT cannot be had here: ${reason}`);
  process.exitCode = 1;
}

function install() {
  console.log(`unpacking XRT of Debian ${backports} into ${folder} (21 MB of packages)`);
  makeFolderOfPackages({ folder, packages, architectures: ["amd64"], arrange, run });
}

function arrange(work) {
  // Headers, libraries and Python's modules only: documentation has links to packages that are not here.
  for (const part of [libraries, "usr/include", "usr/lib/python3", "usr/lib/python3.13"]) {
    mkdirSync(dirname(join(work, "root", part)), { recursive: true });
    renameSync(join(work, "unpacked", part), join(work, "root", part));
  }
  mkdirSync(join(work, "bin"));
  copyFileSync(realpathSync(process.execPath), join(work, "bin/node"));
  copyFileSync(join(work, "unpacked/usr/bin/python3.13"), join(work, "bin/python3"));
  // The loader is named by where it will be: `work` is renamed to `folder`. XRT finds its parts beside itself.
  const library = join(folder, "root", libraries);
  const interpreter = join(folder, "root", loader);
  const unpackedLoader = join(work, "root", loader);
  for (const program of ["node", "python3"]) {
    run(unpackedLoader, [
      ...["--library-path", join(work, "root", libraries), join(work, "unpacked/usr/bin/patchelf")],
      ...["--set-interpreter", interpreter, "--force-rpath", "--set-rpath", library, join(work, "bin", program)],
    ]);
  }
  // XRT reads this beside the program that runs. A sync is then a call of the driver instead of an instruction of the
  // processor, so that an emulated driver sees it, and a missing one shows.
  writeFileSync(join(work, "bin/xrt.ini"), "[Debug]\nforce_driver_sync=true\n[Runtime]\nverbosity=3\n");
}

/** The versions in the folder; undefined where a program is not there or does not start, or node is another one. */
function versionsThatStart() {
  if (!existsSync(join(folder, "bin/node"))) return undefined;
  try {
    const node = run(join(folder, "bin/node"), ["--version"]);
    if (node !== process.version) return undefined;
    const xrt = "import pyxrt, sys; print(sys.version.split()[0])";
    const python = run(join(folder, "bin/python3"), ["-c", xrt], {
      env: {
        ...process.env,
        PYTHONHOME: join(folder, "root/usr"),
        PYTHONPATH: join(folder, "root/usr/lib/python3/dist-packages"),
      },
    });
    return `node ${node}, python ${python} with pyxrt`;
  } catch {
    return undefined;
  }
}
