/** A design as one writes it by hand: raw locks and BDs, packets, cascades, whole arrays. */
export interface HandWritten {
  readonly design: string;
  /** Words of %a, which are 0, 1, 2, ... */
  readonly words: number;
  /** What %b holds then. */
  readonly right: readonly number[];
}

const device = (name: string, body: string): string => `module {
  aie.device(${name}) {
${body}
  }
}
`;
const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const object = "memref<16xi32>";

/** One core on raw locks and BDs: 16 words in, times `factor`, 16 words out in packets of id `packet`. */
const multiplier = (name: string, factor: number, packet: number): string => `
    %${name}_in = aie.buffer(%${name}) {sym_name = "${name}_in"} : ${object}
    %${name}_out = aie.buffer(%${name}) {sym_name = "${name}_out"} : ${object}
    %${name}_free = aie.lock(%${name}, 0) {init = 1 : i32, sym_name = "${name}_free"}
    %${name}_full = aie.lock(%${name}, 1) {init = 0 : i32, sym_name = "${name}_full"}
    %${name}_room = aie.lock(%${name}, 2) {init = 1 : i32, sym_name = "${name}_room"}
    %${name}_made = aie.lock(%${name}, 3) {init = 0 : i32, sym_name = "${name}_made"}
    %${name}_core = aie.core(%${name}) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %forever = arith.constant 4294967295 : index
      %factor = arith.constant ${factor} : i32
      scf.for %pass = %c0 to %forever step %c1 {
        aie.use_lock(%${name}_full, AcquireGreaterEqual, 1)
        aie.use_lock(%${name}_room, AcquireGreaterEqual, 1)
        scf.for %i = %c0 to %c16 step %c1 {
          %x = memref.load %${name}_in[%i] : ${object}
          %y = arith.muli %x, %factor : i32
          memref.store %y, %${name}_out[%i] : ${object}
        }
        aie.use_lock(%${name}_free, Release, 1)
        aie.use_lock(%${name}_made, Release, 1)
      }
      aie.end
    }
    %${name}_mem = aie.mem(%${name}) {
      %0 = aie.dma_start(S2MM, 0, ^in, ^next)
    ^in:
      aie.use_lock(%${name}_free, AcquireGreaterEqual, 1)
      aie.dma_bd(%${name}_in : ${object}, 0, 16)
      aie.use_lock(%${name}_full, Release, 1)
      aie.next_bd ^in
    ^next:
      %1 = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%${name}_made, AcquireGreaterEqual, 1)
      aie.dma_bd_packet(0, ${packet})
      aie.dma_bd(%${name}_out : ${object}, 0, 16)
      aie.use_lock(%${name}_room, Release, 1)
      aie.next_bd ^out
    ^end:
      aie.end
    }`;

const copyArgument = (arg: string, offset: number, words: number, of: number, rest: string): string =>
  `aiex.npu.dma_memcpy_nd(%${arg}[0, 0, 0, ${offset}][1, 1, 1, ${words}][0, 0, 0, 1]) {${rest}} : memref<${of}xi32>`;

/** Two cores whose packets share one channel of the shim; the second one works first. */
const packetsOfTwoCores = device(
  "npu1_2col",
  `    %s = aie.tile(0, 0)
    %one = aie.tile(0, 2)
    %two = aie.tile(1, 4)
    aie.flow(%s, DMA : 0, %one, DMA : 0)
    aie.flow(%s, DMA : 1, %two, DMA : 0)
    aie.packet_flow(1) { aie.packet_source<%one, DMA : 0> aie.packet_dest<%s, DMA : 0> }
    aie.packet_flow(2) { aie.packet_source<%two, DMA : 0> aie.packet_dest<%s, DMA : 0> }
    aie.shim_dma_allocation @to_one(%s, MM2S, 0)
    aie.shim_dma_allocation @to_two(%s, MM2S, 1)
    aie.shim_dma_allocation @back(%s, S2MM, 0)
${multiplier("one", 2, 1)}
${multiplier("two", 5, 2)}
    aie.runtime_sequence @run(%a: memref<32xi32>, %b: memref<32xi32>) {
      ${copyArgument("b", 0, 16, 32, "id = 4 : i64, metadata = @back")}
      ${copyArgument("a", 0, 16, 32, "id = 0 : i64, metadata = @to_two")}
      aiex.npu.dma_wait {symbol = @back}
      ${copyArgument("b", 16, 16, 32, "id = 4 : i64, metadata = @back")}
      ${copyArgument("a", 16, 16, 32, "id = 0 : i64, metadata = @to_one")}
      aiex.npu.dma_wait {symbol = @back}
    }`,
);

const bdOf = (name: string, take: string, give: string, next: string): string => `
      aie.use_lock(%${take}, AcquireGreaterEqual, 1)
      aie.dma_bd(%${name} : ${object}, 0, 16)
      aie.use_lock(%${give}, Release, 1)
      aie.next_bd ^${next}`;

