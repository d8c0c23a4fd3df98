import { decodeTxn } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { SimFault } from "./fault.ts";
import {
  arrayOf,
  bytesOf,
  callK,
  coreDesign,
  inAndOut,
  insts,
  sync,
  transfer,
  words16,
} from "./lowered-design.test-support.ts";
import { addKernel, assemble } from "./wasm-assembler.test-support.ts";

const object = { inputBytes: 64, outputBytes: 64, inputElements: 16, outputElements: 16 };
const design = (work: string): string =>
  coreDesign({ input: "memref<16xi32>", output: "memref<16xi32>", ...object, work });

async function deadlockOf(run: Promise<unknown>): Promise<SimFault> {
  const failed = await run.catch((error: unknown) => error);
  if (failed instanceof SimFault && failed.fault.kind === "deadlock") return failed;
  throw new Error(`expected a deadlock, got ${String(failed)}`);
}

test("too little input: from the controller's wait to the channel that has nothing to send", async () => {
  const array = arrayOf(design(""));

  const failed = await deadlockOf(array.run(inAndOut(new Int32Array(40), new Int32Array(64))));

  expect(failed.fault.waits).toEqual([
    { agent: "controller", waitsFor: "a token of DMA S2MM 0 of tile (0,0) (out)" },
    {
      agent: "DMA S2MM 0 of tile (0,0) (out), BD 1 (host argument 1)",
      waitsFor: "32 of 64 words from DMA MM2S 0 of tile (0,2)",
    },
    {
      agent: "DMA MM2S 0 of tile (0,2), BD 2 (out_buff_0)",
      waitsFor: "a filled object of objectFifo out (lock out_cons_lock_0: needs >= 1, is 0)",
    },
    {
      agent: "core (0,2)",
      waitsFor: "a filled object of objectFifo in (lock in_cons_cons_lock_0: needs >= 1, is 0)",
    },
    {
      agent: "DMA S2MM 0 of tile (0,2), BD 0 (in_cons_buff_0)",
      waitsFor:
        "8 of 16 words from DMA MM2S 0 of tile (0,0) (in), which has nothing to send: all that the sequence started has been sent",
    },
  ]);
  expect(failed.fault.waitCycle).toBeUndefined();
  expect(failed.message).toContain(
    "why: DMA MM2S 0 of tile (0,0) (in) has nothing more to send; core (0,2) waits for the 3rd object of objectFifo in",
  );
});

// With an odd number of objects in a launch the two buffers change their roles, and launches have two tapes.
test.each([
  [1, "the 12th object"],
  [2, "the 21st object"],
  [3, "the 30th object"],
])(
  "objects of all launches count, also of those played from a tape, with %i in each: %s is waited for",
  async (n, which) => {
    const kernels = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
    const standstill = async (tapes: boolean) => {
      const array = arrayOf(coreDesign({ ...words16, work: callK(16, 3) }), { "0,2": kernels }, { tapes });
      const { insts: stream, buffers } = inAndOut(new Int32Array(16 * n), new Int32Array(16 * n));
      const launch = { insts: decodeTxn(stream), buffers };
      for (let i = 0; i < 9; i++) await array.run(launch);
      const failed = await deadlockOf(array.run(inAndOut(new Int32Array(40), new Int32Array(64))));
      return { message: failed.message, played: array.playedLaunches };
    };

    const [played, anew] = [await standstill(true), await standstill(false)];

    expect(played.played).toBeGreaterThan(0);
    expect(played.message).toBe(anew.message);
    expect(played.message).toContain(
      `(in) has nothing more to send; core (0,2) waits for ${which} of objectFifo in, counted over 10 launches\n`,
    );
  },
);

