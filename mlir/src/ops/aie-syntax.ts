import type { Attribute } from "../ir/attributes.ts";
import type { Operation } from "../ir/operation.ts";
import { i32, type MemRefType, type TensorType } from "../ir/types.ts";
import {
  parseArray,
  parseAttribute,
  parseBdDims,
  parseBdPads,
  parseTypedInteger,
  symbolName,
} from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import { attributeText, bdDimsText, bdPadsText, denseText, symbolText, typeText } from "../printer/attributes.ts";
import type { OpPrinter } from "../printer/op-printer.ts";
import type { CustomAssembly } from "./definition.ts";

/** `memref<4xi32> = dense<0>` after the colon of a buffer; the value is a tensor of the buffer's shape. */
export const bufferTypeAndValue: CustomAssembly = {
  parse: (parser, draft) => {
    const type = parser.type();
    draft.types.set("buffer", [type]);
    if (!parser.scanner.accept("=")) return;
    const value = parseAttribute(parser.source, type.kind === "memref" ? tensorLike(type) : undefined);
    draft.attributes.set("initial_value", value);
  },
  print: (printer, op) => {
    const value = op.attributes.get("initial_value");
    const [buffer] = op.results;
    printer.write(` ${buffer ? typeText(buffer.type) : ""} `);
    if (value) printer.write(`= ${value.kind === "dense" ? denseText(value) : attributeText(value)}`);
  },
};

/** The tensor type whose values initialize a memref. */
export function tensorLike(type: MemRefType): TensorType {
  return { kind: "tensor", shape: type.shape, element: type.element };
}

/** `(%producer dimensionsToStream [...], {%consumer dimensionsFromStream [...], ...}, 2 : i32)` */
export const objectFifoEnds: CustomAssembly = {
  parse: (parser, draft) => {
    const { scanner, source } = parser;
    scanner.expect("(");
    draft.operands.set("producerTile", [parser.operand()]);
    const toStream = scanner.accept("dimensionsToStream") ? parseBdDims(source) : [];
    if (toStream.length > 0) draft.attributes.set("dimensionsToStream", { kind: "bd-dims", dims: toStream });
    scanner.expect(",");
    scanner.expect("{");
    const fromStream: Attribute[] = [];
    draft.operands.set(
      "consumerTiles",
      parser.list(() => {
        const use = parser.operand();
        const dims = scanner.accept("dimensionsFromStream") ? parseBdDims(source) : [];
        fromStream.push({ kind: "bd-dims", dims });
        return use;
      }),
    );
    const isPlain = fromStream.every((dims) => dims.kind === "bd-dims" && dims.dims.length === 0);
    if (!isPlain) draft.attributes.set("dimensionsFromStreamPerConsumer", { kind: "array", elements: fromStream });
    scanner.expect("}");
    scanner.expect(",");
    draft.attributes.set("elemNumber", parseAttribute(source));
    scanner.expect(")");
  },
  print: (printer, op) => {
    const [producer, ...consumers] = op.operands;
    const from = op.attributes.get("dimensionsFromStreamPerConsumer");
    const ends = consumers.map((consumer, i) => {
      const dims = from?.kind === "array" ? from.elements[i] : undefined;
      return `${printer.value(consumer)}${dimsText("dimensionsFromStream", dims)}`;
    });
    const producerText = producer ? printer.value(producer) : "";
    const depth = op.attributes.get("elemNumber");
    printer.write(`(${producerText}${dimsText("dimensionsToStream", op.attributes.get("dimensionsToStream"))}, `);
    printer.write(`{${ends.join(", ")}}, ${depth ? attributeText(depth) : ""})`);
  },
};

function dimsText(keyword: string, dims: Attribute | undefined): string {
  return dims?.kind === "bd-dims" && dims.dims.length > 0 ? ` ${keyword} ${bdDimsText(dims.dims)}` : "";
}

/** `!aie.objectfifo<memref<4xi32>> = [dense<0> : memref<4xi32>, ...]` after the colon of an objectFifo. */
export const objectFifoTypeAndValues: CustomAssembly = {
  parse: (parser, draft) => {
    const { scanner, source } = parser;
    const start = draft.loc;
    const type = parser.type();
    const where = scanner.peek();
    if (type.kind !== "objectfifo") throw scanner.error(where, "a type !aie.objectfifo<memref<...>>");
    if (type.element.shape.includes(null)) {
      const message = `custom op 'aie.objectfifo' type should be static shaped memref, but got '${typeText(type.element)}'`;
      throw parser.errorAt(start, message);
    }
    draft.attributes.set("elemType", { kind: "type", type });
    if (!scanner.accept("=")) return;
    const elements = parseArray(source, () => parseAttribute(source, type.element));
    const depth = draft.attributes.get("elemNumber");
    const first = depth?.kind === "array" ? depth.elements[0] : depth;
    if (elements.some((element) => element.kind !== "dense")) {
      throw parser.errorAt(start, "custom op 'aie.objectfifo' initial value should be an elements attribute");
    }
    if (first?.kind === "integer" && Number(first.value) !== elements.length) {
      const counts = `(${first.value} objects, ${elements.length} values)`;
      throw parser.errorAt(start, `custom op 'aie.objectfifo' initial values should initialize all objects ${counts}`);
    }
    draft.attributes.set("initValues", { kind: "array", elements });
  },
  print: (printer, op) => {
    const type = op.attributes.get("elemType");
    const values = op.attributes.get("initValues");
    printer.write(` ${type ? attributeText(type) : ""} `);
    if (values) printer.write(`= ${attributeText(values)}`);
  },
};

