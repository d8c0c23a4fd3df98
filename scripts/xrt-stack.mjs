// The real XRT over the emulated driver, as programs on it see them: what to build, and how to start a program there.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const xrt = join(root, ".cache/xrt");
const driver = join(root, "build/emulated-npu");
const addonFolder = (sanitize) => join(root, sanitize === undefined ? "build/xrt-addon" : "build/xrt-addon-sanitized");

/** Why the stack is not here, or undefined. `node scripts/get-xrt.mjs` was run before. */
export function whyNoStack() {
  if (existsSync(join(xrt, "bin/node")) && !existsSync(join(xrt, "unavailable.txt"))) return undefined;
  const reason = join(xrt, "unavailable.txt");
  return existsSync(reason) ? readFileSync(reason, "utf8").trim() : "node scripts/get-xrt.mjs was not run";
}

/** Builds addon and driver. Gives why they cannot be built here, or undefined. @throws Error with the compiler's last words. */
export function buildStack({ sanitize } = {}) {
  const addon = ["scripts/build-xrt-addon.mjs", "--xrt", join(xrt, "root"), "--out", addonFolder(sanitize)];
  const built = spawnSync(process.execPath, [...addon, ...(sanitize === undefined ? [] : ["--sanitize", sanitize])], {
    cwd: root,
    encoding: "utf8",
  });
  if (built.status === 2) return built.stderr.trimEnd().split("\n").at(-1);
  if (built.status !== 0) throw new Error(built.stderr.trimEnd());
  const settings = ["-S", join(root, "host/emulation"), "-B", driver, `-DAIEKIT_XRT_ROOT=${join(xrt, "root")}`];
  quietly("cmake", settings);
  quietly("cmake", ["--build", driver]);
  return undefined;
}

/**
 * Runs a program on an emulated machine of its own and gives its exit code. `node` and `python3` are those beside XRT.
 * `preload` comes before the driver; `env` is added to this process's.
 */
export function runOnEmulatedMachine(
  command,
  args,
  { generation = "npu1", sanitize, preload = [], env = {}, coherent = false } = {},
) {
  const own = ["node", "python3"].includes(command);
  const main = join(root, "host/dist/emulation/main.js");
  const child = spawn(
    process.execPath,
    [main, "--npu", generation, "--", own ? join(xrt, "bin", command) : command, ...args],
    {
      cwd: root,
      stdio: "inherit",
      env: {
        ...process.env,
        AIEKIT_NPU_PRELOAD: [...preload, join(driver, "libaiekit_emulated_npu.so")].join(":"),
        // Beside those two programs lies an xrt.ini that makes XRT call the driver for syncs.
        ...(own && !coherent ? { AIEKIT_NPU_SYNC: "driver" } : {}),
        AIEKIT_XRT_ADDON: join(addonFolder(sanitize), "Release/aiekit_xrt.node"),
        ...(command === "python3" && {
          PYTHONHOME: join(xrt, "root/usr"),
          PYTHONPATH: join(xrt, "root/usr/lib/python3/dist-packages"),
          PYTHONDONTWRITEBYTECODE: "1",
        }),
        ...env,
      },
    },
  );
  return new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}

/** For an addon with sanitizers in a node without: their library comes first. Leaks are node's own, so not looked for. */
export function sanitizerEnvironment() {
  const library = spawnSync("c++", ["-print-file-name=libasan.so"], { encoding: "utf8" }).stdout.trim();
  return {
    preload: [realpathSync(library)],
    env: { ASAN_OPTIONS: "detect_leaks=0:halt_on_error=1", UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1" },
  };
}

function quietly(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  const said = `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`.trimEnd().split("\n").slice(-20).join("\n");
  throw new Error(`${command} ${args.slice(0, 4).join(" ")} failed\n${said}`);
}