test("two cores that each wait for the other first: the circle is named", async () => {
  const core = (tile: string, first: string, then: string): string => `aie.core(%${tile}) {
      aie.use_lock(%${first}, AcquireGreaterEqual, 1)
      aie.use_lock(%${then}, Release, 1)
      aie.end
    }`;
  const array = arrayOf(`module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    %ping = aie.lock(%a, 0) {init = 0 : i32, sym_name = "ping_cons_lock_0"}
    %pong = aie.lock(%b, 0) {init = 0 : i32, sym_name = "pong"}
    ${core("a", "pong", "ping")}
    ${core("b", "ping", "pong")}
  }
}`);

  const failed = await deadlockOf(array.run({ insts: insts(sync("S2MM")), buffers: [] }));

  expect(failed.fault.waitCycle).toEqual(["core (0,2)", "core (0,3)"]);
  expect(failed.message).toContain(
    "circle: core (0,2) -(lock pong is 0)-> core (0,3) -(objectFifo ping has no object ready)-> core (0,2)",
  );
  expect(failed.fault.waitFifos).toEqual(["ping"]);
  expect(failed.message).toContain("core (0,2) waits for lock pong (needs >= 1, is 0)");
  expect(failed.message).toContain("core (0,3) waits for a filled object of objectFifo ping");
  expect(failed.message).toContain("DMA S2MM 0 of tile (0,0), which has no task");
});

test("a task that was pushed without a token is named as such", async () => {
  const array = arrayOf(design(""));
  const stream = insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 0, lengthWords: 16, token: false }),
    sync("S2MM"),
  );

  const failed = await deadlockOf(array.run({ insts: stream, buffers: [bytesOf(new Int32Array(16))] }));

  expect(failed.message).toContain("a token of DMA S2MM 0 of tile (0,0) (out), none of whose tasks issues a token");
});

test("more acquired than a fifo holds: nobody who still runs releases the lock", async () => {
  const array = arrayOf(design("aie.use_lock(%out_cons_lock_0, Acquire, 5)"));

  const failed = await deadlockOf(array.run(inAndOut(new Int32Array(16), new Int32Array(16))));

  expect(failed.message).toMatch(
    /core \(0,2\) waits for 5 filled objects of objectFifo out \(lock out_cons_lock_0: needs = 5, is 0\); nobody/,
  );
});

test("a channel to which no flow leads is named", async () => {
  const array = arrayOf(design("").replace("aie.flow(%tile, DMA : 0, %shim, DMA : 0)", ""));

  const failed = await deadlockOf(array.run(inAndOut(new Int32Array(16), new Int32Array(16))));

  expect(failed.message).toContain("16 of 16 words: no flow leads to this channel");
  expect(failed.message).toContain("why: no flow leads to DMA S2MM 0 of tile (0,0) (out)");
  expect(failed.hint).toContain("give its channel an aie.flow");
});

test("a transfer on a channel that no flow leads from is why the other channel sends nothing", async () => {
  const array = arrayOf(design(""));
  const stream = insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 }),
    transfer({ direction: "MM2S", channel: 1, bd: 0, argIndex: 0, lengthWords: 16 }),
    sync("S2MM"),
  );
  const buffers = [bytesOf(new Int32Array(16)), bytesOf(new Int32Array(16))];

  const failed = await deadlockOf(array.run({ insts: stream, buffers }));

  expect(failed.message).toContain("which has nothing to send: the sequence starts no transfer of it");
  expect(failed.message).toContain("16 of 16 words: no flow leads from this channel");
  expect(failed.message).toContain("why: no flow leads from DMA MM2S 1 of tile (0,0)");
});

test("packets that no flow takes are told with their id, or that there is none, and the ids that the flows take", async () => {
  const flow = `aie.packet_flow(3) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%tile, DMA : 0>
    }`;
  const array = arrayOf(design("").replace("aie.flow(%shim, DMA : 0, %tile, DMA : 0)", flow));

  const failed = await deadlockOf(array.run(inAndOut(new Int32Array(16), new Int32Array(16))));

  expect(failed.message).toContain(
    "16 of 16 words: its BD has no packet header, and the flows from this channel take ids 3",
  );
  expect(failed.message).toContain("DMA MM2S 0 of tile (0,0) (in), which is at a packet that no flow takes");
  expect(failed.message).toContain(
    "why: DMA MM2S 0 of tile (0,0) (in) is at a BD with no packet header, and the packet flows from there take ids 3",
  );
  expect(failed.hint).toContain("give the BD or the transfer a packet id that its flows take");
});

