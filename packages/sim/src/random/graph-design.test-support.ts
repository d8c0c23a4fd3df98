import {
  type CoreBuilder,
  DesignBuilder,
  type FifoHandle,
  i32,
  index,
  type KernelHandle,
  memref,
  Operation,
  type TileHandle,
  type Value,
} from "@aiekit/mlir";
import type { CoreNode, Graph, Place, Wire } from "./random-graph.test-support.ts";

/** What a core can be made to do wrong. */
export type Mistake =
  | "one-element-short"
  | "one-element-beyond"
  | "store-after-release"
  | "load-after-release"
  | "never-clears"
  | "kernel-writes-behind"
  | "kernel-writes-short";

interface Seeded {
  readonly core: CoreNode;
  readonly mistake: Mistake;
}

/** The design of a graph, not lowered, with a mistake in one of its cores where one is asked for. */
export function graphDesign(graph: Graph, seeded?: Seeded): Operation {
  const d = new DesignBuilder("npu1_2col");
  const tiles = new Map<string, TileHandle>();
  const tile = ({ col, row }: Place): TileHandle => {
    const known = tiles.get(`${col},${row}`) ?? d.tile(col, row);
    tiles.set(`${col},${row}`, known);
    return known;
  };
  const object = memref([graph.words], i32);
  const fifos = new Map<Wire, FifoHandle>();
  for (const wire of graph.wires) fifos.set(wire, d.objectFifo(fifoOptions(wire, graph, tile)));
  const kernel = d.kernel("k", [object, object, i32, i32], { object: "k.o" });
  for (const node of graph.nodes) {
    if (!("take" in node)) {
      d.link({ inputs: [fifos.get(node.input)!], outputs: [fifos.get(node.output)!] });
      continue;
    }
    const mistake = seeded?.core === node ? seeded.mistake : undefined;
    const inputs = node.inputs.map((wire) => fifos.get(wire)!);
    d.core(tile(node), { stackBytes: 1024 }, (body) => {
      const parts = { node, inputs, output: fifos.get(node.output)!, words: graph.words, kernel, mistake };
      writeCore(body, parts);
    });
  }
  return d.build();
}

function fifoOptions(wire: Wire, { words }: Graph, tile: (place: Place) => TileHandle) {
  const { name, columns } = wire;
  // A list is taken at its word, a single depth is not.
  const depth = [wire.depth, ...wire.to.map(() => wire.depth)];
  const options = {
    name,
    depth,
    producer: tile(wire.from),
    consumers: wire.to.map(tile),
    element: memref([words], i32),
  };
  if (columns === undefined) return options;
  const toStream = [
    { size: columns, stride: 1 },
    { size: words / columns, stride: columns },
  ];
  return { ...options, toStream };
}

interface CoreParts {
  readonly node: CoreNode;
  readonly inputs: readonly FifoHandle[];
  readonly output: FifoHandle;
  readonly words: number;
  readonly kernel: KernelHandle;
  readonly mistake: Mistake | undefined;
}

function writeCore(body: CoreBuilder, parts: CoreParts): void {
  const { node, inputs, output, mistake } = parts;
  body.forever(() => {
    const from = inputs.flatMap((fifo) => body.acquireMany(fifo, "Consume", node.take));
    const to = body.acquire(output, "Produce");
    writeWork(body, parts, { from, to });
    const [zero, value] = [body.constant(0, index), body.constant(7, i32)];
    for (const fifo of inputs) body.release(fifo, "Consume", node.take);
    if (mistake === "load-after-release") body.store(body.load(from[0]!, [zero]), to, [zero]);
    body.release(output, "Produce");
    if (mistake === "store-after-release") body.store(value, to, [zero]);
  });
}

function writeWork(body: CoreBuilder, parts: CoreParts, objects: { from: readonly Value[]; to: Value }): void {
  const { node, words, kernel, mistake } = parts;
  const { from, to } = objects;
  if (node.calls) {
    const more = mistake === "kernel-writes-behind" ? 1 : mistake === "kernel-writes-short" ? -1 : 0;
    body.call(kernel, [from[0]!, to, body.constant(words + more, i32), body.constant(node.term, i32)]);
    return;
  }
  const more = mistake === "one-element-beyond" ? 1 : mistake === "one-element-short" ? -1 : 0;
  body.repeat(words + more, (e) => {
    const first = mistake === "never-clears" ? [to, ...from] : from;
    const sum = first.map((memory) => body.load(memory, [e])).reduce((a, b) => arith(body, "addi", a, b));
    const scaled = arith(body, "muli", sum, body.constant(node.factor, i32));
    body.store(arith(body, "addi", scaled, body.constant(node.term, i32)), to, [e]);
  });
}

function arith(body: CoreBuilder, name: string, a: Value, b: Value): Value {
  return body.emit(new Operation(`arith.${name}`, { operands: [a, b], results: [i32] })).result;
}
