import fc from "fast-check";
import { expect, test } from "vitest";
import type { CoreBuilder } from "../builder/core-builder.ts";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { FifoHandle, KernelHandle } from "../builder/handles.ts";
import type { Operation, Region, Value } from "../ir/operation.ts";
import { walk } from "../ir/operation.ts";
import { i32, memref } from "../ir/types.ts";
import { lowerDesign } from "./lower-design.ts";

/** A core body: loops of a few rounds around steps that acquire, use and release one object of a fifo. */
type Body = readonly (
  | { readonly kind: "use"; readonly fifo: 0 | 1 }
  | { readonly kind: "loop"; readonly rounds: number; readonly body: Body }
)[];

const bodies = fc.letrec<{ body: Body; step: Body[number] }>((tie) => ({
  body: fc.array(tie("step"), { minLength: 1, maxLength: 3 }),
  step: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant("use" as const), fifo: fc.constantFrom(0 as const, 1 as const) }),
    fc.record({ kind: fc.constant("loop" as const), rounds: fc.integer({ min: 1, max: 7 }), body: tie("body") }),
  ),
})).body;

// The oracle runs the body with fifos as counters and knows nothing of unrolling.
test("a lowered core uses the objects of any nest of loops in the order in which the fifos hand them out", () => {
  fc.assert(
    fc.property(bodies, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), (body, first, second) => {
      const expected = runOnFifos(body, [first, second]);

      const { module, warnings } = lowerDesign(designOf(body, [first, second], false));

      expect(warnings).toEqual([]);
      expect(runLowered(coreOf(module))).toEqual(expected);
    }),
    { numRuns: 150, seed: 20_26 },
  );
});

test("a loop of 5 rounds over a fifo of 3 is unrolled: 3 rounds, then 2 behind them, objects 0 1 2 0 1", () => {
  const body: Body = [{ kind: "loop", rounds: 5, body: [{ kind: "use", fifo: 0 }] }];

  const { module } = lowerDesign(designOf(body, [3, 1], false));

  expect(runLowered(coreOf(module))).toEqual(["a 0", "a 1", "a 2", "a 0", "a 1"]);
});

test("an inner loop of 3 rounds over a fifo of 4 makes the loop around it unroll by 4", () => {
  const inner: Body = [{ kind: "loop", rounds: 3, body: [{ kind: "use", fifo: 0 }] }];
  const outer: Body = [{ kind: "loop", rounds: 8, body: inner }];

  const core = coreOf(lowerDesign(designOf(outer, [4, 1], false)).module);

  const trips: (number | undefined)[] = [];
  walk(core, (op) => {
    if (op.name === "scf.for") trips.push(op.operands[2]?.definingOp?.int("value"));
  });
  expect(trips).toEqual([4]);
  expect(runLowered(core)).toEqual(runOnFifos(outer, [4, 1]));
});

test("a loop that keeps an object from round to round warns: its second round would acquire one too many", () => {
  const d = new DesignBuilder("npu1_1col");
  const [tile, north] = [d.tile(0, 2), d.tile(0, 3)];
  const fifo = d.objectFifo({ name: "a", producer: tile, consumers: [north], depth: 2, element: memref([8], i32) });
  d.core(tile, { stackBytes: 1024 }, (core) => {
    core.repeat(4, () => {
      core.acquireMany(fifo, "Produce", 2);
      core.release(fifo, "Produce");
    });
  });

  const { warnings } = lowerDesign(d.build());

  expect(warnings.map((w) => [w.op, w.message])).toEqual([
    [
      "scf.for",
      "objects of @a do not come round inside: each round starts with another object than the static lowering assumes",
    ],
  ]);
});

test("with dynamic lowering nothing is unrolled and a word counts the objects of each end", () => {
  const body: Body = [
    {
      kind: "loop",
      rounds: 5,
      body: [
        { kind: "use", fifo: 0 },
        { kind: "use", fifo: 1 },
      ],
    },
  ];

  const core = coreOf(lowerDesign(designOf(body, [3, 2], true)).module);

  expect(runLowered(core)).toEqual(runOnFifos(body, [3, 2]));
  let loops = 0;
  let calls = 0;
  walk(core, (op) => {
    if (op.name === "scf.for") loops++;
    if (op.name === "func.call") calls++;
  });
  expect({ loops, calls }).toEqual({ loops: 1, calls: 2 });
});

