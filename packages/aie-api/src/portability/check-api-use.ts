import { type ApiNames, generations, type PublishedName, widest } from "./api-names.ts";
import { counts } from "./check-headers.ts";
import { type CppToken, closingAngle, closingIndex } from "./cpp-tokens.ts";
import { argumentCounts } from "./declared-names.ts";
import type { Finding } from "./finding.ts";
import { generationRegions } from "./generation-regions.ts";
import type { KernelNames, KernelText } from "./kernel-text.ts";
import { nearestName } from "./nearest-name.ts";

interface Context {
  readonly own: KernelNames;
  readonly api: ApiNames;
}

type Found = Omit<Finding, "path" | "line">;

/** Every use of a name of aie_api: `aie::name(...)` and `value.member(...)`. */
export function checkApiUse({ path, tokens }: KernelText, context: Context): readonly Finding[] {
  const findings: Finding[] = [];
  const members = memberNames(context.api);
  const regions = generationRegions(tokens);
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text, line } = tokens[i] as CppToken;
    let found: readonly Found[] = [];
    if (kind === "name" && text === "aie" && tokens[i + 1]?.text === "::" && tokens[i - 1]?.text !== "::") {
      const use = qualifiedUse(tokens, i);
      found = checkQualified(use, { ...context, anyGeneration: regions.has(line) });
      i = use.last;
    } else if (kind === "punctuation" && (text === "." || text === "->")) {
      const at = tokens[i + 1]?.text === "template" ? i + 2 : i + 1;
      found = checkMember(tokens, at, { ...context, members });
    }
    findings.push(...found.map((one) => ({ path, line, ...one })));
  }
  return findings;
}

interface Use {
  readonly name: string;
  readonly last: number;
  readonly args: number | undefined;
}

/** `aie::a::b<...>(...)` from its `aie`; what follows template arguments is not part of the name. */
function qualifiedUse(tokens: readonly CppToken[], start: number): Use {
  let last = start;
  let name = "aie";
  while (tokens[last + 1]?.text === "::" && tokens[last + 2]?.kind === "name") {
    last += 2;
    name += `::${tokens[last]?.text}`;
  }
  return { name, last, args: callArguments(tokens, last) };
}

/** Arguments of the call behind a name; undefined where it is none or its count cannot be seen. */
function callArguments(tokens: readonly CppToken[], name: number): number | undefined {
  let open = name + 1;
  if (tokens[open]?.text === "<") {
    const end = closingAngle(tokens, open);
    if (end === -1) return undefined;
    open = end + 1;
  }
  if (tokens[open]?.text !== "(") return undefined;
  const inside = tokens.slice(open + 1, closingIndex(tokens, open));
  if (inside.some(({ text }) => text === "...")) return undefined;
  return argumentCounts(inside)[1];
}

function checkQualified(
  { name, args }: Use,
  { own, api, anyGeneration }: Context & { readonly anyGeneration: boolean },
): readonly Found[] {
  const last = name.split("::").at(-1) ?? "";
  // An enumerator that a macro of the kernels chooses.
  if (own.macros.has(last) || name === "aie::operators") return [];
  if (name.startsWith("aie::detail"))
    return [{ what: name, problem: "the inside of aie_api, which the two do not share" }];
  const there = api.published.get(name);
  const here = api.simulator.has(name);
  const near = nearestName(name, bothHave(api));
  const instead = near === undefined ? {} : { instead: near };
  if (there === undefined) return [{ what: name, problem: here ? onlyHere : inNeither, ...instead }];
  if (!here) return [{ what: name, problem: onlyThere, ...instead }];
  const lacking = generations.filter((generation) => !there.in.includes(generation));
  const condition = "#if on __AIE_ARCH__ around it";
  const ofOneGeneration =
    lacking.length > 0 && !anyGeneration
      ? [{ what: name, problem: `${lacking.join(", ")} does not have it`, instead: condition }]
      : [];
  return [...ofOneGeneration, ...wrongCount(name, args, there)];
}

const onlyHere = "only the simulator's headers have it; Peano's aie_api does not";
const onlyThere = "the published aie_api has it, the simulator's headers do not";
const inNeither = "neither the published aie_api nor the simulator has it";

function wrongCount(name: string, args: number | undefined, published: PublishedName): readonly Found[] {
  if (args === undefined || published.args === undefined) return [];
  const [fewest, most] = published.args;
  if (args >= fewest && args <= most) return [];
  const what = `${name} with ${args} argument${args === 1 ? "" : "s"}`;
  return [{ what, problem: `the published aie_api takes ${counts(published.args)}` }];
}

function checkMember(
  tokens: readonly CppToken[],
  at: number,
  { own, api, members }: Context & { readonly members: ReadonlyMap<string, PublishedName> },
): readonly Found[] {
  const token = tokens[at];
  if (token?.kind !== "name" || own.declared.has(token.text)) return [];
  const [name, what] = [token.text, `.${token.text}`];
  const published = members.get(name);
  const here = [...api.simulator.keys()].some((known) => known.endsWith(what));
  if (published === undefined || !here) {
    const problem = here
      ? onlyHere
      : published
        ? onlyThere
        : "no class of aie_api and none of the kernels has this member";
    const near = nearestName(name, [...members.keys()]);
    return [{ what, problem, ...(near !== undefined && { instead: `.${near}` }) }];
  }
  const after = tokens[at + 1]?.text;
  if (published.args && after !== "(" && after !== "<")
    return [{ what, problem: "a function in the published aie_api, used without a call", instead: `${what}()` }];
  return wrongCount(what, callArguments(tokens, at), published);
}

/** Members by name alone, over all classes: the text does not say of what class a value is. */
function memberNames({ published }: ApiNames): ReadonlyMap<string, PublishedName> {
  const members = new Map<string, PublishedName>();
  for (const [name, entry] of published) {
    const member = /\.(\w+)$/.exec(name)?.[1];
    if (member === undefined) continue;
    const before = members.get(member);
    const args = before === undefined ? entry.args : before.args && entry.args && widest(before.args, entry.args);
    members.set(member, { in: entry.in, ...(args && { args }) });
  }
  return members;
}

function bothHave({ published, simulator }: ApiNames): readonly string[] {
  return [...published.keys()].filter((name) => simulator.has(name));
}
