import { type CppToken, closingAngle, closingIndex } from "./cpp-tokens.ts";
import type { Finding } from "./finding.ts";
import type { KernelText } from "./kernel-text.ts";

interface ArrayDeclaration {
  readonly path: string;
  readonly line: number;
  readonly type: string;
  /** Bytes; Infinity for aie::vector_decl_align, undefined where nothing is said. */
  readonly alignment: number | undefined;
}

const access = /^(load_v|store_v|begin_vector|cbegin_vector|begin_restrict_vector|cbegin_restrict_vector)$/;
const elementBytes: Readonly<Record<string, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  float: 4,
};

/**
 * Arrays of the kernels that are read or written as whole vectors must say their alignment: 32 bytes for up to 256 bits,
 * and 64 on AIE2P for more. The simulator traps on a wrong address, but only for the addresses that its linker chose.
 * Only arrays with a name are seen; arguments are the caller's.
 */
export function checkVectorAlignment(files: readonly KernelText[]): readonly Finding[] {
  const findings = new Map<string, Finding>();
  const arrays = new Map(files.map((file) => [file.path, arraysOf(file)]));
  for (const file of files) {
    // What another file declares is found where that file includes it; same names in two files are two arrays.
    const included = [...arrays].filter(([path]) => path !== file.path && isIncluded(file, path));
    const declarations = new Map([...included.flatMap(([, found]) => found), ...(arrays.get(file.path) ?? [])]);
    for (const { name, line, bytes } of accessesOf(file.tokens)) {
      const array = declarations.get(name);
      if (array === undefined) continue;
      const element = elementBytes[array.type.replace(/_t$/, "")];
      const needed =
        bytes === undefined || element === undefined ? 64 : bytes(element) > 32 ? 64 : bytes(element) > 16 ? 32 : 16;
      if ((array.alignment ?? 0) >= needed) continue;
      const has = array.alignment === undefined ? "no alignas" : `alignas(${array.alignment})`;
      const problem = `${has}, but it is accessed as whole vectors (${file.path}:${line}), which need ${needed} bytes on AIE2P${needed === 64 ? " and 32 on AIE2" : ""}`;
      const key = `${array.path}:${array.line}`;
      findings.set(key, {
        path: array.path,
        line: array.line,
        what: name,
        problem,
        instead: "alignas(aie::vector_decl_align)",
      });
    }
  }
  return [...findings.values()];
}

function isIncluded({ tokens }: KernelText, path: string): boolean {
  const includes = tokens.flatMap(({ kind, text }) =>
    kind === "directive" ? (/^include\s*"([^"]+)"/.exec(text)?.[1] ?? []) : [],
  );
  return includes.some((name) => path.endsWith(`/${name}`) || path === name);
}

/** `alignas(64) static constexpr int32_t kTable[400] = ...`, at any scope. */
function arraysOf({ path, tokens }: KernelText): (readonly [string, ArrayDeclaration])[] {
  const found: (readonly [string, ArrayDeclaration])[] = [];
  for (let i = 1; i < tokens.length - 1; i++) {
    const [type, name] = [tokens[i - 1] as CppToken, tokens[i] as CppToken];
    if (tokens[i + 1]?.text !== "[" || name.kind !== "name" || type.kind !== "name") continue;
    if (/^(return|case|else|delete|throw)$/.test(type.text)) continue;
    // A parameter `const float (&x)[3]` has no name right before its bracket, `int16 x[4]` as a parameter is a pointer.
    const start = statementStart(tokens, i);
    if (tokens[start - 1]?.text === "(" || tokens[start - 1]?.text === ",") continue;
    const alignment = alignmentOf(tokens.slice(start, i));
    found.push([name.text, { path, line: name.line, type: type.text, alignment }]);
  }
  return found;
}

function statementStart(tokens: readonly CppToken[], i: number): number {
  let depth = 0;
  let start = i;
  for (; start > 0; start--) {
    const before = tokens[start - 1] as CppToken;
    if (before.text === ")") depth++;
    else if (before.text === "(" && depth > 0) depth--;
    else if (depth === 0 && (before.kind === "directive" || /^[;{}(,:]$/.test(before.text))) break;
  }
  return start;
}

function alignmentOf(head: readonly CppToken[]): number | undefined {
  const at = head.findIndex(({ text }) => text === "alignas");
  if (at === -1) return undefined;
  const inside = head.slice(at + 2, closingIndex(head, at + 1));
  if (inside.some(({ text }) => text === "vector_decl_align")) return Number.POSITIVE_INFINITY;
  const value = Number(inside[0]?.text);
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}

interface Access {
  readonly name: string;
  readonly line: number;
  /** Bytes of one access for elements of a size; undefined where the count of lanes is not a number. */
  readonly bytes: ((element: number) => number) | undefined;
}

function accessesOf(tokens: readonly CppToken[]): Access[] {
  const found: Access[] = [];
  for (let i = 2; i < tokens.length; i++) {
    const token = tokens[i] as CppToken;
    if (!access.test(token.text) || tokens[i - 1]?.text !== "::") continue;
    let open = i + 1;
    let lanes: number | undefined;
    if (tokens[open]?.text === "<") {
      const end = closingAngle(tokens, open);
      if (end === -1) continue;
      lanes = end === open + 2 ? Number(tokens[open + 1]?.text) : undefined;
      open = end + 1;
    }
    const [array, after] = [tokens[open + 1], tokens[open + 2]?.text ?? ""];
    if (tokens[open]?.text !== "(" || array?.kind !== "name" || !/^[),+[]$/.test(after)) continue;
    const bytes = lanes === undefined || Number.isNaN(lanes) ? undefined : (element: number) => element * (lanes ?? 0);
    found.push({ name: array.text, line: token.line, bytes });
  }
  return found;
}
