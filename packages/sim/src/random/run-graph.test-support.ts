import { lowerDesign, type Operation } from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";
import { AieArray } from "../aie-array.ts";
import type { ArrayConfig } from "../array-config.ts";
import type { AieArrayOptions } from "../array-options.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import { bytesOf, insts, sync, transfer } from "../lowered-design.test-support.ts";
import type { RunReport } from "../run-report.ts";
import { addKernel, assemble } from "../wasm-assembler.test-support.ts";
import type { Graph, Wire } from "./random-graph.test-support.ts";

/** As wasm-ld links them: with a maximum of memory, so that threads can share it. */
const kernels = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });

/** What is passed to a run of a graph, where it is not the right thing. */
export interface GraphRun {
  readonly options?: AieArrayOptions;
  /** The design as lowered before, for many runs of one design. */
  readonly lowered?: ArrayConfig;
  /** Kernels of every core that calls one. */
  readonly module?: Uint8Array;
  readonly config?: (config: ArrayConfig) => ArrayConfig;
  readonly ops?: (ops: TxnOp[]) => TxnOp[];
  readonly buffers?: (buffers: Int32Array[]) => Int32Array[];
  readonly runs?: number;
  readonly onReport?: (report: RunReport) => void;
}

/** Input of a graph: numbers that tell their argument and place. */
export function graphInputs(graph: Graph): Int32Array[] {
  return graph.inputs.map((wire, k) =>
    Int32Array.from({ length: wire.objects * graph.words }, (_, i) => i * 7 - 300 + k * 100_000),
  );
}

/** Lowers a graph's design, runs it, and gives its outputs. @throws what the lowering and the array throw. */
export async function runGraph(graph: Graph, design: Operation, run: GraphRun = {}): Promise<Int32Array[]> {
  return (await runGraphReports(graph, design, run)).outputs;
}

/** The same, with what each run reports. */
export async function runGraphReports(
  graph: Graph,
  design: Operation,
  run: GraphRun = {},
): Promise<{ readonly outputs: Int32Array[]; readonly reports: RunReport[] }> {
  const read = run.lowered ?? loadArrayConfig(lowerDesign(design).module);
  const config = run.config ? run.config(read) : read;
  const calling = graph.nodes.flatMap((node) => ("take" in node && node.calls ? [`${node.col},${node.row}`] : []));
  const module = run.module ?? kernels;
  const array = new AieArray(config, new Map(calling.map((place) => [place, module])), run.options);
  let outputs: Int32Array[] = [];
  const reports: RunReport[] = [];
  for (let i = 0; i < (run.runs ?? 1); i++) {
    outputs = graph.outputs.map((wire) => new Int32Array(wire.objects * graph.words));
    const all = [...graphInputs(graph), ...outputs];
    const buffers = (run.buffers ? run.buffers(all) : all).map(bytesOf);
    const ops = graphOps(graph, config);
    const report = await array.run({ insts: insts(run.ops ? run.ops(ops) : ops), buffers });
    run.onReport?.(report);
    reports.push(report);
  }
  array.close();
  return { outputs, reports };
}

/** One transfer for each end at the host, receivers first, and a wait for each output. */
export function graphOps(graph: Graph, config: ArrayConfig): TxnOp[] {
  const allocation = (wire: Wire) => config.allocations.find(({ name }) => name === `${wire.name}_shim_alloc`)!;
  const part = (wire: Wire, argIndex: number) => {
    const { tile, direction, channel } = allocation(wire);
    return { col: tile.col, direction, channel, bd: argIndex, argIndex, lengthWords: wire.objects * graph.words };
  };
  const receive = graph.outputs.map((wire, k) => part(wire, graph.inputs.length + k));
  const send = graph.inputs.map((wire, k) => part(wire, k));
  const waits = receive.map(({ direction, channel, col }) => sync(direction, channel, col));
  return [...receive.flatMap((r) => transfer(r)), ...send.flatMap((s) => transfer(s)), ...waits];
}
