import { afterAll, beforeAll, expect, test } from "vitest";
import { type HandWritten, handWritten } from "./hand-written-designs.test-support.ts";
import type { CliOutcome } from "./run-cli.test-support.ts";
import { type SimFolder, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

async function run({ words }: HandWritten, design: string, ...argv: readonly string[]): Promise<CliOutcome> {
  await folder.write("design.mlir", design);
  await folder.writeArray(
    "a.npy",
    "i32",
    Int32Array.from({ length: words }, (_, i) => i),
  );
  return folder.sim("design.mlir", "--in", "a=a.npy", "--out", "b=b.npy", ...argv);
}

test.each(Object.entries(handWritten))(
  "%s: the data is right, checked or not, and nothing is warned of",
  async (_, one) => {
    for (const argv of [[], ["--check"]]) {
      const { code, stderr } = await run(one, one.design, ...argv);

      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect([...(await folder.read("b.npy"))]).toEqual(one.right);
    }
  },
);

interface Mistake {
  readonly in: keyof typeof handWritten;
  readonly from: string;
  readonly to: string;
  /** In this order, on stderr. */
  readonly says: readonly string[];
  readonly saysNot: string;
}

const mistakes: Readonly<Record<string, Mistake>> = {
  "a packet id of a BD that no flow takes, in the core that works first": {
    in: "packets of two cores",
    from: "aie.dma_bd_packet(0, 2)",
    to: "aie.dma_bd_packet(0, 3)",
    says: [
      "DMA MM2S 0 of tile (1,4), which is at a packet that no flow takes",
      "why: DMA MM2S 0 of tile (1,4) is at a BD with packet id 3, and the packet flows from there take ids 2",
      "hint: give the BD or the transfer a packet id that its flows take",
    ],
    saysNot: "the sequence waits too early",
  },
  "a BD without a packet id on a packet flow": {
    in: "packets of two cores",
    from: "aie.dma_bd_packet(0, 2)",
    to: "",
    says: ["is at a BD with no packet header, and the packet flows from there take ids 2"],
    saysNot: "undefined",
  },
  "the third BD of a chain gives back the lock it took": {
    in: "a chain of three BDs",
    from: "aie.dma_bd(%z : memref<16xi32>, 0, 16)\n      aie.use_lock(%full, Release, 1)",
    to: "aie.dma_bd(%z : memref<16xi32>, 0, 16)\n      aie.use_lock(%free, Release, 1)",
    says: [
      "why: BD 2 (z) of tile (0,5) takes lock free and gives it back, where BD 0 (x) gives lock full",
      "hint: let BD 2 (z) of tile (0,5) release lock full",
    ],
    saysNot: "send as much as",
  },
  "the second cascade is missing": {
    in: "a cascade of three cores",
    from: "aie.cascade_flow(%second, %third)",
    to: "",
    says: ["why: no cascade leads to core (2,3)", "hint: write aie.cascade_flow(%from, %to)"],
    saysNot: "compare what the sequence sends",
  },
  "two objects are taken of one fifo for each of another": {
    in: "pairs of objects",
    from: "@f(Consume, 1)",
    to: "@f(Consume, 2)",
    says: [
      "circle: ",
      "no change of depths that was tried frees it",
      "hint: count what each core of the circle acquires and releases in one round",
    ],
    saysNot: "deeper",
  },
  "one of eight columns gets nothing": {
    in: "32 cores in 8 columns",
    from: "aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 384][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = @in6} : memref<512xi32>",
    to: "",
    says: [
      "other waits do not hold up the sequence (--json has all)",
      "why: DMA MM2S 0 of tile (6,0) (in6) has nothing to send, for the sequence starts no transfer of it",
    ],
    saysNot: "core (3,2) waits",
  },
};

test.each(Object.entries(mistakes))(
  "%s: told with its cause and cure",
  async (_, { in: name, from, to, says, saysNot }) => {
    const one = handWritten[name];
    expect(one.design).toContain(from);

    const { code, stderr } = await run(one, one.design.replaceAll(from, to));

    expect(code, stderr).toBe(5);
    let at = 0;
    for (const text of says) {
      expect(stderr.slice(at)).toContain(text);
      at = stderr.indexOf(text, at);
    }
    expect(stderr).not.toContain(saysNot);
  },
);

test("--json has all waits, also those that the text leaves out", async () => {
  const one = handWritten["32 cores in 8 columns"];
  const { from } = mistakes["one of eight columns gets nothing"]!;

  const { stdout } = await run(one, one.design.replace(from, ""), "--json");

  const { waits } = JSON.parse(stdout).error.fault as { readonly waits: readonly { readonly agent: string }[] };
  expect(waits.filter(({ agent }) => agent.startsWith("core "))).toHaveLength(32);
});
