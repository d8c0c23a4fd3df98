import type { Cdo } from "../cdo.ts";
import { cdoCommandName } from "../cdo.ts";
import { summarizeConfiguration, type TileConfiguration } from "../configuration-summary.ts";
import { bdFields, bdWordCounts } from "../registers/bd-fields.ts";
import { registerAt } from "../registers/register-at.ts";
import { registerTable } from "../registers/register-table.ts";
import type { Finding } from "./rules.ts";

const rows = 6;
const programMemoryAt = 0x20000;
const programMemoryBytes = 16 * 1024;
const resetBit = 2;

interface Place {
  /** Of the partition. */
  readonly columns: number;
  readonly where: string;
}

/** What a CDO leaves the array in that cannot work. */
export function checkConfiguration(cdo: Cdo, place: Place): Finding[] {
  const tiles = summarizeConfiguration(cdo);
  if (tiles.length === 0) {
    return [
      {
        code: "cdo-empty",
        where: place.where,
        cause: `none of its ${cdo.commands.length} commands writes to the array`,
      },
    ];
  }
  return [
    ...unknownCommands(cdo, place),
    ...switches(tiles, place),
    ...tiles.flatMap((tile) => tileFindings(tile, place)),
    ...programs(cdo, place),
    ...leftInReset(cdo, place),
    ...startedBds(cdo, place),
  ];
}

function unknownCommands({ commands }: Cdo, { where }: Place): Finding[] {
  const ids = commands.flatMap((command) => (command.command === "other" ? [command.id] : []));
  const unknown = [...new Set(ids)].map(cdoCommandName).filter((name) => name.startsWith("code "));
  if (unknown.length === 0) return [];
  return [{ code: "cdo-unknown-command", where, cause: `commands of ${unknown.join(", ")}, which no source names` }];
}

/** DMAs and cores move nothing without a stream switch. */
function switches(tiles: readonly TileConfiguration[], { where }: Place): Finding[] {
  if (tiles.some(({ switchWrites }) => switchWrites > 0)) return [];
  return [{ code: "no-switch", where, cause: "no write to a stream switch: the design was not routed" }];
}

function tileFindings(tile: TileConfiguration, { columns, where }: Place): Finding[] {
  const { col, row, programBytes, coreEnabled } = tile;
  const at = `${where}, tile (${col},${row})`;
  if (row >= rows) return [{ code: "tile-outside-array", where: at, cause: `the array has rows 0 to ${rows - 1}` }];
  const findings: Finding[] = [];
  if (col >= columns) {
    const cause = `the partition has ${columns} column(s), from 0 on`;
    findings.push({ code: "tile-outside-partition", where: at, cause });
  }
  if (coreEnabled && programBytes === 0) {
    findings.push({
      code: "core-without-program",
      where: at,
      cause: "the core is enabled, and no program was written",
    });
  }
  if (!coreEnabled && programBytes > 0) {
    const cause = `a program of ${programBytes} bytes is written, and the core is never enabled`;
    findings.push({ code: "core-not-enabled", where: at, cause });
  }
  return findings;
}

function programs({ commands }: Cdo, { where }: Place): Finding[] {
  return commands.flatMap((command): Finding[] => {
    if (command.command !== "dmaWrite") return [];
    const { col, row, kind, offset } = registerAt(command.address);
    const end = offset + command.data.length - programMemoryAt;
    const isProgram =
      kind === "computeTile" && offset >= programMemoryAt && offset < programMemoryAt + programMemoryBytes;
    if (!isProgram || end <= programMemoryBytes) return [];
    const cause = `the program ends at ${end}, program memory has ${programMemoryBytes} bytes`;
    return [{ code: "program-too-large", where: `${where}, tile (${col},${row})`, cause }];
  });
}

function leftInReset({ commands }: Cdo, { where }: Place): Finding[] {
  const last = new Map<string, Finding | undefined>();
  for (const command of commands) {
    if (command.command !== "write" && command.command !== "maskWrite") continue;
    const { col, row, kind, register } = registerAt(command.address);
    const role = register?.row.role;
    const mask = command.command === "maskWrite" ? command.mask : 0xffffffff;
    // The shim's channels have no reset bit.
    if ((role !== "coreControl" && role !== "channelControl") || kind === "shim" || (mask & resetBit) === 0) continue;
    const at = `${where}, tile (${col},${row})`;
    const isHeld = (command.value & resetBit) !== 0;
    const code = role === "coreControl" ? ("core-in-reset" as const) : ("channel-in-reset" as const);
    const cause = `the last write to ${register!.name} leaves it in reset`;
    last.set(`${at} ${register!.name}`, isHeld ? { code, where: at, cause } : undefined);
  }
  return [...last.values()].filter((finding) => finding !== undefined);
}

/** BDs that a queue is told to start, with those that follow them. */
function startedBds({ commands }: Cdo, { where }: Place): Finding[] {
  const words = new Map<number, number>();
  const pushes: { readonly address: number; readonly value: number }[] = [];
  for (const command of commands) {
    if (command.command === "dmaWrite") {
      const { role } = registerAt(command.address).register?.row ?? {};
      if (role !== "bd") continue;
      const view = new DataView(command.data.buffer, command.data.byteOffset, command.data.byteLength);
      for (let at = 0; at + 4 <= command.data.length; at += 4)
        words.set(command.address + at, view.getUint32(at, true));
    } else if (command.command === "write" || command.command === "maskWrite") {
      const { role } = registerAt(command.address).register?.row ?? {};
      if (role === "bd") words.set(command.address, command.value);
      if (role === "taskQueue") pushes.push({ address: command.address, value: command.value });
    }
  }
  return pushes.flatMap(({ address, value }) => chainFindings({ address, value, words, where }));
}

interface Push {
  readonly address: number;
  readonly value: number;
  readonly words: ReadonlyMap<number, number>;
  readonly where: string;
}

function chainFindings({ address, value, words, where }: Push): Finding[] {
  const { col, row, kind, register } = registerAt(address);
  const bds = registerTable[kind].find(({ role }) => role === "bd")!;
  const base = address - (address % 2 ** 20) + bds.offset;
  const at = `${where}, tile (${col},${row})`;
  const seen = new Set<number>();
  let bd = value & (kind === "memtile" ? 0x3f : 0xf);
  while (!seen.has(bd)) {
    seen.add(bd);
    const first = base + bd * bds.strideBytes;
    const own = Array.from({ length: bdWordCounts[kind] }, (_, i) => words.get(first + i * 4));
    const named = `BD ${bd}, which ${register?.name} starts`;
    if (own.every((word) => word === undefined)) {
      return [{ code: "bd-not-written", where: at, cause: `${named}, is never written` }];
    }
    const content = bdFields(
      kind,
      own.map((word) => word ?? 0),
    );
    if (!content.valid) return [{ code: "bd-not-valid", where: at, cause: `${named}, has no valid bit` }];
    if (content.nextBd === undefined) break;
    bd = content.nextBd;
  }
  return [];
}
