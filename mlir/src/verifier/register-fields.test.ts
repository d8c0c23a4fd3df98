import { expect, test } from "vitest";
import { formatDiagnostic } from "../ir/diagnostic.ts";
import { parseModule } from "../parser/module.ts";
import { verify } from "./verify.ts";

const devices = ["npu1_1col", "npu2_1col"];

interface Place {
  readonly row: number;
  readonly program: string;
  readonly words: string;
}
const compute: Place = { row: 2, program: "mem", words: "a compute tile" };
const memtile: Place = { row: 1, program: "memtile_dma", words: "a memtile" };
const shim: Place = { row: 0, program: "shim_dma", words: "a shim tile" };

/** A BD of so many elements on a tile; shims have external buffers. */
function bd({ row, program }: Place, pattern: string, type = "memref<131072xi32>", start = "MM2S, 0"): string {
  const buffer = row === 0 ? `aie.external_buffer : ${type}` : `aie.buffer(%t) {address = 0 : i32} : ${type}`;
  return `%t = aie.tile(0, ${row})
    %b = ${buffer}
    %d = aie.${program}(%t) {
      %0 = aie.dma_start(${start}, ^a, ^end${pattern.startsWith("repeat") ? `, ${pattern}` : ""})
    ^a:
      aie.dma_bd(%b : ${type}, ${pattern.startsWith("repeat") ? "0, 16" : pattern})
      aie.next_bd ^end
    ^end:
      aie.end
    }`;
}

const sequence = (text: string): string => `aie.runtime_sequence @run(%a: memref<4194304xi32>) {\n${text}\n}`;
const copy = (sizes: string, strides: string, more = ""): string => `%t = aie.tile(0, 0)
    aie.shim_dma_allocation @host(%t, MM2S, 0)
    ${sequence(`aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][${sizes}][${strides}]) {id = 0 : i64, metadata = @host${more}} : memref<4194304xi32>`)}`;

const writebdFields = {
  ...{ column: 0, bd_id: 0, buffer_length: 16, buffer_offset: 0, enable_packet: 0, out_of_order_id: 0, packet_id: 0 },
  ...{ packet_type: 0, d0_size: 0, d0_stride: 0, d1_size: 0, d1_stride: 0, d2_size: 0, d2_stride: 0 },
  ...{ iteration_current: 0, iteration_size: 0, iteration_stride: 0, next_bd: 0, row: 0, use_next_bd: 0, valid_bd: 1 },
  ...{ lock_rel_val: 0, lock_rel_id: 0, lock_acq_enable: 0, lock_acq_val: 0, lock_acq_id: 0, d0_zero_before: 0 },
  ...{ d1_zero_before: 0, d2_zero_before: 0, d0_zero_after: 0, d1_zero_after: 0, d2_zero_after: 0 },
};
const writebd = ({ row }: Place, field: keyof typeof writebdFields, value: number): string => {
  const fields = Object.entries({ ...writebdFields, row, [field]: value }).map(([name, n]) => `${name} = ${n} : i32`);
  return sequence(`aiex.npu.writebd {${fields.join(", ")}}`);
};
const task = (row: number, bdText: string): string => `%t = aie.tile(0, ${row})
    %b = aie.buffer(%t) {address = 0 : i32} : memref<131072xi32>
    ${sequence(`%x = aiex.dma_configure_task(%t, MM2S, 0) {\n aie.dma_bd(%b : memref<131072xi32>, ${bdText})\n aie.end\n}`)}`;

interface Field {
  readonly title: string;
  /** The largest value, which fits, and one that does not. */
  readonly fits: string;
  readonly beyond: string;
  /** Message and cure of the latter. */
  readonly says: RegExp;
}

const row = (size: number, stride: number): string => `[<size = 2, stride = 1>, <size = ${size}, stride = ${stride}>]`;
const pads = (sizes: readonly number[], at: number, side: "before" | "after", count: number): string => {
  const dims = sizes.map((size, i) => `<size = ${size}, stride = ${sizes.slice(i + 1).reduce((n, s) => n * s, 1)}>`);
  const list = sizes.map((_, i) => {
    const n = (which: string): number => (i === sizes.length - 1 - at && which === side ? count : 0);
    return `<const_pad_before = ${n("before")}, const_pad_after = ${n("after")}>`;
  });
  return `0, 131071, [${dims.join(", ")}], [${list.join(", ")}]`;
};
const padField = (at: number, side: "before" | "after", most: number): Field => ({
  title: `zeros ${side} dimension ${at} of a memtile's BD`,
  fits: bd(memtile, pads([2, 2, 2], at, side, most)),
  beyond: bd(memtile, pads([2, 2, 2], at, side, most + 1)),
  says: new RegExp(
    `zeros ${side === "after" ? "behind" : side} dimension ${at} in \\w+ is ${most + 1}: .*a memtile holds at most ${most}\\n  hint: pad by ${most} here`,
  ),
});
const writebdField = (place: Place, field: keyof typeof writebdFields, most: number): Field => ({
  title: `${field} of npu.writebd on ${place.words}`,
  fits: writebd(place, field, most),
  beyond: writebd(place, field, most + 1),
  says: new RegExp(`${field} is ${most + 1}: its field in the BDs of ${place.words} holds at most ${most}\\n  hint: `),
});

