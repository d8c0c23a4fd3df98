import { lowerDesign } from "@aiekit/mlir";
import { decodeTxn } from "@aiekit/xclbin";
import { AieArray } from "../aie-array.ts";
import type { AieArrayOptions } from "../array-options.ts";
import type { SimFault } from "../fault.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import { bytesOf, insts } from "../lowered-design.test-support.ts";
import { graphDesign } from "../random/graph-design.test-support.ts";
import type { Graph, Wire } from "../random/random-graph.test-support.ts";
import { graphOps } from "../random/run-graph.test-support.ts";
import { assemble, type HandFunction } from "../wasm-assembler.test-support.ts";

/** The first works out each launch; the others play theirs in strands, with one thread and with several. */
export const strandWays: readonly AieArrayOptions[] = [
  { tapes: false },
  { strands: "always" },
  { strands: "always", threads: 2, threadedFromUs: 0 },
  { strands: "always", threads: 3, threadedFromUs: 0, takesCalls: false },
];

/** Two chains side by side, each from the host through one core that calls `k` and back: two strands. */
function twoChains(objects: number, words = 16): Graph {
  const wire = (name: string, from: Wire["from"], to: Wire["from"]): Wire => ({
    name,
    from,
    to: [to],
    objects,
    depth: 2,
  });
  const chains = [0, 1].map((col) => {
    const [shim, core] = [
      { col, row: 0 },
      { col, row: 2 },
    ];
    const [input, output] = [wire(`in${col}`, shim, core), wire(`out${col}`, core, shim)];
    return { input, output, node: { ...core, inputs: [input], output, take: 1, factor: 1, term: 1000, calls: true } };
  });
  return {
    words,
    wires: chains.flatMap(({ input, output }) => [input, output]),
    nodes: chains.map(({ node }) => node),
    inputs: chains.map(({ input }) => input),
    outputs: chains.map(({ output }) => output),
  };
}

/** One chain from the host through two cores that call `k`, one behind the other: one strand. */
export function chainOfTwo(objects: number, words = 16): Graph {
  // Not neighbours, which would share memory.
  const places = [0, 2, 4, 0].map((row) => ({ col: 0, row }));
  const wires = places
    .slice(1)
    .map((to, i): Wire => ({ name: `w${i}`, from: places[i]!, to: [to], objects, depth: 2 }));
  const node = (i: number) => ({
    ...places[i]!,
    inputs: [wires[i - 1]!],
    output: wires[i]!,
    take: 1,
    factor: 1,
    term: 1,
    calls: true,
  });
  return { words, wires, nodes: [node(1), node(2)], inputs: [wires[0]!], outputs: [wires[2]!] };
}

interface ChainLaunches {
  readonly launches: number;
  /** Word `i` of input `chain` in a launch. */
  readonly fill: (launch: number, chain: number, i: number) => number;
  /** Bytes at an address of each core that are statics of its kernels, four of them. */
  readonly staticsAt?: number;
}

/** Launches of two chains in every way: what each left, from the first to the one that failed. */
export async function runChains(functions: HandFunction[], { launches, fill, staticsAt }: ChainLaunches) {
  const graph = twoChains(4);
  const config = loadArrayConfig(lowerDesign(graphDesign(graph)).module);
  const stream = decodeTxn(insts(graphOps(graph, config)));
  const data = staticsAt === undefined ? {} : { data: { address: staticsAt, bytes: [0, 0, 0, 0] } };
  const module = assemble({ functions, globals: 2, memory: { minimum: 1, maximum: 1 }, ...data });
  const seen = [];
  for (const options of strandWays) {
    // Arrays of one design have their tapes in common: a design of its own for each way.
    const array = new AieArray({ ...config }, new Map([0, 1].map((col) => [`${col},2`, module])), options);
    const ran: unknown[] = [];
    let failed: { readonly message: string } | undefined;
    for (let launch = 0; launch < launches && failed === undefined; launch++) {
      const outputs = graph.outputs.map((wire) => new Int32Array(wire.objects * graph.words));
      const inputs = graph.inputs.map((wire, chain) =>
        Int32Array.from({ length: wire.objects * graph.words }, (_, i) => fill(launch, chain, i)),
      );
      const run = array.run({ insts: stream, buffers: [...inputs, ...outputs].map(bytesOf) });
      const report = await run.then(
        ({ cycles, wordsMoved, tiles }) => ({ cycles, wordsMoved, tiles }),
        ({ message, fault }: SimFault) => {
          failed = { message };
          return { message, fault };
        },
      );
      ran.push({ outputs, report });
    }
    const memory = config.buffers.map(({ name }) => [name, [...array.buffer(name)]]);
    const { playedLaunches, launchesInStrands } = array;
    seen.push({ ran, memory, failed, playedLaunches, launchesInStrands });
    array.close();
  }
  return seen;
}
