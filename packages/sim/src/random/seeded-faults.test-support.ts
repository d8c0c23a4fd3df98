import type { Operation } from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";
import { addKernel, assemble, op } from "../wasm-assembler.test-support.ts";
import { graphDesign, type Mistake } from "./graph-design.test-support.ts";
import type { CoreNode, Graph, Wire } from "./random-graph.test-support.ts";
import { type GraphRun, runGraph } from "./run-graph.test-support.ts";

/** A mistake put into a graph, and what must be said of it. */
export interface SeededFault {
  /** Starts the design with the mistake. */
  readonly run: () => Promise<unknown>;
  /** Parts of the fault's record. */
  readonly fault?: Readonly<Record<string, unknown>>;
  readonly message: RegExp;
}

/** Undefined where the graph has no place for it. `pick` chooses one of several. */
type Seeding = (graph: Graph, pick: <T>(list: readonly T[]) => T | undefined) => SeededFault | undefined;

const coresOf = (graph: Graph): CoreNode[] => graph.nodes.filter((node): node is CoreNode => "take" in node);
const tileOf = ({ col, row }: { col: number; row: number }) => ({ col, row });
const place = ({ col, row }: { col: number; row: number }): string => `\\(${col},${row}\\)`;
const checked = { options: { checked: true } } as const;

function inCore(
  mistake: Mistake,
  cores: (core: CoreNode) => boolean,
  expected: (core: CoreNode, words: number) => Omit<SeededFault, "run">,
): Seeding {
  return (graph, pick) => {
    const core = pick(coresOf(graph).filter(cores));
    if (!core) return undefined;
    const run = () => runGraph(graph, graphDesign(graph, { core, mistake }), checked);
    return { run, ...expected(core, graph.words) };
  };
}

function withRun(run: (graph: Graph) => GraphRun, expected: (graph: Graph) => Omit<SeededFault, "run">): Seeding {
  return (graph) => ({ run: () => runGraph(graph, graphDesign(graph), run(graph)), ...expected(graph) });
}

function withKernel(
  code: readonly number[],
  expected: (core: CoreNode, words: number) => Omit<SeededFault, "run">,
): Seeding {
  return (graph, pick) => {
    const core = pick(coresOf(graph).filter(({ calls }) => calls));
    const calling = coresOf(graph).filter(({ calls }) => calls);
    if (!core || calling.length > 1) return undefined;
    const module = assemble({ functions: [{ ...addKernel("k"), locals: 1, code: [...code] }] });
    return { run: () => runGraph(graph, graphDesign(graph), { ...checked, module }), ...expected(core, graph.words) };
  };
}

const loops = (core: CoreNode): boolean => !core.calls;
const add = addKernel("k").code;
const opsWithout = (drop: (op: TxnOp) => boolean) => ({ ops: (ops: TxnOp[]) => ops.filter((o) => !drop(o)) });
const firstInput = (graph: Graph): Wire => graph.inputs[0]!;

