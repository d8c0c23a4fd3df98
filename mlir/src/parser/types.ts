import type { Attribute } from "../ir/attributes.ts";
import type { FunctionType, MemRefType, TensorType, Type, UnrankedMemRefType } from "../ir/types.ts";
import { index, knownBitWidth } from "../ir/types.ts";
import type { Scanner } from "./scanner.ts";

/** The text being read and the aliases it has defined so far: `#map = ...`, `!t = ...`. */
export interface Source {
  readonly scanner: Scanner;
  readonly typeAliases: Map<string, Type>;
  readonly attributeAliases: Map<string, Attribute>;
  /** Reads one attribute. Types hold attributes and attributes hold types: this is how the one grammar reaches the other. */
  readonly attribute: (source: Source) => Attribute;
}

/** Reads one type. @throws FormatError at the token that is not a type. */
export function parseType(source: Source): Type {
  return source.scanner.nested(() => parseAnyType(source));
}

function parseAnyType(source: Source): Type {
  const { scanner } = source;
  const token = scanner.peek();
  if (token.text === "(") return parseFunctionType(source);
  if (token.kind === "type-alias") return parseDialectType(source);
  if (token.kind !== "word") throw scanner.error(token, "a type");
  const builtin = scalarType(token.text);
  if (builtin) {
    scanner.take();
    return builtin;
  }
  if (token.text === "memref") return parseMemRef(source);
  if (token.text === "vector") {
    scanner.take();
    scanner.expect("<");
    const shape = parseShape(scanner).map((size) => {
      if (size === null) throw scanner.error(scanner.peek(), "a static vector dimension");
      return size;
    });
    const element = parseType(source);
    scanner.expect(">");
    return { kind: "vector", shape, element };
  }
  if (token.text === "tensor") return parseTensor(source);
  if (token.text === "none") return { kind: "opaque", text: scanner.take().text };
  throw scanner.error(token, "a type");
}

/** `(T, ...) -> T` or `(T, ...) -> (T, ...)` */
export function parseFunctionType(source: Source): FunctionType {
  const inputs = parseTypeList(source);
  source.scanner.expect("->");
  const results = source.scanner.peek().text === "(" ? parseTypeList(source) : [parseType(source)];
  return { kind: "function", inputs, results };
}

/** `(T, ...)`, possibly empty. */
export function parseTypeList({ scanner, ...rest }: Source): Type[] {
  scanner.expect("(");
  const types: Type[] = [];
  if (scanner.accept(")")) return types;
  do types.push(parseType({ scanner, ...rest }));
  while (scanner.accept(","));
  scanner.expect(")");
  return types;
}

/** Source: MLIR, IntegerType::kMaxWidth. */
const integerBitsMax = 2 ** 24 - 1;

function scalarType(text: string): Type | undefined {
  if (text === "index") return index;
  if (text === "bf16" || text === "f16" || text === "f32" || text === "f64") return { kind: "float", name: text };
  const integer = /^(s|u)?i([1-9]\d*)$/.exec(text);
  if (!integer || Number(integer[2]) > integerBitsMax) return undefined;
  const sign = integer[1] === "s" ? "signed" : integer[1] === "u" ? "unsigned" : "signless";
  return { kind: "integer", width: Number(integer[2]), sign };
}

/** `4x?x8x` before an element type. */
function parseShape(scanner: Scanner): (number | null)[] {
  const shape: (number | null)[] = [];
  for (;;) {
    const found = scanner.match(/(\d+|\?)\s*x/y);
    if (!found) return shape;
    const size = found[1] === "?" ? null : Number(found[1]);
    if (size !== null && !Number.isSafeInteger(size)) {
      throw scanner.errorAt(scanner.peek().start, `a dimension is below 2^53, found ${found[1]}`);
    }
    shape.push(size);
  }
}

function parseMemRef(source: Source): MemRefType | UnrankedMemRefType {
  const { scanner } = source;
  scanner.take();
  scanner.expect("<");
  if (scanner.match(/\*\s*x/y)) {
    const element = parseType(source);
    scanner.expect(">");
    return { kind: "unranked-memref", element };
  }
  const shape = parseShape(scanner);
  const element = parseType(source);
  let layout: Attribute | undefined;
  let memorySpace: Attribute | undefined;
  while (scanner.accept(",")) {
    const attribute = source.attribute(source);
    const isLayout = attribute.kind === "opaque" && /^(strided|affine_map)</.test(attribute.text);
    if (isLayout && layout === undefined) layout = attribute;
    // Space 0 is where a memref is that names none.
    else memorySpace = attribute.kind === "integer" && attribute.value === 0n ? undefined : attribute;
  }
  scanner.expect(">");
  return {
    kind: "memref",
    shape,
    element,
    ...(layout && !isIdentityMap(layout) && { layout }),
    ...(memorySpace && { memorySpace }),
  };
}

/** `affine_map<(d0, d1) -> (d0, d1)>`: the layout of a memref that names none. */
function isIdentityMap(layout: Attribute): boolean {
  const found = layout.kind === "opaque" ? /^affine_map<(\(.*\)) -> (\(.*\))>$/.exec(layout.text) : undefined;
  return found !== undefined && found !== null && found[1] === found[2];
}

function parseTensor(source: Source): TensorType {
  source.scanner.take();
  source.scanner.expect("<");
  const shape = parseShape(source.scanner);
  const element = parseType(source);
  source.scanner.expect(">");
  return { kind: "tensor", shape, element };
}

function parseDialectType(source: Source): Type {
  const { scanner } = source;
  const token = scanner.take();
  if (token.text === "!aie.objectfifo" || token.text === "!aie.objectfifosubview") {
    scanner.expect("<");
    const start = scanner.peek();
    const element = parseType(source);
    if (element.kind !== "memref") throw scanner.error(start, "a memref type");
    scanner.expect(">");
    return { kind: token.text === "!aie.objectfifo" ? "objectfifo" : "objectfifosubview", element };
  }
  const alias = source.typeAliases.get(token.text);
  if (alias) return alias;
  if (!token.text.includes(".")) {
    throw scanner.errorAt(token.start, `type alias '${token.text}' is not defined before its use`);
  }
  const text = token.text + balancedText(scanner);
  const blockType = /^!aiex\.bfp<"(.*)">$/.exec(text)?.[1];
  if (blockType !== undefined && knownBitWidth({ kind: "opaque", text }) === undefined) {
    const known = "Known types are: v8bfp16ebs8, v16bfp16ebs16.";
    throw scanner.errorAt(token.start, `Invalid block type: ${blockType}. ${known}`);
  }
  return { kind: "opaque", text };
}

/** The text of a `<...>` (or what `open` says) that follows, brackets included; empty when there is none. */
export function balancedText(scanner: Scanner, open: "<" | "(" = "<"): string {
  if (scanner.peek().text !== open) return "";
  const start = scanner.peek();
  let depth = 0;
  let last = start;
  do {
    last = scanner.take();
    if (last.kind === "end") throw scanner.error(last, "'>'");
    if (last.text === "<" || last.text === "(" || last.text === "[") depth++;
    if (last.text === ">" || last.text === ")" || last.text === "]") depth--;
  } while (depth > 0);
  return scanner.text.slice(start.start, last.end);
}
