/** What a failed tool had before it. */
export interface FailureScene {
  /** What the step works on: `core (0,2)`, `sequence frames_16`; undefined for steps on the whole design. */
  readonly subject: string | undefined;
  /** Texts that the tool read, by the name it knows them by. */
  readonly files: ReadonlyMap<string, string>;
  /** The design before lowering, and what messages call it. */
  readonly design: DesignText;
}

export interface DesignText {
  readonly fileName: string;
  readonly text: string;
}

/**
 * The object of the design that a tool's message is about, with the line of the design that declares it. Messages point
 * into lowered modules and name what lowering made: `pcm_cons_buff_0` is a buffer of objectFifo pcm.
 */
export function designObject(message: string, scene: FailureScene): string | undefined {
  const index = indexDesign(scene.design);
  const named = ofLocation(message, scene, index) ?? ofNames(message, index);
  const parts = [scene.subject, named].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? undefined : [...new Set(parts)].join(": ");
}

interface DesignIndex {
  readonly fileName: string;
  /** Line of the declaration by name. */
  readonly fifos: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, FunctionPlace>;
  readonly sequences: ReadonlyMap<string, number>;
  /** Line of the tile by `col,row`. */
  readonly tiles: ReadonlyMap<string, number>;
  /** Line of the core by `col,row`. */
  readonly cores: ReadonlyMap<string, number>;
}

interface FunctionPlace {
  readonly line: number;
  readonly object: string | undefined;
  /** Cores that call it, as `(0,2)`. */
  readonly callers: readonly string[];
}

