import type { ApiNames } from "./api-names.ts";
import { checkApiUse } from "./check-api-use.ts";
import { checkIncludes } from "./check-includes.ts";
import { checkLanguage } from "./check-language.ts";
import { checkLayout } from "./check-layout.ts";
import { checkVectorAlignment } from "./check-vector-alignment.ts";
import { cppTokens } from "./cpp-tokens.ts";
import type { Finding } from "./finding.ts";
import { type KernelText, kernelNames } from "./kernel-text.ts";

/**
 * Looks for what the simulator's compiler accepts and Peano does not, or the other way round, or what the two do
 * differently, in the texts of kernels. `texts`: all sources and headers of a folder of kernels, by path below `root`.
 * A text that passes can still be refused by Peano, which is not asked: see CONTRIBUTING.md.
 */
export function checkKernels(texts: ReadonlyMap<string, string>, root: string, api: ApiNames): readonly Finding[] {
  const files: readonly KernelText[] = [...texts].map(([path, text]) => ({ path, tokens: cppTokens(text) }));
  const own = kernelNames(files);
  const findings = files.flatMap((file) => [
    ...checkIncludes(file, { root, paths: texts }),
    ...checkApiUse(file, { own, api }),
    ...checkLanguage(file, { own, api }),
    ...checkLayout(file),
  ]);
  const all = [...findings, ...checkVectorAlignment(files)];
  return all.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}
