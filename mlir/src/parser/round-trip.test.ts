import fc from "fast-check";
import { expect, test } from "vitest";
import { type Attribute, bdDimsAttr, boolAttr, enumAttr, integerAttr, stringAttr, typeAttr } from "../ir/attributes.ts";
import { Operation, Region, type Value } from "../ir/operation.ts";
import { bf16, f32, i8, i32, i64, index, memref, type Type } from "../ir/types.ts";
import { printGenericModule } from "../printer/generic.ts";
import { printModule } from "../printer/module.ts";
import { parseModule } from "./module.ts";

/** Names that need quotes, escapes or a number to make them unique are among them. */
const name = fc.oneof(fc.stringMatching(/^[a-z_][a-z0-9_.$]{0,7}$/), fc.constantFrom("a b", 'q"q', "ü", "x", "x_0"));
const element = fc.constantFrom<Type>(i8, i32, bf16, f32);
const shape = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 3 });
const memrefType = fc.tuple(shape, element).map(([sizes, type]) => memref(sizes, type));
const dims = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 512 }), stride: fc.integer({ min: 0, max: 4096 }) }), {
    maxLength: 4,
  })
  .map(bdDimsAttr);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => integerAttr(value, i32));
const scalar: fc.Arbitrary<Attribute> = fc.oneof(
  int32,
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => integerAttr(value, i64)),
  fc.string().map(stringAttr),
  fc.boolean().map(boolAttr),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value): Attribute => ({ kind: "float", value, type: f32 })),
  fc.constant<Attribute>({ kind: "unit" }),
  memrefType.map(typeAttr),
);
const attribute = fc.oneof(
  scalar,
  fc
    .array(
      scalar.filter(({ kind }) => kind !== "unit"),
      { maxLength: 3 },
    )
    .map((elements): Attribute => ({ kind: "array", elements })),
  fc.dictionary(name, scalar, { maxKeys: 3 }).map((entries): Attribute => {
    return { kind: "dictionary", entries: new Map(Object.entries(entries)) };
  }),
);
const extras = fc.dictionary(fc.constantFrom("note", "zz.top", "a-b", "Up"), attribute, { maxKeys: 3 });

interface Spec {
  readonly tiles: readonly { readonly col: number; readonly row: number; readonly extras: Record<string, Attribute> }[];
  readonly buffers: readonly {
    readonly tile: number;
    readonly name: string;
    readonly type: Type;
    readonly address: number;
  }[];
  readonly fifos: readonly {
    readonly name: string;
    readonly ends: readonly number[];
    readonly depth: number | undefined;
    readonly dims: Attribute;
    readonly isVia: boolean;
    readonly element: ReturnType<typeof memref>;
  }[];
  readonly constants: readonly Attribute[];
  readonly bd: { readonly offset: number; readonly dims: Attribute };
}

const place = fc.integer({ min: 0, max: 5 });
const spec: fc.Arbitrary<Spec> = fc.record({
  tiles: fc.array(fc.record({ col: place, row: place, extras }), { minLength: 1, maxLength: 4 }),
  buffers: fc.array(fc.record({ tile: place, name, type: memrefType, address: fc.integer({ min: 0, max: 65535 }) }), {
    maxLength: 4,
  }),
  fifos: fc.array(
    fc.record({
      name,
      ends: fc.array(place, { minLength: 2, maxLength: 4 }),
      depth: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      dims,
      isVia: fc.boolean(),
      element: memrefType,
    }),
    { maxLength: 3 },
  ),
  constants: fc.array(
    fc.oneof(
      int32,
      fc
        .float({ noNaN: true, noDefaultInfinity: true })
        .map((value): Attribute => ({ kind: "float", value, type: f32 })),
    ),
    { maxLength: 4 },
  ),
  bd: fc.record({ offset: fc.integer({ min: 0, max: 9 }), dims }),
});

function moduleOf({ tiles, buffers, fifos, constants, bd }: Spec): Operation {
  const body = new Region();
  const add = (op: Operation): Value | undefined => body.entry.append(op).results[0];
  const int = (value: number): Attribute => integerAttr(value, i32);
  const tileValues = tiles.map(({ col, row, extras: more }) => {
    return add(new Operation("aie.tile", { results: [index], attributes: { ...more, col: int(col), row: int(row) } }));
  });
  const tileAt = (i: number): Value[] => [tileValues[i % tileValues.length]].filter((value) => value !== undefined);
  const bufferValues = buffers.map(({ tile, name: symbol, type, address }) => {
    const attributes = { sym_name: stringAttr(symbol), address: int(address) };
    return add(new Operation("aie.buffer", { operands: tileAt(tile), results: [type], attributes }));
  });
  for (const fifo of fifos) {
    add(
      new Operation("aie.objectfifo", {
        operands: fifo.ends.flatMap(tileAt),
        attributes: {
          sym_name: stringAttr(fifo.name),
          elemNumber:
            fifo.depth === undefined
              ? { kind: "array", elements: fifo.ends.map((n) => integerAttr(n, i64)) }
              : int(fifo.depth),
          elemType: typeAttr({ kind: "objectfifo", element: fifo.element }),
          dimensionsToStream: fifo.dims,
          via_DMA: boolAttr(fifo.isVia),
        },
      }),
    );
  }
  const core = new Region();
  for (const value of constants) {
    const type = value.kind === "integer" || value.kind === "float" ? value.type : i32;
    core.entry.append(new Operation("arith.constant", { results: [type], attributes: { value } }));
  }
  core.entry.append(new Operation("aie.end"));
  add(new Operation("aie.core", { operands: tileAt(0), results: [index], regions: [core] }));
  const dma = new Region();
  const [entry, first, end] = [dma.addBlock(), dma.addBlock(), dma.addBlock()];
  entry.append(
    new Operation("aie.dma_start", {
      results: [{ kind: "integer", width: 1, sign: "signless" }],
      attributes: { channel_dir: enumAttr("MM2S"), channel_index: int(0) },
      successors: [
        { block: first, args: [] },
        { block: end, args: [] },
      ],
    }),
  );
  const [buffer] = bufferValues;
  if (buffer) {
    const attributes = { offset: int(bd.offset), len: int(4), dimensions: bd.dims };
    first.append(new Operation("aie.dma_bd", { operands: [buffer], attributes }));
  }
  first.append(new Operation("aie.next_bd", { successors: [{ block: first, args: [] }] }));
  end.append(new Operation("aie.end"));
  add(new Operation("aie.mem", { operands: tileAt(0), results: [index], regions: [dma] }));
  body.entry.append(new Operation("aie.end"));
  const device = new Operation("aie.device", { attributes: { device: enumAttr("npu2") }, regions: [body] });
  const top = new Region();
  top.entry.append(device);
  return new Operation("builtin.module", { regions: [top] });
}

test("200 random modules: what is printed, in either form, reads and prints the same again", () => {
  fc.assert(
    fc.property(spec, (random) => {
      const module = moduleOf(random);
      const custom = printModule(module);
      const generic = printGenericModule(module);

      expect(printModule(parseModule(custom, "custom"))).toBe(custom);
      expect(printModule(parseModule(generic, "generic"))).toBe(custom);
      expect(printGenericModule(parseModule(generic, "generic"))).toBe(generic);
      expect(printGenericModule(parseModule(custom, "custom"))).toBe(generic);
    }),
    { numRuns: 200, seed: 20260305 },
  );
});
