// Time to parse, verify and lower a matrix product over 16 cores (npu1) and 32 cores (npu2); prints median, p95 and n.
// Runs on the built packages: `pnpm build` first. Usage: node scripts/bench-dialect.mjs [rounds]
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { DesignBuilder, lowerDesign, memref, parseModule, printModule, verify } from "../mlir/dist/index.js";

const warmUpRounds = 10;
const rounds = Number(process.argv[2] ?? 50);
const coresPerColumn = 4;
const tile = { m: 32, k: 64, n: 32 };
const i16 = { kind: "integer", width: 16, sign: "signless" };

const cases = [
  { device: "npu1", columns: 4, limitMs: 100 },
  { device: "npu2", columns: 8, limitMs: 200 },
];
console.log(`${cpus()[0]?.model ?? "unknown processor"}, node ${process.version}, clock performance.now`);
for (const { device, columns, limitMs } of cases) {
  const text = printModule(matmul(device, columns));
  for (let i = 0; i < warmUpRounds; i++) run(text);
  const times = Array.from({ length: rounds }, () => run(text)).sort((a, b) => a.total - b.total);
  const at = (part, quantile) => {
    const sorted = times.map((t) => t[part]).sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))].toFixed(1);
  };
  const parts = ["parse", "verify", "lower"].map((part) => `${part} ${at(part, 0.5)}`).join(", ");
  console.log(
    `${columns * coresPerColumn} cores, ${text.split("\n").length} lines: median ${at("total", 0.5)} ms (${parts}), p95 ${at("total", 0.95)} ms, n ${rounds}, limit ${limitMs} ms`,
  );
}

function run(text) {
  const start = performance.now();
  const module = parseModule(text, "matmul.mlir");
  const parsed = performance.now();
  const errors = verify(module).filter((found) => found.severity === "error");
  if (errors.length > 0) throw new Error(errors[0].message);
  const verified = performance.now();
  lowerDesign(module);
  const end = performance.now();
  return { parse: parsed - start, verify: verified - parsed, lower: end - verified, total: end - start };
}

/** C = A B: A's rows go over memtiles to whole rows of cores, B's columns to columns, C is joined in each column. */
function matmul(device, columns) {
  const d = new DesignBuilder(device);
  const types = {
    a: memref([tile.m, tile.k], i16),
    b: memref([tile.k, tile.n], i16),
    c: memref([tile.m, tile.n], i16),
    column: memref([coresPerColumn * tile.m, tile.n], i16),
  };
  const zero = d.kernel("zero_i16", [types.c], { object: "mm.o" });
  const multiply = d.kernel("matmul_i16", [types.a, types.b, types.c], { object: "mm.o" });
  const grid = Array.from({ length: columns }, (_, col) => ({
    shim: d.tile(col, 0),
    memtile: d.tile(col, 1),
    cores: Array.from({ length: coresPerColumn }, (_, row) => d.tile(col, 2 + row)),
  }));
  const depth = 2;
  const rows = Array.from({ length: coresPerColumn }, (_, row) => {
    const { shim, memtile } = grid[row % columns];
    const input = d.objectFifo({ name: `a${row}_in`, producer: shim, consumers: [memtile], depth, element: types.a });
    const consumers = grid.map(({ cores }) => cores[row]);
    const output = d.objectFifo({ name: `a${row}`, producer: memtile, consumers, depth, element: types.a });
    d.link({ inputs: [input], outputs: [output] });
    return { input, output };
  });
  const cols = grid.map(({ shim, memtile, cores }, col) => {
    const b = d.objectFifo({ name: `b${col}_in`, producer: shim, consumers: [memtile], depth, element: types.b });
    const bOut = d.objectFifo({ name: `b${col}`, producer: memtile, consumers: cores, depth, element: types.b });
    d.link({ inputs: [b], outputs: [bOut] });
    const parts = cores.map((core, row) =>
      d.objectFifo({ name: `c${col}_${row}`, producer: core, consumers: [memtile], depth, element: types.c }),
    );
    const c = d.objectFifo({ name: `c${col}`, producer: memtile, consumers: [shim], depth, element: types.column });
    d.link({ inputs: parts, outputs: [c], sourceOffsets: parts.map((_, row) => row * tile.m * tile.n) });
    return { b, bOut, parts, c };
  });
  for (const [col, { cores }] of grid.entries()) {
    for (const [row, core] of cores.entries()) {
      d.core(core, { stackBytes: 2048 }, (body) => {
        body.forever(() => {
          const c = body.acquire(cols[col].parts[row], "Produce");
          body.call(zero, [c]);
          body.repeat(8, () => {
            const a = body.acquire(rows[row].output, "Consume");
            const b = body.acquire(cols[col].bOut, "Consume");
            body.call(multiply, [a, b, c]);
            body.release(rows[row].output, "Consume");
            body.release(cols[col].bOut, "Consume");
          });
          body.release(cols[col].parts[row], "Produce");
        });
      });
    }
  }
  d.sequence(
    { name: "run", args: { a: memref([65536], i16), b: memref([65536], i16), c: memref([65536], i16) } },
    (s, host) => {
      for (const [row, { input }] of rows.entries()) {
        s.transfer({ fifo: input, buffer: host.a, id: row, offset: 0, sizes: [1, 1, 1, 8192], strides: [0, 0, 0, 1] });
      }
      for (const [col, { b, c }] of cols.entries()) {
        s.transfer({ fifo: b, buffer: host.b, id: 8, sizes: [1, 1, 1, 8192], strides: [0, 0, 0, 1] });
        s.transfer({
          fifo: c,
          buffer: host.c,
          id: 9,
          offset: col * 4096,
          sizes: [1, 1, 1, 4096],
          strides: [0, 0, 0, 1],
        });
      }
      for (const { c } of cols) s.wait(c);
    },
  );
  return d.build();
}
