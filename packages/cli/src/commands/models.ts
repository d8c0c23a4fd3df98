import { rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "@aiekit/core";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { GetEvent, GotModel, ModelSource } from "../models/get-model.ts";
import { localModels, requireSingleModel } from "../models/model-receipt.ts";
import { findModelFolder, isFolder, modelName, modelsFolder } from "../models/models-folder.ts";
import { printValue } from "../print-value.ts";
import { formatTable } from "../table.ts";

export type ModelsAction = "get" | "list" | "verify" | "rm";

export interface ModelsOptions {
  readonly action: ModelsAction;
  readonly models: readonly string[];
  readonly hub: string | undefined;
  readonly mirror: string | undefined;
  readonly from: string | undefined;
  readonly revision: string | undefined;
  readonly force: boolean;
  readonly downloads: boolean;
}

/** `aiekit models`: exit code 1 when verify finds a difference, 3 for a model that cannot be used, 4 for one that cannot be had. */
export const models: Command<ModelsOptions> = async (context, options) => {
  refuseForeignOptions(options);
  switch (options.action) {
    case "get":
      return get(context, options);
    case "list":
      return list(context, options);
    case "verify":
      return verify(context, options);
    case "rm":
      return remove(context, options);
  }
};

/** An option that an action does not know is a mistake, not a wish to ignore. */
function refuseForeignOptions(options: ModelsOptions): void {
  const { action, models: names, hub, mirror, from, revision } = options;
  const given: readonly (readonly [string, boolean, ModelsAction])[] = [
    ["--hub", hub !== undefined, "get"],
    ["--mirror", mirror !== undefined, "get"],
    ["--from", from !== undefined, "get"],
    ["--revision", revision !== undefined, "get"],
    ["--force", options.force, "get"],
    ["--downloads", options.downloads, "rm"],
  ];
  const foreign = given.find(([, isGiven, owner]) => isGiven && owner !== action);
  if (foreign) throw new UsageError(`${foreign[0]}: an option of models ${foreign[2]}, not of models ${action}`);
  const sources = given.slice(0, 3).filter(([, isGiven]) => isGiven);
  if (sources.length > 1)
    throw new UsageError(`models get: expected one of ${sources.map(([name]) => name).join(", ")}`);
  if (revision !== undefined && (mirror ?? from) !== undefined)
    throw new UsageError("--revision: a hub has revisions; a mirror or a folder has none");
  const needsName = action === "get" || (action === "rm" && !options.downloads);
  if (needsName && names.length === 0)
    throw new UsageError(`models ${action}: expected a model`, { hint: `aiekit models ${action} tiny` });
  if (from !== undefined && names.length !== 1)
    throw new UsageError("--from: expected one model's name for the folder");
}

const get: Command<ModelsOptions> = async (context, options) => {
  const { getModel } = await import("../models/get-model.ts");
  const names = options.models.map(modelName);
  const root = await modelsFolder(context.environment.variables);
  const source = sourceOf(context, options);
  const task = context.progress.start("models");
  const got: GotModel[] = [];
  try {
    for (const name of names) {
      const onEvent = (event: GetEvent) => showEvent(context, task, event);
      const { signal, environment } = context;
      got.push(
        await getModel({ name, root, source, force: options.force, env: environment.variables, signal, onEvent }),
      );
    }
  } finally {
    task.done();
  }
  printValue(context, { ok: true, models: got }, got.flatMap(describeModel));
  return exitCodes.ok;
};

/** Variables hold where no option says something else. */
function sourceOf({ environment: { variables }, cwd }: CommandContext, options: ModelsOptions): ModelSource {
  if (options.from !== undefined) return { kind: "folder", folder: resolve(cwd, options.from) };
  const mirror = options.mirror ?? (options.hub === undefined ? variables.AIEKIT_MODELS_MIRROR : undefined);
  if (mirror) return { kind: "mirror", mirror: address("--mirror", mirror) };
  const hub = options.hub ?? (variables.AIEKIT_HUB || "https://huggingface.co");
  return { kind: "hub", hub: address("--hub", hub), revision: options.revision ?? "main" };
}

function address(option: string, text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new UsageError(`${option} ${text}: expected an address, https://HOST/`, {
    hint: "a folder of this machine: --from FOLDER",
  });
}

function showEvent(context: CommandContext, task: { update(state: string): void }, event: GetEvent): void {
  if (event.kind === "download") {
    const of = event.totalBytes === undefined ? "" : ` of ${megabytes(event.totalBytes)}`;
    task.update(`download ${event.file}: ${megabytes(event.doneBytes)}${of}`);
  } else if (event.kind === "resume") {
    context.stderr.write(`${event.file}: ${megabytes(event.doneBytes)} are here already, going on from there\n`);
  } else task.update(`${event.kind} ${event.file}`);
}

function describeModel({ receipt, folder, unchanged }: GotModel): string[] {
  const files = Object.values(receipt.files);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const known = files.filter(({ trust }) => trust !== "first use").length;
  const what = unchanged ? "already here" : `${files.length} files, ${megabytes(bytes)}`;
  const trust = `hashes: ${known} as ${receipt.source} says, ${files.length - known} not known before, believed from now on`;
  return [`${receipt.name}: ${what}`, `  ${folder}`, `  ${trust}`];
}

const list: Command<ModelsOptions> = async (context, options) => {
  const root = await modelsFolder(context.environment.variables);
  const wanted = options.models.map(modelName);
  const all = await localModels(root);
  const shown = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const rows = shown.map(({ name, bytes, receipt }) => {
    return [name, megabytes(bytes), receipt?.revision?.slice(0, 12) ?? "-", receipt?.source ?? "put here by hand"];
  });
  const titles = ["model", "size", "revision", "from"].map((title) => ({ title }));
  const lines = rows.length === 0 ? ["no models: aiekit models get tiny"] : [formatTable(titles, rows)];
  printValue(context, { folder: root, models: shown }, [...lines, root]);
  return exitCodes.ok;
};

const verify: Command<ModelsOptions> = async (context, options) => {
  const { verifyModel } = await import("../models/verify-model.ts");
  const { variables } = context.environment;
  const root = await modelsFolder(variables);
  const folders =
    options.models.length === 0
      ? (await localModels(root)).map(({ folder }) => folder)
      : await Promise.all(options.models.map((text) => findModelFolder(text, context.cwd, variables)));
  const task = context.progress.start("verify");
  const verdicts = [];
  try {
    for (const folder of folders) {
      task.update(folder);
      verdicts.push(await verifyModel(folder, context.signal));
    }
  } finally {
    task.done();
  }
  const ok = verdicts.every(({ problems }) => problems.length === 0);
  const lines = verdicts.flatMap(({ folder, hashed, problems }) => [
    `${folder}: ${problems.length} problem(s); ${hashed === 0 ? "no hashes are known" : `${hashed} files hashed`}`,
    ...problems.map((problem) => `  ${problem}`),
  ]);
  printValue(context, { ok, models: verdicts }, lines.length === 0 ? [`no models in ${root}`] : lines);
  return ok ? exitCodes.ok : exitCodes.failed;
};

const remove: Command<ModelsOptions> = async (context, { models: given, downloads }) => {
  const { partialFolder } = await import("../models/get-model.ts");
  const root = await modelsFolder(context.environment.variables);
  const names = given.map(modelName);
  const folders = names.map((name) => join(root, name));
  for (const name of names) await requireSingleModel(root, name);
  for (const [i, folder] of folders.entries())
    if (!(await isFolder(folder)))
      throw new UsageError(`model ${names[i]}: not in ${root}`, { hint: "aiekit models list shows what is here" });
  if (downloads) folders.push(join(root, partialFolder));
  for (const folder of folders) {
    await rm(folder, { recursive: true, force: true });
    // Other models of the same owner stay.
    if (dirname(folder) !== root) await rmdir(dirname(folder)).catch(() => undefined);
  }
  printValue(
    context,
    { removed: folders },
    folders.map((folder) => `removed ${folder}`),
  );
  return exitCodes.ok;
};

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
