import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { verify } from "./verify.ts";

const device = (text: string, name = "npu1_1col"): string => `module {
  aie.device(${name}) {
    %s = aie.tile(0, 0)
    %m = aie.tile(0, 1)
    %a = aie.tile(0, 2)
    %b = aie.tile(0, 3)
    aie.shim_dma_allocation @host(%s, MM2S, 0)
    aie.bd_chain @chain(%x: memref<16xi32>) { aie.end }
${text}
  }
}`;
const sequence = (text: string): string => `aie.runtime_sequence @run(%arg: memref<4096xi32>, %bytes: memref<4096xi8>) {
${text}
}`;
const copy = (pattern: string, arg = "arg", type = "memref<4096xi32>"): string =>
  sequence(`aiex.npu.dma_memcpy_nd(%${arg}${pattern}) {id = 0 : i64, metadata = @host} : ${type}`);
const link = (offsets: string): string => `
    aie.objectfifo @in(%s, {%m}, 2 : i32) : !aie.objectfifo<memref<512xi32>>
    aie.objectfifo @left(%m, {%a}, 2 : i32) : !aie.objectfifo<memref<256xi32>>
    aie.objectfifo @right(%m, {%b}, 2 : i32) : !aie.objectfifo<memref<256xi32>>
    aie.objectfifo.link [@in] -> [@left, @right] ([] [${offsets}])`;
const trace = (text: string): string => `aie.trace @t(%a) {\n${text}\n}`;

const inCore = (text: string): string => `%v = aie.buffer(%a) : memref<64xi32>
    %c = aie.core(%a) {\n%n = arith.constant 0 : index\n%z = arith.constant 0 : i32\n${text}\naie.end\n}`;
const transferRead = (map: string): string =>
  `%x = "vector.transfer_read"(%v, %n, %z) <{permutation_map = ${map}, in_bounds = [true], operandSegmentSizes = array<i32: 1, 1, 1, 0>}> : (memref<64xi32>, index, i32) -> vector<16xi32>`;
const global = (text: string): string => `"memref.global"() <{sym_name = "g", ${text}}> : () -> ()`;

