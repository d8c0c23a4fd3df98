import { expect, test } from "vitest";
import { arrayOf, bytesOf, insts } from "./lowered-design.test-support.ts";
import { packetHeader } from "./packet-header.ts";

const idle = { insts: insts(), buffers: [] };
const words = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.slice().buffer)];

/** Tile (0,2) sends two packets, ids 4 and 5, to (0,3) and (0,4). `ways` are the flows or the switches. */
const packets = (ways: string): string => `module { aie.device(npu1_1col) {
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    %c = aie.tile(0, 4)
    %data = aie.buffer(%a) {address = 1024 : i32, sym_name = "data", initial_value = dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi32>} : memref<6xi32>
    %gotb = aie.buffer(%b) {address = 1024 : i32, sym_name = "got_b"} : memref<8xi32>
    %gotc = aie.buffer(%c) {address = 1024 : i32, sym_name = "got_c"} : memref<8xi32>
    ${ways}
    aie.mem(%a) {
      %0 = aie.dma_start(MM2S, 0, ^first, ^end)
    ^first:
      aie.dma_bd(%data : memref<6xi32>, 0, 2) {packet = #aie.packet_info<pkt_type = 3, pkt_id = 4>}
      aie.next_bd ^second
    ^second:
      aie.dma_bd(%data : memref<6xi32>, 2, 4) {packet = #aie.packet_info<pkt_type = 0, pkt_id = 5>}
      aie.next_bd ^end
    ^end:
      aie.end
    }
    ${receive("b")}
    ${receive("c")}
  } }`;

const receive = (tile: string): string => `aie.mem(%${tile}) {
      %0 = aie.dma_start(S2MM, 1, ^only, ^end)
    ^only:
      aie.dma_bd(%got${tile} : memref<8xi32>, 0, 8)
      aie.next_bd ^end
    ^end:
      aie.end
    }`;

const asFlows = `
    aie.packet_flow(4) {
      aie.packet_source<%a, DMA : 0>
      aie.packet_dest<%b, DMA : 1>
      aie.packet_dest<%c, DMA : 1>
    } {keep_pkt_header = true}
    aie.packet_flow(5) {
      aie.packet_source<%a, DMA : 0>
      aie.packet_dest<%c, DMA : 1>
    }`;

/** The same ways by hand; only (0,3) keeps headers. The rules tell ids apart by their last bit. */
const asSwitches = `
    aie.switchbox(%a) {
      %0 = aie.amsel<0> (0)
      %1 = aie.masterset(North : 1, %0)
      aie.packet_rules(DMA : 0) {
        aie.rule(30, 4, %0)
      }
    }
    aie.switchbox(%b) {
      %0 = aie.amsel<0> (0)
      %1 = aie.amsel<1> (0)
      %2 = aie.masterset(DMA : 1, %0) {keep_pkt_header = true}
      %3 = aie.masterset(North : 2, %0, %1)
      aie.packet_rules(South : 1) {
        aie.rule(31, 4, %0)
        aie.rule(31, 5, %1)
      }
    }
    aie.switchbox(%c) {
      %0 = aie.amsel<0> (0)
      %1 = aie.masterset(DMA : 1, %0)
      aie.packet_rules(South : 2) {
        aie.rule(30, 4, %0)
      }
    }`;

/** Type 3, id 4, from column 0, row 2: four ones, so that bit 31 makes the number odd. */
const header = 0x8002_3004;

test("a header has type, id and place of its sender, and an odd number of ones", () => {
  expect(packetHeader({ id: 4, type: 3 }, { col: 0, row: 2 })).toBe(header);
  expect(packetHeader({ id: 5, type: 0 }, { col: 1, row: 2 })).toBe(0x8022_0005);
  expect(packetHeader({ id: 1, type: 0 }, { col: 0, row: 0 })).toBe(1);
});

test("packets go by their ids, and a flow that keeps headers delivers them before the words", async () => {
  const array = arrayOf(packets(asFlows));

  await array.run(idle);

  expect(words(array.buffer("got_b"))).toEqual([header, 1, 2, 0, 0, 0, 0, 0]);
  expect(words(array.buffer("got_c"))).toEqual([header, 1, 2, 3, 4, 5, 6, 0]);
});