/** Three buffers of a tile without a core, which the chains of both directions pass round. */
const chainOfThree = device(
  "npu2_1col",
  `    %s = aie.tile(0, 0)
    %t = aie.tile(0, 5)
    ${["x", "y", "z"].map((name) => `%${name} = aie.buffer(%t) {sym_name = "${name}"} : ${object}`).join("\n    ")}
    %free = aie.lock(%t, 4) {init = 3 : i32, sym_name = "free"}
    %full = aie.lock(%t, 5) {init = 0 : i32, sym_name = "full"}
    aie.flow(%s, DMA : 0, %t, DMA : 1)
    aie.flow(%t, DMA : 1, %s, DMA : 1)
    aie.shim_dma_allocation @in(%s, MM2S, 0)
    aie.shim_dma_allocation @out(%s, S2MM, 1)
    %mem = aie.mem(%t) {
      %0 = aie.dma_start(S2MM, 1, ^x, ^next)
    ^x:${bdOf("x", "free", "full", "y")}
    ^y:${bdOf("y", "free", "full", "z")}
    ^z:${bdOf("z", "free", "full", "x")}
    ^next:
      %1 = aie.dma_start(MM2S, 1, ^u, ^end)
    ^u:${bdOf("x", "full", "free", "v")}
    ^v:${bdOf("y", "full", "free", "w")}
    ^w:${bdOf("z", "full", "free", "u")}
    ^end:
      aie.end
    }
    aie.runtime_sequence @run(%a: memref<96xi32>, %b: memref<96xi32>) {
      ${copyArgument("a", 0, 96, 96, "id = 0 : i64, metadata = @in")}
      ${copyArgument("b", 0, 96, 96, "id = 1 : i64, metadata = @out")}
      aiex.npu.dma_wait {symbol = @out}
    }`,
);

const vector = "vector<16xi32>";
const cascadeCore = (tile: string, body: string): string => `%${tile}_core = aie.core(%${tile}) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %zero = arith.constant 0 : i32
      %forever = arith.constant 4294967295 : index
      scf.for %pass = %c0 to %forever step %c1 {
${body}
      }
      aie.end
    }`;
const taken = (fifo: string, port: string): string =>
  `        %v = aie.objectfifo.acquire @${fifo}(${port}, 1) : !aie.objectfifosubview<${object}>
        %e = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<${object}> -> ${object}`;

/** What the first core reads goes by two cascades to the third, which writes it. */
const cascadeOfThree = device(
  "npu1",
  `    %s = aie.tile(1, 0)
    %first = aie.tile(0, 3)
    %second = aie.tile(1, 3)
    %third = aie.tile(2, 3)
    aie.cascade_flow(%first, %second)
    aie.cascade_flow(%second, %third)
    aie.objectfifo @in(%s, {%first}, 2 : i32) : !aie.objectfifo<${object}>
    aie.objectfifo @out(%third, {%s}, 2 : i32) : !aie.objectfifo<${object}>
    ${cascadeCore(
      "first",
      `${taken("in", "Consume")}
        %x = vector.transfer_read %e[%c0], %zero {in_bounds = [true]} : ${object}, ${vector}
        aie.put_cascade(%x : ${vector})
        aie.objectfifo.release @in(Consume, 1)`,
    )}
    ${cascadeCore(
      "second",
      `        %x = aie.get_cascade() : ${vector}
        %y = arith.addi %x, %x : ${vector}
        aie.put_cascade(%y : ${vector})`,
    )}
    ${cascadeCore(
      "third",
      `${taken("out", "Produce")}
        %x = aie.get_cascade() : ${vector}
        vector.transfer_write %x, %e[%c0] {in_bounds = [true]} : ${vector}, ${object}
        aie.objectfifo.release @out(Produce, 1)`,
    )}
    aie.runtime_sequence @run(%a: memref<64xi32>, %b: memref<64xi32>) {
      ${copyArgument("a", 0, 64, 64, "id = 0 : i64, metadata = @in")}
      ${copyArgument("b", 0, 64, 64, "id = 1 : i64, metadata = @out")}
      aiex.npu.dma_wait {symbol = @out}
    }`,
);

const columns = indices(8);
const rows = indices(4);

