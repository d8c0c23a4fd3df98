import { resolve } from "node:path";
import { UsageError } from "@aiekit/core";
import type { InstallEvent, InstalledPackage, InstallResult } from "@aiekit/tools";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";

export type ToolchainAction = "install" | "list" | "verify" | "path" | "rm";

export interface ToolchainOptions {
  readonly action: ToolchainAction;
  readonly packages: readonly string[];
  readonly mirror: string | undefined;
  readonly wheels: readonly string[];
  readonly sha256: readonly string[];
  readonly trustFirstUse: boolean;
  readonly force: boolean;
  readonly downloads: boolean;
}

/** `aiekit toolchain`: exit code 1 when verify finds a difference, 4 when a wheel cannot be had. */
export const toolchain: Command<ToolchainOptions> = async (context, options) => {
  refuseForeignOptions(options);
  switch (options.action) {
    case "install":
      return install(context, options);
    case "list":
      return list(context, options);
    case "verify":
      return verify(context, options);
    case "path":
      return printPath(context, options);
    case "rm":
      return remove(context, options);
  }
};

/** An option that an action does not know is a mistake, not a wish to ignore. */
function refuseForeignOptions(options: ToolchainOptions): void {
  const { action } = options;
  const given: readonly (readonly [string, boolean, ToolchainAction])[] = [
    ["--mirror", options.mirror !== undefined, "install"],
    ["--wheel", options.wheels.length > 0, "install"],
    ["--sha256", options.sha256.length > 0, "install"],
    ["--trust-first-use", options.trustFirstUse, "install"],
    ["--force", options.force, "install"],
    ["--downloads", options.downloads, "rm"],
  ];
  const foreign = given.find(([, isGiven, owner]) => isGiven && owner !== action);
  if (foreign) throw new UsageError(`${foreign[0]}: an option of toolchain ${foreign[2]}, not of toolchain ${action}`);
  const odd = options.sha256.find((hash) => !/^[0-9a-fA-F]{64}$/.test(hash));
  if (odd !== undefined) throw new UsageError(`--sha256 ${odd}: expected 64 hex digits`);
}

const install: Command<ToolchainOptions> = async (context, options) => {
  const { findProject, freeBytes, installWheels, localWheelHost, readToolchainLock, requireToolchainFolder } =
    await import("@aiekit/tools");
  const { variables } = context.environment;
  const task = context.progress.start("toolchain");
  const results = await installWheels({
    lock: readToolchainLock(findProject().root),
    root: requireToolchainFolder(variables),
    packages: options.packages,
    wheels: options.wheels.map((path) => resolve(context.cwd, path)),
    mirror: options.mirror ?? (variables.AIEKIT_TOOLCHAIN_MIRROR || undefined),
    given: options.sha256.map((hash) => hash.toLowerCase()),
    trustFirstUse: options.trustFirstUse,
    force: options.force,
    host: localWheelHost(),
    env: variables,
    signal: context.signal,
    freeBytes,
    onEvent: (event) => showEvent(context, task, event),
  }).finally(() => task.done());
  if (context.json) context.stdout.write(`${JSON.stringify({ ok: true, installed: results }, null, 2)}\n`);
  else context.stdout.write(`${results.map(describeResult).join("\n")}\nnext: aiekit doctor --target npu1\n`);
  return exitCodes.ok;
};

function showEvent(context: CommandContext, task: { update(state: string): void }, event: InstallEvent): void {
  const { file } = event;
  switch (event.kind) {
    case "download":
    case "unpack": {
      const of = event.totalBytes === undefined ? "" : ` of ${megabytes(event.totalBytes)}`;
      task.update(`${event.kind} ${file}: ${megabytes(event.doneBytes)}${of}`);
      break;
    }
    case "verify":
      task.update(`verify ${file}`);
      break;
    case "wait":
      task.update(`wait for process ${event.pid}, which downloads ${file}`);
      break;
    case "resume":
      context.stderr.write(`${file}: ${megabytes(event.doneBytes)} are here already, going on from there\n`);
      break;
    case "outside range":
      context.stderr.write(`${file}: the drivers are written for ${event.expected}; this is ${event.version}\n`);
      break;
  }
}

function describeResult({ receipt, folder, unchanged }: InstallResult): string {
  const trust = {
    lock: "SHA-256 as in tools/toolchain.lock.json",
    given: "SHA-256 as given",
    "first use": "SHA-256 not known before, believed from now on",
  }[receipt.trust];
  const what = unchanged ? "already installed" : `installed, ${receipt.files} files, ${megabytes(receipt.bytes)}`;
  return `${receipt.name} ${receipt.version}: ${what}\n  ${folder}\n  ${trust}: ${receipt.sha256}`;
}

