import { elementCount, ShapeError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import { bf16, i32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { columnsOf, expectInput, parseShape, shapeText } from "./array-shape.ts";
import { columnLanes, waitForAll } from "./column-lanes.ts";
import { elementwiseShape } from "./elementwise-shape.ts";

/** Rounds of the outermost dimension of a shim BD. */
const mostRepeats = 64;

export const addKernel: KernelEntry = {
  name: "add",
  about: "a + b of bfloat16; b has the shape of a or of its last axes, as positions that are added to every clip",
  inputs: ["a", "b"],
  params: [
    { name: "shape", default: "1500x384", about: "shape of b" },
    { name: "repeats", default: "none", about: "axes that a has before those of b, such as 8 or 2x4" },
    { name: "columns", default: 8, min: 1, max: 8, about: "columns of the array at most" },
  ],
  device: "npu1",
  fit: ({ a, b }) => {
    const [whole, part] = [a, b].map((input, i) => expectInput("add", "ab"[i]!, input, { dtypes: ["bf16"] }));
    const before = whole!.slice(0, Math.max(0, whole!.length - part!.length));
    if (shapeText(whole!) !== shapeText([...before, ...part!])) {
      throw new ShapeError(`add: b has shape [${part}], a [${whole}]: expected the shape of a, or its last axes`, {
        hint: "swap the two, or reshape b",
      });
    }
    return { shape: shapeText(part!), repeats: before.length === 0 ? "none" : shapeText(before) };
  },
  design: addDesign,
};

/** bf16 + bf16: one tile a column is faster than the two inputs arrive. b is read again for each repeat. */
function addDesign({ device, params }: DesignOptions): Design {
  const columnCount = columnsOf(device, params);
  const before = params.repeats === "none" ? [] : parseShape("add", "repeats", params.repeats);
  const { shape, padded, elements, object } = elementwiseShape(
    "add",
    parseShape("add", "shape", params.shape),
    columnCount,
  );
  const repeats = elementCount(before);
  if (repeats > mostRepeats) {
    throw new ShapeError(
      `add: b [${shape}] would be added ${repeats} times, a launch adds it at most ${mostRepeats} times`,
      {
        hint: `split a, or give b for ${Math.ceil(repeats / mostRepeats)} or more of its rows at once`,
      },
    );
  }
  const d = new DesignBuilder(device);
  const element = memref([object], bf16);
  const add = d.kernel("add_bf16", [element, element, element, i32], { object: "add.o" });

  const columns = columnLanes(d, {
    columns: columnCount,
    tiles: 1,
    inputs: [
      { name: "a", element },
      { name: "b", element },
    ],
    output: { name: "y", element },
  });
  for (const { tile, inputs, output } of columns.flatMap((column) => column.lanes)) {
    d.core(tile, { stackBytes: 2048 }, (core) => {
      core.forever(() => {
        const [a, b] = inputs.map((fifo) => core.acquire(fifo, "Consume"));
        const to = core.acquire(output, "Produce");
        core.call(add, [a!, b!, to, core.constant(object, i32)]);
        for (const fifo of inputs) core.release(fifo, "Consume");
        core.release(output, "Produce");
      });
    });
  }

  const args = {
    a: memref([repeats * elements], bf16),
    b: memref([elements], bf16),
    y: memref([repeats * elements], bf16),
  };
  d.sequence({ name: "run", args }, (s, host) => {
    const share = elements / columnCount;
    columns.forEach((column, i) => {
      // Share i of every repeat, object by object.
      const sizes = [repeats, share / object, 1, object] as const;
      const common = { offset: i * share, sizes };
      const whole = { ...common, strides: [repeats > 1 ? elements : 0, object, 0, 1] as const };
      s.transfer({ ...whole, fifo: column.inputs[0]!, buffer: host.a, id: 0 });
      s.transfer({ ...common, strides: [0, object, 0, 1], fifo: column.inputs[1]!, buffer: host.b, id: 1 });
      s.transfer({ ...whole, fifo: column.output, buffer: host.y, id: 2 });
    });
    waitForAll(s, columns);
  });
  const whole = { dtype: "bf16", shape: [...before, ...shape], padded: [...before, ...padded] } as const;
  return {
    module: d.build(),
    sequences: [
      {
        name: "run",
        units: 1,
        args: [
          { name: "a", direction: "in", ...whole },
          { name: "b", direction: "in", dtype: "bf16", shape, padded },
          { name: "y", direction: "out", ...whole },
        ],
      },
    ],
    sources: [{ object: "add.o", file: "add/add.cc" }],
  };
}
