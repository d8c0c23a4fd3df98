import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { handWritten } from "./hand-written-designs.test-support.ts";
import { fixture, type SimFolder, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

const corpus = (name: string): string => readFileSync(fixture(`${name}.mlir`), "utf8");
const chain = handWritten["a chain of three BDs"].design;
const packets = handWritten["packets of two cores"].design;
const cascade = handWritten["a cascade of three cores"].design;
const wholeArray = handWritten["32 cores in 8 columns"].design;
const join = corpus("distribute-join-2-cores-two-columns");
const taskChain = corpus("task-bd-chain-inside");

/** A memtile that pads 2 rows of 8 words by 2 on each side. */
const padded = `module {
  aie.device(npu1_1col) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %b = aie.buffer(%m) {sym_name = "b"} : memref<16xi32>
    %free = aie.lock(%m, 0) {init = 1 : i32, sym_name = "free"}
    %full = aie.lock(%m, 1) {init = 0 : i32, sym_name = "full"}
    aie.flow(%s, DMA : 0, %m, DMA : 0)
    aie.flow(%m, DMA : 0, %s, DMA : 0)
    aie.shim_dma_allocation @in(%s, MM2S, 0)
    aie.shim_dma_allocation @out(%s, S2MM, 0)
    %dma = aie.memtile_dma(%m) {
      %0 = aie.dma_start(S2MM, 0, ^in, ^next)
    ^in:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%b : memref<16xi32>, 0, 16)
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^in
    ^next:
      %1 = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%b : memref<16xi32>, 0, 24, [<size = 2, stride = 8>, <size = 8, stride = 1>], [<const_pad_before = 0, const_pad_after = 0>, <const_pad_before = 2, const_pad_after = 2>])
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^out
    ^end:
      aie.end
    }
    aie.runtime_sequence @run(%a: memref<16xi32>, %p: memref<24xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 16][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<16xi32>
      aiex.npu.dma_memcpy_nd(%p[0, 0, 0, 0][1, 1, 1, 24][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<24xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
`;

interface Mistake {
  readonly design: string;
  readonly from: string;
  readonly to: string;
  readonly code: number;
  /** In this order, on stderr. */
  readonly says: readonly string[];
}

const bd = "aie.dma_bd(%x : memref<16xi32>, 0, 16)";
/** A BD of the same chain has the number already. */
const numbered = chain.replace(bd.replace("%x", "%y"), "$& {bd_id = 3 : i32}");
const second = "aie.cascade_flow(%second, %third)";
const partOne = "aie.objectfifo @in1(%m, {%t1}, 2 : i32) : !aie.objectfifo<memref<128xi16>>";

/** One change each to a design that is right; what is told names object, limit, what is there and what to do. */
const mistakes: Readonly<Record<string, Mistake>> = {
  "a column whose output is not awaited": {
    ...{ design: wholeArray, from: "aiex.npu.dma_wait {symbol = @out3}\n", to: "", code: 0 },
    says: [
      "nothing waits for this transfer into %b (BD 1, S2MM 0 of tile (3,0), @out3)",
      "{symbol = @out3} at the end",
    ],
  },
  "a lock that begins one too high": {
    ...{ design: chain, from: "init = 3", to: "init = 4", code: 0 },
    says: [
      "lock @free begins at 4 and lock @full at 0",
      "goes round 3 buffers (@x, @y, @z)",
      "lock @free with init = 3",
    ],
  },
  "one bd_id for two BDs": {
    ...{ design: numbered, from: bd, to: `${bd} {bd_id = 3 : i32}`, code: 0 },
    says: ["bd_id 3 of tile (0,5) is given to this BD and to that of line ", "hint: give each BD a number of its own"],
  },
  "a BD with two packet headers": {
    ...{
      design: packets,
      from: "aie.dma_bd_packet(0, 2)",
      to: "aie.dma_bd_packet(0, 2)\naie.dma_bd_packet(0, 1)",
      code: 0,
    },
    says: [
      "a BD has one packet header, and its block has id 2 before this id 1",
      "hint: give each packet a BD of its own",
    ],
  },
  "a value to pad with": {
    ...{ design: padded, from: "const_pad_after = 2>])", to: "const_pad_after = 2>], pad_value = 5)", code: 0 },
    says: ["pad_value 5 is lost: what is padded comes out as zeros", "hint: the compiler writes the value nowhere"],
  },
  "two cascades into one core": {
    ...{ design: cascade, from: second, to: `${second}\n%up = aie.tile(2, 4)\naie.cascade_flow(%up, %third)`, code: 5 },
    says: ["core (2,3) has one cascade input, and this flow from (2,4) takes the place of that from (1,3)", "hint: "],
  },
  "a cascade to the west": {
    ...{ design: cascade, from: second, to: "aie.cascade_flow(%third, %second)", code: 4 },
    says: ["(2,3) -> (1,3): source tile must be to the North or West", "hint: a cascade leads to the next tile south"],
  },
  "a vector beyond its object": {
    ...{ design: cascade, from: "vector.transfer_read %e[%c0]", to: "vector.transfer_read %e[%c1]", code: 5 },
    says: ["vector.transfer_read (design.mlir:19:", "element 16 of %in_cons_buff_0, which has 16 elements"],
  },
  "a transfer of a fifo within the array": {
    ...{ design: join, from: "{id = 0 : i64, metadata = @in}", to: "{id = 0 : i64, metadata = @in0}", code: 4 },
    says: [
      "@in0 does not end on a shim tile",
      "hint: it leads from tile (0,1) to (0,2): name the objectFifo that the host",
    ],
  },
  "a wait for a fifo within the array": {
    ...{ design: join, from: "dma_wait {symbol = @out}", to: "dma_wait {symbol = @out0}", code: 4 },
    says: ["@out0 does not end on a shim tile", "hint: it leads from tile (0,2) to (0,1)"],
  },
  "a part of a link with other elements": {
    ...{ design: join, from: "@out(%m, {%s}, 2 : i32) : !aie.objectfifo<memref<256xi16>>", code: 0 },
    to: "@out(%m, {%s}, 2 : i32) : !aie.objectfifo<memref<256xi32>>",
    says: [
      "elements of @out0 have 16 bits, those of @out 32: offsets count elements",
      "hint: give both the same element type",
    ],
  },
  "an offset too few in a link": {
    ...{ design: join, from: "([] [0, 128])", to: "([] [0])", code: 4 },
    says: ["number of provided dst offsets must be equal", "hint: 2 objectFifos, 1 offsets: [0, 128] puts the objects"],
  },
  "a subview of another type than its fifo": {
    ...{ design: join, from: partOne, to: partOne.replace("128xi16", "64xi16"), code: 4 },
    says: ["element must match", "hint: objects of @in1 are memref<64xi16>, the result has memref<128xi16>"],
  },
  "a consumer that stands twice": {
    ...{ design: join, from: "@in1(%m, {%t1}", to: "@in1(%m, {%t1, %t1}", code: 5 },
    says: ["tile (1,3) stands twice among the consumers: it gets every object twice", "hint: name each consumer once"],
  },
  "a task's BD to which none leads": {
    ...{ design: taskChain, from: "aie.next_bd ^b2", to: "aie.next_bd ^b1", code: 0 },
    says: [
      "design.mlir:17:9: warning: 'aie.dma_bd' op no BD of the task leads to this one",
      "hint: aie.next_bd of the BD",
    ],
  },
  "a task on an allocation that is not there": {
    ...{ design: taskChain, from: "dma_configure_task_for @out", to: "dma_configure_task_for @outt", code: 4 },
    says: [
      "no shim DMA allocation found for symbol @outt",
      "hint: objectFifos with an end on a shim tile, and allocations: @in, @out",
    ],
  },
};

test.each(Object.entries(mistakes))("%s: what is wrong, where, and what to do", async (_, mistake) => {
  const { design, from, to, code, says } = mistake;
  expect(design).toContain(from);
  await folder.write("design.mlir", design.replace(from, to));

  const outcome = await simulate();

  expect(outcome.code).toBe(code);
  let rest = outcome.stderr;
  for (const text of says) {
    expect(rest).toContain(text);
    rest = rest.slice(rest.indexOf(text) + text.length);
  }
});

test.each(Object.entries({ chain, packets, cascade, wholeArray, join, taskChain, padded }))(
  "%s without a mistake: nothing is told",
  async (_, design) => {
    await folder.write("design.mlir", design);

    expect(await simulate()).toMatchObject({ code: 0, stderr: "" });
  },
);

test("--kernel with a name that is no object's says how objects are named", async () => {
  await folder.write("design.mlir", chain);
  await folder.write("k.cc", "");

  const { stderr } = await folder.sim("design.mlir", "--kernel", "k=k.cc", "--in", "zeros", "--out", "o.npy");

  expect(stderr).toContain(
    "--kernel k=k.cc: there is no such file\nhint: an object's name ends in .o: --kernel k.o=k.cc",
  );
});

/** The design with zeros for each argument that needs a file: the hint of a run without any is the command for it. */
async function simulate() {
  const first = await folder.sim("design.mlir");
  const hint = /^hint: aiekit sim (.*)$/m.exec(first.stderr)?.[1];
  return hint === undefined ? first : folder.sim(...hint.split(" "));
}
