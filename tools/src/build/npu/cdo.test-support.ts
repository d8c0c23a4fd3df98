import { tileAddress } from "@aiekit/mlir";
import { block, cdoFile, maskWrite, write } from "../../packaging/sample-cdo.test-support.ts";
import type { CorePlace } from "./pass-pipelines.ts";

/** One command of a CDO file, in the forms that aie-translate writes. */
type CdoWord =
  | { readonly write: number; readonly value: number }
  | { readonly mask: number; readonly bits: number; readonly value: number }
  | { readonly data: number; readonly words: readonly number[] };

/** A CDO file: one NOP, the commands. */
export function cdoBytes(commands: readonly CdoWord[]): Uint8Array {
  return cdoFile([0x111, ...commands.flatMap(commandWords)]);
}

/** Three files that load 16 words into each core, connect one switch a tile, and enable the cores. */
export function coreCdoFiles(
  cores: readonly CorePlace[],
): Readonly<Record<"elfs" | "init" | "enable", readonly CdoWord[]>> {
  const at = ({ col, row }: CorePlace, offset: number): number => tileAddress(col, row, offset);
  return {
    elfs: cores.map((core) => ({ data: at(core, 0x20000), words: Array<number>(16).fill(1) })),
    init: cores.map((core) => ({ write: at(core, 0x3f004), value: 0x80000001 })),
    enable: cores.map((core) => ({ mask: at(core, 0x32000), bits: 1, value: 1 })),
  };
}

function commandWords(command: CdoWord): readonly number[] {
  if ("write" in command) return write(command.write, command.value);
  if ("mask" in command) return maskWrite(command.mask, command.bits, command.value);
  return block(command.data, command.words);
}
