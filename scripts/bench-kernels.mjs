// The table of kernels/benchmarks.md: what a launch of each kernel takes by the simulator's cost model, which part of
// that its multipliers or its busiest channel from or to the host would take alone, and the bytes that it moves. Cycles are modelled
// and the same on every machine. Runs on the built packages: `pnpm build` first.
//
//   node scripts/bench-kernels.mjs [--only TEXT]     print the rows
//   node scripts/bench-kernels.mjs --write           put them into kernels/benchmarks.md
//   node scripts/bench-kernels.mjs --check           exit code 1 where the page says something else
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { coreMemory, deviceModel, parseModule } from "../mlir/dist/index.js";
import { AieArray, parseArrayConfig } from "../packages/sim/dist/index.js";
import { decodeSimImage, decodeTxn, hostTraffic, readXclbin } from "../packages/xclbin/dist/index.js";
import { buildKernel } from "../tools/dist/index.js";
import { kernelBenchmarks } from "./kernel-benchmarks.mjs";
import { parseArgs } from "./script-arguments.mjs";

const page = resolve(dirname(fileURLToPath(import.meta.url)), "../kernels/benchmarks.md");
const [begin, end] = ["<!-- rows: scripts/bench-kernels.mjs -->", "<!-- end of the rows -->"];
const macsPerCycle = {
  aie2: { i8: 256, bf16: 128, i16: 64, i16xi8: 128, bf16xi8: 128 },
  aie2p: { i8: 512, bf16: 256, i16: 128, i16xi8: 256, bf16xi8: 256 },
};

const header = `| kernel | array | types | shape | cores | tile memory, B | rounding | error bound | cycles | of the multipliers | of the channel | to the array, B | from it, B | built with |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|`;

const { values: options } = parseArgs({
  options: { only: { type: "string" }, write: { type: "boolean" }, check: { type: "boolean" } },
});
const chosen = kernelBenchmarks.filter((one) => !options.only || JSON.stringify(one).includes(options.only));
const rows = [];
for (const one of chosen) {
  rows.push(await row(one));
  if (!options.write && !options.check) console.log(rows.at(-1));
}
if (options.write) await write();
if (options.check) await check();

async function row({ kernel, npu, params, sequence: wanted, types, shape, macs, issues, rounding, error }) {
  const { manifest, manifestPath } = await buildKernel({ kernel, target: "sim", device: npu, params });
  const folder = dirname(manifestPath);
  const sequence = wanted ? manifest.sequences.find(({ name }) => name === wanted) : manifest.sequences[0];
  const insts = new Uint8Array(await readFile(join(folder, sequence.insts.path)));
  const xclbin = readXclbin(new Uint8Array(await readFile(join(folder, manifest.xclbin.path))));
  const image = decodeSimImage(xclbin.partition.pdis[0].image, manifest.xclbin.path);
  const config = parseArrayConfig(image.loweredMlir, "lowered.mlir");
  const modules = new Map(image.cores.map(({ col, row, module }) => [`${col},${row}`, image.modules[module]]));
  const array = new AieArray(config, modules);
  const report = await array.run({ insts, buffers: sequence.args.map(noise) });
  await array.close();

  const cores = image.cores.length;
  const { generation } = deviceModel(npu);
  const channel = Math.max(
    ...report.tiles.filter((t) => t.tile.row === 0).flatMap((t) => t.channels.map((c) => c.words)),
  );
  const multiplier = issues?.(cores) ?? (macs ? macs.count / cores / macsPerCycle[generation][macs.type] : 0);
  const share = (bound) => (bound > 0 ? `${Math.round((100 * bound) / report.cycles)} %` : "");
  const lowered = parseModule(image.loweredMlir, "lowered.mlir");
  const memory = Math.max(...image.cores.map(({ col, row }) => coreMemory(lowered, col, row).dataBase));
  const traffic = hostTraffic(decodeTxn(insts));
  const moved = (of) => number(traffic.reduce((sum, one) => sum + one[of], 0));
  const given = Object.entries(params).map(([name, value]) => `--param ${name}=${value}`);
  const command = ["aiekit build", kernel, `--npu ${npu}`, ...given].join(" ");
  const cells = [
    `\`${kernel}\``,
    npu,
    types,
    shape,
    `${cores}`,
    number(memory),
    rounding,
    error,
    number(report.cycles),
    share(multiplier),
    share(channel),
    moved("bytesToArray"),
    moved("bytesFromArray"),
    `\`${command}\``,
  ];
  return `| ${cells.join(" | ")} |`;
}

function number(value) {
  return value.toLocaleString("en-US");
}

/** Noise between -1 and 1, the same each time; small integers; words of 1 where they are multipliers, shifts or lengths. */
function noise({ dtype, bytes, direction }) {
  const out = new Uint8Array(bytes);
  if (direction === "out") return out;
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  if (dtype === "i32") new Int32Array(out.buffer).fill(1);
  else if (dtype === "i8") for (let i = 0; i < bytes; i++) out[i] = Math.floor(16 * next());
  else if (dtype === "i16") fill(new Int16Array(out.buffer), () => Math.floor(8192 * next()));
  else if (dtype === "f32") fill(new Float32Array(out.buffer), next);
  else fill(new Uint16Array(out.buffer), () => new Uint32Array(Float32Array.of(next()).buffer)[0] >>> 16);
  return out;
}

function fill(array, next) {
  for (let i = 0; i < array.length; i++) array[i] = next();
}

async function write() {
  const text = await readFile(page, "utf8");
  const [before, , after] = parts(text);
  await writeFile(page, `${before}${begin}\n${header}\n${rows.join("\n")}\n${after}`);
  console.log(`${rows.length} rows written to ${page}`);
}

async function check() {
  const [, present] = parts(await readFile(page, "utf8"));
  const wrong = rows.filter((line) => !present.includes(line));
  for (const line of wrong) console.log(`not in kernels/benchmarks.md:\n${line}`);
  console.log(`${rows.length - wrong.length} of ${rows.length} rows are in kernels/benchmarks.md`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

/** What is before the rows, the rows, and what is behind them; the header of the table is before them. */
function parts(text) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`kernels/benchmarks.md: expected ${begin} and ${end}`);
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}
