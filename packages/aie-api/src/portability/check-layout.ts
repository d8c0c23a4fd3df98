import { type CppToken, closingIndex } from "./cpp-tokens.ts";
import type { Finding } from "./finding.ts";
import type { KernelText } from "./kernel-text.ts";

const wide = /^(u?int64_t|double)$/;
const narrow = /^(u?int(8|16|32)(_t)?|float|bfloat16|bool|char|short|int|unsigned)$/;

/**
 * Structs whose members lie elsewhere on the device: 64-bit members are aligned to 4 bytes there, to 8 here. Source:
 * llvm-aie, clang/lib/Basic/Targets/AIE.h, LongLongAlign and DoubleAlign. Structs of 64-bit members alone have one layout.
 */
export function checkLayout({ path, tokens }: KernelText): readonly Finding[] {
  const findings: Finding[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (!/^(struct|class)$/.test(tokens[i]?.text ?? "") || tokens[i - 1]?.text === "enum") continue;
    const open = bodyStart(tokens, i);
    if (open === undefined) continue;
    const members = memberTypes(tokens.slice(open + 1, closingIndex(tokens, open)));
    const first = members.find(({ text }) => wide.test(text));
    if (first === undefined || !members.some(({ text }) => narrow.test(text))) continue;
    const problem = "a member of 64 bits beside smaller ones: it is aligned to 4 bytes on the device and to 8 here";
    const instead = "members of 64 bits first and alignas(8), or pairs of 32 bits";
    findings.push({ path, line: first.line, what: first.text, problem, instead });
  }
  return findings;
}

/** The `{` of a class definition; undefined for a template parameter, a declaration or a function that returns one. */
function bodyStart(tokens: readonly CppToken[], keyword: number): number | undefined {
  for (let i = keyword + 1; i < tokens.length; i++) {
    const text = tokens[i]?.text ?? "";
    if (text === "{") return i;
    if (text === "(") i = closingIndex(tokens, i);
    else if (/^[;>=,)*&]$/.test(text)) return undefined;
    else if (text === ":") {
      // Bases may have template arguments; the body is the next brace.
      while (i < tokens.length && tokens[i]?.text !== "{" && tokens[i]?.text !== ";") i++;
      return tokens[i]?.text === "{" ? i : undefined;
    }
  }
  return undefined;
}

/** Words that name the types of non-static data members. */
function memberTypes(body: readonly CppToken[]): readonly CppToken[] {
  const types: CppToken[] = [];
  let start = 0;
  for (let i = 0; i < body.length; i++) {
    const { text, kind } = body[i] as CppToken;
    if (kind === "directive") start = i + 1;
    else if (text === "(") {
      const end = closingIndex(body, i);
      const isAlignment = body[i - 1]?.text === "alignas" || body[i - 1]?.text === "__attribute__";
      if (isAlignment) i = end;
      else {
        // A function: over its parameters and, where it has one, its body.
        i = end;
        while (i < body.length && body[i]?.text !== ";" && body[i]?.text !== "{") i++;
        if (body[i]?.text === "{") i = closingIndex(body, i);
        start = i + 1;
      }
    } else if (text === "{" && /^(struct|class|union|enum)$/.test(body[start]?.text ?? "")) {
      i = closingIndex(body, i);
    } else if (text === "{") i = closingIndex(body, i);
    else if (text === ":" && i === start + 1) start = i + 1;
    else if (text === ";") {
      const member = body.slice(start, i);
      start = i + 1;
      if (member.some((token) => /^(static|using|typedef|friend|constexpr|static_assert)$/.test(token.text))) continue;
      const end = member.findIndex((token) => token.text === "=" || token.text === "[");
      types.push(...(end === -1 ? member : member.slice(0, end)).filter((token) => token.kind === "name"));
    }
  }
  return types;
}
