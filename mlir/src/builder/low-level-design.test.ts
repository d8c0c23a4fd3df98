import { DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { i32, memref, type VectorType } from "../ir/types.ts";
import { lowerDesign } from "../lowering/lower-design.ts";
import { lowerSequence } from "../lowering/sequence/lower-sequence.ts";
import { absoluteAddress } from "../lowering/sequence/register-ops.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { DesignBuilder } from "./design-builder.ts";

const object = memref([64], i32);
const accumulator: VectorType = { kind: "vector", shape: [16], element: i32 };

/** Buffers, locks, flows and DMA programs by hand; the host's data go through a memtile to a core's memory. */
function handWritten() {
  const d = new DesignBuilder("npu1_1col");
  const [shim, memtile, tile] = [d.tile(0, 0), d.tile(0, 1), d.tile(0, 2)];
  const staged = d.buffer({ tile: memtile, name: "staged", type: object });
  const own = d.buffer({ tile, name: "own", type: object, initialValues: 7 });
  const parameters = d.buffer({ tile, name: "parameters", type: memref([4], i32), address: 4096 });
  const free = d.lock({ tile: memtile, name: "free", init: 1, id: 3 });
  const full = d.lock({ tile: memtile, name: "full", init: 0 });
  const gate = d.lock({ tile, name: "gate", init: 0 });
  const input = d.shimChannel({ name: "input", tile: shim, direction: "MM2S", channel: 0 });
  d.flow({ tile: shim, bundle: "DMA", channel: 0 }, { tile: memtile, bundle: "DMA", channel: 0 });
  d.packetFlow({
    id: 5,
    from: { tile: memtile, bundle: "DMA", channel: 1 },
    to: [{ tile, bundle: "DMA", channel: 0 }],
    keepHeader: false,
  });
  d.dma(memtile, (program) => {
    const bd = { buffer: staged, acquire: { lock: free }, release: { lock: full } };
    program.chain({ direction: "S2MM", channel: 0, rounds: "forever" }, [bd]);
    program.chain({ direction: "MM2S", channel: 1, rounds: 3 }, [
      {
        buffer: staged,
        length: 32,
        dims: [
          { size: 4, stride: 8 },
          { size: 8, stride: 1 },
        ],
        acquire: { lock: full },
        release: { lock: free },
        packet: { type: 0, id: 5 },
      },
    ]);
  });
  d.core(tile, { stackBytes: 1024 }, (core) => {
    core.useLock(gate, "AcquireGreaterEqual");
    const at = core.constant(1, { kind: "index" });
    core.store(core.load(parameters.value, [at]), own.value, [at]);
  });
  d.sequence({ name: "run", args: { a: memref([4, 64], i32) } }, (s, host) => {
    s.writeParameter(parameters, 1, -2);
    s.setLock(gate, 1);
    const task = s.configure({
      fifo: input,
      buffer: host.a,
      sizes: [4, 1, 1, 64],
      strides: [64, 0, 0, 1],
      issueToken: true,
    });
    s.start(task);
    s.await(task);
  });
  return { d, shim, memtile, tile, staged, own, parameters, free, gate, input };
}

test("a design written by hand verifies, reads back from its text unchanged, and lowers to its BDs and locks", () => {
  const module = handWritten().d.build();
  const text = printModule(module);

  expect(verify(module)).toEqual([]);
  expect(printModule(parseModule(text, "design.mlir"))).toBe(text);

  const lowered = printModule(lowerDesign(module).module);
  expect(lowered).toContain("aie.dma_start(MM2S, 1, ^bb3, ^bb4, repeat_count = 2)");
  expect(lowered).toMatch(/\{address = 4096 : i32, .*sym_name = "parameters"/);
  expect(lowered).toContain("bd_id = 24 : i32, packet = #aie.packet_info<pkt_type = 0, pkt_id = 5>");
});

test("parameter, lock and task of a sequence become two writes, one BD, one push of 4 rounds and one sync", () => {
  const { module } = lowerDesign(handWritten().d.build());
  const ops = lowerSequence(module, "run").regions[0]?.entry.ops ?? [];

  const writes = ops.filter((op) => op.name === "aiex.npu.write32");
  // Parameter 1 lies 4 bytes behind the buffer's 4096; lock 0 of a compute tile is at 0x1f000.
  expect(writes.slice(0, 2).map((op) => [absoluteAddress(op), op.int("value")])).toEqual([
    [(2 << 20) + 4096 + 4, 2 ** 32 - 2],
    [(2 << 20) + 0x1f000, 1],
  ]);
  expect(((writes.at(-1)?.int("value") ?? 0) >>> 16) & 0xff).toBe(3);
  expect(ops.filter((op) => op.name === "aiex.npu.sync")).toHaveLength(1);
});

test("a cascade carries 512 bits from a core to its southern neighbour", () => {
  const d = new DesignBuilder("npu1_1col");
  const [north, south] = [d.tile(0, 3), d.tile(0, 2)];
  d.cascade(north, south);
  d.core(north, { stackBytes: 1024 }, (core) => {
    core.putCascade(core.getCascade(accumulator));
    expect(() => core.getCascade(i32)).toThrow("a cascade carries 512 bits, i32 has 32");
  });

  const module = d.build();

  expect(verify(module)).toEqual([]);
  expect(printModule(lowerDesign(module).module)).toContain("aie.configure_cascade(%tile_0_2, North, South)");
  expect(() => d.cascade(south, north)).toThrow("leads to the compute tile on the south or the east only");
});

test("every form of an objectFifo prints with the attributes that the dialect has for it", () => {
  const d = new DesignBuilder("npu1_1col");
  const [memtile, a, b] = [d.tile(0, 1), d.tile(0, 2), d.tile(0, 3)];
  const fifo = { element: object, depth: 2 };
  d.objectFifo({ ...fifo, name: "list", producer: memtile, consumers: [a, b], depth: [1, 2, 3] });
  d.objectFifo({ ...fifo, name: "iterated", producer: memtile, consumers: [a], iterCount: 8 });
  d.objectFifo({ ...fifo, name: "filled", producer: a, consumers: [b], initialValues: [1, 2] });
  d.objectFifo({ ...fifo, name: "bare", producer: a, consumers: [b], synchronised: false, allocateOn: b });
  d.objectFifo({ ...fifo, name: "stream", producer: a, consumers: [b], stream: { end: "both" } });
  d.objectFifo({
    ...fifo,
    name: "padded",
    producer: memtile,
    consumers: [b],
    toStream: [
      { size: 6, stride: 8 },
      { size: 4, stride: 1 },
    ],
    padding: [
      { before: 1, after: 1 },
      { before: 2, after: 2 },
    ],
  });

  const module = d.build();
  const text = printModule(module);

  expect(verify(module).filter((found) => found.severity === "error")).toEqual([]);
  expect(printModule(parseModule(text, "fifos.mlir"))).toBe(text);
  for (const part of [
    "[1, 2, 3])",
    "iter_count = 8 : i32",
    "= [dense<1> : memref<64xi32>, dense<2> : memref<64xi32>]",
    "disable_synchronization = true",
    "aie.objectfifo.allocate @bare(%tile_0_3)",
    "aie_stream = 2 : i32, aie_stream_port = 0 : i32",
    "<const_pad_before = 1, const_pad_after = 1>",
  ]) {
    expect(text).toContain(part);
  }
});

const misuses: readonly (readonly [string, (design: ReturnType<typeof handWritten>) => void, string])[] = [
  [
    "a buffer on a shim tile",
    ({ d, shim }) => d.buffer({ tile: shim, name: "x", type: object }),
    "buffer @x: a shim tile has no memory",
  ],
  [
    "a buffer beyond the memory",
    ({ d, tile }) => d.buffer({ tile, name: "x", type: object, address: 65500 }),
    "buffer @x: 256 B from 65500 on: tile (0,2) has 65536 B",
  ],
  [
    "initial values of a wrong count",
    ({ d, tile }) => d.buffer({ tile, name: "x", type: object, initialValues: [1, 2] }),
    "buffer @x: expected 64 initial values, got 2",
  ],
  ["lock 16 of a compute tile", ({ d, tile }) => d.lock({ tile, name: "x", init: 0, id: 16 }), "expected an id 0..15"],
  ["a lock that starts at 64", ({ d, tile }) => d.lock({ tile, name: "x", init: 64 }), "expected init 0..63, got 64"],
  [
    "a flow from a third channel",
    ({ d, tile, shim }) => d.flow({ tile, bundle: "DMA", channel: 2 }, { tile: shim, bundle: "DMA", channel: 0 }),
    "tile (0,2) has 2 DMA sources: DMA : 2 is not one of them",
  ],
  [
    "packet id 32",
    ({ d, tile }) => d.packetFlow({ id: 32, from: { tile, bundle: "DMA", channel: 0 }, to: [] }),
    "expected an id 0..31, got 32",
  ],
  ["a second program of a tile", ({ d, memtile }) => d.dma(memtile, () => {}), "the tile has a program already"],
  [
    "a BD in another tile's memory",
    ({ d, tile, staged }) =>
      d.dma(tile, (p) => p.chain({ direction: "MM2S", channel: 0, rounds: 1 }, [{ buffer: staged }])),
    "@staged lies on (0,1), out of the DMA's reach",
  ],
  [
    "a pattern behind the buffer",
    ({ d, tile, own }) =>
      d.dma(tile, (p) =>
        p.chain({ direction: "MM2S", channel: 0, rounds: 1 }, [{ buffer: own, dims: [{ size: 9, stride: 8 }] }]),
      ),
    "the pattern reaches element 64 of @own, which has 64",
  ],
  [
    "padding on a compute tile",
    ({ d, tile, own }) =>
      d.dma(tile, (p) =>
        p.chain({ direction: "MM2S", channel: 0, rounds: 1 }, [{ buffer: own, padding: [{ before: 1, after: 1 }] }]),
      ),
    "only memtiles pad, and only what they send",
  ],
  [
    "iterCount without a memtile",
    ({ d, tile, shim }) =>
      d.objectFifo({ name: "x", producer: shim, consumers: [tile], depth: 2, element: object, iterCount: 2 }),
    "iterCount needs a memtile end",
  ],
  [
    "depth times repeatCount beyond a lock",
    ({ d, memtile, tile }) =>
      d.objectFifo({ name: "x", producer: memtile, consumers: [tile], depth: 8, element: object, repeatCount: 8 }),
    "depth 8 times repeatCount 8 is more than a lock holds (63)",
  ],
  [
    "a parameter behind the buffer",
    ({ d, parameters }) => d.sequence({ name: "x", args: {} }, (s) => s.writeParameter(parameters, 4, 0)),
    "parameter 4 of @parameters: the buffer has elements 0..3",
  ],
  [
    "an await without a token",
    ({ d, input }) =>
      d.sequence({ name: "x", args: { a: object } }, (s, host) =>
        s.await(s.configure({ fifo: input, buffer: host.a })),
      ),
    "await of a task that issues no token",
  ],
  [
    "a task that is started after it was freed",
    ({ d, input }) =>
      d.sequence({ name: "x", args: { a: object } }, (s, host) => {
        const task = s.configure({ fifo: input, buffer: host.a });
        s.free(task);
        s.start(task);
      }),
    "start of a task that was awaited or freed",
  ],
];

test.each(misuses)("%s is refused where it is written", (_, misuse, message) => {
  const design = handWritten();

  expect(() => misuse(design)).toThrow(DesignError);
  expect(() => misuse(handWritten())).toThrow(message);
});

test("parts of a link must be as long as the objects that fill them", () => {
  const d = new DesignBuilder("npu1_1col");
  const [shim, memtile] = [d.tile(0, 0), d.tile(0, 1)];
  const half = memref([32], i32);
  const whole = d.objectFifo({ name: "in", producer: shim, consumers: [memtile], depth: 2, element: object });
  const parts = [2, 3].map((row) =>
    d.objectFifo({ name: `part${row}`, producer: memtile, consumers: [d.tile(0, row)], depth: 2, element: half }),
  );

  expect(() => d.link({ inputs: [whole], outputs: parts, destOffsets: [0, 16] })).toThrow(
    "part 0 of @in has 16 elements, objects of @part2 have 32",
  );
  expect(() => d.link({ inputs: [whole], outputs: parts, destOffsets: [0] })).toThrow("expected 2 destOffsets, got 1");
  expect(() => d.link({ inputs: [whole], outputs: parts, sourceOffsets: [0, 32] })).toThrow(
    "sourceOffsets are for the other direction",
  );
});
