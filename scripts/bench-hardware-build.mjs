// Times of builds for npu1: a build without a change, as a process of its own, and the plan of a design of 16 cores.
// The tools are stand-ins, shell scripts that copy ready answers, since a build without a change starts none of them.
//   node scripts/bench-hardware-build.mjs
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const at = (path) => pathToFileURL(join(root, path)).href;
const { findKernel, lowerDesign, placeTiles, printModule, routeFlows } = await import(at("mlir/dist/index.js"));
const { buildKernel, npuToBinary } = await import(at("tools/dist/index.js"));
const { loweringOf, passNames } = await import(at("tools/dist/build/npu/pass-pipelines.js"));

const runs = 15;
const folder = mkdtempSync(join(tmpdir(), "aiekit-bench-"));
try {
  const env = writeTools(folder);
  const project = { projectRoot: join(folder, "project"), env };
  cpSync(join(root, "kernels"), join(folder, "project/kernels"), { recursive: true });
  await buildKernel({ kernel: "mel", target: "npu1" }, project);

  const unchanged = times(() => buildInProcess(project));
  const plans = times(() => planInProcess(project));

  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, load ${load}, Node.js ${process.versions.node}, commit ${commit}`,
  );
  console.log(
    `measured, n = ${runs} processes each: median (95th percentile); on a machine that does other work, CPU time tells more`,
  );
  report(
    "no change, mel for npu1, process and all",
    unchanged.map((run) => run.process),
    300,
  );
  report(
    "no change, mel for npu1, the build alone",
    unchanged.map((run) => run.work),
    300,
  );
  report(
    "plan of matmul for npu1, 16 cores",
    plans.map((run) => run.work),
    200,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function times(run) {
  return Array.from({ length: runs }, () => run());
}

function buildInProcess(project) {
  return inProcess(
    "tools/dist/build/build-kernel.js",
    `const { fresh } = await module.buildKernel({ kernel: "mel", target: "npu1" }, ${JSON.stringify(project)});
     if (!fresh) throw new Error("the build was not fresh");`,
  );
}

function planInProcess(project) {
  return inProcess(
    "tools/dist/index.js",
    `const { steps } = await module.planKernel({ kernel: "matmul", target: "npu1" }, ${JSON.stringify(project)});
     if (steps.filter(({ name }) => name.startsWith("link core")).length !== 16) throw new Error("not 16 cores");`,
  );
}

/** Runs `work` in a node process of its own: times of the whole process, and of the work after the module is loaded. */
function inProcess(module, work) {
  const program = `
    const module = await import(${JSON.stringify(at(module))});
    const startMs = performance.now();
    const start = process.cpuUsage();
    ${work}
    const spent = process.cpuUsage(start);
    const all = process.cpuUsage();
    const cpuMs = ({ user, system }) => (user + system) / 1000;
    console.log(JSON.stringify({ wallMs: performance.now() - startMs, cpuMs: cpuMs(spent), allCpuMs: cpuMs(all) }));`;
  const startMs = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  const { wallMs, cpuMs, allCpuMs } = JSON.parse(stdout);
  return { process: { wallMs: performance.now() - startMs, cpuMs: allCpuMs }, work: { wallMs, cpuMs } };
}

function report(name, spans, limitMs) {
  const of = (key) => {
    const sorted = spans.map((span) => span[key]).sort((a, b) => a - b);
    const quantile = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(0);
    return `${quantile(0.5)} ms (${quantile(0.95)})`;
  };
  console.log(`${name}: wall ${of("wallMs")}, CPU ${of("cpuMs")}; limit ${limitMs} ms`);
}

/** Stand-ins for aie-opt, aie-translate and Peano, with answers for mel on one core. */
function writeTools(folder) {
  const put = (path, content) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const design = findKernel("mel").design({ device: "npu1_1col", params: { tiles: 1 } });
  const { module } = lowerDesign(placeTiles(design.module));
  const answers = {
    "target.txt": "AIE2\n",
    "cores.txt": '[(0,2,"main_core_0_2.elf"),]\n',
    "input_with_addresses.mlir": printModule(module),
    "input_physical.mlir": printModule(routeFlows(module)),
    "npu_insts.mlir": "",
    "main_core_0_2.ld.script": "INPUT(mel.o)\n",
    ...Object.fromEntries(["opt.mlir", "ll", "opt.ll", "o"].map((end) => [`main_core_0_2.${end}`, "-"])),
    "main_core_0_2.elf": coreElf(1024),
    "mel.o": "-",
    "main_aie_cdo_elfs.bin": cdo([(18 << 16) | 0x105, 0, 0x220000, ...Array(16).fill(1)]),
    "main_aie_cdo_init.bin": cdo([(3 << 16) | 0x108, 0, 0x23f004, 0x80000001]),
    "main_aie_cdo_enable.bin": cdo([(4 << 16) | 0x107, 0, 0x232000, 1, 1]),
  };
  for (const { name } of design.sequences) answers[`insts_${name}.bin`] = npuToBinary(module, name);
  for (const [name, content] of Object.entries(answers)) put(`answers/${name}`, content);

  const lowering = loweringOf("2026-03");
  const passes = [
    lowering.addresses("aie2"),
    lowering.route,
    lowering.core({ col: 0, row: 2 }, "aie2"),
    lowering.sequences,
  ];
  put("answers/help", ["aie-device-name", ...passes.flatMap(passNames)].map((name) => `  --${name}`).join("\n"));
  put("mlir_aie/include/aie_api/aie.hpp", "");
  const script = `#!/bin/sh
cd_to=$(pwd); answers="$(dirname "$0")/../../answers"
case "$*" in
  --version) echo "stand-in 0a1b2c3d for aie2"; exit ;;
  --help) cat "$answers/help"; exit ;;
  *corelist*) cat "$answers/cores.txt"; exit ;;
  *target-arch*) cat "$answers/target.txt"; exit ;;
  *generate-cdo*) cp "$answers"/main_aie_cdo_*.bin .; exit ;;
esac
while [ "$1" != -o ]; do shift; done
cp "$answers/$2" "$2"
`;
  for (const tool of [
    "mlir_aie/bin/aie-opt",
    "mlir_aie/bin/aie-translate",
    ...["clang", "clang++", "opt", "llc"].map((t) => `llvm-aie/bin/${t}`),
  ]) {
    put(tool, script);
    chmodSync(join(folder, tool), 0o755);
  }
  return { MLIR_AIE_INSTALL_DIR: join(folder, "mlir_aie"), PEANO_INSTALL_DIR: join(folder, "llvm-aie") };
}

/** A CDO file: header, inverted sum, one NOP, the commands. */
function cdo(commands) {
  const head = [4, 0x004f4443, 0x200, commands.length + 1];
  const sum = ~head.reduce((total, word) => total + word, 0) >>> 0;
  return new Uint8Array(Uint32Array.from([...head, sum, 0x111, ...commands]).buffer);
}

/** A 32-bit ELF with one executable segment. */
function coreElf(bytes) {
  const words = new Uint32Array((52 + 32 + bytes) / 4);
  words.set([0x464c457f, 0x00010101, 0, 0, (264 << 16) | 2, 1, 0, 52, 0, 0, (32 << 16) | 52, 1, 0]);
  words.set([1, 84, 0, 0, bytes, bytes, 5, 16], 13);
  return new Uint8Array(words.buffer);
}
