import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DesignError, type Target, targets, UsageError } from "@aiekit/core";

/**
 * Runs one of the steps that need no native tool, on files: what `aiekit build --dry-run` prints as `step ...`.
 * `args` as on a command line; the result goes to the file after `-o`, or is returned as text for stdout.
 */
export async function runOwnStep(args: readonly string[]): Promise<string> {
  const [name = "", ...rest] = args;
  const step = ownSteps[name];
  if (step === undefined) {
    throw new UsageError(`step: expected one of ${Object.keys(ownSteps).join(", ")}, got ${JSON.stringify(name)}`);
  }
  const { inputs, options } = splitOptions(rest);
  const result = await step(inputs, options);
  const output = options.get("-o");
  if (output === undefined) return typeof result === "string" ? result : "";
  await mkdir(dirname(output), { recursive: true });
  await writeFile(output, result);
  return "";
}

type Options = ReadonlyMap<string, string>;

// Each step loads what it needs: a plan calls this program a dozen times.
const ownSteps: Readonly<
  Record<string, (inputs: readonly string[], options: Options) => Promise<string | Uint8Array>>
> = {
  async design([kernel = "", target = "", device = "", ...params], options) {
    if (!(targets as readonly string[]).includes(target)) throw new UsageError(`step design: unknown target ${target}`);
    const [{ resolveRequest }, { makeDesign }, { everyCore }, { designTextFor }, { loweringOf }, { mlirAieReleases }] =
      await Promise.all([
        import("../request.ts"),
        import("../make-design.ts"),
        import("../core-programs.ts"),
        import("./design-text.ts"),
        import("./pass-pipelines.ts"),
        import("../../toolchain/mlir-aie-releases.ts"),
      ]);
    const choices = Object.fromEntries(params.map((param) => param.split("=", 2) as [string, string]));
    const request = await resolveRequest({ kernel, target: target as Target, device, params: choices });
    const { module } = makeDesign(request);
    const asked = options.get("--release") ?? "2026-03";
    const release = mlirAieReleases.find(({ id }) => id === asked);
    if (release === undefined) throw new UsageError(`step design: unknown release ${asked}`);
    return designTextFor(module, everyCore(module), loweringOf(release.id));
  },
  async verify([file = ""]) {
    const { formatDiagnostic, parseModule, verify } = await import("@aiekit/mlir");
    const found = verify(parseModule(await readFile(file, "utf8"), file));
    const text = found.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join("");
    if (found.some((diagnostic) => diagnostic.severity === "error")) throw new DesignError(text.trimEnd());
    return text;
  },
  async lower([file = ""]) {
    const { lowerDesign, parseModule, placeTiles, printModule, routeFlows } = await import("@aiekit/mlir");
    const { module } = lowerDesign(placeTiles(parseModule(await readFile(file, "utf8"), file)));
    routeFlows(module);
    return printModule(module);
  },
  async "npu-to-binary"([file = ""], options) {
    const { parseModule } = await import("@aiekit/mlir");
    const { npuToBinary } = await import("../../npu-to-binary.ts");
    return npuToBinary(parseModule(await readFile(file, "utf8"), file), options.get("--sequence") ?? "");
  },
  async "elf-names"([file = "", ...places]) {
    const { withElfNames } = await import("./elf-names.ts");
    const cores = places.map((place) => {
      const [col = Number.NaN, row = Number.NaN] = place.split(",").map(Number);
      return { col, row };
    });
    return withElfNames(await readFile(file, "utf8"), cores);
  },
  async "downgrade-ir"([file = ""]) {
    const { downgradeIr } = await import("./downgrade-ir.ts");
    return downgradeIr(await readFile(file, "utf8"));
  },
  async "compare-insts"([tools = "", own = ""]) {
    const { streamDifference } = await import("../../conformance/stream-difference.ts");
    const [expected, got] = await Promise.all([readFile(tools), readFile(own)]);
    const difference = streamDifference({ sequence: own, expected, got });
    if (difference === undefined) return `${own} equals ${tools}\n`;
    return `${difference.what}: ${tools} has ${difference.expected}, ${own} has ${difference.got}\n`;
  },
  async pdi([elfs = "", init = "", enable = ""]) {
    const { ownPackager, deviceSymbol } = await loadPackaging();
    const [ofElfs, ofInit, ofEnable] = await Promise.all([readFile(elfs), readFile(init), readFile(enable)]);
    return ownPackager.packPdi({ deviceSymbol, cdo: { elfs: ofElfs, init: ofInit, enable: ofEnable } });
  },
  async xclbin([pdi = "", device = "", buffers = ""]) {
    const { ownPackager, packageRequest } = await loadPackaging();
    return ownPackager.packXclbin({ ...packageRequest(device, Number(buffers)), pdi: await readFile(pdi) });
  },
  async bif() {
    const { designBif, deviceSymbol } = await loadPackaging();
    return designBif(deviceSymbol);
  },
  async "xclbinutil-json"([pdi = "", device = "", buffers = ""]) {
    const { packageRequest, xclbinutilInputs } = await loadPackaging();
    const request = { ...packageRequest(device, Number(buffers)), pdi: await readFile(pdi) };
    for (const [name, text] of Object.entries(xclbinutilInputs(request))) await writeFile(name, text);
    return "";
  },
  async lint([target = "", xclbin = "", ...streams]) {
    if (target !== "npu1" && target !== "npu2") throw new UsageError(`step lint: unknown target ${target}`);
    const { lintProducts } = await import("./lint-step.ts");
    const named = async (name: string) => ({ name, bytes: await readFile(name) });
    return lintProducts(target, await named(xclbin), await Promise.all(streams.map(named)));
  },
};

async function loadPackaging() {
  const [{ ownPackager }, inputs, { packageRequest }, { deviceSymbol }] = await Promise.all([
    import("../../packaging/own-packager.ts"),
    import("../../packaging/tool-inputs.ts"),
    import("./pack-steps.ts"),
    import("./pass-pipelines.ts"),
  ]);
  return { ownPackager, ...inputs, packageRequest, deviceSymbol };
}

/** Words after an option belong to it. */
function splitOptions(args: readonly string[]): { readonly inputs: readonly string[]; readonly options: Options } {
  const inputs: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    if (word.startsWith("-")) options.set(word, args[++i] ?? "");
    else inputs.push(word);
  }
  return { inputs, options };
}
