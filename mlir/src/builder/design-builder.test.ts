import type { DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { i16, i32, memref } from "../ir/types.ts";
import { lowerDesign } from "../lowering/lower-design.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { DesignBuilder } from "./design-builder.ts";

const object = memref([64], i32);

/** A design up to the core's body: one fifo in, one out, one kernel. */
function copyDesign() {
  const d = new DesignBuilder("npu1_1col");
  const copy = d.kernel("copy_i32", [object, object, i32], { object: "copy.o" });
  const [shim, tile] = [d.tile(0, 0), d.tile(0, 2)];
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: 2, element: object });
  return { d, copy, shim, tile, input, output };
}

test("a finished design verifies and reads back from its text unchanged", () => {
  const { d, copy, tile, input, output } = copyDesign();
  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const from = core.acquire(input, "Consume");
      const to = core.acquire(output, "Produce");
      core.repeat(3, () => core.call(copy, [from, to, core.constant(64, i32)]));
      core.release(input, "Consume");
      core.release(output, "Produce");
    });
  });
  d.sequence({ name: "once", args: { a: memref([64], i32), b: memref([64], i32) } }, (s, args) => {
    s.transfer({ fifo: input, buffer: args.a, id: 0 });
    s.transfer({ fifo: output, buffer: args.b, id: 1 });
    s.wait(output);
  });

  const module = d.build();

  const text = printModule(module);
  expect(verify(module)).toEqual([]);
  expect(printModule(parseModule(text, "design.mlir"))).toBe(text);
  expect(text.match(/func\.call @copy_i32/g)).toHaveLength(1);
});

test("a memtile that splits a fifo over two cores and joins their results lowers to three channels each way", () => {
  const d = new DesignBuilder("npu1_1col");
  const half = memref([32], i32);
  const [shim, memtile] = [d.tile(0, 0), d.tile(0, 1)];
  const cores = [d.tile(0, 2), d.tile(0, 3)];
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [memtile], depth: 2, element: object });
  const output = d.objectFifo({ name: "out", producer: memtile, consumers: [shim], depth: 2, element: object });
  const parts = cores.map((tile, i) =>
    d.objectFifo({ name: `in${i}`, producer: memtile, consumers: [tile], depth: 2, element: half }),
  );
  const results = cores.map((tile, i) =>
    d.objectFifo({ name: `out${i}`, producer: tile, consumers: [memtile], depth: 2, element: half }),
  );
  d.link({ inputs: [input], outputs: parts, destOffsets: [0, 32] });
  d.link({ inputs: results, outputs: [output], sourceOffsets: [0, 32] });

  const text = printModule(lowerDesign(d.build()).module);

  const starts = /aie\.memtile_dma[\s\S]*?\n {4}\}/.exec(text)?.[0].match(/dma_start\((S2MM|MM2S), \d/g);
  expect(starts?.sort()).toEqual([0, 1, 2].flatMap((c) => [`dma_start(MM2S, ${c}`, `dma_start(S2MM, ${c}`]).sort());
});

test("a link between fifos that share no tile is refused", () => {
  const { d, input } = copyDesign();
  const other = d.objectFifo({
    name: "x",
    producer: d.tile(0, 4),
    consumers: [d.tile(0, 5)],
    depth: 2,
    element: object,
  });

  expect(() => d.link({ inputs: [input], outputs: [other] })).toThrow(
    "link: objectFifo @in is not consumed on the shared tile (0,4)",
  );
});

test("a kernel called with another element type is an error that names argument and types", () => {
  const { d, copy, tile } = copyDesign();
  const wide = d.objectFifo({ name: "w", producer: tile, consumers: [tile], depth: 1, element: memref([64], i16) });

  const write = () =>
    d.core(tile, { stackBytes: 1024 }, (core) => {
      const x = core.acquire(wide, "Produce");
      core.call(copy, [x, x, core.constant(1, i32)]);
    });

  expect(write).toThrow("core (0,2): copy_i32: argument 0: expected memref<64xi32>, got memref<64xi16>");
});

test("a kernel called with too few arguments is an error", () => {
  const { d, copy, tile } = copyDesign();

  expect(() => d.core(tile, { stackBytes: 1024 }, (core) => core.call(copy, []))).toThrow(
    "copy_i32: expected 3 arguments, got 0",
  );
});

