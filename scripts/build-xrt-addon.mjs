// Builds the Node addon over XRT, host/native/build/Release/aiekit_xrt.node. Needs a C++17 compiler, cmake >= 3.18 and XRT
// >= 2.21 with headers.
//
//   node scripts/build-xrt-addon.mjs [--xrt FOLDER] [--sanitize address,undefined] [--out FOLDER]
//
// FOLDER has XRT's include/ (or usr/include/); by default the system's, XILINX_XRT's and /opt/xilinx/xrt are searched.
// Its three npm packages are installed into host/native on the way, without running scripts of theirs. Exit code 2 where a
// program or a package that it needs cannot be had, 1 where it does not compile.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "./script-arguments.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const native = join(root, "host/native");
const { values } = parseArgs({
  options: { xrt: { type: "string" }, sanitize: { type: "string" }, out: { type: "string" } },
});
const out = resolve(values.out ?? join(native, "build"));

for (const [program, cure] of Object.entries({
  cmake: "apt install cmake, or pip install cmake",
  "c++": "apt install g++, or another C++17 compiler",
})) {
  if (spawnSync(program, ["--version"]).status !== 0) stop(`there is no ${program} here: ${cure}`, 2);
}
if (!existsSync(join(native, "node_modules/cmake-js"))) {
  step("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], 2);
}
const definitions = [
  `--CDAIEKIT_XRT_ROOT=${values.xrt === undefined ? "" : resolve(values.xrt)}`,
  `--CDAIEKIT_SANITIZE=${values.sanitize ?? ""}`,
];
step(process.execPath, [
  "node_modules/cmake-js/bin/cmake-js",
  "build",
  "--log-level=error",
  "--out",
  out,
  ...definitions,
]);
console.log(`XRT addon: ${join(out, "Release/aiekit_xrt.node")}`);

function step(command, args, exitCode = 1) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: native, encoding: "utf8" });
  if (status === 0) return;
  console.error(`${stdout}${stderr}`.trimEnd().split("\n").slice(-30).join("\n"));
  stop(`${[command, ...args].join(" ")} (in ${native}) failed, see above`, exitCode);
}

function stop(reason, exitCode) {
  console.error(`the XRT addon cannot be built here: ${reason}`);
  process.exit(exitCode);
}