/** Each kind of mistake by its name. */
export const seedings: Readonly<Record<string, Seeding>> = {
  "an element beyond the object": inCore("one-element-beyond", loops, (core, words) => ({
    fault: { kind: "buffer-bounds", tile: tileOf(core) },
    message: new RegExp(`^core ${place(core)}, memref\\.load: element ${words} of .*, which has ${words} elements`),
  })),
  "the last element is never written": inCore("one-element-short", loops, (core, words) => ({
    fault: { kind: "uninitialised-read", objectFifo: core.output.name, element: words - 1 },
    message: new RegExp(`never written: .*element ${words - 1}, byte ${4 * words - 4} of buffer ${core.output.name}_`),
  })),
  "a store behind the release": inCore("store-after-release", loops, (core) => ({
    fault: { kind: "use-after-release", tile: tileOf(core), objectFifo: core.output.name, element: 0 },
    message: /memref\.store: writes .* after it has released the object/,
  })),
  "a load behind the release": inCore("load-after-release", loops, (core) => ({
    fault: { kind: "use-after-release", tile: tileOf(core), objectFifo: core.inputs[0]!.name, element: 0 },
    message: /memref\.load: reads .* after it has released the object/,
  })),
  "an accumulator that is never cleared": inCore("never-clears", loops, (core) => ({
    fault: { kind: "uninitialised-read", tile: tileOf(core), objectFifo: core.output.name, element: 0 },
    message: /memref\.load: reads memory of tile .* that was never written/,
  })),
  "an input that is never given back": (graph, pick) => {
    const core = pick(coresOf(graph).filter(({ inputs: [wire] }) => wire!.objects > wire!.depth));
    if (!core) return undefined;
    const wire = core.inputs[0]!;
    return {
      run: () => runGraph(graph, graphDesign(graph), { config: (config) => releaseOther(config, core, wire, () => 0) }),
      fault: { kind: "deadlock" },
      message: new RegExp(`core ${place(core)} waits for (a|\\d) filled objects? of objectFifo ${wire.name} `),
    };
  },
  "a kernel that writes one word behind its output": inCore(
    "kernel-writes-behind",
    ({ calls }) => calls,
    (core) => ({
      fault: { kind: "kernel-overrun", tile: tileOf(core), kernel: expectName("k") },
      message: new RegExp(`^kernel k on core ${place(core)}: writes 4 bytes behind its argument ${core.output.name}_`),
    }),
  ),
  "a kernel that leaves the last word": inCore(
    "kernel-writes-short",
    ({ calls }) => calls,
    (core, words) => ({
      fault: { kind: "uninitialised-read", objectFifo: core.output.name, element: words - 1 },
      message: /never written/,
    }),
  ),
  // Where the output lies behind the input, it is the output, never written, that is read.
  "a kernel whose result has what lies behind its input": withKernel(
    [
      ...[...op.get(0), ...op.get(2), ...op.constant(4), ...op.mul, ...op.add, ...op.load, ...op.set(4), ...add],
      ...[...op.get(1), ...op.constant(4), ...op.sub, ...op.get(4), ...op.store],
    ],
    (core) => ({
      fault: { tile: tileOf(core), kernel: expectName("k") },
      message: new RegExp(
        `^kernel k on core ${place(core)}: (its result depends on memory behind its argument ${core.inputs[0]!.name}_|reads memory of tile .* that was never written: .*element 0, byte 0 of buffer ${core.output.name}_)`,
      ),
    }),
  ),
  "a kernel that gives a local it never set": withKernel(
    [
      ...add,
      ...op.get(1),
      ...op.constant(4),
      ...op.sub,
      ...op.getGlobal(0),
      ...op.constant(8),
      ...op.sub,
      ...op.load,
      ...op.store,
    ],
    (core) => ({
      fault: { kind: "uninitialised-read", tile: tileOf(core) },
      message: new RegExp(`^kernel k on core ${place(core)}: its result depends on a local variable`),
    }),
  ),
  "a kernel whose frame is larger than the stack": withKernel(
    [
      ...op.getGlobal(0),
      ...op.constant(3000),
      ...op.sub,
      ...op.setGlobal(0),
      ...op.getGlobal(0),
      ...op.constant(7),
      ...op.store,
    ],
    (core) => ({
      fault: { kind: "stack-overflow", tile: tileOf(core) },
      message: new RegExp(
        `^kernel k on core ${place(core)}: stack overflow: the core has 1024 bytes of stack, the call needs at least 3000`,
      ),
    }),
  ),
  "a vector access that is not aligned": withKernel(
    [...op.constant(1), ...op.get(0), ...op.constant(4), ...op.add, ...op.constant(32), ...op.call(0)],
    (core) => ({
      fault: { kind: "kernel-misaligned", tile: tileOf(core) },
      message: new RegExp(
        `not aligned to 32 bytes, address 0x[0-9a-f]+: element 1, byte 4 of buffer ${core.inputs[0]!.name}_`,
      ),
    }),
  ),
  "an acquire of more objects than there are": (graph, pick) => {
    const core = pick(coresOf(graph).filter(loops));
    if (!core) return undefined;
    const wire = core.inputs[0]!;
    return {
      run: () =>
        runGraph(graph, graphDesign(graph), { ...checked, config: (config) => acquireMore(config, core, wire) }),
      fault: { kind: "acquire-beyond-depth", tile: tileOf(core), objectFifo: wire.name },
      message: new RegExp(`acquires 9 objects of objectFifo ${wire.name}, whose depth is \\d`),
    };
  },
  "objects given back twice": (graph, pick) => {
    const core = pick(coresOf(graph).filter(loops));
    if (!core) return undefined;
    const wire = core.inputs[0]!;
    return {
      run: () =>
        runGraph(graph, graphDesign(graph), {
          ...checked,
          config: (config) => releaseOther(config, core, wire, (right) => right + 1),
        }),
      fault: { kind: "release-beyond-held", tile: tileOf(core), objectFifo: wire.name },
      message: new RegExp(`releases \\d objects of objectFifo ${wire.name} and holds \\d`),
    };
  },
  "a BD longer than its buffer": (graph) => {
    const wire = graph.wires.find(({ from, to }) => from.row > 0 && to.some(({ row }) => row === 0));
    if (!wire) return undefined;
    return {
      run: () => runGraph(graph, graphDesign(graph), { ...checked, config: (config) => lengthen(config, wire) }),
      fault: { kind: "bd-overrun" },
      message: /^BD \d+ \(.*\) of tile \(\d,\d\) reaches \d+ bytes beyond its buffer of \d+ bytes/,
    };
  },
  "an input that is never sent": withRun(
    () => opsWithout((o) => o.op === "write32" && (o.address & 0xfffff) === 0x1d214),
    (graph) => ({
      fault: { kind: "deadlock" },
      message: new RegExp(
        `words from DMA MM2S 0 of tile ${place(firstInput(graph).from)} \\(${firstInput(graph).name}\\), which has nothing to send`,
      ),
    }),
  ),
  "a wait for a token that nobody gives": withRun(
    () => ({
      ops: (ops) =>
        ops.map((o) =>
          o.op === "write32" && (o.address & 0xfffff) === 0x1d204 ? { ...o, value: o.value & 0x7fffffff } : o,
        ),
    }),
    () => ({ fault: { kind: "deadlock" }, message: /a token of DMA S2MM 0 of tile \(0,0\)/ }),
  ),
  "a host buffer that is too small": withRun(
    () => ({ buffers: (buffers) => buffers.map((b, i) => (i === 0 ? b.slice(0, b.length - 3) : b)) }),
    (graph) => ({
      fault: {
        kind: "host-bounds",
        argument: { index: 0, bytes: 4 * (sizeOf(graph) - 3), firstByte: 0, lastByte: 4 * sizeOf(graph) - 1 },
      },
      message: new RegExp(`of host argument 0, which has ${4 * (sizeOf(graph) - 3)} bytes`),
    }),
  ),
  "a host buffer that is not given": withRun(
    () => ({ buffers: (buffers) => buffers.slice(0, -1) }),
    (graph) => ({
      message: new RegExp(
        `uses host argument ${graph.inputs.length + graph.outputs.length - 1}, the run has ${graph.inputs.length + graph.outputs.length - 1} buffers`,
      ),
    }),
  ),
  "a host offset of half a word": withRun(
    () => ({ ops: (ops) => ops.map((o) => (o.op === "addressPatch" ? { ...o, argPlus: 2 } : o)) }),
    () => ({
      fault: { kind: "bd-invalid" },
      message: /offset 2 into host argument \d: expected a multiple of 4 bytes/,
    }),
  ),
  "a BD that is started and was never written": withRun(
    () => ({ ops: (ops) => [{ op: "write32", address: 0x1d214, value: 13 }, ...ops] }),
    () => ({
      fault: { kind: "bd-invalid", tile: { col: 0, row: 0 } },
      message: /BD 13 of tile \(0,0\) is started, but was never/,
    }),
  ),
  "a BD that is written while it runs": withRun(
    () => ({ ops: (ops) => [...ops.filter((o) => o.op !== "sync"), ...ops] }),
    () => ({
      fault: { kind: "bd-in-use" },
      message: /is written again while DMA \w+ \d of tile \(\d,0\) still has a task/,
    }),
  ),
  "five tasks in a queue of four": withRun(
    () => ({
      ops: (ops) =>
        ops.flatMap((o) => (o.op === "write32" && (o.address & 0xfffff) === 0x1d204 ? [o, o, o, o, o] : [o])),
    }),
    () => ({ fault: { kind: "queue-overflow", tile: { col: 0, row: 0 } }, message: /task queue holds 4 tasks/ }),
  ),
  "a lock that is set beyond what it counts": (graph, pick) => {
    const core = pick(coresOf(graph));
    if (!core) return undefined;
    const address = core.col * 2 ** 25 + core.row * 2 ** 20 + 0x1f000;
    return {
      run: () => runGraph(graph, graphDesign(graph), { ops: (ops) => [{ op: "write32", address, value: 64 }, ...ops] }),
      fault: { kind: "lock-range", tile: tileOf(core) },
      message: /^instruction stream: lock .* would become 64/,
    };
  },
  "a flow that was dropped": (graph) => {
    const wire = graph.outputs[0]!;
    return {
      run: () => runGraph(graph, graphDesign(graph), { config: (config) => dropFlow(config, wire) }),
      fault: { kind: "deadlock" },
      message: /words: no flow leads to this channel/,
    };
  },
  "a design that has more data than its tile": (graph, pick) => {
    const core = pick(coresOf(graph));
    if (!core) return undefined;
    const wire = core.output;
    return {
      run: async () => {
        const before = wire.depth;
        wire.depth = 1100;
        try {
          await runGraph(graph, graphDesign(graph));
        } finally {
          wire.depth = before;
        }
      },
      message: new RegExp(`objectFifo @${wire.name}: 1100 objects: expected at most 63|exceeded available memory`),
    };
  },
};

