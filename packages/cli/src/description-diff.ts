/** One thing that differs; a side is absent where the file lacks it. */
export interface Difference {
  /** Path through the description: `partition, PDI 0, tile (0,2), memory DMA_BD1, meaning`. */
  readonly where: string;
  readonly a?: string;
  readonly b?: string;
}

/**
 * Differences of two descriptions of the same kind: what a design does first, then where things lie and how they are
 * counted, last identity (uuids, dates). Entries of lists are matched by their names (section, kernel, tile, register);
 * operations and commands by their place, from both ends.
 */
export function descriptionDiff(a: unknown, b: unknown): readonly Difference[] {
  const found: Difference[] = [];
  compare(a, b, [], found);
  return found
    .map((difference, i) => ({ difference, rank: rankOf(difference.where), i }))
    .sort((x, y) => x.rank - y.rank || x.i - y.i)
    .map(({ difference }) => difference);
}

/** At most `each` lines of one part of the file, and how many more there are. */
export function differenceLines(differences: readonly Difference[], each = 8): string[] {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const group = difference.where.split(", ").slice(0, 3).join(", ");
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [difference]);
    else members.push(difference);
  }
  return [...groups].flatMap(([group, members]) => [
    ...members.slice(0, each).map(differenceLine),
    ...(members.length > each ? [`  ... and ${members.length - each} more in ${group}`] : []),
  ]);
}

export function differenceLine({ where, a, b }: Difference): string {
  return `  ${where}: ${a ?? "(absent)"} -> ${b ?? "(absent)"}`;
}

// Fields that say again what others say.
const repeated = new Set(["lines", "text", "problems"]);
// Steps of a path that say nothing to a reader.
const silent = new Set(["content", "container", "cdo", "tiles", "registers", "pdis", "partitions", "args", "bds"]);

type Item = Readonly<Record<string, unknown>>;

function compare(a: unknown, b: unknown, path: readonly string[], found: Difference[]): void {
  const isLeaf = [a, b].some((side) => !isNode(side) || isRegister(side));
  if (isLeaf || Array.isArray(a) !== Array.isArray(b)) {
    if (shown(a) !== shown(b) || (a === undefined) !== (b === undefined)) add(found, path, a, b);
    return;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    compareLists(a, b, path, found);
    return;
  }
  const [left, right] = [a as Item, b as Item];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (repeated.has(key) || (path.length === 0 && key === "name")) continue;
    compare(left[key], right[key], silent.has(key) ? path : [...path, key], found);
  }
}

function compareLists(
  a: readonly unknown[],
  b: readonly unknown[],
  path: readonly string[],
  found: Difference[],
): void {
  if (![...a, ...b].every(isNode)) {
    if (shown(a) !== shown(b)) add(found, path, a, b);
  } else if ([...a, ...b].some((item) => isStep(item as Item))) {
    compareSteps(a as Item[], b as Item[], path, found);
  } else {
    const [left, right] = [keyed(a as Item[], path), keyed(b as Item[], path)];
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      compare(left.get(key), right.get(key), key === "" ? path : [...path, key], found);
    }
  }
}

/** Operations of a stream or commands of a CDO: what is equal at both ends is left out, the rest is told side by side. */
function compareSteps(a: readonly Item[], b: readonly Item[], path: readonly string[], found: Difference[]): void {
  const [left, right] = [a.map(stepText), b.map(stepText)];
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && left[start] === right[start]) start++;
  let end = 0;
  while (end < shorter - start && left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  const [lastA, lastB] = [left.length - end, right.length - end];
  for (let i = start; i < Math.max(lastA, lastB); i++) {
    const [before, after] = [i < lastA ? left[i] : undefined, i < lastB ? right[i] : undefined];
    if (before !== after) add(found, [...path, `[${i}]`], before, after);
  }
}

function isStep(item: Item): boolean {
  return typeof item.op === "string" || typeof item.command === "string";
}

function stepText(item: Item): string {
  const bds = (Array.isArray(item.bds) ? (item.bds as Item[]) : []).map(({ bd, text }) => `; DMA_BD${bd}: ${text}`);
  if (typeof item.op === "string") return `${item.op} ${item.text}${bds.join("")}`;
  const { command, tile, module, register, offset, value, mask, bytes, sha256 } = item;
  const place = Array.isArray(tile) ? `tile (${tile.join(",")}) ${module ?? ""} ${register ?? offset}` : "";
  const written = value === undefined ? `${bytes} bytes, sha256 ${`${sha256 ?? ""}`.slice(0, 12)}` : `= ${value}`;
  return `${command} ${place} ${written}${mask === undefined ? "" : ` under mask ${mask}`}${bds.join("")}`;
}

/** Entries of a list by name; the second of a name is told by its count. */
function keyed(list: readonly Item[], path: readonly string[]): Map<string, Item> {
  const found = new Map<string, Item>();
  for (const [i, item] of list.entries()) {
    const name = nameOf(item, i, path);
    let key = name;
    for (let count = 2; found.has(key); count++) key = `${name} #${count}`;
    found.set(key, item);
  }
  return found;
}

function nameOf(item: Item, i: number, path: readonly string[]): string {
  const { tile, module, register, kind, tag, name, index, bd } = item;
  if (Array.isArray(tile) && register === undefined) return `tile (${tile.join(",")})`;
  if (typeof register === "string") return typeof module === "string" ? `${module} ${register}` : register;
  if (typeof bd === "number") return `DMA_BD${bd}`;
  if (typeof index === "number" && typeof name === "string") return `${index} ${name}`;
  // A PDI has one partition as a rule, which needs no name.
  if (item.cdo !== undefined) return i === 0 ? "" : `partition ${i}`;
  if (item.uuid !== undefined && path.at(-1) === "partition") return `PDI ${i}`;
  return [kind, tag, name].find((text): text is string => typeof text === "string" && text !== "") ?? `[${i}]`;
}

function add(found: Difference[], path: readonly string[], a: unknown, b: unknown): void {
  const sides = { ...(a === undefined ? {} : { a: shown(a) }), ...(b === undefined ? {} : { b: shown(b) }) };
  found.push({ where: path.length === 0 ? "the whole" : path.join(", "), ...sides });
}

/** What a register ends as, or a push to a queue. */
function isRegister(value: unknown): value is Item {
  const item = value as Item;
  return isNode(value) && typeof item.register === "string" && item.tile === undefined;
}

function isNode(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

const shownLimit = 160;

function shown(value: unknown): string {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (!isNode(value)) return String(value);
  if (isRegister(value)) return [value.value, value.meaning].filter((part) => part !== undefined).join(": ");
  const text = JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v));
  return text.length > shownLimit ? `${text.slice(0, shownLimit)}...` : text;
}

const counts = ["programBytes", "dataBytes", "lockWrites", "bdWrites", "switchWrites", "otherWrites", "commandCount"];

function rankOf(where: string): number {
  const parts = where.split(", ");
  const last = parts.at(-1) ?? "";
  if (parts.some((part) => ["uuid", "made", "timestampSeconds"].includes(part))) return 3;
  if (["offset", "at", "bytes", "paddedBytes", "paddingBytes", "trailerBytes"].includes(last) && parts[0] !== "kernels")
    return 2;
  if (parts[0] === "sections" || parts.includes("commands") || counts.includes(last)) return 1;
  return 0;
}
