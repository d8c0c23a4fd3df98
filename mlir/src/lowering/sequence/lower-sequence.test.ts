import { expect, test } from "vitest";
import { parseModule } from "../../parser/module.ts";
import { lowerSequence } from "./lower-sequence.ts";

/** A device whose sequence @outer configures @second and runs `inner` there. */
function twoDevices(inner: string) {
  return parseModule(
    `module {
  aie.device(npu1_1col) @first {
    aie.runtime_sequence @outer(%a: memref<4xi32>) {
      aiex.configure @second {
        aiex.run @inner(%a) : (memref<4xi32>)
      }
    }
  }
  aie.device(npu1_1col) @second {
    aie.runtime_sequence @inner(%b: memref<4xi32>) {
      ${inner}
    }
  }
}`,
    "devices.mlir",
  );
}

const names = (module: ReturnType<typeof parseModule>) =>
  lowerSequence(module, "outer").regions[0]?.entry.ops.map((op) => op.name);

test("a device that was configured just before is not loaded again", () => {
  const write = "aiex.npu.write32 {address = 64 : ui32, value = 1 : ui32}";
  const load = "aiex.npu.load_pdi {device_ref = @second}";

  expect(names(twoDevices(`${load}\n${write}`))).toEqual(["aiex.npu.load_pdi", "aiex.npu.write32"]);
  expect(names(twoDevices(`${write}\n${load}`))).toEqual([
    "aiex.npu.load_pdi",
    "aiex.npu.write32",
    "aiex.npu.load_pdi",
  ]);
});

test("sequences that run each other are refused with the way round", () => {
  const module = twoDevices("aiex.configure @first {\n aiex.run @outer(%b) : (memref<4xi32>)\n }");

  expect(() => lowerSequence(module, "outer")).toThrow("without end: @outer -> @inner -> @outer");
});

test("writebd of a compute tile: 292 bytes are word 73 of the base address field", () => {
  const fields = [
    "bd_id = 0 : i32, buffer_length = 16 : i32, buffer_offset = 292 : i32, enable_packet = 0 : i32, out_of_order_id = 0 : i32",
    "packet_id = 0 : i32, packet_type = 0 : i32, column = 0 : i32, row = 2 : i32, ddr_id = 0 : i32, burst_length = 0 : i32",
    ...[0, 1, 2].map(
      (i) => `d${i}_stride = 0 : i32, d${i}_size = 0 : i32, d${i}_zero_before = 0 : i32, d${i}_zero_after = 0 : i32`,
    ),
    "iteration_current = 0 : i32, iteration_stride = 0 : i32, iteration_size = 0 : i32, lock_acq_enable = 0 : i32",
    "lock_acq_id = 0 : i32, lock_acq_val = 0 : i32, lock_rel_id = 0 : i32, lock_rel_val = 0 : i32, next_bd = 0 : i32",
    "use_next_bd = 0 : i32, valid_bd = 1 : i32",
  ].join(", ");
  const module = parseModule(
    `module { aie.device(npu1_1col) { aie.runtime_sequence @run() { aiex.npu.writebd {${fields}} } } }`,
    "writebd.mlir",
  );

  const sequence = lowerSequence(module, "run");

  const constants = sequence.parentOp?.regions[0]?.entry.ops.find((op) => op.name === "memref.global");
  const words = constants?.attributes.get("initial_value");
  // Word 0: base address in words from bit 14 on, length below.
  expect(words?.kind === "dense" && Number(words.values[0])).toBe((73 << 14) | 16);
});

test("a sequence that is run gets parts of an argument", () => {
  const part = (offset: number) =>
    `%p${offset} = memref.subview %a[${offset}] [4] [1] : memref<64xi32> to memref<4xi32, strided<[1], offset: ${offset}>>
     %q${offset} = memref.reinterpret_cast %p${offset} to offset: [0], sizes: [4], strides: [1] : memref<4xi32, strided<[1], offset: ${offset}>> to memref<4xi32>
     aiex.run @inner(%q${offset}) : (memref<4xi32>)`;
  const module = parseModule(
    `module {
  aie.device(npu1_1col) @first {
    aie.runtime_sequence @outer(%x: memref<4xi32>, %a: memref<64xi32>) {
      aiex.configure @second { ${part(4)}\n${part(12)} }
    }
  }
  aie.device(npu1_1col) @second {
    %t = aie.tile(0, 0)
    aie.shim_dma_allocation @in(%t, MM2S, 0)
    aie.runtime_sequence @inner(%b: memref<4xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 4][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<4xi32>
    }
  }
}`,
    "parts.mlir",
  );

  const patches = lowerSequence(module, "outer").regions[0]?.entry.ops.filter((op) =>
    op.name.endsWith("address_patch"),
  );
  expect(patches?.map((op) => [op.int("arg_idx"), op.int("arg_plus")])).toEqual([
    [1, 16],
    [1, 48],
  ]);
});

test.each([
  ["rows of a matrix", "memref<4x8xi32>", "[0, 0] [1, 8] [1, 1]", "memref<1x8xi32, strided<[8, 1]>>"],
  ["every other element", "memref<64xi32>", "[0] [8] [2]", "memref<8xi32, strided<[2]>>"],
])("a transfer of %s has no place in the argument that is known", (_what, type, lists, view) => {
  const module = parseModule(
    `module { aie.device(npu1_1col) {
  %t = aie.tile(0, 0)
  aie.shim_dma_allocation @in(%t, MM2S, 0)
  aie.runtime_sequence @run(%a: ${type}) {
    %v = memref.subview %a${lists} : ${type} to ${view}
    aiex.npu.dma_memcpy_nd(%v[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : ${view}
  }
} }`,
    "views.mlir",
  );

  expect(() => lowerSequence(module, "run")).toThrow(/views\.mlir:6:\d+: .*memref must be a block argument or subview/);
});

test("operations without a place in the stream are left out", () => {
  const packet =
    "aiex.control_packet {address = 1 : ui32, opcode = 0 : i32, stream_id = 0 : i32, data = array<i32: 1>}";

  expect(names(twoDevices(packet))).toEqual(["aiex.npu.load_pdi"]);
});

test("a sequence that names a lock is refused", () => {
  const module = parseModule(
    `module { aie.device(npu1_1col) {
  %t = aie.tile(0, 0)
  %l = aie.lock(%t, 0) {sym_name = "lock"}
  aie.runtime_sequence @run() {
    aiex.npu.dma_wait {symbol = @lock}
  }
} }`,
    "lock.mlir",
  );

  expect(() => lowerSequence(module, "run")).toThrow(/lock\.mlir:5:\d+: .*references symbol 'lock' .* got: aie\.lock/);
});

test("a sequence that is run brings no buffers of its device along", () => {
  const task = `%t = aiex.dma_configure_task(%m, MM2S, 0) { aie.dma_bd(%x : memref<4xi32>, 0, 4)\n aie.end }`;
  const module = parseModule(
    `module {
  aie.device(npu1_1col) @first {
    aie.runtime_sequence @outer(%a: i32) { aiex.configure @second { aiex.run @inner(%a) : (i32) } }
  }
  aie.device(npu1_1col) @second {
    %m = aie.tile(0, 1)
    %x = aie.buffer(%m) {address = 0 : i32, sym_name = "x"} : memref<4xi32>
    aie.runtime_sequence @inner(%b: i32) { ${task} }
  }
}`,
    "buffers.mlir",
  );

  expect(() => lowerSequence(module, "outer")).toThrow(/unsupported operation type: aie\.buffer/);
  expect(lowerSequence(module, "inner").name).toBe("aie.runtime_sequence");
});
