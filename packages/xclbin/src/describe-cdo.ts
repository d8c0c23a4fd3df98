import { sha256 } from "@aiekit/core";
import { type CdoCommand, type CdoFile, cdoCommandName } from "./cdo.ts";
import { describeTile, summarizeConfiguration, type TileConfiguration } from "./configuration-summary.ts";
import {
  blockBds,
  describePlace,
  describeWrite,
  placeText,
  type RegisterWrite,
  writeText,
} from "./registers/register-write.ts";
import { type TileState, tileStates } from "./tile-state.ts";

/** One command by name; the place is absent for those that write nothing. */
interface CommandDescription extends Partial<RegisterWrite> {
  /** In bytes from the CDO's start. */
  readonly at: number;
  readonly command: string;
  /** Of a block. */
  readonly bytes?: number;
  readonly sha256?: string;
  readonly bds?: readonly { readonly bd: number; readonly text: string }[];
}

/** A CDO: per tile what it ends as, and every command. */
export interface CdoDescription {
  readonly version: string;
  readonly identifier: "CDO" | "XLNX";
  readonly commandCount: number;
  readonly paddingBytes: number;
  readonly tiles: readonly (TileConfiguration & TileState)[];
  readonly commands: readonly CommandDescription[];
}

export function describeCdo(cdo: CdoFile): CdoDescription {
  const states = new Map(tileStates(cdo.commands).map((state) => [`${state.tile}`, state]));
  return {
    version: `${cdo.version >>> 8}.${(cdo.version & 0xff).toString().padStart(2, "0")}`,
    identifier: cdo.identifier === 0x584c4e58 ? "XLNX" : "CDO",
    commandCount: cdo.commands.length,
    paddingBytes: cdo.trailing.length,
    tiles: summarizeConfiguration(cdo).map((tile) => ({ ...tile, ...states.get(`${[tile.col, tile.row]}`)! })),
    commands: cdo.commands.map((command, i) => describeCommand(command, cdo.offsets[i] ?? 0)),
  };
}

/** Tiles with their registers, as a tree of lines. */
export function tileLines({ tiles }: CdoDescription): string[] {
  return tiles.flatMap((tile) => [
    describeTile(tile),
    ...tile.registers.map(({ module, register, value, meaning }) => {
      const said = [value, meaning].filter((text) => text !== undefined).join(": ");
      return `  ${module} ${register} = ${said}`;
    }),
    ...tile.started.map(({ register, meaning }) => `  ${register}: ${meaning}`),
  ]);
}

/** Every command, one line each. */
export function commandLines({ commands }: CdoDescription): string[] {
  const width = `${commands.length - 1}`.length;
  return commands.flatMap((command, i) => [
    `${`${i}`.padStart(width)}  at ${`${command.at}`.padStart(6)}  ${command.command.padEnd(11)}  ${saidBy(command)}`.trimEnd(),
    ...(command.bds ?? []).map(({ bd, text }) => `${" ".repeat(width)}      DMA_BD${bd}: ${text}`),
  ]);
}

function saidBy(command: CommandDescription): string {
  const { tile, offset, bytes } = command;
  if (tile === undefined || offset === undefined) return bytes === undefined ? "" : `${bytes} bytes`;
  const write = { ...command, tile, offset };
  return write.value === undefined ? `${placeText(write)}, ${bytes} bytes` : writeText(write);
}

function describeCommand(command: CdoCommand, at: number): CommandDescription {
  switch (command.command) {
    case "write":
      return { at, command: "write", ...describeWrite(command.address, command.value) };
    case "maskWrite":
      return { at, command: "maskWrite", ...describeWrite(command.address, command.value, command.mask) };
    case "dmaWrite": {
      const { address, data } = command;
      const bds = data.length <= 48 * 32 ? blockBds(address, wordsOf(data)) : [];
      const block = { bytes: data.length, sha256: sha256(data), ...(bds.length === 0 ? {} : { bds }) };
      return { at, command: "dmaWrite", ...describePlace(address), ...block };
    }
    case "nop":
      return { at, command: "nop", bytes: command.words * 4 };
    case "other": {
      const name = cdoCommandName(command.id);
      const isKnown = !name.startsWith("code ");
      const { payload } = command;
      return { at, command: isKnown ? name : `UNKNOWN ${name}`, bytes: payload.length, sha256: sha256(payload) };
    }
  }
}

function wordsOf(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: Math.floor(data.length / 4) }, (_, i) => view.getUint32(i * 4, true));
}
