import { expect, test } from "vitest";
import { arrayOf, bytesOf, insts, sync, transfer } from "./lowered-design.test-support.ts";

const idle = { insts: insts(), buffers: [] };
const words = (bytes: Uint8Array): number[] => [...new Int32Array(bytes.slice().buffer)];

test("a cascade hands over 512 bits whatever their type, in order, and holds a sender that is four ahead", async () => {
  const array = arrayOf(`module { aie.device(npu1_1col) {
    %a = aie.tile(0, 4)
    %b = aie.tile(0, 3)
    %go = aie.lock(%b, 0) {init = 0 : i32}
    %sent = aie.buffer(%a) {address = 1024 : i32, sym_name = "sent"} : memref<1xi32>
    %got = aie.buffer(%b) {address = 1024 : i32, sym_name = "got"} : memref<8x32xi16>
    aie.core(%a) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      scf.for %i = %c0 to %c8 step %c1 {
        %n = arith.index_cast %i : index to i32
        %v = vector.broadcast %n : i32 to vector<16xi32>
        aie.put_cascade(%v : vector<16xi32>)
        %next = arith.addi %i, %c1 : index
        %m = arith.index_cast %next : index to i32
        memref.store %m, %sent[%c0] : memref<1xi32>
      }
      aie.end
    }
    aie.core(%b) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      aie.use_lock(%go, AcquireGreaterEqual, 1)
      scf.for %i = %c0 to %c8 step %c1 {
        %v = aie.get_cascade() : vector<32xi16>
        vector.store %v, %got[%i, %c0] : memref<8x32xi16>, vector<32xi16>
      }
      aie.end
    }
    aie.configure_cascade(%a, North, South)
    aie.configure_cascade(%b, North, South)
    aie.runtime_sequence() { }
  } }`);
  await array.run(idle);
  const ahead = words(array.buffer("sent"));

  await array.run({ insts: insts({ op: "write32", address: (3 << 20) + 0x1f000, value: 1 }), buffers: [] });
  await array.run(idle);

  expect(ahead).toEqual([4]);
  expect(words(array.buffer("got"))).toEqual(Array.from({ length: 128 }, (_, i) => Math.floor(i / 16)));
});

test("a core that takes from a cascade which nobody gives to is named in the deadlock", async () => {
  const array = arrayOf(`module { aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %b = aie.tile(0, 3)
    aie.core(%b) {
      %v = aie.get_cascade() : vector<16xi32>
      aie.end
    }
  } }`);

  await expect(array.run({ insts: insts(sync("S2MM")), buffers: [] })).rejects.toThrow(
    "core (0,3) waits for a cascade value; no cascade leads to it",
  );
});

const streaming = (body: string): string => `module { aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    aie.flow(%shim, DMA : 0, %core, Core : 0)
    aie.flow(%core, Core : 0, %shim, DMA : 0)
    aie.core(%core) {
      %port = arith.constant 0 : i32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %n = arith.constant 100 : index
      scf.for %i = %c0 to %n step %c1 {
        %x = aie.get_stream(%port : i32) : i32
        ${body}
      }
      aie.end
    }
  } }`;

const through = (input: Int32Array, output: Int32Array) => ({
  insts: insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: output.length }),
    transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: input.length }),
    sync("S2MM"),
  ),
  buffers: [bytesOf(input), bytesOf(output)],
});

test("words pass a core's stream ports one by one, in order", async () => {
  const array = arrayOf(streaming("%y = arith.addi %x, %x : i32\naie.put_stream(%port : i32, %y : i32)"));
  const input = Int32Array.from({ length: 100 }, (_, i) => i * 11 - 500);
  const output = new Int32Array(100);

  await array.run(through(input, output));

  expect([...output]).toEqual([...input].map((x) => 2 * x));
});

test("a core that waits at its stream port is named in the deadlock, with what it waits for", async () => {
  const array = arrayOf(streaming("aie.put_stream(%port : i32, %x : i32)"));

  await expect(array.run(through(new Int32Array(8), new Int32Array(9)))).rejects.toMatchObject({
    fault: {
      kind: "deadlock",
      waits: expect.arrayContaining([
        { agent: "core (0,2)", waitsFor: "a word at its stream port 0 from DMA MM2S 0 of tile (0,0)" },
        {
          agent: expect.stringContaining("DMA S2MM 0"),
          waitsFor: expect.stringContaining("1 of 9 words from core (0,2)"),
        },
      ]),
    },
  });
});
