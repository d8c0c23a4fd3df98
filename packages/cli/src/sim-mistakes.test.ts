import { join } from "node:path";
import { examples, printModule } from "@aiekit/mlir";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { type SimFolder, simFolder } from "./sim.test-support.ts";

const kernel = join(import.meta.dirname, "..", "..", "..", "kernels", "examples", "scale.cc");
const design = printModule(examples.scale("npu1_1col"));

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

interface Mistake {
  readonly from: string;
  readonly to: string;
  readonly code: number;
  /** In this order, on stderr. */
  readonly says: readonly string[];
  readonly saysNot?: string;
}

const release = "aie.objectfifo.release @in(Consume, 1)";

// What someone who writes a design gets wrong; each message says what was expected, what is there, and what to do.
const mistakes: Readonly<Record<string, Mistake>> = {
  "depth 0": {
    ...{ from: "{%tile_0_2}, 2 : i32", to: "{%tile_0_2}, 0 : i32", code: 4 },
    says: ["objectFifo @in has depth 0 at this core: there is no object 0", "hint: give it a depth of 1 or more"],
  },
  "the other port": {
    ...{ from: "@in(Consume, 1)", to: "@in(Produce, 1)", code: 4 },
    says: [
      "producer port of objectFifo accessed by core running on non-producer tile",
      "hint: @in is produced on tile (0,0) and consumed on (0,2): list this core's tile among them, or use the other port",
    ],
  },
  "more released than acquired": {
    ...{ from: release, to: "aie.objectfifo.release @in(Consume, 2)", code: 4 },
    says: ["cannot release more elements", "hint: before this acquire the core releases 2 and holds 1"],
  },
  "nothing released": {
    ...{ from: release, to: "", code: 5 },
    says: [
      "warning: design.mlir:14:7: warning: 'scf.for' op objects of @in do not come round",
      "why: nobody releases objectFifo in: 2 objects have been taken, DMA S2MM 0 of tile (0,2) needs 1 more",
      "no change of depths that was tried frees it",
      "hint: write aie.objectfifo.release @in(Consume, ...) behind the place where an object has been used",
    ],
    saysNot: "the smallest change of depths that frees it",
  },
  "more acquired than released": {
    ...{ from: "@in(Consume, 1)", to: "@in(Consume, 3)", code: 5 },
    says: ["acquires 3 objects of a fifo of depth 2", "error: deadlock", "waits for 3 filled objects of objectFifo in"],
  },
  "a BD that a shim has not": {
    ...{ from: "{id = 0 : i64", to: "{id = 16 : i64", code: 2 },
    says: ["BD 16 is not there: a shim tile has BDs 0..15", "error: --in zeros: the sequence has 0 input(s)"],
  },
  "a core on a memtile": {
    ...{ from: "aie.tile(0, 2)", to: "aie.tile(0, 1)", code: 4 },
    says: ["op exists in a core tile", "hint: its tile is a memtile: cores stand on compute tiles, row 2 and up"],
  },
  "a stack below 0": {
    ...{ from: "stack_size = 2048", to: "stack_size = -32", code: 4 },
    says: ["design.mlir:8:17: core (0,2): stack_size: expected 0 to 65536 bytes, got -32"],
  },
  "a stack over the buffers": {
    ...{ from: "stack_size = 2048", to: "stack_size = 32768", code: 0 },
    says: [
      "the stack of core (0,2), 32768 B from address 0, covers @out_buff_0",
      "hint: a smaller stack_size, or addresses behind the stack",
    ],
  },
  "objects larger than the memory": {
    ...{ from: "memref<64xi32>", to: "memref<20000xi32>", code: 4 },
    says: ["Needs 322048 B, has 65536 B", "hint: 256512 B too many: make objects and buffers smaller or move a buffer"],
    saysNot: "smaller by that",
  },
  "no kernel declared": {
    ...{ from: /^.*func\.func private.*\n/m.exec(design)?.[0] ?? "", to: "", code: 4 },
    says: [
      "'scale_i32' does not reference a valid function",
      "hint: declare it in the device: func.func private @name",
    ],
  },
  "a kernel that takes another memref": {
    ...{ from: "@scale_i32(memref<64xi32>", to: "@scale_i32(memref<128xi32>", code: 4 },
    says: ["expected operand type 'memref<128xi32>', but provided 'memref<64xi32>' for operand number 0"],
  },
};

test.each(Object.entries(mistakes))(
  "a design with %s is told what is wrong and what to do",
  async (_, mistake) => {
    const { from, to, code, says, saysNot } = mistake;
    expect(design).toContain(from);
    const everywhere = from.startsWith("memref");
    await folder.write("design.mlir", everywhere ? design.replaceAll(from, to) : design.replace(from, to));

    const outcome = await folder.sim("design.mlir", "--kernel", kernel, "--in", "zeros", "--out", "out.npy");

    expect(outcome.code).toBe(code);
    let rest = outcome.stderr;
    for (const text of says) {
      expect(rest).toContain(text);
      rest = rest.slice(rest.indexOf(text) + text.length);
    }
    if (saysNot !== undefined) expect(outcome.stderr).not.toContain(saysNot);
    expect(outcome.stderr.match(/^error: /gm) ?? []).toHaveLength(code === 0 ? 0 : 1);
  },
  14 * compileLimitMs,
);
