import { BudgetError, DesignError, FormatError } from "@aiekit/core";
import { type Generation, tileModels } from "@aiekit/mlir";
import { decodeTxn, elfTypes, readCoreElf } from "@aiekit/xclbin";
import type { CorePlace } from "./pass-pipelines.ts";

// What the tools let pass with exit code 0, and what would then do nothing, or hang, on the array.

/** @throws DesignError when aie-translate takes the module for another generation of the array. */
export function checkTargetArch(stdout: string, generation: Generation): void {
  const arch = stdout.trim().toLowerCase();
  if (arch === generation) return;
  throw new DesignError(
    `expected ${generation} for this device, got ${JSON.stringify(stdout.trim())} from aie-translate`,
  );
}

/**
 * Every flow has to begin and end at a port that a switchbox or a shim's multiplexer connects. A flow that is routed may
 * stay in the module as well: aie-opt leaves some that have several ends.
 * @throws DesignError for the flows whose ends are not connected.
 */
export function checkRouted(physical: string, addresses: string): void {
  const tiles = tileNames(physical);
  const connected = connectedPorts(physical, tiles);
  const flows = flowsIn(addresses);
  const open = flows.filter(({ from, to }) => !connected.sources.has(from) || !connected.sinks.has(to));
  if (open.length === 0) return;
  const [first] = open;
  throw new DesignError(
    `${open.length} of ${flows.length} flows are not routed, the first from ${first?.from} to ${first?.to}`,
    { hint: "the CDO would have no switchbox writes for them, and the array would wait for ever" },
  );
}

/**
 * Reads what `--aie-generate-corelist` prints: `[(0,2,"main_core_0_2.elf"),(0,3,None),]`.
 * @throws DesignError for a core with no ELF, and where its cores are not `expected`; FormatError for another text.
 */
export function checkCoreList(stdout: string, expected: readonly CorePlace[]): void {
  const text = stdout.trim();
  if (!/^\[(?:\(\d+,\d+,(?:None|"[^"]*")\),?)*\]$/.test(text.replace(/\s/g, ""))) {
    throw new FormatError(`expected a list of cores, [(col,row,"ELF"),], got ${JSON.stringify(text.slice(0, 200))}`);
  }
  const listed = [...text.matchAll(/\((\d+),\s*(\d+),\s*(None|"[^"]*")\)/g)].map(([, col, row, elf]) => ({
    place: `(${col},${row})`,
    elf,
  }));
  const without = listed.filter(({ elf }) => elf === "None" || elf === '""');
  if (without.length > 0) {
    throw new DesignError(`no ELF for core ${without.map(({ place }) => place).join(" ")}`, {
      hint: "the enable CDO would start them with no program",
    });
  }
  const wanted = expected.map(({ col, row }) => `(${col},${row})`).sort();
  const got = listed.map(({ place }) => place).sort();
  if (wanted.join() !== got.join()) {
    throw new DesignError(`expected cores ${wanted.join(" ") || "none"}, got ${got.join(" ") || "none"}`);
  }
}

/** Hardware holds so much of a core's program, whatever the linker script says (0x20000). */
const programBytes = tileModels.computeTile.programBytes;
/** Functions that a message lists. */
const listedFunctions = 5;
/** Flag of a segment. */
const executable = 1;

/**
 * @throws BudgetError for a program that does not fit the core's program memory; FormatError for an ELF that cannot be
 * read or has no program.
 */
export function checkProgram(elfBytes: Uint8Array, elfName: string, { col, row }: CorePlace): void {
  const elf = readCoreElf(elfBytes, elfName);
  const { load } = elfTypes;
  if (!elf.segments.some(({ type, flags, data }) => type === load && (flags & executable) !== 0 && data.length > 0)) {
    throw new FormatError(`${elfName}: core (${col},${row}) has no program: no executable segment with bytes in it`);
  }
  const end = elf.programBytes;
  if (end <= programBytes) return;
  const largest = elf.symbols
    .filter(({ type }) => type === elfTypes.function)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, listedFunctions)
    .map(({ name, sizeBytes }) => `${name} ${sizeBytes} B`);
  throw new BudgetError(
    `core (${col},${row}): program takes ${end} B, program memory has ${programBytes} B${largest.length > 0 ? `; largest: ${largest.join(", ")}` : ""}`,
    {
      hint: "unroll less (AIE_LOOP_UNROLL), inline less, or give the core fewer kernels; the linker script allows 0x20000 bytes and does not notice",
    },
  );
}

/** @throws DesignError for a stream without operations: the sequence was not lowered before it was translated. */
export function checkStream(stream: Uint8Array, sequence: string): void {
  const { ops } = decodeTxn(stream, `stream of ${sequence}`);
  if (ops.length > 0) return;
  throw new DesignError(`sequence ${sequence}: the stream has ${stream.length} bytes and no operation`, {
    hint: "aie-translate skips what is not lowered to register writes and reports no error",
  });
}

/** A port as people read it: `tile (0,2) DMA 0`. */
function portText(place: string | undefined, bundle: string | undefined, channel: string | undefined): string {
  return `tile (${place ?? "?"}) ${bundle} ${channel}`;
}

interface FlowPorts {
  readonly from: string;
  readonly to: string;
}

function flowsIn(module: string): readonly FlowPorts[] {
  const tiles = tileNames(module);
  const flows = module.matchAll(/^\s*aie\.flow\((%[\w$.-]+), (\w+) : (\d+), (%[\w$.-]+), (\w+) : (\d+)\)/gm);
  return [...flows].map(([, from = "", fromBundle, fromChannel, to = "", toBundle, toChannel]) => ({
    from: portText(tiles.get(from), fromBundle, fromChannel),
    to: portText(tiles.get(to), toBundle, toChannel),
  }));
}

/** Tiles of a module by the name of their value, as `col,row`. */
function tileNames(module: string): ReadonlyMap<string, string> {
  const tiles = module.matchAll(/(%[\w$.-]+) = aie\.tile\((\d+), (\d+)\)/g);
  return new Map([...tiles].map(([, name = "", col, row]) => [name, `${col},${row}`] as const));
}

/** Ports from which and to which the module's switches lead. */
function connectedPorts(
  module: string,
  tiles: ReadonlyMap<string, string>,
): { readonly sources: ReadonlySet<string>; readonly sinks: ReadonlySet<string> } {
  const sources = new Set<string>();
  const sinks = new Set<string>();
  let place: string | undefined;
  for (const line of module.split("\n")) {
    const opens = /\baie\.(?:switchbox|shim_mux)\((%[\w$.-]+)\)/.exec(line)?.[1];
    if (opens !== undefined) place = tiles.get(opens);
    const connect = /\baie\.connect<(\w+) : (\d+), (\w+) : (\d+)>/.exec(line);
    if (connect) {
      sources.add(portText(place, connect[1], connect[2]));
      sinks.add(portText(place, connect[3], connect[4]));
    }
    const rules = /\baie\.packet_rules\((\w+) : (\d+)\)/.exec(line);
    if (rules) sources.add(portText(place, rules[1], rules[2]));
    const master = /\baie\.masterset\((\w+) : (\d+),/.exec(line);
    if (master) sinks.add(portText(place, master[1], master[2]));
  }
  return { sources, sinks };
}