/** 32 cores of npu2, four to a column, which pass on what they get; each column has its own transfers. */
const wholeArray = device(
  "npu2",
  `${columns.flatMap((c) => indices(6).map((r) => `    %t${c}_${r} = aie.tile(${c}, ${r})`)).join("\n")}
${columns
  .map(
    (c) => `    aie.objectfifo @in${c}(%t${c}_0, {%t${c}_1}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @out${c}(%t${c}_1, {%t${c}_0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
${rows
  .map(
    (r) => `    aie.objectfifo @i${c}_${r}(%t${c}_1, {%t${c}_${r + 2}}, 2 : i32) : !aie.objectfifo<${object}>
    aie.objectfifo @o${c}_${r}(%t${c}_${r + 2}, {%t${c}_1}, 2 : i32) : !aie.objectfifo<${object}>
    %core${c}_${r} = aie.core(%t${c}_${r + 2}) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %forever = arith.constant 4294967295 : index
      scf.for %pass = %c0 to %forever step %c1 {
${taken(`i${c}_${r}`, "Consume")}
        %w = aie.objectfifo.acquire @o${c}_${r}(Produce, 1) : !aie.objectfifosubview<${object}>
        %f = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<${object}> -> ${object}
        scf.for %i = %c0 to %c16 step %c1 {
          %x = memref.load %e[%i] : ${object}
          memref.store %x, %f[%i] : ${object}
        }
        aie.objectfifo.release @i${c}_${r}(Consume, 1)
        aie.objectfifo.release @o${c}_${r}(Produce, 1)
      }
      aie.end
    }`,
  )
  .join("\n")}
    aie.objectfifo.link [@in${c}] -> [${rows.map((r) => `@i${c}_${r}`).join(", ")}] ([] [0, 16, 32, 48])
    aie.objectfifo.link [${rows.map((r) => `@o${c}_${r}`).join(", ")}] -> [@out${c}] ([0, 16, 32, 48] [])`,
  )
  .join("\n")}
    aie.runtime_sequence @run(%a: memref<512xi32>, %b: memref<512xi32>) {
${columns
  .map(
    (c) => `      ${copyArgument("a", 64 * c, 64, 512, `id = 0 : i64, metadata = @in${c}`)}
      ${copyArgument("b", 64 * c, 64, 512, `id = 1 : i64, metadata = @out${c}`)}`,
  )
  .join("\n")}
${columns.map((c) => `      aiex.npu.dma_wait {symbol = @out${c}}`).join("\n")}
    }`,
);

/**
 * The first core gives an object of @f and one of @g a round; the second takes `each` of @f and one of @g, so that one of
 * them fills up unless `each` is 1.
 */
const pairs = (each: number): string =>
  device(
    "npu1_1col",
    `    %s = aie.tile(0, 0)
    %first = aie.tile(0, 2)
    %second = aie.tile(0, 4)
    aie.objectfifo @in(%s, {%first}, 2 : i32) : !aie.objectfifo<${object}>
    aie.objectfifo @f(%first, {%second}, 2 : i32) : !aie.objectfifo<${object}>
    aie.objectfifo @g(%first, {%second}, 2 : i32) : !aie.objectfifo<${object}>
    aie.objectfifo @out(%second, {%s}, 2 : i32) : !aie.objectfifo<${object}>
    ${cascadeCore(
      "first",
      `${taken("in", "Consume")}
        %vf = aie.objectfifo.acquire @f(Produce, 1) : !aie.objectfifosubview<${object}>
        %ef = aie.objectfifo.subview.access %vf[0] : !aie.objectfifosubview<${object}> -> ${object}
        %vg = aie.objectfifo.acquire @g(Produce, 1) : !aie.objectfifosubview<${object}>
        %eg = aie.objectfifo.subview.access %vg[0] : !aie.objectfifosubview<${object}> -> ${object}
        %x = vector.transfer_read %e[%c0], %zero {in_bounds = [true]} : ${object}, ${vector}
        vector.transfer_write %x, %ef[%c0] {in_bounds = [true]} : ${vector}, ${object}
        vector.transfer_write %x, %eg[%c0] {in_bounds = [true]} : ${vector}, ${object}
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @f(Produce, 1)
        aie.objectfifo.release @g(Produce, 1)`,
    )}
    ${cascadeCore(
      "second",
      `${taken("g", "Consume")}
        %vf = aie.objectfifo.acquire @f(Consume, ${each}) : !aie.objectfifosubview<${object}>
        %vo = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<${object}>
        %eo = aie.objectfifo.subview.access %vo[0] : !aie.objectfifosubview<${object}> -> ${object}
        %x = vector.transfer_read %e[%c0], %zero {in_bounds = [true]} : ${object}, ${vector}
        vector.transfer_write %x, %eo[%c0] {in_bounds = [true]} : ${vector}, ${object}
        aie.objectfifo.release @g(Consume, 1)
        aie.objectfifo.release @f(Consume, ${each})
        aie.objectfifo.release @out(Produce, 1)`,
    )}
    aie.runtime_sequence @run(%a: memref<16384xi32>, %b: memref<16384xi32>) {
      ${copyArgument("a", 0, 16384, 16384, "id = 0 : i64, metadata = @in")}
      ${copyArgument("b", 0, 16384, 16384, "id = 1 : i64, metadata = @out")}
      aiex.npu.dma_wait {symbol = @out}
    }`,
  );

export const handWritten = {
  "packets of two cores": {
    design: packetsOfTwoCores,
    words: 32,
    right: indices(32).map((i) => i * (i < 16 ? 5 : 2)),
  },
  "a chain of three BDs": { design: chainOfThree, words: 96, right: indices(96) },
  "a cascade of three cores": { design: cascadeOfThree, words: 64, right: indices(64).map((i) => 2 * i) },
  "pairs of objects": { design: pairs(1), words: 16384, right: indices(16384) },
  "32 cores in 8 columns": { design: wholeArray, words: 512, right: indices(512) },
} as const satisfies Readonly<Record<string, HandWritten>>;
