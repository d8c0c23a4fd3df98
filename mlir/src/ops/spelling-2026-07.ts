import { bdDimsAttr } from "../ir/attributes.ts";
import { i32, index } from "../ir/types.ts";
import { parseArray, parseBdPads, parseInteger, parseTypedInteger } from "../parser/attributes.ts";
import type { OpDraft, OpParser } from "../parser/op-parser.ts";
import { dmaBdTransfer } from "./aie-syntax.ts";
import type { OpDefinition } from "./definition.ts";

/** Marks an `aie.trace.host_config` whose form has no `arg_idx`; gone when the text has been read. */
export const ownArgumentKey = "spelling_2026_07.own_argument";

type LaterForm = Partial<OpDefinition> & { readonly starts?: (text: string) => boolean };

/**
 * Definitions that also read what mlir-aie v1.4 (July and August 2026) writes: values of locks and of writes to registers
 * as operands, BDs with words in front of their numbers, traces that bring their own argument. What they read keeps the
 * operands that the text has; `foldLaterForms` makes operations of March 2026 of it.
 */
export function laterSpellings(current: ReadonlyMap<string, OpDefinition>): [string, OpDefinition][] {
  return Object.entries(laterForms).map(([name, { starts, ...later }]) => {
    const definition = current.get(name);
    if (!definition) throw new RangeError(`no operation ${name}`);
    const form = { ...definition, ...later, types: { ...definition.types, ...later.types } };
    return [name, starts ? { ...definition, alternative: { starts, definition: form } } : form];
  });
}

const laterForms: Readonly<Record<string, LaterForm>> = {
  "aie.use_lock": {
    starts: (text) => /^\(\s*%[^\s,()]+\s*,\s*"?\w+"?\s*,\s*%/.test(text),
    format: "`(` %lock `,` $action `,` %value ( `,` $blocking )? `)` attr-dict",
    operands: ["lock", "value"],
    types: { lock: index, value: i32 },
  },
  "aiex.npu.write32": operandForm(["address", "value"]),
  "aiex.npu.maskwrite32": operandForm(["address", "value", "mask"]),
  "aiex.npu.sync": operandForm(["column", "row", "direction", "channel", "column_num", "row_num"]),
  "aiex.npu.rtp_write": {
    starts: (text) => /^\([^%)]*%/.test(text),
    format: "`(` $buffer `,` $index `,` %value `)` attr-dict `:` type(value)",
    operands: ["value"],
  },
  "aiex.npu.push_queue": {
    starts: (text) => /^\([^)]*\)\s*bd_id/.test(text),
    format:
      "`(` $column `,` $row `,` $direction `:` $channel `)` `bd_id` %bd_id `repeat` %repeat_count attr-dict `:` type(bd_id) `,` type(repeat_count)",
    operands: ["repeat_count", "bd_id"],
  },
  "aiex.npu.address_patch": {
    starts: (text) => text.startsWith("("),
    format: "`(` %arg_plus `:` type(arg_plus) `)` attr-dict",
    operands: ["arg_plus"],
  },
  "aie.trace.host_config": {
    starts: (text) => text.startsWith("{"),
    format: "custom(mark) attr-dict",
    custom: { mark: { parse: (_, draft) => draft.attributes.set(ownArgumentKey, { kind: "unit" }), print: () => {} } },
  },
  "aie.trace.packet": { starts: (text) => /^type\b/.test(text), format: "`type` `=` $type attr-dict" },
  "aie.dma_bd": { custom: { transfer: { ...dmaBdTransfer, parse: parseTransfer } } },
};

/** `(%a, %b) {...} : i32, i32` for what was all attributes. */
function operandForm(names: readonly string[]): LaterForm {
  const list = (each: (name: string) => string): string => names.map(each).join(" `,` ");
  return {
    starts: (text) => text.startsWith("("),
    format: `\`(\` ${list((name) => `%${name}`)} \`)\` attr-dict \`:\` ${list((name) => `type(${name})`)}`,
    operands: names,
  };
}

/** `(%buffer : memref<...> offset = 0 len = 64 sizes = [8, 8] strides = [1, 8] pad [...])`, or as in March 2026. */
function parseTransfer(parser: OpParser, draft: OpDraft): void {
  const { scanner, source } = parser;
  const start = scanner.peek();
  scanner.expect("(");
  draft.operands.set("buffer", [parser.operand()]);
  scanner.expect(":");
  draft.types.set("buffer", [parser.type()]);
  if (scanner.peek().text === "," || scanner.peek().text === ")") {
    scanner.rewind(start);
    dmaBdTransfer.parse(parser, draft);
    return;
  }
  for (const name of ["offset", "len"]) {
    if (acceptField(parser, name)) draft.attributes.set(name, parseTypedInteger(source, i32));
  }
  const [sizes, strides] = ["sizes", "strides"].map((name) => {
    const isThere = acceptField(parser, name);
    return isThere ? parseArray(source, () => Number(parseInteger(source))) : [];
  });
  if (sizes?.length !== strides?.length) {
    const counts = `${sizes?.length} sizes and ${strides?.length} strides`;
    throw parser.errorAt(draft.loc, `custom op 'aie.dma_bd' expected as many strides as sizes, found ${counts}`);
  }
  const dims = sizes?.map((size, i) => ({ size, stride: strides?.[i] ?? 0 })) ?? [];
  if (dims.length > 0) draft.attributes.set("dimensions", bdDimsAttr(dims));
  if (scanner.accept("pad")) draft.attributes.set("pad_dimensions", { kind: "bd-pads", pads: parseBdPads(source) });
  scanner.expect(")");
}

function acceptField({ scanner }: OpParser, name: string): boolean {
  if (!scanner.accept(name)) return false;
  scanner.expect("=");
  const token = scanner.peek();
  if (token.kind !== "value") return true;
  throw scanner.errorAt(
    token.start,
    `custom op 'aie.dma_bd' expected a constant ${name}, found the value ${token.text}`,
    "only what is known when the design is built becomes a BD: write the number",
  );
}