/** Text in a device, and what aie-opt of March 2026 says of it; `undefined`: it is accepted. */
const verdicts: readonly (readonly [title: string, text: string, error: string | undefined])[] = [
  ["lock 99 of a compute tile", "%l = aie.lock(%a, 99)", "lock assigned invalid id (maximum is 15)"],
  ["lock 63 of a memtile", "%l = aie.lock(%m, 63)", undefined],
  ["a linear transfer of 4096 words", copy("[0, 0, 0, 0][1, 1, 1, 4096][0, 0, 0, 1]"), undefined],
  ["a linear transfer repeated 4 times with a stride", copy("[0, 0, 0, 0][4, 1, 1, 2000][1024, 0, 0, 1]"), undefined],
  [
    "the same with a stride in an unused dimension",
    copy("[0, 0, 0, 0][1, 1, 1, 2000][0, 0, 4, 1]"),
    "Size 0 exceeds the [0:1023] range.",
  ],
  [
    "a linear transfer repeated 66 times",
    copy("[0, 0, 0, 0][66, 1, 1, 16][16, 0, 0, 1]"),
    "Size 3 exceeds the [1:64] range.",
  ],
  [
    "a stride of half a word in a dimension of size 1",
    copy("[0, 0, 0, 0][1, 1, 1, 16][0, 0, 2, 1]", "bytes", "memref<4096xi8>"),
    "Stride 1 is 2 elements * 1 bytes = 2 bytes, which is not divisible by 4.",
  ],
  [
    "a fifo in a fifo's place only",
    "%c = aie.core(%a) { aie.objectfifo @f(%a, {%b}, 1 : i32) : !aie.objectfifo<memref<4xi32>>\n aie.end }",
    "expects parent op 'aie.device'",
  ],
  [
    "nine events in one trace",
    trace('aie.trace.event <"A">\n'.repeat(9)),
    "trace unit supports maximum 8 events, got 9",
  ],
  [
    "an event of npu2 on npu1",
    trace("aie.trace.event <CoreEventAIE2P::INSTR_EVENT_0>"),
    "event 'CoreEventAIE2P::INSTR_EVENT_0' is not valid for core tile (AIE2) at (0, 2)",
  ],
  ["a trace that starts by nothing", trace("aie.trace.start"), "must specify either broadcast or event"],
  [
    "a trace that starts by two things",
    trace('aie.trace.start broadcast = 1 event = <"A">'),
    "cannot specify both broadcast and event",
  ],
  [
    "port slot 8",
    trace("aie.trace.port<8> port = DMA channel = 0 direction = S2MM"),
    "attribute 'slot' failed to satisfy constraint: 32-bit signless integer attribute whose minimum value is 0 whose maximum value is 7",
  ],
  [
    "DMA port 2 of a compute tile",
    trace("aie.trace.port<0> port = DMA channel = 2 direction = S2MM"),
    "invalid stream switch port configuration for tile (0, 2)",
  ],
  [
    "a third combination of plain events",
    trace('aie.trace.combo_event<2> <"A"> AND <"B">'),
    "combo slot 2 first event must be COMBO_EVENT_0 (hierarchical), got A",
  ],
  [
    "another device of another kind",
    sequence("aiex.configure @bigger { }"),
    "Device types do not match: 'npu1_1col' vs. 'npu2'",
  ],
  [
    "a chain that is not there",
    sequence("%t = aiex.dma_start_bd_chain @host(%arg) : (memref<4096xi32>) on (%s, MM2S, 0)"),
    "symbol does not reference valid BD chain",
  ],
  [
    "a chain started with another type",
    sequence("%t = aiex.dma_start_bd_chain @chain(%arg) : (memref<4096xi32>) on (%s, MM2S, 0)"),
    "Argument 1 types mismatch: expected 'memref<16xi32>' but got 'memref<4096xi32>'",
  ],
  [
    "a task of the shim on a core's buffer",
    `%buf = aie.buffer(%a) : memref<16xi32>\n${sequence("%t = aiex.dma_configure_task(%s, MM2S, 0) { aie.dma_bd(%buf : memref<16xi32>, 0, 16)\n aie.end }")}`,
    "in Column 0 and Row 2 is accessed from an unreachable tile in Column 0 and Row 0",
  ],
  [
    "a memtile's stream that changes its channel",
    "%w = aie.switchbox(%m) { aie.connect<South : 0, North : 1> }",
    "illegal stream switch connection",
  ],
  [
    "a trace stream that goes east",
    "%w = aie.switchbox(%a) { aie.connect<Trace : 0, North : 1> }",
    "illegal stream switch connection",
  ],
  [
    "two connections of a shim mux to one port",
    "%x = aie.shim_mux(%s) { aie.connect<DMA : 0, North : 3>\n aie.connect<DMA : 1, North : 3> }",
    "targets same destination North: 3 as another connect operation",
  ],
  [
    "offsets of a link that have 32 bits",
    link("0 : i32, 256 : i32"),
    "attribute 'dst_offsets' failed to satisfy constraint: 64-bit integer array attribute",
  ],
  ["offsets of a link that have 64 bits", link("0, 256"), undefined],
  ["a transfer of -64 elements", copy("[0, 0, 0, 0][1, 1, 1, -64][0, 0, 0, 1]"), "expected sizes to be non-negative"],
  ["a transfer from element -4", copy("[0, 0, 0, -4][1, 1, 1, 64][0, 0, 0, 1]"), "expected offsets to be non-negative"],
  [
    "a port tied to two arbiters",
    "%w = aie.switchbox(%a) { %0 = aie.amsel<0> (0)\n%1 = aie.amsel<1> (0)\n%2 = aie.masterset(DMA : 0, %0, %1) }",
    "a master port can only be tied to one arbiter",
  ],
  [
    "a port tied to two msels of one arbiter",
    "%w = aie.switchbox(%a) { %0 = aie.amsel<0> (0)\n%1 = aie.amsel<0> (1)\n%2 = aie.masterset(DMA : 0, %0, %1) }",
    undefined,
  ],
  [
    "packets and a circuit into one port",
    "%w = aie.switchbox(%a) { aie.connect<South : 0, DMA : 0>\n%0 = aie.amsel<0> (0)\n%1 = aie.masterset(DMA : 0, %0) }",
    "targets same destination DMA: 0 as another connect or masterset operation",
  ],
  [
    "packets and a circuit from one port",
    "%w = aie.switchbox(%a) { aie.connect<South : 0, DMA : 0>\n%0 = aie.amsel<0> (0)\naie.packet_rules(South : 0) { aie.rule(31, 1, %0) } }",
    "packet switched source South0 cannot match another connect or masterset operation",
  ],
  [
    "a masterset of a port that is not there",
    "%w = aie.switchbox(%a) { %0 = aie.amsel<0> (0)\n%1 = aie.masterset(DMA : 2, %0) }",
    "index 2 for dest bundle DMA must be less than 2",
  ],
  [
    "half a word from the cascade",
    "aie.core(%a) { %x = aie.get_cascade() : vector<8xi32>\naie.end }",
    "must be a 512-bit type",
  ],
  [
    "half a word into the cascade",
    "aie.core(%a) { %x = arith.constant dense<0> : vector<8xi32>\naie.put_cascade(%x : vector<8xi32>)\naie.end }",
    "type must match architecture cascade width (512 bits in AIE2)",
  ],
  [
    "iterations of a stream port",
    "aie.objectfifo @f(%a, {%b}, 2 : i32) {aie_stream = 0 : i32, aie_stream_port = 0 : i32, iter_count = 4 : i32} : !aie.objectfifo<memref<16xi32>>",
    "`iter_count` unavailable on stream end",
  ],
  [
    "a layout at a shim's end",
    "aie.objectfifo @f(%a, {%s dimensionsFromStream [<size = 16, stride = 1>]}, 2 : i32) : !aie.objectfifo<memref<16xi32>>",
    "`dimensionsFromStreamPerConsumer` data layout transformations are not supported on shim tile consumers",
  ],
  [
    "shared memory for a stream port",
    `aie.objectfifo @f(%a, {%b}, 2 : i32) {aie_stream = 0 : i32, aie_stream_port = 0 : i32} : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo.allocate @f (%a)`,
    "cannot allocate a shared memory module to objectfifo using stream port",
  ],
  ["a name that is no device", sequence("aiex.configure @host { }"), "Not a device: '@host'"],
  ["a name of nothing", sequence("aiex.configure @absent { }"), "No such device: '@absent'"],
  [
    "an event that there is not",
    trace("aie.trace.event <CoreEventAIE2::NOTHING>"),
    "unknown CoreEventAIE2 value: NOTHING",
  ],
  ["events of nothing", trace("aie.trace.event <Event::TRUE>"), "unknown event enum type: Event"],
  [
    "a BD of all of a buffer without a size",
    `%e = aie.external_buffer : memref<?xi32>
    %d = aie.shim_dma(%s) {\n%0 = aie.dma_start(MM2S, 0, ^a, ^b)\n^a:\naie.dma_bd(%e : memref<?xi32>)\naie.next_bd ^b\n^b:\naie.end\n}`,
    "buffer with dynamic shape requires static length.",
  ],
  [
    "a BD of a part of a buffer without a size",
    `%e = aie.external_buffer : memref<?xi32>
    %d = aie.shim_dma(%s) {\n%0 = aie.dma_start(MM2S, 0, ^a, ^b)\n^a:\naie.dma_bd(%e : memref<?xi32>, 0, 64)\naie.next_bd ^b\n^b:\naie.end\n}`,
    undefined,
  ],
  [
    "a process of two patterns that do not fit each other",
    `aie.objectfifo @f(%a, {%b}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    %p = arith.constant dense<[1, 1]> : tensor<2xi32>\n%q = arith.constant dense<[1, 1, 0]> : tensor<3xi32>
    %n = arith.constant 4 : index\nfunc.func @work() { return }
    aie.objectfifo.register_process @f (Produce, %p : tensor<2xi32>, %q : tensor<3xi32>, @work, %n)`,
    "Acquire and Release patterns must be of equal length",
  ],
  [
    "a constant that is a type",
    inCore('%x = "arith.constant"() <{value = i16}> : () -> i16'),
    "Invalid attribute `value` in property conversion: i16",
  ],
  [
    "a loop from a type on",
    inCore(
      '"affine.for"() <{lowerBoundMap = i16, upperBoundMap = affine_map<() -> (4)>, step = 1 : index, operandSegmentSizes = array<i32: 0, 0, 0>}> ({\n^bb0(%i: index):\n"affine.yield"() : () -> ()\n}) : () -> ()',
    ),
    "Invalid attribute `lowerBoundMap` in property conversion: i16",
  ],
  [
    "a map of two results that is applied",
    inCore('%x = "affine.apply"() <{map = affine_map<() -> (0, 1)>}> : () -> index'),
    "mapping must produce one value",
  ],
  [
    "a load from one dimension by a map of two results",
    inCore('%x = "affine.load"(%v) <{map = affine_map<() -> (0, 1)>}> : (memref<64xi32>) -> i32'),
    "affine map num results must equal memref rank",
  ],
  [
    "a load by a map with brackets within its result",
    inCore("%x = affine.load %v[(%n + 1) * 2 - 2 * (%n + 1)] : memref<64xi32>"),
    undefined,
  ],
  [
    "a vector by a map of no dimension",
    inCore(transferRead("affine_map<() -> (0)>")),
    "requires a permutation_map with input dims of the same rank as the source type",
  ],
  [
    "a vector by a map of two results",
    inCore(transferRead("affine_map<(d0) -> (0, d0)>")),
    "requires a permutation_map with result dims of the same rank as the vector type",
  ],
  [
    "a global that is no memref",
    global("type = i32"),
    "attribute 'type' failed to satisfy constraint: memref type attribute",
  ],
  [
    "a global of unknown size",
    global("type = memref<?xi32>"),
    "type should be static shaped memref, but got 'memref<?xi32>'",
  ],
  [
    "a global whose value is a name",
    global("type = memref<4xi32>, initial_value = @x"),
    "initial value should be a unit or elements attribute, but got @x",
  ],
  [
    "a global of words with floats in it",
    global("type = memref<4xi32>, initial_value = dense<1.0> : tensor<4xf32>"),
    "initial value element expected to be of type 'i32', but was of type 'f32'",
  ],
  [
    "a global with values of another shape",
    global("type = memref<4x2xi32>, initial_value = dense<1> : tensor<8xi32>"),
    "initial value shape expected to be 4, 2 but was 8",
  ],
  [
    "a global with a visibility that is none",
    global('type = memref<4xi32>, sym_visibility = "odd"'),
    'visibility expected to be one of ["public", "private", "nested"], but got "odd"',
  ],
  ["a global without values", global("type = memref<4xi32>, initial_value"), undefined],
  ["a block that branches to itself", "func.func @f() {\ncf.br ^bb0\n^bb0:\ncf.br ^bb0\n}", undefined],
];

test.each(verdicts)("%s", (_title, text, error) => {
  const module = parseModule(`${device(text)}`.replace(/}\n*$/, "aie.device(npu2) @bigger { }\n}"), "verdict.mlir");

  const [first] = verify(module).filter(({ severity }) => severity === "error");

  if (error === undefined) expect(first).toBeUndefined();
  else expect(first?.message).toContain(error);
  if (first) expect(first.loc?.line).toBeGreaterThan(1);
});

test("a Versal device is read with the limits of its own columns, and a warning says that it goes no further", () => {
  const found = verify(
    parseModule(device("%far = aie.tile(37, 10)\n%beyond = aie.tile(38, 0)", "xcve2802"), "versal.mlir"),
  );

  expect(found.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([
    "column index (38) must be less than the number of columns in the device (38)",
  ]);
  expect(found.find(({ op }) => op === "aie.device")?.message).toBe(
    "device not supported: xcve2802 is not one of npu1 and npu2",
  );
});