/** `(%buffer : memref<...>, offset, len, [sizes and strides], [padding], pad_value = 0)`; all but the buffer may be left out. */
export const dmaBdTransfer: CustomAssembly = {
  parse: (parser, draft) => {
    const { scanner, source } = parser;
    scanner.expect("(");
    draft.operands.set("buffer", [parser.operand()]);
    scanner.expect(":");
    draft.types.set("buffer", [parser.type()]);
    const steps: (() => void)[] = [
      () => draft.attributes.set("offset", parseTypedInteger(source, i32)),
      () => draft.attributes.set("len", parseTypedInteger(source, i32)),
      () => draft.attributes.set("dimensions", { kind: "bd-dims", dims: parseBdDims(source) }),
      () => draft.attributes.set("pad_dimensions", { kind: "bd-pads", pads: parseBdPads(source) }),
      () => {
        scanner.expect("pad_value");
        scanner.expect("=");
        draft.attributes.set("pad_value", parseTypedInteger(source, i32));
      },
    ];
    for (const step of steps) {
      if (!scanner.accept(",")) break;
      step();
    }
    scanner.expect(")");
  },
  print: (printer, op) => {
    const [buffer] = op.operands;
    const { dimensions, pads } = bdLayout(op);
    const offset = op.int("offset") ?? 0;
    const len = op.int("len");
    printer.write(buffer ? `(${printer.value(buffer)} : ${typeText(buffer.type)}` : "(");
    if (len !== undefined || offset !== 0) printer.write(`, ${offset}`);
    if (len !== undefined) printer.write(`, ${len}`);
    if (dimensions) printer.write(`, ${bdDimsText(dimensions.dims)}`);
    if (pads) printer.write(`, ${bdPadsText(pads.pads)}`);
    const padValue = op.int("pad_value") ?? 0;
    if (padValue !== 0) printer.write(`, pad_value = ${padValue}`);
    printer.write(")");
  },
};

function bdLayout(op: Operation) {
  const dimensions = op.attributes.get("dimensions");
  const pads = op.attributes.get("pad_dimensions");
  return {
    dimensions: dimensions?.kind === "bd-dims" ? dimensions : undefined,
    pads: pads?.kind === "bd-pads" ? pads : undefined,
  };
}

/** `@name(%a: type, ...) {...}`; the name may be left out when it has a default. */
export function signature(region: string, defaultName?: string): CustomAssembly {
  return {
    parse: (parser, draft) => {
      const name = parser.scanner.peek().kind === "symbol" ? parser.scanner.take() : undefined;
      if (!name && defaultName === undefined)
        throw parser.scanner.error(parser.scanner.peek(), "a symbol name (@name)");
      if (name) draft.attributes.set("sym_name", { kind: "string", value: symbolName(name.text) });
      parseSignatureRegion(parser, draft, region);
    },
    print: (printer, op) => {
      const name = op.text("sym_name");
      if (name !== undefined && name !== defaultName) printer.write(` ${symbolText([name])}`);
      printSignatureRegion(printer, op);
    },
  };
}

function parseSignatureRegion(parser: OpParser, draft: OpDraft, region: string): void {
  parser.scanner.expect("(");
  const args = parser.scanner.peek().kind === "value" ? parser.list(() => parser.argument()) : [];
  parser.scanner.expect(")");
  draft.regions.set(region, parser.region({ args }));
}

function printSignatureRegion(printer: OpPrinter, op: Operation): void {
  const args = op.regions[0]?.blocks[0]?.args ?? [];
  printer.write(`(${args.map((arg) => `${printer.value(arg)}: ${typeText(arg.type)}`).join(", ")}) `);
  printer.region(op.regions[0], { hidesArgs: true });
}

/** `[{...}, {...}]`, one region per BD. */
export const bdRegions: CustomAssembly = {
  parse: (parser, draft) => {
    const regions = parseArray(parser.source, () => parser.region());
    for (const [i, region] of regions.entries()) draft.regions.set(`bds${i}`, region);
  },
  print: (printer, op) => {
    printer.write(" [");
    for (const [i, region] of op.regions.entries()) {
      if (i > 0) printer.write(", ");
      printer.region(region);
    }
    printer.write("]");
  },
};