function indexDesign({ fileName, text }: DesignText): DesignIndex {
  const lines = text.split("\n");
  const places = tilePlaces(text);
  const numbered = lines.map((line, i) => ({ line, number: i + 1 }));
  const collect = (pattern: RegExp): Map<string, number> =>
    new Map(
      numbered.flatMap(({ line, number }) => {
        const name = pattern.exec(line)?.[1];
        return name === undefined ? [] : [[name, number] as const];
      }),
    );
  const cores = new Map<string, number>();
  const callers = new Map<string, Set<string>>();
  let core: string | undefined;
  for (const { line, number } of numbered) {
    const begins = /\baie\.core\((%[\w$.-]+)/.exec(line);
    if (begins) {
      core = places.get(begins[1] ?? "");
      if (core !== undefined) cores.set(core, number);
    }
    const called = /\bcall @([\w$.-]+)\(/.exec(line)?.[1];
    if (called !== undefined && core !== undefined)
      callers.set(called, (callers.get(called) ?? new Set()).add(`(${core})`));
  }
  const functions = new Map<string, FunctionPlace>();
  for (const { line, number } of numbered) {
    const name = /func\.func private @([\w$.-]+)/.exec(line)?.[1];
    if (name === undefined) continue;
    const object = /link_with = "([^"]*)"/.exec(line)?.[1];
    functions.set(name, { line: number, object, callers: [...(callers.get(name) ?? [])] });
  }
  const tiles = new Map<string, number>();
  for (const { line, number } of numbered) {
    const tile = /\baie\.tile\(\s*(\d+)\s*,\s*(\d+)\s*\)/.exec(line);
    if (tile) tiles.set(`${tile[1]},${tile[2]}`, number);
  }
  return {
    fileName,
    fifos: collect(/\baie\.objectfifo @([\w$.-]+)\s*\(/),
    sequences: collect(/\baiex?\.runtime_sequence @([\w$.-]+)\s*\(/),
    functions,
    tiles,
    cores,
  };
}

/** Tiles of a module by the name of their value, as `col,row`. */
function tilePlaces(text: string): ReadonlyMap<string, string> {
  const tiles = text.matchAll(/(%[\w$.-]+)\s*=\s*aie\.tile\(\s*(\d+)\s*,\s*(\d+)\s*\)/g);
  return new Map([...tiles].map(([, name = "", col, row]) => [name, `${col},${row}`] as const));
}

/** From `file:line:column` of the first error in a file that the tool read. */
function ofLocation(message: string, { files }: FailureScene, index: DesignIndex): string | undefined {
  for (const [, file = "", line] of message.matchAll(/^(?:\S*\/)?([\w.-]+\.mlir):(\d+):\d+: error/gm)) {
    const text = files.get(file);
    if (text === undefined) continue;
    const lines = text.split("\n");
    const found = describeLine(Number(line) - 1, { lines, tiles: tilePlaces(text) }, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface ModuleLines {
  readonly lines: readonly string[];
  readonly tiles: ReadonlyMap<string, string>;
}

/** What the operation on a line stands for; where it is not known itself, what it lies in. */
function describeLine(at: number, module: ModuleLines, index: DesignIndex): string | undefined {
  const line = module.lines[at];
  if (line === undefined) return undefined;
  const own = describeOperation(line, module, index);
  const around = surroundings(at, module, index);
  if (own === undefined) return around;
  return around === undefined ? own : `${own}, in ${around}`;
}

function describeOperation(line: string, module: ModuleLines, index: DesignIndex): string | undefined {
  const tile = /\baie\.tile\(\s*(\d+)\s*,\s*(\d+)\s*\)/.exec(line);
  if (tile) return describeTile(`${tile[1]},${tile[2]}`, module, index);
  const fifo = /\baie\.objectfifo @([\w$.-]+)/.exec(line)?.[1];
  if (fifo !== undefined) return fifoText(fifo, index);
  const made =
    /sym_name = "([\w$.-]+)"|\baie\.dma_bd\(%([\w$.-]+)|metadata = @([\w$.-]+)|\baie\.shim_dma_allocation @([\w$.-]+)/.exec(
      line,
    );
  const name = made?.slice(1).find((group) => group !== undefined);
  if (name !== undefined) return describeName(name, index);
  const core = /\baie\.core\((%[\w$.-]+)/.exec(line)?.[1];
  if (core !== undefined) return coreText(module.tiles.get(core), index);
  const sequence = /\baiex?\.runtime_sequence @([\w$.-]+)/.exec(line)?.[1];
  if (sequence !== undefined) return sequenceText(sequence, index);
  const flow = /\baie\.flow\((%[\w$.-]+), (\w+) : (\d+), (%[\w$.-]+), (\w+) : (\d+)\)/.exec(line);
  if (flow) {
    const [, from = "", fromBundle, fromChannel, to = "", toBundle, toChannel] = flow;
    return `the flow from tile (${module.tiles.get(from)}) ${fromBundle} ${fromChannel} to tile (${module.tiles.get(to)}) ${toBundle} ${toChannel}`;
  }
  return undefined;
}

/** The core, DMA program or sequence that a line lies in: the nearest line above with less indentation that opens one. */
function surroundings(at: number, module: ModuleLines, index: DesignIndex): string | undefined {
  const indent = indentOf(module.lines[at] ?? "");
  for (let i = at - 1; i >= 0; i--) {
    const line = module.lines[i] ?? "";
    if (indentOf(line) >= indent) continue;
    const opens = /\baie\.(core|mem|memtile_dma|shim_dma)\((%[\w$.-]+)/.exec(line);
    if (opens?.[1] === "core") return coreText(module.tiles.get(opens[2] ?? ""), index);
    if (opens) return `the DMA program of tile (${module.tiles.get(opens[2] ?? "")})`;
    const sequence = /\baiex?\.runtime_sequence @([\w$.-]+)/.exec(line)?.[1];
    if (sequence !== undefined) return sequenceText(sequence, index);
  }
  return undefined;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** A tile with what fills its memory, most first: `tile (0,2): objectFifo pcm 2 x 800 B, stack 8192 B`. */
function describeTile(place: string, module: ModuleLines, index: DesignIndex): string {
  const names = new Set([...module.tiles].filter(([, at]) => at === place).map(([name]) => name));
  const held = [...memoryOf(names, module, index)]
    .sort(([, a], [, b]) => b.count * b.bytes - a.count * a.bytes)
    .map(([owner, { count, bytes }]) => `${owner} ${count} x ${bytes} B`);
  const stack = stackOf(place, module);
  if (stack !== undefined) held.push(`stack ${stack} B`);
  const where = lineText(index.tiles.get(place), index);
  return `tile (${place})${where}${held.length > 0 ? `, which holds ${held.join(", ")}` : ""}`;
}

/** Buffers by what they were made for; before lowering, the objectFifos that begin or end at the tile. */
function memoryOf(
  tileNames: ReadonlySet<string>,
  { lines }: ModuleLines,
  index: DesignIndex,
): ReadonlyMap<string, { readonly count: number; readonly bytes: number }> {
  const byOwner = new Map<string, { count: number; bytes: number }>();
  for (const line of lines) {
    const buffer = /\baie\.buffer\((%[\w$.-]+)\).*sym_name = "([\w$.-]+)".*: memref<([^>]*)>/.exec(line);
    if (buffer && tileNames.has(buffer[1] ?? "")) {
      const owner = ownerOf(buffer[2] ?? "", index) ?? `buffer ${buffer[2]}`;
      byOwner.set(owner, { count: (byOwner.get(owner)?.count ?? 0) + 1, bytes: memrefBytes(buffer[3] ?? "") });
    }
    const fifo = /\baie\.objectfifo @([\w$.-]+)\s*\((.*?)(\d+)(?: : i32)?\]?\).*objectfifo<memref<([^>]*)>>/.exec(line);
    if (fifo && [...(fifo[2] ?? "").matchAll(/%[\w$.-]+/g)].some(([name]) => tileNames.has(name))) {
      byOwner.set(`objectFifo ${fifo[1]}`, { count: Number(fifo[3]), bytes: memrefBytes(fifo[4] ?? "") });
    }
  }
  return byOwner;
}

function stackOf(place: string, { lines, tiles }: ModuleLines): string | undefined {
  let core: string | undefined;
  for (const line of lines) {
    const begins = /\baie\.core\((%[\w$.-]+)/.exec(line)?.[1];
    if (begins !== undefined) core = tiles.get(begins);
    const stack = /^\s*\} \{.*\bstack_size = (\d+)/.exec(line)?.[1];
    if (stack !== undefined && core === place) return stack;
  }
  return undefined;
}

/** Bytes of `400xi16`; 0 for what is not static or not of whole bytes. */
function memrefBytes(type: string): number {
  const parts = type.split(",")[0]?.split("x") ?? [];
  const bits = Number(/^(?:i|ui|si|f|bf)(\d+)$/.exec(parts.at(-1) ?? "")?.[1]);
  const elements = parts.slice(0, -1).reduce((product, part) => product * Number(part), 1);
  return Number.isFinite(bits * elements) ? (bits * elements) / 8 : 0;
}

/** From names in the message itself, where it has no location that helps. */
function ofNames(message: string, index: DesignIndex): string | undefined {
  for (const [, tool, quoted, symbol] of message.matchAll(
    /undefined symbol: ([\w$.-]+)|["'`]([\w$.-]+)["'`]|@([\w$.-]+)/g,
  )) {
    const found = describeName(tool ?? quoted ?? symbol ?? "", index);
    if (found !== undefined) return found;
  }
  const place = /\btile ?\(\s*(\d+)\s*,\s*(\d+)\s*\)/i.exec(message);
  return place
    ? `tile (${place[1]},${place[2]})${lineText(index.tiles.get(`${place[1]},${place[2]}`), index)}`
    : undefined;
}

function describeName(name: string, index: DesignIndex): string | undefined {
  if (index.fifos.has(name)) return fifoText(name, index);
  const called = index.functions.get(name);
  if (called !== undefined) {
    const object = called.object === undefined ? "" : ` of ${called.object}`;
    const callers = called.callers.length === 0 ? "" : `, called by core ${called.callers.join(" ")}`;
    return `function ${name}${object}${lineText(called.line, index)}${callers}`;
  }
  if (index.sequences.has(name)) return sequenceText(name, index);
  const owner = ownerOf(name, index);
  if (owner !== undefined)
    return `${name}, made for ${owner}${lineText(index.fifos.get(owner.slice("objectFifo ".length)), index)}`;
  const core = /^main_core_(\d+)_(\d+)/.exec(name);
  return core ? coreText(`${core[1]},${core[2]}`, index) : undefined;
}

/** The objectFifo that lowering made a buffer, lock or allocation of that name for. */
function ownerOf(name: string, { fifos }: DesignIndex): string | undefined {
  const owners = [...fifos.keys()].filter((fifo) =>
    new RegExp(
      `^${fifo.replace(/[$.]/g, "\\$&")}(?:_\\d+)?(?:_cons)?(?:_\\d+)?_(?:buff|prod_lock|cons_lock|shim_alloc)(?:_\\d+)?$`,
    ).test(name),
  );
  const owner = owners.sort((a, b) => b.length - a.length)[0];
  return owner === undefined ? undefined : `objectFifo ${owner}`;
}

function fifoText(name: string, index: DesignIndex): string {
  return `objectFifo ${name}${lineText(index.fifos.get(name), index)}`;
}

function coreText(place: string | undefined, index: DesignIndex): string | undefined {
  return place === undefined ? undefined : `core (${place})${lineText(index.cores.get(place), index)}`;
}

function sequenceText(name: string, index: DesignIndex): string {
  return `sequence ${name}${lineText(index.sequences.get(name), index)}`;
}

function lineText(line: number | undefined, { fileName }: DesignIndex): string {
  return line === undefined ? "" : ` (${fileName}:${line})`;
}
