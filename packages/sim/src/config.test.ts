import { parseModule } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { conformanceDesign } from "./conformance.test-support.ts";
import { loadArrayConfig } from "./load-array-config.ts";
import { arrayOf, bytesOf, insts, sync, transfer } from "./lowered-design.test-support.ts";

const inDevice = (body: string): string => `module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %tile = aie.tile(0, 2)
    ${body}
  }
}`;
const load = (body: string) => loadArrayConfig(parseModule(inDevice(body), "design.mlir"));

test("a routed design gives the flows of the same design before routing", () => {
  const before = conformanceDesign("broadcast-2-tiles", "addresses").config.flows;
  const after = conformanceDesign("broadcast-2-tiles", "physical").config.flows;
  const asText = (flows: typeof before) => flows.map((flow) => JSON.stringify(flow)).sort();

  expect(asText(after)).toEqual(asText(before));
});

test("i16 dimensions <8, 4>, <32, 32>, <4, 1> are words <8, 2>, <32, 16>, <2, 1>, innermost first", () => {
  const { bds } = conformanceDesign("to-stream-rank3-i16").config;
  const tiled = bds.find((bd) => bd.pattern.dims.length > 0);

  expect(tiled?.pattern.dims.map((d) => [d.size, d.strideWords])).toEqual([
    [2, 1],
    [32, 16],
    [8, 2],
  ]);
  expect(tiled?.pattern.lengthWords).toBe(512);
});

test("BDs without a number take the lowest free ones of their channel's parity", () => {
  const { bds } = load(`
    %buf = aie.buffer(%mem) {address = 0 : i32, sym_name = "b"} : memref<64xi32>
    aie.memtile_dma(%mem) {
      %0 = aie.dma_start(S2MM, 1, ^a, ^next)
    ^a:
      aie.dma_bd(%buf : memref<64xi32>, 0, 64)
      aie.next_bd ^a
    ^next:
      %1 = aie.dma_start(MM2S, 0, ^b, ^end)
    ^b:
      aie.dma_bd(%buf : memref<64xi32>, 0, 64) {bd_id = 0 : i32}
      aie.next_bd ^c
    ^c:
      aie.dma_bd(%buf : memref<64xi32>, 0, 64)
      aie.next_bd ^end
    ^end:
      aie.end
    }`);

  expect(bds.map((bd) => [bd.id, bd.nextBd])).toEqual([
    [24, 24],
    [0, 1],
    [1, undefined],
  ]);
});

test("a buffer without an address and an objectFifo ask for lowering", () => {
  expect(() => load('%b = aie.buffer(%tile) {sym_name = "b"} : memref<64xi32>')).toThrow(
    /aie\.buffer \(design\.mlir:6:\d+\): expected attribute address/,
  );
  expect(() => load("aie.objectfifo @f(%shim, {%tile}, 2 : i32) : !aie.objectfifo<memref<16xi32>>")).toThrow(
    /aie\.objectfifo \(design\.mlir:6:\d+\): is not lowered/,
  );
});

test("a buffer that does not fit its tile is refused with its bytes", () => {
  expect(() => load('%b = aie.buffer(%tile) {address = 65000 : i32, sym_name = "b"} : memref<256xi32>')).toThrow(
    "buffer b: bytes 65000..66023 do not lie in the 65536 bytes of tile (0,2)",
  );
});

test("a BD that reaches beyond its buffer is a warning, one beyond the tile's memory is refused", () => {
  const bd = (address: number) => `
    %b = aie.buffer(%tile) {address = ${address} : i32, sym_name = "b"} : memref<16xi32>
    aie.mem(%tile) {
      %0 = aie.dma_start(MM2S, 0, ^a, ^end)
    ^a:
      aie.dma_bd(%b : memref<16xi32>, 8, 16)
      aie.next_bd ^end
    ^end:
      aie.end
    }`;

  expect(load(bd(1024)).warnings).toEqual(["BD 0 (b) of tile (0,2) reaches 32 bytes beyond its buffer of 64 bytes"]);
  expect(() => load(bd(65472))).toThrow(/aie\.dma_bd \(design\.mlir:11:\d+\): buffer b: 16 words up to byte 65567/);
});

