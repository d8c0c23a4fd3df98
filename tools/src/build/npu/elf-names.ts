import { DesignError } from "@aiekit/core";
import { type CorePlace, deviceSymbol } from "./pass-pipelines.ts";

/** The file that a core's program is linked into; relative, so that the module is the same on every machine. */
export function coreElfName({ col, row }: CorePlace): string {
  return `${deviceSymbol}_core_${col}_${row}.elf`;
}

/**
 * Puts the name of its ELF in the place of every core's body, in the text of a module as aie-opt prints it: no pass does
 * that, and a core that is left without is enabled all the same. A core that names an ELF already is kept.
 * @throws DesignError when the module's cores are not `expected`, or a core cannot be read.
 */
export function withElfNames(physical: string, expected: readonly CorePlace[]): string {
  const cores = findCores(physical);
  const places = new Set(cores.map(placeText));
  const lost = expected.filter((core) => !places.has(placeText(core)));
  if (lost.length > 0 || cores.length !== expected.length) {
    const list = (found: readonly CorePlace[]): string => found.map(placeText).join(" ") || "none";
    throw new DesignError(`input_physical.mlir: expected cores ${list(expected)}, got ${list(cores)}`, {
      hint: "a pass before this step has dropped or added a core; see the file with --keep",
    });
  }
  let text = "";
  let from = 0;
  for (const core of cores) {
    if (/\belf_file\s*=/.test(core.attributes)) continue;
    const attributes = [core.attributes.trim(), `elf_file = "${coreElfName(core)}"`].filter((part) => part !== "");
    text += `${physical.slice(from, core.bodyFrom)}{\n      aie.end\n    } {${attributes.join(", ")}}`;
    from = core.end;
  }
  return text + physical.slice(from);
}

interface FoundCore extends CorePlace {
  /** Where `{ body }` begins. */
  readonly bodyFrom: number;
  /** Where the operation ends, its attributes included. */
  readonly end: number;
  /** What stands between the braces of the attributes; empty where there are none. */
  readonly attributes: string;
}

function findCores(text: string): readonly FoundCore[] {
  const tiles = new Map<string, CorePlace>();
  for (const [, name = "", col, row] of text.matchAll(/(%[\w$.-]+)\s*=\s*aie\.tile\(\s*(\d+)\s*,\s*(\d+)\s*\)/g)) {
    tiles.set(name, { col: Number(col), row: Number(row) });
  }
  if (/"aie\.core"\s*\(/.test(text)) {
    throw new DesignError("input_physical.mlir: expected cores in custom form, got the generic form of MLIR");
  }
  return [...text.matchAll(/\baie\.core\(\s*(%[\w$.-]+)[^{\n]*\{/g)].map((match) => {
    const tile = tiles.get(match[1] ?? "");
    if (tile === undefined) {
      throw new DesignError(`input_physical.mlir: aie.core(${match[1]}): expected an aie.tile of that name`);
    }
    const bodyFrom = match.index + match[0].length - 1;
    const bodyEnd = closingBrace(text, bodyFrom, tile);
    const attributes = /^[ \t]*\{/.exec(text.slice(bodyEnd));
    if (attributes === null) return { ...tile, bodyFrom, end: bodyEnd, attributes: "" };
    const open = bodyEnd + attributes[0].length - 1;
    const end = closingBrace(text, open, tile);
    return { ...tile, bodyFrom, end, attributes: text.slice(open + 1, end - 1) };
  });
}

/** Position behind the brace that closes the one at `open`; braces in strings and comments do not count. */
function closingBrace(text: string, open: number, core: CorePlace): number {
  const token = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|[{}]/g;
  token.lastIndex = open;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === "{") depth++;
    else if (match[0] === "}" && --depth === 0) return token.lastIndex;
  }
  throw new DesignError(`input_physical.mlir: core ${placeText(core)}: its braces do not close`);
}

function placeText({ col, row }: CorePlace): string {
  return `(${col},${row})`;
}