test("a sequence that takes less than the cores make is told on which channel more comes", async () => {
  const array = arrayOf(design(""));
  const stream = insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 }),
    transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 16 * 8, token: true }),
    sync("MM2S"),
  );
  const buffers = [bytesOf(new Int32Array(16 * 8)), bytesOf(new Int32Array(16))];

  const failed = await deadlockOf(array.run({ insts: stream, buffers }));

  expect(failed.message).toContain(
    "why: more comes for DMA S2MM 0 of tile (0,0) (out) than the sequence takes: all its tasks have ended",
  );
  expect(failed.hint).toBe("start a transfer for all that the cores make of what the sequence sends, or send less");
});

test("a core that waits for the cascade of a core that has ended is told so", async () => {
  const array = arrayOf(`module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %a = aie.tile(0, 3)
    %b = aie.tile(0, 2)
    aie.configure_cascade(%a, North, South)
    aie.configure_cascade(%b, North, South)
    %ca = aie.core(%a) {
      aie.end
    }
    %cb = aie.core(%b) {
      %y = aie.get_cascade() : vector<16xi32>
      aie.end
    }
  }
}`);

  const failed = await deadlockOf(array.run({ insts: insts(sync("S2MM")), buffers: [] }));

  expect(failed.message).toContain(
    "core (0,2) waits for a cascade value of core (0,3); core (0,3) has reached its end",
  );
});

test("a channel in the middle of a packet is told to who has a packet for it, with whose packet it is", async () => {
  const mem = (tile: string, words: number, direction: string, packet: string): string => `
    %${tile}_buf = aie.buffer(%${tile}) {address = 1024 : i32, sym_name = "${tile}_buf"} : memref<${words}xi32>
    %${tile}_mem = aie.mem(%${tile}) {
      %0 = aie.dma_start(${direction}, 0, ^bd, ^end)
    ^bd:
      aie.dma_bd(%${tile}_buf : memref<${words}xi32>, 0, ${words}) {${packet}}
      aie.next_bd ^end
    ^end:
      aie.end
    }`;
  const packet = (id: number) => `packet = #aie.packet_info<pkt_type = 0, pkt_id = ${id}>`;
  const flow = (id: number, from: string, to: readonly string[]): string => `
    aie.packet_flow(${id}) {
      aie.packet_source<%${from}, DMA : 0>
      ${to.map((tile) => `aie.packet_dest<%${tile}, DMA : 0>`).join("\n")}
    }`;
  // Both take a's packet in lock-step, and the second has room for half of it.
  const array = arrayOf(`module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    ${["a", "b", "wide", "narrow"].map((name, i) => `%${name} = aie.tile(0, ${2 + i})`).join("\n")}
    ${flow(1, "a", ["wide", "narrow"])}
    ${flow(2, "b", ["wide"])}
    ${mem("a", 32, "MM2S", packet(1))}
    ${mem("b", 32, "MM2S", packet(2)).replace("^end\n    ^end", "^bd\n    ^end")}
    ${mem("wide", 128, "S2MM", "")}
    ${mem("narrow", 16, "S2MM", "")}
  }
}`);

  const failed = await deadlockOf(array.run({ insts: insts(sync("S2MM")), buffers: [] }));

  expect(failed.fault.waits).toContainEqual({
    agent: "DMA MM2S 0 of tile (0,3), BD 0 (b_buf)",
    waitsFor:
      "32 of 32 words to be taken by DMA S2MM 0 of tile (0,4) (DMA S2MM 0 of tile (0,4) is in the middle of a packet of DMA MM2S 0 of tile (0,2))",
  });
  expect(failed.message).toContain("16 of 32 words to be taken by DMA S2MM 0 of tile (0,5) (DMA S2MM 0 of tile (0,5)");
});