test("a memtile pads an image with zeros on all four sides", async () => {
  const image = Int32Array.from({ length: 12 }, (_, i) => i + 1);
  const array = arrayOf(
    inDevice(`
    %full = aie.lock(%mem, 0) {init = 0 : i32, sym_name = "full"}
    %img = aie.buffer(%mem) {address = 0 : i32, sym_name = "img"} : memref<3x4xi32>
    aie.flow(%shim, DMA : 0, %mem, DMA : 0)
    aie.flow(%mem, DMA : 0, %shim, DMA : 0)
    aie.memtile_dma(%mem) {
      %0 = aie.dma_start(S2MM, 0, ^in, ^next)
    ^in:
      aie.dma_bd(%img : memref<3x4xi32>, 0, 12)
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^end
    ^next:
      %1 = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%full, Acquire, 1)
      aie.dma_bd(%img : memref<3x4xi32>, 0, 35, [<size = 3, stride = 4>, <size = 4, stride = 1>], [<const_pad_before = 1, const_pad_after = 1>, <const_pad_before = 2, const_pad_after = 1>])
      aie.next_bd ^end
    ^end:
      aie.end
    }`),
  );
  const output = new Int32Array(35).fill(-1);

  await array.run({
    insts: insts(
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 35 }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 12 }),
      sync("S2MM"),
    ),
    buffers: [bytesOf(image), bytesOf(output)],
  });

  const rows = [0, 1, 2].map((r) => [0, 0, ...image.subarray(4 * r, 4 * r + 4), 0]);
  const blank = new Array(7).fill(0);
  expect([...output]).toEqual([...blank, ...rows.flat(), ...blank]);
});

test("packets of two sources reach one channel whole, those of one source its several destinations", async () => {
  const array = arrayOf(
    inDevice(`
    %b = aie.tile(0, 3)
    %x = aie.buffer(%tile) {address = 1024 : i32, sym_name = "x"} : memref<8xi32> = dense<1>
    %y = aie.buffer(%b) {address = 1024 : i32, sym_name = "y"} : memref<8xi32> = dense<2>
    aie.packet_flow(1) {
      aie.packet_source<%tile, DMA : 0>
      aie.packet_dest<%shim, DMA : 0>
    }
    aie.packet_flow(2) {
      aie.packet_source<%b, DMA : 0>
      aie.packet_dest<%shim, DMA : 0>
    }
    aie.packet_flow(3) {
      aie.packet_source<%tile, DMA : 0>
      aie.packet_dest<%shim, DMA : 1>
    }
    aie.mem(%tile) {
      %0 = aie.dma_start(MM2S, 0, ^p1, ^end)
    ^p1:
      aie.dma_bd(%x : memref<8xi32>, 0, 8) {packet = #aie.packet_info<pkt_type = 0, pkt_id = 1>}
      aie.next_bd ^p3
    ^p3:
      aie.dma_bd(%x : memref<8xi32>, 0, 4) {packet = #aie.packet_info<pkt_type = 0, pkt_id = 3>}
      aie.next_bd ^end
    ^end:
      aie.end
    }
    aie.mem(%b) {
      %0 = aie.dma_start(MM2S, 0, ^p2, ^end)
    ^p2:
      aie.dma_bd(%y : memref<8xi32>, 0, 8) {packet = #aie.packet_info<pkt_type = 0, pkt_id = 2>}
      aie.next_bd ^end
    ^end:
      aie.end
    }`),
  );
  const [merged, other] = [new Int32Array(16), new Int32Array(4)];

  await array.run({
    insts: insts(
      // Shorter than a packet, so that the channel changes BDs in the middle of one.
      transfer({ direction: "S2MM", bd: 0, argIndex: 0, lengthWords: 4, repeat: { count: 4, strideWords: 4 } }),
      transfer({ direction: "S2MM", channel: 1, bd: 1, argIndex: 1, lengthWords: 4 }),
      sync("S2MM"),
      sync("S2MM", 1),
    ),
    buffers: [bytesOf(merged), bytesOf(other)],
  });

  const packets = [merged.subarray(0, 8), merged.subarray(8)].map((words) => [...new Set(words)]);
  expect(packets.sort()).toEqual([[1], [2]]);
  expect([...other]).toEqual([1, 1, 1, 1]);
});

test("a second core on a tile is refused with the places of both; one on the next tile is not", () => {
  const core = (tile: string) => `aie.core(${tile}) {\n aie.end\n }\n`;

  expect(() => load(core("%tile") + core("%tile"))).toThrow(
    "aie.core (design.mlir:9:1): (0,2) has a core already (design.mlir:6:5)",
  );
  expect(load(`%next = aie.tile(0, 3)\n${core("%tile")}${core("%next")}`).cores.map(({ tile }) => tile.row)).toEqual([
    2, 3,
  ]);
});
