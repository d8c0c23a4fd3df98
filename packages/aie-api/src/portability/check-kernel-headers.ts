import type { Finding } from "./finding.ts";

/**
 * What the comments at the start of kernels do not say. `texts`: as for `checkKernels`. The comment of a source with
 * entries has a line for each of its functions and statements of their kind; a header that is part of kernels says of which, or has
 * cycles of its own. Scalar meanings (`_ref.h`), tables and shapes compute nothing on a core.
 */
export function checkKernelHeaders(texts: ReadonlyMap<string, string>): readonly Finding[] {
  return [...texts].flatMap(([path, text]) => {
    const comment = /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? "";
    const missing = path.endsWith(".cc") ? missingInSource(text, comment) : missingInHeader(path, comment);
    return missing.map((what) => ({
      path,
      line: 1,
      what,
      problem: "the comment at the start of the file does not say it",
    }));
  });
}

const statements: readonly (readonly [what: string, said: RegExp])[] = [
  ["alignment of the arguments", /\baligned\b/],
  ["Tile bytes", /^\/\/ Tile bytes /m],
  ["Rounding", /^\/\/ Rounding /m],
  ["Error", /^\/\/ Error /m],
  ["Source or Meaning", /^\/\/ (?:Source|Meaning) /m],
  ["Cycles: modelled, measured on what, or not measured", /^\/\/ Cycles (?:.|\n\/\/ {2})*?(?:modelled|measured)/m],
];

function missingInSource(text: string, comment: string): string[] {
  const entries = [...text.matchAll(/^extern "C" \w+ \*?(\w+)\(/gm)].map((match) => match[1]!);
  if (entries.length === 0) return [];
  const patterns = [...comment.matchAll(/[\w*]+/g)].map(([word]) => word);
  const isNamed = (entry: string) => patterns.some((word) => matches(word, entry)) || isRow(comment, entry);
  return [
    ...entries.filter((entry) => !isNamed(entry)),
    ...statements.flatMap(([what, said]) => (said.test(comment) ? [] : [what])),
  ];
}

/** `attention_*_bf16` names attention_scores_bf16. */
function matches(word: string, entry: string): boolean {
  if (!word.includes("*")) return word === entry;
  return word.length > 8 && new RegExp(`^${word.replaceAll("*", "\\w+")}$`).test(entry);
}

/** `//   step      sums = ...` is a row for matmul_step_i8 where the kernels of the file are named by their middle. */
function isRow(comment: string, entry: string): boolean {
  const [, ...rest] = entry.split("_");
  return rest.some((_, i) => new RegExp(`^//   ${rest.slice(0, i + 1).join("_")} {2,}`, "m").test(comment));
}

function missingInHeader(path: string, comment: string): string[] {
  if (/(_ref|_tables|_filters|_shape|aie_kernel)\.h$/.test(path)) return comment === "" ? ["what is in it"] : [];
  return /^\/\/ (?:Part of| *Cycles) /m.test(comment) ? [] : ["Part of or Cycles"];
}