test("an aie.dma_bd_packet in the block of a BD is the header of its packets, before what the BD says itself", async () => {
  const first = "aie.dma_bd(%data : memref<6xi32>, 0, 2) {packet = #aie.packet_info<pkt_type = 3, pkt_id = 4>}";
  const array = arrayOf(
    packets(asFlows).replace(first, `aie.dma_bd_packet(3, 4)\n${first.replace("pkt_id = 4", "pkt_id = 5")}`),
  );

  await array.run(idle);

  expect(words(array.buffer("got_b"))).toEqual([header, 1, 2, 0, 0, 0, 0, 0]);
  expect(words(array.buffer("got_c"))).toEqual([header, 1, 2, 3, 4, 5, 6, 0]);
});

test("packets follow the rules of the switches, which drop the headers in front of a DMA unless told otherwise", async () => {
  const array = arrayOf(packets(asSwitches));

  await array.run(idle);

  expect(words(array.buffer("got_b"))).toEqual([header, 1, 2, 0, 0, 0, 0, 0]);
  expect(words(array.buffer("got_c"))).toEqual([1, 2, 3, 4, 5, 6, 0, 0]);
});

test("a static shim program moves an external buffer into a tile", async () => {
  const array = arrayOf(`module { aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %a = aie.tile(0, 2)
    %host = aie.external_buffer {sym_name = "host"} : memref<16xi32>
    %got = aie.buffer(%a) {address = 1024 : i32, sym_name = "got"} : memref<8xi32>
    %go = aie.lock(%shim, 0) {init = 0 : i32}
    aie.flow(%shim, DMA : 0, %a, DMA : 0)
    aie.shim_dma(%shim) {
      %0 = aie.dma_start(MM2S, 0, ^only, ^end)
    ^only:
      aie.use_lock(%go, AcquireGreaterEqual, 1)
      aie.dma_bd(%host : memref<16xi32>, 4, 8)
      aie.next_bd ^end
    ^end:
      aie.end
    }
    aie.mem(%a) {
      %0 = aie.dma_start(S2MM, 0, ^only, ^end)
    ^only:
      aie.dma_bd(%got : memref<8xi32>, 0, 8)
      aie.next_bd ^end
    ^end:
      aie.end
    }
  } }`);
  array.buffer("host").set(bytesOf(Int32Array.from({ length: 16 }, (_, i) => 100 + i)));

  await array.run({ insts: insts({ op: "write32", address: 0x14000, value: 1 }), buffers: [] });
  await array.run(idle);

  expect(words(array.buffer("got"))).toEqual([104, 105, 106, 107, 108, 109, 110, 111]);
});

/** Senders on row 2 and 3 that send packets of two words without end to the tile on row 4, by ids 1 and 2. */
const twoSenders = (receive: string): string => {
  const sender = (name: string, id: number): string => `
    %${name}_word = aie.buffer(%${name}) {address = 1024 : i32, initial_value = dense<${id}> : tensor<2xi32>, sym_name = "${name}_word"} : memref<2xi32>
    aie.packet_flow(${id}) {
      aie.packet_source<%${name}, DMA : 0>
      aie.packet_dest<%to, DMA : 0>
    }
    aie.mem(%${name}) {
      %0 = aie.dma_start(MM2S, 0, ^again, ^end)
    ^again:
      aie.dma_bd(%${name}_word : memref<2xi32>, 0, 2) {packet = #aie.packet_info<pkt_type = 0, pkt_id = ${id}>}
      aie.next_bd ^again
    ^end:
      aie.end
    }`;
  return `module { aie.device(npu1_1col) {
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    %to = aie.tile(0, 4)
    %got = aie.buffer(%to) {address = 1024 : i32, sym_name = "got"} : memref<12xi32>
    ${sender("a", 1)}
    ${sender("b", 2)}
    ${receive}
  } }`;
};

test.each([
  ["one BD", [[0, 12]]],
  ["a BD for each packet", Array.from({ length: 6 }, (_, i) => [2 * i, 2])],
] as const)("senders of packets to one channel take turns: %s", async (_, bds) => {
  const blocks = bds.map(
    ([from, count], i) => `
    ^bd${i}:
      aie.dma_bd(%got : memref<12xi32>, ${from}, ${count})
      aie.next_bd ^${i === bds.length - 1 ? "end" : `bd${i + 1}`}`,
  );
  const array = arrayOf(
    twoSenders(`aie.mem(%to) {
      %0 = aie.dma_start(S2MM, 0, ^bd0, ^end)${blocks.join("")}
    ^end:
      aie.end
    }`),
  );

  await array.run(idle);

  expect(words(array.buffer("got"))).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2]);
});
