import { nearestNames } from "@aiekit/core";
import { Operation, Region } from "../ir/operation.ts";
import type { OpDefinition } from "../ops/definition.ts";
import { foldLaterForms } from "../ops/fold-later-forms.ts";
import { compileFormat } from "../ops/format.ts";
import { upgradeSpelling } from "../ops/spelling-2025.ts";
import { definitions } from "../ops/table.ts";
import { parseAttribute } from "./attributes.ts";
import { parseFormat } from "./format.ts";
import { parseGeneric } from "./generic.ts";

import { type OpDraft, OpParser } from "./op-parser.ts";
import { Scanner, type Token } from "./scanner.ts";
import type { ValueUse } from "./scope.ts";
import { parseType, type Source } from "./types.ts";

export interface ParseOptions {
  /**
   * Which mlir-aie writes the text. `"any"` also reads the spellings that changed in 2025 (`aiex.runtime_sequence`,
   * `aie.shim_dma_allocation @a (MM2S, 0, 2)`) and what came after March 2026 (`aie.logical_tile`, operands of
   * `aiex.npu.write32`); `"2026"` refuses them, as the tool of that month does.
   */
  readonly spelling?: "any" | "2026";
}

/**
 * Reads MLIR text, in custom or generic form, and returns its `builtin.module`. Operations of unknown dialects are kept
 * when they are in generic form.
 * @throws FormatError with file, line, column, the line itself and what was expected.
 */
export function parseModule(text: string, fileName: string, options: ParseOptions = {}): Operation {
  const scanner = new Scanner(text, fileName);
  const source: Source = { scanner, typeAliases: new Map(), attributeAliases: new Map(), attribute: parseAttribute };
  const table = options.spelling === "2026" ? definitions.current : definitions.any;
  const parser = new OpParser({
    source,
    parseOperation: (inner) => parseOperation(inner, table),
    isTerminator: (op) => table.get(op.name)?.isTerminator ?? op.successors.length > 0,
  });
  const ops: Operation[] = [];
  for (;;) {
    const token = scanner.peek();
    if (token.kind === "end") break;
    if (token.kind === "alias" || token.kind === "type-alias") readAlias(source, scanner.take());
    else ops.push(parseOperation(parser, table));
  }
  parser.scope.finish();
  const module = wrapInModule(ops, fileName);
  upgradeSpelling(module);
  if (table === definitions.any) {
    foldLaterForms(module, definitions.current, ({ loc }, message, hint) =>
      scanner.errorAt(loc ? scanner.offsetAt(loc) : 0, message, hint),
    );
  }
  return module;
}

/** A text whose only top-level operation is a module is that module; anything else is put into one. */
function wrapInModule(ops: readonly Operation[], fileName: string): Operation {
  const [only] = ops;
  if (only && ops.length === 1 && only.name === "builtin.module") return only;
  const region = new Region();
  for (const op of ops) region.entry.append(op);
  if (ops.length === 0) region.addBlock();
  return new Operation("builtin.module", { regions: [region], loc: { file: fileName, line: 1, column: 1 } });
}

function readAlias(source: Source, name: Token): void {
  source.scanner.expect("=");
  if (name.kind === "alias") source.attributeAliases.set(name.text, parseAttribute(source));
  else source.typeAliases.set(name.text, parseType(source));
}

function parseOperation(parser: OpParser, table: ReadonlyMap<string, OpDefinition>): Operation {
  const { scanner } = parser;
  const resultNames = parseResultNames(parser);
  const token = scanner.peek();
  const loc = scanner.location(token.start);
  if (token.kind === "string") return parseGeneric(parser, { resultNames, loc, table });
  if (token.kind !== "word") throw scanner.error(token, "an operation");
  const name = shortNames.get(token.text) ?? token.text;
  const known = table.get(name);
  if (!known) throw unknownOperation(scanner, token, table);
  scanner.take();
  const { alternative } = known;
  const definition = alternative?.starts(scanner.text.slice(scanner.peek().start)) ? alternative.definition : known;
  const draft: OpDraft = {
    definition,
    loc,
    resultNames,
    operands: new Map(),
    types: new Map(),
    attributes: new Map(),
    regions: new Map(),
    successors: [],
  };
  parseFormat(parser, draft, compileFormat(definition.format ?? "custom(op)"));
  parser.skipLocation();
  return parser.build(draft);
}

/** Operations of the dialect that a place implies may leave its name out. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ["module", "builtin.module"],
  ["func", "func.func"],
  ["return", "func.return"],
  ["call", "func.call"],
]);

/** No operation has more; a larger number is a mistake in the text. */
const resultsMax = 1000;

/** `%a, %b:2 =`; a count stands for that many names. */
function parseResultNames(parser: OpParser): ValueUse[] {
  const { scanner } = parser;
  if (scanner.peek().kind !== "value") return [];
  const names = parser.list(() => {
    const use = parser.operand();
    if (!scanner.accept(":")) return [use];
    const count = Number(scanner.expectKind("integer", "the number of results").text);
    if (count < 1 || count > resultsMax) {
      throw scanner.errorAt(use.offset, `expected 1 to ${resultsMax} results, found ${count}`);
    }
    return Array.from({ length: count }, (_, i) => (i === 0 ? use : { ...use, name: `${use.name}#${i}` }));
  });
  scanner.expect("=");
  return names.flat();
}

function unknownOperation(scanner: Scanner, token: Token, table: ReadonlyMap<string, OpDefinition>): Error {
  const near = nearestNames(token.text, table.keys());
  const hint = near.length > 0 ? `nearest known operations: ${near.join(", ")}` : undefined;
  return scanner.errorAt(token.start, `custom op '${token.text}' is unknown`, hint);
}