function sizeOf(graph: Graph): number {
  return firstInput(graph).objects * graph.words;
}

function expectName(name: string) {
  return { name };
}

type Config = Parameters<NonNullable<GraphRun["config"]>>[0];

/** Lock operations of a core's body on the locks of a wire. */
function lockUses(config: Config, core: CoreNode, action: string, lockName: RegExp): Operation[] {
  const found: Operation[] = [];
  const visit = (o: Operation): void => {
    const lock = o.name === "aie.use_lock" ? config.lockOf.get(o.operands[0]!) : undefined;
    if (lock?.name && lockName.test(lock.name) && o.text("action")?.startsWith(action)) found.push(o);
    for (const region of o.regions) for (const block of region.blocks) block.ops.forEach(visit);
  };
  visit(config.cores.find(({ tile }) => tile.col === core.col && tile.row === core.row)!.op);
  return found;
}

function acquireMore(config: Config, core: CoreNode, wire: Wire): Config {
  for (const use of lockUses(config, core, "Acquire", new RegExp(`^${wire.name}_(\\d_)?(cons_)?cons_lock`)))
    setValue(use, 9);
  return config;
}

function releaseOther(config: Config, core: CoreNode, wire: Wire, value: (right: number) => number): Config {
  const uses = lockUses(config, core, "Release", new RegExp(`^${wire.name}_(\\d_)?(cons_)?prod_lock`));
  for (const use of uses) setValue(use, value(use.int("value") ?? 1));
  return config;
}

function setValue(use: Operation, value: number): void {
  use.attributes.set("value", {
    kind: "integer",
    value: BigInt(value),
    type: { kind: "integer", width: 32, sign: "signless" },
  });
}

function lengthen(config: Config, wire: Wire): Config {
  const at = config.bds.findIndex(
    ({ buffer }) => buffer.name.startsWith(`${wire.name}_buff`) || buffer.name.startsWith(`${wire.name}_cons_buff`),
  );
  const index = Math.max(at, 0);
  const bds = config.bds.map((bd, i) =>
    i === index ? { ...bd, pattern: { ...bd.pattern, dims: [], lengthWords: bd.buffer.bytes / 4 + 2 } } : bd,
  );
  return { ...config, bds };
}

function dropFlow(config: Config, wire: Wire): Config {
  const { tile, channel } = config.allocations.find(({ name }) => name === `${wire.name}_shim_alloc`)!;
  const flows = config.flows.filter(
    ({ sinks }) => !sinks.some((sink) => sink.tile.col === tile.col && sink.tile.row === 0 && sink.channel === channel),
  );
  return { ...config, flows };
}