const repeatedTask = (repeats: number): string => `%s = aie.tile(0, 0)
    aie.shim_dma_allocation @host(%s, MM2S, 0)
    aie.runtime_sequence @run(%arg: memref<64xi32>) {
      %t = aiex.dma_configure_task_for @host {
        aie.dma_bd(%arg : memref<64xi32>, 0, 64)
        aie.end
      } {repeat_count = ${repeats} : i32}
    }`;

const fields: readonly Field[] = [
  {
    title: "repetitions of a task",
    fits: repeatedTask(255),
    beyond: repeatedTask(256),
    says: /repeat_count 256 does not fit its field of 8 bits, which holds at most 255\n {2}hint: start 2 tasks that run at most 256 times each/,
  },
  {
    title: "length of a compute tile's BD",
    fits: bd(compute, "0, 16383", "memref<16384xi32>"),
    beyond: bd(compute, "0, 16384", "memref<16384xi32>"),
    says: /length in words is 16384: .*a compute tile holds at most 16383\n {2}hint: make 2 BDs of at most 16383 words/,
  },
  {
    title: "length of a memtile's BD",
    fits: bd(memtile, "0, 131071"),
    beyond: bd(memtile, "0, 131072"),
    says: /length in words is 131072: .*a memtile holds at most 131071\n {2}hint: make 2 BDs/,
  },
  {
    title: "size of a compute tile's innermost dimension",
    fits: bd(compute, `0, 510, ${row(255, 2)}`, "memref<2048xi32>"),
    beyond: bd(compute, `0, 600, ${row(300, 2)}`, "memref<2048xi32>"),
    says: /size of dimension 0 in words is 300: .*at most 255\n {2}hint: write it as two dimensions: <size = 2, stride = 300>, <size = 150, stride = 2>/,
  },
  {
    title: "size of a compute tile's innermost dimension in bf16",
    fits: bd(compute, `0, 1020, [<size = 2, stride = 2>, <size = 510, stride = 1>]`, "memref<2048xbf16>"),
    beyond: bd(compute, `0, 1024, [<size = 2, stride = 2>, <size = 512, stride = 1>]`, "memref<2048xbf16>"),
    says: /size of dimension 0 in words is 256: .*at most 255\n {2}hint: write it as two dimensions: <size = 2, stride = 256>, <size = 256, stride = 1>/,
  },
  {
    title: "size of a compute tile's outer dimension, a prime",
    fits: bd(compute, "0, 502, [<size = 251, stride = 2>, <size = 2, stride = 1>]", "memref<2048xi32>"),
    beyond: bd(compute, "0, 514, [<size = 257, stride = 2>, <size = 2, stride = 1>]", "memref<2048xi32>"),
    says: /size of dimension 1 in steps is 257: .*\n {2}hint: 257 is no product of two sizes that fit/,
  },
  {
    title: "size of a compute tile's dimension where all three are taken",
    fits: bd(
      compute,
      "0, 1020, [<size = 2, stride = 2>, <size = 2, stride = 1>, <size = 255, stride = 4>]",
      "memref<2048xi32>",
    ),
    beyond: bd(
      compute,
      "0, 1024, [<size = 2, stride = 2>, <size = 2, stride = 1>, <size = 256, stride = 4>]",
      "memref<2048xi32>",
    ),
    says: /dimension 0 in words is 256: .*\n {2}hint: all 3 dimensions are taken/,
  },
  {
    title: "stride of a compute tile's BD",
    fits: bd(compute, "0, 4, [<size = 2, stride = 8192>, <size = 2, stride = 1>]", "memref<16384xi32>"),
    beyond: bd(compute, "0, 4, [<size = 2, stride = 8193>, <size = 2, stride = 1>]", "memref<16384xi32>"),
    says: /stride of dimension 1 in words is 8193: .*a compute tile holds at most 8192\n {2}hint: let its steps lie at most 8192 elements apart, or make 2 BDs/,
  },
  ...[63, 31, 15].flatMap((most, at) => [padField(at, "before", most), padField(at, "after", most)]),
  {
    title: "repetitions of a started channel",
    fits: bd(compute, "repeat_count = 255", "memref<16xi32>"),
    beyond: bd(compute, "repeat_count = 256", "memref<16xi32>"),
    says: /repeat_count 256 does not fit its field of 8 bits, which holds at most 255\n {2}hint: start the channel again/,
  },
  {
    title: "size 0 of a host transfer",
    fits: copy("1, 1, 2, 1023", "0, 0, 2048, 1"),
    beyond: copy("1, 1, 2, 2000", "0, 0, 2048, 1"),
    says: /error: .*Size 0 exceeds the \[0:1023\] range\.\n {2}hint: size of dimension 0 in words is 2000: .*a shim tile holds at most 1023; write it as two dimensions: <size = 2, stride = 1000>, <size = 1000, stride = 1>/,
  },
  {
    title: "size 1 of a host transfer",
    fits: copy("1, 1, 1023, 4", "0, 0, 8, 1"),
    beyond: copy("1, 1, 1024, 4", "0, 0, 8, 1"),
    says: /Size 1 exceeds the \[0:1023\] range\.\n {2}hint: size of dimension 1 in steps is 1024: .*<size = 2, stride = 4096>, <size = 512, stride = 8>/,
  },
  {
    title: "repetitions of a host transfer",
    fits: copy("64, 1, 1, 4", "8, 0, 0, 1"),
    beyond: copy("65, 1, 1, 4", "8, 0, 0, 1"),
    says: /65 repetitions: the iteration field counts to 64\n {2}hint: make 2 transfers of at most 64 repetitions each/,
  },
  {
    title: "stride of a host transfer",
    fits: copy("1, 1, 2, 4", "0, 0, 1048576, 1"),
    beyond: copy("1, 1, 2, 4", "0, 0, 1048577, 1"),
    says: /stride 1 is 1048577 words: .*a shim tile holds at most 1048576\n {2}hint: make 2 transfers with offsets/,
  },
  {
    title: "BD id of a host transfer",
    fits: copy("1, 1, 1, 4", "0, 0, 0, 1").replace("id = 0", "id = 15"),
    beyond: copy("1, 1, 1, 4", "0, 0, 0, 1").replace("id = 0", "id = 16"),
    says: /BD 16 is not there: a shim tile has BDs 0\.\.15\n {2}hint: use an id whose transfer was waited for/,
  },
  {
    title: "zeros of a host transfer",
    fits: copy("1, 1, 1, 4", "0, 0, 0, 1", ", d0_zero_before = 0 : i64"),
    beyond: copy("1, 1, 1, 4", "0, 0, 0, 1", ", d0_zero_before = 1 : i64"),
    says: /a shim DMA does not pad with zeros\n {2}hint: let a memtile pad on the way/,
  },
  {
    title: "length of a memtile's task",
    fits: task(1, "0, 131071"),
    beyond: task(1, "0, 131072"),
    says: /length in words is 131072: .*a memtile holds at most 131071/,
  },
  ...(["d0_size", "d1_size"] as const).map((field) => writebdField(compute, field, 255)),
  ...(["d0_stride", "d1_stride", "d2_stride", "iteration_stride"] as const).flatMap((field) => [
    writebdField(compute, field, 2 ** 13 - 1),
    writebdField(memtile, field, 2 ** 17 - 1),
  ]),
  writebdField(compute, "buffer_length", 2 ** 14 - 1),
  writebdField(memtile, "buffer_length", 2 ** 17 - 1),
  writebdField(compute, "buffer_offset", 65535),
  writebdField(memtile, "buffer_offset", 2 ** 19 - 1),
  writebdField(compute, "next_bd", 15),
  writebdField(memtile, "next_bd", 47),
  writebdField(shim, "next_bd", 15),
  writebdField(shim, "lock_acq_id", 15),
  writebdField(compute, "lock_rel_id", 15),
  writebdField(memtile, "lock_acq_id", 191),
  writebdField(shim, "lock_acq_val", 63),
  writebdField(memtile, "lock_rel_val", 63),
  writebdField(memtile, "d0_zero_before", 63),
  writebdField(memtile, "d1_zero_after", 31),
  writebdField(memtile, "d2_zero_after", 15),
  writebdField(compute, "d0_zero_before", 0),
  writebdField(shim, "iteration_current", 63),
  writebdField(shim, "out_of_order_id", 63),
];

function found(text: string, device: string): string[] {
  const module = parseModule(`module {\n  aie.device(${device}) {\n    ${text}\n  }\n}`, "field.mlir");
  const about = verify(module).filter(({ severity, beyondLimit }) => severity === "error" || beyondLimit);
  return about.map(formatDiagnostic);
}

test.each(fields)(
  "$title: the largest value fits, one more is told with field, value, limit, line and cure",
  (field) => {
    for (const device of devices) {
      expect(found(field.fits, device)).toEqual([]);
      const [first = "nothing was found"] = found(field.beyond, device);
      expect(first).toMatch(/^field\.mlir:\d+:\d+: /);
      expect(first).toMatch(field.says);
    }
  },
);
