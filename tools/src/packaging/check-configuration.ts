import { DesignError, FormatError } from "@aiekit/core";
import { tileModels } from "@aiekit/mlir";
import { type Cdo, type CdoCommand, readCdo, summarizeConfiguration } from "@aiekit/xclbin";
import { type CdoFiles, packageFileNames } from "./packager.ts";

/** aie-translate's linker scripts allow 128 KiB, so the linker does not notice. */
const programMemoryBytes = tileModels.computeTile.programBytes;
/** A compute tile's program memory, and the end of what linker scripts take for it. */
const [programAt, programMapEnd] = [0x20000, 0x32000];
const firstComputeRow = 2;

interface CorePlace {
  readonly col: number;
  readonly row: number;
}

/**
 * What aie-translate, bootgen and xclbinutil let pass with exit code 0, and the array answers with silence or a hang.
 * `expected`: cores that the design has, where it is known.
 * @throws DesignError for cores that are enabled without a program, a program that does not fit, an array without routes,
 * a core that no file enables, an expected core that is absent; FormatError for a file that is no CDO or goes on behind its
 * last command.
 */
export function checkConfiguration(deviceSymbol: string, files: CdoFiles, expected: readonly CorePlace[] = []): void {
  const names = packageFileNames(deviceSymbol);
  const cdos = (["elfs", "init", "enable"] as const).map((part) => wholeCdo(files[part], names[part]));
  const tiles = summarizeConfiguration({ version: 0, commands: cdos.flatMap(({ commands }) => commands) });
  const list = (found: readonly CorePlace[]): string => found.map(({ col, row }) => `(${col},${row})`).join(" ");

  const empty = tiles.filter(({ coreEnabled, programBytes }) => coreEnabled && programBytes === 0);
  if (empty.length > 0) {
    throw new DesignError(`${names.enable}: enables cores without a program: ${list(empty)}`, {
      hint: `every aie.core that does something needs elf_file before ${names.elfs} is made: aie-translate skips the others silently`,
    });
  }
  const large = cdos
    .flatMap(({ commands }) => commands)
    .flatMap(programEnd)
    .find(({ end }) => end > programMemoryBytes);
  if (large !== undefined) {
    throw new DesignError(
      `${names.elfs}: program of core ${list([large])}: expected at most ${programMemoryBytes} bytes, got ${large.end}`,
      { hint: "compile kernels with -Os or -O1, unroll less, or spread the work over more cores" },
    );
  }
  const idle = tiles.filter(({ coreEnabled, programBytes }) => !coreEnabled && programBytes > 0);
  if (idle.length > 0) {
    throw new DesignError(`${names.enable}: does not enable cores that have a program: ${list(idle)}`, {
      hint: `${names.elfs} and ${names.enable} are of different designs; make all three files in one run of aie-translate`,
    });
  }
  const absent = expected.filter(
    (core) => !tiles.some(({ col, row, programBytes }) => col === core.col && row === core.row && programBytes > 0),
  );
  if (absent.length > 0) {
    throw new DesignError(`${names.elfs}: no program and no start of cores of the design: ${list(absent)}`, {
      hint: "their aie.core has no elf_file; aie-translate skips such cores",
    });
  }
  if (!tiles.some(({ switchWrites }) => switchWrites > 0)) {
    throw new DesignError(`${names.init}: sets no stream switch, so nothing reaches the cores or leaves them`, {
      hint: "run aie-create-pathfinder-flows before aie-translate --aie-generate-cdo",
    });
  }
}

/** Where in program memory a block ends; nothing for commands that write elsewhere. */
function programEnd(command: CdoCommand): (CorePlace & { readonly end: number })[] {
  if (command.command !== "dmaWrite") return [];
  const [col, row, offset] = [command.address >>> 25, (command.address >>> 20) & 0x1f, command.address & 0xfffff];
  if (row < firstComputeRow || offset < programAt || offset >= programMapEnd) return [];
  return [{ col, row, end: offset - programAt + command.data.length }];
}

function wholeCdo(bytes: Uint8Array, name: string): Cdo {
  if (bytes.length === 0) throw new FormatError(`${name}: expected a CDO, got an empty file`, { offset: 0 });
  const cdo = readCdo(bytes, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = (cdoHeaderWords + view.getUint32(lengthAt, true)) * 4;
  // bootgen leaves what follows out and says nothing.
  if (end !== bytes.length) {
    throw new FormatError(`${name}: expected the end of the file, got ${bytes.length - end} more bytes`, {
      offset: end,
      hint: "two CDO files in one? aie-translate writes one CDO a file",
    });
  }
  return cdo;
}

const cdoHeaderWords = 5;
const lengthAt = 12;