const list: Command<ToolchainOptions> = async (context, options) => {
  const { findProject, readToolchainLock, requireToolchainFolder } = await import("@aiekit/tools");
  const root = requireToolchainFolder(context.environment.variables);
  const lock = readToolchainLock(findProject().root);
  const installed = await chosenPackages(context, options);
  if (context.json) {
    context.stdout.write(`${JSON.stringify({ folder: root, lock, installed }, null, 2)}\n`);
    return exitCodes.ok;
  }
  const pinned = [...lock.wheels, ...lock.others].map(({ name, version, licence, sha256 }) => {
    const here = installed.filter(({ receipt }) => receipt.name === name);
    const states = here.map(({ receipt, current }) => `${receipt.version}${current ? " (in use)" : ""}`);
    return [name, version, licence, sha256 === null ? "-" : sha256.slice(0, 12), states.join(", ") || "-"];
  });
  const titles = ["package", "pinned", "licence", "sha256", "installed"].map((title) => ({ title }));
  context.stdout.write(`${formatTable(titles, pinned)}\n${root}\n`);
  return exitCodes.ok;
};

const verify: Command<ToolchainOptions> = async (context, options) => {
  const { verifyPackage } = await import("@aiekit/tools");
  const installed = await chosenPackages(context, options);
  const task = context.progress.start("verify");
  const verdicts = [];
  try {
    for (const one of installed)
      verdicts.push(await verifyPackage(one, { signal: context.signal, onProgress: (state) => task.update(state) }));
  } finally {
    task.done();
  }
  const rows = verdicts.map(({ package: { receipt, folder }, files, problems }) => ({
    name: receipt.name,
    version: receipt.version,
    folder,
    files,
    problems: Object.fromEntries(problems),
  }));
  const ok = verdicts.every(({ problems }) => problems.size === 0);
  if (context.json) context.stdout.write(`${JSON.stringify({ ok, packages: rows }, null, 2)}\n`);
  for (const { name, version, files, problems } of context.json ? [] : rows) {
    const found = Object.entries(problems);
    context.stdout.write(`${name} ${version}: ${files} files, ${found.length} of them not as installed\n`);
    for (const [path, problem] of found.slice(0, 20)) context.stdout.write(`  ${path}: ${problem}\n`);
    if (found.length > 0) context.stdout.write(`  again: aiekit toolchain install ${name} --force\n`);
  }
  if (!context.json && rows.length === 0) context.stdout.write("nothing is installed: aiekit toolchain install\n");
  return ok ? exitCodes.ok : exitCodes.failed;
};

/** Folder inside a wheel that the variables of mlir-aie and Peano name. */
const packageFolders: Readonly<Record<string, { readonly below: string; readonly variable: string }>> = {
  mlir_aie: { below: "mlir_aie", variable: "MLIR_AIE_INSTALL_DIR" },
  llvm_aie: { below: "llvm-aie", variable: "PEANO_INSTALL_DIR" },
};

/** One line with a folder for one package, for `$(...)`; `VARIABLE=folder` lines for all. */
const printPath: Command<ToolchainOptions> = async (context, options) => {
  const current = (await chosenPackages(context, options)).filter((one) => one.current);
  const paths = current.map(({ folder, receipt: { name } }) => {
    const { below, variable } = packageFolders[name] ?? { below: "", variable: name };
    return { name, variable, path: resolve(folder, below) };
  });
  if (context.json) context.stdout.write(`${JSON.stringify({ paths }, null, 2)}\n`);
  else
    for (const { variable, path } of paths)
      context.stdout.write(options.packages.length === 1 ? `${path}\n` : `${variable}=${path}\n`);
  return exitCodes.ok;
};

const remove: Command<ToolchainOptions> = async (context, { packages, downloads }) => {
  const { removePackages, requireToolchainFolder } = await import("@aiekit/tools");
  const root = requireToolchainFolder(context.environment.variables);
  const removed = await removePackages({ root, names: packages, downloads });
  if (context.json) context.stdout.write(`${JSON.stringify({ removed }, null, 2)}\n`);
  else
    context.stdout.write(
      removed.length === 0 ? "nothing to remove\n" : removed.map((path) => `removed ${path}\n`).join(""),
    );
  return exitCodes.ok;
};

/** @throws UsageError for a package that is not installed. */
async function chosenPackages(
  context: CommandContext,
  { packages, action }: ToolchainOptions,
): Promise<readonly InstalledPackage[]> {
  const { installedPackages, requireToolchainFolder } = await import("@aiekit/tools");
  const root = requireToolchainFolder(context.environment.variables);
  const installed = await installedPackages(root);
  const missing = packages.find((name) => !installed.some(({ receipt }) => receipt.name === name));
  if (missing !== undefined && action !== "list")
    throw new UsageError(`${missing}: not installed in ${root}`, { hint: `aiekit toolchain install ${missing}` });
  return packages.length === 0 ? installed : installed.filter(({ receipt }) => packages.includes(receipt.name));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