test("a core that acquires a fifo of other tiles is told whose it is", () => {
  const { d, input } = copyDesign();
  const stranger = d.tile(0, 3);

  expect(() => d.core(stranger, { stackBytes: 1024 }, (core) => core.acquire(input, "Consume"))).toThrow(
    "core (0,3): it is not a consumer of objectFifo @in: expected one of (0,2)",
  );
});

test("an acquire of more objects than the fifo has is an error with the depth that would do", () => {
  const { d, tile, input } = copyDesign();

  expect(() => d.core(tile, { stackBytes: 1024 }, (core) => core.acquireMany(input, "Consume", 3))).toThrow(
    expect.objectContaining({ hint: "declare @in with depth 4 or acquire fewer objects at a time" }) as DesignError,
  );
});

test("a release of what is not held is an error", () => {
  const { d, tile, input } = copyDesign();

  expect(() => d.core(tile, { stackBytes: 1024 }, (core) => core.release(input, "Consume"))).toThrow(
    "release of 1 objects of @in, 0 are acquired",
  );
});

test("tiles outside the device and cores on a memtile are refused", () => {
  const { d } = copyDesign();

  expect(() => d.tile(1, 2)).toThrow("tile (1,2) is not on npu1_1col");
  expect(() => d.core(d.tile(0, 1), { stackBytes: 1024 }, () => {})).toThrow(
    "tile (0,1) is a memtile, only compute tiles",
  );
});

test("a name used twice is refused", () => {
  const { d, shim, tile } = copyDesign();

  expect(() => d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: 1, element: object })).toThrow(
    "the name @in is taken",
  );
});

test("an object of 6 bytes is refused: DMAs move 32-bit words", () => {
  const { d, shim, tile } = copyDesign();
  const element = memref([3], i16);

  expect(() => d.objectFifo({ name: "odd", producer: shim, consumers: [tile], depth: 2, element })).toThrow(
    "an object of memref<3xi16> has 6 bytes: expected whole 32-bit words",
  );
});

test.each([
  {
    what: "1024 rounds",
    sizes: [1, 1, 1024, 64],
    strides: [0, 0, 64, 1],
    message: "Size 1 exceeds the [0:1023] range.",
  },
  { what: "65 iterations", sizes: [65, 1, 1, 64], strides: [64, 0, 0, 1], message: "Size 3 exceeds the [1:64] range." },
  {
    what: "overrun",
    sizes: [1, 1, 2, 64],
    strides: [0, 0, 65472, 1],
    message: "touches elements 0..65535 of a buffer of 65535 elements",
  },
  {
    what: "part of an object",
    sizes: [1, 1, 1, 96],
    strides: [0, 0, 0, 1],
    message: "96 elements are not whole objects of 64 elements",
  },
] as const)("a transfer that cannot be done is refused where it is written: $what", ({ sizes, strides, message }) => {
  const { d, input } = copyDesign();

  const write = () =>
    d.sequence({ name: "bad", args: { a: memref([65535], i32) } }, (s, { a }) => {
      s.transfer({ fifo: input, buffer: a, id: 0, sizes: [...sizes], strides: [...strides] });
    });

  expect(write).toThrow(
    expect.objectContaining({ name: "DesignError", message: `sequence @bad: transfer of @in: ${message}` }),
  );
});

test("two transfers fill an object together; where elements are missing, the sequence is refused with their number", () => {
  const write = (second: number) => {
    const { d, input } = copyDesign();
    d.sequence({ name: "parts", args: { a: memref([256], i32) } }, (s, { a }) => {
      for (const [id, count] of [24, second].entries()) {
        s.transfer({ fifo: input, buffer: a, id, sizes: [1, 1, 1, count], strides: [0, 0, 0, 1], fillsPart: true });
      }
    });
  };

  write(40);
  expect(() => write(38)).toThrow(
    expect.objectContaining({
      message:
        "sequence @parts: transfers of @in that fill objects together have 62 elements: expected whole objects of 64",
      hint: "2 more elements fill the last one",
    }),
  );
});

test("waiting for a transfer that issues no token is an error", () => {
  const { d, input } = copyDesign();

  const write = () =>
    d.sequence({ name: "deaf", args: { a: object } }, (s, { a }) => {
      s.transfer({ fifo: input, buffer: a, id: 0 });
      s.wait(input);
    });

  expect(write).toThrow("wait for @in: no transfer of it issues a token");
});