/** The design whose core runs `body`: two fifos of the given depths, shared with the tile to the north. */
function designOf(body: Body, depths: readonly [number, number], isDynamic: boolean): Operation {
  const d = new DesignBuilder("npu1_1col");
  const object = memref([8], i32);
  const kernel = d.kernel("use", [object], { object: "use.o" });
  const [tile, north] = [d.tile(0, 2), d.tile(0, 3)];
  const fifos = ["a", "b"].map((name, i) =>
    d.objectFifo({
      name,
      producer: tile,
      consumers: [north],
      depth: [depths[i] ?? 1, depths[i] ?? 1],
      element: object,
    }),
  );
  d.core(tile, { stackBytes: 1024, choosesObjectsAtRunTime: isDynamic }, (core) => write(core, body, fifos, kernel));
  return d.build();
}

function write(core: CoreBuilder, body: Body, fifos: readonly FifoHandle[], kernel: KernelHandle): void {
  for (const step of body) {
    if (step.kind === "loop") {
      core.repeat(step.rounds, () => write(core, step.body, fifos, kernel));
      continue;
    }
    const fifo = fifos[step.fifo] as FifoHandle;
    core.call(kernel, [core.acquire(fifo, "Produce")]);
    core.release(fifo, "Produce");
  }
}

function runOnFifos(body: Body, depths: readonly [number, number]): string[] {
  const counters = [0, 0];
  const trace: string[] = [];
  const run = (steps: Body): void => {
    for (const step of steps) {
      if (step.kind === "loop") for (let i = 0; i < step.rounds; i++) run(step.body);
      else {
        const count = counters[step.fifo] ?? 0;
        trace.push(`${"ab"[step.fifo]} ${count % (depths[step.fifo] ?? 1)}`);
        counters[step.fifo] = count + 1;
      }
    }
  };
  run(body);
  return trace;
}

function coreOf(module: Operation): Operation {
  let core: Operation | undefined;
  walk(module, (op) => {
    if (op.name === "aie.core") core = op;
  });
  if (core === undefined) throw new Error("the design has no core");
  return core;
}

/** Runs a lowered core: which buffer each call gets, as fifo and number of the object. */
function runLowered(core: Operation): string[] {
  const trace: string[] = [];
  const values = new Map<Value, unknown>();
  const memory = new Map<string, number>();
  const number = (value: Value | undefined): number => Number(value && values.get(value));
  const evaluate: Readonly<Record<string, (op: Operation) => unknown>> = {
    "arith.constant": (op) => op.int("value"),
    "arith.addi": (op) => number(op.operands[0]) + number(op.operands[1]),
    "arith.subi": (op) => number(op.operands[0]) - number(op.operands[1]),
    "arith.cmpi": (op) => {
      const [a, b] = [number(op.operands[0]), number(op.operands[1])];
      return op.text("predicate") === "eq" ? a === b : a >= b;
    },
    "arith.select": (op) => {
      const [condition, yes, no] = op.operands as [Value, Value, Value];
      const chosen = values.get(condition) ? yes : no;
      return values.get(chosen) ?? chosen;
    },
    "memref.load": (op) => memory.get(String(number(op.operands[1]))) ?? 0,
  };
  const run = (region: Region): void => {
    for (const op of region.entry.ops) {
      if (op.name === "scf.for") {
        const [lower, upper, step] = op.operands.slice(0, 3).map(number) as [number, number, number];
        const [body] = op.regions as [Region];
        for (let i = lower; i < upper; i += step) {
          values.set(body.entry.args[0] as Value, i);
          run(body);
        }
      } else if (op.name === "memref.store") memory.set(String(number(op.operands[2])), number(op.operands[0]));
      else if (op.name === "func.call") {
        const value = op.operands[0] as Value;
        const buffer = (values.get(value) ?? value) as Value;
        trace.push(String(buffer.definingOp?.text("sym_name")).replace("_buff_", " "));
      } else if (evaluate[op.name]) values.set(op.result, evaluate[op.name]?.(op));
    }
  };
  run(core.regions[0] as Region);
  return trace;
}
